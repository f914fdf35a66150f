"""A Word table's XML -> rows of cells with their spans.

In: a `w:tbl`. Out: `RawCell`s, head rows and pages. Tables of one column, or that hold tables, only place things. Must not know Blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ingest.formats.docx_text import W_TBL, Turner, is_on, qn
from ingest.formats.tables import RawCell

CellText = Callable[[Any], tuple[str, bool]]


def is_layout(table: Any) -> bool:
    """Whether the table only places things."""
    if next(table.iter(W_TBL), table) is not table or table.find(f".//{W_TBL}") is not None:
        return True
    return not any(sum(1 for _ in _cells(row)) > 1 for row in _rows(table))


def rows_of(table: Any, text_of: CellText, turner: Turner) -> tuple[list[list[RawCell]], int | None, list[int]]:
    """(rows, number of head rows or None where the table does not say, the page of each row). Rows without text are left out."""
    raw: list[list[tuple[int, int, str, bool, bool]]] = []
    heads: list[bool] = []
    pages: list[int] = []
    for row in _rows(table):
        page = turner.page
        cells: list[tuple[int, int, str, bool, bool]] = []
        column = _skipped(row)
        for cell in _cells(row):
            span = _span(cell)
            goes_on = _goes_on(cell) and bool(raw) and any(above[0] == column for above in raw[-1])
            text, bold = text_of(cell)
            cells.append((column, span, "" if goes_on else " ".join(text.split()), bold, goes_on))
            column += span
        raw.append(cells)
        heads.append(is_on(row, f"{qn('w:trPr')}/{qn('w:tblHeader')}"))
        pages.append(page if turner.page == page or not any(cell[2] for cell in cells) else turner.page)
    rows = [_raw_cells(raw, place) for place in range(len(raw))]
    kept = [place for place, cells in enumerate(raw) if any(cell[2] for cell in cells)]
    n_head = 0
    while n_head < len(heads) and heads[n_head]:
        n_head += 1
    if not n_head and len(kept) > 1 and _first_row_set(table):
        n_head = 1
    return [rows[place] for place in kept], n_head or None, [pages[place] for place in kept]


def _raw_cells(raw: list[list[tuple[int, int, str, bool, bool]]], place: int) -> list[RawCell]:
    """One row's cells; those that go on with a cell above are counted into that cell's rows instead."""
    cells = []
    for column, span, text, bold, goes_on in raw[place]:
        if goes_on:
            continue
        n_rows = 1
        while place + n_rows < len(raw) and any(other[0] == column and other[4] for other in raw[place + n_rows]):
            n_rows += 1
        cells.append(RawCell(text, span, n_rows, bold))
    return cells


def _rows(table: Any) -> Iterator[Any]:
    """Rows in order, those in content controls and insertions too; deleted ones not."""
    todo = list(reversed(table))
    while todo:
        node = todo.pop()
        if node.tag == qn("w:tr"):
            if node.find(f"{qn('w:trPr')}/{qn('w:del')}") is None:
                yield node
        elif node.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml")):
            todo += reversed(node)


def _cells(row: Any) -> Iterator[Any]:
    todo = list(reversed(row))
    while todo:
        node = todo.pop()
        if node.tag == qn("w:tc"):
            yield node
        elif node.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml")):
            todo += reversed(node)


def _number(element: Any, path: str, default: int) -> int:
    found = element.find(path)
    value = str(found.get(qn("w:val"), "")) if found is not None else ""
    return int(value[:4]) if value[:4].isdigit() else default


def _span(cell: Any) -> int:
    return max(1, _number(cell, f"{qn('w:tcPr')}/{qn('w:gridSpan')}", 1))


def _skipped(row: Any) -> int:
    return _number(row, f"{qn('w:trPr')}/{qn('w:gridBefore')}", 0)


def _goes_on(cell: Any) -> bool:
    merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
    return merge is not None and merge.get(qn("w:val"), "continue") == "continue"


def _first_row_set(table: Any) -> bool:
    """Whether a table style that sets off the first row is at work."""
    style = table.find(f"{qn('w:tblPr')}/{qn('w:tblStyle')}")
    look = table.find(f"{qn('w:tblPr')}/{qn('w:tblLook')}")
    if style is None or look is None or str(style.get(qn("w:val"))).lower().replace(" ", "") in ("tablegrid", "tablenormal", "plaintable"):
        return False
    return str(look.get(qn("w:firstRow"), "")) in ("1", "true") or bool(int(str(look.get(qn("w:val"), "0"))[:4] or "0", 16) & 0x20)
