"""A finished run to a Langfuse server: its gold set as a dataset, itself as an experiment (dataset run) with every item's trace and scores.

What was sent is counted and held against what the server holds afterwards; a difference is said, never passed over. A server that is down,
or none, harms nothing: the run stands on disk, and sending it again changes nothing that is there already.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from eval.langfuse_records import Experiment, dataset_item, scores, spans
from eval.langfuse_server import LangfuseFailed, LangfuseServer
from eval.run_rows import Row
from service.core.settings import Settings

CLIENTS = 4
BATCH = 100
CHECK_S = 60.0
"""Langfuse takes traces and scores into a queue; that long it may take until they can be counted."""
CHECK_EVERY_S = 1.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted:
    """Things of one kind: sent, and held by the server (None where it could not be asked)."""

    sent: int
    held: int | None

    @property
    def lost(self) -> int:
        """How many are missing."""
        return 0 if self.held is None else max(0, self.sent - self.held)


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did. `said` are sentences about what went wrong, or why nothing was sent."""

    run: str
    counts: dict[str, Counted]
    said: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Over all kinds."""
        return sum(count.lost for count in self.counts.values())


def server_of(settings: Settings) -> LangfuseServer | None:
    """The configured server; None where address or keys are missing."""
    secret = settings.langfuse_secret_key.get_secret_value()
    if not (settings.langfuse_url and settings.langfuse_public_key and secret):
        return None
    return LangfuseServer(settings.langfuse_url, settings.langfuse_public_key, secret)


def sync(
    server: LangfuseServer | None,
    dataset: str,
    run: str,
    rows: Sequence[Row],
    *,
    began_ns: int,
    content: bool = True,
    check_s: float = CHECK_S,
    told: Callable[[int], None] = lambda n: None,
) -> Synced:
    """Send a run and count. Never raises for what the server does; `told` is called with numbers of items as they are sent."""
    if server is None:
        return Synced(run, {}, ("Langfuse: skipped, EVDOCS_LANGFUSE_URL, _PUBLIC_KEY and _SECRET_KEY are not all set.",))
    counts: dict[str, Counted] = {}
    try:
        made = server.post(
            "/api/public/v2/datasets", {"name": dataset, "description": "Gold set of evdocs", "metadata": {"items": len(rows)}}
        )
        experiment = Experiment(dataset, str(made["id"]), run, began_ns, content)
        said = _send(server, experiment, rows, counts, told)
        _check(server, experiment, rows, counts, check_s)
    except (LangfuseFailed, KeyError, TypeError, ValueError) as error:
        why = str(error) if isinstance(error, LangfuseFailed) else f"a reply of another form ({type(error).__name__} {error})"
        return Synced(run, counts, (f"Langfuse: not everything was sent. {why}. The run itself is whole; send it again later.",))
    missing = [f"Langfuse: {count.lost} of {count.sent} {kind} are not there." for kind, count in counts.items() if count.lost]
    return Synced(run, counts, (*said, *missing))


def _send(
    server: LangfuseServer, experiment: Experiment, rows: Sequence[Row], counts: dict[str, Counted], told: Callable[[int], None]
) -> list[str]:
    """Items, then traces, then scores; what the server rejects of the scores, in words."""
    with ThreadPoolExecutor(max_workers=CLIENTS, thread_name_prefix="evdocs-langfuse") as pool:
        for done, _ in enumerate(pool.map(lambda row: server.post("/api/public/dataset-items", dataset_item(experiment, row)), rows), 1):
            counts["dataset items"] = Counted(done, None)
    for batch in _batches(list(enumerate(rows))):
        server.post_spans(spans(experiment, batch))
        counts["traces"] = Counted(counts.get("traces", Counted(0, None)).sent + len(batch), None)
        told(len(batch))
    made = [score for number, row in enumerate(rows) for score in scores(experiment, number, row)]
    rejected: list[str] = []
    for score_batch in _batches(made):
        reply = server.post("/api/public/scores", score_batch)
        counts["scores"] = Counted(counts.get("scores", Counted(0, None)).sent + len(score_batch), None)
        if isinstance(reply, dict) and reply.get("rejected"):
            rejected.append(f"Langfuse: {reply['rejected']} scores rejected: {str(reply.get('errors'))[:200]}")
    return rejected


def _check(server: LangfuseServer, experiment: Experiment, rows: Sequence[Row], counts: dict[str, Counted], check_s: float) -> None:
    """Ask what is there until it is all there, at most `check_s` seconds."""
    until = time.monotonic() + check_s
    while True:
        for kind, held in _held(server, experiment, rows).items():
            counts[kind] = Counted(counts.get(kind, Counted(0, None)).sent, held)
        if not any(count.lost for count in counts.values()) or time.monotonic() > until:
            return
        time.sleep(CHECK_EVERY_S)


def _held(server: LangfuseServer, experiment: Experiment, rows: Sequence[Row]) -> dict[str, int]:
    """What the server holds of what this run sends, by id."""
    items = {experiment.item_id(row) for row in rows}
    known = {str(one.get("id")) for one in server.pages("/api/public/dataset-items", {"datasetName": experiment.dataset})}
    asked = {
        **{"experimentId": experiment.experiment_id, "fields": "core,scores", "scoreLimit": 50},
        **{"fromStartTime": (experiment.began - timedelta(days=1)).isoformat(timespec="seconds").replace("+00:00", "Z")},
    }
    wanted = {score["id"] for number, row in enumerate(rows) for score in scores(experiment, number, row)}
    traced: set[str] = set()
    scored: set[str] = set()
    for one in server.pages("/api/public/experiment-items", asked):
        traced.add(str(one.get("experimentItemId")))
        scored |= {str(score.get("id")) for score in one.get("scores") or ()}
    return {"dataset items": len(items & known), "traces": len(items & traced), "scores": len(wanted & scored)}


def _batches(values: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]


def table(synced: Synced) -> Iterator[str]:
    """The outcome as lines of text."""
    for kind, count in synced.counts.items():
        held = "not asked" if count.held is None else f"{count.held} held"
        yield f"Langfuse, {synced.run}: {count.sent} {kind} sent, {held}"
    yield from synced.said


def sync_run(settings: Settings, dataset: str, run: str, rows: Sequence[Row], began_ns: int, **options: Any) -> Synced:
    """`sync` with the configured server. For the nightly job: it never raises and never blocks long on a server that is down."""
    server = server_of(settings)
    try:
        return sync(server, dataset, run, rows, began_ns=began_ns, content=settings.trace_content, **options)
    finally:
        if server:
            server.close()
