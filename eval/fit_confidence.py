"""Fit `service/models/confidence.json`: how the signals of a request become the probability that its answer is right, and below
which probability of there being an answer to refuse.

    python -m eval.fit_confidence --corpus HOME QUESTIONS [--corpus HOME QUESTIONS ...] [--rows FILE] [--limit N] [--out FILE]

Each corpus is an indexed home folder and a file of questions over it (`eval/observe.py`); questions out of domain
(`eval/gold/out_of_domain.jsonl`) and made near misses are added to each. `--rows` keeps what was observed: where the file exists nothing
is asked again. `--limit` takes N answerable questions of a corpus, and all others. It is observed with the cross-encoder and without; each
set of signals gets its models.

A model is a logistic regression whose weights keep the sign their signal can only have, so that few questions cannot turn one round. The
refusal threshold is the one stated risk: at most OVER_REFUSAL of the answerable questions that are answered right are refused, judged on
probabilities predicted for documents the model was not fitted on.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from eval.observe import Asked, Row, made_up, observe, read_questions, read_rows, write_rows
from eval.stats import expected_calibration_error, risk_at_coverage
from service import wire
from service.confidence import NEGATIVE, OPTIONAL, PACKAGED
from service.core.settings import load

OVER_REFUSAL = 0.05
UNSURE_BELOW = 0.2
"""An answer that is right less than once in five times is not given: of the rows fitted on it costs 3 in 100 right ones (eval/LOG.md)."""
FOLDS = 5
SEED = 20261120
PENALTY = 0.01
N_NEAR_MISSES = 150
OUT_OF_DOMAIN = Path(__file__).parent / "gold" / "out_of_domain.jsonl"
HEADS = ("right", "answerable", "in_scope")
UNFIT = {"answerable": ("sentence",), "in_scope": ("sentence", "unsaid", "asks_quantity", "asks_count", "quantity")}
"""Signals a head does without: what was picked says little on whether there is an answer; the form of a question nothing on its subject."""
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(slots=True)
class Signed:
    """A logistic regression in standardised signals; weights keep their signal's sign."""

    names: tuple[str, ...]
    mean: Floats
    spread: Floats
    bias: float
    weights: Floats

    def judge(self, values: Floats) -> Floats:
        """Probabilities of rows."""
        total = ((values - self.mean) / self.spread) @ self.weights + self.bias
        return np.asarray(1 / (1 + np.exp(-np.clip(total, -30, 30))), np.float64)

    def fields(self) -> dict[str, Any]:
        """As it stands in the file."""
        named = {key: dict(zip(self.names, map(_rounded, column), strict=True)) for key, column in self._columns()}
        return {"bias": _rounded(self.bias), **named}

    def _columns(self) -> Iterable[tuple[str, Floats]]:
        return (("weights", self.weights), ("mean", self.mean), ("spread", self.spread))


def fit_signed(names: Sequence[str], values: Floats, truth: Bools, importance: Floats) -> Signed:
    """Least cross-entropy with a small quadratic penalty, by L-BFGS-B within the signs."""
    from scipy.optimize import minimize

    mean, spread = values.mean(0), values.std(0)
    spread[spread < 1e-9] = 1.0
    scaled, sign = (values - mean) / spread, np.array([-1.0 if name in NEGATIVE else 1.0 for name in names])
    target, share = np.where(truth, 1.0, -1.0), importance / importance.sum()

    def loss(free: Floats) -> tuple[float, Floats]:
        margin = target * (scaled @ (free[1:] * sign) + free[0])
        pull = -target * share / (1 + np.exp(np.clip(margin, -60, 60)))
        slope = np.concatenate([[pull.sum()], (pull @ scaled) * sign + 2 * PENALTY * free[1:]])
        return float((share * np.logaddexp(0, -margin)).sum() + PENALTY * (free[1:] ** 2).sum()), slope

    bounds = [(None, None), *([(0, None)] * len(names))]
    found = minimize(loss, np.concatenate([[0.0], np.full(len(names), 0.1)]), jac=True, bounds=bounds, method="L-BFGS-B")
    return Signed(tuple(names), mean, spread, float(found.x[0]), found.x[1:] * sign)


def fit(rows: Sequence[Row], signals: frozenset[str]) -> dict[str, Any]:
    """The models for requests with these optional signals, with how they were come by."""
    names = sorted(name for name in rows[0].values if name not in OPTIONAL or name in signals)
    rows = [row for row in rows if all(name in row.values for name in names)]
    truths = {head: np.array([getattr(row, head) for row in rows]) for head in HEADS}
    weights = _importance(rows)
    models, predicted = {}, {}
    for head in HEADS:
        own = [name for name in names if name not in UNFIT.get(head, ())]
        values = np.array([[row.values[name] for name in own] for row in rows])
        predicted[head] = _out_of_fold(own, values, truths[head], weights[head], [row.group for row in rows])
        models[head] = fit_signed(own, values, truths[head], weights[head])
    kinds = np.array([row.kind for row in rows])
    refuse_below = float(np.quantile(predicted["answerable"][truths["right"]], OVER_REFUSAL))
    refused = predicted["answerable"] < refuse_below
    given = truths["answerable"] | ~refused
    out = _boundary(predicted["in_scope"][kinds == "out_of_domain"], predicted["in_scope"][truths["in_scope"] & refused])
    right, sure = truths["right"], predicted["right"]
    owed = truths["answerable"]
    return {
        "signals": sorted(signals),
        "refuse_below": round(refuse_below, 4),
        "unsure_below": UNSURE_BELOW,
        "out_of_scope_below": round(out, 4),
        **{head: model.fields() for head, model in models.items()},
        "fitted": {
            "questions": len(rows),
            "right": int(right.sum()),
            "over_refusal_of_right": OVER_REFUSAL,
            "ece": expected_calibration_error(list(sure[given & ~refused]), list(right[given & ~refused])),
            "risk_by_coverage": {
                f"{share:.1f}": risk_at_coverage(list(sure[owed]), list(right[owed]), share) for share in (0.2, 0.4, 0.6, 0.8, 1.0)
            },
            "refused": {kind: f"{int(refused[kinds == kind].sum())} of {int((kinds == kind).sum())}" for kind in sorted(set(kinds))},
        },
    }


