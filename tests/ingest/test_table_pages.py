"""Tables over page breaks keep their heads, caption, group, sub-head and label; another table does not take them over."""

from __future__ import annotations

from pathlib import Path

from pdfs import FILLER, typst_pdf

from ingest.pdf.read import parse_pdf
from service.core.types import Block

HEAD = "[*Joint*], [*Thread*], [*Torque (Nm)*]"


def _rows(folder: Path, source: str) -> list[Block]:
    return [block for block in parse_pdf(typst_pdf(folder, source), "d", 20).blocks if block.kind == "table_row"]


def _body(n_rows: int) -> str:
    return ", ".join(f"[Screw of plate {n}], [M{n}], [{n * 3}]" for n in range(1, n_rows + 1))


def test_a_table_without_a_repeated_head_keeps_heads_and_caption(tmp_path: Path) -> None:
    table = f"table(columns: (1fr, 1fr, 1fr), {HEAD}, {_body(60)})"
    look = "#show figure: set block(breakable: true)\n#set figure.caption(position: top)"
    rows = _rows(tmp_path, f"{look}\n{FILLER}\n#figure({table}, caption: [Torque values])")
    assert len({row.page for row in rows}) == 2
    assert len({row.group for row in rows}) == 1
    assert {row.caption for row in rows} == {"Table 1: Torque values"}
    assert rows[-1].statement == "Screw of plate 60 (Table 1): Thread M60, Torque 180 Nm"


def test_a_sub_head_and_a_label_reach_over_the_break(tmp_path: Path) -> None:
    before = f"table.cell(colspan: 3)[Rear axle], {_body(24)}"
    after = f"#pagebreak()\n#table(columns: (1fr, 1fr, 1fr), {HEAD}, [Strut], [M8], [25], [Arm], [M10], [60])"
    rows = _rows(tmp_path, f"{FILLER}\n#table(columns: (1fr, 1fr, 1fr), {HEAD}, {before}){after}")
    assert rows[-1].statement == "Rear axle, Arm: Thread M10, Torque 60 Nm"


def test_a_table_with_other_heads_on_the_next_page_is_another(tmp_path: Path) -> None:
    second = "#pagebreak()\n#table(columns: (1fr, 1fr, 1fr), [*Pump*], [*Flow*], [*Power (W)*], [Main], [high], [90], [Spare], [low], [40])"
    rows = _rows(tmp_path, f"#table(columns: (1fr, 1fr, 1fr), {HEAD}, {_body(4)}){second}")
    assert rows[-1].group != rows[0].group
    assert rows[-1].statement == "Spare: Flow low, Power 40 W"


def test_a_page_of_text_between_ends_the_table(tmp_path: Path) -> None:
    second = f"#pagebreak()\n{FILLER}\n#pagebreak()\n#table(columns: (1fr, 1fr, 1fr), [7], [high], [90], [8], [low], [40])"
    rows = _rows(tmp_path, f"#table(columns: (1fr, 1fr, 1fr), {HEAD}, {_body(4)}){second}")
    assert rows[-1].group != rows[0].group
    assert not any(cell.head for cell in rows[-1].cells)
