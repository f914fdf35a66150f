"""Fit `service/models/confidence.json`: how the signals of a request become the probability that its answer is right, and below
which probability to refuse.

    python -m eval.fit_confidence --corpus HOME GOLD [--corpus HOME GOLD ...] [--out FILE]

It fits the model for reranked questions, or with EVDOCS_RERANKER=none the one for questions where that stage is left out; the other
stays as it is. Each corpus is an indexed home folder and a gold file over it. An item counts as right when it is answerable and its
answer cites a page of the evidence. The refusal threshold is the one stated risk: at most OVER_REFUSAL of the answerable items that are
answered right are refused, judged on probabilities predicted for documents the model was not fitted on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from eval.items import GoldItem, load_gold
from service import wire
from service.cite import Cited
from service.confidence import PACKAGED, features
from service.core.ports import Rag
from service.core.settings import load
from service.pack import pack
from service.retrieve import retrieve

OVER_REFUSAL = 0.04
FOLDS = 5
SEED = 20261120


@dataclass(frozen=True, slots=True)
class Row:
    """One item: its signals, whether the answer was right, and the document it is about (the unit of the folds)."""

    item: GoldItem
    values: dict[str, float]
    right: bool
    group: str


def observe(rag: Rag, item: GoldItem) -> Row:
    """Ask one item and note the signals, whatever they would have led to."""
    passages = retrieve(rag, item.question, {}, rag.settings.rerank_depth, deadline=time.monotonic() + 60).passages
    packed = pack(passages, rag.settings.passages, rag.index.vectors, rag.index.documents)
    cited = Cited(packed)
    for draft in rag.generators["extractive"].stream(item.question, packed, 60.0):
        cited.add(draft)
    places = (*item.evidence, *item.also)
    right = item.answerable and any(place.holds(made.file, made.page, made.page) for made in cited.citations for place in places)
    group = places[0].document if places else item.about or item.item_id
    return Row(item, features(item.question, passages, cited.sentences), right, group)


def fit(rows: list[Row]) -> dict[str, Any]:
    """The fields of `confidence.json`, with how they were come by."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    names = sorted(rows[0].values)
    rows = [row for row in rows if len(row.values) == len(names)]  # a question that found nothing at all has no signals to fit
    values = np.array([[row.values[name] for name in names] for row in rows])
    right = np.array([row.right for row in rows])
    mean, spread = values.mean(0), values.std(0)
    spread[spread < 1e-9] = 1.0
    scaled = (values - mean) / spread
    model = LogisticRegression(C=1.0, random_state=SEED)
    predicted = np.zeros(len(rows))
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(scaled, right, [row.group for row in rows]):
        predicted[test] = model.fit(scaled[train], right[train]).predict_proba(scaled[test])[:, 1]
    model.fit(scaled, right)
    kinds = np.array([row.item.type for row in rows])
    threshold = float(np.quantile(predicted[right], OVER_REFUSAL))
    out = _boundary(predicted[kinds == "out_of_domain"], predicted[kinds == "unanswerable"])
    refused = predicted < threshold
    return {
        "bias": float(model.intercept_[0]),
        "weights": dict(zip(names, map(float, model.coef_[0]), strict=True)),
        "mean": dict(zip(names, map(float, mean), strict=True)),
        "spread": dict(zip(names, map(float, spread), strict=True)),
        "threshold": round(threshold, 4),
        "out_of_scope_below": round(min(out, threshold), 4),
        "fitted": {
            "items": len(rows),
            "right": int(right.sum()),
            "auc_right": round(float(roc_auc_score(right, predicted)), 4),
            "over_refusal_of_right": OVER_REFUSAL,
            "refused": {kind: f"{int(refused[kinds == kind].sum())} of {int((kinds == kind).sum())}" for kind in sorted(set(kinds))},
        },
    }


def _boundary(low: np.ndarray, high: np.ndarray) -> float:
    """The value that tells two samples apart best: most of `low` below it, most of `high` not."""
    if not len(low) or not len(high):
        return 0.0
    cuts = np.unique(np.concatenate([low, high]))
    gain = [(low < cut).mean() + (high >= cut).mean() for cut in cuts]
    return float(cuts[int(np.argmax(gain))])


def main(arguments: list[str]) -> int:
    """Observe, fit, write."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit_confidence")
    parser.add_argument("--corpus", nargs=2, action="append", required=True, type=Path, metavar=("HOME", "GOLD"))
    parser.add_argument("--out", type=Path, default=PACKAGED)
    args = parser.parse_args(arguments)
    console = Console(stderr=True)
    rows: list[Row] = []
    for home, gold in args.corpus:
        rag = wire.wire(load(home=home))
        rows += [observe(rag, item) for item in track(load_gold(gold), f"{gold.name}", console=console)]
        rag.index.close()
    fields = fit(rows)
    models = json.loads(args.out.read_text("utf-8")) if args.out.is_file() else {}
    models["plain" if load().reranker == "none" else "reranked"] = fields
    args.out.write_text(json.dumps(models, indent=1) + "\n", "utf-8")
    console.print_json(json.dumps(fields["fitted"]))
    console.print(f"threshold {fields['threshold']}, out of scope below {fields['out_of_scope_below']}, weights {fields['weights']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
