"""Traces to a file, a line of JSON each, for people without a tracing server.

A trace is one line with its spans nested by `parent`; a score is a line of its own. Lines are written by a thread behind a bounded
queue: when the disk is slower than the questions, lines are lost and counted, requests are not held up. The file is rotated at
50 MiB (`traces.jsonl` -> `traces.jsonl.1`) and readable by its owner only.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from service.adapters.trace_fields import error_text, plain, reportable
from service.adapters.tracer_noop import NoopSpan
from service.core.ports import Span, SpanKind

ROTATE_BYTES = 50 << 20
QUEUE_LINES = 1000
CLOSE_S = 3.0

log = logging.getLogger("evdocs.trace")


@dataclass(slots=True)
class _Trace:
    """A trace being written: its line so far and the moment it began."""

    line: dict[str, Any]
    began: float
    spans: list[dict[str, Any]] = field(default_factory=list)


class _LineSpan:
    """A span whose fields go into its dictionary until it ends."""

    def __init__(self, trace: _Trace, line: dict[str, Any], number: int, content: bool) -> None:
        self.trace, self.line, self.number = trace, line, number
        self._content = content
        self._began = time.perf_counter()
        self._open = True

    def update(self, **fields: Any) -> None:
        """Add fields; after the end they are dropped."""
        if self._open:
            self.line.update(reportable(fields, content=self._content))

    def end(self, error: BaseException | None) -> None:
        """Set the duration and what went wrong."""
        self._open = False
        self.line["ms"] = round((time.perf_counter() - self._began) * 1000, 3)
        if error is not None:
            self.line["error"] = error_text(error, content=self._content)


class JsonLinesTracer:
    """Writes to `path`; `content` says whether questions, answers and user names are written as well."""

    def __init__(self, path: Path, *, content: bool = True, rotate_bytes: int = ROTATE_BYTES) -> None:
        self._path = path
        self._content = content
        self._rotate_bytes = rotate_bytes
        self._current: ContextVar[_LineSpan | None] = ContextVar("evdocs-span", default=None)
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(QUEUE_LINES)
        self._closed = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._write, name="evdocs-traces", daemon=True)
        self._thread.start()

    @contextmanager
    def trace(self, name: str, *, trace_id: str, user_id: str | None = None, session_id: str | None = None) -> Iterator[Span]:
        """One line, written when the block ends."""
        line: dict[str, Any] = {
            "type": "trace",
            "trace_id": trace_id,
            "name": name,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        if self._content:
            line |= {"user_id": user_id, "session_id": session_id}
        trace = _Trace(line, time.perf_counter())
        line["spans"] = trace.spans
        with self._opened(_LineSpan(trace, line, 0, self._content)) as span:
            yield span

    @contextmanager
    def span(self, name: str, kind: SpanKind, **fields: Any) -> Iterator[Span]:
        """A stage of the trace open in this context; outside of one it is not kept."""
        parent = self._current.get()
        if parent is None:
            yield NoopSpan()
            return
        trace = parent.trace
        number = len(trace.spans) + 1
        start_ms = round((time.perf_counter() - trace.began) * 1000, 3)
        line: dict[str, Any] = {"id": number, "parent": parent.number, "name": name, "kind": kind, "start_ms": start_ms}
        trace.spans.append(line)
        span = _LineSpan(trace, line, number, self._content)
        span.update(**fields)
        with self._opened(span):
            yield span

    def score(self, trace_id: str, name: str, value: float, comment: str | None = None) -> None:
        """A line of its own, to be joined by trace id."""
        line = {"type": "score", "trace_id": trace_id, "name": name, "value": plain(float(value))}
        self._emit(line | ({"comment": plain(comment)} if self._content and comment else {}))

    def close(self) -> None:
        """Write what is queued, within 3 s."""
        if self._closed:
            return
        self._closed = True
        try:
            self._lines.put(None, timeout=CLOSE_S / 2)
        except queue.Full:
            log.warning("traces: the file is too slow, %d lines are lost", self._lines.qsize())
            return
        self._thread.join(CLOSE_S / 2)

    @contextmanager
    def _opened(self, span: _LineSpan) -> Iterator[_LineSpan]:
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
            if span.number == 0:
                self._emit(span.line)

    def _emit(self, line: dict[str, Any]) -> None:
        try:
            if not self._closed:
                self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def _write(self) -> None:
        stream: BinaryIO | None = None
        while (line := self._lines.get()) is not None:
            try:
                stream = stream or self._open_file()
                stream.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n")
                if self._lines.empty():
                    stream.flush()
                if stream.tell() >= self._rotate_bytes:
                    stream.close()
                    stream = None
                    os.replace(self._path, self._path.with_name(self._path.name + ".1"))
            except OSError as error:
                self.dropped += 1
                stream = None
                log.warning("traces: %s cannot be written: %s", self._path.name, error.strerror)
        if stream is not None:
            stream.close()

    def _open_file(self) -> BinaryIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return open(self._path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))
