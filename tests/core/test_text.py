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


@given(st.text(max_size=200))
def test_any_text_can_be_analyzed_and_terms_hold_no_blanks(text: str) -> None:
    assert all(term and not any(character.isspace() for character in term) for term in analyze(text))


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_a_quote_is_found_across_a_line_end_hyphen() -> None:
    assert quote_key("the connector") in quote_key("Remove the connec-\ntor first")
    assert quote_key("the connectors") not in quote_key("Remove the connec-\ntor first")
