"""The analyzer: what must become one term, and what must stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.text import analyze, fold, quantities, quote_key


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("the battery", ["battery"]),
        ("batteries", ["battery"]),
        ("screws", ["screw"]),
        ("bus", ["bus"]),
        ("chassis", ["chassis"]),
        ("P0A80", ["p0a80"]),
        ("0x0A7", ["0x0a7"]),
        ("RS-232", ["rs232", "rs", "232"]),
        ("1,200", ["1200"]),
        ("0,5", ["0.5"]),
        ("7 N·m", ["7", "n", "m", "7nm"]),
        ("CAN bus", ["canbus", "bus"]),
        ("can the CAN id be set", ["canbus", "id", "set"]),
        ("SleepEnable", ["sleepenable", "sleep", "enable"]),
        ("5Nm", ["5nm"]),
        ("1,200 V", ["1200", "v", "1200v"]),
        ("电池组", ["电池", "池组"]),
        ("", []),
        ("...", []),
    ],
)
def test_text_becomes_these_terms(text: str, terms: list[str]) -> None:
    assert analyze(text) == terms


def test_quantities_are_numbers_with_their_unit() -> None:
    assert quantities("SoC 20 % at 25 °C, 7 N·m, class 0, 1,200 mV, 8 meters") == ["20%", "25°c", "7nm", "1200mv"]


def test_near_miss_codes_stay_apart() -> None:
    assert not set(analyze("P0A80")) & set(analyze("P0A08"))


def test_spellings_of_one_quantity_share_a_term() -> None:
    assert set(analyze("7 Nm")) & set(analyze("7 N·m")) >= {"7nm", "7"}


@pytest.mark.parametrize(
    ("term", "spellings"),
    [
        ("7nm", ["7 Nm", "7Nm", "7 N·m", "7 N-m", "7 N m", "7 N*m"]),
        ("0.5mm2", ["0.5 mm2", "0,5 mm²", "0.5 mm^2", "0,5mm2", "0.5 sq mm"]),
        ("25°c", ["25 °C", "25°C", "25 ℃", "25 degC", "25 deg C", "25 degrees Celsius"]),
        ("10kω", ["10 kOhm", "10 kΩ", "10 k-ohms", "10kΩ", "10 kΩ"]),
        ("30s", ["30 s", "30 sec", "30 seconds", "30s"]),
        ("12v", ["12 V", "12 volts", "12 VDC", "12 V DC"]),
        ("16a", ["16 A", "16 amps", "16 Amperes"]),
        ("80%", ["80 %", "80%", "80 percent"]),
        ("25lbft", ["25 ft-lb", "25 lbf·ft", "25 ft-lbs"]),
    ],
)
def test_a_quantity_is_one_term_however_its_unit_is_spelled(term: str, spellings: list[str]) -> None:
    for spelling in spellings:
        assert term in analyze(f"set it to {spelling} now"), spelling
        assert quantities(spelling) == [term]


def test_units_that_differ_stay_apart() -> None:
    assert not set(quantities("5 mm 5 mm2 5 m 5 mV 5 min 5 ms 5 mA")) & set(quantities("5 cm 5 V 5 s 5 h 5 A 5 Ah 5 kV"))


@given(st.text(max_size=200))
def test_any_text_can_be_analyzed_and_terms_hold_no_blanks(text: str) -> None:
    assert all(term and not any(character.isspace() for character in term) for term in analyze(text))


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_quote_is_found_across_a_line_end_hyphen() -> None:
    assert quote_key("the connector") in quote_key("Remove the connec-\ntor first")
    assert quote_key("the connectors") not in quote_key("Remove the connec-\ntor first")
