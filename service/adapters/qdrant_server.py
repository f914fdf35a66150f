"""Both stores on a Qdrant server or cluster: one collection a build, dense vectors and BM25 as sparse vectors beside them.

In: chunks with vectors (`ServerWriter`), then vectors or questions with filters (`ServerStore`, `ServerLexical`). Out: hits and
chunks. It must not know which build is published. All classes take a `QdrantClient`, so its local mode serves as well.

BM25 on the server: a chunk's sparse vector holds the saturated term frequencies, a question's the counts of its terms, and the
collection's IDF modifier multiplies the idf of the stored chunks: ln(1 + (N - n + 0.5) / (n + 0.5)). That idf is never negative,
BM25Okapi's is floored (epsilon rule): rankings agree closely, scores do not compare.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from service.adapters.payload import check_filters, from_payload, known_ids, ranked, ties_reach_beyond, to_payload
from service.core.errors import StoreUnavailable
from service.core.ports import Vectors
from service.core.settings import Settings
from service.core.text import analyze
from service.core.types import FILTER_FIELDS, Chunk, Document, Filters, Hit

P = ParamSpec("P")
T = TypeVar("T")
DENSE, SPARSE, LATE = "dense", "bm25", "late"
K1, B = 1.5, 0.75  # BM25Okapi's
EXACT_UP_TO = 100_000
"""Points up to which dense search scans instead of walking the graph: some 10 ms on one core at 384 dimensions, and the same
hits as the embedded store."""
_BATCH = 256
_ATTEMPTS = 3
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


def collection_name(prefix: str, build_id: str) -> str:
    """Name of a build's collection. The dot cannot occur in a prefix, so no prefix can claim another's collections."""
    return f"{prefix}.{build_id}"


def connect(settings: Settings) -> QdrantClient:
    """A client of `settings.qdrant_url` that has answered once. Raises StoreUnavailable."""
    timeout_s = math.ceil(settings.qdrant_timeout_s)
    key = settings.qdrant_api_key.get_secret_value() or None
    try:
        client = QdrantClient(url=settings.qdrant_url, api_key=key, timeout=timeout_s, check_compatibility=False)
    except ValueError as error:
        raise StoreUnavailable(f"EVDOCS_QDRANT_URL {settings.qdrant_url!r} is no address of a Qdrant server: {error}") from error
    try:
        call(f"to reach {settings.qdrant_url}", client.get_collections)
    except StoreUnavailable:
        client.close()
        raise
    return client


def drop_collections(client: QdrantClient, prefix: str, keep: set[str]) -> list[str]:
    """Delete the collections of `prefix` (named by `collection_name`) that are not in `keep`. Returns the names deleted, sorted."""
    stored = [collection.name for collection in call("to list collections", client.get_collections).collections]
    dropped = sorted(name for name in stored if name.startswith(collection_name(prefix, "")) and name not in keep)
    for name in dropped:
        call(f"to delete {name}", client.delete_collection, name)
    return dropped


class ServerWriter:
    """Fills a new collection; one of that name left by a crashed run is replaced."""

    def __init__(
        self, client: QdrantClient, collection: str, dimensions: int, *, late_dimensions: int = 0, owns_client: bool = False
    ) -> None:
        """`late_dimensions` is the length of a token's vector, 0 for none (`qdrant_late` writes them); `owns_client`: `finish` closes the
        client. Raises StoreUnavailable."""
        self._client, self._collection, self._dimensions, self._owns_client = client, collection, dimensions, owns_client
        self._average_terms = 0.0
        call(f"to replace {collection}", client.delete_collection, collection)
        call(
            f"to create {collection}",
            client.create_collection,
            collection,
            vectors_config=_vectors_config(dimensions, late_dimensions),
            sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )
        if not is_local(client):  # local mode scans; it has no payload indexes
            for field in FILTER_FIELDS:
                call(f"to index {field}", client.create_payload_index, collection, field, models.PayloadSchemaType.KEYWORD, wait=True)

    def write(self, chunks: Sequence[Chunk], vectors: Vectors, documents: Mapping[str, Document]) -> None:
        """Store chunks with their vectors, (n, dimensions). BM25's average length is that of the first call's chunks: an estimate
        when there are further calls, which only shifts the length normalisation of all chunks alike."""
        if vectors.shape != (len(chunks), self._dimensions):
            raise ValueError(f"{len(chunks)} chunks need vectors of shape {(len(chunks), self._dimensions)}, not {vectors.shape}")
        texts = [analyze(chunk.indexed_text) for chunk in chunks]
        self._average_terms = self._average_terms or sum(map(len, texts)) / max(1, len(texts))
        for start in range(0, len(chunks), _BATCH):
            points = [
                models.PointStruct(
                    id=chunk.chunk_id,
                    vector={DENSE: vector.tolist(), SPARSE: passage_vector(text, self._average_terms)},
                    payload=to_payload(chunk, documents[chunk.document_id]),
                )
                for chunk, vector, text in zip(*(items[start : start + _BATCH] for items in (chunks, vectors, texts)), strict=True)
            ]
            call("to store chunks", self._client.upsert, self._collection, points, wait=True)

    def finish(self) -> None:
        """Everything was acknowledged by `write` already, payload indexes included; this checks that the collection answers."""
        call("to finish", self._client.count, self._collection, exact=True)
        if self._owns_client:
            self._client.close()


def _vectors_config(dimensions: int, late_dimensions: int) -> dict[str, models.VectorParams]:
    config = {DENSE: models.VectorParams(size=dimensions, distance=models.Distance.COSINE)}
    if late_dimensions:
        config[LATE] = models.VectorParams(
            size=late_dimensions,
            distance=models.Distance.DOT,  # not cosine, which would take the weights off a question's tokens
            multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
            datatype=models.Datatype.FLOAT16,
            hnsw_config=models.HnswConfigDiff(m=0),  # only ever asked about a few chunks by id: no graph
            on_disk=True,
        )
    return config


class CollectionReader:
    """What the readers of a collection share."""

    def __init__(self, client: QdrantClient, collection: str, *, owns_client: bool = False) -> None:
        """The client is shared and stays open on `close`, unless this is its owner. Raises StoreUnavailable where the collection is
        missing."""
        self._client, self._collection, self._owns_client = client, collection, owns_client
        self._n_points: int = call(f"to open {collection}", client.count, collection, exact=True).count
        self._closed = False

    def chunk_ids(self) -> list[str]:
        """Every stored id, sorted."""
        return self._ids(None)

    def _ids(self, condition: models.Filter | None) -> list[str]:
        self._check_open()
        ids, offset = list[str](), None
        while True:
            records, offset = call(
                "to list chunks",
                self._client.scroll,
                self._collection,
                scroll_filter=condition,
                limit=10_000,
                offset=offset,
                with_payload=False,
                with_vectors=False,
            )
            ids += [str(record.id) for record in records]
            if offset is None:
                return sorted(ids)

    def close(self) -> None:
        """Stop answering; calling it twice is harmless."""
        if self._owns_client and not self._closed:
            self._client.close()
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The index was closed.")

    def _nearest(self, query: Any, using: str, k: int, filters: Filters) -> list[Hit]:
        # Sparse search is exact by itself, and local mode scans.
        exact = using == DENSE and self._n_points <= EXACT_UP_TO and not is_local(self._client)
        params = models.SearchParams(exact=True) if exact else None
        condition, limit = _condition(filters), k + 16
        while True:
            found = call(
                "to search",
                self._client.query_points,
                self._collection,
                query=query,
                using=using,
                query_filter=condition,
                search_params=params,
                limit=limit,
                with_payload=False,
            )
            hits = [Hit(str(point.id), float(point.score)) for point in found.points]
            if not ties_reach_beyond(hits, k, limit):
                return ranked(hits, k)
            limit *= 4


class ServerStore(CollectionReader):
    """The dense vectors of one collection."""

    def search(self, vector: Vectors, k: int, filters: Filters) -> list[Hit]:
        """The k nearest chunks by cosine to `vector`, (dimensions,), best first, ties by chunk id."""
        self._check_open()
        if not check_filters(filters) or k < 1:
            return []
        return self._nearest(vector.tolist(), DENSE, k, filters)

    def fetch(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        """The chunks of these ids, in the order asked; ids not stored are left out."""
        self._check_open()
        ids = known_ids(chunk_ids)
        if not ids:
            return []
        records = call("to fetch chunks", self._client.retrieve, self._collection, ids, with_payload=True)
        found = {str(record.id): from_payload(record.payload) for record in records if record.payload is not None}
        return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]


class ServerLexical(CollectionReader):
    """The BM25 vectors of one collection."""

    def search(self, query: str, k: int, filters: Filters) -> list[Hit]:
        """The k best chunks that share a term with the question, best first, ties by chunk id."""
        self._check_open()
        counts = Counter(map(term_index, analyze(query)))
        if not counts or not check_filters(filters) or k < 1:
            return []
        vector = models.SparseVector(indices=list(counts), values=[float(count) for count in counts.values()])
        return [hit for hit in self._nearest(vector, SPARSE, k, filters) if hit.score > 0]


def term_index(term: str) -> int:
    """A term's dimension, 32 bits, the same on every machine. At 50,000 terms some 0.3 pairs of them share one, which adds up."""
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "little")


