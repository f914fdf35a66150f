"""A run's rows in, the records Langfuse wants out: dataset items, spans of an experiment, scores. All ids and times come from the run, so
that sending a run again changes nothing."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from eval.run_rows import Row
from service.adapters.trace_fields import plain

_TRACE_ID = re.compile(r"[0-9a-f]{32}")
_EXPECTED = ("expected", "facts", "quotes", "evidence", "also", "expect")
_TOLD = ("type", "difficulty", "cluster", "expect", "about")
ENVIRONMENT = "evdocs-eval"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A run as Langfuse knows it. `dataset_id` is the server's; `began_ns` nanoseconds since the epoch, of the run's begin; `content` says
    whether questions and answers may leave."""

    dataset: str
    dataset_id: str
    run: str
    began_ns: int
    content: bool = True

    @property
    def experiment_id(self) -> str:
        """Always the same for this run of this dataset."""
        return _digits(16, "experiment", self.dataset, self.run)

    @property
    def began(self) -> datetime:
        """In UTC."""
        return datetime.fromtimestamp(self.began_ns / 1e9, UTC)

    def item_id(self, row: Mapping[str, Any]) -> str:
        """Langfuse's item ids are unique in a project, so the dataset's name is part of them."""
        return f"{self.dataset}:{row['id']}"

    def trace_id(self, row: Mapping[str, Any]) -> str:
        """The trace the service wrote for the question, else (the item failed before) one made of run and item."""
        own = str(row.get("trace_id") or "")
        return own if _TRACE_ID.fullmatch(own) else _digits(32, "trace", self.dataset, self.run, str(row["id"]))

    def span_id(self, row: Mapping[str, Any]) -> str:
        """16 hexadecimal digits."""
        return _digits(16, "span", self.dataset, self.run, str(row["id"]))


def dataset_item(experiment: Experiment, row: Row) -> dict[str, Any]:
    """The gold item of a row, as a dataset item."""
    told = {name: row[name] for name in _TOLD if row.get(name) is not None}
    owed = {name: row[name] for name in _EXPECTED if row.get(name) is not None} if experiment.content else None
    return {
        **{"datasetName": experiment.dataset, "id": experiment.item_id(row), "status": "ACTIVE"},
        **{"input": {"question": row["question"]} if experiment.content else {"id": row["id"]}, "expectedOutput": owed, "metadata": told},
    }


def spans(experiment: Experiment, rows: list[tuple[int, Row]]) -> bytes:
    """One span an item (with its number in the run), linked with dataset item and experiment, as an OTLP request."""
    return bytes(encode_spans([_span(experiment, number, row) for number, row in rows]).SerializeToString())


def _span(experiment: Experiment, number: int, row: Row) -> ReadableSpan:
    context = SpanContext(int(experiment.trace_id(row), 16), int(experiment.span_id(row), 16), False, TraceFlags(TraceFlags.SAMPLED))
    waited = ((row.get("timings_ms") or {}).get("client") or {}).get("ask") or 0.0
    start = experiment.began_ns + number * 1_000_000
    return ReadableSpan(
        name="evdocs-eval",
        context=context,
        resource=Resource({"service.name": "evdocs"}),
        attributes={name: value for name, value in _attributes(experiment, row).items() if value is not None},
        kind=SpanKind.INTERNAL,
        start_time=start,
        end_time=start + int(waited * 1e6),
    )


def _attributes(experiment: Experiment, row: Row) -> dict[str, str | None]:
    output = {name: row.get(name) for name in ("status", "answer", "confidence", "mode", "refusal", "degraded")}
    output["citations"] = [{name: one.get(name) for name in ("file", "page", "quote")} for one in row.get("citations") or ()]
    shown = experiment.content
    told = {"item": row["id"], "type": row.get("type"), "difficulty": row.get("difficulty")}
    return {
        "langfuse.environment": ENVIRONMENT,
        "langfuse.trace.name": "evdocs-eval",
        "langfuse.observation.type": "span",
        "langfuse.observation.input": _text({"question": row["question"]}) if shown else None,
        "langfuse.observation.output": _text(output) if shown else None,
        "langfuse.observation.metadata": _text(told),
        "langfuse.observation.level": "ERROR" if row.get("error") else None,
        "langfuse.observation.status_message": str(row["error"])[:500] if row.get("error") and shown else None,
        "langfuse.experiment.id": experiment.experiment_id,
        "langfuse.experiment.name": experiment.run,
        "langfuse.experiment.dataset.id": experiment.dataset_id,
        "langfuse.experiment.item.id": experiment.item_id(row),
        "langfuse.experiment.item.expected_output": _text(row.get("expected") or "") if shown else None,
        "langfuse.experiment.item.root_observation_id": experiment.span_id(row),
    }


def scores(experiment: Experiment, number: int, row: Row) -> Iterator[dict[str, Any]]:
    """A score for every value the item has (None has no meaning for it and is no 0), one for a failure, one for the time waited."""
    values = {name: value for name, value in (row.get("metrics") or {}).items() if value is not None}
    support = row.get("support") or {}
    values |= {"groundedness": support["supported"] / support["n"]} if support.get("n") else {}
    waited = ((row.get("timings_ms") or {}).get("client") or {}).get("ask")
    values |= {"failed": bool(row.get("error"))} | ({"ask_ms": waited} if waited is not None else {})
    at = datetime.fromtimestamp((experiment.began_ns + number * 1_000_000) / 1e9, UTC).isoformat(timespec="milliseconds")
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{row['id']}: {name} is {value}")
        yield {
            **{"id": _digits(32, "score", experiment.dataset, experiment.run, str(row["id"]), name), "traceId": experiment.trace_id(row)},
            **{"observationId": experiment.span_id(row), "name": name, "value": float(value), "environment": ENVIRONMENT},
            **{"dataType": "BOOLEAN" if isinstance(value, bool) else "NUMERIC", "timestamp": at.replace("+00:00", "Z")},
        }


def _text(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def _digits(n: int, *names: str) -> str:
    return hashlib.sha256(json.dumps(names).encode("utf-8", "replace")).hexdigest()[:n]
