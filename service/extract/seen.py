"""A question and packed passages in, all the answerer sees of them out: pieces, their signals, their shares of the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from service.core.types import Passage
from service.extract.asked import Asked, asked, numbers
from service.extract.evidence import Linear, Matrix, shares
from service.extract.pieces import Piece, pieces
from service.extract.signals import Sight, sight
from service.quantities import states


@dataclass(frozen=True)
class Seen:
    """`pieces[i]` has the signals `sight.rows[i]`."""

    asked: Asked
    passages: tuple[Passage, ...]
    pieces: tuple[Piece, ...]
    sight: Sight

    @property
    def compared(self) -> bool:
        """Whether the passages carry their closeness to the question."""
        return any(passage.closeness is not None for passage in self.passages)

    @cached_property
    def n_words(self) -> Matrix:
        """(n,) words of each piece's reading."""
        return np.array([piece.n_words for piece in self.pieces], float)

    @cached_property
    def new_number(self) -> list[bool]:
        """Whether each piece states a number the question does not."""
        known = set(self.asked.numbers)
        return [any(number not in known for number in numbers(piece.reading)) for piece in self.pieces]

    @cached_property
    def states(self) -> list[frozenset[str]]:
        """Of the dimensions asked for, those each piece states a quantity of."""
        return [frozenset(name for name in self.asked.dimensions if states(piece.reading, name)) for piece in self.pieces]

    def page(self, at: int) -> tuple[str, int]:
        """The document and page a piece stands on."""
        piece = self.pieces[at]
        return self.passages[piece.at].document.document_id, piece.unit.part.page


@dataclass(frozen=True, slots=True)
class Judged:
    """`scores` (n,) of the pieces, and `shares` (n,) of the evidence, which sum to one."""

    scores: Matrix
    shares: Matrix


def seen(question: str, passages: Sequence[Passage]) -> Seen:
    """Everything but the judgement."""
    wanted, own = asked(question), tuple(pieces(passages))
    return Seen(wanted, tuple(passages), own, sight(wanted, own, passages))


def judged(view: Seen, first: Linear) -> Judged:
    """The pieces as a fitted model sees them."""
    scores = first.scores(view.sight.rows) if view.pieces else np.zeros(0)
    return Judged(scores, shares(scores))
