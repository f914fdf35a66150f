"""A saved answer and the index of today in, out: is each quote still where the answer says it stands?

For whoever kept an answer on a job card: manuals are revised, and a page number that was right may be wrong. No model is asked: a quote is
looked for by its words (BM25 within its document) and compared letter by letter. Must not know how the answer was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from service.bodies import SavedAnswer, SavedCitation
from service.cite import Sentence
from service.core.ports import Index
from service.core.text import quote_key
from service.core.types import Chunk, Citation, Document
from service.verify import verify

State = Literal["there", "moved", "gone", "no_document"]
K_CHUNKS = 20
"""Chunks of a document that are read for a quote, the best by its words."""
_MARKER = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True)
class Checked:
    """One citation looked up again. `pages` are where its quote stands now; `document` is None where it is not indexed any more."""

    marker: int
    state: State
    pages: tuple[int, ...]
    document: Document | None
    message: str


def recheck(saved: SavedAnswer, index: Index) -> dict[str, Any]:
    """{"verified", "citations": [{"marker", "state", "page", "pages", "file", "revision", "message"}], "unresolved_markers",
    "verification", "index"}. `verified` is true where every quote still stands on its page, every marker resolves and no document is
    superseded."""
    checked = [check(item, index) for item in saved.citations]
    known = {item.marker for item in saved.citations}
    used = [int(number) for number in _MARKER.findall(saved.answer)] + [notice.marker for notice in saved.notices]
    lost = sorted(set(used) - known)
    good = all(one.state == "there" and one.document and not one.document.superseded_by for one in checked) and not lost
    counts = verify(list(_sentences(saved)))
    return {
        "verified": good and counts.numbers == counts.numbers_verified,
        "citations": [_view(item, one) for item, one in zip(saved.citations, checked, strict=True)],
        "unresolved_markers": lost,
        "verification": {"sentences": counts.sentences, "numbers": counts.numbers, "numbers_verified": counts.numbers_verified},
        "index": {"build_id": index.manifest.build_id, "documents": index.manifest.n_documents, "chunks": index.manifest.n_chunks},
    }


def check(item: SavedCitation, index: Index) -> Checked:
    """One citation: its document by id, else by file name (a new version of the file has a new id)."""
    document = index.documents.get(item.document_id) or next(
        (one for one in index.documents.values() if item.file and item.file in (one.file, *one.aliases)), None
    )
    if document is None:
        return Checked(item.marker, "no_document", (), None, f"{item.file or item.document_id} is not indexed any more.")
    pages = tuple(sorted(set(pages_of(item.quote, document, index))))
    changed = "" if document.document_id == item.document_id else " The file has changed since the answer was given."
    newer = index.documents.get(document.superseded_by)
    if newer is not None:
        changed += f" It is superseded by {newer.file}{f', revision {newer.revision}' if newer.revision else ''}."
    if not pages:
        return Checked(item.marker, "gone", (), document, f"The quote does not stand in {document.file} any more.{changed}")
    if item.page in pages:
        return Checked(item.marker, "there", pages, document, f"The quote stands on page {item.page} of {document.file}.{changed}")
    where = ", ".join(map(str, pages))
    return Checked(
        item.marker, "moved", pages, document, f"The quote stands on page {where} of {document.file}, not on {item.page}.{changed}"
    )


def pages_of(quote: str, document: Document, index: Index) -> Iterator[int]:
    """The pages of a document that hold a quote verbatim, but for white space and hyphens at line ends."""
    wanted = quote_key(quote)
    if not wanted:
        return
    hits = index.lexical.search(quote, K_CHUNKS, {"document_id": (document.document_id,)})
    chunks = index.vectors.fetch([hit.chunk_id for hit in hits])
    known = {chunk.chunk_id: chunk for chunk in chunks}
    after = [chunk.next_id for chunk in chunks if chunk.next_id and chunk.next_id not in known]
    known |= {chunk.chunk_id: chunk for chunk in (index.vectors.fetch(after) if after else ())}
    for chunk in chunks:
        following = known.get(chunk.next_id)
        yield from _found(wanted, [chunk] if following is None else [chunk, following])


def _found(wanted: str, chunks: Sequence[Chunk]) -> Iterator[int]:
    """The page on which each occurrence of a key begins in neighbouring chunks."""
    text, pages = "", []
    for chunk in chunks:
        for part in chunk.parts:
            key = quote_key(chunk.text[part.start : part.end])
            text += key
            pages += [part.page] * len(key)
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        cut = (text[at - 1 : at].isdigit() and wanted[0].isdigit()) or (text[end : end + 1].isdigit() and wanted[-1].isdigit())
        if not cut:
            yield pages[at]
        at = text.find(wanted, at + 1)


def _sentences(saved: SavedAnswer) -> Iterator[Sentence]:
    """The lines of the saved text with what they cite."""
    made = {item.marker: _citation(item) for item in saved.citations}
    for line in saved.answer.splitlines():
        own = tuple(made[number] for number in dict.fromkeys(map(int, _MARKER.findall(line))) if number in made)
        if line.strip():
            yield Sentence(line, own, " ".join(f"{item.title} {' '.join(item.section)}" for item in own), None)


def _citation(item: SavedCitation) -> Citation:
    return Citation(
        item.marker, item.document_id, item.file, item.title, item.revision, item.page, None, tuple(item.section), item.quote, (), 0.0
    )  # fmt: skip


def _view(item: SavedCitation, one: Checked) -> dict[str, Any]:
    return {
        "marker": one.marker,
        "state": one.state,
        "page": item.page,
        "pages": list(one.pages),
        "file": one.document.file if one.document else item.file,
        "revision": (one.document.revision or None) if one.document else item.revision,
        "message": one.message,
    }
