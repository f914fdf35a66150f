"""Rows of a run in, figures with intervals and their tables out. It reads rows only, so a file of rows can be reported again later.

Every figure carries `n` (items asked) and `n_valid` (items with a value). Rates have Wilson's interval, means the bootstrap clustered
by document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any

from eval.client import Json
from eval.metrics import CUTOFFS, refused
from eval.stats import Figure, expected_calibration_error, mean, percentile, rate, risk_at_coverage

Rows = Sequence[Json]
Figures = dict[str, Figure]
RATES = frozenset([*(f"hit@{k}" for k in CUTOFFS), "correct", "concise", "cites_gold_page", "refused", "clarified", "as_expected"])
RETRIEVAL = (*(f"hit@{k}" for k in CUTOFFS), "recall@5", "recall@20", "mrr@10", "ndcg@10", "facts@5")
ANSWER = ("fact_recall", "correct", "concise")
CITATION = ("citation_precision", "citation_recall", "cites_gold_page")
RIGHT = {"refuse": "refused", "refuse_or_warn": "refused or warned", "answer_real_part": "answered"}
BY_TYPE = ("hit@1", "hit@5", "hit@20", "facts@5", "fact_recall", "correct", "concise", "cites_gold_page", "refused")


def answerable(rows: Iterable[Json]) -> list[Json]:
    """The rows that count in the retrieval and answer figures."""
    return [row for row in rows if row["expect"] == "answer"]


def figure(rows: Rows, name: str) -> Figure:
    """One metric over rows."""
    values = [row["metrics"].get(name) for row in rows]
    return rate(values) if name in RATES else mean(values, [row["cluster"] for row in rows])


def figures(rows: Rows) -> dict[str, Figures]:
    """All figures, by table."""
    owed = answerable(rows)
    return {
        "retrieval": {name: figure(owed, name) for name in RETRIEVAL},
        "answers": {name: figure(owed, name) for name in ANSWER}
        | {"groundedness": groundedness(rows), "notice_recall": figure(rows, "notice_recall")},
        "citations": {name: figure(owed, name) for name in CITATION} | pooled(rows),
        "refusals": refusals(rows),
        "calibration": calibration(rows),
    }


def groundedness(rows: Rows) -> Figure:
    """Share of an answer's sentences that its citations support, over every answer given; n counts all items."""
    shares = [row["support"]["supported"] / row["support"]["n"] if row["support"]["n"] else None for row in rows]
    return mean(shares, [row["cluster"] for row in rows])


def pooled(rows: Rows) -> Figures:
    """The rules that must hold for every single citation, quote and number, over all items: counts, not means of means."""
    checks = [check for row in rows for check in row["citation_checks"]]
    nearest = [check for row in rows for check in row["nearest_checks"]]
    numbers = [index < row["numbers"]["verified"] for row in rows for index in range(row["numbers"]["n"])]
    return {
        "citation_validity": rate([not check["fault"] for check in checks]),
        "quotes_needing_looser_form": rate([check["form"] == "squeezed" for check in checks if check["form"]]),
        "nearest_validity": rate([not check["fault"] for check in nearest]),
        "number_precision": rate(numbers),
    }


def refusals(rows: Rows) -> Figures:
    """Refusal precision, recall, over-refusal and the joint score. `refuse_or_warn` items are right either way and are left out of
    precision. A failed item is neither refused nor right."""
    due = [row for row in rows if row["expect"] == "refuse"]
    owed = answerable(rows)
    judged = [row for row in rows if row["expect"] in ("refuse", "answer", "answer_real_part") and refused(row)]
    return {
        "precision": rate([row["expect"] == "refuse" for row in judged]),
        "recall": rate([refused(row) for row in due]),
        "over_refusal": rate([refused(row) for row in owed]),
        "asked_back": rate([row["status"] == "clarify" for row in owed]),
        "joint": rate([row["metrics"]["as_expected"] for row in rows]),
        **{kind: figure(part, "as_expected") for kind, part in sorted(not_answerable(rows).items())},
    }


def not_answerable(rows: Rows) -> dict[str, list[Json]]:
    """The other items, named by their type and what was right to do."""
    parts: dict[str, list[Json]] = {}
    for row in rows:
        if row["expect"] != "answer":
            parts.setdefault(f"{row['type']} {RIGHT[row['expect']]}", []).append(row)
    return parts


