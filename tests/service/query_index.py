"""A small open index made by hand: invented documents and texts, real BM25, a real Edge shard, codes found as at ingest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ingest.codes import with_codes
from ingest.words import words_of
from service.adapters.bm25 import Bm25Index, write_bm25
from service.adapters.qdrant_edge import EdgeStore, EdgeWriter
from service.core.code_table import code_table
from service.core.ids import chunk_id
from service.core.manifest import Manifest
from service.core.ports import Index
from service.core.types import Chunk, Document, Origin, Part


def document(
    name: str,
    *product: str,
    title: str = "",
    sure: float = 0.95,
    revision: str = "",
    superseded_by: str = "",
    language: str = "en",
    **fields: object,
) -> Document:
    """A document record; `sure` is how sure its products are. Its id is its file name without the suffix."""
    stem = name.rsplit(".", 1)[0]
    origins = (Origin("product", "title page", sure),) if product else ()
    return Document(
        stem, stem.ljust(64, "0"), name, title or stem, 20, product=product, revision=revision, superseded_by=superseded_by,
        language=language, origins=origins, **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def chunk(document_id: str, text: str, ordinal: int = 0, kind: str = "paragraph", context: str = "", page: int = 1) -> Chunk:
    """A chunk of one part."""
    name = chunk_id(document_id, ordinal, text)
    return Chunk(name, document_id, ordinal, text, context, (), page, page, kind, (Part(0, len(text), page, kind),), 10)  # type: ignore[arg-type]


def index_of(folder: Path, documents: Sequence[Document], texts: Mapping[str, Sequence[str]]) -> tuple[Index, dict[str, Chunk]]:
    """An open index, and its chunks by their text. `texts` are the chunks of each document, by its id."""
    known = {item.document_id: item for item in documents}
    made = [chunk(owner, text, at, page=at + 1) for owner, own in texts.items() for at, text in enumerate(own)]
    chunks, occurrences = with_codes(made)
    write_bm25(folder / "bm25", chunks, known)
    writer = EdgeWriter(folder / "edge", 4)
    rows = np.random.default_rng(5).normal(size=(len(chunks), 4)).astype(np.float32)
    writer.write(chunks, rows / np.linalg.norm(rows, axis=1, keepdims=True), known)
    writer.finish()
    manifest = Manifest("b", "2026-01-01", "e", 4, "1", "1", "1", "edge", "", len(documents), len(chunks), "")
    index = Index(manifest, known, EdgeStore(folder / "edge"), Bm25Index(folder / "bm25"), code_table(occurrences), words=words_of(chunks))
    return index, {item.text: item for item in chunks}
