"""`evdocs eval add`: a trace or a question in, a draft of a gold item onto a file or the screen."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from eval.draft import Answered, draft, traced
from eval.items import GoldError, load_gold
from eval.matching import normal
from service.core.settings import load

K_HITS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--trace", metavar="ID", help="a question of the request log, by its trace id")
    what.add_argument("--question", help="a question, asked now")
    parser.add_argument("--answer", default="", help="the right answer, where it is known: evidence is looked for that carries it")
    parser.add_argument("--log", type=Path, help="the request log (default: traces.jsonl in the index's folder)")
    parser.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
    parser.add_argument("--system", default="in-process", metavar="URL", help="address of a running service (default: in-process)")
    parser.add_argument("--id", default="", help="id of the item (default: made from the question)")
    parser.add_argument("--to", type=Path, metavar="FILE", help="append to this file (default: print)")
    parser.set_defaults(run=add_command)


def add_command(args: argparse.Namespace) -> int:
    """0 with a draft; 2 where none can be made, or the file has the question already."""
    from eval.client import CallFailed, Unreachable

    try:
        asked = traced(args.log or load(home=args.home).home / "traces.jsonl", args.trace) if args.trace else None
        hits: list[dict[str, Any]] = []
        if asked is None or args.answer or not (asked.response.get("citations") or asked.response.get("refusal")):
            asked, hits = _ask(args, asked)
        item = draft(asked, reference=args.answer, hits=hits, item_id=args.id)
        _write(item, args.to)
    except (GoldError, Unreachable, CallFailed, OSError) as error:
        print(f"evdocs eval: {error}", file=sys.stderr)
        return 2
    return 0


def _ask(args: argparse.Namespace, asked: Answered | None) -> tuple[Answered, list[dict[str, Any]]]:
    """The system's answer of today where there is none, and the hits to look for evidence in."""
    from eval.run_command import open_system

    question = asked.question if asked else args.question
    system = open_system(args.system, args.home, {}, "extractive")
    try:
        hits = list(system.search(question, K_HITS, {}).get("hits") or ())
        if asked is None or not asked.response.get("citations"):
            asked = Answered(question, system.ask(question, {}, "extractive"), asked.source if asked else "a question")
    finally:
        system.close()
    return asked, hits


def _write(item: dict[str, Any], path: Path | None) -> None:
    line = json.dumps(item, ensure_ascii=False) + "\n"
    if path is None:
        print(line, end="")
        return
    if path.exists() and path.stat().st_size:
        for known in load_gold(path):
            if known.item_id == item["id"] or normal(known.question) == normal(item["question"]):
                raise GoldError(f"{path}:{known.line}: {known.item_id} asks this already")
        if not path.read_bytes().endswith(b"\n"):
            line = "\n" + line
    with path.open("a", encoding="utf-8") as stream:
        stream.write(line)
    print(f"{item['id']} -> {path}, a draft: review it, then take `draft` out")
