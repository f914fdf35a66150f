"""Fit `service/models/evidence.json`: which pieces of the passages answer, which further ones add something, which procedure is meant.

    python -m eval.fit_evidence --corpus HOME QUESTIONS WEIGHT [--corpus HOME QUESTIONS WEIGHT ...] [--out FILE]

Each corpus is an indexed home folder, questions over it (gold items, or rows of {"id", "question", "document", "page", "quote", "answer"})
and how much one of them counts. A piece is right where it stands in a quote of the evidence, or a quote in it, on a page of the evidence.

    first      listwise: the softmax over a question's pieces against the right ones, L-BFGS with an L2 penalty chosen over folds by
               document
    further    logistic: after each number of pieces taken, best first, is this one right too (gold items: does it hold a fact that is
               still missing); on shares predicted for documents the first model was not fitted on
    run        listwise over the procedures of a question: the one that holds most of what is right
    whole      logistic: is the question a gold item of type "procedure"

Everything is fitted twice, with and without token-by-token closeness. Asked without the cross-encoder: its scores on questions it was
trained on would look too good, and the pieces' signals hold little of it anyway.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from eval.evidence_labels import Labels, labels_of
from eval.fit_ranking import questions
from eval.items import GoldItem
from service import wire
from service.consider import consider
from service.core.ports import Rag
from service.core.settings import load
from service.core.types import Draft, Passage
from service.extract.choose import FURTHER, candidates, further_rows
from service.extract.chosen_run import RUN, WHOLE, places, run_rows, whole_row
from service.extract.evidence import PACKAGED, Linear, Matrix, linear
from service.extract.procedure import Run, runs
from service.extract.seen import Judged, Seen, seen
from service.extract.signals import NAMES
from service.retrieve import search, understood
from service.stages import Stages

FOLDS = 5
PENALTIES = (1.0, 3.0, 10.0, 30.0)
TAKEN = 4  # pieces taken one after another while the further ones are looked at
SEED = 20261201


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with the passages the answerer gets. `weight`: how much it counts."""

    item: GoldItem
    passages: tuple[Passage, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Marked:
    """The same as the answerer sees it, with labels. `runs` are its procedures."""

    item: GoldItem
    view: Seen
    labels: Labels
    runs: tuple[Run, ...]
    weight: float

    @property
    def is_gold(self) -> bool:
        """Facts are labelled, not quotes alone."""
        return bool(self.item.facts)


class Silent:
    """An answerer that says nothing: only the passages it would get are wanted, and its models may not be there yet."""

    fingerprint = "silent"

    def stream(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Iterator[Draft]:
        """No draft."""
        yield from ()


def ask(rag: Rag, items: Sequence[GoldItem], weight: float, console: Console) -> list[Asked]:
    """Every answerable item whose documents are indexed."""
    known = {document.file for document in rag.index.documents.values()}
    kept = [item for item in items if item.answerable and set(item.documents) <= known]
    found = []
    for item in track(kept, "asking", console=console):
        stages = Stages(rag.tracer, time.monotonic() + 60)
        queries = understood(rag, item.question)
        passages = search(rag, queries, {}, rag.settings.rerank_depth, stages)
        found.append(Asked(item, consider(rag, queries[0], passages, {}, stages).packed, weight))
    return found


def marked(one: Asked, compared: bool) -> Marked:
    """The item as the answerer sees it."""
    passages = one.passages if compared else tuple(replace(passage, closeness=None) for passage in one.passages)
    view = seen(one.item.question, passages)
    return Marked(one.item, view, labels_of(one.item, view), tuple(runs(passages)), one.weight)


@dataclass(frozen=True, slots=True)
class Listed:
    """One question's rows, which of them are right, how much it counts, and the document it is about."""

    rows: Matrix
    right: Matrix
    weight: float
    group: str


def listwise(lists: Sequence[Listed], names: Sequence[str], console: Console) -> tuple[dict[str, Any], list[Matrix]]:
    """(the fields of a model, the scores of every list by a model that was not fitted on its document)."""
    from sklearn.model_selection import GroupKFold

    mean, spread = _scale(np.vstack([one.rows for one in lists]))
    scaled = [(one.rows - mean) / spread for one in lists]
    folds = list(GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(lists, groups=[one.group for one in lists]))
    usable = {at for at, one in enumerate(lists) if one.right.any()}
    figures, predicted = {}, {}
    for penalty in PENALTIES:
        scores: list[Matrix] = [np.zeros(0)] * len(lists)
        for train, test in folds:
            weights = minimised([(scaled[at], lists[at].right, lists[at].weight) for at in train if at in usable], penalty)
            for at in test:
                scores[at] = scaled[at] @ weights
        predicted[penalty] = scores
        figures[penalty] = _figures(lists, scores, usable)
    best = max(PENALTIES, key=lambda penalty: figures[penalty]["first"])
    weights = minimised([(scaled[at], lists[at].right, lists[at].weight) for at in sorted(usable)], best)
    fields = _fields(names, weights, mean, spread, 0.0) | {"fitted": {"lists": len(usable), "penalty": best, "folds": figures[best]}}
    console.print(fields["fitted"])
    return fields, predicted[best]


def minimised(lists: Sequence[tuple[Matrix, Matrix, float]], penalty: float) -> Matrix:
    """Weights that minimise the mean of -log(share of the right rows), plus penalty * |w|^2 / (2 n)."""
    from scipy.optimize import minimize

    rows = np.vstack([one for one, _, _ in lists])
    right = np.concatenate([one for _, one, _ in lists]).astype(float)
    sizes = [len(one) for one, _, _ in lists]
    starts = np.cumsum([0, *sizes[:-1]])
    owner = np.repeat(np.arange(len(lists)), sizes)
    weight = np.array([one for _, _, one in lists])
    weight = weight / weight.mean()

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        scores = rows @ weights
        scores = scores - np.maximum.reduceat(scores, starts)[owner]
        raised = np.exp(scores)
        share = raised / np.add.reduceat(raised, starts)[owner]
        kept = np.add.reduceat(share * right, starts) + 1e-12
        gradient = (share - share * right / kept[owner]) * weight[owner]
        n = len(lists)
        value = -float(weight @ np.log(kept)) / n + penalty * float(weights @ weights) / (2 * n)
        return value, rows.T @ gradient / n + penalty * weights / n

    return np.asarray(minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x)


def _figures(lists: Sequence[Listed], scores: Sequence[Matrix], usable: set[int]) -> dict[str, float]:
    first, third = [], []
    for at in usable:
        order = np.argsort(-scores[at], kind="stable")
        first.append(bool(lists[at].right[order[0]]))
        third.append(bool(lists[at].right[order[:3]].any()))
    return {"first": round(float(np.mean(first)), 4), "among_three": round(float(np.mean(third)), 4)}


def logistic(rows: Matrix, right: Matrix, weights: Matrix, groups: Sequence[str], names: Sequence[str], console: Console) -> dict[str, Any]:
    """The fields of a model of yes and no."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    mean, spread = _scale(rows)
    scaled = (rows - mean) / spread
    predicted = np.zeros(len(rows))
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(scaled, groups=groups):
        model = LogisticRegression(C=0.3, max_iter=1000).fit(scaled[train], right[train], sample_weight=weights[train])
        predicted[test] = model.predict_proba(scaled[test])[:, 1]
    model = LogisticRegression(C=0.3, max_iter=1000).fit(scaled, right, sample_weight=weights)
    fields = _fields(names, model.coef_[0], mean, spread, float(model.intercept_[0]))
    fields["fitted"] = {"rows": len(rows), "right": int(right.sum()), "auc": round(float(roc_auc_score(right, predicted)), 4)}
    console.print(fields["fitted"])
    return fields


def _scale(rows: Matrix) -> tuple[Matrix, Matrix]:
    mean, spread = rows.mean(0), rows.std(0)
    spread[spread < 1e-9] = 1.0
    return mean, spread


def _fields(names: Sequence[str], weights: Matrix, mean: Matrix, spread: Matrix, bias: float) -> dict[str, Any]:
    columns = {"weights": weights, "mean": mean, "spread": spread}
    named = {key: {name: round(float(value), 5) for name, value in zip(names, column, strict=True)} for key, column in columns.items()}
    return named | {"bias": round(bias, 5)}


def fit(asked: Sequence[Asked], compared: bool, console: Console) -> dict[str, Any]:
    """One set of models."""
    items = [one for one in (marked(own, compared) for own in track(asked, "reading", console=console)) if one.view.pieces]
    first, scores = listwise(
        [Listed(one.view.sight.rows, one.labels.right.astype(float), one.weight, one.item.cluster) for one in items], NAMES, console
    )
    unseen = [Judged(own, _shares(own)) for own in scores]
    further = logistic(*_further(items, unseen), FURTHER, console)
    run, _ = listwise(_runs(items, unseen), RUN, console)
    whole = logistic(*_whole(items, unseen, linear(run, RUN)), WHOLE, console)
    return {"first": first, "further": further, "run": run, "whole": whole}


def _shares(scores: Matrix) -> Matrix:
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum())


def _further(items: Sequence[Marked], unseen: Sequence[Judged]) -> tuple[Matrix, Matrix, Matrix, list[str]]:
    rows, right, weights, groups = [], [], [], []
    for one, judgement in zip(items, unseen, strict=True):
        if one.item.type == "procedure" or not one.labels.right.any():
            continue
        taken = [int(np.argmax(judgement.scores))]
        for _ in range(TAKEN):
            open_ones = candidates(one.view, judgement, taken)
            if not open_ones:
                break
            rows.append(further_rows(one.view, judgement, taken, open_ones))
            right += [one.labels.adds(at, taken) for at in open_ones]
            weights += [one.weight] * len(open_ones)
            groups += [one.item.cluster] * len(open_ones)
            taken.append(max(open_ones, key=lambda at: judgement.scores[at]))
    return np.vstack(rows), np.array(right, float), np.array(weights), groups


def _runs(items: Sequence[Marked], unseen: Sequence[Judged]) -> list[Listed]:
    lists = []
    for one, judgement in zip(items, unseen, strict=True):
        held = np.array([one.labels.right[places(one.view, run)].sum() for run in one.runs])
        if len(held) > 1 and held.max() > 0 and (one.item.type == "procedure" or one.view.asked.steps):
            lists.append(
                Listed(run_rows(one.view, judgement, one.runs), np.asarray(held == held.max(), float), one.weight, one.item.cluster)
            )
    return lists


def _whole(items: Sequence[Marked], unseen: Sequence[Judged], run: Linear) -> tuple[Matrix, Matrix, Matrix, list[str]]:
    rows, right, groups = [], [], []
    for one, judgement in zip(items, unseen, strict=True):
        if one.is_gold and one.runs:
            best = one.runs[int(np.argmax(run.scores(run_rows(one.view, judgement, one.runs))))]
            rows.append(whole_row(one.view, judgement, best))
            right.append(one.item.type == "procedure")
            groups.append(one.item.cluster)
    return np.vstack(rows), np.array(right, float), np.ones(len(rows)), groups


def main(arguments: list[str]) -> int:
    """Ask, fit, write."""
    parser = argparse.ArgumentParser(prog="python -m eval.fit_evidence")
    parser.add_argument("--corpus", nargs=3, action="append", required=True, metavar=("HOME", "QUESTIONS", "WEIGHT"))
    parser.add_argument("--out", type=Path, default=PACKAGED)
    args = parser.parse_args(arguments)
    console = Console(stderr=True)
    asked: list[Asked] = []
    for home, path, weight in args.corpus:
        rag = replace(wire.wire(load(home=Path(home), reranker="none")), generators={"extractive": Silent()})
        asked += ask(rag, questions(Path(path)), float(weight), console)
        rag.index.close()
    made = {"compared": fit(asked, True, console), "plain": fit(asked, False, console)}
    args.out.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
