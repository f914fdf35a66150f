"""`evdocs eval layout`: arguments in, a table of figures with targets and the worst pages out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from eval.layout.tally import Figure, figures

if TYPE_CHECKING:
    from eval.layout.run import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `evdocs eval layout` takes."""
    parser.add_argument(
        "--seed", type=int, action="append", help="seed of a generated split; may be given more than once (default: both splits)"
    )
    parser.add_argument("--family", action="append", default=[], help="only documents of this family (may be given more than once)")
    parser.add_argument("--dev", type=Path, help="folder of the dev PDFs, for the labelled real pages (default: ../shared/dev/pdf)")
    parser.add_argument("--no-dev", action="store_true", help="leave the labelled real pages out")
    parser.add_argument("--keep", type=Path, help="folder for the generated PDFs (default: evdocs-layout in the temporary folder)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write figures and faults here, one JSON line a set")
    parser.add_argument("--worst", type=int, default=10, metavar="N", help="worst pages to list (default 10)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default 2)")
    parser.add_argument("--check", action="store_true", help="exit code 1 where a target is missed on a generated split")


def run_layout(args: argparse.Namespace) -> int:
    """0 when the run completed (1 with --check where a target is missed), 2 where it cannot run."""
    try:
        import typst  # noqa: F401
    except ModuleNotFoundError:
        print("evdocs eval layout: needs the package typst: install evdocs[dev]", file=sys.stderr)
        return 2
    from eval.layout.dev_pages import dev_report
    from eval.layout.generate import DEV_SEED, HELD_OUT_SEED
    from eval.layout.run import default_folder, generated, report_to_plain

    seeds = args.seed or [DEV_SEED, HELD_OUT_SEED]
    reports = [generated(seed, args.keep / str(seed) if args.keep else default_folder(seed), args.workers, args.family) for seed in seeds]
    console = Console() if sys.stdout.isatty() else Console(width=180)
    if not args.no_dev:
        found = dev_report(args.dev, args.workers)
        if isinstance(found, str):
            console.print(f"labelled real pages: skipped ({found})", highlight=False, markup=False)
        else:
            reports.append(found)
    print_reports(console, reports, args.worst)
    if args.json:
        args.json.write_text("".join(json.dumps(report_to_plain(report), ensure_ascii=False) + "\n" for report in reports), "utf-8")
    missed = [figure for report in reports[: len(seeds)] for figure in figures(report.score.counts) if figure.met is False]
    return 1 if args.check and missed else 0


def print_reports(console: Console, reports: list[Report], n_worst: int) -> None:
    """One column a set; then the classes of faults and the worst pages of each."""
    table = Table(title="Layout")
    table.add_column("figure")
    table.add_column("target", justify="right")
    for report in reports:
        table.add_column(f"{report.name}\n{report.n_documents} documents, {report.n_pages} pages", justify="right")
    columns = [{figure.name: figure for figure in figures(report.score.counts)} for report in reports]
    for name in dict.fromkeys(name for column in columns for name in column):
        known = next(column[name] for column in columns if name in column)
        table.add_row(name, _target(known), *(_value(column.get(name)) for column in columns))
    console.print(table)
    for report in reports:
        _print_faults(console, report, n_worst)


def _print_faults(console: Console, report: Report, n_worst: int) -> None:
    from eval.layout.run import fault_classes, worst_pages

    console.print(f"\n{report.name}: {report.seconds:.0f} s; files in {report.folder}", highlight=False)
    for line in report.failed:
        console.print(f"  failed: {line}", highlight=False, markup=False)
    for what, n, example in fault_classes(report.score.faults)[: 2 * n_worst]:
        line = f"{n:5}  {what:42}  e.g. {example.file} p.{example.page}: {example.detail}"
        console.print(line, highlight=False, markup=False, no_wrap=True, overflow="ellipsis")
    for file, page, weight, faults in worst_pages(report.score.faults, n_worst):
        console.print(f"  {file} p.{page} ({weight:.1f})", highlight=False, markup=False)
        for fault in sorted(faults, key=lambda fault: -fault.weight)[:4]:
            console.print(f"      {fault.what}: {fault.detail}", highlight=False, markup=False, no_wrap=True, overflow="ellipsis")


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return f"{'<=' if figure.most else '>='} {figure.target:g}"


def _value(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "-"
    text = f"{figure.value:.4f} [dim]n={figure.n}[/dim]"
    return text if figure.met is None else f"[{'green' if figure.met else 'red'}]{text}[/]"
