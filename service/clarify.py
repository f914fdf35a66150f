"""Ranked passages in, the products to choose from out, where the question leaves open which one is meant.

Rare on purpose: only where the best passages of two products of one kind each hold everything the question names, state the quantity it
asks for, and give other values. A question that names a product, a code or a document is never asked back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.conflicts import Claim, claim_of
from service.core.types import Document, Passage
from service.quantities import COUNT, states
from service.sentences import units
from service.specificity import Needs

READ = 4
MAX_CHOICES = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A product that may be meant, and the passage that answers for it."""

    product: str
    passage: Passage


def choices(wanted: Needs, passages: Sequence[Passage]) -> tuple[Choice, ...]:
    """Two or more products to choose from, best first; none where one answer will do."""
    if wanted.designators or not wanted.quantities or COUNT in wanted.quantities or len(wanted.subjects) < 2:
        return ()
    found: list[tuple[Choice, Claim]] = []
    for passage in passages[:READ]:
        claim = _answering(wanted, passage)
        if claim and passage.document.product and all(_apart(passage.document, other.passage.document) for other, _ in found):
            found.append((Choice(" / ".join(passage.document.product[:2]), passage), claim))
    if len(found) < 2:
        return ()
    kinds = {passage.document.doc_type for passage in (choice.passage for choice, _ in found)}
    differ = len({claim.values for _, claim in found}) == len(found)
    return tuple(choice for choice, _ in found[:MAX_CHOICES]) if differ and len(kinds) == 1 else ()


def _answering(wanted: Needs, passage: Passage) -> Claim | None:
    """What the first place of a passage says that holds all that is named and one value of what is asked for."""
    for unit in units(passage.chunk):
        text = passage.chunk.text[unit.start : unit.end]
        claim = claim_of(f"{text} {unit.part.statement}", wanted)
        if claim.answers and claim.values and all(states(text, quantity) for quantity in wanted.quantities):
            return claim
    return None


def _apart(a: Document, b: Document) -> bool:
    """Manuals of two products, none of which is a variant in the other's."""
    return not set(a.product) & set(b.product) and a.language == b.language
