"""How well ranked, how well told apart: figures of a cross-encoder on mined questions.

In: a scorer and questions. Out: hit@1, hit@5 (is a gold reading, or another of its page, first or among the first five) and the AUROC of
the best answerability of answerable against unanswerable questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.models.reranker.questions import Question, Readings

Scores = Callable[[str, Sequence[str]], NDArray[np.float32]]  # (texts, 2)


def auroc(good: Sequence[float], bad: Sequence[float]) -> float:
    """Probability that a good one scores higher than a bad one; ties count half. NaN where one side is empty."""
    if not good or not bad:
        return float("nan")
    better = np.asarray(good)[:, None] - np.asarray(bad)[None, :]
    return float(((better > 0) + 0.5 * (better == 0)).mean())


def measure(questions: Sequence[Question], readings: Readings, score: Scores, depth: int) -> dict[str, float]:
    """Figures over the first `depth` candidates in the teacher's order, the teacher's own beside them."""
    hits: dict[str, list[float]] = {"hit@1": [], "hit@5": [], "teacher hit@1": [], "teacher hit@5": []}
    best: dict[bool, list[float]] = {True: [], False: []}
    for question in questions:
        order = np.argsort(-np.asarray(question.teacher), kind="stable")[:depth]
        places = [question.candidates[n] for n in order]
        logits = score(question.text, [readings.texts[place] for place in places])
        best[question.answers == 1].append(float(logits[:, 1].max()))
        if question.answers == 1:
            good = np.array([_same_page(place, question.gold, readings) for place in places])
            ranked = good[np.argsort(-logits[:, 0], kind="stable")]
            for name, flags in (("", ranked), ("teacher ", good)):
                hits[f"{name}hit@1"].append(float(flags[0]))
                hits[f"{name}hit@5"].append(float(flags[:5].any()))
    figures = {name: round(float(np.mean(values)), 4) for name, values in hits.items() if values}
    return figures | {"answerability AUROC": round(auroc(best[True], best[False]), 4), "n": len(questions)}


def _same_page(place: int, gold: Sequence[int], readings: Readings) -> bool:
    first, last = readings.pages[place]
    for one in gold:
        if place == one:
            return True
        if (
            first
            and readings.documents[place] == readings.documents[one]
            and first <= readings.pages[one][1]
            and readings.pages[one][0] <= last
        ):
            return True
    return False
