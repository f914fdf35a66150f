"""Ranked passages in, the same passages out with near-duplicates of one another behind the rest: revisions, siblings, translations.

Of passages that say the same the one is kept, in the best place any of them had, that the reader should be shown: of the revision or
document asked for, else of the current revision, of the named product, in the question's language. Nothing is thrown away: the others
follow at the end.

Two revisions of one document say the same where most of their words do: what the newer one changed is the point of it. Documents of two
products only where each number is the same too. A translation goes behind where the original in the question's language is among the
passages with the same page or its neighbour.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.core.text import fold
from service.core.types import Document, Filters, Passage
from service.query.names import name_key, product_match
from service.query.record import Query

REVISED, ALIKE = 0.5, 0.8  # Jaccard similarity of shingles; dev is the same from .3 to .7 and .7 to .9 (eval/LOG.md)
SHINGLE = 3  # words
MOST = 60  # passages compared; those behind are left where they are

_WORD = re.compile(r"[^\W_]+(?:[.,][^\W_]+)*")
_REVISION = re.compile(
    r"\b(?:rev(?:ision)?|version|ver|edition|ausgabe)[\s.:]*([a-z0-9][\w.\-]*)|\bv\.?\s?(\d[\w.]*)|版本?\s*([\w.]+)", re.I
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Read:
    """What of a passage is compared."""

    document: Document
    page: int
    text: str
    numbers: frozenset[str]

    @property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        return _shingles(self.text)


def collapse(passages: Sequence[Passage], query: Query, filters: Filters | None = None) -> list[Passage]:
    """The passages, best first, near-duplicates behind; each once. Where revisions or documents are filtered for, they stay as they are."""
    if filters and ("revision" in filters or "document_id" in filters):
        return list(passages)
    head = passages[:MOST]
    asked = _asked_revisions(query.text)
    read = [_read(passage) for passage in head]
    first: list[int] = []  # place of the best-placed passage that says the same
    for at, one in enumerate(read):
        first.append(next((other for other in range(at) if first[other] == other and _same(read[other], one)), at))
    members: dict[int, list[int]] = {}
    for at, place in enumerate(first):
        members.setdefault(place, []).append(at)
    best = {max(own, key=lambda at: (*_preference(head[at], query, asked), -at)): place for place, own in members.items()}
    shown = sorted(best, key=best.__getitem__)
    originals = [read[at] for at in shown if read[at].document.language == (query.language or "en")]
    shown = [at for at in shown if not any(_translates(read[at], original) for original in originals)]
    behind = sorted(set(range(len(head))) - set(shown))
    return [*(head[at] for at in shown), *passages[MOST:], *(head[at] for at in behind)]


def _read(passage: Passage) -> _Read:
    return _Read(passage.document, passage.chunk.page_first, passage.chunk.text, _numbers(passage.chunk.text))


@lru_cache(4096)
def _numbers(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(fold(text)) if any(char.isdigit() for char in word))


@lru_cache(1024)
def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = [sys.intern(word) for word in _WORD.findall(fold(text))]
    return frozenset(zip(*(words[at:] for at in range(SHINGLE)), strict=False)) or frozenset([tuple(words)])


def _same(one: _Read, two: _Read) -> bool:
    if one.document.document_id == two.document.document_id or one.document.language != two.document.language:
        return False
    if _revisions(one.document, two.document):
        return _alike(one.shingles, two.shingles, REVISED)
    return one.numbers == two.numbers and _alike(one.shingles, two.shingles, ALIKE)


def _translates(one: _Read, original: _Read) -> bool:
    """`one` is the same page in another language: of the same kind of document about the same product, of the same revision and about as
    many pages."""
    a, b = one.document, original.document
    if a.language == b.language or abs(one.page - original.page) > 1 or a.doc_type != b.doc_type or a.revision != b.revision:
        return False
    products = {name_key(name) for name in a.product} & {name_key(name) for name in b.product}
    return bool(products) and 5 * abs(a.n_pages - b.n_pages) <= max(a.n_pages, b.n_pages)


def _alike(one: frozenset[object], two: frozenset[object], least: float) -> bool:
    """Their Jaccard similarity is `least` or more."""
    if min(len(one), len(two)) < least * max(len(one), len(two)):
        return False
    n_common = len(one & two)
    return n_common > 0 and n_common >= least * (len(one) + len(two) - n_common)


def _revisions(one: Document, two: Document) -> bool:
    """One of them supersedes the other."""
    return (
        one.superseded_by == two.document_id
        or two.superseded_by == one.document_id
        or bool(one.superseded_by and one.superseded_by == two.superseded_by)
    )


def _asked_revisions(text: str) -> frozenset[str]:
    return frozenset(fold("".join(found)).rstrip(".") for found in _REVISION.findall(text))


def _preference(passage: Passage, query: Query, asked: frozenset[str]) -> tuple[bool, bool, float]:
    """What speaks for showing this one of several: asked for by its revision or file, current, the named product's."""
    document = passage.document
    wanted = (fold(document.revision) in asked if document.revision else False) or document.file.casefold() in query.text.casefold()
    return wanted, not document.superseded_by, product_match(document, query)
