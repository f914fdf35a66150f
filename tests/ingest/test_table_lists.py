"""Lists of values count as tables; prose, code, contents lists and steps do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import FILLER, typst_pdf

from ingest.pdf.read import parse_pdf
from service.core.types import Block

DOTS = "#box(width: 1fr, repeat[.])"


def _rows(folder: Path, source: str) -> list[Block]:
    blocks = parse_pdf(typst_pdf(folder, f"{FILLER}\n\n{source}\n\n{FILLER}"), "d", 20).blocks
    return [block for block in blocks if block.kind == "table_row"]


def _cells(row: Block) -> list[str]:
    return [row.text[cell.start : cell.end] for cell in row.cells]


def test_leaders_part_keys_from_values(tmp_path: Path) -> None:
    rows = _rows(tmp_path, f"Max. voltage {DOTS} 450 V \\\nWeight of the unit {DOTS} 3 kg \\\nProtection {DOTS} IP67")
    assert [_cells(row) for row in rows] == [["Max. voltage", "450 V"], ["Weight of the unit", "3 kg"], ["Protection", "IP67"]]
    assert rows[0].statement == "Max. voltage: 450 V"
    assert "....." in rows[0].text
    assert all(row.exact for row in rows)


def test_a_line_further_left_titles_the_values_below_it(tmp_path: Path) -> None:
    inner = f"#pad(left: 12pt)[C0 {DOTS} 6 V \\\nC18 {DOTS} 112 V]"
    rows = _rows(tmp_path, f"#set par(spacing: 0.65em)\nInput voltage (to ground)\n\n{inner}\n\nStorage temperature {DOTS} 150 °C")
    assert [row.statement for row in rows] == [
        "",
        "Input voltage (to ground), C0: 6 V",
        "Input voltage (to ground), C18: 112 V",
        "Storage temperature: 150 °C",
    ]


def test_a_colon_a_line_is_a_list_of_values(tmp_path: Path) -> None:
    rows = _rows(tmp_path, "Weight: 3 kg \\\nSupply voltage: 9 to 16 V \\\nIdle current: 20 mA")
    assert [_cells(row) for row in rows] == [["Weight", "3 kg"], ["Supply voltage", "9 to 16 V"], ["Idle current", "20 mA"]]
    assert rows[1].text == "Supply voltage: 9 to 16 V"


def test_a_value_below_a_value_goes_on_with_it(tmp_path: Path) -> None:
    long = "This form describes the pack as it left the works, and the campaign under which it is called back for an inspection."
    form = f"[Part No. :], [05193168AG], [Function :], [Propulsion], [Description :], [{long}], [Production :], [OCT 2020 - JAN 2021]"
    rows = _rows(tmp_path, f"#grid(columns: (110pt, 220pt), row-gutter: 4pt, align: (right, left), column-gutter: 6pt, {form})")
    assert [_cells(row) for row in rows] == [
        ["Part No.", "05193168AG"],
        ["Function", "Propulsion"],
        ["Description", long],
        ["Production", "OCT 2020 - JAN 2021"],
    ]


@pytest.mark.parametrize(
    "source",
    [
        '#raw(block: true, "name: pack\\nspeed: 500\\nfilter: 0x7FF\\nretries: 3")',
        "Note: the pump runs on for 3 minutes. \\\nRemember: the fan starts at 40 °C. \\\nTherefore: keep your hands away from it.",
        f"Introduction {DOTS} 3 \\\nAssembly {DOTS} 7 \\\nMaintenance {DOTS} 12 \\\nSpare parts {DOTS} 15",
        "+ Open the cover.\n+ Turn the key: the lamp goes out.\n+ Wait 5 minutes.\n+ Close the cover.",
        f"#columns(2)[{FILLER} {FILLER} #colbreak() - Isolated bus\n- Up to 500 A\n- Drives for pumps\n- Two wires\n- A display]",
    ],
    ids=["code", "sentences", "contents", "steps", "prose beside a list"],
)
def test_text_that_only_looks_like_a_list_of_values_is_no_table(tmp_path: Path, source: str) -> None:
    assert not _rows(tmp_path, source)