def f1(table: Figures) -> float | None:
    """Harmonic mean of refusal precision and recall."""
    precision, recall = table["precision"].value, table["recall"].value
    if precision is None or recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def calibration(rows: Rows) -> Figures:
    """ECE over answers given (one given where a refusal was due is wrong; `refuse_or_warn` left out), and the risk of the 80 % most
    confident answerable items (a refusal or an error is wrong there, an error with confidence 0). No intervals in this first form."""
    given = [row for row in rows if row["status"] == "answered" and row["expect"] != "refuse_or_warn"]
    owed = answerable(rows)
    ece = expected_calibration_error([float(row["confidence"] or 0) for row in given], [_right(row) for row in given])
    risk = risk_at_coverage([float(row["confidence"] or 0) for row in owed], [_right(row) for row in owed])
    return {"ece": Figure(ece, None, None, len(rows), len(given)), "risk@80%": Figure(risk, None, None, len(owed), len(owed))}


def _right(row: Json) -> bool:
    return bool(row["metrics"]["as_expected"])


def by(rows: Rows, key: Callable[[Json], str]) -> dict[str, dict[str, Any]]:
    """Figures and the median of words for each part of the answerable items."""
    parts: dict[str, list[Json]] = {}
    for row in answerable(rows):
        parts.setdefault(key(row), []).append(row)
    return {
        name: {**{metric: figure(part, metric) for metric in BY_TYPE}, "words": median_words(part), "n": len(part)}
        for name, part in sorted(parts.items())
    }


def median_words(rows: Rows) -> float | None:
    """Median words of the answers given."""
    words = [row["metrics"]["words"] for row in rows if row["metrics"].get("words") is not None]
    return float(median(words)) if words else None


def latency(rows: Rows) -> dict[str, dict[str, float | int | None]]:
    """p50 and p95 in milliseconds by stage: `ask <stage>` as the service measured it, `client ask` and `client search` as seen from here
    (waiting for a busy service included)."""
    stages: dict[str, list[float]] = {}
    for row in rows:
        for source in ("ask", "client"):
            for stage, value in (row["timings_ms"].get(source) or {}).items():
                if isinstance(value, int | float):
                    stages.setdefault(f"{source} {stage}", []).append(float(value))
    return {stage: {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "n": len(values)} for stage, values in stages.items()}


def failed(rows: Rows) -> list[Json]:
    """The rows that did not come out as expected, errors first."""
    return sorted((row for row in rows if row["error"] or not _right(row)), key=lambda row: not row["error"])


def broken_rules(rows: Rows) -> list[str]:
    """Every invalid citation and unverified number, one line each: these must never be."""
    lines = []
    for row in rows:
        faulty = [check for check in (*row["citation_checks"], *row["nearest_checks"]) if check["fault"]]
        lines += [f"{row['id']}: [{check['marker']}] {check['file']} p.{check['page']}: {check['fault']}" for check in faulty]
        lines += [f"{row['id']}: number not in a quote its sentence cites: {number}" for number in row["numbers"]["missing"]]
    return lines


def failure_line(row: Json) -> str:
    """What was expected and what came, in one line."""
    wanted = ", ".join(f"{part['document']} p.{'/'.join(map(str, part['pages']))}" for part in row["evidence"]) or row["expect"]
    if row["error"]:
        got = f"ERROR {row['error']}"
    elif row["status"] != "answered":
        got = f"{row['status']} ({(row['refusal'] or {}).get('reason', '')})"
    else:
        metrics = row["metrics"]
        shares = f"facts {metrics['fact_recall']:.2f}, hit@5 {int(metrics['hit@5'])}: " if "fact_recall" in metrics else ""
        got = shares + " ".join(str(row["answer"]).split())[:160]
    return f"{row['id']} ({row['type']}) want {wanted} | got {got}"


def summary(rows: Rows, run: Json) -> Json:
    """The last record of a run: what was run, and every figure with n and interval."""
    tables = figures(rows)
    missing = [row["id"] for row in rows if row["not_indexed"]]
    kinds = by(rows, lambda row: str(row["type"]))
    plain = {
        kind: {name: value.to_json() if isinstance(value, Figure) else value for name, value in part.items()}
        for kind, part in kinds.items()
    }
    return {
        "record": "summary",
        **run,
        "n": len(rows),
        "n_answerable": len(answerable(rows)),
        "n_errors": sum(bool(row["error"]) for row in rows),
        "n_not_indexed": len(missing),
        "figures": {table: {name: value.to_json() for name, value in part.items()} for table, part in tables.items()},
        "refusal_f1": f1(tables["refusals"]),
        "by_type": plain,
        "latency_ms": latency(rows),
        "median_words": median_words(answerable(rows)),
        "unused_citations": sum(row.get("unused_citations") or 0 for row in rows),
        "degraded": sorted({step for row in rows for step in row.get("degraded") or ()}),
    }
