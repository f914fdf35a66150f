"""Signals in, the final order out, with the probability that a passage answers. No one signal overrules the rest: they are weighed by
a small linear model, fitted listwise (`eval/fit_ranking.py`); its weights, their source and figures stand in
`service/models/ranking.json`. There are two models: one for what the cross-encoder has read, one for what it has not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from service.signals import PLAIN, READ, Candidate, Matrix, matrix, read_matrix

PACKAGED = Path(__file__).parent / "models" / "ranking.json"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its final score (higher is better; only within one question) and the probability that it answers."""

    candidate: Candidate
    score: float
    probability: float


@dataclass(frozen=True, slots=True)
class Linear:
    """score = sum of weights * (signal - mean) / spread, in the order of `names`; probability = sigmoid(slope * score + offset)."""

    names: tuple[str, ...]
    weights: Matrix
    mean: Matrix
    spread: Matrix
    slope: float
    offset: float

    def scores(self, rows: Matrix) -> Matrix:
        """(n,) scores of (n, len(names)) signals."""
        return np.asarray(((rows - self.mean) / self.spread) @ self.weights)

    def probability(self, score: float) -> float:
        """Of a score: how likely the passage answers."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * score + self.offset))))


def plain_order(question: str, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Candidates by what is known without the cross-encoder, best first; ties by chunk id."""
    model = models()["plain"]
    scores = model.scores(matrix(question, candidates))
    return _sorted(candidates, scores, model)


def read_order(question: str, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Candidates (best first by `plain_order`) of which the first were read by the cross-encoder: those by both, then the others as they
    come, with scores and probabilities that do not exceed those above them."""
    n_read = next((at for at, candidate in enumerate(candidates) if candidate.cross is None), len(candidates))
    if n_read == 0:
        return plain_order(question, candidates)
    model = models()["reranked"]
    rows = matrix(question, candidates)
    read = list(candidates[:n_read])
    ranked = _sorted(read, model.scores(np.hstack([rows[:n_read], read_matrix(read)])), model)
    plain = models()["plain"]
    left = plain.scores(rows[n_read:])
    floor = ranked[-1]
    for place, (candidate, score) in enumerate(zip(candidates[n_read:], left.tolist(), strict=True), 1):
        ranked.append(Ranked(candidate, floor.score - place, min(floor.probability, plain.probability(score))))
    return ranked


def _sorted(candidates: Sequence[Candidate], scores: Matrix, model: Linear) -> list[Ranked]:
    ranked = [Ranked(candidate, score, model.probability(score)) for candidate, score in zip(candidates, scores.tolist(), strict=True)]
    return sorted(ranked, key=lambda item: (-item.score, item.candidate.chunk.chunk_id))


@lru_cache(maxsize=1)
def models() -> dict[str, Linear]:
    """The packaged models by name: `plain` and `reranked`."""
    told = json.loads(PACKAGED.read_text("utf-8"))
    return {name: linear(told[name], names) for name, names in (("plain", PLAIN), ("reranked", PLAIN + READ))}


def linear(fields: dict[str, Any], names: tuple[str, ...]) -> Linear:
    """A model from its JSON form; a signal the file does not name weighs nothing."""

    def column(key: str, default: float) -> Matrix:
        return np.array([float(fields[key].get(name, default)) for name in names])

    spread = column("spread", 1.0)
    return Linear(names, column("weights", 0.0), column("mean", 0.0), spread, float(fields["slope"]), float(fields["offset"]))
