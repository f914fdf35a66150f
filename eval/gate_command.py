"""`evdocs eval compare`, `gate` and `accept`: run folders in, tables and exit codes out."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from eval.baseline import PACKAGED, accept, load_baseline
from eval.compare import change_grid, compare, flip_lines, pace_line
from eval.gate import RULES, Verdict, judge, load_rules
from eval.rows import RunError, load_run
from eval.run_command import UNUSABLE
from eval.tables import markdown_grid, print_grid, wide_console


def add_arguments(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add the three commands."""
    compared = commands.add_parser("compare", help="two runs: paired differences with intervals, and the items that flipped")
    compared.add_argument("first", type=Path, metavar="RUN_A")
    compared.add_argument("second", type=Path, metavar="RUN_B")
    compared.add_argument("--flips", type=int, default=20, metavar="N", help="flipped items to show (default 20)")
    compared.add_argument("--json", type=Path, metavar="OUT", help="write the differences here")
    compared.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    compared.set_defaults(run=compare_command)
    gate = commands.add_parser("gate", help="hold a run against the accepted baseline: exit code 0 passes, 1 fails, 2 cannot be judged")
    gate.add_argument("judged", type=Path, metavar="RUN")
    gate.add_argument(
        "--baseline", type=Path, default=PACKAGED, help="default: the packaged eval/baseline.json; `none` compares with nothing"
    )
    gate.add_argument("--rules", type=Path, default=RULES, help="default: the packaged eval/gate.toml")
    gate.add_argument("--json", type=Path, metavar="OUT", help="write every check here")
    gate.set_defaults(run=gate_command)
    accepted = commands.add_parser("accept", help="make a run the baseline")
    accepted.add_argument("judged", type=Path, metavar="RUN")
    accepted.add_argument("--baseline", type=Path, default=PACKAGED, help="default: the packaged eval/baseline.json")
    accepted.set_defaults(run=accept_command)


def compare_command(args: argparse.Namespace) -> int:
    """0 when the runs could be compared, whatever came out; 2 where not."""
    try:
        runs = load_run(args.first), load_run(args.second)
        found = compare(*runs)
        if args.json:
            args.json.write_text(json.dumps(found.to_json(), indent=1) + "\n", "utf-8")
    except (RunError, OSError) as error:
        return _unusable(error)
    if args.markdown:
        print(markdown_grid(change_grid(found)))
    else:
        print_grid(wide_console(), change_grid(found))
    print(pace_line(*runs))
    if left := ", ".join(f"{n} {name}" for name, n in found.only.items() if n):
        print(f"Not paired: {left}.")
    right = sum(bool(second["metrics"]["as_expected"]) for _, second in found.flips)
    print(f"Flipped: {right} now right, {len(found.flips) - right} now wrong.")
    print("\n".join(flip_lines(found.flips, args.flips)))
    return 0


def gate_command(args: argparse.Namespace) -> int:
    """0 passed, 1 failed, 2 cannot be judged."""
    try:
        baseline = None if str(args.baseline) == "none" else load_baseline(args.baseline)
        verdict = judge(load_run(args.judged), baseline, load_rules(args.rules))
        if args.json:
            args.json.write_text(json.dumps(as_json(verdict), indent=1) + "\n", "utf-8")
    except (RunError, OSError) as error:
        return _unusable(error)
    print("\n".join(verdict_lines(verdict)))
    return 0 if verdict.passed else 1


def verdict_lines(verdict: Verdict) -> list[str]:
    """What held and what did not, failures last."""
    lines = [f"  ok    {check.kind}: {check.said}" for check in verdict.checks if check.passed]
    lines += [f"  note  {note}" for note in verdict.notes]
    lines += [f"  FAIL  {check.kind}: {check.said}" for check in verdict.failures]
    names = ", ".join(dict.fromkeys(check.metric for check in verdict.failures))
    return [*lines, f"Gate failed: {names}." if names else f"Gate passed: {len(verdict.checks)} checks."]


def as_json(verdict: Verdict) -> dict[str, object]:
    """A verdict as plain values."""
    checks = [{"kind": one.kind, "metric": one.metric, "passed": one.passed, "said": one.said} for one in verdict.checks]
    return {"passed": verdict.passed, "failed": [one.metric for one in verdict.failures], "checks": checks, "notes": verdict.notes}


def accept_command(args: argparse.Namespace) -> int:
    """0 when the baseline is written; 2 where the run cannot be one."""
    try:
        accept(load_run(args.judged), args.baseline, time.strftime("%Y-%m-%d", time.gmtime()))
    except (RunError, OSError) as error:
        return _unusable(error)
    print(f"{args.baseline.name} is the run of {args.judged} now.")
    return 0


def _unusable(error: Exception) -> int:
    print(f"evdocs eval: {error}", file=sys.stderr)
    return UNUSABLE
