"""What is read once and kept: decoded chunks, the terms of texts. Kept or not, the same comes out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import chunk

from service.adapters import chunk_cache
from service.adapters.chunk_cache import ChunkCache
from service.core.text import analyze
from service.core.types import Chunk
from service.read_texts import terms_of

STORED = {f"c{number}": chunk(f"text {number}", chunk_id=f"c{number}") for number in range(40)}


class Source:
    """A store that counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        self.asked += chunk_ids
        return [STORED[one] for one in sorted(chunk_ids) if one in STORED]


def test_a_chunk_is_read_once_and_comes_in_the_order_asked() -> None:
    source = Source()
    kept = ChunkCache()
    assert kept.fetch(["c3", "c1", "none", "c3"], source.read) == [STORED["c3"], STORED["c1"], STORED["c3"]]
    assert kept.fetch(["c1", "c2", "c3"], source.read) == [STORED["c1"], STORED["c2"], STORED["c3"]]
    assert sorted(source.asked) == ["c1", "c2", "c3", "none"]


def test_the_chunks_asked_for_last_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_cache, "KEPT", 3)
    source, kept = Source(), ChunkCache()
    for one in ("c1", "c2", "c3", "c1", "c4", "c1", "c2"):
        assert kept.fetch([one], source.read) == [STORED[one]]
    assert source.asked == ["c1", "c2", "c3", "c4", "c2"]


def test_reading_a_whole_index_pushes_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk_cache, "BULK", 10)
    source, kept = Source(), ChunkCache()
    kept.fetch(["c1"], source.read)
    assert kept.fetch(sorted(STORED), source.read) == [STORED[one] for one in sorted(STORED)]
    kept.fetch(["c1", "c2"], source.read)
    assert (source.asked.count("c1"), source.asked.count("c2")) == (1, 2)


@given(st.text(alphabet="abz 5.,-/µΩ°CNm电池QX_\n", max_size=60))
def test_terms_and_neighbours_are_those_of_the_analyzer(text: str) -> None:
    terms = analyze(text)
    read = terms_of(text)
    assert read.own == set(terms)
    own = [*terms, "other"]
    assert all(read.holds_pair(a, b) == ((a, b) in set(pairwise(terms))) for a in own for b in own)
