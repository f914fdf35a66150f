"""Two runs in, what changed between them out: each measure's paired difference, and the items that flipped with both answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from eval.outcomes import MEASURES, outcomes
from eval.paired import Difference, difference, holm
from eval.rows import Json, Run, RunError
from eval.tables import Grid


@dataclass(frozen=True, slots=True)
class Change:
    """One measure's difference and its p, adjusted over the family of all measures."""

    measure: str
    difference: Difference
    p_holm: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`changes` by measure; `flips` are (first, second) rows whose joint outcome differs; `only` counts what could not be paired."""

    changes: list[Change]
    flips: list[tuple[Json, Json]]
    n: int
    only: dict[str, int]

    def to_json(self) -> Json:
        """Everything but the texts of the answers."""
        changes = {change.measure: {**asdict(change.difference), "p_holm": change.p_holm} for change in self.changes}
        flips = [{"id": a["id"], "first": a["metrics"]["as_expected"], "second": b["metrics"]["as_expected"]} for a, b in self.flips]
        return {"n": self.n, "changes": changes, "flips": flips, "unpaired": self.only}


def compare(first: Run, second: Run) -> Comparison:
    """Items are paired by id where what is asked and owed is the same. Raises RunError where no item is in both."""
    pairs = [(row, second.by_id[name]) for name, row in first.by_id.items() if name in second.by_id]
    changed = sum(a["item_sha"] != b["item_sha"] for a, b in pairs)
    pairs = [(a, b) for a, b in pairs if a["item_sha"] == b["item_sha"]]
    if not pairs:
        raise RunError(f"{first.path} and {second.path} have no item in common")
    clusters = [a["cluster"] for a, _ in pairs]
    values = [(outcomes(a), outcomes(b)) for a, b in pairs]
    found = {
        measure.name: difference([(a[measure.name], b[measure.name]) for a, b in values], clusters, binary=measure.binary)
        for measure in MEASURES
    }
    adjusted = holm({name: one.p for name, one in found.items()})
    flips = [(a, b) for a, b in pairs if a["metrics"]["as_expected"] != b["metrics"]["as_expected"]]
    only = {
        "changed": changed,
        "first only": len(first.rows) - len(pairs) - changed,
        "second only": len(second.rows) - len(pairs) - changed,
    }
    return Comparison([Change(name, one, adjusted[name]) for name, one in found.items()], flips, len(pairs), only)


def change_grid(comparison: Comparison) -> Grid:
    """The differences as a table."""
    rows = []
    for change in comparison.changes:
        one = change.difference
        if one.value is None:
            continue
        bounds = f"{one.low:+.3f} .. {one.high:+.3f}"
        counts = f"{one.lost} / {one.won}"
        p_holm = "-" if change.p_holm is None else f"{change.p_holm:.3g}"
        values = (f"{one.first:.3f}", f"{one.second:.3f}", f"{one.value:+.3f}", bounds, counts, f"{one.p:.3g}", p_holm, str(one.n_valid))
        rows.append((change.measure, *values))
    heads = ("measure", "first", "second", "change", "95 % interval", "fell / rose", "p", "p (Holm)", "n_valid")
    return Grid(f"paired differences over {comparison.n} items", heads, tuple(rows))


def pace_line(first: Run, second: Run) -> str:
    """How long answers took, each against the speed of its machine at the time."""
    paces = [run.latency.get("pace", {}).get("p50") for run in (first, second)]
    if not all(paces):
        return "Latency: not known of both."
    return f"Latency: pace {paces[0]:.1f} -> {paces[1]:.1f}, {paces[1] / paces[0]:.2f} times."


def flip_lines(flips: Sequence[tuple[Json, Json]], most: int) -> list[str]:
    """The flipped items, both answers below each other, what got worse first."""
    ordered = sorted(flips, key=lambda pair: bool(pair[1]["metrics"]["as_expected"]))
    lines = []
    for first, second in ordered[:most]:
        way = "now right" if second["metrics"]["as_expected"] else "now wrong"
        lines.append(f"{first['id']} ({first['type']}), {way}: {first['question']}")
        lines.append(f"    expected: {first['expected'] or first['expect']}")
        lines += [f"    {name}: {_given(row)}" for name, row in (("first ", first), ("second", second))]
    if len(ordered) > most:
        lines.append(f"... {len(ordered) - most} more (--flips)")
    return lines


def _given(row: Json) -> str:
    if row["error"]:
        return f"ERROR {row['error']}"
    if row["status"] != "answered":
        return f"{row['status']} ({(row['refusal'] or {}).get('reason', '')})"
    pages = ", ".join(dict.fromkeys(f"{one['file']} p.{one['page']}" for one in row["citations"]))
    return f"{' '.join(str(row['answer']).split())[:400]} | {pages}"
