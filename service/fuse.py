"""Ranked lists in, one ranked list out."""

from __future__ import annotations

from collections.abc import Sequence

from service.core.types import Hit


def rrf(rankings: Sequence[tuple[float, Sequence[Hit]]], rank_constant: int) -> list[Hit]:
    """Weighted reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009): a hit scores the sum over the lists of
    weight / (rank_constant + rank), ranks from 1. `rankings` are (weight, hits best first). Ties by chunk id, so the order of
    the lists does not matter."""
    scores: dict[str, float] = {}
    for weight, hits in rankings:
        for rank, hit in enumerate(hits, 1):
            scores[hit.chunk_id] = scores.get(hit.chunk_id, 0.0) + weight / (rank_constant + rank)
    return sorted((Hit(chunk_id, score) for chunk_id, score in scores.items()), key=lambda hit: (-hit.score, hit.chunk_id))
