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
from eval.stats import Figure, expected_calibration_error, mean, rate, risk_at_coverage

Rows = Sequence[Json]
Figures = dict[str, Figure]
SEARCH = tuple(f"{name}.hit@10" for name in ("dense", "lexical", "late", "fused", "rerank"))
RATES = frozenset(
    [
        *(f"hit@{k}" for k in CUTOFFS),
        *SEARCH,
        *("correct", "concise", "cites_gold_page", "refused", "clarified", "as_expected", "reason_right"),
    ]
)
RETRIEVAL = (*(f"hit@{k}" for k in CUTOFFS), "mrr@10", "ndcg@10", "facts@5", "quotes_together@5")
RECALL = tuple(f"recall@{k}" for k in CUTOFFS)
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
        "retrieval": {name: figure(owed, name) for name in RETRIEVAL} | {name: parts_found(owed, name) for name in RECALL},
        "searches": {name: figure(owed, name) for name in SEARCH},
        "answers": {name: figure(owed, name) for name in ANSWER}
        | {"groundedness": groundedness(rows), "notice_recall": figure(rows, "notice_recall"), "notices_carried": notices(rows)},
        "citations": {name: figure(owed, name) for name in CITATION} | pooled(rows),
        "refusals": refusals(rows),
        "calibration": calibration(rows),
        "cost": cost(rows),
        "whole run": {"errors": rate([bool(row["error"]) for row in rows]), "within_filters": figure(rows, "within_filters")},
    }


def parts_found(rows: Rows, name: str) -> Figure:
    """recall@k of the items with several evidence parts; with one part it is hit@k."""
    several = [row["metrics"].get(name) if len(row["evidence"]) > 1 else None for row in rows]
    return mean(several, [row["cluster"] for row in rows])


def notices(rows: Rows) -> Figure:
    """Share of all notices owed that were carried, each counted once."""
    return rate([carried for row in rows for carried in row["notices_carried"]])


def cost(rows: Rows) -> Figures:
    """Tokens and cost a question, over those in which a language model was asked."""
    clusters = [row["cluster"] for row in rows]
    used = [row["usage"] if row["usage"] and row["usage"]["input_tokens"] else None for row in rows]
    return {name: mean([own and own[name] for own in used], clusters) for name in ("input_tokens", "output_tokens", "cost")}


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
        "f1": Figure(f1_of(judged, due), None, None, len(rows), len({row["id"] for row in [*judged, *due]})),
        "reason_right": figure(rows, "reason_right"),
        **{kind: figure(part, "as_expected") for kind, part in sorted(not_answerable(rows).items())},
    }


def not_answerable(rows: Rows) -> dict[str, list[Json]]:
    """The other items, named by their type and what was right to do."""
    parts: dict[str, list[Json]] = {}
    for row in rows:
        if row["expect"] != "answer":
            parts.setdefault(f"{row['type']} {RIGHT[row['expect']]}", []).append(row)
    return parts


def f1_of(judged: Rows, due: Rows) -> float | None:
    """Harmonic mean of refusal precision (over what was refused) and recall (over what was to be); None where neither says anything."""
    if not judged or not due:
        return None
    right = sum(row["expect"] == "refuse" for row in judged)
    precision, recall = right / len(judged), right / len(due)
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


def summary(rows: Rows, config: Json) -> Json:
    """What a run comes to: every figure with n and interval, the same for the same rows (times stand in `eval.latency`)."""
    missing = [row["id"] for row in rows if row["not_indexed"]]
    return {
        "record": "summary",
        "run": config,
        "n": len(rows),
        "n_answerable": len(answerable(rows)),
        "n_errors": sum(bool(row["error"]) for row in rows),
        "n_not_indexed": len(missing),
        "not_indexed": sorted({name for row in rows for name in row["not_indexed"]}),
        "figures": {table: {name: value.to_json() for name, value in part.items()} for table, part in figures(rows).items()},
        "by_type": _plain(by(rows, lambda row: str(row["type"]))),
        "by_document": _plain(by(rows, lambda row: str(row["cluster"]))),
        "by_difficulty": _plain(by(rows, lambda row: str(row["difficulty"]))),
        "median_words": median_words(answerable(rows)),
        "unused_citations": sum(row.get("unused_citations") or 0 for row in rows),
        "degraded": sorted({step for row in rows for step in row.get("degraded") or ()}),
    }


def _plain(parts: dict[str, dict[str, Any]]) -> Json:
    return {
        name: {metric: value.to_json() if isinstance(value, Figure) else value for metric, value in part.items()}
        for name, part in parts.items()
    }
