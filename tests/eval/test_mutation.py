"""Planted regressions: each does what it says; and (proof) the gate names all twelve on the sample corpus and refuses no rerun."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from eval_twins import Double, cite, reply

from eval.items import load_golds
from eval.mutants import MUTANTS, Failing, NoLexical, Recorded, Slow, Unfiltered, altered, cut_quote, next_page, unwarned
from eval.mutation import Proving

ROOT = Path(__file__).parents[2]


def test_twelve_regressions_are_planted_each_with_the_metrics_that_must_name_it() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == 12
    assert all(mutant.caught_by for mutant in MUTANTS)


def test_changed_citations_are_still_well_formed() -> None:
    assert next_page(cite(page=3))["page"] == 4
    assert cut_quote(cite(quote="Tighten the screws to 7 Nm."))["quote"] == "Tighten the screws"
    assert cut_quote(cite(quote="7"))["quote"] == "7"


def test_only_numbers_with_units_are_altered() -> None:
    assert altered(reply("Step 3: tighten M8 to 7 Nm, at 400V. [1]"))["answer"] == "Step 3: tighten M8 to 8 Nm, at 401V. [1]"


def test_warnings_go_from_notices_and_text() -> None:
    warned = reply("WARNING Hot. [1]\nTighten to 7 Nm. [1]", notices=[{"level": "warning", "text": "Hot.", "marker": 1}])
    assert (unwarned(warned)["notices"], unwarned(warned)["answer"]) == ([], "Tighten to 7 Nm. [1]")


def test_a_recording_asks_once_and_gives_copies(pack_pdf: Path) -> None:
    asked: list[str] = []
    recorded = Recorded(Double(pack_pdf, lambda question: asked.append(question) or reply()))  # type: ignore[func-returns-value]
    first = recorded.ask("a", {}, "extractive")
    first["answer"] = "changed"
    assert recorded.ask("a", {}, "extractive")["answer"] != "changed"
    recorded.ask("a", {"product": ("x",)}, "extractive")
    assert asked == ["a", "a"]


def test_about_one_question_in_33_fails_and_always_the_same(pack_pdf: Path) -> None:
    failing = Failing(Double(pack_pdf))

    def fails(question: str) -> bool:
        try:
            failing.ask(question, {}, "extractive")
        except RuntimeError:
            return True
        return False

    failed = [fails(f"question {n}") for n in range(1000)]
    assert 15 <= sum(failed) <= 50
    assert failed == [fails(f"question {n}") for n in range(1000)]


def test_filters_are_forgotten_and_a_lost_index_finds_nothing(pack_pdf: Path) -> None:
    seen: list[object] = []

    class Listening(Double):
        def ask(self, question: str, filters: object, mode: str) -> dict[str, object]:  # type: ignore[override]
            seen.append(filters)
            return reply()

    Unfiltered(Listening(pack_pdf)).ask("a", {"product": ("x",)}, "extractive")
    assert seen == [{}]
    assert NoLexical().search("torque", 5, {}) == []
    assert Slow(Double(pack_pdf)).ask("a", {}, "extractive")["status"] == "answered"


@pytest.mark.proof
def test_the_gate_names_every_planted_regression_and_refuses_no_rerun(tmp_path: Path) -> None:
    gold = load_golds([ROOT / "eval" / "gold" / name for name in ("sample.jsonl", "sample_filters.jsonl")])
    with closing(Proving([ROOT / "corpora" / "sample"], gold, tmp_path, every=8)) as proving:
        proofs = [proving.mutant(mutant) for mutant in MUTANTS]
        proofs += [proving.rerun(number, 30) for number in range(4)]
    assert [(proof.name, proof.named, proof.said) for proof in proofs if not proof.passed] == []
