"""A gold item and what the answerer sees in, which pieces are evidence out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from eval.items import GoldItem
from eval.matching import mentions
from service.core.text import quote_key
from service.extract.seen import Seen

SHORTEST = 6  # characters; a shorter text stands in a quote by chance
OVERLAP = 0.6  # of the shorter of both: a quote and a piece that were cut differently
LONG = 24  # characters from which an overlap counts


@dataclass(frozen=True, slots=True)
class Labels:
    """`right` (n,): the piece is of the evidence. `facts` (n, facts of the item): it holds the fact, on a page of the evidence."""

    right: NDArray[np.bool_]
    facts: NDArray[np.bool_]

    def adds(self, at: int, taken: Sequence[int]) -> bool:
        """Whether a piece holds what those taken lack: a fact, or, where none are labelled, evidence."""
        if not self.facts.shape[1]:
            return bool(self.right[at])
        return bool((self.facts[at] & ~self.facts[list(taken)].any(axis=0)).any())


def labels_of(item: GoldItem, view: Seen) -> Labels:
    """The labels of all pieces."""
    quotes = [quote_key(quote) for quote in item.quotes]
    on_page = [
        any(place.holds(view.passages[piece.at].document.file, page, page) for place in (*item.evidence, *item.also))
        for piece in view.pieces
        for page in (piece.unit.part.page,)
    ]
    right = [
        good and any(_same(quote_key(piece.text), quote) for quote in quotes) for piece, good in zip(view.pieces, on_page, strict=True)
    ]
    facts = [
        [good and mentions(f"{piece.text}\n{piece.reading}", spellings) for spellings in item.facts]
        for piece, good in zip(view.pieces, on_page, strict=True)
    ]
    return Labels(np.array(right, bool), np.array(facts, bool).reshape(len(view.pieces), len(item.facts)))


def _same(piece: str, quote: str) -> bool:
    if (len(piece) >= SHORTEST and piece in quote) or (len(quote) >= SHORTEST and quote in piece):
        return True
    if len(piece) <= LONG:
        return False
    common = SequenceMatcher(None, piece, quote, autojunk=False).find_longest_match(0, len(piece), 0, len(quote))
    return common.size >= OVERLAP * min(len(piece), len(quote))
