"""The stages of one request: each is timed for the response and is a span of the tracer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.core.errors import DeadlineExceeded
from service.core.ports import Span, SpanKind, Tracer


class Stages:
    """Collects `timings_ms` (stage -> milliseconds) and `degraded`; knows the request's deadline (a time.monotonic() value)."""

    def __init__(self, tracer: Tracer, deadline: float) -> None:
        self._tracer = tracer
        self._deadline = deadline
        self._started = time.perf_counter()
        self.timings_ms: dict[str, float] = {}
        self.degraded: list[str] = []

    @contextmanager
    def stage(self, name: str, kind: SpanKind, **fields: Any) -> Iterator[Span]:
        """Run a stage. Raises DeadlineExceeded instead of starting one that is too late."""
        if self.left_s() <= 0:
            raise DeadlineExceeded(f"The time for this question ran out before the stage {name!r}.")
        started = time.perf_counter()
        try:
            with self._tracer.span(name, kind, **fields) as span:
                yield span
        finally:
            self.timings_ms[name] = self.timings_ms.get(name, 0.0) + (time.perf_counter() - started) * 1000

    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - time.monotonic()

    def finish(self) -> dict[str, float]:
        """All timings, rounded, with the total."""
        total = (time.perf_counter() - self._started) * 1000
        return {name: round(value, 2) for name, value in {**self.timings_ms, "total": total}.items()}
