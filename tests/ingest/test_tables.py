"""Tables: rows with the heads of their columns, over pages, with and without rules; and what is no table."""

from __future__ import annotations

from pathlib import Path

from pdfs import FILLER, typst_pdf

from ingest.pdf.read import parse_pdf
from service.core.types import Block

HEAD = "table.header([*Joint*], [*Thread*], [*Torque (Nm)*])"


def _rows(folder: Path, source: str) -> list[Block]:
    return [block for block in parse_pdf(typst_pdf(folder, source), "d", 20).blocks if block.kind == "table_row"]


def _cells(row: Block) -> list[tuple[str, str]]:
    return [(cell.head, row.text[cell.start : cell.end]) for cell in row.cells]


def test_rows_of_a_ruled_table_carry_heads_units_and_caption(tmp_path: Path) -> None:
    body = "[Terminal screw], [M8], [7], [Cover bolt], [M6], [9.5], [Earth stud], [M10], [24]"
    rows = _rows(tmp_path, f"#figure(table(columns: 3, {HEAD}, {body}), caption: [Torque values])")
    assert [_cells(row) for row in rows] == [
        [("Joint", "Terminal screw"), ("Thread", "M8"), ("Torque (Nm)", "7")],
        [("Joint", "Cover bolt"), ("Thread", "M6"), ("Torque (Nm)", "9.5")],
        [("Joint", "Earth stud"), ("Thread", "M10"), ("Torque (Nm)", "24")],
    ]
    assert {row.caption for row in rows} == {"Table 1: Torque values"}
    assert rows[0].text == "Terminal screw M8 7"
    assert len({row.group for row in rows}) == 1
    assert all(row.exact for row in rows)


def test_heads_in_two_rows_are_joined_from_the_top(tmp_path: Path) -> None:
    head = "table.header(table.cell(rowspan: 2)[*Mode*], table.cell(colspan: 2)[*Current (A)*], [*Peak*], [*Mean*])"
    rows = _rows(tmp_path, f"#table(columns: 3, {head}, [Drive], [450], [180], [Charge], [90], [60])")
    assert _cells(rows[0]) == [("Mode", "Drive"), ("Current (A) / Peak", "450"), ("Current (A) / Mean", "180")]
    assert _cells(rows[1]) == [("Mode", "Charge"), ("Current (A) / Peak", "90"), ("Current (A) / Mean", "60")]


def test_a_table_over_pages_is_one_group_and_its_repeated_head_is_no_row(tmp_path: Path) -> None:
    body = ", ".join(f"[Joint number {n}], [M{n}], [{n * 3}]" for n in range(1, 61))
    rows = _rows(tmp_path, f"#table(columns: (1fr, 1fr, 1fr), {HEAD}, {body})")
    assert len(rows) == 60
    assert len({row.page for row in rows}) >= 2
    assert len({row.group for row in rows}) == 1
    assert {cell.head for row in rows for cell in row.cells} == {"Joint", "Thread", "Torque (Nm)"}


def test_a_table_with_rules_between_rows_only_is_a_table(tmp_path: Path) -> None:
    body = "[Cell voltage], [4.2 V], [yes], [Pack current], [450 A], [no], [Inlet temperature], [55 °C], [yes]"
    head = "table.header([*Limit*], [*Value*], [*Latched*])"
    source = f"#table(columns: (1fr, 1fr, 1fr), stroke: (x, y) => (top: 0.5pt, bottom: 0.5pt), {head}, {body})"
    rows = _rows(tmp_path, source)
    assert _cells(rows[1]) == [("Limit", "Pack current"), ("Value", "450 A"), ("Latched", "no")]
    assert len(rows) == 3


def test_aligned_columns_without_rules_are_a_table(tmp_path: Path) -> None:
    body = ", ".join(f"[Parameter {name}], [{value} V], [{value + 3} V]" for name, value in zip("ABCDE", range(10, 60, 10), strict=True))
    source = f"#table(columns: (1fr, 1fr, 1fr), stroke: none, table.header([*Name*], [*Minimum*], [*Maximum*]), {body})\n" + FILLER
    rows = _rows(tmp_path, source)
    assert [_cells(row)[0][1] for row in rows] == [f"Parameter {name}" for name in "ABCDE"]
    assert _cells(rows[2]) == [("Name", "Parameter C"), ("Minimum", "30 V"), ("Maximum", "33 V")]


def test_a_frame_around_a_paragraph_is_no_table(tmp_path: Path) -> None:
    assert not _rows(tmp_path, f"#rect(width: 100%)[{FILLER}]\n\n{FILLER}\n\n#rect(width: 100%)[{FILLER}]")


def test_two_columns_of_text_are_no_table(tmp_path: Path) -> None:
    assert not _rows(tmp_path, f"#columns(2)[{FILLER * 2}\n#colbreak()\n{FILLER * 2}]")


def test_the_line_above_a_table_is_its_caption_where_it_has_none(tmp_path: Path) -> None:
    rows = _rows(
        tmp_path,
        "0x2A7 Voltage information\n#table(columns: 2, table.header([*Byte*], [*Name*]), [0,1], [Bus voltage], [2,3], [Output voltage])",
    )
    assert {row.caption for row in rows} == {"0x2A7 Voltage information"}
