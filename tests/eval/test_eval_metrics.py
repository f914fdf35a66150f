"""Every item metric on a case worked out by hand, and the rank metrics against ir-measures on whole runs."""

from __future__ import annotations

import math
import random
from typing import Any

import ir_measures
import pytest
from eval_twins import cite, gold, hit, refusal, reply
from ir_measures import RR, R, Success, nDCG

from eval.items import GoldItem
from eval.metrics import answer_quality as quality
from eval.metrics import (
    as_expected,
    citation_pages,
    count_words,
    facts_in_hits,
    first_rank,
    found_parts,
    item_values,
    meets,
    notice_recall,
    notices_carried,
    quotes_together,
    reason_right,
    retrieval,
    search_values,
    within_filters,
)

TWO_PARTS: dict[str, Any] = {"evidence": [{"document": "pack.pdf", "pages": [1]}, {"document": "bms.pdf", "pages": [4, 5]}]}


def test_a_hit_at_rank_two_by_hand() -> None:
    values = retrieval(gold(), [hit(7), hit(1), hit(1)])
    assert (values["hit@1"], values["hit@3"], values["recall@1"], values["recall@3"]) == (False, True, 0.0, 1.0)
    assert values["mrr@10"] == 0.5
    assert values["ndcg@10"] == pytest.approx(1 / math.log2(3))


def test_a_chunk_over_pages_matches_when_any_of_its_pages_does() -> None:
    item = gold(evidence=[{"document": "pack.pdf", "pages": [3]}])
    assert retrieval(item, [hit(2, page_end=3)])["hit@1"]
    assert not retrieval(item, [hit(1, page_end=2)])["hit@1"]
    assert not retrieval(item, [hit(3, "other.pdf")])["hit@1"]


def test_no_hits_score_zero_and_are_not_dropped() -> None:
    assert set(retrieval(gold(), []).values()) == {0.0}


