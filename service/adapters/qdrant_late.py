"""Late interaction on a Qdrant server: token vectors as a multivector beside the dense one, compared by the server's MaxSim.

In: chunks with their token vectors, after `ServerWriter` has stored them (`ServerLateWriter`), then the token vectors of a question and
chunk ids (`ServerLate`). Out: scores. A sum of maxima cannot be weighted afterwards, so a question's vectors are sent as long as their
tokens weigh: with the dot product, the sum of the maxima is the weighted mean of the cosines. The idf stands in the build folder, which
every reader of a build has. It must not know models, nor which build is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from service.adapters.maxsim import lengths_to_one, read_idf, write_idf
from service.adapters.payload import known_ids
from service.adapters.qdrant_server import LATE, CollectionReader, call, is_local
from service.core.late import DocumentFrequencies, TokenVectors, question_weights
from service.core.manifest import sync_dir
from service.core.types import Chunk

_BATCH = 64  # some 8 KB of numbers a token row of text: a request stays well below the server's 32 MB


class ServerLateWriter:
    """Adds token vectors to the stored chunks of a collection that was laid out for them."""

    def __init__(self, client: QdrantClient, collection: str, folder: Path, *, owns_client: bool = False) -> None:
        """`folder` gets the idf; `owns_client`: `finish` closes the client."""
        folder.mkdir(parents=True, exist_ok=True)
        self._client, self._collection, self._folder, self._owns_client = client, collection, folder, owns_client
        self._frequencies = DocumentFrequencies()

    def write(self, chunks: Sequence[Chunk], tokens: Sequence[TokenVectors]) -> None:
        """Store the token vectors, int8 (n, dimensions) each, at length one. Raises StoreUnavailable."""
        for text in tokens:
            self._frequencies.add(text.ids)
        points = [
            models.PointVectors(id=chunk.chunk_id, vector={LATE: _matrix(text)}) for chunk, text in zip(chunks, tokens, strict=True)
        ]  # fmt: skip
        for start in range(0, len(points), _BATCH):
            batch = points[start : start + _BATCH]
            call("to store token vectors", self._client.update_vectors, self._collection, batch, wait=True)

    def finish(self) -> None:
        """The server has acknowledged all vectors; the idf is on disk when this returns."""
        write_idf(self._folder, self._frequencies)
        sync_dir(self._folder.parent)
        if self._owns_client:
            self._client.close()


class ServerLate(CollectionReader):
    """The token vectors of one collection."""

    def __init__(self, client: QdrantClient, collection: str, folder: Path, *, owns_client: bool = False) -> None:
        """`folder` holds the idf. Raises IndexUnavailable where it does not, StoreUnavailable where the collection is missing."""
        self._idf = read_idf(folder)
        super().__init__(client, collection, owns_client=owns_client)

    def score(self, tokens: TokenVectors, chunk_ids: Sequence[str]) -> list[float]:
        """MaxSim of a question's tokens with each chunk, in the order given; 0 for chunks that are not stored or have no tokens."""
        self._check_open()
        ids = list(dict.fromkeys(known_ids(chunk_ids)))
        if not ids or not len(tokens.ids):
            return [0.0] * len(chunk_ids)
        found = call(
            "to compare tokens",
            self._client.query_points,
            self._collection,
            query=(tokens.vectors * question_weights(tokens.ids, self._idf)[:, None]).tolist(),
            using=LATE,
            query_filter=models.Filter(must=[models.HasIdCondition(has_id=list(ids))]),
            search_params=None if is_local(self._client) else models.SearchParams(exact=True),
            limit=len(ids),
            with_payload=False,
        )
        scores = {str(point.id): float(point.score) for point in found.points}
        return [scores.get(chunk_id, 0.0) for chunk_id in chunk_ids]

    def compare(self, tokens: TokenVectors, chunk_ids: Sequence[str]) -> list[NDArray[np.float32]]:
        """The cosines of a question's tokens with those of each chunk, (question tokens, chunk tokens); the chunks' vectors are fetched."""
        self._check_open()
        ids = list(dict.fromkeys(known_ids(chunk_ids)))
        points = (
            call("to fetch token vectors", self._client.retrieve, self._collection, ids, with_payload=False, with_vectors=[LATE])
            if ids
            else []
        )
        stored = {
            str(point.id): np.array(point.vector[LATE], np.float32)
            for point in points
            if isinstance(point.vector, dict) and point.vector.get(LATE)
        }
        nothing = np.zeros((0, tokens.vectors.shape[1]), np.float32)
        held = [stored.get(chunk_id, nothing) for chunk_id in chunk_ids]
        return [np.asarray(tokens.vectors @ rows[rows.any(axis=1)].T, np.float32) for rows in held]

    def weights(self, tokens: TokenVectors) -> NDArray[np.float32]:
        """(question tokens,) by idf, summing to one."""
        return question_weights(tokens.ids, self._idf)

    def chunk_ids(self) -> list[str]:
        """Every id with token vectors, sorted."""
        return self._ids(models.Filter(must=[models.HasVectorCondition(has_vector=LATE)]))


def _matrix(text: TokenVectors) -> list[list[float]]:
    """Rows of length one. A chunk without tokens gets one row of zeros, which scores 0: a multivector may not be empty."""
    if not len(text.ids):
        return [[0.0] * text.vectors.shape[1]]
    rows: list[list[float]] = (text.vectors * lengths_to_one(text.vectors)[:, None]).astype(np.float32).tolist()
    return rows