def _importance(rows: Sequence[Row]) -> dict[str, Floats]:
    """How much each row counts. For `right` and `in_scope` as often as it is; for `answerable` both sides alike, the unanswerable ones
    most: questions out of domain are told apart easily and would drown them."""
    share = {"out_of_domain": 0.25, "near_miss": 0.5}
    plain = np.ones(len(rows))
    known = np.array([1.0 if row.answerable else share.get(row.kind, 1.0) for row in rows])
    yes = np.array([row.answerable for row in rows])
    known[yes] /= known[yes].sum()
    known[~yes] /= known[~yes].sum()
    frequent = np.array([0.25 if row.kind in share else 1.0 for row in rows])
    return {"right": frequent, "answerable": known, "in_scope": plain}


def _out_of_fold(names: Sequence[str], values: Floats, truth: Bools, weights: Floats, groups: Sequence[str]) -> Floats:
    """Probabilities for rows of documents the model was not fitted on."""
    from sklearn.model_selection import GroupKFold

    predicted = np.zeros(len(truth))
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(values, truth, groups):
        predicted[test] = fit_signed(names, values[train], truth[train], weights[train]).judge(values[test])
    return predicted


def _boundary(low: Floats, high: Floats) -> float:
    """The value that tells two samples apart best: most of `low` below it, most of `high` not."""
    if not len(low) or not len(high):
        return 0.5
    cuts = np.unique(np.concatenate([low, high]))
    gain = [(low < cut).mean() + (high >= cut).mean() for cut in cuts]
    return float(cuts[int(np.argmax(gain))])


def _rounded(value: float) -> float:
    return round(float(value), 5)


def ask_all(corpora: Sequence[tuple[Path, Path]], limit: int, console: Console) -> list[Row]:
    """The rows of all corpora, with the cross-encoder and without."""
    rows: list[Row] = []
    for home, questions in corpora:
        rag = wire.wire(load(home=home))
        asked = _taken(read_questions(questions), limit)
        missed = random.Random(SEED).sample(made := made_up(asked, rag), min(N_NEAR_MISSES, len(made)))
        asked += [*missed, *(replace(one, group=f"{one.group} {home.name}") for one in read_questions(OUT_OF_DOMAIN))]
        rows += observe(rag, asked, questions.name, console)
        plain = replace(rag, reranker=None, generators=wire.load_generators())
        rows += observe(plain, asked, f"{questions.name}, no cross-encoder", console)
        rag.index.close()
    return rows


def _taken(asked: Sequence[Asked], limit: int) -> list[Asked]:
    """All questions without an answer, and `limit` of those with one."""
    known = [one for one in asked if one.answerable]
    kept = random.Random(SEED).sample(known, limit) if 0 < limit < len(known) else known
    return [*kept, *(one for one in asked if not one.answerable)]


def _by_signals(rows: Sequence[Row]) -> dict[frozenset[str], list[Row]]:
    """The rows for each set of optional signals: those observed with exactly these, and for a set that was not observed those with the
    fewest more, the cross-encoder's being there or not in both (without it passages have another order)."""
    seen: dict[frozenset[str], list[Row]] = {}
    for row in rows:
        seen.setdefault(frozenset(row.values) & frozenset(OPTIONAL), []).append(row)
    wanted = {frozenset(some) for signals in seen for n in range(len(signals) + 1) for some in combinations(sorted(signals), n)}
    found: dict[frozenset[str], list[Row]] = {}
    for signals in wanted:
        wider = [other for other in seen if signals <= other and ("rerank" in other) == ("rerank" in signals)]
        if wider:
            found[signals] = seen[min(wider, key=lambda other: (len(other), sorted(other)))]
    return found


def main(arguments: list[str]) -> int:
    """Observe, fit, write."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit_confidence")
    parser.add_argument("--corpus", nargs=2, action="append", default=[], type=Path, metavar=("HOME", "QUESTIONS"))
    parser.add_argument("--rows", type=Path, help="file of observed rows: read where it exists, else written")
    parser.add_argument("--limit", type=int, default=0, help="answerable questions taken of a corpus; 0 takes all")
    parser.add_argument("--out", type=Path, default=PACKAGED)
    args = parser.parse_args(arguments)
    console = Console(stderr=True)
    if args.rows and args.rows.is_file():
        rows = read_rows(args.rows)
    else:
        rows = ask_all(args.corpus, args.limit, console)
        if args.rows:
            write_rows(args.rows, rows)
    models = [fit(own, signals) for signals, own in sorted(_by_signals(rows).items(), key=lambda item: sorted(item[0]))]
    args.out.write_text(json.dumps({"models": models}, indent=1) + "\n", "utf-8")
    for model in models:
        console.print_json(json.dumps({key: model[key] for key in ("signals", "refuse_below", "out_of_scope_below", "fitted")}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
