"""Whose evidence may answer: current revisions, corrections first, the named product's documents, and both where two disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from records import DOCUMENT, chunk, passage

from service.applicability import applicable
from service.cite import Cited
from service.clarify import choices
from service.conflicts import SAID, add_conflicts
from service.core.types import Chunk, Document, Draft, Passage, Span
from service.revisions import corrections_first, current, labelled
from service.specificity import needs

QUESTION = "What torque do the terminal screws need?"


def document(name: str, **fields: object) -> Document:
    return replace(DOCUMENT, document_id=name, file=f"{name}.pdf", title=name, product=("PX100",), language="en", **fields)  # type: ignore[arg-type]


def of(owner: Document, text: str, score: float = 1.0) -> Passage:
    made: Chunk = replace(chunk(text, chunk_id=f"{owner.document_id}-{len(text)}"), document_id=owner.document_id, context=owner.title)
    return replace(passage(made, score), document=owner)


def answer(*passages: Passage) -> Cited:
    cited = Cited(passages)
    text = passages[0].chunk.text
    cited.add(Draft(text, (Span(0, 0, len(text)),)))
    return cited


OLD = document("old", revision="A", superseded_by="new")
NEW = document("new", revision="B")


def test_an_older_revision_is_no_evidence() -> None:
    found = [of(OLD, "7 N·m"), of(NEW, "9 N·m")]
    assert [item.document.document_id for item in current(found, QUESTION, {})] == ["new"]


@pytest.mark.parametrize(
    "question", ["torque in revision A?", "torque in the previous version?", "what changed in the torque?", "torque in rev. a"]
)
def test_an_older_revision_is_evidence_where_it_is_asked_for(question: str) -> None:
    assert len(current([of(OLD, "7 N·m"), of(NEW, "9 N·m")], question, {})) == 2


def test_filters_may_ask_for_an_older_revision() -> None:
    assert len(current([of(OLD, "7 N·m")], QUESTION, {"revision": ("A",)})) == 1
    assert current([of(OLD, "7 N·m")], QUESTION, {"language": ("en",)}) == []


def test_a_sentence_from_an_older_revision_says_so() -> None:
    cited = answer(of(OLD, "Tighten the terminal screws to 7 N·m."))
    labelled(cited, {"old": OLD, "new": NEW})
    assert cited.text == "Older revision A, superseded by revision B: Tighten the terminal screws to 7 N·m. [1]"
    untouched = answer(of(NEW, "Tighten it."))
    labelled(untouched, {"new": NEW})
    assert untouched.text == "Tighten it. [1]"


def test_a_bulletin_leads_where_it_meets_the_question_as_well_as_what_it_corrects() -> None:
    manual, bulletin = document("manual"), document("bulletin", doc_type="bulletin")
    found = [of(manual, "Terminal screws: torque 7 N·m"), of(bulletin, "New torque of the terminal screws: 9 N·m")]
    assert [item.document.document_id for item in corrections_first(found, needs(QUESTION))] == ["bulletin", "manual"]
    other = [of(manual, "Terminal screws: torque 7 N·m"), of(bulletin, "The lid has a new seal.")]
    assert corrections_first(other, needs(QUESTION)) == other
    foreign = [
        of(manual, "Terminal screws: torque 7 N·m"),
        of(replace(bulletin, product=("PX200",)), "New torque of the terminal screws: 9 N·m"),
    ]
    assert corrections_first(foreign, needs(QUESTION)) == foreign


def test_two_documents_that_disagree_are_both_told_and_cited() -> None:
    cited = answer(of(document("a"), "Tighten the terminal screws to 7 N·m."), of(document("b"), "Tighten the terminal screws to 9 N·m."))
    assert add_conflicts(cited, needs(QUESTION)) == 1
    assert cited.text.splitlines() == ["Tighten the terminal screws to 7 N·m. [1]", f"{SAID} Tighten the terminal screws to 9 N·m. [2]"]
    assert [item.document_id for item in cited.citations] == ["a", "b"]


def test_a_row_and_a_sentence_disagree_where_both_hold_what_is_named() -> None:
    cited = answer(of(document("a"), "Terminal screws M8 7 N·m"), of(document("b"), "Tighten the power terminal screws to 9 N·m."))
    assert add_conflicts(cited, needs(QUESTION)) == 1


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Tighten the terminal screws to 7 N·m.", "Tighten the terminal screws to 7 Nm."),
        ("Tighten the terminal screws to 7 N·m.", "Tighten the lid screws to 9 N·m."),
        ("Tighten the M6 terminal screws to 7 N·m.", "Tighten the M8 terminal screws to 9 N·m."),
        ("Tighten the terminal screws to 7 N·m.", "The terminal screws stand 120 °C."),
        ("The terminal screws take 7 N·m at 25 °C.", "The terminal screws take 7 N·m and 120 A."),
    ],
)
def test_what_is_merely_similar_is_no_conflict(ours: str, theirs: str) -> None:
    assert add_conflicts(answer(of(document("a"), ours), of(document("b"), theirs)), needs(QUESTION)) == 0


def test_other_products_languages_and_older_revisions_do_not_disagree() -> None:
    ours, theirs = "Tighten the terminal screws to 7 N·m.", "Tighten the terminal screws to 9 N·m."
    for other in (
        replace(document("b"), product=("PX200",)),
        replace(document("b"), language="de"),
        replace(document("b"), superseded_by="a"),
    ):
        assert add_conflicts(answer(of(document("a"), ours), of(other, theirs)), needs(QUESTION)) == 0


@dataclass(frozen=True)
class Name:
    name: str
    documents: Mapping[str, float] = field(default_factory=dict)
    siblings: frozenset[str] = frozenset()


def test_a_named_product_is_not_answered_from_anothers_manual() -> None:
    mine, theirs, neutral = of(document("mine"), "x"), of(document("theirs"), "y"), of(document("neutral"), "z")
    split = applicable([theirs, mine, neutral], [Name("PX100", {"mine": 1.0}, frozenset(["theirs"]))])
    assert [item.document.document_id for item in split.passages] == ["mine", "neutral"]
    assert split.only_foreign == ""


def test_where_only_anothers_manual_speaks_of_it_that_is_said() -> None:
    theirs = of(replace(document("theirs"), product=("PX200",)), "y")
    split = applicable([theirs], [Name("PX100", {"mine": 1.0}, frozenset(["theirs"]))])
    assert split.passages == ()
    assert split.only_foreign == "No document on PX100 answers this. The nearest passages are about PX200."


def test_a_comparison_of_two_products_keeps_both() -> None:
    a, b = of(document("a"), "x"), of(document("b"), "y")
    names = [Name("PX100", {"a": 1.0}, frozenset(["b"])), Name("PX200", {"b": 1.0}, frozenset(["a"]))]
    assert applicable([a, b], names).passages == (a, b)


def test_without_a_product_everything_applies() -> None:
    a = of(document("a"), "x")
    assert applicable([a], []).passages == (a,)
    assert applicable([a], [Name("unknown")]).passages == (a,)


def test_the_reader_is_asked_which_product_only_where_two_answer_differently() -> None:
    one = of(replace(document("a"), product=("PX100",), doc_type="manual"), "Tighten the terminal screws to 7 N·m.")
    two = of(replace(document("b"), product=("PX200",), doc_type="manual"), "Tighten the terminal screws to 9 N·m.")
    same = of(replace(document("b"), product=("PX200",), doc_type="manual"), "Tighten the terminal screws to 7 N·m.")
    assert [choice.product for choice in choices(needs(QUESTION), [one, two])] == ["PX100", "PX200"]
    assert choices(needs(QUESTION), [one, same]) == ()
    assert choices(needs("What torque do the M8 terminal screws need?"), [one, two]) == (), "a size tells them apart, or it is missing"
    assert choices(needs("Where are the terminal screws?"), [one, two]) == ()
