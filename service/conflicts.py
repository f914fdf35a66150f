"""A settled answer and the passages it was made from in, what other documents say against it out.

Two places conflict when they say the same of the same thing with another number: documents about the same product, the same unit, one value
each, and the same thing. That is known in two ways: most of their words are common, all other numbers and designators equal; or
both hold everything the question names, and no designator of one is another in the other. Careful on purpose: a false alarm costs trust.
What a bulletin corrects is such a pair too: then both are told, the correction first (`revisions.corrections_first`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.cite import Cited, quotable
from service.common_words import COMMON
from service.core.codes import find_codes
from service.core.text import analyze
from service.core.types import Chunk, Document, Draft, Span
from service.measures import Measure, measures
from service.sentences import Unit, units
from service.specificity import Needs, designators_in, stem

SAME, ALIKE = 0.75, 0.3
"""Share of the words of both that are common: by itself, and where both hold all that the question names."""
MIN_COMMON = 2
MAX_TOLD = 2
SAID = "Another document states otherwise:"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a place says: its words (stems), the values it gives, every other number and code in it, and whether it holds all that the
    question names."""

    words: frozenset[str]
    values: frozenset[Measure]
    names: frozenset[str]
    answers: bool = False


def add_conflicts(cited: Cited, wanted: Needs) -> int:
    """Append, to the answer, what other documents among its passages state against its values, each with its citation; how many."""
    documents = {passage.document.document_id: passage.document for passage in cited.passages}
    ours = [
        (claim, documents[item.document_id])
        for sentence in cited.sentences
        for item in sentence.citations
        if item.document_id in documents and (claim := claim_of(item.quote, wanted)).values
    ]
    told: dict[str, Draft] = {}
    for at, passage in enumerate(cited.passages):
        against = [claim for claim, own in ours if comparable(own, passage.document)]
        for unit, text in _texts(passage.chunk) if against else ():
            if len(told) < MAX_TOLD and text not in told and any(disagree(claim, claim_of(text, wanted)) for claim in against):
                told[text] = Draft(f"{SAID} {text}", (Span(at, unit.start, unit.end),), added=SAID)
    for draft in told.values():
        cited.add(draft)
    return len(told)


def comparable(a: Document, b: Document) -> bool:
    """Whether two documents speak of one product in one language, and neither is an older revision of anything."""
    return (
        a.document_id != b.document_id
        and not a.superseded_by
        and not b.superseded_by
        and bool(set(a.product) & set(b.product))
        and (not a.language or not b.language or a.language == b.language)
    )


def claim_of(text: str, wanted: Needs) -> Claim:
    """What a text says."""
    found = list(measures(text))
    codes = {code.key for code in find_codes(text)}
    plain = frozenset(stem(term) for term in analyze(text) if term not in COMMON and not any(char.isdigit() for char in term))
    names = designators_in(text) | codes | {m.number for m in found if not m.unit}
    complete = len(wanted.names) >= MIN_COMMON and len(wanted.met(text)) == len(wanted.names)
    return Claim(plain, frozenset(m for m in found if m.unit), names, complete)


def disagree(a: Claim, b: Claim) -> bool:
    """Whether two places say the same of the same thing, but for one value."""
    common, all_words = len(a.words & b.words), len(a.words | b.words)
    only_a, only_b = a.values - b.values, b.values - a.values
    if len(only_a) != 1 or len(only_b) != 1 or next(iter(only_a)).unit != next(iter(only_b)).unit:
        return False
    if common >= MIN_COMMON and common >= SAME * all_words and a.names == b.names:
        return True
    apart = bool(a.names - b.names) and bool(b.names - a.names)
    return a.answers and b.answers and not apart and common >= ALIKE * all_words


def _texts(chunk: Chunk) -> Iterator[tuple[Unit, str]]:
    """The sentences and rows of a chunk that can be quoted, with their text."""
    for unit in units(chunk):
        if unit.kind not in ("heading", "figure", "table") and quotable(chunk, unit.start, unit.end):
            yield unit, " ".join(chunk.text[unit.start : unit.end].split())
