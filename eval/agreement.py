"""Verdicts and labels in, how far a judge can be trusted out: kappa, and a mean put right by labels. Small pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from eval.stats import RESAMPLES, SEED, Z_95, Figure, wilson


def kappa(verdicts: Sequence[bool], labels: Sequence[bool]) -> float | None:
    """Cohen's kappa (1960): agreement beyond what the two shares of "yes" give by chance. None where both say the same one thing of
    everything, and chance leaves nothing to agree on. Raises ValueError for no pairs."""
    if not labels or len(verdicts) != len(labels):
        raise ValueError("kappa needs as many verdicts as labels, and at least one")
    n = len(labels)
    agreed = sum(verdict == label for verdict, label in zip(verdicts, labels, strict=True)) / n
    yes, true = sum(verdicts) / n, sum(labels) / n
    by_chance = yes * true + (1 - yes) * (1 - true)
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)


def kappa_figure(verdicts: Sequence[bool | None], labels: Sequence[bool], clusters: Sequence[str], *, seed: int = SEED) -> Figure:
    """Kappa over the pairs that have a verdict, with the 95 % percentile interval of a bootstrap that draws whole clusters (pairs on one
    quote are judged alike)."""
    pairs = [(bool(v), y, c) for v, y, c in zip(verdicts, labels, clusters, strict=True) if v is not None]
    if not pairs:
        return Figure(None, None, None, len(labels), 0)
    value = kappa([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    names, which = np.unique([pair[2] for pair in pairs], return_inverse=True)
    cells = np.zeros((len(names), 2, 2))
    for at, (verdict, label, _) in zip(which, pairs, strict=True):
        cells[at, int(verdict), int(label)] += 1
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    drawn = np.einsum("rc,cvl->rvl", draws, cells)
    total = drawn.sum(axis=(1, 2))
    agreed = (drawn[:, 0, 0] + drawn[:, 1, 1]) / total
    yes, true = drawn[:, 1, :].sum(axis=1) / total, drawn[:, :, 1].sum(axis=1) / total
    by_chance = yes * true + (1 - yes) * (1 - true)
    known = by_chance < 1
    if value is None or not known.any():
        return Figure(value, None, None, len(labels), len(pairs))
    low, high = np.percentile((agreed[known] - by_chance[known]) / (1 - by_chance[known]), [2.5, 97.5])
    return Figure(value, float(low), float(high), len(labels), len(pairs))


def corrected_mean(labels: Sequence[bool], judged: Sequence[bool], rest: Sequence[bool]) -> Figure:
    """The share of true labels over a population of which `judged` and `labels` are a random, labelled sample and `rest` is judged only.

    Prediction-powered inference with a tuned weight (PPI++: Angelopoulos, Duchi, Zrnic 2023, arXiv:2311.01453, mean estimation):
    mean(labels) + w (mean(rest) - mean(judged)), w = cov(labels, judged) / ((1 + n/N) var(judged)) within 0..1. A judge that says
    nothing gets weight 0 and the labels speak alone; one that errs to one side is put right instead of being averaged. Where no label
    differs from what is predicted the variance is 0 and says nothing, so the interval is never narrower than Wilson's for n + w N
    verdicts. Raises ValueError for fewer than two labels or no rest.
    """
    n, n_rest = len(labels), len(rest)
    if n < 2 or n != len(judged) or not n_rest:
        raise ValueError("a corrected mean needs two labels, as many verdicts, and others without a label")
    y, f, u = (np.asarray(values, dtype=np.float64) for values in (labels, judged, rest))
    spread = float(np.concatenate([f, u]).var(ddof=1))
    weight = min(1.0, max(0.0, float(np.cov(y, f)[0, 1]) / ((1 + n / n_rest) * spread))) if spread else 0.0
    value = float(y.mean() + weight * (u.mean() - f.mean()))
    variance = float((y - weight * f).var(ddof=1)) / n + weight**2 * (float(u.var(ddof=1)) / n_rest if n_rest > 1 else 0.0)
    half = Z_95 * math.sqrt(variance)
    held = min(1.0, max(0.0, value))
    sure = n + round(weight * n_rest)
    least = wilson(round(held * sure), sure)
    low, high = min(value - half, least[0]), max(value + half, least[1])
    return Figure(held, max(0.0, low), min(1.0, high), n + n_rest, n)
