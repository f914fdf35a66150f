"""When do two texts say the same: spellings in answers, quotes on pages, sentences and their markers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.matching import Claim, claims, markers, mentions, quote_on_page, sentences, without_markers


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("Tighten to 7 Nm.", "7Nm"),
        ("Tighten to 7Nm.", "7 Nm"),
        ("tolerance of ± 1 Nm", "±1"),
        ("a load of 1,000 kg", "1000 kg"),
        ("a load of 1000 kg", "1,000 kg"),
        ("a load of 1\u202f000 kg", "1000 kg"),
        ("a gap of 5 \u00b5m", "5 \u03bcm"),
        ("120 \u2126 between H and L", "120 \u03a9"),
        ("pins 13–15", "13-15"),
        ("COPPER\n  Tape", "copper tape"),
        ("cable of 35 mm²", "35 mm"),
        ("an anodized plate", "anodiz"),
        ("use 2 bolts", "bolts"),
        ("入力は1234です", "1234"),
    ],
)
def test_spellings_that_differ_in_form_alone_match(text: str, spelling: str) -> None:
    assert mentions(text, ("never this", spelling))


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("15 V", "5 V"),
        ("1.5 V", "5 V"),
        ("2,5 V", "5 V"),
        ("10 mm", "10 m"),
        ("5 VA", "5 V"),
        ("code 1999", "99"),
        ("4.75 A", "4.7"),
        ("4.7.1", "4.7"),
        ("please note", "no"),
        ("incorrect", "correct"),
        ("P10", "P1"),
        ("P0A80", "P0A08"),
        ("", "7 Nm"),
    ],
)
def test_part_of_a_number_or_word_is_no_match(text: str, spelling: str) -> None:
    assert not mentions(text, (spelling,))


def test_a_quote_matches_with_collapsed_blanks_first() -> None:
    assert quote_on_page("Tighten to 7 Nm", "Then\nTighten  to\n7 Nm now") == "blanks"


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("Do not overtighten", "Do not over-\ntighten"),
        ("Do not over-tighten", "Do not over-\ntighten"),
        ("Do not overtighten", "Do not over\ufffetighten"),
        ("Terminal A", "T erminal A"),
        ("efficiency 95 %", "e\ufb03 ciency 95%"),
    ],
)
def test_line_end_hyphens_and_stray_blanks_need_the_looser_form(quote: str, page: str) -> None:
    assert quote_on_page(quote, page) == "squeezed"


@pytest.mark.parametrize(
    ("quote", "page"),
    [
        ("7 Nm", "17 Nm"),
        ("5 V", "1.5 V"),
        ("to 7", "to 7.5 Nm"),
        ("7Nm", "17 Nm"),
        ("Tighten to 7 Nm", "Tighten to 8 Nm"),
        ("-40 °C", "40 °C"),
        ("10-20", "1020"),
        ("", "anything"),
        (" ", "anything"),
    ],
)
def test_an_altered_or_cut_number_is_no_quote(quote: str, page: str) -> None:
    assert quote_on_page(quote, page) is None


@given(st.text(min_size=1, max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_whole_words_of_a_page_are_always_a_quote_of_it(quote: str, before: str, after: str) -> None:
    if quote_on_page(quote, quote) is not None:
        assert quote_on_page(quote, f"{before} . {quote} . {after}") is not None


def test_a_marker_run_closes_its_line_so_far_and_text_after_it_is_uncited() -> None:
    assert claims("Open it. Wait 5 min. [1]\nTighten to 7 Nm [2][3]. Then guess.") == [
        Claim("Open it.", (1,)),
        Claim("Wait 5 min.", (1,)),
        Claim("Tighten to 7 Nm", (2, 3)),
        Claim("Then guess.", ()),
    ]


def test_step_numbers_are_no_claims_and_lead_ins_claim_nothing() -> None:
    assert claims("Do this:\n1. Open the cover [1]\n- Close it [2]") == [Claim("Open the cover", (1,)), Claim("Close it", (2,))]


def test_abbreviations_do_not_end_sentences() -> None:
    assert sentences("Use approx. Ten of no. A12, e.g. Bolts. Then stop.") == ["Use approx. Ten of no. A12, e.g. Bolts.", "Then stop."]


def test_markers_are_read_and_removed() -> None:
    text = "7 Nm [1][12]. Bits [7:0]"
    assert markers(text) == [1, 12]
    assert without_markers(text) == "7 Nm. Bits [7:0]"


def test_codes_of_symbol_fonts_are_read_as_the_reader_reads_them() -> None:
    page = "1 \uf0ae closes the contactor\n2 \uf0b1 5 V"  # the Symbol font's arrow and plus-minus, as extractors give them
    assert quote_on_page("1 → closes the contactor", page) == "blanks"
    assert quote_on_page("2 ± 5 V", page) == "blanks"
    assert quote_on_page("1 ← closes the contactor", page) is None
    assert quote_on_page("2 ≤ 5 V", page) is None
    assert quote_on_page("✓ done", "\uf0fc done") == "blanks"  # Wingdings
