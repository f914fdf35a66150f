"""`evdocs eval sweep`: a grid of settings in, a run for each combination and the frontier of quality against latency out.

    gold = ["eval/gold/sample.jsonl"]      # files beside the working folder
    home = "var"                           # the index, where no setting of the index is swept
    documents = ["corpora/sample"]         # else: indexed for each combination of these settings, parsing and embedding cached in common
    quality = "joint"                      # the figure of a run's summary that is set against latency
    every = 4                              # ask every 4th item; 1 asks all

    [grid]                                 # every combination of these is run
    rerank_depth = [10, 20]
    chunk_tokens = [128, 256]
    reranker = ["packaged", "none"]

Runs, indexes and the table stay in the output folder: a killed sweep goes on, a longer grid runs only what is new. Latencies compare by
pace (`eval.latency`), so a sweep may run beside other work.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import logging
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from eval.items import GoldError, GoldItem, load_golds
from eval.rows import Json, Run, RunError, fingerprint, load_run
from eval.run_command import UNUSABLE, configuration, gold_sha256, perform, run_settings
from eval.tables import Grid, markdown_grid, print_grid, wide_console
from eval.version import code_sha256
from service.core.errors import EvdocsError
from service.core.manifest import current_build_id, write_durably
from service.core.settings import Settings

OF_THE_INDEX = frozenset(("chunk_tokens", "embedder", "ocr", "ocr_languages", "ocr_max_pages", "max_pages"))
"""Settings that make another index."""
SHOWN = ("hit@1", "hit@5", "ndcg@10", "fact_recall", "correct", "joint")
MOST_POINTS = 500


class GridError(ValueError):
    """A grid file cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A grid file, read."""

    gold: tuple[Path, ...]
    home: Path | None
    documents: tuple[Path, ...]
    quality: str
    every: int
    points: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One combination and what came of it; `fault` says why nothing did."""

    settings: Mapping[str, str]
    figures: Mapping[str, float | None]
    pace: float | None = None
    p50_ms: float | None = None
    fault: str = ""


def add_arguments(sweep: argparse.ArgumentParser) -> None:
    """The options of `evdocs eval sweep`."""
    sweep.add_argument("grid", type=Path, metavar="GRID.toml")
    sweep.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder for indexes, runs and the table")
    sweep.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    sweep.set_defaults(run=sweep_command)


def sweep_command(args: argparse.Namespace) -> int:
    """0 when every combination was run, 1 where some could not be, 2 for an unusable grid or gold file."""
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        sweep = read_sweep(args.grid)
        items = load_golds(sweep.gold)[:: sweep.every]
        points = list(swept(sweep, items, args.out))
    except (GridError, GoldError, RunError, OSError) as error:
        print(f"evdocs eval: {error}", file=sys.stderr)
        return UNUSABLE
    grid = point_grid(points, sweep.quality)
    if args.markdown:
        print(markdown_grid(grid))
    else:
        print_grid(wide_console(), grid)
    return 1 if any(point.fault for point in points) else 0


def read_sweep(path: Path) -> Sweep:
    """A grid file. Raises GridError."""
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise GridError(f"{path}: cannot be read ({error})") from error
    grid = told.pop("grid", {})
    if wrong := sorted({*told} - {"gold", "home", "documents", "quality", "every"}):
        raise GridError(f"{path}: unknown keys {', '.join(wrong)}")
    if wrong := sorted({*grid} - {*Settings.model_fields} | {*grid} & {"home"}):
        raise GridError(f"{path}: no settings to sweep: {', '.join(wrong)}")
    if not grid or not all(isinstance(values, list) and values for values in grid.values()):
        raise GridError(f"{path}: [grid] must give a list of values for each of its settings")
    points = tuple(dict(zip(grid, map(str, values), strict=True)) for values in itertools.product(*grid.values()))
    if len(points) > MOST_POINTS:
        raise GridError(f"{path}: {len(points)} combinations, at most {MOST_POINTS}")
    home, documents = told.get("home"), tuple(map(Path, told.get("documents", [])))
    if not documents and (home is None or OF_THE_INDEX & {*grid}):
        raise GridError(f"{path}: needs `documents` to index, or a `home` and no setting of the index in its grid")
    every = told.get("every", 1)
    if not told.get("gold") or type(every) is not int or every < 1:
        raise GridError(f"{path}: needs `gold`, and `every` starts at 1")
    return Sweep(tuple(map(Path, told["gold"])), home and Path(home), documents, str(told.get("quality", "joint")), every, points)


