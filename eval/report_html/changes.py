"""A run and the accepted baseline in, what changed out: each measure's paired difference, and the items whose outcome flipped.

The baseline keeps no texts (`eval.baseline`), so a flipped item shows what was answered before only where an earlier run is at hand.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from eval.baseline import Baseline
from eval.compare import Change
from eval.outcomes import MEASURES, outcomes
from eval.paired import difference, holm
from eval.rows import Json, Run


@dataclass(frozen=True, slots=True)
class Changes:
    """`changes` by measure over `n` paired items; `worse` and `better` are rows of the run whose joint outcome flipped."""

    changes: list[Change]
    worse: list[Json]
    better: list[Json]
    n: int

    def of(self, measure: str) -> Change | None:
        """The change of one measure; None where it was not compared."""
        return next((one for one in self.changes if one.measure == measure and one.difference.value is not None), None)

    def to_json(self) -> Json:
        """Everything but texts."""
        changes = {one.measure: {**asdict(one.difference), "p_holm": one.p_holm} for one in self.changes}
        return {"n": self.n, "changes": changes, "worse": [row["id"] for row in self.worse], "better": [row["id"] for row in self.better]}


def changes_since(baseline: Baseline, run: Run) -> Changes:
    """Items are paired by id where what is asked and owed is the same."""
    rows = [row for row in run.rows if (own := baseline.items.get(row["id"])) and own.item_sha == row["item_sha"]]
    then, now = [baseline.items[row["id"]].outcomes for row in rows], [outcomes(row) for row in rows]
    clusters = [baseline.items[row["id"]].cluster for row in rows]
    found = {
        measure.name: difference(
            [(a.get(measure.name), b[measure.name]) for a, b in zip(then, now, strict=True)], clusters, binary=measure.binary
        )
        for measure in MEASURES
    }
    adjusted = holm({name: one.p for name, one in found.items()})
    flipped = [(row, bool(b["joint"])) for row, a, b in zip(rows, then, now, strict=True) if bool(a.get("joint")) != bool(b["joint"])]
    worse, better = ([row for row, right in flipped if right is wanted] for wanted in (False, True))
    return Changes([Change(name, one, adjusted[name]) for name, one in found.items()], worse, better, len(rows))
