"""Rows as statements and tables as Markdown: nothing doubled, nothing made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import typst_pdf

from ingest.pdf.read import parse_pdf
from service.core.table_text import is_unit, markdown, rows_of_blocks, split_unit, statement


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([("Screw", "Power terminal screws"), ("Size", "M8"), ("Torque [Nm]", "7")], "Power terminal screws: Size M8, Torque 7 Nm"),
        ([("", "Max. voltage:"), ("", "450 V")], "Max. voltage: 450 V"),
        ([("Parameter", "Max. voltage"), ("Value", "450 V")], "Max. voltage: 450 V"),
        (
            [("Parameter", "Supply voltage"), ("Symbol", "VDD"), ("Min", "4.5"), ("Typ", "5"), ("Max", ""), ("Unit", "V")],
            "Supply voltage VDD: Min 4.5 V, Typ 5 V",
        ),
        ([("Pin", "11"), ("Name", "B+"), ("Description", "Power supply")], "Pin 11 B+: Power supply"),
        ([("Bit", "3"), ("Access", "R/W"), ("Reset", "0x00"), ("Meaning", "Enables the pump, if fitted")],
         "Bit 3: Access R/W; Reset 0x00; Meaning: Enables the pump, if fitted"),
        ([("DTC", "P0A80"), ("Cause", "Weak cell"), ("Remedy", "Replace it")], "DTC P0A80: Cause: Weak cell; Remedy: Replace it"),
        ([("Joint", "Cover"), ("Torque (Nm)", "9.5 Nm")], "Cover: Torque 9.5 Nm"),
        ([("Joint", "Cover"), ("Torque (Nm)", "hand-tight")], "Cover: Torque (Nm) hand-tight"),
        ([("Joint", "Cover"), ("Torque (Nm) / Max", "9")], "Cover: Torque / Max 9 Nm"),
        ([("Metric", "Thermal resistance"), ("Value", "N/A"), ("Unit", "°C/W")], "Thermal resistance: Value N/A, Unit °C/W"),
        ([("", ""), ("A", "")], ""),
    ],
)  # fmt: skip
def test_a_row_says_subject_heads_values_and_units(cells: list[tuple[str, str]], expected: str) -> None:
    assert statement(cells) == expected


def test_group_and_caption_label_place_the_row() -> None:
    cells = [("Screw", "Cover"), ("Torque [Nm]", "7")]
    assert statement(cells, "Table 4-2. Torques of the unit", "Rear axle") == "Rear axle, Cover (Table 4-2): Torque 7 Nm"
    assert statement(cells, "Tabelle 7: Momente") == "Cover (Tabelle 7): Torque 7 Nm"
    assert statement(cells, "0x2A7 Voltages") == "Cover (0x2A7 Voltages): Torque 7 Nm"


@pytest.mark.parametrize(
    ("head", "name", "unit"),
    [
        ("Torque [Nm]", "Torque", "Nm"),
        ("Torque (N·m)", "Torque", "N·m"),
        ("Drehmoment in Nm", "Drehmoment", "Nm"),
        ("Drehmoment / Nm", "Drehmoment", "Nm"),
        ("Torque / (Nm)", "Torque", "Nm"),
        ("Resistance, mΩ", "Resistance", "mΩ"),
        ("Thermal resistance (°C/W)", "Thermal resistance", "°C/W"),
        ("Duty cycle (%)", "Duty cycle", "%"),
        ("Model (Gen 2)", "Model (Gen 2)", ""),
        ("Torque / Max", "Torque / Max", ""),
        ("Plug in A1", "Plug in A1", ""),
    ],
)
def test_the_unit_of_a_head_is_told_from_other_words(head: str, name: str, unit: str) -> None:
    assert split_unit(head) == (name, unit)
    assert is_unit(unit) == bool(unit)


def test_markdown_has_heads_once_rows_escaped_and_sub_heads_bold(tmp_path: Path) -> None:
    head = "table.header(table.cell(rowspan: 2)[*Mode*], table.cell(colspan: 2)[*Current (A)*], [*Peak*], [*Mean*])"
    body = "table.cell(colspan: 3)[Normal use], [Drive | coast], [450], [180], [Charge], table.cell(colspan: 2)[90]"
    blocks = parse_pdf(typst_pdf(tmp_path, f"#table(columns: 3, {head}, {body})"), "d", 5).blocks
    assert markdown(rows_of_blocks(blocks)).splitlines() == [
        "| Mode | Current (A) / Peak | Current (A) / Mean |",
        "| --- | --- | --- |",
        "| **Normal use** |  |  |",
        "| Drive \\| coast | 450 | 180 |",
        "| Charge | 90 |  |",
    ]
    assert markdown([]) == ""


def test_a_number_does_not_follow_the_number_its_head_ends_in() -> None:
    said = statement([("Fuse", "F1"), ("Rating HVB-4 (A)", "800"), ("Rating HVB-6 (A)", "800")])
    assert said == "Fuse F1: Rating HVB-4: 800 A; Rating HVB-6: 800 A"
