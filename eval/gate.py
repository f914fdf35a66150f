"""A run and the accepted baseline in, pass or fail out, each failure named by its metric. It decides; it prints nothing.

Checks, in the order of what they weigh: rules that never break, warnings that were carried and are lost, floors, one-sided non-inferiority
against the baseline on the same items, the pace. What could not be checked is said, never passed in silence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.baseline import Baseline, described
from eval.outcomes import MEASURES, SEARCHES, notices_kept, outcomes
from eval.paired import difference
from eval.rows import Json, Run, RunError

RULES = Path(__file__).parent / "gate.toml"
MIN_COMMON = 0.8
"""Least share of the run's items that the baseline must know; with fewer it is a baseline of something else."""
COLLAPSE, WEIGHT_COLLAPSE = 0.5, 500.0  # a search that falls this deep does not work at all: it explains the rest, so it is named first


@dataclass(frozen=True, slots=True)
class Rules:
    """gate.toml, read: see there."""

    delta: float
    latency_ratio: float
    never: Mapping[str, float] = field(default_factory=dict)
    floors: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing asked of the run: which kind, of which metric, whether it held, and the figures in words. `weight` orders failures."""

    kind: str
    metric: str
    passed: bool
    said: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks; `notes` say what was not checked and why."""

    checks: list[Check]
    notes: list[str]

    @property
    def failures(self) -> list[Check]:
        """What failed, the weightiest first."""
        return sorted((check for check in self.checks if not check.passed), key=lambda check: -check.weight)

    @property
    def passed(self) -> bool:
        return not self.failures


