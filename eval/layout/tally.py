"""Counts that add up over pages and documents -> figures with n and target.

In: a `Counter` of named counts. Out: `Figure`s. Names are made here only: `score.py` and `cells.py` count, nothing is averaged there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from eval.layout.truth import KINDS

Counts = Counter[str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong: `what` names the kind of fault, `detail` says it in words."""

    file: str
    page: int
    what: str
    detail: str
    weight: float = 1.0


@dataclass
class Score:
    """What was counted, and what went wrong."""

    counts: Counts = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.counts.update(other.counts)
        self.faults += other.faults


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is None where nothing was there to count. `n` is what it is counted over. `target` is a floor, or a ceiling where `most`."""

    name: str
    value: float | None
    n: int
    target: float | None = None
    most: bool = False

    @property
    def met(self) -> bool | None:
        """None where there is no target or no value."""
        if self.value is None or self.target is None:
            return None
        return self.value <= self.target if self.most else self.value >= self.target


def ratio(counts: Counts, part: str, whole: str) -> float | None:
    """counts[part] / counts[whole], None over nothing."""
    return counts[part] / counts[whole] if counts[whole] else None


def f1(counts: Counts, name: str) -> float | None:
    """From `name`.tp, .fp and .fn; None where there is nothing to find and nothing found."""
    whole = 2 * counts[f"{name}.tp"] + counts[f"{name}.fp"] + counts[f"{name}.fn"]
    return 2 * counts[f"{name}.tp"] / whole if whole else None


def precision(counts: Counts, name: str) -> float | None:
    """tp / (tp + fp)."""
    found = counts[f"{name}.tp"] + counts[f"{name}.fp"]
    return counts[f"{name}.tp"] / found if found else None


def recall(counts: Counts, name: str) -> float | None:
    """tp / (tp + fn)."""
    wanted = counts[f"{name}.tp"] + counts[f"{name}.fn"]
    return counts[f"{name}.tp"] / wanted if wanted else None


def n_true(counts: Counts, name: str) -> int:
    """tp + fn: how many there are to find."""
    return counts[f"{name}.tp"] + counts[f"{name}.fn"]


def figures(counts: Counts) -> list[Figure]:
    """Every figure of the layout set; targets are those of the project's plan."""
    made = [Figure("block-kind F1 (regions)", f1(counts, "kind"), n_true(counts, "kind"), 0.90)]
    made += [Figure(f"  {kind}", f1(counts, f"kind {kind}"), n_true(counts, f"kind {kind}")) for kind in KINDS]
    made += [
        Figure("characters of the right kind", ratio(counts, "chars.right", "chars"), counts["chars"]),
        Figure("reading-order pairs", ratio(counts, "pairs.right", "pairs"), counts["pairs"], 0.98),
        Figure("section path exact", ratio(counts, "section.right", "section"), counts["section"], 0.93),
        Figure("nearest heading right", ratio(counts, "parent.right", "parent"), counts["parent"]),
        Figure("table cell F1, ruled", f1(counts, "cell ruled"), n_true(counts, "cell ruled"), 0.92),
        Figure("  fully ruled", f1(counts, "cell full"), n_true(counts, "cell full")),
        Figure("  half-ruled", f1(counts, "cell half"), n_true(counts, "cell half")),
        Figure("table cell F1, unruled", f1(counts, "cell unruled"), n_true(counts, "cell unruled"), 0.80),
        Figure("notice precision", precision(counts, "notice"), counts["notice.tp"] + counts["notice.fp"], 0.95),
        Figure("notice recall", recall(counts, "notice"), n_true(counts, "notice"), 0.95),
        Figure("furniture in blocks", ratio(counts, "furniture", "block chars"), counts["block chars"], 0.005, most=True),
        Figure("contents pages in blocks", ratio(counts, "contents", "block chars"), counts["block chars"]),
        Figure("body lost", ratio(counts, "lost", "body chars"), counts["body chars"]),
        Figure("hidden-text recall", ratio(counts, "hidden.kept out", "hidden"), counts["hidden"], 0.95),
        Figure("hidden-text false flags", ratio(counts, "honest lost", "honest"), counts["honest"], 0.005, most=True),
    ]
    return [figure for figure in made if figure.n or figure.target is not None]


def total(scores: Iterable[Score]) -> Score:
    """The sum of many."""
    summed = Score()
    for score in scores:
        summed.add(score)
    return summed
