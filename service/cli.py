"""The `evdocs` command. Each package registers its own commands under the entry point group `evdocs.commands`, so this module
imports neither `ingest` nor `eval`. Errors of this project end in one line on stderr and exit code 2, never in a traceback.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

from service.core.errors import EvdocsError
from service.core.settings import load


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="evdocs", description="Answers from EV and battery manuals, each with its proof.")
    parser.add_argument("--version", action="version", version=version("evdocs"))
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for point in sorted(entry_points(group="evdocs.commands"), key=lambda point: point.name):
        point.load()(subparsers)
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except EvdocsError as error:
        print(f"evdocs: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("evdocs: stopped", file=sys.stderr)
        return 130


def register(subparsers: Any) -> None:
    """Add `ask`, `search`, `lookup`, `verify`, `serve` and `settings` to the command line."""
    ask = subparsers.add_parser("ask", help="a cited answer from the indexed documents")
    search = subparsers.add_parser("search", help="ranked chunks with every stage's score")
    for parser, handler in ((ask, _ask), (search, _search)):
        parser.add_argument("question")
        parser.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
        parser.add_argument("--json", action="store_true", help="print what the HTTP API would return")
        parser.add_argument(
            "--filter", action="append", default=[], metavar="FIELD=VALUE", help="only documents with this field; may be repeated"
        )
        parser.set_defaults(run=handler)
    ask.add_argument("--mode", choices=("auto", "extractive", "llm"), default="auto")
    search.add_argument("-k", type=int, default=10, help="chunks to show")
    lookup = subparsers.add_parser("lookup", help="where a code, pin, register, part number or name stands, exactly")
    lookup.add_argument("code")
    lookup.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
    lookup.add_argument("--json", action="store_true", help="print JSON")
    lookup.set_defaults(run=_lookup)
    verify = subparsers.add_parser("verify", help="whether a saved answer (ask --json) still stands: each quote there, moved or gone")
    verify.add_argument("answer", help="file with the JSON of an answer, - for standard input")
    verify.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
    verify.add_argument("--json", action="store_true", help="print what the HTTP API would return")
    verify.set_defaults(run=_verify)
    serve = subparsers.add_parser("serve", help="the HTTP API and the page")
    serve.add_argument("--host")
    serve.add_argument("--port", type=int)
    serve.add_argument("--home", type=Path)
    serve.set_defaults(run=_serve)
    settings = subparsers.add_parser("settings", help="every setting with its default")
    settings.set_defaults(run=_settings)


def _ask(args: argparse.Namespace) -> int:
    from service.local import ask
    from service.terminal import print_answer

    return _show(ask(load(home=args.home), args.question, args.filter, args.mode), args.json, print_answer)


def _search(args: argparse.Namespace) -> int:
    from service.local import search
    from service.terminal import print_hits

    return _show(search(load(home=args.home), args.question, args.filter, args.k), args.json, print_hits)


def _lookup(args: argparse.Namespace) -> int:
    from service.lookup import lookup
    from service.terminal import print_lookup

    body = lookup(load(home=args.home), args.code)
    _show(body, args.json, print_lookup)
    return 0 if body["found"] else 1


def _verify(args: argparse.Namespace) -> int:
    from service.local import verify
    from service.terminal import print_checked

    body = verify(load(home=args.home), args.answer)
    _show(body, args.json, print_checked)
    return 0 if body["verified"] else 1


def _show(body: dict[str, Any], as_json: bool, printer: Callable[[dict[str, Any]], None]) -> int:
    if as_json:
        print(json.dumps(body, ensure_ascii=False))
    else:
        printer(body)
    return 0


def _serve(args: argparse.Namespace) -> int:
    from service.serve import serve

    return serve(load(home=args.home, host=args.host, port=args.port))


def _settings(args: argparse.Namespace) -> int:
    from service.terminal import print_settings

    print_settings()
    return 0


if __name__ == "__main__":
    sys.exit(main())
