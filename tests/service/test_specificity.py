"""What a question names must stand in its evidence; what is missing is told."""

from __future__ import annotations

import pytest
from records import chunk, passage

from service.core.types import Passage
from service.quantities import asked_for, named_by, states
from service.specificity import missing, needs

SCREWS = passage(chunk("Tighten the terminal screws (M8) to 12 N·m.", "Check the seal of the lid.", chunk_id="a"))


@pytest.mark.parametrize(
    ("question", "dimensions"),
    [
        ("What torque do the lid screws need?", ("torque",)),
        ("torque for the lid screws", ("torque",)),
        ("how tight are the lid screws?", ("torque",)),
        ("How heavy is one module?", ("mass",)),
        ("How long must I wait before opening?", ("duration",)),
        ("How long may the sensor cable be?", ("length",)),
        ("Which IP rating has the housing?", ("ingress",)),
        ("How many modules are in a pack?", ("count",)),
        ("Wie lange muss gewartet werden?", ("duration",)),
        ("额定电压 多少?", ("voltage",)),
    ],
)
def test_the_quantity_a_question_wants_is_told(question: str, dimensions: tuple[str, ...]) -> None:
    assert asked_for(question) == dimensions


@pytest.mark.parametrize(
    "question",
    [
        "Which steps come before any high voltage is applied?",
        "How do I calibrate the voltage reading?",
        "Where is the temperature sensor?",
        "Which bit reports the current?",
        "What does fault E12 mean?",
    ],
)
def test_a_quantity_that_is_only_spoken_of_is_not_wanted(question: str) -> None:
    assert asked_for(question) == ()


def test_quantities_are_stated_by_their_units_and_not_by_others() -> None:
    assert states("Tighten to 7 N·m", "torque")
    assert states("Torque (N·m)", "torque")
    assert not states("Tighten well, 7 turns", "torque")
    assert states("IP65", "ingress")
    assert not states("65 V", "ingress")
    assert named_by("litres") == "volume"
    assert named_by("screw") is None


def test_a_question_met_by_one_sentence_lacks_nothing() -> None:
    met = missing(needs("What torque do the M8 terminal screws need?"), [SCREWS])
    assert (met.place, met.designators, met.subjects, met.quantity, met.names) == (0.0, 0, 0, 0.0, ())


def test_a_size_that_is_not_there_is_named() -> None:
    lacks = missing(needs("What torque do the M10 terminal screws need?"), [SCREWS])
    assert lacks.designators == 1
    assert lacks.names == ("m10",)
    assert lacks.place > 0


def test_a_subject_that_is_not_there_is_named() -> None:
    assert missing(needs("How long is the warranty of the terminal screws?"), [SCREWS]).quantity > 0
    assert missing(needs("What is the colour of the gearbox?"), [SCREWS]).names == ("gearbox",)


def test_a_quantity_beside_other_words_is_not_one_beside_the_words_asked_for() -> None:
    near = missing(needs("What torque do the terminal screws need?"), [SCREWS]).quantity
    far = missing(needs("What torque does the seal of the lid need?"), [SCREWS]).quantity
    assert near < far <= 1
    assert missing(needs("What temperature do the terminal screws stand?"), [SCREWS]).quantity == 1.0


@pytest.mark.parametrize(
    ("asked", "printed"),
    [
        ("PX100DX", "PX100 inverter"),
        ("PX100", "PX100DX inverter"),
        ("hb4013", "HB-4013"),
        ("0x0A7", "0xA7"),
        ("M8x16", "screw M8 × 16"),
        ("P40-P46", "P40, P41 and P46"),
    ],
)
def test_variants_and_spellings_of_a_designator_meet(asked: str, printed: str) -> None:
    assert missing(needs(f"What is {asked}?"), [passage(chunk(printed))]).designators == 0


@pytest.mark.parametrize(("asked", "printed"), [("HB-4013", "HB-4012"), ("M1", "M10"), ("P0A80", "P0A8"), ("E4", "E45")])
def test_other_designators_do_not_meet(asked: str, printed: str) -> None:
    assert missing(needs(f"What is {asked}?"), [passage(chunk(f"Code {printed} here"))]).designators == 1


def test_a_number_before_a_word_is_a_value_of_that_word() -> None:
    assert needs("current of a 4-string busbar?").names == ("string", "busbar")


def test_without_passages_everything_is_missing() -> None:
    none: list[Passage] = []
    assert missing(needs("torque of the M8 screws"), none).names == ("m8", "screw")


def test_a_word_is_met_by_any_of_the_documents_words_for_it() -> None:
    others = {"Klemmschrauben": ("terminal screw", "clamp screw")}
    met = missing(needs("Welches Drehmoment haben die Klemmschrauben?", others, foreign=True), [SCREWS])
    assert (met.subjects, met.names) == (0, ())
    lacks = missing(needs("Welches Drehmoment haben die Radschrauben?", {"Radschrauben": ("wheel bolt",)}, foreign=True), [SCREWS])
    assert lacks.subjects == 1


def test_words_of_another_language_without_others_are_asked_of_documents_in_the_same_language_only() -> None:
    others = {"Klemmschrauben": ("terminal screw",)}
    question = "Welches Drehmoment haben die ordentlichen Klemmschrauben?"
    assert missing(needs(question, others, foreign=True), [SCREWS]).subjects == 0
    assert missing(needs(question, others), [SCREWS]).subjects > 0
