"""A request log or a run in, one form of request out: what `eval.drift` compares. No question's text is needed from a log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from eval.run_rows import Row, RowsError, read_rows


@dataclass(frozen=True, slots=True)
class Request:
    """One question asked. `status` is answered, refused, clarify or failed; `confidence` 0..1 (None for what failed); `total_ms` the
    service's own time; `kind`, `language`, `n_words`, `n_unknown` as `service.request_log` tells them (None in logs of older versions)."""

    status: str
    reason: str
    confidence: float | None
    total_ms: float | None
    degraded: bool
    kind: str | None = None
    language: str | None = None
    n_words: int | None = None
    n_unknown: int | None = None


def requests_of(path: Path, fields_of: Callable[[str], Mapping[str, Any]], since: datetime | None = None) -> list[Request]:
    """The requests of a log (`traces.jsonl`, with what was rotated away before it) or of a finished run, whose questions `fields_of`
    describes. `since` leaves older lines of a log out. Raises RowsError where there is neither."""
    if path.is_file() and _is_log(path):
        older = path.with_name(path.name + ".1")
        return [request for file in (older, path) if file.exists() for request in _logged(file, since)]
    return [_asked(row, fields_of) for row in read_rows(path).items]


def _is_log(path: Path) -> bool:
    """Whether its first line is one of `service.adapters.tracer_jsonl`."""
    try:
        with path.open("r", encoding="utf-8", errors="replace") as stream:
            return stream.readline(40).startswith(('{"type":"trace"', '{"type":"score"'))
    except OSError as error:
        raise RowsError(f"{path}: cannot be read ({error})") from error


def _logged(path: Path, since: datetime | None) -> Iterator[Request]:
    """Questions of a log; searches and scores are none. A torn last line is left out."""
    for line in path.read_text("utf-8", errors="replace").split("\n"):
        try:
            told = json.loads(line)
            at = datetime.fromisoformat(told["at"]) if told.get("type") == "trace" and told.get("name") == "ask" else None
        except (ValueError, KeyError, AttributeError, TypeError):
            continue
        if at is not None and not (since and at < since):
            yield _request(told)


def _request(told: Mapping[str, Any]) -> Request:
    fields = told.get("metadata") or {}
    failed = "error" in told or "status" not in fields
    return Request(
        status="failed" if failed else str(fields["status"]),
        reason=str(fields.get("reason") or ""),
        confidence=None if failed else _float(fields.get("confidence")),
        total_ms=_float(told.get("ms")),
        degraded=bool(fields.get("degraded")),
        **_question(fields),
    )


def _asked(row: Row, fields_of: Callable[[str], Mapping[str, Any]]) -> Request:
    failed = bool(row.get("error"))
    return Request(
        status="failed" if failed else str(row.get("status")),
        reason=str((row.get("refusal") or {}).get("reason") or ""),
        confidence=None if failed else _float(row.get("confidence")),
        total_ms=_float(((row.get("timings_ms") or {}).get("ask") or {}).get("total")),
        degraded=bool(row.get("degraded")),
        **_question(fields_of(str(row["question"]))),
    )


def _question(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: fields.get(name) for name in ("kind", "language", "n_words", "n_unknown")}


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
