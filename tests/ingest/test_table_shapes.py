"""Tables of every build: what spans, what titles a group, what is wrapped, and how each row reads by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import FILLER, typst_pdf

from ingest.pdf.read import parse_pdf
from service.core.types import Block

TORQUES = "table.header([*Terminal*], [*Wire*], [*Torque \\[Nm\\]*])"
LIMITS = "table.header([*Parameter*], [*Min*], [*Max*], [*Unit*])"
SUPPLY = "[Supply voltage], [4.5], [5.5], [V], [Idle current], [], [20], [mA], [Start delay], [1], [3], [ms]"


def _blocks(folder: Path, source: str) -> list[Block]:
    return list(parse_pdf(typst_pdf(folder, source), "d", 20).blocks)


def _rows(folder: Path, source: str) -> list[Block]:
    return [block for block in _blocks(folder, source) if block.kind == "table_row"]


def _cells(row: Block) -> list[tuple[str, str]]:
    return [(cell.head, row.text[cell.start : cell.end]) for cell in row.cells]


def test_a_label_over_several_rows_stands_in_the_statement_of_each_and_in_the_text_of_one(tmp_path: Path) -> None:
    body = "[Earth], [PE], [5], table.cell(rowspan: 3, align: horizon)[Terminal A], [L1], [7], [L2], [8], [L3], [9]"
    rows = _rows(tmp_path, f"#table(columns: 3, {TORQUES}, {body})")
    assert [row.statement for row in rows] == [
        "Earth: Wire PE, Torque 5 Nm",
        "Terminal A, Wire L1: Torque 7 Nm",
        "Terminal A, Wire L2: Torque 8 Nm",
        "Terminal A, Wire L3: Torque 9 Nm",
    ]
    assert [row.text.count("Terminal A") for row in rows] == [0, 1, 0, 0]
    assert [(cell.column, cell.span) for cell in rows[2].cells] == [(1, 1), (2, 1)]


def test_a_row_over_all_columns_titles_the_rows_below_it(tmp_path: Path) -> None:
    body = "table.cell(colspan: 4)[Supply], [Voltage], [4.5], [5.5], [V], table.cell(colspan: 4)[Timing], [Delay], [1], [3], [ms]"
    rows = _rows(tmp_path, f"#table(columns: 4, {LIMITS}, {body})")
    assert [row.statement for row in rows] == ["", "Supply, Voltage: Min 4.5 V, Max 5.5 V", "", "Timing, Delay: Min 1 ms, Max 3 ms"]
    assert (rows[0].cells[0].column, rows[0].cells[0].span) == (0, 4)


def test_a_cell_over_several_columns_has_all_their_heads(tmp_path: Path) -> None:
    head = "table.header([*Property*], [*K20*], [*L40*], [*R60*])"
    rows = _rows(tmp_path, f"#table(columns: 4, {head}, [Mass], [3 kg], [4 kg], [5 kg], [Voltage], table.cell(colspan: 2)[48 V], [96 V])")
    assert _cells(rows[1]) == [("Property", "Voltage"), ("K20 / L40", "48 V"), ("R60", "96 V")]
    assert [(cell.column, cell.span) for cell in rows[1].cells] == [(0, 1), (1, 2), (3, 1)]


def test_rules_above_and_below_head_and_body_are_enough(tmp_path: Path) -> None:
    lines = f"table.hline(), {LIMITS}, table.hline(), {SUPPLY}, table.hline()"
    rows = _rows(tmp_path, f"{FILLER}\n#table(columns: (2fr, 1fr, 1fr, 1fr), stroke: none, {lines})\n{FILLER}")
    assert _cells(rows[1]) == [("Parameter", "Idle current"), ("Max", "20"), ("Unit", "mA")]
    assert [row.statement for row in rows] == [
        "Supply voltage: Min 4.5 V, Max 5.5 V",
        "Idle current: Max 20 mA",
        "Start delay: Min 1 ms, Max 3 ms",
    ]


@pytest.mark.parametrize("stroke", ["none", "(x: none, y: 0.5pt)", "(x: 0.5pt, y: none)", "0.5pt"], ids=["none", "level", "upright", "all"])
def test_heads_in_two_rows_are_one_path_with_and_without_rules(tmp_path: Path, stroke: str) -> None:
    head = (
        "table.header(table.cell(rowspan: 2)[*Parameter*], table.cell(colspan: 3)[*Limits*], table.cell(rowspan: 2)[*Unit*], "
        "[*Min*], [*Typ*], [*Max*])"
    )
    body = "[Pack voltage], [300], [350], [400], [V], [Coolant flow], [6], [8], [10], [l/min], [Pump current], [1], [2], [3], [A]"
    rows = _rows(tmp_path, f"{FILLER}\n#table(columns: (2.4fr, 1fr, 1fr, 1fr, 1fr), stroke: {stroke}, {head}, {body})\n{FILLER}")
    assert [[head for head, _ in _cells(row)] for row in rows] == [
        ["Parameter", "Limits / Min", "Limits / Typ", "Limits / Max", "Unit"]
    ] * 3
    assert rows[1].statement == "Coolant flow: Limits / Min 6 l/min, Limits / Typ 8 l/min, Limits / Max 10 l/min"


def test_a_wrapped_line_belongs_to_the_row_above_without_rules(tmp_path: Path) -> None:
    remedy = "Replace the module and clear the fault memory after the drive has been switched off and on again"
    body = f"[P0A80], [on], [{remedy}], [P0A08], [off], [Check the fuse], [P0B11], [on], [Measure the insulation of the pack]"
    head = "table.header([*Code*], [*Lamp*], [*Remedy*])"
    rows = _rows(tmp_path, f"{FILLER}\n#table(columns: (1fr, 1fr, 3fr), stroke: none, {head}, {body})\n{FILLER}")
    assert _cells(rows[0]) == [("Code", "P0A80"), ("Lamp", "on"), ("Remedy", remedy)]
    assert len(rows) == 3


def test_sub_heads_are_kept_without_rules(tmp_path: Path) -> None:
    body = (
        "table.cell(colspan: 3)[*Connector X1*], [1], [CAN high], [red], [2], [CAN low], [blue], "
        "table.cell(colspan: 3)[*Connector X2*], [1], [Ignition], [black], [2], [Ground], [brown]"
    )
    head = "table.header([*Pin*], [*Signal*], [*Colour*])"
    rows = _rows(tmp_path, f"{FILLER}\n#table(columns: (1fr, 2fr, 2fr), stroke: none, {head}, {body})\n{FILLER}")
    assert rows[5].statement == "Connector X2, Pin 2: Signal Ground, Colour brown"


def test_two_tables_on_top_of_each_other_with_other_columns_are_two(tmp_path: Path) -> None:
    upper = "#table(columns: (100pt, 100pt, 100pt), [*Pin*], [*Name*], [*Use*], [1], [VIN], [supply], [2], [GND], [return])"
    lower = "#table(columns: (150pt, 150pt), [*Code*], [*Cause*], [P0A80], [weak cell], [P0A08], [open fuse])"
    rows = _rows(tmp_path, f"#set block(spacing: 0pt)\n{upper}{lower}")
    assert len({row.group for row in rows}) == 2
    assert _cells(rows[2]) == [("Code", "P0A80"), ("Cause", "weak cell")]


def test_cells_can_be_drawn_where_they_stand(tmp_path: Path) -> None:
    rows = _rows(
        tmp_path, "#table(columns: (100pt, 200pt), [*Pin*], [*Use*], [1], [supply of the unit over a long line of text here], [2], [x])"
    )
    text_box = [line.box for line in rows[0].lines if line.start < rows[0].cells[1].end and line.end > rows[0].cells[1].start]
    assert len(text_box) >= 2
    assert all(x0 >= 170 and x1 <= 370 for x0, _, x1, _ in text_box)
    assert all(rows[0].box[1] - 1 <= y0 and y1 <= rows[0].box[3] + 1 for _, y0, _, y1 in text_box)


def test_the_chart_of_a_curve_is_no_table(tmp_path: Path) -> None:
    grid = "".join(
        f"#place(dx: {40 * n}pt, line(length: 120pt, angle: 90deg))#place(dy: {30 * n}pt, line(length: 160pt))" for n in range(5)
    )
    ticks = "".join(
        f"#place(dx: -20pt, dy: {30 * n - 4}pt)[{100 - 25 * n}]#place(dx: {40 * n - 4}pt, dy: 124pt)[{n * 10}]" for n in range(5)
    )
    label = "#place(dx: 45pt, dy: 35pt)[25 °C]#place(dx: 85pt, dy: 65pt)[85 °C]"
    assert not _rows(tmp_path, f"{FILLER}\n#pad(left: 40pt, box(width: 160pt, height: 150pt)[{grid}{ticks}{label}])\n{FILLER}")


def test_labels_that_stand_once_for_several_rows_need_no_rules(tmp_path: Path) -> None:
    head = "table.header([*Unit*], [*State*], [*Current (A)*], [*Limit (°C)*])"
    body = "[Pump], [idle], [2], [60], [], [peak], [9], [85], [Fan], [idle], [1], [70], [], [peak], [4], [95]"
    lines = f"table.hline(), {head}, table.hline(), {body}, table.hline()"
    rows = _rows(tmp_path, f"{FILLER}\n#table(columns: (2fr, 1fr, 1fr, 1fr), stroke: none, {lines})\n{FILLER}")
    assert [row.statement for row in rows[2:]] == [
        "Fan, idle: Current 1 A, Limit 70 °C",
        "Fan, peak: Current 4 A, Limit 95 °C",
    ]


def test_long_texts_under_heads_are_a_table_and_not_columns_of_prose(tmp_path: Path) -> None:
    cause = "The pump does not turn although the contactors are closed and the level in the tank is right"
    remedy = "Check the fuse of the pump and the plug at its side, then start it with the tester"
    head = "table.header([*Code*], [*Cause*], [*Remedy*], [*Limit*])"
    body = ", ".join(f"[P0A{n}], [{cause}], [{remedy}], [{n} A]" for n in range(41, 45))
    rows = _rows(tmp_path, f"{FILLER}\n#table(columns: (1fr, 3fr, 3fr, 1fr), stroke: none, {head}, {body})\n{FILLER}")
    assert [_cells(row) for row in rows] == [
        [("Code", f"P0A{n}"), ("Cause", cause), ("Remedy", remedy), ("Limit", f"{n} A")] for n in range(41, 45)
    ]


def test_two_lists_of_values_side_by_side_are_two(tmp_path: Path) -> None:
    bodies = ("[Pack], [48 V], [Inverter], [12 kW], [Fuse], [300 A]", "[Pump], [9 A], [Fan], [4 A], [Heater], [2 kW]")
    tables = ", ".join(f"table(columns: (100pt, 60pt), stroke: none, {body})" for body in bodies)
    rows = _rows(tmp_path, f"{FILLER}\n#grid(columns: (200pt, 200pt), {tables})\n{FILLER}")
    assert [row.statement for row in rows] == ["Pack: 48 V", "Inverter: 12 kW", "Fuse: 300 A", "Pump: 9 A", "Fan: 4 A", "Heater: 2 kW"]
