"""Passages in, the procedures in them out: each a run of steps with what stands between and before them, in order and whole.

A step is a list item, or a row of a table whose first column counts ("Step 3"). A run begins where a numbering begins (or a list), goes on
over notices, notes and code that stand between steps, and ends where the next numbering begins or steps stop. Where a section holds no
steps its prose is one run without steps. Must not know the question; which run answers is for the caller to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.core.types import Passage
from service.extract.pieces import Piece, whole_pieces
from service.pack import belongs

MAX_BETWEEN = 3  # pieces that are no steps between two steps of one run
LEAD_WORDS = 40  # a longer paragraph before the first step is no lead-in
_FIRST = re.compile(r"(?i)^\W*(?:(?:step|schritt)\s*)?(?:0*1|a|i)(?!\w)")
_NUMBERED = re.compile(r"(?i)^\W*(?:(?:step|schritt)\s*)?(?:\d{1,2}|[a-z]|[ivx]{1,4})(?!\w)")
_COUNTS = re.compile(r"(?i)^(?:step|no|nr|#|schritt|seq|sequence|item|order|步骤|序号)\b\.?")


@dataclass(frozen=True, slots=True)
class Run:
    """A procedure: its pieces in order (whole parts), and how many of them are steps."""

    pieces: tuple[Piece, ...]
    n_steps: int

    @property
    def n_words(self) -> int:
        return sum(piece.n_words for piece in self.pieces)

    def place_of(self, piece: Piece) -> int | None:
        """Where a piece (of any size) is said in it; None where it is not."""
        found = (place for place, own in enumerate(self.pieces) if own.at == piece.at and own.unit.part is piece.unit.part)
        return next(found, None)


def runs(passages: Sequence[Passage]) -> list[Run]:
    """The runs of two steps or more in passages that follow each other; the prose of sections that have none."""
    return [run for flow in _flows(passages) for run in _runs([piece for at in flow for piece in whole_pieces(at, passages[at])])]


def _flows(passages: Sequence[Passage]) -> Iterator[list[int]]:
    """Passages of one section or group that follow each other, as places in the sequence."""
    order = sorted(range(len(passages)), key=lambda at: (passages[at].chunk.document_id, passages[at].chunk.ordinal))
    flow: list[int] = []
    for at in order:
        last = passages[flow[-1]].chunk if flow else None
        chunk = passages[at].chunk
        if last is not None and not (last.document_id == chunk.document_id and chunk.ordinal == last.ordinal + 1 and belongs(last, chunk)):
            yield flow
            flow = []
        flow.append(at)
    if flow:
        yield flow


def _runs(flow: Sequence[Piece]) -> Iterator[Run]:
    steps = [place for place, piece in enumerate(flow) if is_step(piece)]
    begins = [
        place
        for before, place in zip([-MAX_BETWEEN - 2, *steps], steps, strict=False)
        if place - before > MAX_BETWEEN + 1 or _restarts(flow[before], flow[place])
    ]
    taken = 0
    for number, begin in enumerate(begins):
        limit = begins[number + 1] if number + 1 < len(begins) else len(flow)
        own = [place for place in steps if begin <= place < limit]
        if len(own) < 2:
            continue
        first = begin - 1 if begin > taken and _leads(flow[begin - 1]) else begin
        yield Run(tuple(flow[first : own[-1] + 1]), len(own))
        taken = own[-1] + 1
    prose = [piece for piece in flow if piece.unit.kind in ("paragraph", "notice", "code")]
    if not begins and prose:
        yield Run(tuple(prose), 0)


def is_step(piece: Piece) -> bool:
    """A list item, or a table row that counts."""
    if piece.unit.kind == "list_item":
        return True
    cells = piece.unit.part.cells
    return piece.unit.kind == "table_row" and bool(cells) and bool(_COUNTS.match(cells[0].head)) and piece.text[:1].isdigit()


def _restarts(before: Piece, step: Piece) -> bool:
    """A numbering begins anew on the same level, or on a higher one."""
    if step.unit.kind != before.unit.kind:
        return True
    marker, last = (_marker(piece) for piece in (step, before))
    return step.unit.part.depth <= before.unit.part.depth and bool(_FIRST.match(marker)) and bool(_NUMBERED.match(last)) and marker != last


def _marker(piece: Piece) -> str:
    return piece.unit.part.marker or piece.text[:6]


def _leads(piece: Piece) -> bool:
    return piece.unit.kind in ("paragraph", "notice") and piece.n_words <= LEAD_WORDS


def fitted(run: Run, room: int, worth: Sequence[float]) -> tuple[Piece, ...]:
    """The pieces of a run within `room` words: from its beginning, or from as late as it takes to hold the one of most `worth`."""
    target = max(range(len(worth)), key=lambda place: worth[place])
    first = 0
    while first < target and sum(piece.n_words for piece in run.pieces[first : target + 1]) > room:
        first += 1
    chosen: list[Piece] = []
    for piece in run.pieces[first:]:
        if chosen and sum(one.n_words for one in chosen) + piece.n_words > room:
            break
        chosen.append(piece)
    return tuple(chosen)
