"""What a sentence says stands in what it cites, or the sentence goes."""

from __future__ import annotations

import pytest
from records import chunk, passage

from service.cite import Cited
from service.core.types import Draft, Span
from service.verify import faults, proved, verify

TEXT = "Tighten the power terminal screws to 7 N·m. The fault P0A80 stops the inverter after 1,200 ms."
FIRST = TEXT.index(" The fault")


def said(text: str, start: int = 0, end: int = len(TEXT), added: str = "") -> Cited:
    cited = Cited([passage(chunk(TEXT))])
    cited.add(Draft(text, (Span(0, start, end),), added))
    return cited


@pytest.mark.parametrize(
    "text",
    [
        "Tighten the power terminal screws to 7 Nm.",
        "The fault P0A80 stops the inverter after 1200 ms.",
        "Fault p0a80 stops the inverter.",
    ],
)
def test_a_sentence_of_the_quote_has_no_fault_in_any_spelling(text: str) -> None:
    assert faults(said(text).sentences[0]) == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Tighten the power terminal screws to 9 N·m.", "9 Nm stands in no quote"),
        ("Tighten the power terminal screws to 7 kN.", "7 kN stands in no quote"),
        ("Tighten the power terminal screws to 0.7 N·m.", "0.7 Nm stands in no quote"),
        ("The fault P0A08 stops the inverter.", "P0A08 stands in no quote"),
        ("Tighten the power terminal screws, see https://example.org/x.", "https://example.org/x. is not in the evidence"),
        ("Tighten the power terminal screws <b>now</b>.", "<b> is not in the evidence"),
        ("Tighten the [screws](x) of the power terminal.", "[screws](x) is not in the evidence"),
        ("Ask your dealer for a new charging cable and a coffee.", "its words are not those of its quotes"),
    ],
)
def test_what_is_not_in_the_quote_is_a_fault(text: str, fault: str) -> None:
    assert fault in faults(said(text).sentences[0])


def test_a_sentence_that_cites_nothing_is_not_proved() -> None:
    cited = Cited([passage(chunk(TEXT))])
    assert faults(cited.add(Draft("Tighten the power terminal screws."))) == ("it cites nothing",)


def test_a_unit_in_the_head_of_a_column_goes_with_a_bare_number_of_the_row() -> None:
    cited = Cited([passage(chunk("Size Torque (N·m)", "M8 12"))])
    row = cited.add(Draft("Size: M8; Torque: 12 N·m", (Span(0, 18, 23), Span(0, 0, 17))))
    assert faults(row) == ()
    other = Cited([passage(chunk("Size Torque (N·m)", "M8 12 V"))]).add(Draft("Torque: 12 N·m", (Span(0, 0, 25),)))
    assert faults(other) == ("12 Nm stands in no quote",), "12 V is no 12 N·m, whatever the head says"


def test_a_faulty_sentence_is_dropped_with_its_citation_and_markers_are_numbered_anew() -> None:
    cited = Cited([passage(chunk(TEXT, page=3)), passage(chunk("Check the seal.", page=9, chunk_id="c1"))])
    cited.add(Draft("Tighten to 9 N·m.", (Span(0, 0, FIRST),)))
    cited.add(Draft("Check the seal.", (Span(1, 0, 15),)))
    left = proved(cited)
    assert left.text == "Check the seal. [1]"
    assert [(item.marker, item.page) for item in left.citations] == [(1, 9)]
    assert verify(left.sentences).supported == 1


def test_an_answer_without_fault_stays_as_it_is() -> None:
    cited = said("Tighten the power terminal screws to 7 N·m.", 0, FIRST)
    assert proved(cited) is cited
