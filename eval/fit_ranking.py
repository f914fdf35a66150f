"""Fit `service/models/ranking.json`: how the signals of a candidate become its place and the probability that it answers.

    python -m eval.fit_ranking --corpus HOME QUESTIONS [--corpus HOME QUESTIONS ...] [--plain HOME QUESTIONS ...] [--out FILE]

Each corpus is an indexed home folder and questions over it: gold items, or rows of {"id", "question", "document", "page", "quote",
"answer"} (an answer of null: not answerable). The order is fitted listwise: the softmax of the scores over a question's candidates against
the chunks that hold the evidence quote, by L-BFGS with an L2 penalty chosen over folds by document. The probability is fitted on the first
candidate of each question, on scores predicted for documents that the model was not fitted on. Documents the reranker was trained on must
not be given as --corpus: its scores would look too good there. They may be given as --plain: the model for what the cross-encoder has not
read is fitted on both.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from eval.items import GoldItem, Place, load_gold
from eval.matching import squeeze
from service import wire
from service.core.ports import Rag
from service.core.settings import load
from service.rank import PACKAGED
from service.retrieve import observe
from service.signals import PLAIN, READ, Candidate, Matrix, matrix, read_matrix

FOLDS = 5
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)
SEED = 20261130


@dataclass(frozen=True, slots=True)
class Listed:
    """One question's candidates: `rows` (n, len(PLAIN + READ)), `gains` (n,) and whether each is on a page of the evidence. `group` is
    the document the question is about."""

    rows: Matrix
    gains: Matrix
    on_page: np.ndarray
    answerable: bool
    group: str


def questions(path: Path) -> list[GoldItem]:
    """Gold items, or rows of training questions as gold items."""
    first = json.loads(path.read_text("utf-8").splitlines()[0])
    if "expect" in first:
        return [item for item in load_gold(path) if item.expect in ("answer", "refuse")]
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [
        GoldItem(
            row["id"],
            row["question"],
            "lookup" if row["answer"] is not None else "unanswerable",
            "medium",
            "answer" if row["answer"] is not None else "refuse",
            evidence=(Place(row["document"], (row["page"] or 1,)),) if row["answer"] is not None else (),
            quotes=(row["quote"],),
            about=row["document"],
        )
        for row in rows
    ]


def listed(item: GoldItem, candidates: Sequence[Candidate]) -> Listed:
    """The item's candidates with their signals and labels."""
    quotes = [squeeze(quote)[0] for quote in item.quotes]
    on_page = np.array([_on_page(item, candidate) for candidate in candidates], bool)
    holds = np.array([any(quote in _squeezed(candidate.chunk.text) for quote in quotes) for candidate in candidates], bool)
    gains = (on_page & holds & item.answerable).astype(float)
    rows = np.hstack([matrix(item.question, candidates), read_matrix(candidates)])
    return Listed(rows, gains, on_page & item.answerable, item.answerable, item.cluster)


@lru_cache(20_000)
def _squeezed(text: str) -> str:
    return squeeze(text)[0]


def _on_page(item: GoldItem, candidate: Candidate) -> bool:
    chunk, file = candidate.chunk, candidate.document.file
    return any(place.holds(file, chunk.page_first, chunk.page_last) for place in (*item.evidence, *item.also))


def fit(lists: Sequence[Listed], names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of one model: weights over these signals, with what folds by document say of it."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    width = len(names)
    rows = np.vstack([one.rows[:, :width] for one in lists])
    mean, spread = rows.mean(0), rows.std(0)
    spread[spread < 1e-9] = 1.0
    scaled = [(one.rows[:, :width] - mean) / spread for one in lists]
    usable = [at for at, one in enumerate(lists) if one.gains.sum() > 0]
    folds = list(GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(lists, groups=[one.group for one in lists]))

    def predicted(penalty: float) -> list[Matrix]:
        scores: list[Matrix] = [np.zeros(0)] * len(lists)
        for train, test in folds:
            weights = listwise([(scaled[at], lists[at].gains) for at in train if at in usable_set], penalty)
            for at in test:
                scores[at] = scaled[at] @ weights
        return scores

    usable_set = set(usable)
    trials = {penalty: predicted(penalty) for penalty in PENALTIES}
    figures = {penalty: _hits(lists, scores) for penalty, scores in trials.items()}
    penalty = max(PENALTIES, key=lambda value: figures[value]["mrr"])
    weights = listwise([(scaled[at], lists[at].gains) for at in usable], penalty)
    best = np.array([scores.max() for scores in trials[penalty]])
    right = np.array([bool(one.on_page[int(scores.argmax())]) for one, scores in zip(lists, trials[penalty], strict=True)])
    platt = LogisticRegression(C=1e6).fit(best[:, None], right)
    return {
        "weights": {name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)},
        "mean": {name: round(float(value), 5) for name, value in zip(names, mean, strict=True)},
        "spread": {name: round(float(value), 5) for name, value in zip(names, spread, strict=True)},
        "slope": round(float(platt.coef_[0][0]), 5),
        "offset": round(float(platt.intercept_[0]), 5),
        "fitted": {
            "questions": len(lists),
            "answerable": int(sum(one.answerable for one in lists)),
            "penalty": penalty,
            "folds": {name: round(value, 4) for name, value in figures[penalty].items()},
            "auc_first_is_right": round(float(roc_auc_score(right, best)), 4),
        },
    }


