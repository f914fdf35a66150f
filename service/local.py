"""The pipeline in this process, for the command line: the same objects the HTTP API would return."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any, cast

from pydantic import ValidationError

from service.answer import Mode, Question, answer
from service.bodies import SearchBody
from service.core.errors import InvalidRequest
from service.core.settings import Settings
from service.core.types import FILTER_FIELDS, Filters
from service.retrieve import retrieve
from service.views import answer_view, hit_view, timings_view
from service.wire import wire


def ask(settings: Settings, question: str, filters: Sequence[str], mode: str) -> dict[str, Any]:
    """The body of `POST /v1/ask`. `filters` are "field=value" texts. Raises what `wire` and `answer` raise, and InvalidRequest."""
    wanted = _checked(question, filters)
    rag = wire(settings)
    trace_id = uuid.uuid4().hex
    try:
        started = time.monotonic()
        made = answer(rag, Question(question, wanted, cast(Mode, mode)), trace_id=trace_id, deadline=started + settings.deadline_s)
        return answer_view(made, rag, trace_id, (time.monotonic() - started) * 1000)
    finally:
        rag.tracer.close()
        rag.index.close()


def search(settings: Settings, question: str, filters: Sequence[str], k: int) -> dict[str, Any]:
    """The body of `POST /v1/search`. Raises like `ask`."""
    wanted = _checked(question, filters, k)
    rag = wire(settings)
    try:
        started = time.monotonic()
        found = retrieve(rag, question, wanted, k, deadline=started + settings.deadline_s)
        timings = timings_view(found.timings_ms, (time.monotonic() - started) * 1000)
        return {"hits": [hit_view(passage) for passage in found.passages], "timings_ms": timings, "degraded": list(found.degraded)}
    finally:
        rag.tracer.close()
        rag.index.close()


def _checked(question: str, filters: Sequence[str], k: int = 10) -> Filters:
    """The limits of the HTTP API, for whoever types on a command line."""
    wanted: dict[str, list[str]] = {}
    for item in filters:
        name, equals, value = item.partition("=")
        if not equals or name not in FILTER_FIELDS:
            raise InvalidRequest(f"--filter takes FIELD=VALUE with a field of {', '.join(FILTER_FIELDS)}, not {item!r}.")
        wanted.setdefault(name, []).append(value)
    try:
        SearchBody.model_validate({"question": question, "filters": wanted, "k": k})
    except ValidationError as error:
        raise InvalidRequest("; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())) from error
    return {name: tuple(values) for name, values in wanted.items()}
