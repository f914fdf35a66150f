"""The four calls the HTTP service makes into the rest, as one record, so that a test can hand in others.

`standard()` imports the real ones late: a service that has no models yet still answers /healthz at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from service.core.ports import Embedder, Index, Rag
from service.core.settings import Settings
from service.core.types import Answer, Citation, Filters

if TYPE_CHECKING:
    from service.answer import Question
    from service.retrieve import Retrieved


class Answerer(Protocol):
    """A question to an answer, in this thread. `deadline` is a `time.monotonic()` value."""

    def __call__(
        self,
        rag: Rag,
        question: Question,
        *,
        trace_id: str,
        deadline: float,
        on_sentence: Callable[[str], None] | None = None,
        on_citation: Callable[[Citation], None] | None = None,
    ) -> Answer: ...


class Retriever(Protocol):
    """A question to ranked passages, in this thread. `deadline` is a `time.monotonic()` value."""

    def __call__(self, rag: Rag, question: str, filters: Filters, k: int, *, deadline: float) -> Retrieved: ...


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`wire` loads models and the published index; `open_index` opens the index published now for models already loaded."""

    wire: Callable[[Settings], Rag]
    open_index: Callable[[Settings, Embedder], Index]
    answer: Answerer
    retrieve: Retriever


def standard() -> Pipeline:
    """The product's own."""
    from service.answer import answer
    from service.retrieve import retrieve
    from service.wire import open_index, wire

    return Pipeline(wire=wire, open_index=open_index, answer=answer, retrieve=retrieve)
