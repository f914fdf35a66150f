"""Fusion, the signals of a candidate, and the final order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import DOCUMENT, chunk

from service.core.types import Hit
from service.fuse import rrf
from service.rank import models, plain_order, read_order
from service.signals import PLAIN, READ, Candidate, matrix, read_matrix

HITS = st.lists(st.sampled_from("abcdefgh"), unique=True).map(lambda ids: [Hit(chunk_id, 9.0 - rank) for rank, chunk_id in enumerate(ids)])


def candidate(name: str, text: str = "Tighten the lug to 9 Nm.", **stages: float | None) -> Candidate:
    return Candidate(chunk(text, chunk_id=name), DOCUMENT, fused=stages.pop("fused", 0.01) or 0.0, **stages)


def test_rrf_sums_weighted_reciprocal_ranks() -> None:
    fused = rrf([(1.0, [Hit("a", 9), Hit("b", 8)]), (2.0, [Hit("b", 1)])], 60)
    assert [(hit.chunk_id, round(hit.score, 6)) for hit in fused] == [("b", round(1 / 62 + 2 / 61, 6)), ("a", round(1 / 61, 6))]


@given(HITS, HITS, st.floats(0.1, 5), st.floats(0.1, 5))
def test_the_order_of_the_lists_does_not_matter(first: list[Hit], second: list[Hit], one: float, two: float) -> None:
    fused = rrf([(one, first), (two, second)], 60)
    assert fused == rrf([(two, second), (one, first)], 60)
    assert {hit.chunk_id for hit in fused} == {hit.chunk_id for hit in (*first, *second)}
    assert [hit.score for hit in fused] == sorted((hit.score for hit in fused), reverse=True)


@given(st.lists(st.tuples(st.floats(-1, 1) | st.none(), st.floats(0, 40) | st.none(), st.floats(-1, 1) | st.none()), max_size=12))
def test_signals_are_finite_whatever_the_searches_found(found: list[tuple[float | None, float | None, float | None]]) -> None:
    candidates = [candidate(str(n), dense=dense, lexical=lexical, late=late) for n, (dense, lexical, late) in enumerate(found)]
    rows = matrix("how many Nm for the lug?", candidates)
    assert rows.shape == (len(candidates), len(PLAIN))
    assert np.isfinite(rows).all()


def test_a_search_that_missed_a_candidate_thinks_no_better_of_it_than_of_any_it_found() -> None:
    rows = matrix("torque", [candidate("a", dense=0.8), candidate("b", dense=0.3), candidate("c", dense=None)])
    dense = rows[:, PLAIN.index("dense")]
    assert dense[2] == dense[1] < dense[0]


def test_the_share_of_a_document_counts_the_other_candidates_of_it() -> None:
    other = replace(DOCUMENT, document_id="other", file="other.pdf")
    candidates = [candidate("a", dense=0.5), candidate("b", dense=0.5), replace(candidate("c", dense=0.5), document=other)]
    shares = matrix("torque", candidates)[:, PLAIN.index("document_share")]
    assert shares == pytest.approx([1 / 3, 1 / 3, 0])


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=10), st.integers(0, 10))
def test_what_was_not_read_follows_in_its_order_and_nothing_is_lost(logits: list[float], n_read: int) -> None:
    candidates = [
        candidate(f"{n:02}", dense=0.5, cross=logit if n < n_read else None, answers=logit if n < n_read else None)
        for n, logit in enumerate(logits)
    ]
    ranked = read_order(plain_order("which torque?", candidates))
    n_read = min(n_read, len(logits))
    ids = [item.candidate.chunk.chunk_id for item in ranked]
    assert sorted(ids) == [item.chunk.chunk_id for item in candidates]
    if n_read:
        assert ids[n_read:] == [item.chunk.chunk_id for item in candidates[n_read:]]
    assert [item.score for item in ranked] == sorted((item.score for item in ranked), reverse=True)
    assert all(0 <= item.probability <= 1 for item in ranked)


def test_the_cross_encoder_moves_a_passage_up_but_does_not_overrule_agreement_of_the_others() -> None:
    def order(*cross: float) -> list[str]:
        searched = [("a", 0.9, 9.0, 0.8), ("b", 0.5, 5.0, 0.5), ("c", 0.1, 1.0, 0.2)]
        made = [
            candidate(name, dense=dense, lexical=lexical, late=late, cross=logit, answers=logit)
            for (name, dense, lexical, late), logit in zip(searched, cross, strict=True)
        ]
        return [item.candidate.chunk.chunk_id for item in read_order(plain_order("which torque?", made))]

    assert order(1.0, 1.1, -3.0)[0] == "a"
    assert order(-3.0, 7.0, -3.0)[0] == "b"


def test_equal_candidates_are_ordered_by_id() -> None:
    assert [item.candidate.chunk.chunk_id for item in plain_order("torque", [candidate("b"), candidate("a")])] == ["a", "b"]


def test_the_packaged_models_name_only_signals_there_are() -> None:
    assert models()["plain"].names == PLAIN
    assert models()["reranked"].names == PLAIN + READ
    assert read_matrix([candidate("a", cross=1.0)]).shape == (1, len(READ))
