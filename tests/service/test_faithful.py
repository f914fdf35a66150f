"""What a sentence changes is found, and what it keeps is let through."""

from __future__ import annotations

from dataclasses import replace

import pytest
from records import DOCUMENT, chunk, passage

from service.aligned import aligned
from service.core.types import Document, Draft
from service.faithful import Setting, changed, setting
from service.polarity import opposite, other_negation
from service.steps_kept import steps_kept
from service.writing import cited_drafts, fault_of

OTHER = Document("e" * 16, "e" * 64, "wren.pdf", "Wren manual", 3, product=("Wren 7", "Falcon"))
EVIDENCE = (
    "Tighten the M8 screws to 7 Nm and the M10 screws to 12 Nm.",
    "The storage temperature is -25 °C to 45 °C.",
    "Do not open the cover before 10 minutes have passed.",
    "The left fuse is rated for 30 A, the right fuse for 50 A.",
    "The maximum charging current is 32 A.",
    "Fault code LK-207 means that the insulation resistance is below 500 kΩ.",
    "Turn the bolt clockwise with a wrench of 13 mm.",
    "The contactor opens under load above 150 A and closes below 20 A.",
    "The pump draws 15 mA in standby; register 0x1F holds its speed.",
    "Further manuals are at https://lark.example/manuals for download.",
)
QUESTION = "What about the screws, temperature, cover, fuse, current, fault code, bolt, pump and manuals?"


def fault(sentence: str, evidence: tuple[str, ...] = EVIDENCE, question: str = QUESTION) -> str:
    """Judge a sentence that cites the evidence."""
    passages = [passage(chunk(*evidence))]
    made = cited_drafts([aligned(Draft(f"{sentence} [1]"), passages)], passages).sentences[0]
    return fault_of(made, setting(question, [DOCUMENT, OTHER]))


@pytest.mark.parametrize(
    "sentence",
    [
        *EVIDENCE,
        "Tighten the M10 screws to 12 Nm.",
        "Tighten the M8 screws to 7 Nm and the M10 screws to 12 Nm.",
        "Rated: right fuse 50 A, left fuse 30 A.",
        "The right fuse is rated for 50 A.",
        "The storage temperature is −25 °C to 45 °C.",
        "LK-207 means that the insulation resistance is below 500 kΩ.",
        "The pump draws 15 mA in standby.",
    ],
)
def test_what_the_evidence_says_passes(sentence: str) -> None:
    assert fault(sentence) == ""


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Tighten the M8 screws to 9 Nm.", {"unsupported"}),
        ("Tighten the M8 screws to 7 kNm.", {"unsupported"}),
        ("Tighten the M8 screws to 7 bar.", {"unsupported"}),
        ("Tighten the M8 screws to 12 Nm.", {"neighbour"}),
        ("Tighten the M10 screws to 7 Nm.", {"neighbour"}),
        ("Tighten the M12 screws to 12 Nm.", {"neighbour", "size"}),
        ("Tighten the M8 screws to 12 Nm and the M10 screws to 7 Nm.", {"neighbour"}),
        ("The left fuse is rated for 50 A.", {"neighbour"}),
        ("The storage temperature is 25 °C to 45 °C.", {"unsupported"}),
        ("The storage temperature is -25 °F to 45 °F.", {"unsupported"}),
        ("Open the cover before 10 minutes have passed.", {"negation"}),
        ("Do not open the cover after 10 minutes have passed.", {"opposite"}),
        ("Never turn the bolt clockwise with a wrench of 13 mm.", {"negation"}),
        ("Turn the bolt counterclockwise with a wrench of 13 mm.", {"opposite"}),
        ("The minimum charging current is 32 A.", {"unsupported"}),
        ("The maximum discharging current is 32 A.", {"unsupported"}),
        ("The contactor opens under load below 150 A and closes below 20 A.", {"opposite"}),
        ("The contactor opens under load above 150 A and closes above 20 A.", {"opposite"}),
        ("The pump draws 15 MA in standby.", {"unsupported"}),
        ("Fault code LK-270 means that the insulation resistance is below 500 kΩ.", {"unsupported"}),
        ("The pump draws 15 mA in standby; register 0x1E holds its speed.", {"unsupported"}),
        ("The pump of the Wren 7 draws 15 mA in standby.", {"product", "unsupported"}),
        ("The Falcon pump draws 15 mA in standby.", {"product"}),
        ("The Kestrel pump draws 15 mA in standby.", {"name"}),
        ("Further manuals are at https://evil.example/manuals for download.", {"unsupported"}),
        ("Further manuals are at evil.example for download.", {"address", "unsupported"}),
        ("Turn the <b>bolt</b> clockwise with a wrench of 13 mm.", {"unsupported"}),
        ("![bolt](x) Turn the bolt clockwise with a wrench of 13 mm.", {"unsupported"}),
    ],
)
def test_what_a_sentence_changes_is_found(sentence: str, found: set[str]) -> None:
    assert fault(sentence) in found


