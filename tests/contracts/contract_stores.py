"""One small corpus, and the stores under contract filled with it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qdrant_client import QdrantClient

from service.adapters.qdrant_edge import EdgeStore, EdgeWriter
from service.adapters.qdrant_server import ServerWriter, collection_name
from service.core.ids import chunk_id, document_id, sha256_text
from service.core.ports import Vectors
from service.core.types import Cell, Chunk, Document, Line, Part

SERVER_URL = os.environ.get("TEST_QDRANT_URL", "")
KINDS = ["memory", "disk", *(["server"] if SERVER_URL else [])]
DIMENSIONS = 24
WORDS = ("torque", "screw", "terminal", "relay", "coolant", "pump", "contactor", "fuse", "insulation", "module", "connector", "valve")


@dataclass(frozen=True)
class Corpus:
    """Documents by id, their chunks, and a vector a chunk."""

    documents: Mapping[str, Document]
    chunks: Sequence[Chunk]
    vectors: Vectors


def a_document(name: str, **fields: object) -> Document:
    """A document whose id follows from its name."""
    sha256 = sha256_text(name)
    return Document(document_id=document_id(sha256), sha256=sha256, file=f"{name}.pdf", title=name, n_pages=9, **fields)  # type: ignore[arg-type]


def a_chunk(document: Document, ordinal: int, text: str) -> Chunk:
    """A chunk with a line and a cell, as parsing would make it."""
    part = Part(
        start=0,
        end=len(text),
        page=ordinal + 1,
        kind="table_row",
        lines=(Line(0, len(text), (72.0, 100.5, 300.2, 112.0)),),
        cells=(Cell("Torque (Nm)", 0, min(4, len(text))),),
        level="warning" if ordinal % 2 else None,
        exact=ordinal % 3 != 0,
    )
    return Chunk(
        chunk_id=chunk_id(document.document_id, ordinal, text),
        document_id=document.document_id,
        ordinal=ordinal,
        text=text,
        context=f"{document.title} > Section {ordinal}",
        section=("4 Assembly", f"4.{ordinal}"),
        page_first=ordinal + 1,
        page_last=ordinal + 2,
        kind="table_row",
        parts=(part,),
        n_tokens=17 + ordinal,
        group=f"g{ordinal}",
    )


def a_corpus() -> Corpus:
    """Four look-alike documents of 15 chunks each, in several products, makers, languages and revisions."""
    documents = [
        a_document("pack manual", product=("EVX 9", "EVX 12"), manufacturer="Norda", doc_type="manual", language="en", revision="B"),
        a_document("pack manual old", product=("EVX 9",), manufacturer="Norda", doc_type="manual", language="en", revision="A"),
        a_document("charger manual", product=("DC-50",), manufacturer="Strom & Söhne", doc_type="manual", language="de"),
        a_document("電池 datasheet", product=(), manufacturer="", doc_type="datasheet", language="zh", revision="B"),
    ]
    rng = np.random.default_rng(7)
    chunks = [
        a_chunk(document, ordinal, f"{' '.join(rng.choice(WORDS, 12))} {place}{ordinal} Nm, 絶縁抵抗 Ω µ “ﬁt”")
        for place, document in enumerate(documents)
        for ordinal in range(15)
    ]
    return Corpus({document.document_id: document for document in documents}, chunks, unit_vectors(len(chunks), rng))


def unit_vectors(n: int, rng: np.random.Generator) -> Vectors:
    """(n, DIMENSIONS) random directions."""
    vectors = rng.standard_normal((n, DIMENSIONS)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@contextmanager
def open_client(kind: str, folder: Path) -> Iterator[QdrantClient]:
    """qdrant-client in `memory`, on `disk`, or talking to the `server` at SERVER_URL; its new collections are deleted in the end."""
    made = {
        "memory": lambda: QdrantClient(":memory:"),
        "disk": lambda: QdrantClient(path=str(folder / "client")),
        "server": lambda: QdrantClient(url=SERVER_URL, timeout=30, check_compatibility=False),
    }[kind]()
    before = {collection.name for collection in made.get_collections().collections}
    yield made
    for collection in made.get_collections().collections:
        if collection.name not in before:
            made.delete_collection(collection.name)
    made.close()


def fill_edge(folder: Path, corpus: Corpus, batch: int = 1000) -> EdgeStore:
    """A finished Edge folder of the corpus, opened."""
    writer = EdgeWriter(folder, corpus.vectors.shape[1])
    for start in range(0, len(corpus.chunks), batch):
        writer.write(corpus.chunks[start : start + batch], corpus.vectors[start : start + batch], corpus.documents)
    writer.finish()
    return EdgeStore(folder)


def fill_server(client: QdrantClient, corpus: Corpus, late_dimensions: int = 0) -> str:
    """A finished collection of the corpus, laid out for token vectors where they have dimensions; its name."""
    name = collection_name("evdocs-test", uuid.uuid4().hex)
    writer = ServerWriter(client, name, corpus.vectors.shape[1], late_dimensions=late_dimensions)
    writer.write(corpus.chunks, corpus.vectors, corpus.documents)
    writer.finish()
    return name