def listwise(lists: Sequence[tuple[Matrix, Matrix]], penalty: float) -> Matrix:
    """Weights that minimise the mean cross-entropy between the gains and the softmax of the scores, plus penalty * |w|^2 / (2 n)."""
    from scipy.optimize import minimize

    width, longest = lists[0][0].shape[1], max(len(gains) for _, gains in lists)
    rows = np.zeros((len(lists), longest, width))
    target = np.zeros((len(lists), longest))
    beyond = np.ones((len(lists), longest), bool)
    for at, (own, gains) in enumerate(lists):
        rows[at, : len(own)], target[at, : len(own)], beyond[at, : len(own)] = own, gains / gains.sum(), False

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        scores = np.where(beyond, -np.inf, rows @ weights)
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        value = -float(np.where(beyond, 0.0, target * np.where(beyond, 0.0, logs)).sum())
        gradient = np.einsum("qnf,qn->f", rows, np.exp(logs) - target)
        n = len(lists)
        return value / n + penalty * float(weights @ weights) / (2 * n), gradient / n + penalty * weights / n

    return np.asarray(minimize(loss, np.zeros(width), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x)


def _hits(lists: Sequence[Listed], scores: Sequence[Matrix]) -> dict[str, float]:
    """Page-level figures over the answerable questions."""
    ranks = []
    for one, own in zip(lists, scores, strict=True):
        if one.answerable:
            found = np.flatnonzero(one.on_page[np.argsort(-own, kind="stable")])
            ranks.append(int(found[0]) if len(found) else 10**6)
    at = np.array(ranks)
    return {"hit@1": float((at < 1).mean()), "hit@5": float((at < 5).mean()), "mrr": float((1.0 / (at + 1)).mean())}


def observations(rag: Rag, items: Sequence[GoldItem], console: Console) -> list[Listed]:
    """Every item's candidates, all of them read by the cross-encoder; items whose documents are not indexed are left out."""
    known = {document.file for document in rag.index.documents.values()}
    kept = [item for item in items if {*item.documents, *([item.about] if item.about else [])} <= known]
    lists = []
    for item in track(kept, "asking", console=console):
        candidates = observe(rag, item.question, deadline=time.monotonic() + 60)
        if candidates:
            lists.append(listed(item, candidates))
    return lists


def main(arguments: list[str]) -> int:
    """Observe, fit, write."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit_ranking")
    parser.add_argument("--corpus", nargs=2, action="append", required=True, type=Path, metavar=("HOME", "QUESTIONS"))
    parser.add_argument("--plain", nargs=2, action="append", default=[], type=Path, metavar=("HOME", "QUESTIONS"))
    parser.add_argument("--out", type=Path, default=PACKAGED)
    args = parser.parse_args(arguments)
    console = Console(stderr=True)
    lists: dict[str, list[Listed]] = {"both": [], "plain": []}
    for kind, corpora in (("both", args.corpus), ("plain", args.plain)):
        for home, path in corpora:
            rag = wire.wire(load(home=home, reranker=None if kind == "both" else "none"))
            lists[kind] += observations(rag, questions(path), console)
            rag.index.close()
    made = {"plain": fit(lists["both"] + lists["plain"], PLAIN), "reranked": fit(lists["both"], PLAIN + READ)}
    args.out.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    for name, fields in made.items():
        console.print(name, fields["fitted"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
