"""What only the server adapter does: its collections, its BM25 weights, and its manners towards a server in trouble."""

from __future__ import annotations

import json
import math
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from contract_stores import Corpus, fill_server
from qdrant_client import QdrantClient

from service.adapters.qdrant_server import (
    ServerLexical,
    ServerStore,
    ServerWriter,
    collection_name,
    connect,
    drop_collections,
    passage_vector,
    term_index,
)
from service.core.errors import StoreUnavailable
from service.core.settings import Settings
from service.core.text import analyze
from service.core.types import FILTER_FIELDS


class Stub:
    """Answers like a Qdrant server that has one empty collection; `failures` are status codes to give first."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.failures: list[int] = []
        self.keys: set[str | None] = set()

    def answer(self, method: str, path: str, body: Any) -> Any:
        self.requests.append((method, path, body))
        if path.endswith("/points/query"):
            return {"points": []}
        if path.endswith("/points/count"):
            return {"count": 0}
        if path.endswith("/collections"):
            return {"collections": []}
        if path.split("?")[0].endswith(("/points", "/index")):
            return {"operation_id": 1, "status": "completed"}
        return True


@pytest.fixture
def stub() -> Iterator[tuple[Stub, str]]:
    state = Stub()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            state.keys.add(self.headers.get("api-key"))
            if state.failures:
                self.send_response(state.failures.pop(0))
                content = b'{"status":{"error":"not now"}}'
            else:
                self.send_response(200)
                result = state.answer(self.command, self.path, json.loads(body) if body else None)
                content = json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_server_gets_both_vectors_the_idf_modifier_and_an_index_for_every_filter(stub: tuple[Stub, str], corpus: Corpus) -> None:
    state, url = stub
    client = connect(Settings(qdrant_url=url))
    writer = ServerWriter(client, "evdocs.b1", 24)
    writer.write(corpus.chunks[:2], corpus.vectors[:2], corpus.documents)
    writer.finish()
    created = next(body for method, path, body in state.requests if method == "PUT" and path.endswith("/collections/evdocs.b1"))
    assert created["vectors"]["dense"] == {"size": 24, "distance": "Cosine"}
    assert created["sparse_vectors"]["bm25"]["modifier"] == "idf"
    indexes = [body for _, path, body in state.requests if "/index" in path]
    assert [(body["field_name"], body["field_schema"]) for body in indexes] == [(name, "keyword") for name in FILTER_FIELDS]
    stored = next(body for _, path, body in state.requests if path.startswith("/collections/evdocs.b1/points?"))
    assert [point["id"] for point in stored["points"]] == [chunk.chunk_id for chunk in corpus.chunks[:2]]
    assert set(stored["points"][0]["vector"]) == {"dense", "bm25"}
    ServerStore(client, "evdocs.b1").search(corpus.vectors[0], 5, {"language": ("en", "de")})
    query = state.requests[-1][2]
    assert query["params"]["exact"] is True
    assert query["filter"]["must"] == [{"key": "language", "match": {"any": ["en", "de"]}}]
    client.close()


def test_what_may_pass_is_tried_again_and_the_rest_is_store_unavailable(stub: tuple[Stub, str]) -> None:
    state, url = stub
    client = connect(Settings(qdrant_url=url))
    store = ServerStore(client, "evdocs.b1")
    state.failures = [503, 500]
    assert store.search(np.ones(24, np.float32), 5, {}) == []
    state.failures = [503, 503, 503]
    with pytest.raises(StoreUnavailable, match="503"):
        store.search(np.ones(24, np.float32), 5, {})
    state.failures = [401]
    with pytest.raises(StoreUnavailable, match="401"):
        store.search(np.ones(24, np.float32), 5, {})
    assert state.failures == []
    client.close()


def test_connecting_to_nothing_says_which_address() -> None:
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:9"):
        connect(Settings(qdrant_url="http://127.0.0.1:9", qdrant_timeout_s=1))
    with pytest.raises(StoreUnavailable, match="no address"):
        connect(Settings(qdrant_url="ftp://nowhere:port"))


def test_a_missing_collection_is_store_unavailable(client: QdrantClient) -> None:
    with pytest.raises(StoreUnavailable, match="no-such"):
        ServerStore(client, "no-such")


def test_only_collections_of_the_prefix_that_are_not_kept_are_dropped(client: QdrantClient) -> None:
    names = [collection_name("evdocs", "b1"), collection_name("evdocs", "b2"), collection_name("evdocs-test", "b1"), "evdocs", "evdocsx.b1"]
    for name in names:
        ServerWriter(client, name, 4).finish()
    assert drop_collections(client, "evdocs", {names[1]}) == [names[0]]
    assert {collection.name for collection in client.get_collections().collections} == set(names[1:])
    assert drop_collections(client, "evdocs", {names[1]}) == []


def test_a_collection_left_by_a_crashed_run_is_replaced(client: QdrantClient, corpus: Corpus) -> None:
    for part in (slice(0, 30), slice(30, 60)):
        writer = ServerWriter(client, "evdocs.b1", 24)
        writer.write(corpus.chunks[part], corpus.vectors[part], corpus.documents)
        writer.finish()
    assert ServerStore(client, "evdocs.b1").chunk_ids() == sorted(chunk.chunk_id for chunk in corpus.chunks[30:])


def test_sparse_scores_are_bm25_with_the_servers_idf(client: QdrantClient, corpus: Corpus) -> None:
    index = ServerLexical(client, fill_server(client, corpus))
    texts = {chunk.chunk_id: Counter(analyze(chunk.indexed_text)) for chunk in corpus.chunks}
    average = sum(counts.total() for counts in texts.values()) / len(texts)
    question = "torque torque of the coolant pump"
    for hit in index.search(question, 1000, {}):
        counts, score = texts[hit.chunk_id], 0.0
        for term in analyze(question):
            n = sum(term in other for other in texts.values())
            idf = math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
            score += idf * counts[term] * 2.5 / (counts[term] + 1.5 * (0.25 + 0.75 * counts.total() / average))
        assert hit.score == pytest.approx(score, abs=1e-4)


def test_terms_keep_their_dimension_on_every_machine_and_shared_ones_add_up() -> None:
    assert term_index("torque") == 4268314563
    assert 0 <= term_index("\ud800") < 2**32
    vector = passage_vector(["a", "b", "a"], 3.0)
    assert vector.indices == [term_index("a"), term_index("b")]
    assert vector.values == pytest.approx([2 * 2.5 / 3.5, 1.0])
