"""The default answerer: no LLM, no word of its own. It says sentences, steps and rows of the passages, verbatim (`service.extract`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.core.types import Draft, Passage
from service.extract.answering import answer


class ExtractiveGenerator:
    """A Generator."""

    @property
    def fingerprint(self) -> str:
        """Name and version."""
        return "extractive-2"

    def stream(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Iterator[Draft]:
        """The answer's sentences as drafts with exact spans, each with the share of the evidence that the answer says."""
        yield from answer(question, passages)
