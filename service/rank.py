"""Signals in, the final order out, with the probability that a passage answers. No one signal overrules the rest: they are weighed by
a small linear model, fitted listwise (`eval/fit_ranking.py`); its weights, their source and figures stand in
`service/models/ranking.json`. There are two models: one for what the cross-encoder has read, one for what it has not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from service.signals import PLAIN, READ, Candidate, Matrix, matrix, read_matrix

PACKAGED = Path(__file__).parent / "models" / "ranking.json"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its final score (higher is better; only within one question) and the probability that it answers. `signals`
    (len(PLAIN),) are those it had among the candidates of its question: they cost more than all else here, and are taken once."""

    candidate: Candidate
    score: float
    probability: float
    signals: Matrix


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
        """(n,) scores of (n, len(names)) signals, rounded: equal rows must tie, however the product sums them."""
        return np.asarray(((rows - self.mean) / self.spread) @ self.weights).round(9)

    def probability(self, score: float) -> float:
        """Of a score: how likely the passage answers."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.slope * score + self.offset))))


def plain_order(question: str, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Candidates by what is known without the cross-encoder, best first; ties by chunk id."""
    rows = matrix(question, candidates)
    return _sorted(candidates, rows, models()["plain"].scores(rows), models()["plain"])


def read_order(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Candidates as `plain_order` gave them, of which the first were read by the cross-encoder since: those by both, then the others as
    they come, with scores and probabilities that do not exceed those above them."""
    read = [item.candidate for item in ranked if item.candidate.cross is not None]
    if not read:
        return list(ranked)
    rows = np.array([item.signals for item in ranked[: len(read)]])
    model = models()["reranked"]
    ordered = _sorted(read, rows, model.scores(np.hstack([rows, read_matrix(read)])), model)
    floor = ordered[-1]
    for place, item in enumerate(ranked[len(read) :], 1):
        ordered.append(replace(item, score=floor.score - place, probability=min(floor.probability, item.probability)))
    return ordered


def _sorted(candidates: Sequence[Candidate], rows: Matrix, scores: Matrix, model: Linear) -> list[Ranked]:
    found = zip(candidates, scores.tolist(), rows, strict=True)
    ranked = [Ranked(candidate, score, model.probability(score), row) for candidate, score, row in found]
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
