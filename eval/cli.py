"""`evdocs eval`: command line in, tables and exit codes out. The work is in the modules beside it."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from eval import judging
from eval.gate_command import add_arguments as add_gate_arguments
from eval.items import GoldError, load_gold
from eval.layout.command import add_arguments as add_layout_arguments
from eval.layout.command import run_layout
from eval.nightly.command import add_arguments as add_nightly_arguments
from eval.report_html.command import add_arguments as add_report_arguments
from eval.run_command import UNUSABLE
from eval.run_command import add_arguments as add_run_arguments
from eval.sweep import add_arguments as add_sweep_arguments
from service.core.errors import EvdocsError
from service.core.settings import load


def register(subparsers: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add `eval` with its commands."""
    commands = subparsers.add_parser("eval", help="judge the answers against a gold set").add_subparsers(
        dest="eval_command", required=True, metavar="COMMAND"
    )
    run = commands.add_parser("run", help="ask every gold item and print the figures")
    add_run_arguments(run)
    add_gate_arguments(commands)
    add_sweep_arguments(commands.add_parser("sweep", help="a grid of settings: quality against latency, and what is not beaten"))
    add_report_arguments(commands.add_parser("report", help="a run as one HTML file, and as Markdown for a pull request"))
    add_nightly_arguments(commands.add_parser("nightly", help="ingest, run, compare, gate, history, report, Langfuse; for cron"))
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


def _unusable(reason: str) -> int:
    print(f"evdocs eval: {reason}", file=sys.stderr)
    return UNUSABLE


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