def swept(sweep: Sweep, items: Sequence[GoldItem], out: Path) -> Iterator[Point]:
    """Each combination's point, in the order of the grid; the table on disk grows with them. Raises RunError, OSError."""
    points: list[Json] = []
    for place, given in enumerate(sweep.points, 1):
        print(f"{place} of {len(sweep.points)}: {_name(given)}", file=sys.stderr)
        try:
            point = measured(given, run_point(sweep, given, items, out), sweep.quality)
        except (EvdocsError, GridError) as error:
            point = Point(given, {}, fault=str(error))
        points.append({"settings": dict(given), "figures": dict(point.figures), "pace": point.pace, "fault": point.fault})
        write_durably(out / "sweep.json", json.dumps(points, indent=1) + "\n")
        yield point


def _name(given: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in given.items())


def run_point(sweep: Sweep, given: Mapping[str, str], items: Sequence[GoldItem], out: Path) -> Run:
    """The run of one combination, taken up or taken over where it stands already. Raises EvdocsError, GridError, RunError."""
    from eval.client import InProcess, Unreachable, settings_fingerprint

    home = home_of(sweep, given, out)
    settings, _ = run_settings(home, given)
    folder = out / "runs" / fingerprint([dict(given), current_build_id(home)], 12)
    if (folder / "summary.json").is_file():
        run = load_run(folder)
        same = run.config["system"]["settings"]["fingerprint"] == settings_fingerprint(settings)["fingerprint"]
        if same and run.complete and (run.config["gold_sha256"], run.config["code_sha256"]) == (gold_sha256(items), code_sha256()):
            return run
    try:
        with closing(InProcess(settings)) as system:
            config = configuration(system, list(items), [path.name for path in sweep.gold], "extractive")
            try:
                return perform(system, list(items), config, folder)
            except RunError:  # of an earlier code or gold file: of no use any more
                return perform(system, list(items), config, folder, fresh=True)
    except Unreachable as error:
        raise GridError(str(error)) from error


def home_of(sweep: Sweep, given: Mapping[str, str], out: Path) -> Path:
    """The folder of the index for these settings, made where it is not there. Raises EvdocsError, GridError."""
    own = {name: value for name, value in given.items() if name in OF_THE_INDEX}
    if sweep.home and not own:
        return sweep.home
    from ingest.progress import Progress
    from ingest.run import ingest

    home, cache = out / "homes" / fingerprint(own, 12), out / "cache"
    for folder in (home, cache):
        folder.mkdir(parents=True, exist_ok=True)
    if not (home / "cache").exists():
        (home / "cache").symlink_to(cache.resolve(), target_is_directory=True)
    report = ingest(sweep.documents, run_settings(home, own)[0], Progress(Console(file=io.StringIO())))
    if report.exit_code:
        raise GridError(f"with {_name(own)} not every document could be indexed")
    return home


def measured(given: Mapping[str, str], run: Run, quality: str) -> Point:
    """A run's figures. Raises GridError where it has no such quality."""
    figures = {name: value for table in run.summary["figures"].values() for name, value in table.items()}
    if quality not in figures:
        raise GridError(f"no figure is called {quality!r}; there are {', '.join(figures)}")
    stages = run.latency["stages_ms"].get("client ask", {})
    wanted = dict.fromkeys((*SHOWN, quality))
    return Point(given, {name: figures[name]["value"] for name in wanted}, run.latency["pace"]["p50"], stages.get("p50"))


def frontier(points: Sequence[Point], quality: str) -> list[bool]:
    """Which points no other beats: at least as good and as fast, and better in one. Points without a figure are beaten."""
    known = [(point.figures.get(quality), point.pace) for point in points]

    def beaten(good: float, pace: float) -> bool:
        rivals = [(q, p) for q, p in known if q is not None and p is not None]
        return any(q >= good and p <= pace and (q > good or p < pace) for q, p in rivals)

    return [good is not None and pace is not None and not beaten(good, pace) for good, pace in known]


def point_grid(points: Sequence[Point], quality: str) -> Grid:
    """All points, the fastest first, those of the frontier marked."""
    names = list(dict.fromkeys(name for point in points for name in point.settings))
    shown = list(dict.fromkeys((*SHOWN, quality)))
    best = frontier(points, quality)
    order = sorted(range(len(points)), key=lambda place: (points[place].pace is None, points[place].pace or 0.0))
    rows = []
    for place in order:
        point = points[place]
        figures = [_shown(point.figures.get(name), 3) for name in shown]
        times = [_shown(point.pace, 1), _shown(point.p50_ms, 0)]
        note = point.fault or ("*" if best[place] else "")
        rows.append((*(point.settings.get(name, "") for name in names), *figures, *times, note))
    return Grid(f"{quality} against latency; * is not beaten", (*names, *shown, "pace", "p50 ms", ""), tuple(rows))


def _shown(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
