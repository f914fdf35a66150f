"""`evdocs eval nightly`: arguments in, what happened on standard output, an exit code for cron and CI back."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from eval.gate import RULES


def add_arguments(nightly: argparse.ArgumentParser) -> None:
    """The options of `evdocs eval nightly`."""
    nightly.add_argument(
        "--gold", type=Path, nargs="+", action="extend", required=True, metavar="F", help="gold items; several files are one set"
    )
    nightly.add_argument(
        "--corpus", type=Path, nargs="+", action="extend", default=[], metavar="PATH", help="documents to bring into the index first"
    )
    nightly.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
    nightly.add_argument("--state", type=Path, metavar="DIR", help="runs, history and reports (default: nightly in the index's folder)")
    nightly.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="default: STATE/baseline.json, else the packaged one where it is of these questions; `none`: nothing",
    )
    nightly.add_argument("--rules", type=Path, default=RULES, help="default: the packaged eval/gate.toml")
    nightly.add_argument("--webhook", metavar="URL", help="hears of a failed gate, as a JSON POST (default: EVDOCS_ALERT_URL)")
    nightly.add_argument("--mode", choices=("extractive", "llm"), default="extractive", help="who writes the answers (default extractive)")
    nightly.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting for this night; repeatable")
    nightly.add_argument("--dataset", default="evdocs", help="name of the Langfuse dataset (default: evdocs)")
    nightly.add_argument("--clients", type=int, default=1, metavar="N", help="items asked at a time (default 1)")
    nightly.add_argument("--images", type=int, default=40, metavar="N", help="most pictures of pages in the report (default 40)")
    nightly.add_argument("--keep", type=int, default=30, metavar="N", help="runs kept on disk; figures of every night stay (default 30)")
    nightly.set_defaults(run=nightly_command)


def nightly_command(args: argparse.Namespace) -> int:
    """0 passed, 1 gate failed, 2 could not run, 3 another one is running."""
    from eval.nightly.job import UNUSABLE, Plan, night
    from eval.run_command import parse_assignments
    from service.core.errors import SettingsError
    from service.core.settings import load

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        given, settings = parse_assignments(args.set), load(home=args.home)
    except SettingsError as error:
        print(f"evdocs eval: {error}", file=sys.stderr)
        return UNUSABLE
    plan = Plan(
        gold=tuple(args.gold),
        corpus=tuple(args.corpus),
        home=args.home,
        state=args.state or settings.home / "nightly",
        baseline=args.baseline,
        rules=args.rules,
        webhook=args.webhook or settings.alert_url.get_secret_value(),
        mode=args.mode,
        dataset=args.dataset,
        clients=max(1, args.clients),
        images=max(0, args.images),
        keep=max(1, args.keep),
        given=given,
    )
    return night(plan, lambda text: print(text, flush=True))
