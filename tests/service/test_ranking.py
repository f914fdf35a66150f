"""Fusion and the final order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from records import chunk

from service.core.types import Hit
from service.fuse import rrf
from service.rank import Signals, order

HITS = st.lists(st.sampled_from("abcdefgh"), unique=True).map(lambda ids: [Hit(chunk_id, 9.0 - rank) for rank, chunk_id in enumerate(ids)])


def test_rrf_sums_weighted_reciprocal_ranks() -> None:
    fused = rrf([(1.0, [Hit("a", 9), Hit("b", 8)]), (2.0, [Hit("b", 1)])], 60)
    assert [(hit.chunk_id, round(hit.score, 6)) for hit in fused] == [("b", round(1 / 62 + 2 / 61, 6)), ("a", round(1 / 61, 6))]


@given(HITS, HITS, st.floats(0.1, 5), st.floats(0.1, 5))
def test_the_order_of_the_lists_does_not_matter(first: list[Hit], second: list[Hit], one: float, two: float) -> None:
    fused = rrf([(one, first), (two, second)], 60)
    assert fused == rrf([(two, second), (one, first)], 60)
    assert {hit.chunk_id for hit in fused} == {hit.chunk_id for hit in (*first, *second)}
    assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)


@given(HITS, st.integers(0, 8))
def test_what_was_not_reranked_follows_in_fused_order_and_nothing_is_lost(hits: list[Hit], depth: int) -> None:
    chunks = [chunk("x", chunk_id=hit.chunk_id) for hit in hits]
    scores = {hit.chunk_id: hit.score for hit in hits}
    rerank = {hit.chunk_id: float(rank) for rank, hit in enumerate(hits[:depth])}
    ranked = order(chunks, Signals(scores, scores, scores, rerank))
    assert sorted(item.chunk_id for item, _ in ranked) == sorted(scores)
    assert [item.chunk_id for item, _ in ranked][len(rerank) :] == [hit.chunk_id for hit in hits[len(rerank) :]]
    assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)


def test_the_cross_encoder_moves_a_passage_up_but_does_not_overrule_agreement_of_the_others() -> None:
    chunks = [chunk("x", chunk_id=name) for name in "abc"]
    dense, lexical = {"a": 0.9, "b": 0.2, "c": 0.1}, {"a": 9.0, "b": 2.0, "c": 1.0}
    fused = {"a": 0.03, "b": 0.02, "c": 0.01}
    slightly = order(chunks, Signals(dense, lexical, fused, {"a": 1.0, "b": 1.1, "c": -3.0}))
    clearly = order(chunks, Signals(dense, lexical, fused, {"a": -3.0, "b": 6.0, "c": -3.0}))
    assert slightly[0][0].chunk_id == "a"
    assert clearly[0][0].chunk_id == "b"
