"""Two values an item in, what changed out: difference, interval, p. A value that is missing on one side takes its pair out, and is
counted.

Rates: Tango's score interval for paired proportions (Statistics in Medicine 17, 1998) and McNemar's exact test. Means: bootstrap clustered
by document and the paired randomization test (signs flipped at random). Families: Holm (1979). Nothing here knows runs or metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.stats import MIN_CLUSTERS, RESAMPLES, SEED, Z_95

Z_ONE_SIDED = 1.6448536269514722
Pair = tuple[float | bool | None, float | bool | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """Second minus first over `n_valid` of `n` pairs. `low` and `high` bound it at 95 %, `floor` is the one-sided 95 % lower bound; `lost`
    and `won` count the pairs that fell and rose. `p` is two-sided. All but the counts are None where no pair is valid."""

    first: float | None
    second: float | None
    value: float | None
    low: float | None
    high: float | None
    floor: float | None
    p: float | None
    lost: int
    won: int
    n: int
    n_valid: int


def difference(pairs: Sequence[Pair], clusters: Sequence[str], *, binary: bool, seed: int = SEED) -> Difference:
    """What the second values are more than the first. Raises ValueError on NaN, or on a rate with a value between 0 and 1."""
    valid = [(float(a), float(b), name) for (a, b), name in zip(pairs, clusters, strict=True) if a is not None and b is not None]
    if not valid:
        return Difference(None, None, None, None, None, None, None, 0, 0, len(pairs), 0)
    first, second = (np.array([pair[side] for pair in valid], dtype=np.float64) for side in (0, 1))
    changes = second - first
    if not np.isfinite(changes).all() or (binary and not set(np.concatenate([first, second])) <= {0.0, 1.0}):
        raise ValueError("no difference of values that are no numbers, or no rate of values between 0 and 1")
    lost, won, n = int((changes < 0).sum()), int((changes > 0).sum()), len(valid)
    if binary:
        low, high = tango(lost, won, n, Z_95)
        floor, p = tango(lost, won, n, Z_ONE_SIDED)[0], mcnemar(lost, won)
    else:
        low, high, floor = _bootstrap(changes, [pair[2] for pair in valid], seed)
        p = randomization(changes.tolist(), seed=seed)
    if not lost:
        floor = max(floor, 0.0)  # where nothing fell, nothing is inferior, however few the items are
    return Difference(float(first.mean()), float(second.mean()), float(changes.mean()), low, high, floor, p, lost, won, len(pairs), n)


def mcnemar(lost: int, won: int) -> float:
    """Two-sided exact p that a changed pair falls as often as it rises."""
    n, tail = lost + won, min(lost, won)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(tail + 1)) / (1 << n))


def tango(lost: int, won: int, n: int, z: float) -> tuple[float, float]:
    """Score interval of (won - lost) / n with quantile z. Raises ValueError where n is 0 or smaller than the changed pairs."""
    if n == 0 or lost + won > n:
        raise ValueError(f"no difference of {lost} lost and {won} won in {n} pairs")

    def score(delta: float) -> float:
        """Standardised distance of what was seen from the difference `delta`."""
        b = -won - lost + (2 * n - won + lost) * delta
        c = -lost * delta * (1 - delta)
        q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        apart = won - lost - n * delta
        return apart / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, apart) if apart else 0.0

    seen = (won - lost) / n
    return _root(lambda delta: score(delta) - z, -1.0, seen), _root(lambda delta: score(delta) + z, seen, 1.0)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero in [low, high], to 1e-9; an end where it does not."""
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2


def _bootstrap(changes: np.ndarray[tuple[int], np.dtype[np.float64]], clusters: Sequence[str], seed: int) -> tuple[float, float, float]:
    """(2.5, 97.5, 5) % of the mean change when documents, or items where they are few, are drawn with replacement."""
    names, which = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names) < MIN_CLUSTERS:
        names, which = np.arange(len(changes)), np.arange(len(changes))
    sums, counts = np.bincount(which, weights=changes), np.bincount(which)
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    low, high, floor = np.percentile((draws @ sums) / (draws @ counts), [2.5, 97.5, 5])
    return float(low), float(high), float(floor)


def randomization(changes: Sequence[float], *, seed: int = SEED, rounds: int = RESAMPLES) -> float:
    """Two-sided p of a mean change at least as large when each change's sign is a coin's; the observed one counts as a round."""
    moved = np.array([change for change in changes if change], dtype=np.float64)
    if not moved.size:
        return 1.0
    rng, seen, extreme = np.random.default_rng(seed), abs(moved.sum()) - 1e-12, 0
    for start in range(0, rounds, 1000):
        signs = rng.integers(0, 2, size=(min(1000, rounds - start), moved.size)) * 2 - 1
        extreme += int((np.abs(signs @ moved) >= seen).sum())
    return (1 + extreme) / (1 + rounds)


def holm(ps: Mapping[str, float | None]) -> dict[str, float | None]:
    """Adjusted p of each member of a family; those without a p are no members."""
    ordered = sorted((p, name) for name, p in ps.items() if p is not None)
    adjusted: dict[str, float | None] = dict.fromkeys(ps)
    highest = 0.0
    for place, (p, name) in enumerate(ordered):
        highest = max(highest, min(1.0, (len(ordered) - place) * p))
        adjusted[name] = highest
    return adjusted
