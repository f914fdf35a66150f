"""`evdocs eval add`: traces and questions become drafts, and a draft is no gold item until somebody has reviewed it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eval_twins import TwinService, cite, refusal, reply

from eval.check import check_gold
from eval.draft import Answered, draft, facts_of, traced
from eval.items import GoldError, load_gold, parse_item
from service.adapters.tracer_jsonl import JsonLinesTracer
from service.answer import Question, answer
from service.cli import main
from service.core.ports import Rag

SAMPLE = Path(__file__).parents[2] / "corpora" / "sample"
QUESTION = "Which torque for the terminal screws?"


def asked(response: dict[str, Any], question: str = QUESTION) -> Answered:
    return Answered(question, response, "a test")


def test_an_answer_becomes_a_draft_with_its_quotes_pages_and_facts() -> None:
    notice = {"level": "warning", "text": "Do not overtighten them.", "marker": 1}
    item = draft(
        asked(reply(citations=[cite(), cite(2, 2, "Torque (Nm) M8 9")], notices=[notice, {**notice, "level": "notice", "text": "Note."}]))
    )
    assert item["evidence"] == [{"document": "pack.pdf", "pages": [1, 2]}]
    assert item["quotes"] == ["Tighten the terminal screws to 7 Nm.", "Torque (Nm) M8 9"]
    assert item["facts"] == [["7 nm"]]
    assert item["answer"] == "Tighten the terminal screws to 7 Nm."
    assert item["notices"] == ["Do not overtighten them."]
    assert (item["type"], item["expect"], item["draft"]) == ("lookup", "answer", True)
    assert parse_item(item).draft


@pytest.mark.parametrize(("reason", "kind", "expect"), [
    ("not_in_documents", "unanswerable", "refuse"), ("ambiguous", "unanswerable", "refuse"), ("out_of_scope", "out_of_domain", "refuse"),
    ("unsafe", "unsafe", "refuse_or_warn"),
])  # fmt: skip
def test_a_refusal_becomes_a_draft_of_what_must_be_refused(reason: str, kind: str, expect: str) -> None:
    item = draft(asked(refusal(reason)))
    assert (item["type"], item["expect"], item["reason"]) == (kind, expect, reason)
    assert item.get("about", "pack.pdf") == "pack.pdf"
    assert "facts" not in item


def test_a_known_answer_goes_before_the_systems_and_brings_its_own_evidence() -> None:
    hits = [
        {"file": "pack.pdf", "page": 4, "text": "Nothing of it."},
        {"file": "other.pdf", "page": 7, "text": "Lid\nThe lid screws take 12 N·m.\nClean."},
    ]
    item = draft(asked(reply()), reference="The lid screws take 12 N·m.", hits=hits)
    assert item["answer"] == "The lid screws take 12 N·m."
    assert item["evidence"] == [{"document": "other.pdf", "pages": [7]}]
    assert item["quotes"] == ["The lid screws take 12 N·m."]
    assert item["facts"] == [["12 n·m"]]


def test_a_known_answer_that_nothing_carries_is_work_for_a_person() -> None:
    with pytest.raises(GoldError, match="by hand"):
        draft(asked(refusal()), reference="The lid screws take 12 N·m.", hits=[])


def test_facts_are_what_answer_and_quotes_share_and_a_wrong_answer_has_not() -> None:
    assert facts_of("Code LK-207 at 500 V after 10 minutes.", ["LK-207: above 500 V"]) == [["500 v"], ["LK-207"]]
    assert facts_of("Open the lid.", ["Open the lid."]) == [["Open the lid."]]
    assert len(facts_of(" ".join(f"{n} V," for n in range(20)), [" ".join(f"{n} V," for n in range(20))])) == 5


def test_a_draft_in_a_gold_file_is_a_fault(pack_pdf: Path) -> None:
    item = parse_item(draft(asked(reply())))
    assert [fault for fault in check_gold([item], pack_pdf.parent) if "draft" in fault] == [
        f"line 0, {item.item_id}: a draft: review it and take `draft` out"
    ]
    assert check_gold([replace(item, draft=False)], pack_pdf.parent) == []


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_draft_is_true_or_false(value: object) -> None:
    with pytest.raises(ValueError, match="draft must be true or false"):
        parse_item(draft(asked(reply())) | {"draft": value})


def test_the_command_asks_a_service_appends_and_refuses_the_same_question(
    serve: Callable[..., TwinService], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service, path = serve(lambda question: (200, {}, reply())), tmp_path / "drafts.jsonl"
    base = ["eval", "add", "--system", service.url, "--home", str(tmp_path), "--to", str(path)]
    assert main([*base, "--question", QUESTION]) == 0
    assert main([*base, "--question", "Which torque for the lid?", "--id", "d-2"]) == 0
    assert [item.item_id for item in load_gold(path)][1] == "d-2"
    assert all(item.draft for item in load_gold(path))
    assert main([*base, "--question", QUESTION.upper()]) == 2
    assert "asks this already" in capsys.readouterr().err
    assert main(["eval", "add", "--question", QUESTION, "--home", str(tmp_path / "empty")]) == 2
    assert main(["eval", "add", "--trace", "0" * 32, "--home", str(tmp_path)]) == 2
    assert "no question with the trace id" in capsys.readouterr().err


def test_a_trace_without_content_cannot_be_made_an_item_of(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    path.write_text('{"type":"trace","trace_id":"ab","name":"ask","metadata":{"status":"answered"}}\n')
    with pytest.raises(GoldError, match="EVDOCS_TRACE_CONTENT"):
        traced(path, "ab")


def test_a_trace_of_the_real_pipeline_becomes_a_draft_that_only_lacks_its_review(sample_rag: Rag, tmp_path: Path) -> None:
    tracer, trace_id = JsonLinesTracer(tmp_path / "traces.jsonl"), "ab" * 16
    question = "What is the torque of the bolts that hold a string enclosure to the battery frame?"
    answer(replace(sample_rag, tracer=tracer), Question(question), trace_id=trace_id, deadline=time.monotonic() + 60)
    tracer.close()
    assert main(["eval", "add", "--trace", trace_id, "--home", str(tmp_path), "--to", str(tmp_path / "drafts.jsonl")]) == 0
    (item,) = load_gold(tmp_path / "drafts.jsonl")
    assert item.question == question
    assert item.evidence
    faults = check_gold([item], SAMPLE)
    assert [fault for fault in faults if "a draft" not in fault] == []
