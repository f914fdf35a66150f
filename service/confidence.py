"""How sure an answer is: a logistic model over a few signals of the request, fitted by `eval/fit_confidence.py`.

Weights, their source and the refusal thresholds stand in `service/models/confidence.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from service.cite import Sentence
from service.core.text import analyze
from service.core.types import Passage

PACKAGED = Path(__file__).parent / "models" / "confidence.json"


@dataclass(frozen=True, slots=True)
class Confidence:
    """Probability that the answer is right = sigmoid(bias + sum of weight * (value - mean) / spread). Refuse below `threshold`; below
    `out_of_scope_below` the question is not even about the documents."""

    bias: float
    weights: Mapping[str, float]
    mean: Mapping[str, float]
    spread: Mapping[str, float]
    threshold: float
    out_of_scope_below: float

    def judge(self, values: Mapping[str, float]) -> float:
        """The probability, from the signals of `features`."""
        total = self.bias + sum(weight * (values[name] - self.mean[name]) / self.spread[name] for name, weight in self.weights.items())
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), 4)


def model_for(values: Mapping[str, float]) -> Confidence:
    """The fitted model for these signals: one for questions whose passages were reranked, one for those where that stage was left out."""
    return _packaged()["reranked" if "rerank" in values else "plain"]


@lru_cache(maxsize=1)
def _packaged() -> dict[str, Confidence]:
    models = json.loads(PACKAGED.read_text("utf-8"))
    return {name: Confidence(**{field: model[field] for field in Confidence.__dataclass_fields__}) for name, model in models.items()}


def features(question: str, passages: Sequence[Passage], sentences: Sequence[Sentence]) -> dict[str, float]:
    """What the judgement is made on; every value is finite, and "rerank" is missing where nothing was reranked."""
    top = passages[:5]
    terms = set(analyze(question))
    read = set(analyze(" ".join(passage.chunk.indexed_text for passage in top[:3])))
    reranked = [value for passage in top if (value := passage.scores.get("rerank")) is not None]
    values = {
        "dense": max((passage.scores.get("dense") or 0.0 for passage in top), default=0.0),
        "lexical": max((passage.scores.get("lexical") or 0.0 for passage in top), default=0.0) / max(1, len(terms)),
        "coverage": len(terms & read) / len(terms) if terms else 0.0,
        "sentence": max((sentence.score for sentence in sentences if sentence.score is not None), default=0.0),
    }
    return values | ({"rerank": max(reranked)} if reranked else {})
