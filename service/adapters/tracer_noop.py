"""The tracer that reports nowhere: the default, and what a stage outside any trace gets from the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.core.ports import Span, SpanKind


class NoopSpan:
    """A span that forgets."""

    def update(self, **fields: Any) -> None:
        """Nothing."""


class NoopTracer:
    """A tracer that forgets."""

    @contextmanager
    def trace(self, name: str, *, trace_id: str, user_id: str | None = None, session_id: str | None = None) -> Iterator[Span]:
        """Nothing is kept."""
        yield NoopSpan()

    @contextmanager
    def span(self, name: str, kind: SpanKind, **fields: Any) -> Iterator[Span]:
        """Nothing is kept."""
        yield NoopSpan()

    def score(self, trace_id: str, name: str, value: float, comment: str | None = None) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""
