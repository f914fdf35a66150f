"""`evdocs eval`: command line in, tables and exit codes out. The work is in the modules beside it."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from eval import judging
from eval.items import GoldError, GoldItem, load_gold
from eval.layout.command import add_arguments as add_layout_arguments
from eval.layout.command import run_layout
from service.core.errors import EvdocsError
from service.core.settings import load

if TYPE_CHECKING:
    from eval.client import Json, System

UNUSABLE = 2


def register(subparsers: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add `eval` with its commands."""
    commands = subparsers.add_parser("eval", help="judge the answers against a gold set").add_subparsers(
        dest="eval_command", required=True, metavar="COMMAND"
    )
    run = commands.add_parser("run", help="ask every gold item and print the figures")
    run.add_argument("--gold", type=Path, required=True, help="gold items, JSON lines")
    run.add_argument("--url", default="", help="address of a running service; without it the pipeline runs in this process")
    run.add_argument("--home", type=Path, help="folder of the index for a run in this process (default: EVDOCS_HOME or ./var)")
    run.add_argument("--json", type=Path, metavar="OUT", help="write every item and the summary here, JSON lines")
    run.add_argument("--limit", type=int, metavar="N", help="only the first N items")
    run.add_argument(
        "--clients", type=int, default=1, metavar="N", help="items asked at a time; more than 1 makes latency mean load (default 1)"
    )
    run.add_argument("--failed", type=int, default=40, metavar="N", help="failed items to list (default 40)")
    run.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    run.set_defaults(run=run_command)
    check = commands.add_parser("check", help="hold a gold file against its PDFs")
    check.add_argument("--gold", type=Path, required=True, help="gold items, JSON lines")
    check.add_argument("--pdf", type=Path, help="folder of the PDFs; without it quotes and pages are not looked at")
    check.set_defaults(run=check_command)
    judging.register(commands)
    layout = commands.add_parser("layout", help="hold the PDF reader against labelled pages")
    add_layout_arguments(layout)
    layout.set_defaults(run=run_layout)
    structure = commands.add_parser("structure", help="does the index keep rows with their heads, steps together, quotes on their pages")
    structure.add_argument("--gold", type=Path, required=True, help="gold items, JSON lines")
    structure.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
    structure.add_argument("--pdf", type=Path, help="parse the PDFs of this folder and look at pages of quotes only: no index needed")
    structure.add_argument("--failed", type=int, default=40, metavar="N", help="failed items to list per figure (default 40)")
    structure.set_defaults(run=structure_command)


def run_command(args: argparse.Namespace) -> int:
    """0 when the run completed, whatever its figures; 2 for an unusable gold file or where there is no system to ask."""
    try:
        from eval.client import Unreachable
        from eval.run import write_record
    except ModuleNotFoundError as error:
        return _unusable(f"{error}. `evdocs eval` needs the package ir-measures: install evdocs[dev]")
    from eval.report import broken_rules, failed, failure_line
    from eval.tables import markdown, print_failures, print_summary

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # a PDF's harmless flaws do not belong between the figures
    console = Console(stderr=args.markdown)
    try:
        if args.clients < 1 or (args.limit is not None and args.limit < 1):
            raise GoldError("--clients and --limit start at 1")
        items = load_gold(args.gold)[: args.limit]
        with ExitStack() as stack:
            stream = stack.enter_context(args.json.open("w", encoding="utf-8")) if args.json else None
            system = _system(args)
            stack.callback(system.close)
            rows, record = _judge(system, items, args, stream)
            if stream:
                write_record(stream, record)
    except (GoldError, Unreachable, OSError) as error:
        return _unusable(str(error))
    print_summary(console, record)
    print_failures(console, broken_rules(rows), args.failed, "Citations or numbers that break the rules")
    print_failures(console, [failure_line(row) for row in failed(rows)], args.failed, "Failed items")
    if args.markdown:
        print(markdown(record))
    return 0


def _unusable(reason: str) -> int:
    print(f"evdocs eval: {reason}", file=sys.stderr)
    return UNUSABLE


def _system(args: argparse.Namespace) -> System:
    from eval.client import HttpSystem, InProcess

    settings = load(home=args.home)
    if args.url:
        key = settings.api_keys.get_secret_value().partition(",")[0].strip()
        return HttpSystem(args.url, api_key=key, timeout_s=settings.deadline_s + 30)
    return InProcess(settings)


def _judge(system: System, items: list[GoldItem], args: argparse.Namespace, stream: object) -> tuple[list[Json], Json]:
    """Ask everything under a progress bar, write rows as they come, and sum up."""
    from eval.report import summary
    from eval.run import FORMAT, git_commit, rows_of, write_record
    from eval.stats import RESAMPLES, SEED

    described = system.describe()
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    clock = time.perf_counter()
    rows: list[Json] = []
    with _progress() as progress:
        task = progress.add_task("eval", total=len(items), errors=0)
        for row in rows_of(system, items, clients=args.clients):
            rows.append(row)
            if stream:
                write_record(stream, row)
            progress.update(task, advance=1, errors=sum(bool(done["error"]) for done in rows))
    index = next((row["index"] for row in rows if row.get("index")), None) or described.get("index") or {}
    run = {
        **{"format": FORMAT, "gold": args.gold.name, "started": started, "seconds": time.perf_counter() - clock, "clients": args.clients},
        **{
            "seed": SEED,
            "resamples": RESAMPLES,
            "system": described,
            "build_id": index.get("build_id"),
            "git_commit": git_commit(Path.cwd()),
        },
        "models": next((row["models"] for row in rows if row.get("models")), None) or described.get("models"),
        "not_indexed": sorted({name for row in rows for name in row["not_indexed"]}),
    }
    return rows, summary(rows, run)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[errors]} errors"))
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True))


def check_command(args: argparse.Namespace) -> int:
    """0 for a clean file, 1 with the list of faults, 2 for one that cannot be read."""
    from eval.check import check_gold

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        items = load_gold(args.gold)
    except GoldError as error:
        return _unusable(str(error))
    if args.pdf is not None and not args.pdf.is_dir():
        return _unusable(f"{args.pdf} is no folder")
    faults = check_gold(items, args.pdf)
    for fault in faults:
        print(fault)
    looked_at = "" if args.pdf else " (pages and quotes not looked at: no --pdf)"
    print(f"{args.gold.name}: {len(items)} items, {len(faults)} faults{looked_at}")
    return 1 if faults else 0


def structure_command(args: argparse.Namespace) -> int:
    """0 when the checks ran, whatever they say; 2 for an unusable gold file or index."""
    from eval.structure import check_structure, lines_of, parsed_texts, quote_pages

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        items = load_gold(args.gold)
        if args.pdf:
            answerable = [item for item in items if item.answerable and item.evidence]
            checks = quote_pages(answerable, parsed_texts(args.pdf, answerable))
        else:
            from service.wire import wire

            rag = wire(load(home=args.home))
            try:
                checks = check_structure(rag, items)
            finally:
                rag.index.close()
                rag.tracer.close()
    except (GoldError, EvdocsError) as error:
        return _unusable(str(error))
    print("\n".join(lines_of(checks, args.failed)))
    return 0
