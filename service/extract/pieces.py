"""Passages in, what an answer can be made of out: sentences, steps, rows, notices, each with what stands around it.

A *piece* is a unit of a passage's text that can be quoted. Headings, captions, labels of drawings and head rows are no pieces: they say
what the pieces below them are about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from service.cite import quotable
from service.core.types import Cell, Part, Passage
from service.sentences import Unit, sentence_spans, units

LONG_ITEM = 25  # words; a longer list item is read sentence by sentence, and so is a longer cell of a row
_CAPTION = re.compile(r"(?i)(?:table|figure|fig|tab|abb|tabelle|abbildung)\.? ?[\dA-Z][\d.\-A-Z]*\b[^.!?]*$|[图表] ?\d")
_LABEL = re.compile(r"\s*\((?:(?i:table|tab\.?|tabelle|tableau|tabla|tabella)\s*[A-Z]?\d[\w.\-–]*|表\s*\d[\d.\-–]*)\)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit of `passages[at]`. `place` counts the passage's pieces from 0. `lead` is the piece that introduces it and ends in a colon,
    `heading` the heading above it in the passage, `heads` its table's head rows there. `text` is verbatim on one line; `reading` is what
    it says by itself: a row with its subject and column heads, else the text. Of a row with a long cell, each sentence of that cell is
    a piece; `before` is what stands in the row before it."""

    at: int
    place: int
    unit: Unit
    text: str
    reading: str
    lead: Unit | None = None
    heading: Part | None = None
    heads: tuple[Part, ...] = ()
    before: tuple[int, int] | None = None

    @property
    def n_words(self) -> int:
        return len(self.reading.split())


def pieces(passages: Sequence[Passage]) -> list[Piece]:
    """The pieces of all passages, in order."""
    return [piece for at, passage in enumerate(passages) for piece in _pieces(at, passage, split(passage))]


def whole_pieces(at: int, passage: Passage) -> list[Piece]:
    """The parts of one passage, each as one piece: whole steps, whole paragraphs."""
    parts = passage.chunk.parts
    return list(_pieces(at, passage, (Unit(part.start, part.end, part.kind, part) for part in parts if part.end > part.start)))


def _pieces(at: int, passage: Passage, own_units: Iterable[Unit]) -> Iterator[Piece]:
    text, heading, lead, place = passage.chunk.text, None, None, 0
    heads = tuple(part for part in passage.chunk.parts if part.kind == "table" and quotable(passage.chunk, part.start, part.end))
    for unit in own_units:
        own = " ".join(text[unit.start : unit.end].split())
        if unit.kind == "heading":
            heading, lead = unit.part, None
        elif unit.kind in ("table", "figure") or (unit.kind == "paragraph" and _CAPTION.match(own)):
            continue
        elif unit.part.exact or quotable(passage.chunk, unit.start, unit.end):
            told, before = _reading(unit, text)
            yield Piece(at, place, unit, own, told, lead, heading, heads if unit.kind == "table_row" else (), before)
            place += 1
            introduces = own.endswith((":", "：")) and unit.kind in ("paragraph", "list_item", "notice")
            lead = unit if introduces else lead if unit.kind in ("list_item", "table_row", "code") else None


def _reading(unit: Unit, text: str) -> tuple[str, tuple[int, int] | None]:
    """What a unit says by itself, and what of its row stands before it."""
    own, part = " ".join(text[unit.start : unit.end].split()), unit.part
    statement = _LABEL.sub("", part.statement, count=1)
    if not statement or (unit.start, unit.end) == (part.start, part.end):
        return statement or own, None
    cell = next(cell for cell in part.cells if cell.start <= unit.start < cell.end)
    before = (part.start, part.start + len(text[part.start : cell.start].rstrip()))
    return statement.replace(_told(text, cell), own.rstrip(".")), before if before[1] > before[0] else None


def _told(text: str, cell: Cell) -> str:
    """A cell's text as its row's statement has it."""
    return " ".join(text[cell.start : cell.end].split()).rstrip(".")


def split(passage: Passage) -> Iterator[Unit]:
    """The units of a passage, long list items and long cells sentence by sentence."""
    text = passage.chunk.text
    for unit in units(passage.chunk):
        start, end = unit.start, unit.end
        if unit.kind == "table_row" and unit.part.exact and unit.part.statement:
            longest = max(unit.part.cells, key=lambda cell: cell.end - cell.start, default=None)
            if longest is not None and _told(text, longest) in unit.part.statement:
                start, end = longest.start, longest.end
        if unit.kind in ("list_item", "table_row") and unit.part.exact and len(text[start:end].split()) > LONG_ITEM:
            spans = sentence_spans(text[start:end])
            if len(spans) > 1:
                yield from (replace(unit, start=start + first, end=start + last) for first, last in spans)
                continue
        yield unit
