"""Chosen pieces in, the sentences of the answer out: in reading order within a passage, what belongs together on one line, and each line
with its subject.

Sentences that follow each other are one line and one quote; rows of one subject say it once; a lead-in stands before the first of what it
introduces. A line that starts with a word for something said before ("It", "Otherwise") gets that sentence too, and a bare fragment the
heading it stands under. Nothing is said twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from service.cite import quotable
from service.core.text import analyze
from service.core.types import Draft, Passage, Span
from service.extract.pieces import Piece
from service.extract.wording import Said, said

LEAD_WORDS = 25  # a longer lead-in is not repeated before what it introduces
BACK_WORDS = 30  # a longer sentence is not repeated for the word that points back to it
FRAGMENT_WORDS = 8  # a shorter text without a full stop says too little by itself
_POINTS_BACK = re.compile(
    r"(?:It|They|This|These|Those|Its|Their|Otherwise|However|Then|Therefore|Thus|Such|In this case|In that case|If so|If not|"
    r"The same|Both)\b"
)
_FULL_STOP = re.compile(r"[.!?。！？][\"”’)]?$")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the answer under way: the pieces it says, in order."""

    pieces: tuple[Piece, ...]
    said: Said


def composed(
    chosen: Sequence[Piece], passages: Sequence[Passage], all_pieces: Mapping[tuple[int, int], Piece], score: float
) -> Iterator[Draft]:
    """The drafts of an answer. `chosen` has the best piece first; `all_pieces` are those of the passages by (passage, place)."""
    told: dict[str, Said] = {}
    for at in dict.fromkeys(piece.at for piece in chosen):
        own = sorted((piece for piece in chosen if piece.at == at), key=lambda piece: piece.place)
        for line in _lines(own, passages[at], all_pieces):
            told.setdefault(f"{' '.join(analyze(line.said.text))} ", line.said)
    for key, line_said in told.items():
        if not any(other != key and other.startswith(key) for other in told):  # the title of a row, where the row names it too
            yield Draft(line_said.text, line_said.spans, line_said.added, score)


def _lines(own: Sequence[Piece], passage: Passage, all_pieces: Mapping[tuple[int, int], Piece]) -> Iterator[Line]:
    held: Line | None = None
    for piece in own:
        here = Line((piece,), said(piece, passage))
        joined = _joined(held, here, passage) if held else None
        if joined is None:
            if held:
                yield held
            led = held is not None and piece.lead is not None and held.pieces[-1].lead is piece.lead
            joined = here if led else _with_subject(here, passage, all_pieces)
        held = joined
    if held:
        yield held


def _joined(held: Line, here: Line, passage: Passage) -> Line | None:
    """Both as one line; None where they are two."""
    last, piece = held.pieces[-1], here.pieces[0]
    pieces = (*held.pieces, piece)
    if piece.unit.part is last.unit.part and piece.unit.kind != "table_row" and piece.place == last.place + 1:
        spans = (*held.said.spans[:-1], replace(held.said.spans[-1], end=piece.unit.end))
        return Line(pieces, Said(f"{held.said.text} {here.said.text}", spans, held.said.added))
    if piece.unit.kind == "table_row" and piece.unit.part is last.unit.part and last.text.rstrip(".") in held.said.text:
        both = f"{last.text.rstrip('.')}. {piece.text.rstrip('.')}"  # two sentences of one long cell
        spans = tuple(dict.fromkeys((*held.said.spans, *here.said.spans)))
        return Line(pieces, Said(held.said.text.replace(last.text.rstrip("."), both, 1), spans, held.said.added))
    if piece.unit.part.statement and last.unit.part.statement:
        start = _common_start(held.said.text, here.said.text)
        if start:
            spans = tuple(dict.fromkeys((*held.said.spans, *here.said.spans)))
            text = f"{held.said.text.rstrip('.;')}; {here.said.text[start:]}"
            return Line(pieces, Said(text, spans, " ".join(filter(None, (held.said.added, here.said.added)))))
    return None


def _common_start(held: str, here: str) -> int:
    """Where the second text goes on after the subject both share; 0 where they share none."""
    colon = here.find(": ")
    subject = here[: colon + 2] if colon > 0 else ""
    if subject and held.startswith(subject):
        return len(subject)
    comma = here.rfind(", ", 0, colon) if colon > 0 else -1
    return comma + 2 if comma > 0 and held.startswith(here[:comma]) else 0


def _with_subject(line: Line, passage: Passage, all_pieces: Mapping[tuple[int, int], Piece]) -> Line:
    """The line with what tells its reader what it is about, where its own words do not."""
    piece, text = line.pieces[0], passage.chunk.text
    if piece.unit.kind == "table_row":
        return line
    if piece.lead is not None and len(text[piece.lead.start : piece.lead.end].split()) <= LEAD_WORDS:
        return _after(piece.lead.start, piece.lead.end, line, passage, "")
    back = all_pieces.get((piece.at, piece.place - 1))
    if _POINTS_BACK.match(line.said.text) and back is not None and back.unit.part is piece.unit.part and back.n_words <= BACK_WORDS:
        return _after(back.unit.start, back.unit.end, line, passage, "")
    bare = piece.n_words < FRAGMENT_WORDS and not _FULL_STOP.search(piece.text)
    if (bare or _POINTS_BACK.match(line.said.text)) and piece.heading is not None:
        return _after(piece.heading.start, piece.heading.end, line, passage, ":")
    return line


def _after(start: int, end: int, line: Line, passage: Passage, joint: str) -> Line:
    """The line behind other words of its passage."""
    if not quotable(passage.chunk, start, end):
        return line
    before = " ".join(passage.chunk.text[start:end].split()).rstrip(joint or None)
    at = line.pieces[0].at
    return Line(line.pieces, Said(f"{before}{joint} {line.said.text}", (Span(at, start, end), *line.said.spans), line.said.added))
