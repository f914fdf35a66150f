"""Traces to a Langfuse server (SDK 5). A server that is slow, wrong or down must not be felt by a request or hold up the exit.

The SDK batches spans and scores behind bounded queues and sends them from its own threads. What it lacks is added here: its flush
and its exit hook can block for minutes (FACTS.md), so both run in a thread that gets 3 s; exceptions are reported by us, because the
SDK would send their text and stack even where content is switched off; user and session names are left out then, too.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from langfuse import Langfuse, propagate_attributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from service.adapters.trace_fields import error_text, plain, reportable
from service.adapters.tracer_noop import NoopSpan
from service.core.errors import SettingsError
from service.core.ports import Span, SpanKind

CLOSE_S = 3.0
SEND_TIMEOUT_S = 3
FLUSH_AT, FLUSH_EVERY_S = 64, 2.0
_TYPES: dict[SpanKind, str] = {
    "chain": "chain",
    "retriever": "retriever",
    "embedding": "embedding",
    "reranker": "span",  # Langfuse has no type for it
    "generation": "generation",
    "guardrail": "guardrail",
    "span": "span",
}
_WITH_MODEL = ("generation", "embedding")
_FROM_LANGFUSE = re.compile(r"langfuse-(\d{1,9})")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")

log = logging.getLogger("evdocs.trace")


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What the SDK reads of a prompt to link a generation with it."""

    name: str
    version: int
    is_fallback: bool = False


class _Observation:
    """A span of the port on top of one of the SDK's observations."""

    def __init__(self, observation: Any, as_type: str, content: bool) -> None:
        self.observation = observation
        self._as_type = as_type
        self._content = content
        self._open = True

    def update(self, **fields: Any) -> None:
        """Add fields; after the end they are dropped."""
        if not self._open:
            return
        given = reportable(fields, content=self._content)
        usage, cost, model, prompt = (given.pop(name, None) for name in ("usage", "cost", "model", "prompt"))
        if self._as_type in _WITH_MODEL:
            given |= {"usage_details": usage} if usage else {}
            given |= {"cost_details": {"total": float(cost)}} if isinstance(cost, int | float) and cost else {}
            given |= {"model": model} if model else {}
            given |= {"prompt": linked} if (linked := _linked(prompt)) else {}
        if "level" in given:
            given["level"] = str(given["level"]).upper()
        self.observation.update(**given)

    def end(self, error: BaseException | None) -> None:
        """Report what went wrong, and end."""
        if error is not None:
            self.observation.update(level="ERROR", status_message=error_text(error, content=self._content))
        self._open = False
        self.observation.end()


class LangfuseTracer:
    """Reports to the server at `url`. One per process and public key (the SDK keeps a client for each key).

    `exporter` replaces the network in tests. Raises SettingsError where the address or a key is missing.
    """

    def __init__(self, url: str, public_key: str, secret_key: str, *, content: bool = True, exporter: SpanExporter | None = None) -> None:
        if not (url and public_key and secret_key):
            raise SettingsError(
                "EVDOCS_TRACE=langfuse needs EVDOCS_LANGFUSE_URL, EVDOCS_LANGFUSE_PUBLIC_KEY and EVDOCS_LANGFUSE_SECRET_KEY."
            )
        self._content = content
        self._current: ContextVar[_Observation | None] = ContextVar("evdocs-observation", default=None)
        self._closed = False
        # Our own provider: never the global one, and without its exit hook.
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource({"service.name": "evdocs"}), shutdown_on_exit=False)
        self._client = Langfuse(
            base_url=url.rstrip("/"),
            public_key=public_key,
            secret_key=secret_key,
            timeout=SEND_TIMEOUT_S,
            flush_at=FLUSH_AT,
            flush_interval=FLUSH_EVERY_S,
            tracer_provider=self._provider,
            span_exporter=exporter,
        )
        if self._client._resources is not None:
            atexit.unregister(self._client._resources.shutdown)

    @contextmanager
    def trace(self, name: str, *, trace_id: str, user_id: str | None = None, session_id: str | None = None) -> Iterator[Span]:
        """The root observation of one request."""
        if self._closed:
            yield NoopSpan()
            return
        user, session = (_name(user_id), _name(session_id)) if self._content else (None, None)
        with propagate_attributes(trace_name=name, user_id=user, session_id=session):
            root = self._client.start_observation(trace_context={"trace_id": _trace_id(trace_id)}, name=name, as_type="chain")
            with self._opened(_Observation(root, "chain", self._content)) as span:
                yield span

    @contextmanager
    def span(self, name: str, kind: SpanKind, **fields: Any) -> Iterator[Span]:
        """A stage of the trace open in this context; outside of one it is not kept."""
        parent = self._current.get()
        if parent is None or self._closed:
            yield NoopSpan()
            return
        as_type = _TYPES[kind]
        with self._opened(_Observation(parent.observation.start_observation(name=name, as_type=as_type), as_type, self._content)) as span:
            span.update(**fields)
            yield span

    def score(self, trace_id: str, name: str, value: float, comment: str | None = None) -> None:
        """A numeric score on a finished trace."""
        if not self._closed:
            kept = plain(comment) if self._content else None
            self._client.create_score(trace_id=_trace_id(trace_id), name=name, value=float(value), data_type="NUMERIC", comment=kept)

    def close(self) -> None:
        """Send what is buffered, within 3 s; what is not sent by then is lost."""
        if self._closed:
            return
        self._closed = True
        sender = threading.Thread(target=self._shut_down, name="evdocs-langfuse-flush", daemon=True)
        sender.start()
        sender.join(CLOSE_S)
        if sender.is_alive():
            log.warning("traces: the Langfuse server did not take everything within %g s; the rest is lost", CLOSE_S)

    def _shut_down(self) -> None:
        self._client.shutdown()
        self._provider.shutdown()

    @contextmanager
    def _opened(self, span: _Observation) -> Iterator[_Observation]:
        token = self._current.set(span)
        failure: BaseException | None = None
        try:
            yield span
        except BaseException as error:
            failure = error
            raise
        finally:
            self._current.reset(token)
            span.end(failure)


def _linked(prompt: Any) -> _Prompt | None:
    """A prompt that comes from Langfuse's own prompt management; any other has no link."""
    if not isinstance(prompt, Mapping) or not isinstance(prompt.get("name"), str):
        return None
    version = _FROM_LANGFUSE.fullmatch(str(prompt.get("version")))
    return _Prompt(prompt["name"], int(version.group(1))) if version else None


def _trace_id(trace_id: str) -> str:
    """Langfuse takes 32 hexadecimal digits; another id becomes some, always the same."""
    return trace_id if _TRACE_ID.fullmatch(trace_id) else Langfuse.create_trace_id(seed=trace_id)


def _name(name: str | None) -> str | None:
    """A user or session name as Langfuse takes it (ASCII, at most 200 characters); others by their hash, instead of being lost."""
    if name is None or (name.isascii() and len(name) <= 200):
        return name
    return "sha256-" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
