"""Any readable file -> `Parsed`: the format is told by the file's suffix, and each format has its own reader.

In: a path. Out: `Parsed`. Runs in a child process (`ingest.worker`): no other module may import a parser on behalf of a request.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from ingest.parsed import Parsed
from ingest.tesseract import NO_OCR, Ocr
from service.core.errors import LimitExceeded, UnreadableDocument
from service.core.formats import kind_of, supported

_READERS = {
    "md": ("ingest.formats.markdown", "parse_markdown"),
    "html": ("ingest.formats.html", "parse_html"),
    "txt": ("ingest.formats.plain", "parse_plain"),
    "docx": ("ingest.formats.docx", "parse_docx"),
}
"""Kind -> module and function, imported only when such a file comes: each brings a library of its own."""


def parse(path: Path, document_id: str, max_pages: int, ocr: Ocr = NO_OCR, tick: Callable[[bool], None] = lambda _: None) -> Parsed:
    """Parse in this process. `tick` is told when OCR of a page begins (True) and ends. Raises UnreadableDocument, EncryptedDocument or
    LimitExceeded, naming file and cause."""
    kind = kind_of(path.name)
    if kind == "pdf":
        from ingest.pdf.read import parse_pdf

        return parse_pdf(path, document_id, max_pages, ocr, tick)
    reader = _READERS.get(kind or "")
    if reader is None:
        raise UnreadableDocument(f"{path.name}: not a kind of document that can be read. These can: {supported()}.")
    module, name = reader
    try:
        parsed: Parsed = getattr(importlib.import_module(module), name)(path, document_id)
    except RecursionError as error:
        raise LimitExceeded(f"{path.name}: nested too deeply.") from error
    if parsed.n_pages > max_pages:
        raise LimitExceeded(f"{path.name}: {parsed.n_pages} pages, more than the {max_pages} allowed (EVDOCS_MAX_PAGES).")
    return parsed
