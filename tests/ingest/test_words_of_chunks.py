"""Words and abbreviations of a build: what counts, which definitions are read out of brackets and tables, which are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.words import definitions, words_of
from service.core.errors import IndexUnavailable
from service.core.words import Abbreviation, read_words, write_words
from tests.service.records import chunk


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The string relay unit (SRU) opens.", [("SRU", "string relay unit")]),
        ("Press the SRU (string relay unit) twice.", [("SRU", "string relay unit")]),
        ("measured by the Pack Isolation Watch (PIW)", [("PIW", "pack isolation watch")]),
        ("electric power take-off (ePTO)", [("ePTO", "electric power take-off")]),
        ("Tighten the screw (M8) now", []),
        ("The pump (see chapter 4) runs", []),
        ("Remove the cover (EN 60204)", []),
        ("the relay of the unit (SRU)", []),
        ("stop (STOP)", []),
    ],
)
def test_definitions_in_brackets(text: str, wanted: list[tuple[str, str]]) -> None:
    assert list(definitions(chunk(text))) == wanted


def test_a_table_of_abbreviations_defines_row_by_row() -> None:
    made = chunk("QIM Quiet_Isolation_Meter", kind="table_row", heads=("Abbreviation", "Meaning"))
    made = replace(made, text=made.text.replace("_", " "))
    assert list(definitions(made)) == [("QIM", "quiet isolation meter")]
    other = chunk("QIM Quiet_Isolation_Meter", kind="table_row", heads=("Part", "Meaning"))
    assert list(definitions(replace(other, text=other.text.replace("_", " ")))) == []


def test_a_word_counts_once_a_chunk_and_folded() -> None:
    words = words_of([chunk("Torque torque 7 Nm P0C47"), chunk("TORQUE of the lug")])
    assert words.counts["torque"] == 2
    assert words.counts["lug"] == 1
    assert "p0c47" not in words.counts


def test_words_are_read_as_they_were_written(tmp_path: Path) -> None:
    words = words_of([chunk("The string relay unit (SRU) opens."), chunk("A string relay unit (SRU) closes.")])
    write_words(tmp_path, words)
    assert read_words(tmp_path) == words
    assert words.abbreviations == (Abbreviation("SRU", "string relay unit", 2),)


def test_missing_or_damaged_words_are_an_unusable_index(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match=r"words\.json"):
        read_words(tmp_path)
    (tmp_path / "words.json").write_text('{"counts": 3}')
    with pytest.raises(IndexUnavailable):
        read_words(tmp_path)
