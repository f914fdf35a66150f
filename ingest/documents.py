"""The record of a document: what was corrected by hand, what its owner states, what the file itself and its name tell, in that order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from ingest.metadata.evidence import FILE_NAME, PDF_METADATA, TITLE_PAGE
from ingest.metadata.resolve import BY_HAND, CORPUS, resolve
from ingest.parsed import Parsed
from service.core.formats import kind_of
from service.core.ids import document_id
from service.core.text import fold
from service.core.types import Document, Origin

_GENERIC = re.compile(
    r"(?i)^(untitled|document\d*|microsoft word|slide \d+|template|new document|.*\.(?:docx?|pdf|indd|pptx?|xlsx?|fm|dita)$)"
)


def describe(
    name: str, source: str, sha256: str, given: dict[str, Any], parsed: Parsed, aliases: tuple[str, ...], corrected: Mapping[str, Any] = {}
) -> tuple[Document, str]:
    """The document record (without its chunk count and its family), and the line that opens the context of each of its chunks: the
    title, products stated or corrected, and the words of the file name the title lacks, because people name files after products."""
    stem_words = re.sub(r"[\s_\-]+", " ", PurePath(name).stem).strip()
    stated = {**given, **corrected}
    title, origin = _title(given, parsed, corrected, stem_words)
    known_of_it = resolve(name, parsed, given, corrected)
    values = known_of_it.values
    document = Document(
        document_id=document_id(sha256),
        sha256=sha256,
        file=name,
        title=title,
        n_pages=parsed.n_pages,
        manufacturer=values["manufacturer"],
        product=values["product"],
        doc_type=values["doc_type"],
        revision=values["revision"],
        date=values["date"],
        language=values["language"],
        family=values["family"],
        supersedes=tuple(given.get("supersedes", ())),
        source=source,
        aliases=aliases,
        page_labels=parsed.page_labels,
        empty_pages=parsed.empty_pages,
        ocr_pages=parsed.ocr_pages,
        warnings=parsed.warnings,
        origins=(origin, *known_of_it.origins),
        suffix=kind_of(name) or "pdf",
    )
    known = set(fold(title).split())
    extra = [] if stated.get("title") else [word for word in stem_words.split() if fold(word) not in known]
    products = [product for product in stated.get("product", ()) if fold(product) not in fold(title)]
    return document, " ".join([title, *products, *(f"({' '.join(extra)})" for _ in extra[:1])])


def _title(given: Mapping[str, Any], parsed: Parsed, corrected: Mapping[str, Any], stem_words: str) -> tuple[str, Origin]:
    """The title and where it comes from."""
    if corrected.get("title"):
        return str(corrected["title"]), Origin("title", BY_HAND, 1.0)
    if given.get("title"):
        return str(given["title"]), Origin("title", CORPUS, 0.99)
    if title := _sane(parsed.title):
        declared = title in parsed.metadata.get("title", "")
        return title, Origin("title", PDF_METADATA if declared else TITLE_PAGE, 0.7)
    return stem_words, Origin("title", FILE_NAME, 0.4)


def _sane(title: str) -> str:
    """A title from the file, or "" where it is what a word processor left there."""
    title = " ".join(title.split())
    return "" if len(title) < 4 or len(title) > 200 or _GENERIC.match(title) else title
