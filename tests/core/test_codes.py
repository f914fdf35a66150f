"""Codes: which texts hold one, which spellings are one code, and which are never taken for each other."""

from __future__ import annotations

import pytest

from service.core.code_table import CodeTable, Occurrence, code_table, read_codes, write_codes
from service.core.codes import find_codes, label_of_head, near_misses
from service.core.errors import IndexUnavailable


def keys(text: str) -> list[str]:
    return [code.key for code in find_codes(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Fault P0A80 is set", ["p0a80"]),
        ("P-0A80 or p0a80", ["p0a80", "p0a80"]),
        ("U0100-87 on the bus", ["u010087"]),
        ("message 0x0A7, also written 0A7h or 0xA7", ["0xa7"] * 3),
        ("pin 14 and Pin no. 3", ["pin:14", "pin:3"]),
        ("error code E07, then alarm 012", ["error:e07", "error:12"]),
        ("holding register 40001", ["register:40001"]),
        ("Fehlercode 31", ["error:31"]),
        ("故障码 12", ["error:12"]),
        ("显示P0A80时检查XR400的引脚14", ["p0a80", "xr400", "pin:14"]),
        ("SPN 520192 FMI 3", ["spn:520192", "fmi:3"]),
        ("set PRECHARGE_TIMEOUT to 5 V", ["precharge_timeout"]),
        ("call SleepEnable first", ["sleepenable"]),
        ("harness G1-0049-01 for the XR400", ["g1-0049-01", "xr400"]),
    ],
)
def test_codes_are_found_under_one_key_whatever_their_spelling(text: str, wanted: list[str]) -> None:
    assert keys(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["Tighten to 24 V and 5 Nm", "M8 x 20 screws, 16-bit, 3-phase", "each of them for 24h", "on 12.05.2021 or 2021-03-04", "450V 200A",
     "see section 4.2 on page 12", "the pack must be cold"],
)  # fmt: skip
def test_quantities_sizes_dates_and_words_are_no_codes(text: str) -> None:
    assert keys(text) == []


def test_places_point_at_the_code_as_printed() -> None:
    text = "Clear P0A80 by writing 0x2F."
    assert [text[code.start : code.end] for code in find_codes(text)] == ["P0A80", "0x2F"]


def test_what_a_column_numbers_is_told_by_its_head() -> None:
    assert label_of_head("Pin No.") == "pin"
    assert label_of_head("Error code") == "error"
    assert label_of_head("Torque [Nm]") == ""


def test_near_misses_are_one_slip_away_and_never_the_code_itself() -> None:
    known = ["p0a80", "p0a08", "p0a81", "p0b91", "p0a8"]
    assert near_misses("p0a80", known) == ["p0a08", "p0a8", "p0a81"]


def occurrence(key: str, page: int, defines: bool = False) -> Occurrence:
    return Occurrence(key, "fault", key.upper(), "doc", f"chunk{page}", page, defines, "a row")


def test_lookup_is_exact_and_definitions_come_first(tmp_path) -> None:  # type: ignore[no-untyped-def]
    write_codes(tmp_path, code_table([occurrence("p0a80", 3), occurrence("p0a80", 9, defines=True), occurrence("p0a08", 4)]))
    table = read_codes(tmp_path)
    assert [found.page for found in table.find("p0a80")] == [9, 3]
    assert table.find("p0a88") == ()
    assert table.similar("p0a88") == ["p0a08", "p0a80"]
    assert table.find("p0a80", ["other"]) == ()
    assert [code.key for code in table.known("is P0A80 or P0FFF worse?")] == ["p0a80"]


def test_a_missing_or_damaged_table_is_an_unusable_index(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(IndexUnavailable, match=r"codes\.json"):
        read_codes(tmp_path)
    (tmp_path / "codes.json").write_text('[["p0a80", 1]]')
    with pytest.raises(IndexUnavailable):
        read_codes(tmp_path)
    assert CodeTable().find("p0a80") == ()
