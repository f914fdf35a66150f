"""A text's terms and numbers, read once: the same chunks are candidates of one question after the other, and analysing them costs more than
all arithmetic on them. Keyed by the text itself, so that nothing has to be told when an index changes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache

from service.core.text import analyze, quantities

KEPT = 8192  # texts: some 60 MB of terms


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a text: each once, and in order, each between two blanks."""

    own: frozenset[str]
    run: str

    def holds_pair(self, first: str, second: str) -> bool:
        """The two terms are neighbours, in this order."""
        return f" {first} {second} " in self.run


@lru_cache(KEPT)
def terms_of(text: str) -> Terms:
    """A text as `core.text.analyze` reads it. Terms hold no blanks."""
    terms = [sys.intern(term) for term in analyze(text)]
    return Terms(frozenset(terms), f" {' '.join(terms)} ")


@lru_cache(KEPT)
def holds_quantity(text: str) -> bool:
    """A number with a unit stands in the text."""
    return bool(quantities(text))
