"""Ranked passages in, those that may be answered from out: older revisions only on request, corrections before what they correct.

A document that a newer revision supersedes is no evidence unless the question or its filters ask for it; then its sentences say where they
come from. Which document supersedes which was found at ingest (`Document.superseded_by`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from service.cite import Cited
from service.core.text import fold
from service.core.types import Document, Filters, Passage
from service.specificity import READ, Needs, missing

CORRECTING = ("bulletin",)
"""Kinds of document that correct others; errata are bulletins (`ingest/metadata/doc_type.py`)."""
CLOSE = 0.05
"""How much more, as a share, a correction may lack of what the question names than the best passage does."""
_OLDER = re.compile(
    r"\b(?:old(?:er)?|previous|earlier|former|superseded|outdated|obsolete|original|first)\s+(?:\w+\s+)?"
    r"(?:revisions?|versions?|editions?|issues?|releases?|manuals?|documents?|datasheets?)\b"
    r"|\b(?:all|both|each|every|between(?: the)?|two|different) (?:revisions|versions|editions)\b|\bwhat (?:has )?changed\b"
    r"|\b(?:vorherige|frühere|alte)\w* (?:revision|version|ausgabe)|旧版|之前的版本"
)
_NAMED = re.compile(r"\b(?:rev(?:ision)?|version|ver|v|edition|issue|ausgabe|版本)[\s.:#-]{0,2}([a-z]?\d[\w.]*|[a-z])\b")


def current(passages: Sequence[Passage], question: str, filters: Filters) -> list[Passage]:
    """The passages without those of superseded documents, unless these are what is asked for."""
    if filters.get("document_id") or filters.get("revision"):
        return list(passages)
    wanted = asks_for(question, (passage.document for passage in passages))
    return [passage for passage in passages if not passage.document.superseded_by or passage.document.document_id in wanted]


def asks_for(question: str, documents: Iterable[Document]) -> frozenset[str]:
    """The superseded documents a question asks for: all, where it speaks of older revisions; else those whose revision it names."""
    text = fold(question)
    old = {document.document_id: document for document in documents if document.superseded_by}
    if _OLDER.search(text):
        return frozenset(old)
    named = {match.group(1) for match in _NAMED.finditer(text)}
    return frozenset(key for key, document in old.items() if document.revision and fold(document.revision) in named)


def labelled(cited: Cited, documents: Mapping[str, Document]) -> None:
    """Introduce every sentence that stands on a superseded document as what it is."""
    for at, sentence in enumerate(cited.sentences):
        document = documents.get(sentence.citations[0].document_id) if sentence.citations else None
        if document is not None and document.superseded_by:
            said = label(document, documents)
            cited.sentences[at] = replace(sentence, text=f"{said} {sentence.text}", added=f"{said} {sentence.added}".strip())


def label(document: Document, documents: Mapping[str, Document]) -> str:
    """What a sentence from a superseded document is introduced with; "" for a current one."""
    if not document.superseded_by:
        return ""
    newer = documents.get(document.superseded_by)
    by = f", superseded by revision {newer.revision}" if newer and newer.revision else ", superseded"
    return f"Older revision{f' {document.revision}' if document.revision else ''}{by}:"


def corrections_first(passages: Sequence[Passage], wanted: Needs) -> list[Passage]:
    """The passages in their order, but for those of a bulletin on the leading passage's product that hold what the question names at least
    as well as any other of the READ best: they lead, since what they correct would lead else."""
    if not passages or not wanted.names:
        return list(passages)
    best = list(passages[:READ])
    lacking = {id(passage): missing(wanted, [passage]).place for passage in best}
    bar = min(lacking.values()) + CLOSE
    product = set(best[0].document.product)
    leads = [p for p in best if p.document.doc_type in CORRECTING and lacking[id(p)] <= bar and product & set(p.document.product)]
    return [*leads, *(passage for passage in passages if all(passage is not lead for lead in leads))]
