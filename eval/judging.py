"""What is computed after a run, as commands: `evdocs eval ragas`, `calibrate`, `judge`. Arguments in, tables and exit codes out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eval import add_item
from eval.run_rows import Row, Rows, RowsError, read_rows
from service.core.errors import EvdocsError
from service.core.settings import load

if TYPE_CHECKING:
    from eval.judge import Judge
    from eval.ragas_scores import Judge as RagasJudge
    from service.core.ports import Index
    from service.core.settings import Settings

UNUSABLE = 2
RAGAS, JUDGED = "ragas.json", "judge.json"


def register(commands: argparse._SubParsersAction) -> None:  # type: ignore[type-arg]
    """Add the commands to `evdocs eval`."""
    ragas = commands.add_parser("ragas", help="RAGAS figures of a finished run, by the ragas package (evdocs[ragas])")
    _add_run(ragas)
    ragas.add_argument("--limit", type=int, metavar="N", help="only the first N items")
    ragas.set_defaults(run=ragas_command)
    calibrate = commands.add_parser("calibrate", help="how far a judge agrees with labelled sentences")
    _add_judge(calibrate)
    calibrate.set_defaults(run=calibrate_command)
    judge = commands.add_parser("judge", help="judge the answers of a finished run; support is put right by labelled sentences")
    _add_run(judge)
    judge.set_defaults(run=judge_command)
    langfuse = commands.add_parser("langfuse", help="send a finished run to Langfuse: dataset, traces, scores; counted")
    langfuse.add_argument("rows", type=Path, metavar="RUN", help="a run's folder, or its file of JSON lines")
    langfuse.add_argument("--dataset", default="evdocs", help="name of the dataset (default: evdocs)")
    langfuse.add_argument("--name", default="", help="name of the dataset run (default: the run's own)")
    langfuse.set_defaults(run=langfuse_command)
    drift = commands.add_parser("drift", help="the service's request log against a run over the gold set, or an earlier log")
    drift.add_argument("then", type=Path, metavar="RUN", help="a run over the gold set, or an earlier traces.jsonl")
    drift.add_argument(
        "--log", type=Path, help="the log to judge (default: traces.jsonl in the index's folder; EVDOCS_TRACE=jsonl writes it)"
    )
    drift.add_argument("--days", type=float, metavar="N", help="only the last N days of the log")
    drift.add_argument("--home", type=Path, help="folder of the index (default: EVDOCS_HOME or ./var)")
    drift.set_defaults(run=drift_command)
    add = commands.add_parser("add", help="a draft of a gold item, from a trace or a question, to be reviewed")
    add_item.add_arguments(add)


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("rows", type=Path, metavar="RUN", help="a run's folder, or its file of JSON lines")
    _add_judge(parser)


def _add_judge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--judge", choices=("scorer", "llm"), default="scorer", help="deterministic scorer (default), or the model of EVDOCS_LLM_URL"
    )
    parser.add_argument("--model", default="", help="judge with this model instead of EVDOCS_LLM_MODEL: not the one that wrote the answers")
    parser.add_argument("--clients", type=int, default=1, metavar="N", help="items judged at a time (default 1)")
    parser.add_argument("--labels", type=Path, help="labelled sentences (default: the project's own)")


def ragas_command(args: argparse.Namespace) -> int:
    """0 when the figures were computed, whatever they say; 2 without ragas, a run or a judge."""
    try:
        run, judge = read_rows(args.rows), _ragas_judge(args)
    except (RowsError, EvdocsError) as error:
        return _unusable(str(error))
    return print_ragas(run.items[: args.limit], run.beside(RAGAS), judge, clients=args.clients)


def print_ragas(rows: Sequence[Row], beside: Path | None, judge: RagasJudge | None = None, *, clients: int = 1) -> int:
    """Score rows, print the table and write it to `beside` (a file, or a run's folder); by the scorer where no judge is given."""
    from eval.ragas_scores import RagasMissing, ScorerJudge, dumped, score_run, table

    try:
        with _progress() as progress:
            task = progress.add_task("ragas", total=len(rows))
            report = score_run(rows, judge or ScorerJudge(), _embedder(), clients=clients, told=lambda: progress.advance(task))
    except (RagasMissing, EvdocsError) as error:
        return _unusable(str(error))
    if beside:
        (beside / RAGAS if beside.is_dir() else beside).write_text(dumped(report), "utf-8")
    print("\n".join(table(report)))
    return 0


def calibrate_command(args: argparse.Namespace) -> int:
    """0 when the judge was held against the labels; 2 for unusable labels or no judge."""
    from eval.judge_calibration import LABELS, LabelError, calibrate, load_labels, table

    try:
        found = calibrate(judge_of(args), load_labels(args.labels or LABELS), clients=args.clients)
    except (LabelError, EvdocsError) as error:
        return _unusable(str(error))
    print("\n".join(table(found)))
    return 0


def judge_command(args: argparse.Namespace) -> int:
    """0 when the run was judged; 2 without a run, labels or a judge."""
    from eval.judge_calibration import LABELS, LabelError, calibrate, load_labels
    from eval.judge_calibration import table as calibration_table
    from eval.judge_run import judge_run, table

    try:
        run, judge, pairs = read_rows(args.rows), judge_of(args), load_labels(args.labels or LABELS)
        calibration = calibrate(judge, pairs, clients=args.clients)
        with _progress() as progress:
            task = progress.add_task("judge", total=len(run.items))
            found = judge_run(run.items, judge, (pairs, calibration), clients=args.clients, told=lambda: progress.advance(task))
    except (RowsError, LabelError, EvdocsError) as error:
        return _unusable(str(error))
    _write(run, JUDGED, {**found.to_json(), "calibration": calibration.to_json()})
    print("\n".join([*table(found), *calibration_table(calibration)]))
    return 0


def langfuse_command(args: argparse.Namespace) -> int:
    """0 when everything is there, and when there is no server or it is down (said plainly: the run is not harmed); 1 when something is
    missing on a server that works; 2 without a run."""
    from eval.langfuse_sync import sync_run, table

    try:
        run = read_rows(args.rows)
    except RowsError as error:
        return _unusable(str(error))
    with _progress() as progress:
        task = progress.add_task("langfuse", total=len(run.items))
        synced = sync_run(load(), args.dataset, args.name or run.name, run.items, run.began_ns, told=lambda n: progress.advance(task, n))
    print("\n".join(table(synced)))
    return 1 if synced.lost else 0


def drift_command(args: argparse.Namespace) -> int:
    """0 when nothing has drifted, or too little was asked to tell; 1 when something has; 2 without a log, a run or an index."""
    from eval.drift import LEAST, compare, table
    from eval.traffic import requests_of

    settings = load(home=args.home)
    since = datetime.now(UTC) - timedelta(days=args.days) if args.days is not None else None
    try:
        fields_of = _question_fields(settings)
        then = requests_of(args.then, fields_of)
        now = requests_of(args.log or settings.home / "traces.jsonl", fields_of, since)
    except (RowsError, EvdocsError) as error:
        return _unusable(str(error))
    if len(now) < LEAST:
        print(f"{len(now)} requests in the log: too few to tell ({LEAST} are needed)")
        return 0
    found = compare(then, now)
    print("\n".join(table(found, len(then), len(now))))
    return 1 if any(one.drifted for one in found) else 0


def _question_fields(settings: Settings) -> Callable[[str], Mapping[str, Any]]:
    """What a log says of a question, for questions of a run; the index is opened when the first one comes (two logs need none)."""
    from service.request_log import question_fields
    from service.wire import load_embedder, open_index

    opened: list[Index] = []

    def fields_of(question: str) -> Mapping[str, Any]:
        if not opened:
            opened.append(open_index(settings, load_embedder(settings)))
        return question_fields(question, opened[0])

    return fields_of


def judge_of(args: argparse.Namespace) -> Judge:
    """The judge asked for. Raises SettingsError."""
    from eval.judge import ModelJudge, ScorerJudge

    if args.judge == "scorer":
        return ScorerJudge()
    from eval.completion import client_of

    return ModelJudge(client_of(load(), args.model))


def _ragas_judge(args: argparse.Namespace) -> RagasJudge:
    from eval.ragas_scores import ModelJudge, ScorerJudge

    if args.judge == "scorer":
        return ScorerJudge()
    from eval.completion import client_of

    return ModelJudge(client_of(load(), args.model))


def _embedder() -> Any:
    from service.wire import load_embedder

    return load_embedder(load())


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    )


def _write(run: Rows, name: str, value: dict[str, Any]) -> None:
    run.beside(name).write_text(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n", "utf-8")


def _unusable(reason: str) -> int:
    print(f"evdocs eval: {reason}", file=sys.stderr)
    return UNUSABLE
