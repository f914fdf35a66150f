"""Who a question is about in, whose evidence may answer it out: a named product is not answered from another's manual.

`Named` is what `service/query` finds in a question: which documents are the product's, and which are surely about others. Passages of
these others are dropped while the product's own, or neutral ones, are there; where only others' are, nothing is left and the refusal says
whose manual speaks of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.core.types import Passage


class Named(Protocol):
    """A product the question names (`service.query.record.NamedProduct`)."""

    @property
    def name(self) -> str:
        """As written."""

    @property
    def documents(self) -> Mapping[str, float]:
        """Document id -> how surely it is this product's."""

    @property
    def siblings(self) -> frozenset[str]:
        """Documents that are about other products only."""


@dataclass(frozen=True, slots=True)
class Applicable:
    """`passages` that may answer; `foreign` are those about other products than the `asked` ones."""

    passages: tuple[Passage, ...]
    foreign: tuple[Passage, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def only_foreign(self) -> str:
        """What the reader is told where only other products' documents were found; "" else."""
        if self.passages or not self.foreign:
            return ""
        others = list(dict.fromkeys(_about(passage) for passage in self.foreign[:3]))
        return f"No document on {' or '.join(self.asked)} answers this. The nearest passages are about {', '.join(others)}."


def applicable(passages: Sequence[Passage], products: Sequence[Named]) -> Applicable:
    """Passages split by whether they are about what the question names. Without a product, or where one is named that nothing is known of,
    all apply. A question that names two products keeps what is about either."""
    told = [product for product in products if product.documents]
    if not told:
        return Applicable(tuple(passages))
    theirs = frozenset().union(*(frozenset(product.documents) for product in told))
    others = frozenset(told[0].siblings).intersection(*(product.siblings for product in told)) - theirs
    kept = tuple(passage for passage in passages if passage.document.document_id not in others)
    foreign = tuple(passage for passage in passages if passage.document.document_id in others)
    return Applicable(kept, foreign, tuple(dict.fromkeys(product.name for product in told)))


def _about(passage: Passage) -> str:
    return " / ".join(passage.document.product[:3]) or passage.document.title
