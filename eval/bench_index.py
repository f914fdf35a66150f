"""How fast the stores are, against what they replace: BM25 postings against rank_bm25, Qdrant Edge against qdrant-client's local mode.

In: numbers of synthetic chunks (words by Zipf's law, random vectors). Out: a table or JSON; exit code 1 where the scores differ. It
must not know the product's corpora.

    python -m eval.bench_index [--n 20000 100000] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from qdrant_client import QdrantClient, models
from rank_bm25 import BM25Okapi
from rich.console import Console
from rich.table import Table

from service.adapters.bm25 import Bm25Index, write_bm25
from service.adapters.payload import to_payload
from service.adapters.qdrant_edge import EdgeStore, EdgeWriter
from service.adapters.qdrant_server import DENSE, ServerStore
from service.core.ids import chunk_id
from service.core.ports import Vectors, VectorStore
from service.core.text import analyze
from service.core.types import Chunk, Document, Filters

T = TypeVar("T")
R = TypeVar("R")
N_TERMS, N_WORDS, N_QUERY_WORDS = 60, 50_000, 6
N_VECTORS, DIMENSIONS = 20_000, 384
_RNG_SEED = 11


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; times are medians in milliseconds, `ratio` is reference / ours."""

    what: str
    n: int
    ours_ms: float
    reference_ms: float
    equal: bool | None = None

    @property
    def ratio(self) -> float:
        return self.reference_ms / self.ours_ms


def synthetic_chunks(n: int, rng: np.random.Generator) -> tuple[list[Chunk], dict[str, Document]]:
    """n chunks of N_TERMS words each, word r with probability ~ 1 / (r + 2), in 50 documents."""
    weights = 1 / np.arange(2, N_WORDS + 2)
    words = rng.choice(N_WORDS, (n, N_TERMS), p=weights / weights.sum())
    documents = {f"d{place}": Document(f"d{place}", "", f"d{place}.pdf", f"d{place}", 1, product=(f"p{place % 7}",)) for place in range(50)}
    texts = (" ".join(f"w{word}" for word in row) for row in words)
    chunks = [
        Chunk(chunk_id(f"d{place % 50}", place, text), f"d{place % 50}", place, text, "", (), 1, 1, "paragraph", (), N_TERMS)
        for place, text in enumerate(texts)
    ]
    return chunks, documents


def timed(call: Callable[[T], R], arguments: Sequence[T]) -> tuple[float, list[R]]:
    """(median milliseconds of one call, results)."""
    times, results = [], []
    for argument in arguments:
        start = time.perf_counter()
        results.append(call(argument))
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000, results


def bench_bm25(n: int, folder: Path, n_queries: int = 100, n_reference: int = 8) -> list[Row]:
    """Top 50 of the compiled postings against `BM25Okapi.get_scores`, same questions, scores compared."""
    rng = np.random.default_rng(_RNG_SEED)
    chunks, documents = synthetic_chunks(n, rng)
    start = time.perf_counter()
    write_bm25(folder, chunks, documents)
    written_ms = (time.perf_counter() - start) * 1000
    index = Bm25Index(folder)
    # A question's words are words of a chunk: common ones come up as often as in the text.
    questions = [" ".join(rng.choice(chunks[int(place)].text.split(), N_QUERY_WORDS)) for place in rng.integers(0, n, n_queries)]
    ours_ms, _ = timed(lambda question: index.search(question, 50, {}), questions)
    filtered_ms, _ = timed(lambda question: index.search(question, 50, {"product": ("p3",)}), questions)

    chunks.sort(key=lambda chunk: chunk.chunk_id)
    start = time.perf_counter()
    reference = BM25Okapi([analyze(chunk.indexed_text) for chunk in chunks])
    fitted_ms = (time.perf_counter() - start) * 1000
    few = [analyze(question) for question in questions[:n_reference]]
    reference_ms, wanted = timed(reference.get_scores, few)
    equal = all(float(np.abs(index.scores(terms) - scores).max()) <= 1e-6 for terms, scores in zip(few, wanted, strict=True))
    index.close()
    return [
        Row("BM25 write / fit", n, written_ms, fitted_ms),
        Row("BM25 top 50 / get_scores", n, ours_ms, reference_ms, equal),
        Row("BM25 filtered / get_scores", n, filtered_ms, reference_ms),
    ]


