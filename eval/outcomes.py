"""A row in, the values that runs are compared and gated by out: one list for `compare`, `gate` and the baseline, so that they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eval.report import RATES
from eval.rows import Json

Outcome = float | bool | None
DECIMALS = 4  # kept of an outcome, so that a run and its baseline say the same


@dataclass(frozen=True, slots=True)
class Measure:
    """One compared metric. `primary` ones must not get worse; every one is such that more is better."""

    name: str
    binary: bool
    primary: bool = True


_ITEM = ("hit@1", "hit@5", "ndcg@10", "facts@5", "quotes_together@5", "fact_recall", "correct", "concise", "cites_gold_page")
SEARCHES = ("dense.hit@10", "lexical.hit@10", "late.hit@10", "fused.hit@10", "rerank.hit@10")
MEASURES = (
    Measure("joint", binary=True),
    *(Measure(name, name in RATES) for name in _ITEM),
    Measure("refusal_recall", binary=True),
    Measure("answered_answerable", binary=True),
    Measure("notice_recall", binary=False),
    Measure("groundedness", binary=False),
    *(Measure(name, binary=True) for name in SEARCHES),
    Measure("citation_precision", binary=False, primary=False),
    Measure("citation_recall", binary=False, primary=False),
    Measure("mrr@10", binary=False, primary=False),
    Measure("reason_right", binary=True, primary=False),
)


def outcomes(row: Json) -> dict[str, Outcome]:
    """Value of every measure for one item; None where it has no meaning there. Retrieval and answer metrics count answerable items only."""
    metrics: Mapping[str, Any] = row["metrics"]
    answerable, refused = row["expect"] == "answer", row["status"] == "refused"
    support = row["support"]
    special: dict[str, Outcome] = {
        "joint": metrics["as_expected"],
        "refusal_recall": refused if row["expect"] == "refuse" else None,
        "answered_answerable": row["status"] == "answered" if answerable else None,
        "notice_recall": metrics["notice_recall"],
        "groundedness": support["supported"] / support["n"] if support["n"] else None,
        "reason_right": metrics["reason_right"],
    }
    values: dict[str, Outcome] = {
        measure.name: special[measure.name] if measure.name in special else metrics.get(measure.name) if answerable else None
        for measure in MEASURES
    }
    return {name: round(value, DECIMALS) if isinstance(value, float) else value for name, value in values.items()}


def notices_kept(row: Json) -> tuple[int, int] | None:
    """(carried, owed) of an answered item that owes notices, else None."""
    return (sum(row["notices_carried"]), len(row["owed"])) if row["owed"] and row["status"] == "answered" else None
