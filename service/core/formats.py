"""The kinds of document that can be indexed: file suffixes in, a kind's name and media type out.

A kind is called by its canonical suffix ("pdf", "md", "html", "txt", "docx"): that is `Document.suffix` and the suffix of the kept
copy. Only PDFs have page images.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """`name` is for people; `media_type` is what a download says. HTML is sent as plain text: a browser must never render a document
    as a page of this service."""

    name: str
    media_type: str
    suffixes: tuple[str, ...]


FORMATS = {
    "pdf": Format("PDF", "application/pdf", (".pdf",)),
    "md": Format("Markdown", "text/markdown", (".md", ".markdown")),
    "html": Format("HTML", "text/plain", (".html", ".htm")),
    "txt": Format("plain text", "text/plain", (".txt",)),
    "docx": Format("Word document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",)),
}
SUFFIXES = tuple(suffix for kind in FORMATS.values() for suffix in kind.suffixes)
PICTURED = "pdf"


def kind_of(file_name: str) -> str | None:
    """The canonical suffix for a file of this name ("Manual.HTM" -> "html"), or None where its kind is not supported."""
    name = file_name.lower()
    return next((kind for kind, form in FORMATS.items() if name.endswith(form.suffixes)), None)


def supported() -> str:
    """The kinds in words, for messages."""
    return ", ".join(f"{form.name} ({', '.join(form.suffixes)})" for form in FORMATS.values())
