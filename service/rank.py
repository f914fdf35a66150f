"""Every stage's scores in, the final order out. No one signal overrules the rest: each is standardised over the candidates of
this question and they are summed with fixed weights (eval/LOG.md, entry one)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.core.types import Chunk

WEIGHTS = {"rerank": 1.0, "dense": 0.5, "lexical": 0.5}


@dataclass(frozen=True, slots=True)
class Signals:
    """Scores by chunk id, of the stages that saw it."""

    dense: Mapping[str, float]
    lexical: Mapping[str, float]
    fused: Mapping[str, float]
    rerank: Mapping[str, float]

    def of(self, chunk_id: str, final: float) -> dict[str, float | None]:
        """All scores of one chunk; None where a stage did not see it."""
        return {
            "dense": self.dense.get(chunk_id),
            "lexical": self.lexical.get(chunk_id),
            "fused": self.fused.get(chunk_id),
            "rerank": self.rerank.get(chunk_id),
            "final": final,
        }


def order(chunks: Sequence[Chunk], signals: Signals) -> list[tuple[Chunk, float]]:
    """Chunks with their final score, best first. Reranked chunks are ordered by the weighted sum of standardised scores; the
    others follow in fused order, with scores below them. Ties by chunk id."""
    head = [chunk for chunk in chunks if chunk.chunk_id in signals.rerank]
    if not head:
        return [(chunk, signals.fused[chunk.chunk_id]) for chunk in chunks]
    total = np.zeros(len(head))
    for name, weight in WEIGHTS.items():
        total += weight * _standardised([getattr(signals, name).get(chunk.chunk_id) for chunk in head])
    ranked = sorted(zip(head, total.tolist(), strict=True), key=lambda item: (-item[1], item[0].chunk_id))
    floor = ranked[-1][1]
    tail = [chunk for chunk in chunks if chunk.chunk_id not in signals.rerank]
    return ranked + [(chunk, floor - place) for place, chunk in enumerate(tail, 1)]


def _standardised(values: Sequence[float | None]) -> np.ndarray:
    """Zero mean, unit variance; a missing value counts as the lowest seen (the search did not find it among its best)."""
    seen = [value for value in values if value is not None]
    if not seen:
        return np.zeros(len(values))
    filled = np.array([min(seen) if value is None else value for value in values])
    spread = float(filled.std())
    return (filled - filled.mean()) / spread if spread > 1e-9 else np.zeros(len(values))
