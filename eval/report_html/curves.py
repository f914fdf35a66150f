"""Rows in, the points of the risk-coverage curve and of the reliability diagram out, by the definitions of `eval.report.calibration`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.report import answerable
from eval.rows import Json
from eval.stats import wilson

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same confidence: their mean confidence, and the share that is right with its 95 % interval."""

    confidence: float
    right: float
    low: float
    high: float
    n: int


def risk_coverage(rows: Sequence[Json]) -> list[tuple[float, float]]:
    """(coverage, risk) when the answerable items are taken from the most confident on (El-Yaniv & Wiener 2010); risk is the share of
    wrong ones among those taken. Items of equal confidence come in together: no order among them is true."""
    owed = sorted(((float(row["confidence"] or 0), _right(row)) for row in answerable(rows)), key=lambda pair: -pair[0])
    points, wrong = [], 0
    for place, (confidence, right) in enumerate(owed, 1):
        wrong += not right
        if place == len(owed) or owed[place][0] != confidence:
            points.append((place / len(owed), wrong / place))
    return points


def reliability(rows: Sequence[Json], bins: int = BINS) -> list[Bin]:
    """The answers given in equal-width bins of confidence; empty bins are left out."""
    parts: dict[int, list[tuple[float, bool]]] = {}
    for row in rows:
        if row["status"] == "answered" and row["expect"] != "refuse_or_warn":
            confidence = float(row["confidence"] or 0)
            parts.setdefault(min(bins - 1, int(confidence * bins)), []).append((confidence, _right(row)))
    made = []
    for _, part in sorted(parts.items()):
        right = sum(own for _, own in part)
        made.append(Bin(sum(confidence for confidence, _ in part) / len(part), right / len(part), *wilson(right, len(part)), len(part)))
    return made


def _right(row: Json) -> bool:
    return bool(row["metrics"]["as_expected"])