def load_rules(path: Path = RULES) -> Rules:
    """Rules from TOML. Raises RunError."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
        return Rules(float(told["delta"]), float(told["latency_ratio"]), told.get("never", {}), told.get("floors", {}))
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{path}: no rules that can be read ({error})") from error


def judge(run: Run, baseline: Baseline | None, rules: Rules) -> Verdict:
    """Hold a run against rules and baseline; without one, only rules and floors are looked at. Raises RunError where the run is not
    complete or the baseline is of other items."""
    if not run.complete or not run.summary:
        raise RunError(f"{run.path}: only {len(run.rows)} of {run.config['n']} items are asked: the gate judges complete runs")
    figures = {name: value for table in run.summary["figures"].values() for name, value in table.items()}
    notes: list[str] = []
    checks = [_indexed(run), *_never(figures, rules, notes)]
    if baseline is None:
        notes.append("no baseline: nothing was compared")
        return Verdict([*checks, *_floors(figures, rules, notes)], notes)
    common = [row for row in run.rows if (own := baseline.items.get(row["id"])) and own.item_sha == row["item_sha"]]
    if len(common) < MIN_COMMON * len(run.rows):
        raise RunError(f"the baseline knows {len(common)} of the run's {len(run.rows)} items: it is one of another gold set")
    if len(common) < len(run.rows):
        notes.append(f"{len(run.rows) - len(common)} items are new or changed since the baseline, and are compared with nothing")
    missing = len(baseline.items) - len({row["id"] for row in run.rows} & baseline.items.keys())
    if missing:
        notes.append(f"{missing} items of the baseline were not asked")
    if missing > (1 - MIN_COMMON) * len(baseline.items):
        notes.append("floors were not looked at: they are those of the whole gold set")  # a few items of it fall below by chance
    else:
        checks += _floors(figures, rules, notes)
    notes += _changed(run, baseline)
    checks.append(_notices(common, baseline))
    checks += _compared(common, baseline, rules, notes)
    checks += _paced(run, baseline, rules, notes)
    return Verdict(checks, notes)


def _indexed(run: Run) -> Check:
    n, names = run.summary["n_not_indexed"], ", ".join(run.summary["not_indexed"])
    return Check("never", "documents_indexed", not n, f"{n} items need documents that are not indexed{': ' + names if n else ''}", 1000)


def _never(figures: Mapping[str, Json], rules: Rules, notes: list[str]) -> list[Check]:
    checks = []
    for name, wanted, figure in _measured(rules.never, figures, notes):
        wrong = round(abs(figure["value"] - wanted) * figure["n_valid"])
        said = f"{name} {figure['value']:.4f}, must be {wanted:g} ({wrong} of {figure['n_valid']} break it)"
        checks.append(Check("never", name, figure["value"] == wanted, said, 100 + wrong / max(1, figure["n_valid"])))
    return checks


def _floors(figures: Mapping[str, Json], rules: Rules, notes: list[str]) -> list[Check]:
    return [
        Check("floor", name, figure["value"] >= floor, f"{name} {figure['value']:.4f}, floor {floor:g}", 1 + floor)
        for name, floor, figure in _measured(rules.floors, figures, notes)
    ]


def _measured(wanted: Mapping[str, float], figures: Mapping[str, Json], notes: list[str]) -> Iterator[tuple[str, float, Json]]:
    """(name, what is wanted of it, its figure) of each rule; a figure without a value is noted."""
    for name, value in wanted.items():
        figure = figures.get(name)
        if figure is None or figure["value"] is None:
            notes.append(f"{name} has no value in this run")
        else:
            yield name, value, figure


def _changed(run: Run, baseline: Baseline) -> list[str]:
    """What else is another than in the baseline: it explains differences, and is none itself."""
    then, now = baseline.about, described(run.config)
    return [
        f"{name} {then[name]} -> {'none' if value is None else value}"
        for name, value in now.items()
        if then.get(name) is not None and then[name] != value
    ]


def _notices(common: list[Json], baseline: Baseline) -> Check:
    """Warnings carried now against those carried then, over items answered both times."""
    both = [(kept, own) for row in common if (kept := notices_kept(row)) and (own := baseline.items[row["id"]].notices)]
    now, then, due = (sum(pair[side][place] for pair in both) for side, place in ((0, 0), (1, 0), (0, 1)))
    said = f"{now} of {due} warnings owed are carried, {then} by the baseline, over {len(both)} items answered both times"
    return Check("never", "notice_recall", now >= then, said, 200)


def _compared(common: list[Json], baseline: Baseline, rules: Rules, notes: list[str]) -> list[Check]:
    clusters = [baseline.items[row["id"]].cluster for row in common]
    now = [outcomes(row) for row in common]
    then = [baseline.items[row["id"]].outcomes for row in common]
    checks = []
    for measure in (measure for measure in MEASURES if measure.primary):
        pairs = [(before.get(measure.name), after[measure.name]) for before, after in zip(then, now, strict=True)]
        found = difference(pairs, clusters, binary=measure.binary)
        if found.value is None or found.floor is None:
            if any(before is not None for before, _ in pairs):
                notes.append(f"{measure.name} has no value in this run")
            continue
        said = f"{measure.name} {found.first:.3f} -> {found.second:.3f}, {found.value:+.3f}, at least {found.floor:+.3f} "
        said += f"({found.n_valid} items, {found.lost} fell, {found.won} rose); must be above {-rules.delta:+.3f}"
        collapsed = measure.name in SEARCHES and -found.value >= COLLAPSE
        weight = WEIGHT_COLLAPSE if collapsed else -found.value
        checks.append(Check("non-inferiority", measure.name, found.floor > -rules.delta, said, weight))
    return checks


def _paced(run: Run, baseline: Baseline, rules: Rules, notes: list[str]) -> list[Check]:
    now, then = run.latency.get("pace", {}), baseline.about.get("pace") or {}
    if not now.get("p50") or not then.get("p50"):
        notes.append("no pace in this run or in the baseline: latency was not compared")
        return []
    ratio: Any = now["p50"] / then["p50"]
    said = f"latency {ratio:.2f} times the baseline's, against the machine's own speed; at most {rules.latency_ratio:g}"
    return [Check("latency", "latency", ratio <= rules.latency_ratio, said, 0.5)]
