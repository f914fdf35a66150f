"""`evdocs eval run`: a gold file asked and judged, under a progress bar, into a folder from which a killed run goes on."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from eval.items import GoldError, GoldItem, load_golds
from eval.rows import FORMAT, Json, Run, RunError, fingerprint, merged, split
from eval.run_folder import RunFolder
from eval.version import ROOT, code_sha256, git_commit
from service.core.errors import SettingsError
from service.core.settings import Settings, environment_name, load

if TYPE_CHECKING:
    from eval.client import System

UNUSABLE = 2
ROOMY: dict[str, float] = {"rerank_budget_s": 60.0, "deadline_s": 600.0}
"""Time budgets of a run in this process, unless set: what an answer says must not hang on what else the machine does."""


def add_arguments(run: argparse.ArgumentParser) -> None:
    """The options of `evdocs eval run`."""
    run.add_argument("--gold", type=Path, nargs="+", required=True, metavar="F", help="gold items, JSON lines; several files are one set")
    run.add_argument("--home", type=Path, help="folder of the index for a run in this process (default: EVDOCS_HOME or ./var)")
    run.add_argument("--system", default="in-process", metavar="URL", help="address of a running service (default: in-process)")
    run.add_argument("--mode", choices=("extractive", "llm"), default="extractive", help="who writes the answers (default extractive)")
    run.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting for a run in this process; repeatable")
    run.add_argument("--out", type=Path, metavar="RUN", help="folder for rows and figures; the same run there is gone on with")
    run.add_argument("--fresh", action="store_true", help="replace what another run left in RUN")
    run.add_argument("--limit", type=int, metavar="N", help="only the first N items")
    run.add_argument(
        "--clients", type=int, default=1, metavar="N", help="items asked at a time; more than 1 makes latency mean load (default 1)"
    )
    run.add_argument("--failed", type=int, default=40, metavar="N", help="failed items to list (default 40)")
    run.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    run.add_argument("--ragas", action="store_true", help="RAGAS figures beside ours, by the deterministic scorer")
    run.set_defaults(run=run_command)


def run_command(args: argparse.Namespace) -> int:
    """0 when the run completed, whatever its figures; 2 for an unusable gold file or where there is no system to ask."""
    from eval.client import Unreachable
    from eval.report import broken_rules, failed, failure_line
    from eval.tables import markdown, print_failures, print_summary, wide_console

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # a PDF's harmless flaws do not belong between the figures
    console = wide_console(stderr=args.markdown)
    try:
        if args.clients < 1 or (args.limit is not None and args.limit < 1):
            raise GoldError("--clients and --limit start at 1")
        items = load_golds(args.gold)[: args.limit]
        with ExitStack() as stack:
            given = parse_assignments(args.set)
            system = open_system(args.system, args.home, given, args.mode, said=lambda text: print(text, file=sys.stderr))
            stack.callback(system.close)
            config = configuration(system, items, [path.name for path in args.gold], args.mode)
            run = perform(system, items, config, args.out, clients=args.clients, fresh=args.fresh)
    except (GoldError, RunError, SettingsError, Unreachable, OSError) as error:
        print(f"evdocs eval: {error}", file=sys.stderr)
        return UNUSABLE
    print_summary(console, run)
    print_failures(console, broken_rules(run.rows), args.failed, "Citations or numbers that break the rules")
    print_failures(console, [failure_line(row) for row in failed(run.rows)], args.failed, "Failed items")
    if args.markdown:
        print(markdown(run))
    if args.ragas:
        from eval.judging import print_ragas

        return print_ragas(run.rows, args.out)
    return 0


def parse_assignments(assignments: list[str]) -> dict[str, str]:
    """["k_dense=20"] -> {"k_dense": "20"}. Raises SettingsError."""
    pairs = [text.partition("=") for text in assignments]
    if wrong := [name for name, equals, _ in pairs if not equals or name not in Settings.model_fields]:
        raise SettingsError(f"--set takes SETTING=VALUE with a setting of `evdocs settings`, not {', '.join(map(repr, wrong))}")
    return {name: value for name, _, value in pairs}


def open_system(
    where: str, home: Path | None, given: Mapping[str, str], mode: str, *, said: Callable[[str], None] = lambda text: None
) -> System:
    """The system to judge. `said`, a function of a text, hears which time budgets were raised. Raises Unreachable, SettingsError."""
    from eval.client import HttpSystem, InProcess

    if where != "in-process":
        if given:
            raise SettingsError("--set is for a run in this process: a running service has settings of its own")
        settings = load()
        key = settings.api_keys.get_secret_value().partition(",")[0].strip()
        return HttpSystem(where, api_key=key, timeout_s=settings.deadline_s + 30)
    settings, raised = run_settings(home, given)
    if raised:
        budgets = ", ".join(f"{name} {value:g}" for name, value in raised.items())
        said(f"Time budgets of this run, so that answers do not hang on the machine's load: {budgets} (--set overrides).")
    return InProcess(settings, mode)


def run_settings(home: Path | None, given: Mapping[str, str]) -> tuple[Settings, dict[str, float]]:
    """The settings of a run in this process, and which time budgets were raised: those that neither `given` nor the environment sets."""
    raised = {name: value for name, value in ROOMY.items() if name not in given and not os.environ.get(environment_name(name))}
    values: dict[str, Any] = {**raised, **given}
    return load(home=home, **values), raised


def configuration(system: System, items: list[GoldItem], gold: list[str], mode: str) -> Json:
    """run.json of a run (see `eval.rows`). Raises Unreachable."""
    from eval.stats import RESAMPLES, SEED

    described = system.describe()
    index = described.get("index") or {}
    config: Json = {
        "format": FORMAT,
        "gold": gold,
        "gold_sha256": gold_sha256(items),
        "n": len(items),
        "mode": mode,
        "seed": SEED,
        "resamples": RESAMPLES,
        "system": described,
        "build_id": index.get("build_id"),
        "models": described.get("models"),
        "git_commit": git_commit(ROOT),
        "code_sha256": code_sha256(),
    }
    return {"fingerprint": fingerprint(config), **config}


def gold_sha256(items: Sequence[GoldItem]) -> str:
    """Of the items asked, whichever lines and files they stand in."""
    return fingerprint([{**asdict(item), "line": 0} for item in items], 64)


def perform(
    system: System, items: list[GoldItem], config: Json, out: Path | None, *, clients: int = 1, fresh: bool = False, quiet: bool = False
) -> Run:
    """Ask everything that no row is there for yet, and sum up. Without `out` nothing is kept on disk. Raises RunError, OSError."""
    from eval.latency import latency, peak_bytes
    from eval.report import summary

    started, clock = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), time.perf_counter()
    with ExitStack() as stack:
        folder = stack.enter_context(RunFolder(out, config, fresh=fresh)) if out else None
        rows = list(folder.done) if folder else []
        n_before = len(rows)
        for row in _shown(asked(system, items[n_before:], config["mode"], clients), len(items), n_before, quiet=quiet):
            rows.append(folder.append(row) if folder else merged(*split(row)))
        said = summary(rows, config)
        times = latency(rows) | {
            "started": started,
            "seconds": time.perf_counter() - clock,
            "n_asked": len(rows) - n_before,
            "clients": clients,
            "peak_bytes": peak_bytes(),
        }
        if folder:
            return folder.finish(said, times)
    return Run(Path(), config, rows, said, times)


def asked(system: System, items: list[GoldItem], mode: str, clients: int) -> Iterator[Json]:
    """Rows as they come; none where nothing is left to ask."""
    from eval.run import rows_of

    if items:
        yield from rows_of(system, items, clients=clients, mode=mode)


def _shown(rows: Iterator[Json], n: int, n_before: int, *, quiet: bool) -> Iterator[Json]:
    """The rows, under a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[errors]} errors"))
    errors = 0
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("eval", total=n, completed=n_before, errors=0)
        for row in rows:
            errors += bool(row["error"])
            yield row
            progress.update(task, advance=1, errors=errors)
