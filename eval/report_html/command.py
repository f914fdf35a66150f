"""`evdocs eval report RUN`: a run folder in, one HTML file and a Markdown text out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eval.rows import RunError, load_run
from eval.run_command import UNUSABLE
from service.core.manifest import write_durably
from service.core.settings import load


def add_arguments(report: argparse.ArgumentParser) -> None:
    """The options of `evdocs eval report`."""
    report.add_argument("judged", type=Path, metavar="RUN", help="a complete run's folder")
    report.add_argument("--out", type=Path, metavar="FILE.html", help="default: report.html in the run's folder")
    report.add_argument("--markdown", type=Path, metavar="FILE.md", help="also a short text for a pull request")
    report.add_argument("--history", type=Path, metavar="DB", help="the nights before, as `evdocs eval nightly` keeps them")
    report.add_argument("--baseline", type=Path, metavar="FILE", help="the accepted baseline: what the gate says, and what flipped")
    report.add_argument("--rules", type=Path, metavar="FILE", help="the gate's rules (default: the packaged eval/gate.toml)")
    report.add_argument("--before", type=Path, metavar="RUN", help="an earlier run, for what was answered then")
    report.add_argument("--home", type=Path, help="folder of the index, for pictures of pages (default: EVDOCS_HOME or ./var)")
    report.add_argument("--images", type=int, default=40, metavar="N", help="most pictures of pages; 0 draws none (default 40)")
    report.set_defaults(run=report_command)


def report_command(args: argparse.Namespace) -> int:
    """0 when the report is written, whatever it says; 2 where it cannot be."""
    from eval.nightly.history import HistoryError

    try:
        out = args.out or args.judged / "report.html"
        size = write_report(args, out)
    except (RunError, HistoryError, OSError) as error:
        print(f"evdocs eval: {error}", file=sys.stderr)
        return UNUSABLE
    print(f"{out.name}: {size / 1e6:.1f} MB" + (f"; {args.markdown.name}" if args.markdown else ""))
    return 0


def write_report(args: argparse.Namespace, out: Path) -> int:
    """Gather and write; the size in bytes. Raises RunError, HistoryError, OSError."""
    from eval.baseline import load_baseline
    from eval.gate import RULES, judge, load_rules
    from eval.nightly.history import trend
    from eval.report_html.changes import changes_since
    from eval.report_html.evidence import evidence_in
    from eval.report_html.markdown import markdown
    from eval.report_html.material import Material
    from eval.report_html.page import html

    run = load_run(args.judged)
    if not run.complete or not run.summary:
        raise RunError(f"{run.path}: only {len(run.rows)} of {run.config['n']} items are asked: a report is of a complete run")
    baseline = load_baseline(args.baseline) if args.baseline else None
    verdict = judge(run, baseline, load_rules(args.rules or RULES))
    material = Material(
        name=run.path.resolve().name,
        run=run,
        evidence=evidence_in(load(home=args.home).home, max(0, args.images), run.config.get("build_id")),
        verdict=verdict,
        changes=changes_since(baseline, run) if baseline else None,
        history=trend(args.history, gold=" + ".join(run.config["gold"])) if args.history else (),
        before=load_run(args.before) if args.before else None,
    )
    size = write_text(out, html(material))
    if args.markdown:
        write_text(args.markdown, markdown(material))
    return size


def write_text(path: Path, text: str) -> int:
    """Write a report; its size in bytes. Half a character pair, which an answer may hold, becomes a question mark. Raises OSError."""
    whole = text.encode("utf-8", "replace")
    write_durably(path, whole.decode("utf-8"))
    return len(whole)
