"""The compiled postings give the numbers and the order of rank_bm25's BM25Okapi, whatever the corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from service.adapters.bm25 import Bm25Index, write_bm25
from service.core.errors import IndexUnavailable
from service.core.ids import chunk_id
from service.core.text import analyze
from service.core.types import Chunk, Document

DOCUMENT = Document(document_id="d", sha256="0" * 64, file="d.pdf", title="d", n_pages=1)
TERMS = st.sampled_from([*"bcdefghjk", "torque", "p0a80", "5nm", "電池"])
TEXTS = st.lists(st.lists(TERMS, max_size=12), min_size=1, max_size=25).filter(any)


def a_chunk(ordinal: int, text: str) -> Chunk:
    return Chunk(chunk_id("d", ordinal, text), "d", ordinal, text, "", (), 1, 1, "paragraph", (), 1)


def build(folder: Path, texts: list[str]) -> tuple[Bm25Index, BM25Okapi]:
    """The compiled index, and BM25Okapi over the same chunks in the order of their ids."""
    chunks = [a_chunk(ordinal, text) for ordinal, text in enumerate(texts)]
    write_bm25(folder, chunks, {"d": DOCUMENT})
    ordered = sorted(chunks, key=lambda chunk: chunk.chunk_id)
    texts_of_terms = [analyze(chunk.indexed_text) for chunk in ordered]
    reference = BM25Okapi(texts_of_terms)
    for term, idf in reference.idf.items():
        if reference.average_idf <= 0 and idf <= 0:  # in a tiny corpus: Lucene's idf, which is above zero
            holders = sum(term in terms for terms in texts_of_terms)
            reference.idf[term] = np.log1p((len(texts) - holders + 0.5) / (holders + 0.5))
    return Bm25Index(folder), reference


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS, query=st.lists(TERMS, max_size=8), k=st.integers(1, 30))
def test_scores_and_order_equal_bm25okapi_over_any_corpus(tmp_path: Path, texts: list[list[str]], query: list[str], k: int) -> None:
    index, reference = build(tmp_path / "bm25", [" ".join(text) for text in texts])
    terms = analyze(" ".join(query))
    wanted = reference.get_scores(terms)
    assert np.array_equal(index.scores(terms), wanted)  # the very same float64, not only close
    best = [ordinal for ordinal in np.argsort(-wanted, kind="stable") if wanted[ordinal] > 0][:k]
    hits = index.search(" ".join(query), k, {})
    assert [hit.chunk_id for hit in hits] == [index.chunk_ids()[ordinal] for ordinal in best]
    assert [hit.score for hit in hits] == [wanted[ordinal] for ordinal in best]


def test_scores_equal_bm25okapi_on_a_corpus_of_natural_proportions(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, 3001)
    texts = [" ".join(f"w{word}" for word in rng.choice(3000, 60, p=weights / weights.sum())) for _ in range(1500)]
    index, reference = build(tmp_path / "bm25", texts)
    for _ in range(20):
        query = [f"w{word}" for word in rng.choice(3000, 8, p=weights / weights.sum())]
        assert np.abs(index.scores(query) - reference.get_scores(query)).max() <= 1e-6
        hits = index.search(" ".join(query), 50, {})
        scores = dict(zip(index.chunk_ids(), reference.get_scores(query), strict=True))
        assert [hit.chunk_id for hit in hits] == sorted(scores, key=lambda name: (-scores[name], name))[:50]


def test_terms_in_most_chunks_follow_the_epsilon_rule(tmp_path: Path) -> None:
    index, reference = build(tmp_path / "bm25", ["common", "common", "common rare", "x", "y z u"])
    assert reference.idf["common"] == pytest.approx(0.25 * reference.average_idf)
    assert [hit.score for hit in index.search("common", 9, {})] == sorted(reference.get_scores(["common"]), reverse=True)[:3]


def test_words_are_found_in_a_corpus_of_one_chunk(tmp_path: Path) -> None:
    index, _ = build(tmp_path / "bm25", ["terminal screw torque"])
    assert [hit.score > 0 for hit in index.search("torque of the screw", 9, {})] == [True]


def test_the_same_chunks_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    chunks = [a_chunk(ordinal, f"torque {ordinal} Nm relay") for ordinal in range(20)]
    write_bm25(tmp_path / "one", chunks, {"d": DOCUMENT})
    write_bm25(tmp_path / "two", [*reversed(chunks), chunks[3]], {"d": DOCUMENT})
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["impacts.npy", "index.json", "offsets.npy", "ordinals.npy", "owners.npy"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_reading_changes_no_file(tmp_path: Path) -> None:
    index, _ = build(tmp_path / "bm25", ["torque relay", "pump", "fuse"])
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "bm25").iterdir()}
    index.search("pump", 3, {})
    index.close()
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (tmp_path / "bm25").iterdir()} == before


@pytest.mark.parametrize("name", ["index.json", "offsets.npy", "ordinals.npy", "impacts.npy", "owners.npy"])
def test_a_missing_cut_or_foreign_file_is_found_when_opening(tmp_path: Path, name: str) -> None:
    build(tmp_path / "bm25", ["torque relay", "pump", "fuse"])
    build(tmp_path / "other", ["torque"])
    path = tmp_path / "bm25" / name
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", (tmp_path / "other" / name).read_bytes()):
        path.write_bytes(damaged)
        with pytest.raises(IndexUnavailable, match="evdocs ingest"):
            Bm25Index(tmp_path / "bm25")
    path.unlink()
    with pytest.raises(IndexUnavailable, match="evdocs ingest"):
        Bm25Index(tmp_path / "bm25")


def test_a_pickle_in_an_array_file_is_never_loaded(tmp_path: Path) -> None:
    build(tmp_path / "bm25", ["torque relay", "pump"])
    np.save(tmp_path / "bm25" / "impacts.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(IndexUnavailable):
        Bm25Index(tmp_path / "bm25")


def test_another_format_is_named(tmp_path: Path) -> None:
    build(tmp_path / "bm25", ["torque relay", "pump"])
    path = tmp_path / "bm25" / "index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(IndexUnavailable, match="99"):
        Bm25Index(tmp_path / "bm25")
