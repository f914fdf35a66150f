"""The pipeline in this process, for the command line: the same objects the HTTP API would return."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, cast

from pydantic import ValidationError

from service.answer import Mode, Question, answer
from service.bodies import SavedAnswer, SearchBody
from service.core.errors import InvalidRequest
from service.core.settings import Settings
from service.core.types import FILTER_FIELDS, Filters
from service.recheck import recheck
from service.retrieve import retrieve
from service.views import answer_view, hit_view, timings_view
from service.wire import load_embedder, open_index, wire


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


def verify(settings: Settings, source: str) -> dict[str, Any]:
    """The body of `POST /v1/verify` for the answer in a file ("-": standard input). Raises InvalidRequest, IndexUnavailable."""
    saved = _saved(source, settings.max_body_bytes)
    index = open_index(settings, load_embedder(settings))
    try:
        return recheck(saved, index)
    finally:
        index.close()


def _saved(source: str, most_bytes: int) -> SavedAnswer:
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else open(source, "rb") as stream:
            raw = stream.read(most_bytes + 1)
    except OSError as error:
        raise InvalidRequest(f"{source} cannot be read: {error.strerror}.") from error
    if len(raw) > most_bytes:
        raise InvalidRequest(f"{source} is larger than {most_bytes} bytes (EVDOCS_MAX_BODY_BYTES).")
    try:
        return SavedAnswer.model_validate_json(raw)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors()[:5])
        raise InvalidRequest(f"{source} is no saved answer (evdocs ask --json). {wrong}") from error


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
