"""The documents of one build -> which are revisions of one another, and which of them is current.

In: the documents, the metadata stated for them, the headings of each. Out: the documents with `family`, `superseded_by` and the origins of
both. Two documents are revisions of one another where maker, product, kind and language agree (or the titles do) and their headings are
mostly the same; the newest is current where revision marks or dates say so without contradiction. A translation is no revision; a bulletin
that corrects one value of a manual does not replace the manual; what the owner states (`family`, `supersedes`) goes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ingest.metadata.dates import find_dates
from ingest.metadata.evidence import FILE_NAME, PDF_METADATA, squeeze
from ingest.metadata.resolve import CORPUS
from ingest.metadata.revision import revision_order
from service.core.text import fold
from service.core.types import Block, Document, Origin

SAME_HEADINGS = 0.6
MIN_HEADINGS = 3
_REVISION_MARK = re.compile(
    r"(?i)\(?\b(?:rev(?:ision)?|version|ver|ausgabe|v)\b[\s.:-]*[\w.]{1,8}\)?|\b(?:old|latest|early|late|new|alt|neu|draft|final)\b"
)
_BY_DATE_ONLY = 0.6
_PARTIAL = ("bulletin", "release_notes", "recall_report", "letter")
"""Kinds that correct a part of another document and never replace it."""


@dataclass(frozen=True, slots=True)
class Described:
    """A document, the metadata its owner stated (corrections included), and what its pages are about: the keys of its headings."""

    document: Document
    given: Mapping[str, Any]
    headings: frozenset[str]


def heading_keys(blocks: Sequence[Block]) -> frozenset[str]:
    """Headings without numbers and case; the texts of all blocks where there are hardly any."""
    keys = {squeeze(re.sub(r"\d+", "", block.text)) for block in blocks if block.kind == "heading"} - {""}
    return frozenset(keys if len(keys) >= MIN_HEADINGS else {squeeze(block.text) for block in blocks[:400]} - {""})


def with_families(described: Sequence[Described]) -> list[Document]:
    """The documents in the same order, related."""
    groups = _groups(described)
    documents = {item.document.document_id: item.document for item in described}
    for group in groups:
        if len(group) > 1:
            _relate([described[index] for index in group], documents)
    _stated(described, documents)
    return [_follow(documents[item.document.document_id], documents) for item in described]


def _groups(described: Sequence[Described]) -> list[list[int]]:
    """Indices of documents of one family, each document in one group."""
    groups: list[list[int]] = []
    for index, item in enumerate(described):
        home = next((group for group in groups if all(_same_family(described[other], item) for other in group)), None)
        if home is None:
            groups.append([index])
        else:
            home.append(index)
    return groups


def _same_family(a: Described, b: Described) -> bool:
    one, two = a.document, b.document
    if one.language and two.language and one.language != two.language:
        return False
    if one.family or two.family:
        return one.family == two.family
    if one.doc_type != two.doc_type or (one.manufacturer and two.manufacturer and squeeze(one.manufacturer) != squeeze(two.manufacturer)):
        return False
    if not _same_name(one, two) or _model_years(one.title) != _model_years(two.title):
        return False
    shared = len(a.headings & b.headings)
    fewer = min(len(a.headings), len(b.headings))
    return fewer >= MIN_HEADINGS and shared >= SAME_HEADINGS * fewer


def _same_name(one: Document, two: Document) -> bool:
    """The same products and kind, or one title with products that do not contradict."""
    left, right = {squeeze(name) for name in one.product}, {squeeze(name) for name in two.product}
    same_title = _bare_title(one.title) == _bare_title(two.title) != ""
    return (left == right and bool(left and one.doc_type)) or (same_title and (left <= right or right <= left))


def _model_years(title: str) -> set[str]:
    """Bare years of the title: the manuals of two model years are no revisions of one another."""
    return set(re.findall(r"\b(?:19|20)\d\d\b", _bare_title(title, squeezed=False)))


@lru_cache(maxsize=4096)
def _bare_title(title: str, *, squeezed: bool = True) -> str:
    """The title without revision marks and dates."""
    for item in reversed(find_dates(title)):
        title = title[: item.start] + title[item.end :]
    bare = _REVISION_MARK.sub(" ", fold(title))
    return squeeze(bare) if squeezed else bare


def _relate(group: Sequence[Described], documents: dict[str, Document]) -> None:
    """Name the family, and mark what the newest supersedes."""
    first = group[0].document
    name = first.family or "/".join(
        part for part in (_slug(first.manufacturer), *map(_slug, first.product[:1]), _slug(first.doc_type)) if part
    )
    name = name or _bare_title(first.title)
    for item in group:
        if not item.document.family:
            _add(documents, item.document.document_id, "family", name, "same product, kind and headings", 0.8)
    newest = next((item for item in group if all(_newer(item.document, other.document) > 0 for other in group if other is not item)), None)
    if newest is None:
        return
    for other in group:
        if other is not newest:
            confidence = _newer(newest.document, other.document)
            why = f"{_mark(newest.document)} after {_mark(other.document)}"
            _add(documents, other.document.document_id, "superseded_by", newest.document.document_id, why, confidence)


def _newer(a: Document, b: Document) -> float:
    """How sure it is that `a` came after `b`; 0 where nothing tells, or marks and dates contradict one another."""
    if a.doc_type != b.doc_type and a.doc_type in _PARTIAL:
        return 0.0
    left, right = revision_order(a.revision), revision_order(b.revision)
    by_mark = 0
    if left and right and left[0] == right[0]:
        by_mark = (left > right) - (left < right)
        if by_mark == 0 and a.revision:
            return 0.0  # the same revision twice
    weak = any(origin.field == "date" and origin.source in (PDF_METADATA, FILE_NAME) for document in (a, b) for origin in document.origins)
    length = min(len(a.date), len(b.date))
    by_date = (a.date[:length] > b.date[:length]) - (a.date[:length] < b.date[:length]) if length >= 4 else 0
    if by_mark > 0 and (by_date >= 0 or weak):
        return 0.95 if by_date > 0 else 0.85
    if by_mark == 0 and by_date > 0 and (not weak or not (a.revision or b.revision)):
        return _BY_DATE_ONLY if weak else 0.8
    return 0.0


def _stated(described: Sequence[Described], documents: dict[str, Document]) -> None:
    """`supersedes` of corpus.toml, unless its owner limits it to a part (`supersedes_scope`)."""
    for item in described:
        if item.given.get("supersedes_scope"):
            continue
        for wanted in item.document.supersedes:
            for other in described:
                old = other.document
                if old is not item.document and wanted in (old.file, old.document_id, *old.aliases):
                    _add(documents, old.document_id, "superseded_by", item.document.document_id, CORPUS, 0.99)


def _add(documents: dict[str, Document], document_id: str, field: str, value: str, source: str, confidence: float) -> None:
    document = documents[document_id]
    origins = tuple(origin for origin in document.origins if origin.field != field)
    documents[document_id] = replace(document, origins=(*origins, Origin(field, source, confidence)), **{field: value})  # type: ignore[arg-type]


def _follow(document: Document, documents: Mapping[str, Document]) -> Document:
    """Point at the end of a chain: C supersedes B supersedes A. What goes round in a circle supersedes nothing."""
    seen = [document.document_id]
    latest = document.superseded_by
    while latest and documents[latest].superseded_by and latest not in seen:
        seen.append(latest)
        latest = documents[latest].superseded_by
    return replace(document, superseded_by="" if latest in seen else latest)


def _slug(text: str) -> str:
    return re.sub(r"[\W_]+", "-", fold(text)).strip("-")


def _mark(document: Document) -> str:
    return f"revision {document.revision}" if document.revision else document.date or document.file
