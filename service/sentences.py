"""A chunk's text in the units an answer is made of: sentences, list items, table rows, notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.core.types import BlockKind, Chunk, Part

_END = re.compile(r"(?<=[.!?])[\"'”’)]?\s+(?=[\"'“(\[]?[A-Z0-9À-ÖØ-Þ•])|(?<=[。！？；])")
_ABBREVIATION = re.compile(
    r"(?i)(?:\b(?:e\.g|i\.e|fig|figs|tab|no|nos|nr|ca|approx|max|min|typ|vs|resp|incl|sec|ref|eq|cf|etc|z\.b|bzw|ggf|[a-z])|\b\d{1,2})\.$"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters [start, end) of a chunk's text, within one part."""

    start: int
    end: int
    kind: BlockKind
    part: Part


def units(chunk: Chunk) -> Iterator[Unit]:
    """The chunk's units in order; headings and captions are units too, of their own kind."""
    for part in chunk.parts:
        if part.kind in ("paragraph", "notice") and part.exact:
            for start, end in sentence_spans(chunk.text[part.start : part.end]):
                yield Unit(part.start + start, part.start + end, part.kind, part)
        elif part.end > part.start:
            yield Unit(part.start, part.end, part.kind, part)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """[start, end) of each sentence, white space at the ends left out. A full stop after a known abbreviation, an initial or a
    step number does not end one."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text[start : match.start()]):
            continue
        spans.append((start, match.start() + len(match.group().rstrip())))
        start = match.end()
    spans.append((start, len(text.rstrip())))
    return [(first, last) for first, last in spans if last > first]
