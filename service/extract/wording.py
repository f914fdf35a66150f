"""A piece in, what is said of it out: its own words, and those of the head rows, sub-heads and lead-in it stands under, each with the place
it is quoted from. Joining words are punctuation only.

A row is said as a sentence ("Power terminal screws M8: Torque 7 Nm") where every number of that sentence stands in what is quoted; else
with its cells as they stand. Must not know the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.cite import quotable
from service.core.codes import find_codes
from service.core.table_text import is_unit
from service.core.text import analyze, fold
from service.core.types import Part, Passage, Span
from service.extract.pieces import Piece
from service.measures import lone_units, measures

_BRACKETED = re.compile(r"\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?=:|$)")


@dataclass(frozen=True, slots=True)
class Said:
    """`text` is one line; `spans` prove it; `added` are the words of it that no span holds."""

    text: str
    spans: tuple[Span, ...]
    added: str = ""


def said(piece: Piece, passage: Passage) -> Said:
    """A piece by itself."""
    if piece.unit.kind == "table_row":
        return _row(piece, passage)
    return Said(_verbatim(piece, passage), (Span(piece.at, piece.unit.start, piece.unit.end),))


def _verbatim(piece: Piece, passage: Passage) -> str:
    """The words of a piece that can be quoted, on one line."""
    text = passage.chunk.text
    if piece.unit.part.exact:
        return piece.text
    return " ".join(" ".join(text[start:end] for start, end, _ in quotable(passage.chunk, piece.unit.start, piece.unit.end)).split())


def _row(piece: Piece, passage: Passage) -> Said:
    chunk = passage.chunk
    if not piece.unit.part.statement:
        return _cells_of(piece, passage)
    own = [(piece.unit.start, piece.unit.end), *((piece.before,) if piece.before else ())]
    places = [*own, *((head.start, head.end) for head in piece.heads)]
    held = None
    for reading in dict.fromkeys((piece.reading, _BRACKETED.sub("", piece.reading, count=1))):
        proofs = [*places, *_proofs(reading, piece, passage, places)]
        quotes = [chunk.text[first:last] for start, end in proofs for first, last, _ in quotable(chunk, start, end)]
        if quotes and _proved(reading, quotes):
            added = _missing(reading, quotes)
            told = Said(reading, tuple(Span(piece.at, start, end) for start, end in proofs), added)
            if not added:
                return told
            held = told  # a caption that stands in no quote is left out
    return held or _cells_of(piece, passage)


def _proved(reading: str, quotes: Sequence[str]) -> bool:
    """Every number stands in a quote with its unit, or bare in one and the unit alone in one; and every code stands in one."""
    standing = {measure for quote in quotes for measure in measures(quote)}
    numbers = {measure.number for measure in standing}
    bare = {measure.number for measure in standing if not measure.unit}
    alone = frozenset[str]().union(*(lone_units(quote) for quote in quotes))
    for measure in measures(reading):
        apart = measure.unit in alone and measure.number in bare
        if measure.number not in numbers or (measure.unit and measure not in standing and not apart):
            return False
    folded = fold("\n".join(quotes))
    return all(fold(reading[code.start : code.end]) in folded for code in find_codes(reading))


def _proofs(reading: str, piece: Piece, passage: Passage, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Further places that words of a row's sentence come from: a unit's own cell, where its number stands apart from it; the sub-head or
    spanning cell above that names the subject; the caption."""
    chunk, part = passage.chunk, piece.unit.part
    if set(measures(reading)) - set(measures(chunk.text[part.start : part.end])):
        yield from ((cell.start, cell.end) for cell in part.cells if cell.end > cell.start and is_unit(chunk.text[cell.start : cell.end]))
    wanted = set(analyze(reading))
    missing = wanted - {term for start, end in places for term in analyze(chunk.text[start:end])}
    for above in reversed([other for other in chunk.parts if other.end <= part.start]):
        if not missing:
            return
        for start, end in _runs(above):
            terms = set(analyze(chunk.text[start:end]))
            if terms and terms <= wanted and terms & missing and quotable(chunk, start, end):
                missing -= terms
                yield start, end


def _runs(part: Part) -> list[tuple[int, int]]:
    return [(part.start, part.end), *((cell.start, cell.end) for cell in part.cells if cell.end > cell.start)]


def _missing(reading: str, quotes: Sequence[str]) -> str:
    held = {term for quote in quotes for term in analyze(quote)}
    return " ".join(word for word in reading.split() if set(analyze(word)) - held)


def _cells_of(piece: Piece, passage: Passage) -> Said:
    """A row's cells as they stand, each with its column's head; a head that states a quantity ("at 25 °C") only where it is quoted."""
    chunk, part = passage.chunk, piece.unit.part
    filled = [(cell.start, cell.end) for cell in part.cells if cell.end > cell.start] or [(part.start, part.end)]
    told, names = [], []
    for start, end in filled if part.exact else [(start, end) for start, end, _ in quotable(chunk, part.start, part.end)]:
        head = next((cell.head for cell in part.cells if (cell.start, cell.end) == (start, end)), "")
        if not piece.heads and any(measures(head)):
            head = ""
        names.append(head)
        told.append(f"{head}: {chunk.text[start:end]}" if head else chunk.text[start:end])
    text = " ".join(("; " if any(names) else " ").join(told).split())
    heads = tuple(Span(piece.at, head.start, head.end) for head in piece.heads) if any(names) else ()
    return Said(text, (Span(piece.at, part.start, part.end), *heads), " ".join(filter(None, names)))
