"""Drafts in, text with markers and citations out. A marker exists only if it resolves to a verbatim quote on a page; what an
LLM marked [9] of six passages is removed and counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.core.text import analyze
from service.core.types import Box, Chunk, Citation, Draft, Passage, Span
from service.sentences import units

_MARKER = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the answer, markers included, with the citations it stands on. `added` and `score` are the draft's."""

    text: str
    citations: tuple[Citation, ...]
    added: str
    score: float | None


@dataclass(slots=True)
class Cited:
    """An answer under way: `citations` are numbered from 1 in order of appearance; `unknown_markers` counts markers that named
    no passage and were removed."""

    passages: Sequence[Passage]
    sentences: list[Sentence] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    unknown_markers: int = 0

    @property
    def text(self) -> str:
        """The answer, a line a sentence."""
        return "\n".join(sentence.text for sentence in self.sentences)

    def add(self, draft: Draft) -> Sentence:
        """Resolve one sentence's evidence, give it its markers and keep it."""
        plain, spans = draft.text.strip(), list(draft.evidence)
        if not spans:
            plain, spans = self._marked(plain)
        found: dict[int, Citation] = {}
        for span in spans:
            for made in self._cite(span):
                found.setdefault(made.marker, made)
        marks = "".join(f"[{marker}]" for marker in found)
        sentence = Sentence(f"{plain} {marks}" if marks else plain, tuple(found.values()), draft.added, draft.score)
        self.sentences.append(sentence)
        return sentence

    def _marked(self, text: str) -> tuple[str, list[Span]]:
        """Strip [n] markers and find, in each passage they name, the unit that shares most terms with the sentence."""
        numbers = [int(number) for group in _MARKER.findall(text) for number in re.findall(r"\d+", group)]
        plain = _MARKER.sub("", text).strip()
        spans = []
        for number in dict.fromkeys(numbers):
            if 1 <= number <= len(self.passages):
                spans.append(_closest(plain, number - 1, self.passages[number - 1].chunk))
            else:
                self.unknown_markers += 1
        return plain, spans

    def _cite(self, span: Span) -> list[Citation]:
        """The citations of a span, made once for the same quote on the same page."""
        passage = self.passages[span.passage]
        made = []
        for start, end, page in quotable(passage.chunk, span.start, span.end):
            quote = passage.chunk.text[start:end]
            known = next(
                (c for c in self.citations if (c.document_id, c.page, c.quote) == (passage.document.document_id, page, quote)), None
            )
            if known is None:
                known = citation(passage, start, end, page, len(self.citations) + 1)
                self.citations.append(known)
            made.append(known)
        return made


def citation(passage: Passage, start: int, end: int, page: int, marker: int) -> Citation:
    """The citation of characters [start, end) of a passage, all on one page."""
    document, chunk = passage.document, passage.chunk
    return Citation(
        marker=marker,
        document_id=document.document_id,
        file=document.file,
        title=document.title,
        revision=document.revision or None,
        page=page,
        page_label=document.page_label(page),
        section=chunk.section,
        quote=chunk.text[start:end],
        boxes=boxes(chunk, start, end),
        score=passage.score,
    )


def quotable(chunk: Chunk, start: int, end: int) -> list[tuple[int, int, int]]:
    """The pieces of [start, end) that stand in one run on one page, as (start, end, page): one a part, and one an exact cell or line where
    the part as a whole does not stand so in the page's text."""
    pieces: list[tuple[int, int, int]] = []
    for part in chunk.parts:
        first, last = max(start, part.start), min(end, part.end)
        if first >= last:
            continue
        if part.exact:
            pieces.append((first, last, part.page))
        else:
            inner = [item for item in part.cells or part.lines if item.exact and item.start < last and item.end > first]
            pieces += [(max(first, item.start), min(last, item.end), part.page) for item in inner]
    return [piece for piece in pieces if chunk.text[piece[0] : piece[1]].strip()]


def boxes(chunk: Chunk, start: int, end: int) -> tuple[Box, ...]:
    """Where [start, end) stands on its page: a box a line."""
    return tuple(line.box for part in chunk.parts for line in part.lines if line.start < end and line.end > start)


def _closest(sentence: str, passage: int, chunk: Chunk) -> Span:
    terms = set(analyze(sentence))

    def overlap(text: str) -> float:
        own = set(analyze(text))
        return len(own & terms) / (len(terms) ** 0.5 * len(own) ** 0.5) if own and terms else 0.0

    best = max(units(chunk), key=lambda unit: overlap(chunk.text[unit.start : unit.end]))
    return Span(passage, best.start, best.end)
