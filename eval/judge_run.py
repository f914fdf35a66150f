"""A run's rows and a judge in; the share of supported sentences and of correct answers out, the support put right by labelled pairs.

The raw mean of a judge is shown and is not the figure: the figure is the corrected one, with its interval (`eval.agreement`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from eval.agreement import corrected_mean, kappa
from eval.judge import Judge, Judged
from eval.judge_calibration import Calibration, Pair
from eval.matching import claims
from eval.run_rows import Row, answer_of, citations_of
from eval.stats import Figure, mean


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """`support` is the raw share of sentences judged supported; `corrected` what the labels make of it, None without labels of the "run"
    kind; `correct` the share of answerable items judged correct (a refusal is not); `correct_kappa` its agreement with the facts."""

    judge: str
    support: Figure
    corrected: Figure | None
    correct: Figure
    correct_kappa: float | None
    failures: Mapping[str, int]
    items: Sequence[Row]

    def to_json(self) -> dict[str, Any]:
        """As it is written beside the run."""
        return {
            **{"judge": self.judge, "support_raw": self.support.to_json(), "correct": self.correct.to_json()},
            **{"support_corrected": self.corrected.to_json() if self.corrected else None, "correct_kappa_with_facts": self.correct_kappa},
            **{"failures": dict(self.failures), "items": list(self.items)},
        }


def judge_run(
    rows: Sequence[Row],
    judge: Judge,
    labels: tuple[Sequence[Pair], Calibration],
    *,
    clients: int = 1,
    told: Callable[[], None] = lambda: None,
) -> JudgedRun:
    """Judge every sentence of every answer, and every answer to an answerable item, `clients` items at a time."""

    def one(row: Row) -> Row:
        judged = _judged(row, judge)
        told()
        return judged

    with ThreadPoolExecutor(max_workers=clients, thread_name_prefix="evdocs-judge") as pool:
        items = list(pool.map(one, rows))
    clusters = {row["id"]: str(row.get("cluster", row["id"])) for row in rows}
    said = [(item["id"], sentence["supported"]) for item in items for sentence in item["sentences"]]
    support = mean([None if value is None else float(value) for _, value in said], [clusters[item_id] for item_id, _ in said])
    owed = [(item, row) for item, row in zip(items, rows, strict=True) if row.get("expect") == "answer"]
    correct = mean([_float(item["correct"]) for item, _ in owed], [clusters[item["id"]] for item, _ in owed])
    failures = Counter(sentence["reason"] for item in items for sentence in item["sentences"] if sentence["supported"] is None)
    failures.update(item["correct_reason"] for item, _ in owed if judge.grades and item["correct"] is None)
    corrected = _corrected(*labels, [value for _, value in said if value is not None])
    return JudgedRun(judge.label, support, corrected, correct, _agreement(owed), failures, items)


def _judged(row: Row, judge: Judge) -> Row:
    answer, citations = answer_of(row), citations_of(row)
    sentences = []
    for claim in claims(answer):
        one = judge.support(claim.text, [str(citation["quote"]) for citation in citations if citation["marker"] in claim.markers])
        sentences.append({"sentence": claim.text, "supported": one.value, "reason": one.reason})
    if not judge.grades:
        correct = Judged(None, "not graded")
    elif row.get("expect") != "answer":
        correct = Judged(None, "not answerable")
    elif not answer:
        correct = Judged(False, f"no answer ({row.get('error') or row.get('status')})")
    else:
        correct = judge.correctness(str(row["question"]), str(row.get("expected") or ""), answer)
    return {"id": row["id"], "sentences": sentences, "correct": correct.value, "correct_reason": correct.reason}


def _corrected(pairs: Sequence[Pair], calibration: Calibration, rest: Sequence[bool]) -> Figure | None:
    sample = [(pair.supported, v) for pair, v in zip(pairs, calibration.verdicts, strict=True) if pair.source == "run" and v is not None]
    if len(sample) < 2 or not rest:
        return None
    return corrected_mean([label for label, _ in sample], [verdict for _, verdict in sample], rest)


def _agreement(owed: Sequence[tuple[Row, Row]]) -> float | None:
    both = [(item["correct"], bool((row.get("metrics") or {}).get("correct"))) for item, row in owed if item["correct"] is not None]
    return kappa([judged for judged, _ in both], [facts for _, facts in both]) if both else None


def _float(value: bool | None) -> float | None:
    return None if value is None else float(value)


def table(found: JudgedRun) -> Iterator[str]:
    """The judgement as lines of text."""
    yield f"judged by {found.judge}"
    named = (("support, raw", found.support), ("support, corrected", found.corrected), ("correct", found.correct))
    for name, one in named:
        if one is None:
            yield f"  {name:20} -  (no labelled sentences of a run)"
            continue
        interval = "" if one.low is None or one.high is None else f"  [{one.low:.3f}, {one.high:.3f}]"
        labelled = "labelled" if name == "support, corrected" else "n_valid"
        yield f"  {name:20} {'-' if one.value is None else f'{one.value:.3f}'}{interval}  {labelled} {one.n_valid} of {one.n}"
    if found.correct_kappa is not None:
        yield f"  correct against the items' facts: kappa {found.correct_kappa:.3f}"
    yield from (f"  {count:4} unjudged: {reason}" for reason, count in found.failures.items())
