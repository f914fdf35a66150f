"""What is known of a document, from its owner's statement, the file itself and its name, in that order."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from ingest.parsed import Parsed
from service.core.ids import document_id
from service.core.text import fold
from service.core.types import Document

_GENERIC = re.compile(
    r"(?i)^(untitled|document\d*|microsoft word|slide \d+|template|new document|.*\.(?:docx?|pdf|indd|pptx?|xlsx?|fm|dita)$)"
)


def describe(name: str, source: str, sha256: str, given: dict[str, Any], parsed: Parsed, aliases: tuple[str, ...]) -> tuple[Document, str]:
    """The document record (without its chunk count), and the line that opens the context of each of its chunks: the title, and
    the words of the file name the title lacks, because people name files after products."""
    stem_words = re.sub(r"[\s_\-]+", " ", PurePath(name).stem).strip()
    title = given.get("title") or _sane(parsed.title) or stem_words
    document = Document(
        document_id=document_id(sha256),
        sha256=sha256,
        file=name,
        title=title,
        n_pages=parsed.n_pages,
        manufacturer=given.get("manufacturer", ""),
        product=tuple(given.get("product", ())),
        doc_type=given.get("doc_type", ""),
        revision=given.get("revision", ""),
        date=given.get("date", ""),
        language=given.get("language") or parsed.language,
        family=given.get("family", ""),
        supersedes=tuple(given.get("supersedes", ())),
        source=source,
        aliases=aliases,
        page_labels=parsed.page_labels,
        empty_pages=parsed.empty_pages,
        warnings=parsed.warnings,
    )
    known = set(fold(title).split())
    extra = [] if given.get("title") else [word for word in stem_words.split() if fold(word) not in known]
    products = [product for product in document.product if fold(product) not in fold(title)]
    return document, " ".join([title, *products, *(f"({' '.join(extra)})" for _ in extra[:1])])


def _sane(title: str) -> str:
    """A title from the file, or "" where it is what a word processor left there."""
    title = " ".join(title.split())
    return "" if len(title) < 4 or len(title) > 200 or _GENERIC.match(title) else title
