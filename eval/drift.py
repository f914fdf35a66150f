"""Requests of then and of now in, what has drifted out: shares, confidence, kinds of questions, unknown words, latency.

"Then" is a run over the gold set or an earlier log, "now" the service's own log. A gold set holds more questions that must be refused than
a workshop asks: its shares are where an alarm begins, not a target. Drift says that the questions or the answers are not what was
judged; it does not say which of them are wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eval.stats import percentile, wilson
from eval.traffic import Request

LEAST = 50
"""With fewer requests of now nothing is judged."""
SURELY_MOVED = 0.03
"""A share has drifted when the whole interval of the difference lies beyond this: ten shares a week make an interval alone cry wolf."""
PSI_MOVED = 0.25
"""The usual mark for a population that has changed (Siddiqi 2006, Credit Risk Scorecards)."""
SLOWER = 1.5
BINS = 10
_Z_ONE_SIDED = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing compared: `then` and `now` as shown, the statistic with what it is, and whether it has drifted."""

    name: str
    then: str
    now: str
    statistic: str
    drifted: bool


def compare(then: Sequence[Request], now: Sequence[Request]) -> list[Finding]:
    """Everything, in the order of the table. Raises ValueError where either is empty or `now` has fewer than LEAST requests."""
    if not then or len(now) < LEAST:
        raise ValueError(f"{len(now)} requests against {len(then)}: too few to tell ({LEAST} are needed)")
    shares: tuple[tuple[str, Callable[[Request], bool]], ...] = (
        ("refused", lambda one: one.status == "refused"),
        ("asked back", lambda one: one.status == "clarify"),
        ("failed", lambda one: one.status == "failed"),
        ("degraded", lambda one: one.degraded),
    )
    found = [share(name, [test(one) for one in then], [test(one) for one in now]) for name, test in shares]
    known, told = ([bool(one.n_unknown) for one in side if one.n_unknown is not None] for side in (then, now))
    found += [share("with an unknown word", known, told)] if known and told else []
    found += [population("confidence", *([one.confidence for one in side if one.confidence is not None] for side in (then, now)))]
    for name in ("kind", "language", "reason"):
        sides = ([str(value) for one in side if (value := getattr(one, name))] for side in (then, now))
        found += [mixture(name, *sides)]
    times = ([one.total_ms for one in side if one.total_ms is not None] for side in (then, now))
    return [*found, *latency(*times)]


def share(name: str, then: Sequence[bool], now: Sequence[bool]) -> Finding:
    """A share then and now, with Newcombe's interval of the difference (1998, method 10: from Wilson's of both)."""
    a, b = sum(then) / len(then), sum(now) / len(now)
    (a_low, a_high), (b_low, b_high) = wilson(sum(then), len(then)), wilson(sum(now), len(now))
    moved = b - a
    low, high = moved - math.hypot(b - b_low, a_high - a), moved + math.hypot(b_high - b, a - a_low)
    drifted = low > SURELY_MOVED or high < -SURELY_MOVED
    return Finding(name, f"{a:.3f}", f"{b:.3f}", f"{moved:+.3f} [{low:+.3f}, {high:+.3f}]", drifted)


def population(name: str, then: Sequence[float], now: Sequence[float]) -> Finding:
    """The distribution of a number, over bins with a tenth of `then` each."""
    if not then or not now:
        return Finding(name, "-", "-", "not told", False)
    edges = np.unique(np.quantile(then, np.linspace(0, 1, BINS + 1)[1:-1]))
    a, b = (np.bincount(np.searchsorted(edges, side, side="right"), minlength=len(edges) + 1) for side in (then, now))
    before, after = (f"median {np.median(side):.2f}" for side in (then, now))
    return _indexed(name, (before, after), a.tolist(), b.tolist())


def mixture(name: str, then: Sequence[str], now: Sequence[str]) -> Finding:
    """How often each word of a fixed list."""
    if not then or not now:
        return Finding(name, "-", "-", "not told", False)
    a, b = Counter(then), Counter(now)
    words = sorted(a | b)
    before, after = (", ".join(f"{word} {count / side.total():.2f}" for word, count in side.most_common(4)) for side in (a, b))
    return _indexed(name, (before, after), [a[word] for word in words], [b[word] for word in words])


def stability_index(then: Sequence[int], now: Sequence[int]) -> float:
    """The population stability index over bins: sum of (q - p) ln(q / p), half a count added to each bin so that an empty one does not
    make it infinite."""
    p, q = ((np.asarray(side, dtype=float) + 0.5) / (sum(side) + 0.5 * len(side)) for side in (then, now))
    return float(((q - p) * np.log(q / p)).sum())


def by_chance(n_bins: int, n_then: int, n_now: int) -> float:
    """What the index exceeds in one of twenty samples of the same population: chi-square of n_bins - 1 degrees times 1/n + 1/m
    (Yurdakul 2018), its quantile by Wilson and Hilferty (1931)."""
    degrees = n_bins - 1
    if degrees < 1:
        return 0.0
    quantile = degrees * (1 - 2 / (9 * degrees) + _Z_ONE_SIDED * math.sqrt(2 / (9 * degrees))) ** 3
    return quantile * (1 / n_then + 1 / n_now)


def _indexed(name: str, shown: tuple[str, str], a: Sequence[int], b: Sequence[int]) -> Finding:
    index, chance = stability_index(a, b), by_chance(len(a), sum(a), sum(b))
    return Finding(name, *shown, f"PSI {index:.3f} (by chance below {chance:.3f})", index > max(PSI_MOVED, chance))


def latency(then: Sequence[float], now: Sequence[float]) -> Iterator[Finding]:
    """p50 and p95 of the service's own time."""
    for shown, at in (("p50", 0.5), ("p95", 0.95)):
        before, after = percentile(then, at), percentile(now, at)
        if before is None or after is None or not before:
            yield Finding(f"latency {shown}", "-", "-", "not told", False)
            continue
        ratio = after / before
        yield Finding(f"latency {shown}", f"{before:.0f} ms", f"{after:.0f} ms", f"x {ratio:.2f}", ratio > SLOWER)


def table(found: Sequence[Finding], n_then: int, n_now: int) -> Iterator[str]:
    """The findings as lines of text."""
    width = max(len(one.name) for one in found)
    yield f"{n_then} requests then, {n_now} now"
    for one in found:
        yield f"{'DRIFTED' if one.drifted else '       '}  {one.name:{width}}  {one.then} -> {one.now}  {one.statistic}"
    drifted = [one.name for one in found if one.drifted]
    yield f"drifted: {', '.join(drifted)}" if drifted else "nothing has drifted"
