"""Figures of a few rows, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from eval_twins import Double, Json, gold, refusal, reply

from eval import report
from eval.run import rows_of

TWO = [{"document": "pack.pdf", "pages": [1]}, {"document": "pack.pdf", "pages": [2]}]


def _usage(tokens: int, cost: float) -> Json:
    return {"usage": {"input_tokens": tokens, "output_tokens": tokens // 10, "cost": cost}}


def test_recall_is_of_items_with_several_parts_and_says_how_many_those_are(pack_pdf: Path) -> None:
    rows = list(rows_of(Double(pack_pdf), [gold(id="a"), gold(id="b", evidence=TWO), gold(id="c")]))  # hits: page 1 only
    recall = report.figures(rows)["retrieval"]["recall@5"]
    assert (recall.value, recall.n, recall.n_valid) == (0.5, 3, 1)
    assert report.figures(rows)["retrieval"]["hit@5"].n_valid == 3


def test_tokens_and_cost_are_means_over_the_items_a_language_model_was_asked_for(pack_pdf: Path) -> None:
    answers = {"a": reply(**_usage(1000, 0.02)), "b": reply(**_usage(3000, 0.04)), "c": reply(**_usage(0, 0.0)), "d": reply()}
    rows = list(rows_of(Double(pack_pdf, lambda question: answers[question]), [gold(id=name, question=name) for name in "abcd"]))
    cost = report.figures(rows)["cost"]
    assert {name: (figure.value, figure.n, figure.n_valid) for name, figure in cost.items()} == {
        "input_tokens": (2000.0, 4, 2),
        "output_tokens": (200.0, 4, 2),
        "cost": (pytest.approx(0.03), 4, 2),
    }


def test_notices_are_counted_one_by_one_beside_their_mean_over_items(pack_pdf: Path) -> None:
    def ask(question: str) -> Json:
        return reply(notices=[{"level": "danger", "text": "Isolate first.", "marker": 1}])

    items = [gold(id="a", notices=["Isolate first."]), gold(id="b", notices=["Isolate first.", "Wear gloves.", "Wait."]), gold(id="c")]
    answers = report.figures(list(rows_of(Double(pack_pdf, ask), items)))["answers"]
    assert (answers["notices_carried"].value, answers["notices_carried"].n_valid) == (0.5, 4)
    assert (answers["notice_recall"].value, answers["notice_recall"].n_valid) == (pytest.approx(2 / 3), 2)


def test_a_summary_has_a_part_for_each_type_document_and_difficulty(pack_pdf: Path) -> None:
    items = [gold(id="a"), gold(id="b", type="table", difficulty="hard")]
    items += [gold(id="c", type="unanswerable", expect="refuse", evidence=[], facts=[], quotes=[], reason="not_in_documents")]
    rows = list(rows_of(Double(pack_pdf, lambda question: reply()), items))
    summary = report.summary(rows, {})
    assert {name: part["n"] for name, part in summary["by_type"].items()} == {"lookup": 1, "table": 1}
    assert {name: part["n"] for name, part in summary["by_difficulty"].items()} == {"easy": 1, "hard": 1}
    assert {name: part["n"] for name, part in summary["by_document"].items()} == {"pack.pdf": 2}
    assert summary["figures"]["refusals"]["f1"]["value"] is None


def test_f1_is_zero_where_the_wrong_ones_are_refused(pack_pdf: Path) -> None:
    items = [gold(id="a", question="a"), gold(id="u", question="u", type="unanswerable", expect="refuse", evidence=[], facts=[])]
    rows = list(rows_of(Double(pack_pdf, lambda question: refusal() if question == "a" else reply()), items))
    refusals = report.figures(rows)["refusals"]
    assert (refusals["precision"].value, refusals["recall"].value, refusals["f1"].value) == (0.0, 0.0, 0.0)


def test_the_cross_encoders_own_order_counts_only_what_it_read(pack_pdf: Path) -> None:
    class Read(Double):
        def search(self, question: str, k: int, filters: object) -> Json:  # type: ignore[override]
            pages = [(2, 0.3), (1, 0.9), (1, None)]
            return {
                "hits": [{"document_id": "d1", "file": "pack.pdf", "page": p, "page_end": p, "scores": {"rerank": s}} for p, s in pages]
            }

    (row,) = rows_of(Read(pack_pdf), [gold()])
    assert (row["searches"]["rerank"], row["searches"]["dense"], row["searches"]["lexical"]) == (1, 2, None)
    assert (row["metrics"]["rerank.hit@10"], row["metrics"]["lexical.hit@10"], row["metrics"]["hit@1"]) == (True, False, False)
