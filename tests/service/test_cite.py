"""Citations: quotes are slices of the page, markers resolve, numbers are counted."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from records import chunk, passage

from service.cite import Cited, quotable
from service.core.types import Draft, Span
from service.sentences import sentence_spans, units
from service.verify import verify

TEXT = "Tighten the terminal screws to 7 Nm. Check the seal."


def test_a_span_becomes_a_marker_a_quote_and_its_box() -> None:
    cited = Cited([passage(chunk(TEXT, page=20))])
    sentence = cited.add(Draft(TEXT[:36], (Span(0, 0, 36),)))
    assert sentence.text == "Tighten the terminal screws to 7 Nm. [1]"
    made = cited.citations[0]
    assert (made.quote, made.page, made.page_label, made.section) == (TEXT[:36], 20, "4-20", ("4 Assembly",))
    assert made.boxes == ((10.0, 0.0, 100.0, 10.0),)


def test_the_same_quote_is_cited_once() -> None:
    cited = Cited([passage(chunk(TEXT))])
    for _ in range(2):
        cited.add(Draft("Seven.", (Span(0, 0, 36),)))
    assert len(cited.citations) == 1
    assert [sentence.text for sentence in cited.sentences] == ["Seven. [1]", "Seven. [1]"]


def test_unknown_marker_is_removed_and_counted() -> None:
    cited = Cited([passage(chunk(TEXT))])
    sentence = cited.add(Draft("Tighten to 7 Nm [1][9]."))
    assert cited.unknown_markers == 1
    assert "[9]" not in sentence.text
    assert cited.citations[0].quote == TEXT[:36], "the unit that shares most terms is what the marker stands for"


def test_a_sentence_without_any_marker_stands_on_nothing() -> None:
    cited = Cited([passage(chunk(TEXT))])
    sentence = cited.add(Draft("It is 7 Nm."))
    assert sentence.citations == ()
    assert verify([sentence]).supported == 0


def test_a_number_that_is_not_in_the_quote_is_not_verified() -> None:
    cited = Cited([passage(chunk(TEXT))])
    cited.add(Draft("Tighten the terminal screws to 9 Nm.", (Span(0, 0, 36),)))
    counts = verify(cited.sentences)
    assert (counts.sentences, counts.supported, counts.numbers, counts.numbers_verified) == (1, 0, 1, 0)


def test_a_span_over_two_pages_gives_a_quote_a_page() -> None:
    made = chunk("First half", "second half", page=3)
    assert quotable(made, 0, len(made.text)) == [(0, 10, 3), (11, 22, 3)]


def test_of_an_inexact_row_only_its_exact_cells_are_quoted() -> None:
    made = chunk("M8 7 red", kind="table_row", heads=("Size", "Torque", "Mark"), exact=False)
    assert [made.text[start:end] for start, end, _ in quotable(made, 0, 8)] == ["M8", "7", "red"]


@given(st.text(max_size=300))
def test_sentences_cover_the_text_in_order_without_overlap(text: str) -> None:
    spans = sentence_spans(text)
    assert all(start < end for start, end in spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    assert "".join(kept.split()) == "".join(text.split())


def test_abbreviations_and_step_numbers_do_not_end_a_sentence() -> None:
    text = "1. Use e.g. Loctite 243, see Fig. 4. Torque to 7.5 Nm. Done."
    assert [text[start:end] for start, end in sentence_spans(text)] == ["1. Use e.g. Loctite 243, see Fig. 4. Torque to 7.5 Nm.", "Done."]


def test_units_are_sentences_items_and_rows() -> None:
    assert [unit.kind for unit in units(chunk(TEXT))] == ["paragraph", "paragraph"]
    assert len(list(units(chunk("1. Open it. Wait.", "2. Close it.", kind="list_item")))) == 2
