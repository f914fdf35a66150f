"""Values in, a mean with its 95 % interval out. Wilson for rates; bootstrap clustered by document for means.

Nothing here skips a value in silence: a NaN is an error, missing values are counted by the caller (`n` against `n_valid`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEED = 20_261_120
RESAMPLES = 10_000
MIN_CLUSTERS = 5
"""With fewer documents a bootstrap over documents says nothing, and no interval is given."""
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval. `n` items were asked about, `n_valid` have a value; `value` is None where none has."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_valid: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % score interval of a rate (Wilson 1927). Raises ValueError where n is 0."""
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"no rate of {successes} in {n}")
    share, spread = successes / n, Z_95 * Z_95 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))  # rounding must not push an end past the rate


def clustered_bootstrap(
    values: Sequence[float], clusters: Sequence[str], *, seed: int = SEED, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """95 % percentile interval of the mean when whole clusters are drawn with replacement: items of one document rise and fall
    together. Values and clusters are parallel; raises ValueError where they are empty or hold NaN."""
    data = _finite(values)
    names, which = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(which, weights=data, minlength=len(names))
    counts = np.bincount(which, minlength=len(names))
    share = np.full(len(names), 1 / len(names))
    draws = np.random.default_rng(seed).multinomial(len(names), share, size=resamples)
    means = (draws @ sums) / (draws @ counts)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    data = np.asarray(values, dtype=np.float64)
    if data.size == 0 or not np.isfinite(data).all():
        raise ValueError("no mean of no values, or of values that are no numbers")
    return data


def rate(values: Sequence[float | bool | None]) -> Figure:
    """Share of true values among those that are not None, with Wilson's interval."""
    valid = [bool(value) for value in values if value is not None]
    if not valid:
        return Figure(None, None, None, len(values), 0)
    low, high = wilson(sum(valid), len(valid))
    return Figure(sum(valid) / len(valid), low, high, len(values), len(valid))


def mean(values: Sequence[float | None], clusters: Sequence[str], *, seed: int = SEED) -> Figure:
    """Mean of the values that are not None, with the clustered bootstrap's interval (none below MIN_CLUSTERS documents). Raises
    ValueError on NaN."""
    pairs = [(float(value), cluster) for value, cluster in zip(values, clusters, strict=True) if value is not None]
    if not pairs:
        return Figure(None, None, None, len(values), 0)
    numbers, names = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    value = float(np.mean(_finite(numbers)))
    few = len(set(names)) < MIN_CLUSTERS
    low, high = (None, None) if few else clustered_bootstrap(numbers, names, seed=seed)
    return Figure(value, low, high, len(values), len(pairs))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which `share` (0..1) of the values lie, linearly interpolated; None for no values."""
    return float(np.percentile(_finite(values), 100 * share)) if values else None


def expected_calibration_error(confidences: Sequence[float], correct: Sequence[bool], bins: int = 10) -> float | None:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by their sizes (Naeini et al. 2015)."""
    if not confidences:
        return None
    stated, right = _finite(confidences), np.asarray(correct, dtype=np.float64)
    bin_of = np.clip((stated * bins).astype(int), 0, bins - 1)
    gaps = [abs(stated[bin_of == b].mean() - right[bin_of == b].mean()) * (bin_of == b).sum() for b in np.unique(bin_of)]
    return float(sum(gaps) / len(stated))


def risk_at_coverage(confidences: Sequence[float], correct: Sequence[bool], coverage: float = 0.8) -> float | None:
    """Share of wrong ones among the most confident `coverage` of all (rounded up; ties keep the given order)."""
    if not confidences:
        return None
    order = np.argsort(-_finite(confidences), kind="stable")[: math.ceil(coverage * len(confidences))]
    return float(1 - np.asarray(correct, dtype=np.float64)[order].mean())
