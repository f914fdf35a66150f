"""Any readable file -> `Parsed`: the format is told by the file's suffix, and each format has its own reader.

In: a path. Out: `Parsed`. Runs in a child process (`ingest.worker`): no other module may import a parser on behalf of a request.
"""

from __future__ import annotations

from pathlib import Path

from ingest.parsed import Parsed
from service.core.errors import UnreadableDocument


def parse(path: Path, document_id: str, max_pages: int) -> Parsed:
    """Parse in this process. Raises UnreadableDocument, EncryptedDocument or LimitExceeded, naming file and cause."""
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        from ingest.pdf.read import parse_pdf

        return parse_pdf(path, document_id, max_pages)
    raise UnreadableDocument(f"{path.name}: files of the kind {suffix or 'without a suffix'} cannot be read.")
