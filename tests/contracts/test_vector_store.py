"""The VectorStore contract, on every adapter: Edge, qdrant-client in memory and on disk, a server where one is named."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contract_stores import KINDS, SERVER_URL, Corpus, a_chunk, a_document, fill_edge, fill_server, open_client, unit_vectors
from qdrant_client import QdrantClient

from service.adapters.qdrant_server import ServerStore
from service.core.errors import InvalidRequest, StoreUnavailable
from service.core.ports import VectorStore
from service.core.types import FILTER_FIELDS, Document, Filters

Filled = Callable[[Corpus], VectorStore]


@pytest.fixture(params=["edge", *KINDS])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Filled]:
    """Fills a store with a corpus and opens it."""
    with ExitStack() as stack:
        if request.param == "edge":
            yield lambda corpus: stack.enter_context(closing(fill_edge(tmp_path / uuid.uuid4().hex, corpus)))
        else:
            client = stack.enter_context(open_client(request.param, tmp_path))
            yield lambda corpus: ServerStore(client, fill_server(client, corpus))


@pytest.fixture
def store(filled: Filled, corpus: Corpus) -> VectorStore:
    return filled(corpus)


def expected(corpus: Corpus, query: np.ndarray, filters: Filters) -> list[str]:
    """Ids by cosine, computed here."""
    scores = corpus.vectors @ query
    order = sorted(range(len(corpus.chunks)), key=lambda place: (-scores[place], corpus.chunks[place].chunk_id))
    return [corpus.chunks[place].chunk_id for place in order if matches(corpus.documents[corpus.chunks[place].document_id], filters)]


def matches(document: Document, filters: Filters) -> bool:
    for name, values in filters.items():
        value = getattr(document, name)
        if not set(value if isinstance(value, tuple) else (value,)) & set(values):
            return False
    return True


def test_search_gives_the_nearest_chunks_best_first(store: VectorStore, corpus: Corpus) -> None:
    for query in unit_vectors(5, np.random.default_rng(1)):
        hits = store.search(query, 10, {})
        assert [hit.chunk_id for hit in hits] == expected(corpus, query, {})[:10]
        scores = {chunk.chunk_id: float(vector @ query) for chunk, vector in zip(corpus.chunks, corpus.vectors, strict=True)}
        assert [hit.score for hit in hits] == pytest.approx([scores[hit.chunk_id] for hit in hits], abs=1e-4)


def test_a_stored_vector_finds_its_own_chunk_with_cosine_one(store: VectorStore, corpus: Corpus) -> None:
    for place in (0, 17, 59):
        best = store.search(corpus.vectors[place], 1, {})
        assert [hit.chunk_id for hit in best] == [corpus.chunks[place].chunk_id]
        assert best[0].score == pytest.approx(1.0, abs=1e-5)


def test_k_beyond_the_number_of_chunks_gives_all_of_them(store: VectorStore, corpus: Corpus) -> None:
    assert len(store.search(corpus.vectors[0], 5000, {})) == len(corpus.chunks)


def test_k_zero_gives_nothing(store: VectorStore, corpus: Corpus) -> None:
    assert store.search(corpus.vectors[0], 0, {}) == []


@pytest.mark.parametrize("name", FILTER_FIELDS)
def test_each_filter_field_keeps_only_documents_of_that_value(store: VectorStore, corpus: Corpus, name: str) -> None:
    query = unit_vectors(1, np.random.default_rng(2))[0]
    values = {item for document in corpus.documents.values() for item in _values(document, name)}
    assert len(values) > 1
    for value in values:
        wanted = expected(corpus, query, {name: (value,)})
        assert 0 < len(wanted) < len(corpus.chunks)
        assert [hit.chunk_id for hit in store.search(query, 100, {name: (value,)})] == wanted


def _values(document: Document, name: str) -> tuple[str, ...]:
    value = getattr(document, name)
    return value if isinstance(value, tuple) else (value,)


def test_several_values_of_a_field_accept_any_of_them(store: VectorStore, corpus: Corpus) -> None:
    query = unit_vectors(1, np.random.default_rng(3))[0]
    filters = {"language": ("de", "zh", "never heard of")}
    found = [hit.chunk_id for hit in store.search(query, 100, filters)]
    assert found == expected(corpus, query, filters)
    assert len(found) == 30


def test_several_fields_must_all_match(store: VectorStore, corpus: Corpus) -> None:
    query = unit_vectors(1, np.random.default_rng(4))[0]
    filters = {"product": ("EVX 9",), "revision": ("B",)}
    found = [hit.chunk_id for hit in store.search(query, 100, filters)]
    assert found == expected(corpus, query, filters)
    assert len(found) == 15


def test_a_document_of_several_products_is_found_by_each(store: VectorStore, corpus: Corpus) -> None:
    query = corpus.vectors[0]
    assert len(store.search(query, 100, {"product": ("EVX 9",)})) == 30
    assert len(store.search(query, 100, {"product": ("EVX 12",)})) == 15
    assert len(store.search(query, 100, {"product": ("EVX 9", "EVX 12")})) == 30


@pytest.mark.parametrize("name", FILTER_FIELDS)
def test_an_unknown_value_or_no_value_matches_nothing(store: VectorStore, corpus: Corpus, name: str) -> None:
    assert store.search(corpus.vectors[0], 10, {name: ("never heard of",)}) == []
    assert store.search(corpus.vectors[0], 10, {name: ()}) == []


def test_an_unknown_filter_field_is_an_invalid_request(store: VectorStore, corpus: Corpus) -> None:
    with pytest.raises(InvalidRequest, match="colour"):
        store.search(corpus.vectors[0], 10, {"colour": ("red",)})


def test_fetch_keeps_the_order_asked_and_leaves_out_what_is_not_stored(store: VectorStore, corpus: Corpus) -> None:
    ids = [corpus.chunks[place].chunk_id for place in (42, 3, 17, 3)]
    strangers = [str(uuid.uuid4()), "no uuid", ""]
    assert [chunk.chunk_id for chunk in store.fetch([strangers[0], *ids, *strangers])] == ids
    assert store.fetch(strangers) == []
    assert store.fetch([]) == []


def test_a_fetched_chunk_equals_the_one_written(store: VectorStore, corpus: Corpus) -> None:
    assert store.fetch([chunk.chunk_id for chunk in corpus.chunks]) == list(corpus.chunks)


def test_chunk_ids_are_all_ids_sorted(store: VectorStore, corpus: Corpus) -> None:
    assert store.chunk_ids() == sorted(chunk.chunk_id for chunk in corpus.chunks)


def test_ties_are_ordered_by_chunk_id_also_at_the_cut(filled: Filled) -> None:
    document = a_document("boilerplate")
    chunks = [a_chunk(document, ordinal, f"same warning {ordinal}") for ordinal in range(120)]
    vector = unit_vectors(1, np.random.default_rng(5))[0]
    store = filled(Corpus({document.document_id: document}, chunks, np.tile(vector, (120, 1))))
    for k in (1, 3, 50, 119):
        assert [hit.chunk_id for hit in store.search(vector, k, {})] == sorted(chunk.chunk_id for chunk in chunks)[:k]


def test_writing_a_chunk_twice_stores_it_once(filled: Filled, corpus: Corpus) -> None:
    twice = Corpus(corpus.documents, [*corpus.chunks, *corpus.chunks], np.vstack([corpus.vectors, corpus.vectors]))
    assert filled(twice).chunk_ids() == sorted(chunk.chunk_id for chunk in corpus.chunks)


def test_an_empty_build_opens_and_finds_nothing(filled: Filled, corpus: Corpus) -> None:
    store = filled(Corpus({}, [], corpus.vectors[:0]))
    assert store.search(corpus.vectors[0], 10, {}) == []
    assert store.chunk_ids() == []


def test_text_of_any_script_and_size_comes_back_unchanged(filled: Filled) -> None:
    document = a_document("odd", revision="Ω“”/\\\"'\n\t")
    texts = ["", " ", "\x00\x07", "𝔘𝔫𝔦 😀 ﬁ ﷺ\u200b", "line\u2028separator\r\n", "long " * 5000]
    chunks = [replace(a_chunk(document, ordinal, "x"), text=text, context=text) for ordinal, text in enumerate(texts)]
    store = filled(Corpus({document.document_id: document}, chunks, unit_vectors(len(texts), np.random.default_rng(6))))
    assert store.fetch([chunk.chunk_id for chunk in chunks]) == chunks
    assert len(store.search(unit_vectors(1, np.random.default_rng(8))[0], 10, {"revision": (document.revision,)})) == len(texts)


def test_closing_twice_is_harmless_and_a_closed_store_says_so(store: VectorStore, corpus: Corpus) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.search(corpus.vectors[0], 1, {})
    with pytest.raises(StoreUnavailable, match="closed"):
        store.fetch([corpus.chunks[0].chunk_id])


def test_every_adapter_gives_the_same_ids_and_scores(filled: Filled, client: QdrantClient) -> None:
    document = a_document("random", product=("a", "b"))
    other = a_document("other", product=("c",))
    rng = np.random.default_rng(9)
    chunks = [a_chunk(document if ordinal % 3 else other, ordinal, f"text {ordinal}") for ordinal in range(240)]
    corpus = Corpus({document.document_id: document, other.document_id: other}, chunks, unit_vectors(240, rng))
    store, reference = filled(corpus), ServerStore(client, fill_server(client, corpus))
    for query in unit_vectors(20, rng):
        for filters in ({}, {"product": ("b",)}, {"product": ("c",), "document_id": (other.document_id,)}):
            one, two = store.search(query, 50, filters), reference.search(query, 50, filters)
            assert [hit.chunk_id for hit in one] == [hit.chunk_id for hit in two]
            assert [hit.score for hit in one] == pytest.approx([hit.score for hit in two], abs=1e-4)
    ids = [chunk.chunk_id for chunk in chunks[::7]]
    assert store.fetch(ids) == reference.fetch(ids)
    assert store.chunk_ids() == reference.chunk_ids()


def test_a_real_server_is_among_the_adapters() -> None:
    if not SERVER_URL:
        pytest.skip("TEST_QDRANT_URL names no Qdrant server: the suite ran on Edge and on qdrant-client's local mode")
    assert "server" in KINDS
