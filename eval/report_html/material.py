"""What a report is made of, gathered once: the run, what the gate said, what changed, the nights before, the pages of its documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from eval.gate import Verdict
from eval.nightly.history import Night
from eval.report import failed
from eval.report_html.changes import Changes
from eval.report_html.evidence import Evidence
from eval.rows import Json, Run
from eval.stats import Figure

HEADLINE = (
    ("refusals", "joint", "answered right or rightly refused (joint)"),
    ("retrieval", "hit@1", "right page first (hit@1)"),
    ("retrieval", "hit@5", "right page among five (hit@5)"),
    ("answers", "fact_recall", "facts in the answer (fact_recall)"),
    ("answers", "correct", "every fact in the answer (correct)"),
    ("answers", "groundedness", "sentences their citations support (groundedness)"),
    ("answers", "notice_recall", "warnings carried (notice_recall)"),
    ("citations", "citation_validity", "citations that stand on their page (citation_validity)"),
    ("citations", "number_precision", "numbers that stand in a cited quote (number_precision)"),
    ("refusals", "recall", "refused where due (refusal_recall)"),
    ("refusals", "over_refusal", "refused though answerable (over_refusal)"),
    ("calibration", "ece", "gap of confidence and truth (ece)"),
    ("calibration", "risk@80%", "wrong among the 80 % most confident (risk@80%)"),
    ("whole run", "errors", "items that failed with an error (errors)"),
)
"""(part, metric, in words) of the figures a report begins with."""
MEASURES = {"recall": "refusal_recall"}  # figures that go by another name among the compared measures


@dataclass(frozen=True, slots=True)
class Material:
    """`history` includes the run's own night where it is recorded; `before` is an earlier run, for what was answered then."""

    name: str
    run: Run
    evidence: Evidence
    verdict: Verdict | None = None
    changes: Changes | None = None
    history: Sequence[Night] = field(default_factory=tuple)
    before: Run | None = None

    def figure(self, part: str, metric: str) -> Figure | None:
        """A figure of the run's summary."""
        told = self.run.summary["figures"].get(part, {}).get(metric)
        return Figure(**told) if told else None

    def failures(self) -> list[Json]:
        """What did not come out as expected: newly wrong since the baseline first, then errors, then the rest."""
        newly = {row["id"] for row in self.changes.worse} if self.changes else set()
        return sorted(failed(self.run.rows), key=lambda row: row["id"] not in newly)

    def newly_wrong(self, row: Json) -> bool:
        """Whether the baseline had it right."""
        return self.changes is not None and any(row["id"] == own["id"] for own in self.changes.worse)


def given(row: Json) -> str:
    """What came for an item: the answer, or what was done instead."""
    if row["error"]:
        return f"Error: {row['error']}"
    if row["status"] == "answered":
        return str(row["answer"])
    refusal = row["refusal"] or {}
    return f"{row['status']} ({refusal.get('reason', '')}): {refusal.get('message') or row.get('answer') or ''}".rstrip(": ")


def wanted(row: Json) -> str:
    """What was owed, in words."""
    due = {
        "answer": "an answer",
        "refuse": "a refusal",
        "refuse_or_warn": "a refusal, or the warning",
        "answer_real_part": "the real part answered",
    }
    reason = f" ({row['reason']})" if row["reason"] else ""
    return str(row["expected"] or due[row["expect"]] + reason)


def places(parts: Sequence[Json]) -> str:
    """Evidence as `file p.7/8; file p.2`."""
    return "; ".join(f"{part['document']} p.{'/'.join(map(str, part['pages']))}" for part in parts)


def cited(row: Json) -> str:
    """Pages cited by an answer, each once."""
    return "; ".join(dict.fromkeys(f"{one['file']} p.{one['page']}" for one in row["citations"] or ()))