def passage_vector(terms: Sequence[str], average_terms: float) -> models.SparseVector:
    """Saturated term frequencies, tf (k1 + 1) / (tf + k1 (1 - b + b length / average)): Robertson and Zaragoza, 2009, eq. 3.15."""
    norm = K1 * (1 - B + B * len(terms) / (average_terms or 1.0))
    counts = Counter(map(term_index, terms))
    return models.SparseVector(indices=list(counts), values=[tf * (K1 + 1) / (tf + norm) for tf in counts.values()])


def is_local(client: QdrantClient) -> bool:
    """Whether the client is qdrant-client's in-process mode, which scans and has no payload indexes."""
    return client.init_options.get("location") == ":memory:" or client.init_options.get("path") is not None


def _condition(filters: Filters) -> models.Filter | None:
    if not filters:
        return None
    matches = [models.FieldCondition(key=name, match=models.MatchAny(any=list(values))) for name, values in filters.items()]
    return models.Filter(must=[*matches])


def call(doing: str, request: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The one place that talks to the server: every request is idempotent, so what may pass is tried again, briefly; the rest, and
    what does not pass, becomes StoreUnavailable."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return request(*args, **kwargs)
        except UnexpectedResponse as error:
            if error.status_code not in _TRANSIENT or attempt == _ATTEMPTS:
                raise StoreUnavailable(f"Qdrant refused {doing}: {error.status_code} {error.reason_phrase}") from error
        except (ResponseHandlingException, QdrantException) as error:
            # A timeout is not tried again: the caller has waited for it once already.
            if "timed out" in str(error) or attempt == _ATTEMPTS:
                raise StoreUnavailable(f"Qdrant does not answer {doing}: {error}") from error
        except ValueError as error:  # how local mode says that a collection is missing
            raise StoreUnavailable(f"Qdrant refused {doing}: {error}") from error
        time.sleep(0.1 * attempt)
    raise AssertionError("unreachable")
