"""The fitted models of the answerer: small linear ones, from `service/models/evidence.json` (source, figures and limits stand there;
`eval/fit_evidence.py` fits them).

    first      how well a piece answers: the softmax over a question's pieces is its share of the evidence
    further    the probability that one more piece adds what the answer still lacks
    run        which procedure answers, the same way as `first`
    whole      the probability that a procedure is asked for, not a fact

There is a set of them for passages that were compared with the question token by token, and one for passages that were not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
PACKAGED = Path(__file__).parent.parent / "models" / "evidence.json"


@dataclass(frozen=True, slots=True)
class Linear:
    """score = bias + sum of weights * (signal - mean) / spread, in the order of `names`."""

    names: tuple[str, ...]
    weights: Matrix
    mean: Matrix
    spread: Matrix
    bias: float

    def scores(self, rows: Matrix) -> Matrix:
        """(n,) scores of (n, len(names)) signals."""
        return np.asarray(((rows - self.mean) / self.spread) @ self.weights + self.bias)

    def probabilities(self, rows: Matrix) -> Matrix:
        """(n,) sigmoids of the scores."""
        return np.asarray(1 / (1 + np.exp(-np.clip(self.scores(rows), -30, 30))))


@dataclass(frozen=True, slots=True)
class Models:
    """One set: which piece answers, which one adds something, which procedure is meant, and whether it is asked for whole."""

    first: Linear
    further: Linear
    run: Linear
    whole: Linear


def linear(fields: Mapping[str, Any], names: Sequence[str]) -> Linear:
    """A model from its JSON form; a signal the file does not name weighs nothing."""

    def column(key: str, default: float) -> Matrix:
        return np.array([float(fields[key].get(name, default)) for name in names])

    return Linear(tuple(names), column("weights", 0.0), column("mean", 0.0), column("spread", 1.0), float(fields["bias"]))


def shares(scores: Matrix, temperature: float = 1.0) -> Matrix:
    """The softmax of scores."""
    if not len(scores):
        return np.zeros(0)
    raised = np.exp((scores - scores.max()) / temperature)
    return np.asarray(raised / raised.sum())


@lru_cache(maxsize=2)
def models(compared: bool) -> Models:
    """The packaged set; `compared`: the passages carry their closeness to the question."""
    from service.extract.choose import FURTHER
    from service.extract.chosen_run import RUN, WHOLE
    from service.extract.signals import NAMES

    told = json.loads(PACKAGED.read_text("utf-8"))["compared" if compared else "plain"]
    named = {"first": NAMES, "further": FURTHER, "run": RUN, "whole": WHOLE}
    return Models(**{name: linear(told[name], names) for name, names in named.items()})