def bench_vectors(folder: Path, n: int = N_VECTORS, n_queries: int = 50, n_reference: int = 10) -> list[Row]:
    """Load, query and filtered query of Edge and of qdrant-client's local mode, dense vectors with payload, ids compared."""
    rng = np.random.default_rng(_RNG_SEED)
    chunks, documents = synthetic_chunks(n, rng)
    vectors = rng.standard_normal((n, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    start = time.perf_counter()
    writer = EdgeWriter(folder, DIMENSIONS)
    writer.write(chunks, vectors, documents)
    writer.finish()
    edge = EdgeStore(folder)
    edge_ms = (time.perf_counter() - start) * 1000
    client = QdrantClient(":memory:")
    start = time.perf_counter()
    load_local(client, chunks, vectors, documents)
    local_ms = (time.perf_counter() - start) * 1000
    local = ServerStore(client, "bench")

    queries = [vector + 0.5 * vectors[0] for vector in vectors[1 : n_queries + 1]]
    rows = [Row("Edge / local: load", n, edge_ms, local_ms)]
    for name, filters in (("query", {}), ("filtered query", {"product": ("p3",)})):
        ours_ms, ours = timed(partial(top_ids, edge, filters=filters), queries)
        reference_ms, reference = timed(partial(top_ids, local, filters=filters), queries[:n_reference])
        rows.append(Row(f"Edge / local: {name}", n, ours_ms, reference_ms, ours[:n_reference] == reference))
    edge.close()
    client.close()
    return rows


def top_ids(store: VectorStore, query: Vectors, filters: Filters) -> list[str]:
    """Ids of the 50 nearest."""
    return [hit.chunk_id for hit in store.search(query, 50, filters)]


def load_local(client: QdrantClient, chunks: Sequence[Chunk], vectors: Vectors, documents: dict[str, Document]) -> None:
    """The same payloads and dense vectors, without the sparse ones Edge has no part in."""
    client.create_collection("bench", vectors_config={DENSE: models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)})
    for start in range(0, len(chunks), 1000):
        points = [
            models.PointStruct(id=chunk.chunk_id, vector={DENSE: vector.tolist()}, payload=to_payload(chunk, documents[chunk.document_id]))
            for chunk, vector in zip(chunks[start : start + 1000], vectors[start : start + 1000], strict=True)
        ]
        client.upsert("bench", points)


def show(rows: Sequence[Row]) -> None:
    table = Table(title="Index: ours against rank_bm25 and qdrant-client local mode, medians", title_justify="left")
    table.add_column("ours / reference")
    for name in ("chunks", "ours ms", "ref. ms", "ratio"):
        table.add_column(name, justify="right")
    table.add_column("equal")
    for row in rows:
        equal = "" if row.equal is None else "yes" if row.equal else "NO"
        table.add_row(row.what, f"{row.n:,}", f"{row.ours_ms:,.2f}", f"{row.reference_ms:,.1f}", f"{row.ratio:,.1f} x", equal)
    Console().print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 where ours and the reference disagree."""
    parser = argparse.ArgumentParser(prog="python -m eval.bench_index", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--n", type=int, nargs="+", default=[20_000, 100_000], help="numbers of chunks for BM25")
    parser.add_argument(
        "--vectors", type=int, default=N_VECTORS, help="number of vectors (qdrant-client's local mode is slow beyond 20,000)"
    )
    parser.add_argument("--json", action="store_true", help="print rows as JSON instead of a table")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="evdocs-bench-") as folder:
        rows = [row for n in options.n for row in bench_bm25(n, Path(folder) / f"bm25-{n}")]
        rows += bench_vectors(Path(folder) / "edge", options.vectors)
    if options.json:
        print(json.dumps([asdict(row) | {"ratio": round(row.ratio, 1)} for row in rows], indent=1))
    else:
        show(rows)
    return 1 if any(row.equal is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
