"""The LexicalIndex contract, on the compiled BM25 postings and on the sparse vectors of a collection."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contract_stores import KINDS, WORDS, Corpus, a_chunk, a_document, fill_server, open_client, unit_vectors
from qdrant_client import QdrantClient

from service.adapters.bm25 import Bm25Index, write_bm25
from service.adapters.qdrant_server import ServerLexical
from service.core.errors import InvalidRequest, StoreUnavailable
from service.core.ports import LexicalIndex
from service.core.text import analyze
from service.core.types import FILTER_FIELDS

Filled = Callable[[Corpus], LexicalIndex]


@pytest.fixture(params=["bm25", *KINDS])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Filled]:
    """Fills an index with a corpus and opens it."""
    with ExitStack() as stack:
        if request.param == "bm25":
            yield lambda corpus: stack.enter_context(closing(fill_bm25(tmp_path / uuid.uuid4().hex, corpus)))
        else:
            client = stack.enter_context(open_client(request.param, tmp_path))
            yield lambda corpus: ServerLexical(client, fill_server(client, corpus))


def fill_bm25(folder: Path, corpus: Corpus) -> Bm25Index:
    write_bm25(folder, corpus.chunks, corpus.documents)
    return Bm25Index(folder)


@pytest.fixture
def index(filled: Filled, corpus: Corpus) -> LexicalIndex:
    return filled(corpus)


def test_hits_are_exactly_the_chunks_that_share_a_term_best_first(index: LexicalIndex, corpus: Corpus) -> None:
    hits = index.search("Which torque for the coolant pump?", 1000, {})
    wanted = {"torque", "coolant", "pump"}
    assert {hit.chunk_id for hit in hits} == {chunk.chunk_id for chunk in corpus.chunks if wanted & set(analyze(chunk.indexed_text))}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(hit.score > 0 for hit in hits)


def test_a_rare_code_beats_common_words(filled: Filled, corpus: Corpus) -> None:
    chunks = [replace(chunk) for chunk in corpus.chunks]
    chunks[33] = replace(chunks[33], text=chunks[33].text + " P0A80")
    chunks[44] = replace(chunks[44], text=chunks[44].text + " P0A08")
    index = filled(Corpus(corpus.documents, chunks, corpus.vectors))
    assert index.search("torque screw p0a80", 1, {})[0].chunk_id == chunks[33].chunk_id
    assert [hit.chunk_id for hit in index.search("P0A08", 10, {})] == [chunks[44].chunk_id]


def test_context_is_searched_with_the_text(index: LexicalIndex, corpus: Corpus) -> None:
    assert not any("charger" in chunk.text for chunk in corpus.chunks)
    of_charger = {chunk.chunk_id for chunk in corpus.chunks if corpus.documents[chunk.document_id].title == "charger manual"}
    assert {hit.chunk_id for hit in index.search("charger", 1000, {})} == of_charger


def test_unicode_terms_match(index: LexicalIndex, corpus: Corpus) -> None:
    assert len(index.search("絶縁抵抗", 1000, {})) == len(corpus.chunks)
    assert {hit.chunk_id for hit in index.search("電池", 1000, {})} == {
        chunk.chunk_id for chunk in corpus.chunks if "電池" in chunk.indexed_text
    }


@pytest.mark.parametrize("query", ["", "   ", "the of and", "?!…", "zzzunknownzzz"])
def test_a_question_without_a_known_term_finds_nothing(index: LexicalIndex, query: str) -> None:
    assert index.search(query, 10, {}) == []


def test_k_cuts_the_list_and_zero_gives_nothing(index: LexicalIndex) -> None:
    every = index.search("torque relay", 1000, {})
    assert len(every) > 8
    assert index.search("torque relay", 8, {}) == every[:8]
    assert index.search("torque relay", 0, {}) == []


@pytest.mark.parametrize("name", FILTER_FIELDS)
def test_each_filter_field_keeps_the_ranking_of_what_matches(index: LexicalIndex, corpus: Corpus, name: str) -> None:
    query = " ".join(WORDS)
    every = index.search(query, 1000, {})
    assert len(every) == len(corpus.chunks)
    owners = {chunk.chunk_id: corpus.documents[chunk.document_id] for chunk in corpus.chunks}
    values = {value for document in corpus.documents.values() for value in _values(getattr(document, name))}
    for value in values:
        wanted = [hit for hit in every if value in _values(getattr(owners[hit.chunk_id], name))]
        assert 0 < len(wanted) < len(every)
        assert index.search(query, 1000, {name: (value,)}) == wanted
        assert index.search(query, 4, {name: ("never heard of", value)}) == wanted[:4]


def _values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def test_several_fields_must_all_match(index: LexicalIndex, corpus: Corpus) -> None:
    hits = index.search(" ".join(WORDS), 1000, {"product": ("EVX 9",), "revision": ("B", "C")})
    owners = {chunk.chunk_id: corpus.documents[chunk.document_id].title for chunk in corpus.chunks}
    assert {owners[hit.chunk_id] for hit in hits} == {"pack manual"}
    assert len(hits) == 15


@pytest.mark.parametrize("name", FILTER_FIELDS)
def test_an_unknown_value_or_no_value_matches_nothing(index: LexicalIndex, name: str) -> None:
    assert index.search("torque", 10, {name: ("never heard of",)}) == []
    assert index.search("torque", 10, {name: ()}) == []


def test_an_unknown_filter_field_is_an_invalid_request(index: LexicalIndex) -> None:
    with pytest.raises(InvalidRequest, match="colour"):
        index.search("torque", 10, {"colour": ("red",)})


def test_ties_are_ordered_by_chunk_id_also_at_the_cut(filled: Filled, corpus: Corpus) -> None:
    # Chunk ids follow from text and place; these differ in place only, so that scores tie exactly. The rest keeps the term rare.
    document = a_document("boilerplate")
    same = [replace(a_chunk(document, ordinal, "isolate pack"), context="") for ordinal in range(60)]
    rest = [replace(a_chunk(document, 100 + ordinal, f"other words {ordinal}"), context="") for ordinal in range(100)]
    vectors = unit_vectors(160, np.random.default_rng(1))
    index = filled(Corpus({document.document_id: document}, [*same, *rest], vectors))
    for k in (1, 7, 59):
        assert [hit.chunk_id for hit in index.search("isolate", k, {})] == sorted(chunk.chunk_id for chunk in same)[:k]


def test_chunk_ids_are_all_ids_sorted(index: LexicalIndex, corpus: Corpus) -> None:
    assert index.chunk_ids() == sorted(chunk.chunk_id for chunk in corpus.chunks)


def test_an_empty_build_opens_and_finds_nothing(filled: Filled, corpus: Corpus) -> None:
    index = filled(Corpus({}, [], corpus.vectors[:0]))
    assert index.search("torque", 10, {}) == []
    assert index.chunk_ids() == []


def test_chunks_without_any_term_are_indexed_and_never_found(filled: Filled) -> None:
    document = a_document("blank")
    chunks = [replace(a_chunk(document, ordinal, "?"), context="") for ordinal in range(3)]
    index = filled(Corpus({document.document_id: document}, chunks, unit_vectors(3, np.random.default_rng(1))))
    assert index.search("torque ?", 10, {}) == []
    assert len(index.chunk_ids()) == 3


def test_closing_twice_is_harmless_and_a_closed_index_says_so(index: LexicalIndex) -> None:
    index.close()
    index.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        index.search("torque", 1, {})


def test_sparse_vectors_rank_as_bm25_does(tmp_path: Path, client: QdrantClient) -> None:
    """The idf formulas differ (see qdrant_server), so the lists may differ in places; the best chunk hardly ever."""
    rng = np.random.default_rng(3)
    document = a_document("zipf")
    words = [f"w{rank}" for rank in range(400)]
    weights = 1 / np.arange(2, 402)
    texts = [" ".join(rng.choice(words, int(rng.integers(20, 60)), p=weights / weights.sum())) for _ in range(300)]
    chunks = [replace(a_chunk(document, ordinal, text), context="") for ordinal, text in enumerate(texts)]
    corpus = Corpus({document.document_id: document}, chunks, unit_vectors(300, rng))
    bm25, sparse = fill_bm25(tmp_path / "bm25", corpus), ServerLexical(client, fill_server(client, corpus))
    questions = [" ".join(rng.choice(words[5:], 5, replace=False)) for _ in range(60)]
    same_best = [bm25.search(question, 1, {})[0].chunk_id == sparse.search(question, 1, {})[0].chunk_id for question in questions]
    overlaps = [
        len({hit.chunk_id for hit in bm25.search(question, 10, {})} & {hit.chunk_id for hit in sparse.search(question, 10, {})})
        for question in questions
    ]
    assert np.mean(same_best) >= 0.9
    assert np.mean(overlaps) >= 9.0