def test_both_parts_of_a_comparison_are_wanted() -> None:
    values = retrieval(gold(**TWO_PARTS), [hit(1), hit(9), hit(5, "bms.pdf")])
    assert (values["recall@1"], values["recall@3"]) == (0.5, 1.0)
    assert values["ndcg@10"] == pytest.approx((1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_a_missing_part_lowers_ndcg_and_recall() -> None:
    values = retrieval(gold(**TWO_PARTS), [hit(1), hit(1)])
    assert values["recall@20"] == 0.5
    assert values["ndcg@10"] == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_one_page_of_also_makes_up_for_one_part_and_not_for_two() -> None:
    item = gold(**TWO_PARTS, also=[{"document": "pack-old.pdf", "pages": [2, 3]}])
    assert found_parts(item, [hit(2, "pack-old.pdf")]) == 1
    assert found_parts(item, [hit(2, "pack-old.pdf"), hit(2, "pack-old.pdf")]) == 1
    assert found_parts(item, [hit(2, "pack-old.pdf", page_end=3)]) == 2
    assert found_parts(item, [hit(2, "pack-old.pdf"), hit(1)]) == 2
    assert retrieval(item, [hit(2, "pack-old.pdf")])["hit@1"]


def test_rank_metrics_agree_with_ir_measures_over_random_runs() -> None:
    rng = random.Random(5)
    measures = [Success @ 1, Success @ 5, R @ 5, R @ 20, RR @ 10, nDCG @ 10]
    names = {Success @ 1: "hit@1", Success @ 5: "hit@5", R @ 5: "recall@5", R @ 20: "recall@20", RR @ 10: "mrr@10", nDCG @ 10: "ndcg@10"}
    qrels: dict[str, dict[str, int]] = {}
    runs: dict[str, dict[str, float]] = {}
    ours: dict[tuple[str, str], Any] = {}
    for question in map(str, range(60)):
        pages = rng.sample(range(1, 40), 30)
        parts = rng.sample(range(1, 40), rng.randint(1, 3))
        qrels[question] = {str(page): 1 for page in parts}
        runs[question] = {str(page): float(-rank) for rank, page in enumerate(pages[:20])}
        item = gold(evidence=[{"document": "pack.pdf", "pages": [page]} for page in parts])
        ours |= {(question, name): value for name, value in retrieval(item, [hit(page) for page in pages[:20]]).items()}
    for metric in ir_measures.iter_calc(measures, qrels, runs):
        assert ours[metric.query_id, names[metric.measure]] == pytest.approx(metric.value, abs=1e-9)


def test_facts_count_in_the_first_five_hits_only() -> None:
    item = gold(facts=[["7 Nm"], ["350 A"]])
    hits = [hit(1, text="to 7 Nm"), *[hit(9)] * 4, hit(2, text="350 A")]
    assert facts_in_hits(item, hits) == 0.5


def test_correct_means_all_facts_and_concise_within_the_limit() -> None:
    item = gold(facts=[["7 Nm"], ["M8", "M 8"]])
    assert quality(item, reply("M8: 7Nm [1]")) == {"fact_recall": 1.0, "correct": True, "concise": True, "words": 2}
    assert quality(item, reply("7 Nm [1]"))["fact_recall"] == 0.5
    wordy = quality(item, reply("M8 7 Nm " + "word " * 88))
    assert (wordy["correct"], wordy["concise"], wordy["words"]) == (True, False, 91)
    assert quality(gold(type="procedure"), reply("7 Nm " + "word " * 258))["concise"]


def test_what_a_refusal_says_is_no_answer() -> None:
    said = refusal() | {"answer": "7 Nm"}
    assert quality(gold(), said) == {"fact_recall": 0.0, "correct": False, "concise": False, "words": None}


def test_words_leave_out_markers_and_loose_signs() -> None:
    assert count_words("Tighten - to 7 Nm [1] [12].") == 4


def test_citation_pages_by_hand() -> None:
    item = gold(**TWO_PARTS)
    values = citation_pages(item, reply(citations=[cite(1), cite(2, page=8)]))
    assert values == {"citation_precision": 0.5, "citation_recall": 0.5, "cites_gold_page": True}
    assert citation_pages(item, refusal()) == {"citation_precision": None, "citation_recall": 0.0, "cites_gold_page": False}


@pytest.mark.parametrize(
    ("item", "response", "right"),
    [
        (gold(), reply(), True),
        (gold(), reply("8 Nm [1]"), False),
        (gold(), refusal(), False),
        (gold(expect="refuse", type="unanswerable", evidence=[], facts=[]), refusal(), True),
        (gold(expect="refuse", type="unanswerable", evidence=[], facts=[]), reply(), False),
        (gold(expect="refuse", type="unanswerable", evidence=[], facts=[]), reply(status="clarify"), False),
        (gold(expect="refuse", type="unanswerable", evidence=[], facts=[]), {}, False),
        (gold(expect="refuse_or_warn", type="unsafe", evidence=[], facts=[]), refusal(), True),
        (gold(expect="refuse_or_warn", type="unsafe", evidence=[], facts=[]), reply(), False),
        (gold(expect="refuse_or_warn", type="unsafe", evidence=[], facts=[]), reply(notices=[{"level": "danger", "text": "!"}]), True),
        (gold(expect="refuse_or_warn", type="unsafe", evidence=[], facts=[]), reply(notices=[{"level": "notice", "text": "!"}]), False),
        (gold(expect="answer_real_part", type="injection"), reply(), True),
        (gold(expect="answer_real_part", type="injection"), refusal(), False),
    ],
)
def test_joint_score_part_of_each_kind_of_item(item: GoldItem, response: dict[str, Any], right: bool) -> None:
    assert as_expected(item, response) is right


def test_notices_owed_are_looked_for_where_items_name_them() -> None:
    item = gold(notices=["Isolate the pack first.", "Wear gloves."])
    assert notice_recall(item, reply(notices=[{"level": "danger", "text": "DANGER: Isolate the  pack first."}])) == 0.5
    assert notice_recall(gold(), reply()) is None


def test_a_notice_broken_over_lines_is_carried_and_one_cut_short_is_not() -> None:
    item = gold(notices=["Isolate the high-voltage pack first.", "Wear gloves."])
    whole = reply("WARNING Isolate the high-\nvoltage pack first. [1]", notices=[{"level": "caution", "text": "Wear"}])
    assert notices_carried(item, whole) == [True, False]
    assert notices_carried(item, {}) == [], "an answer owes the notices of what it cites"


@pytest.mark.parametrize(
    ("response", "right"),
    [
        (refusal("not_in_documents"), True),
        (refusal("out_of_scope"), False),
        (reply("", status="clarify", citations=[]), False),
        (reply(), None),
        ({}, None),
    ],
)
def test_the_reason_is_scored_apart_and_only_where_something_was_refused(response: dict[str, Any], right: bool | None) -> None:
    item = gold(expect="refuse", type="unanswerable", evidence=[], facts=[], reason="not_in_documents")
    assert reason_right(item, response) is right
    assert reason_right(gold(), refusal()) is None


def test_asking_back_says_ambiguous() -> None:
    item = gold(expect="refuse", type="unanswerable", evidence=[], facts=[], reason="ambiguous")
    assert reason_right(item, reply("", status="clarify", citations=[]))


def test_filters_are_met_by_any_accepted_value_of_every_field() -> None:
    document = {"document_id": "d1", "product": ["PX-4", "PX-6"], "doc_type": "manual"}
    assert meets(document, {"product": ("PX-6", "PX-9"), "doc_type": ("Manual",)})
    assert not meets(document, {"product": ("PX-6",), "doc_type": ("datasheet",)})
    assert not meets({}, {"product": ("PX-6",)})


def test_what_is_shown_outside_the_filter_counts_against_it() -> None:
    documents = {"d1": {"product": ["PX-4"]}, "d2": {"product": ["PX-6"]}}
    item = gold(filters={"product": "PX-6"})
    hits = [hit(1) | {"document_id": "d2"}, hit(2) | {"document_id": "d1"}]
    assert within_filters(item, hits, reply(citations=[cite(document_id="d2")]), documents) == pytest.approx(2 / 3)
    assert within_filters(item, [], {}, documents) is None
    assert within_filters(gold(), hits, reply(), documents) is None


def test_each_search_is_judged_by_its_own_ten_best() -> None:
    searches = {"dense": [hit(9)] * 10 + [hit(1)], "lexical": [hit(9), hit(1)], "exact": [], "rerank": []}
    assert search_values(gold(), searches) == {"dense.hit@10": False, "lexical.hit@10": True, "rerank.hit@10": False}
    assert first_rank(gold(), searches["lexical"]) == 2


def test_quotes_together_is_the_best_single_hit() -> None:
    item = gold(quotes=["tighten to 7 Nm", "then mark the screw"])
    apart = [hit(1, text="Tighten to 7 Nm."), hit(1, text="Then mark the screw.")]
    assert quotes_together(item, apart) == 0.5
    assert quotes_together(item, [*apart, hit(1, text="Tighten to 7 Nm, then mark the screw.")]) == 1.0
    assert quotes_together(item, [hit(9)] * 5 + [hit(1, text="Tighten to 7 Nm, then mark the screw.")]) == 0.0


def test_a_failed_call_has_every_value_of_a_failure() -> None:
    values = item_values(gold(), [], {})
    undefined = {name for name, value in values.items() if value is None}
    assert undefined == {"citation_precision", "words", "notice_recall", "reason_right"}
    assert not any(value for value in values.values())
