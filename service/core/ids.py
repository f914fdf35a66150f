"""Ids: derived from content, so the same bytes and settings give the same ids on every machine and in every run."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

_CHUNKS = uuid.UUID("5b1c7f1e-3a34-5d0a-9d43-6f0c1f9a2e77")  # namespace of this project's chunk ids


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sha256_text(text: str) -> str:
    """Hex SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def document_id(sha256: str) -> str:
    """Document id of a file with this content hash: 16 hex digits, so renaming a file does not change it."""
    return sha256[:16]


def chunk_id(document_id: str, ordinal: int, text: str) -> str:
    """Chunk id: a UUID (what Qdrant takes as a point id) from its document, place and verbatim text."""
    return str(uuid.uuid5(_CHUNKS, f"{document_id}\n{ordinal}\n{text}"))


def block_id(document_id: str, ordinal: int) -> str:
    """Block id: the document's id and the block's place in reading order."""
    return f"{document_id}-{ordinal}"
