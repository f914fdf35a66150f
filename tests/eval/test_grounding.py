"""Citations, numbers and sentences of an answer against a real PDF and its quotes."""

from __future__ import annotations

from pathlib import Path

import pytest
from eval_twins import PAGES, build_pdf, cite

from eval.grounding import check_citations, check_numbers, numbers_with_unit, supported
from eval.pages import PdfPages, PdfShelf, UnreadablePdf
from eval.support import check_support


@pytest.fixture
def shelf(pack_pdf: Path) -> PdfShelf:
    def fetch(document_id: str) -> bytes:
        if document_id != "d1":
            raise FileNotFoundError(f"no document {document_id}")
        return pack_pdf.read_bytes()

    return PdfShelf(fetch)


def test_every_extractor_reads_the_page_for_itself() -> None:
    pages = PdfPages(build_pdf(PAGES))
    assert pages.n_pages == 2
    for extractor in ("pypdfium2", "pypdf", "pdfplumber"):
        assert "Tighten the terminal screws to 7 Nm." in pages.text(extractor, 1)


def test_a_valid_citation_has_no_fault(shelf: PdfShelf) -> None:
    (check,) = check_citations("7 Nm [1]", [cite()], [], shelf)
    assert (check.form, check.fault) == ("blanks", "")


def test_a_hyphen_at_a_line_end_needs_the_looser_form(shelf: PdfShelf) -> None:
    (check,) = check_citations("[1]", [cite(quote="Do not overtighten them.")], [], shelf)
    assert (check.form, check.fault) == ("squeezed", "")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"page": 2}, "the quote does not stand on that page"),
        ({"page": 3}, "page 3 of 2 does not exist"),
        ({"page": 0}, "page 0 of 2 does not exist"),
        ({"quote": "Tighten the terminal screws to 8 Nm."}, "the quote does not stand on that page"),
        ({"quote": ""}, "the quote does not stand on that page"),
        ({"document_id": "gone"}, "the file cannot be had: no document gone"),
    ],
)
def test_an_invalid_citation_says_what_is_wrong(shelf: PdfShelf, change: dict[str, object], fault: str) -> None:
    (check,) = check_citations("[1]", [cite() | change], [], shelf)
    assert check.fault == fault


def test_markers_of_text_and_notices_must_resolve(shelf: PdfShelf) -> None:
    checks = check_citations("One [1]. Two [2].", [cite()], [{"level": "danger", "text": "!", "marker": 3}], shelf)
    assert [(check.marker, check.fault) for check in checks] == [
        (1, ""),
        (2, "marker [2] resolves to no citation"),
        (3, "marker [3] resolves to no citation"),
    ]


def test_bytes_that_are_no_pdf_are_refused() -> None:
    with pytest.raises(UnreadablePdf, match="notes"):
        PdfPages(b"hello", "notes")


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("to 7 Nm, 3.3V and 1,000 V", [("7", "nm"), ("3.3", "v"), ("1000", "v")]),
        ("-40 °C to 85 °C", [("-40", "°c"), ("85", "°c")]),
        ("5-7 Nm", [("7", "nm")]),
        ("35 mm² at ±6mV, 4.7 kΩ", [("35", "mm2"), ("6", "mv"), ("4.7", "kω")]),
        ("step 3 a lamp; code 0x1A; M8; P0A80", []),
        ("10 A fuse", [("10", "a")]),
    ],
)
def test_numbers_with_their_unit_are_found(text: str, pairs: list[tuple[str, str]]) -> None:
    assert numbers_with_unit(text) == pairs


def test_a_number_must_stand_in_a_quote_of_its_own_sentence() -> None:
    citations = [cite(1, quote="Tighten to 7 Nm."), cite(2, quote="Rated 350 A.")]
    good = check_numbers("Tighten to 7Nm [1].\nRated 350 A [2].", citations)
    assert (good.n, good.verified, good.missing) == (2, 2, ())
    swapped = check_numbers("Tighten to 7 Nm [2].\nRated 350 A.", citations)
    assert (swapped.verified, swapped.missing) == (0, ("7 nm", "350 a"))


@pytest.mark.parametrize("quote", ["Tighten to 17 Nm.", "Tighten to 7.5 Nm.", "Tighten to 7 mm.", "at -7 Nm", "8 Nm, 7 mm"])
def test_an_altered_number_is_not_verified(quote: str) -> None:
    assert check_numbers("Tighten to 7 Nm [1].", [cite(quote=quote)]).missing == ("7 nm",)


def test_a_unit_in_a_table_head_verifies_a_number_and_is_counted_apart() -> None:
    numbers = check_numbers("M8: 9 Nm [1][2]", [cite(1, quote="Torque (Nm)"), cite(2, quote="M8 9")])
    assert (numbers.n, numbers.verified, numbers.unit_apart) == (1, 1, 1)


def test_support_wants_terms_and_numbers_from_the_sentences_own_quotes() -> None:
    quote = "Tighten the terminal screws to 7 Nm."
    assert supported("Tighten the terminal screws to 7 Nm.", [quote])
    assert not supported("Tighten the terminal screws to 8 Nm.", [quote])
    assert not supported("Tighten the terminal screws to 7 Nm.", [])
    assert not supported("Remove the coolant hoses before lifting.", [quote])


def test_support_counts_uncited_sentences_as_unsupported() -> None:
    support = check_support("Tighten the terminal screws to 7 Nm. [1]\nGood luck with that.", [cite()])
    assert (support.n, support.supported, support.missing) == (2, 1, ("Good luck with that.",))


def test_four_of_five_terms_are_enough_and_three_are_not() -> None:
    quote = "alpha bravo charlie delta"
    assert supported("alpha bravo charlie delta foxtrot", [quote])
    assert not supported("alpha bravo charlie golf foxtrot", [quote])
