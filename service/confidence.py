"""How sure an answer is: logistic models over a few signals of the request, fitted by `eval/fit_confidence.py`.

Three judgements of one request: that the answer is right (all of it: the confidence shown), that the documents hold an answer at all (below
its threshold the service refuses), and that the question is about what the documents are about (which tells the reason of a refusal).
Weights, their source and the thresholds stand in `service/models/confidence.json`, a model for each set of optional signals: without
cross-encoder or late interaction the others must carry more.
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
from service.specificity import Missing, Needs

PACKAGED = Path(__file__).parent / "models" / "confidence.json"
TOP = 5
OPTIONAL = ("answers", "late", "rerank")
"""Signals of parts that may be left out; a model is fitted for each combination that was seen."""
NEGATIVE = frozenset(("place", "designators", "subjects", "quantity", "asks_quantity", "asks_count", "unsaid"))
"""Signals that can only speak against an answer; all others can only speak for it. A fit never turns one round."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """Probability = sigmoid(bias + sum of weight * (value - mean) / spread)."""

    bias: float
    weights: Mapping[str, float]
    mean: Mapping[str, float]
    spread: Mapping[str, float]

    def judge(self, values: Mapping[str, float]) -> float:
        """The probability, from the signals of `features`."""
        total = self.bias + sum(weight * (values[name] - self.mean[name]) / self.spread[name] for name, weight in self.weights.items())
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), 4)


@dataclass(frozen=True, slots=True)
class Confidence:
    """The three models of one set of signals. Refuse where `answerable` judges below `refuse_below`; or where `right` does
    below `unsure_below`; where then `in_scope` judges below `out_of_scope_below`, the question is not about the documents."""

    right: Logistic
    answerable: Logistic
    in_scope: Logistic
    refuse_below: float
    out_of_scope_below: float
    unsure_below: float = 0.0


def model_for(values: Mapping[str, float]) -> Confidence:
    """The model fitted for the largest set of these signals; without any optional one there is always a model."""
    seen = frozenset(name for name in OPTIONAL if name in values)
    models = _packaged()
    return models[max((names for names in models if names <= seen), key=lambda names: (len(names), "rerank" in names, "answers" in names))]


@lru_cache(maxsize=1)
def _packaged() -> dict[frozenset[str], Confidence]:
    return {frozenset(model["signals"]): read_model(model) for model in json.loads(PACKAGED.read_text("utf-8"))["models"]}


def read_model(fields: Mapping[str, object]) -> Confidence:
    """A model from its JSON object."""
    right, answerable, in_scope = (Logistic(**fields[name]) for name in ("right", "answerable", "in_scope"))  # type: ignore[arg-type]
    below = (float(str(fields.get(name, 0.0))) for name in ("refuse_below", "out_of_scope_below", "unsure_below"))
    return Confidence(right, answerable, in_scope, *below)


def features(question: str, passages: Sequence[Passage], sentences: Sequence[Sentence], wanted: Needs, lacks: Missing) -> dict[str, float]:
    """What the judgements are made on. Every value is finite; an optional signal is missing where no passage has it. `lacks` is what the
    passages do not hold of what the question names (`wanted`)."""
    top = passages[:TOP]
    terms = set(analyze(question))
    values = {
        "dense": max((passage.scores.get("dense") or 0.0 for passage in top), default=0.0),
        "lexical": max((passage.scores.get("lexical") or 0.0 for passage in top), default=0.0) / max(1, len(terms)),
        "sentence": max((sentence.score for sentence in sentences if sentence.score is not None), default=0.0),
        "place": lacks.place,
        "designators": float(min(2, lacks.designators)),
        "subjects": float(min(3, lacks.subjects)),
        "quantity": lacks.quantity,
        "asks_quantity": lacks.asks_quantity,
        "asks_count": lacks.asks_count,
        "unsaid": wanted.unsaid(" ".join(_said(sentence) for sentence in sentences)),
    }
    for name in OPTIONAL:
        seen = [value for passage in top if (value := passage.scores.get(name)) is not None]
        if seen:
            values[name] = max(seen)
    return values


def _said(sentence: Sentence) -> str:
    """A sentence of the answer with where it stands."""
    places = (f"{item.title} {' '.join(item.section)}" for item in sentence.citations)
    return " ".join([sentence.text, sentence.added, *places])