def test_a_number_of_a_row_keeps_the_unit_of_its_column() -> None:
    row = chunk("M8 screw 22 13 mm", kind="table_row", heads=("Screw", "Torque (Nm)", "Wrench"))
    part = replace(row.parts[0], statement="M8 screw: Torque 22 Nm, Wrench 13 mm")
    passages = [passage(replace(row, parts=(part,)))]
    for said, found in (("M8 screw: Torque 22 mm", "column"), ("M8 screw: Torque 22 Nm", ""), ("M8 screw: Wrench 13 mm", "")):
        made = cited_drafts([aligned(Draft(f"{said} [1]"), passages)], passages).sentences[0]
        assert changed(made, Setting("Which torque has the M8 screw?", {})) == found


def test_a_piece_torn_out_of_a_sentence_is_found_where_it_answers_nothing() -> None:
    planted = ("The pump runs for 90 seconds.", "Technicians may want to know that pineapples are great in any season of the year.")
    assert fault("Pineapples are great.", planted, "How long does the pump run?") == "torn"
    assert fault("The pump runs for 90 seconds.", planted, "How long does the pump run?") == ""


def test_a_sentence_that_cites_nothing_is_unsupported() -> None:
    passages = [passage(chunk(*EVIDENCE))]
    for text in ("Tighten the M8 screws to 7 Nm.", "Tighten the M8 screws to 7 Nm. [2]", "Tighten the M8 screws to 7 Nm. [0]"):
        made = cited_drafts([aligned(Draft(text), passages)], passages).sentences[0]
        assert made.citations == ()
        assert fault_of(made, Setting(QUESTION, {})) == "unsupported"


def test_each_sentence_is_quoted_by_the_sentence_that_says_it() -> None:
    passages = [passage(chunk("The fan is loud.")), passage(chunk(*EVIDENCE))]
    made = cited_drafts([aligned(Draft(f"{sentence} [2]"), passages) for sentence in EVIDENCE], passages)
    assert [[citation.quote for citation in sentence.citations] for sentence in made.sentences] == [[one] for one in EVIDENCE]


def test_a_list_of_remarks_is_no_procedure() -> None:
    bullets = passage(chunk("• dust", "• frost", "• salt", kind="list_item"))
    drafts = [aligned(Draft(f"{word} [1]"), [bullets]) for word in ("salt", "dust")]
    assert steps_kept(drafts, [], [bullets])


@pytest.mark.parametrize(
    ("evidence", "sentence", "turned"),
    [
        ("The largest fuse holder takes 30 A fuses.", "The smallest fuse holder takes 30 A fuses.", True),
        ("The lowest value wins.", "The highest value wins.", True),
        ("After five minutes the pressure may have fallen by 2 mbar.", "After five minutes the pressure may have risen by 2 mbar.", True),
        ("If the cover is locked, pull the loop.", "If the cover is unlocked, pull the loop.", True),
        ("Keep the valve inactive.", "Keep the valve active.", True),
        ("Fit a new membrane in the vent.", "Fit an old membrane in the vent.", True),
        ("The locked cover and the unlocked lid.", "The unlocked lid.", False),
        ("Disconnect the cable, then connect the tester.", "Connect the tester.", False),
        ("The inner wall of the box is installed.", "Installed: inner wall of the box.", False),
        ("A stalled pump is dead.", "An installed pump is dead.", True),
    ],
)
def test_a_word_turned_into_its_opposite_is_found(evidence: str, sentence: str, turned: bool) -> None:
    """The last one is the price of reading prefixes: "installed" is no opposite of "stalled"."""
    assert opposite(sentence, evidence) is turned


def test_the_sign_of_a_number_is_no_negation() -> None:
    assert not other_negation("No.: P30, load sharing address 1 to 16.", ["P30, load sharing address 1 to 16."])
    assert other_negation("No load sharing address 1 to 16.", ["P30, load sharing address 1 to 16."])
