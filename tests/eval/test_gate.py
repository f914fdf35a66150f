"""The gate on runs of a double: what passes, what fails, and that the failure is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from eval_cli import command
from eval_twins import Double, Json, TwinService, cite, gold, plain, refusal, reply

from eval.baseline import MOST_BYTES, PACKAGED, accept, load_baseline
from eval.gate import MIN_COMMON, Rules, Verdict, judge, load_rules
from eval.items import GoldItem, load_golds
from eval.report import summary
from eval.rows import Run, RunError
from eval.run import item_sha
from eval.run_command import configuration, perform

NOTICE = "Isolate the pack first."
ITEMS = [gold(id=f"t-{place}", question=f"question {place}?") for place in range(18)]
ITEMS += [gold(id="warned", question="warned?", type="safety", notices=[NOTICE])]
ITEMS += [gold(id="moon", question="moon?", expect="refuse", type="unanswerable", evidence=[], facts=[], quotes=[])]
RULES = Rules(0.04, 2.0, {"citation_validity": 1.0, "number_precision": 1.0, "errors": 0.0}, {"hit@1": 0.5})


def sound(question: str) -> Json:
    if "moon" in question:
        return refusal()
    return reply(notices=[{"level": "danger", "text": NOTICE, "marker": 1}] if "warned" in question else [])


@pytest.fixture
def ran(pack_pdf: Path, tmp_path: Path) -> Callable[..., Run]:
    """A run of the items, answered by rule."""
    count = iter(range(1000))

    def run(ask: Callable[[str], Json] = sound, items: list[GoldItem] = ITEMS) -> Run:
        system = Double(pack_pdf, ask)
        made = perform(system, items, configuration(system, items, ["g"], "extractive"), tmp_path / f"run{next(count)}", quiet=True)
        for row in made.rows:  # a double answers in no time at all
            row["timings_ms"]["client"]["ask"], row["reference_ms"] = 100.0, 5.0
        return made

    return run


@pytest.fixture
def verdict_on(ran: Callable[..., Run], tmp_path: Path) -> Callable[..., Verdict]:
    """What the gate says of a rule, with the sound run as baseline."""
    accept(ran(), tmp_path / "baseline.json", "2026-01-01")
    baseline = load_baseline(tmp_path / "baseline.json")
    baseline.about["pace"] = None
    return lambda ask=sound, items=ITEMS: judge(ran(ask, items), baseline, RULES)


def _names(verdict: Verdict) -> list[str]:
    return [check.metric for check in verdict.failures]


def test_the_same_system_passes(verdict_on: Callable[..., Verdict]) -> None:
    verdict = verdict_on()
    assert verdict.passed, verdict.failures
    assert len(verdict.checks) > 15


def test_an_invalid_citation_breaks_a_rule(verdict_on: Callable[..., Verdict]) -> None:
    names = _names(verdict_on(lambda question: sound(question) | {"citations": [cite(page=2)]} if "7" in question else sound(question)))
    assert names[0] == "citation_validity"


def test_a_changed_number_breaks_a_rule(verdict_on: Callable[..., Verdict]) -> None:
    wrong = reply("Tighten the terminal screws to 8 Nm. [1]")
    assert _names(verdict_on(lambda question: wrong if question == "question 3?" else sound(question)))[0] == "number_precision"


def test_one_lost_warning_is_enough(verdict_on: Callable[..., Verdict]) -> None:
    verdict = verdict_on(lambda question: sound(question) | {"notices": []})
    assert _names(verdict)[0] == "notice_recall"
    assert verdict.failures[0].said.startswith("0 of 1 warnings owed are carried, 1 by the baseline")


def test_a_failing_item_is_an_error_and_not_left_out(verdict_on: Callable[..., Verdict]) -> None:
    def ask(question: str) -> Json:
        if question == "question 5?":
            raise RuntimeError("boom")
        return sound(question)

    assert _names(verdict_on(ask))[0] == "errors"


def test_refusing_what_can_be_answered_is_named(verdict_on: Callable[..., Verdict]) -> None:
    verdict = verdict_on(lambda question: refusal() if question.startswith("question 1") else sound(question))
    assert {"answered_answerable", "correct", "joint"} <= set(_names(verdict))
    assert "citation_validity" not in _names(verdict)


def test_answering_what_cannot_be_answered_is_named(verdict_on: Callable[..., Verdict]) -> None:
    assert _names(verdict_on(lambda question: reply()))[:2] == ["notice_recall", "refusal_recall"]


def test_one_lost_item_of_a_hundred_and_thirty_is_within_the_margin_and_ten_are_not(ran: Callable[..., Run], tmp_path: Path) -> None:
    items = [gold(id=f"t-{place}", question=f"question {place}?") for place in range(130)]
    whole, lost = ran(items=items), ran(lambda question: refusal(), items[:10])
    accept(whole, tmp_path / "b.json", "2026-01-01")

    def verdict(n_lost: int) -> Verdict:
        rows = [*lost.rows[:n_lost], *whole.rows[n_lost:]]
        run = Run(whole.path, whole.config, rows, summary(rows, whole.config), whole.latency)
        return judge(run, load_baseline(tmp_path / "b.json"), Rules(0.04, 2.0))

    assert verdict(1).passed
    assert "correct" in _names(verdict(10))


def test_three_times_the_time_is_named_by_latency(ran: Callable[..., Run], tmp_path: Path) -> None:
    accept(ran(), tmp_path / "b.json", "2026-01-01")
    baseline = load_baseline(tmp_path / "b.json")
    run = ran()
    baseline.about["pace"], run.latency["pace"] = {"p50": 20.0}, {"p50": 39.0}
    assert judge(run, baseline, RULES).passed
    run.latency["pace"] = {"p50": 60.0}
    assert _names(judge(run, baseline, RULES)) == ["latency"]


def test_a_floor_holds_without_a_baseline_and_what_was_not_compared_is_said(ran: Callable[..., Run]) -> None:
    verdict = judge(ran(lambda question: refusal()), None, Rules(0.04, 2.0, {}, {"correct": 0.5}))
    assert _names(verdict) == ["correct"]
    assert verdict.notes == ["no baseline: nothing was compared"]


def test_a_baseline_of_other_items_cannot_judge(ran: Callable[..., Run], tmp_path: Path) -> None:
    accept(ran(), tmp_path / "b.json", "2026-01-01")
    other = ran(items=[gold(id=f"t-{place}", question=f"another {place}?") for place in range(18)])
    with pytest.raises(RunError, match="knows 0 of the run's 18 items"):
        judge(other, load_baseline(tmp_path / "b.json"), RULES)


def test_a_run_with_errors_or_gaps_is_no_baseline(ran: Callable[..., Run], tmp_path: Path) -> None:
    def ask(question: str) -> Json:
        raise RuntimeError("boom")

    with pytest.raises(RunError, match="20 items failed"):
        accept(ran(ask), tmp_path / "b.json", "2026-01-01")
    whole = ran()
    part = Run(whole.path, whole.config, whole.rows[:-1], whole.summary, whole.latency)
    with pytest.raises(RunError, match="only 19 of 20"):
        accept(part, tmp_path / "b.json", "2026-01-01")
    with pytest.raises(RunError, match="only 19 of 20"):
        judge(part, None, RULES)


def test_a_baseline_holds_ids_and_numbers_and_no_text(ran: Callable[..., Run], tmp_path: Path) -> None:
    accept(ran(), tmp_path / "b.json", "2026-01-01")
    text = (tmp_path / "b.json").read_text()
    assert "t-7" in text
    assert not any(words in text for words in ("question 7", "Tighten", "Isolate", "screws"))
    assert len(text) < MOST_BYTES / 100


def test_the_packaged_rules_are_readable_and_name_what_there_is(ran: Callable[..., Run]) -> None:
    rules = load_rules()
    figures = {name for table in ran().summary["figures"].values() for name in table}
    assert {*rules.never, *rules.floors} <= figures
    assert rules.delta == 0.04


def test_commands_run_from_gold_to_exit_code(pack_pdf: Path, tmp_path: Path, serve: Callable[..., TwinService]) -> None:
    answers = {"good": reply()}
    service = serve(lambda question: (200, {}, answers["good"]))
    path = tmp_path / "g.jsonl"
    path.write_text("\n".join(json.dumps(plain(gold(id=f"t-{n}", question=f"question {n}?"))) for n in range(5)), "utf-8")
    rules = tmp_path / "rules.toml"
    rules.write_text('delta = 0.04\nlatency_ratio = 1e6\n[never]\nnumber_precision = 1.0\n[floors]\n"hit@1" = 0.9\n')
    base, runs = tmp_path / "base.json", [str(tmp_path / name) for name in "ab"]
    judged = ("--baseline", str(base), "--rules", str(rules))
    assert command("run", "--gold", str(path), "--system", service.url, "--out", runs[0]) == 0
    assert command("gate", runs[0], *judged) == 2
    assert command("accept", runs[0], "--baseline", str(base)) == 0
    assert command("gate", runs[0], *judged) == 0
    answers["good"] = reply("Tighten the terminal screws to 8 Nm. [1]")
    assert command("run", "--gold", str(path), "--system", service.url, "--out", runs[1]) == 0
    assert command("gate", runs[1], *judged, "--json", str(tmp_path / "v.json")) == 1
    assert json.loads((tmp_path / "v.json").read_text())["failed"][0] == "number_precision"
    assert command("compare", *runs, "--json", str(tmp_path / "c.json")) == 0
    compared = json.loads((tmp_path / "c.json").read_text())
    assert compared["changes"]["correct"]["value"] == -1.0
    assert [flip["second"] for flip in compared["flips"]] == [False] * 5
    assert command("compare", runs[0], str(tmp_path / "none")) == 2


def test_what_else_changed_is_said_beside_the_failures(ran: Callable[..., Run], tmp_path: Path) -> None:
    first = ran()
    first.config["models"] = {"embedder": "e-1", "reranker": "r-1"}
    accept(first, tmp_path / "b.json", "2026-01-01")
    second = ran()
    second.config["models"] = {"embedder": "e-1", "reranker": None}
    assert "reranker r-1 -> none" in judge(second, load_baseline(tmp_path / "b.json"), RULES).notes


def test_floors_are_those_of_the_whole_set_and_not_of_a_few_items(ran: Callable[..., Run], tmp_path: Path) -> None:
    accept(ran(), tmp_path / "b.json", "2026-01-01")
    baseline, rules = load_baseline(tmp_path / "b.json"), Rules(0.04, 2.0, {}, {"hit@1": 1.5})
    assert _names(judge(ran(), baseline, rules)) == ["hit@1"]
    few = judge(ran(items=ITEMS[:10]), baseline, rules)
    assert few.passed
    assert "10 items of the baseline were not asked" in few.notes
    assert any(note.startswith("floors were not looked at") for note in few.notes)


def test_the_packaged_baseline_is_small_and_knows_the_gold_set() -> None:
    gold = Path(__file__).parents[2] / "eval" / "gold"
    items = load_golds([gold / "sample.jsonl", gold / "sample_filters.jsonl"])
    baseline = load_baseline(PACKAGED)
    known = sum(item.item_id in baseline.items and baseline.items[item.item_id].item_sha == item_sha(item) for item in items)
    assert known >= MIN_COMMON * len(items)
    assert PACKAGED.stat().st_size < MOST_BYTES
    text = PACKAGED.read_text("utf-8")
    assert not any(item.question in text for item in items)


def test_an_item_is_the_same_with_another_note_or_as_a_draft_and_another_with_another_fact() -> None:
    assert item_sha(gold(note="seen", draft=True)) == item_sha(gold())
    assert item_sha(gold(facts=[["8 Nm"]])) != item_sha(gold())
