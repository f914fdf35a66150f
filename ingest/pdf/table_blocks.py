"""Tables of laid-out pages -> rows as blocks need them: kind, text, cells with their heads, caption, group.

In: a `Table` and what stands around it. Out: `RowBlock`s, head rows first. Keeps the table that runs over a page break. Must not know
how tables were found, nor about sections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingest.pdf.captions import TABLE
from ingest.pdf.columns import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.tables import Row, Table, continues, row_text
from service.core.types import BlockKind, Box, Cell, Line


@dataclass(frozen=True, slots=True)
class RowBlock:
    """One row, on its way to be a block: `kind` is `table` for head rows, else `table_row`."""

    kind: BlockKind
    text: str
    box: Box
    lines: tuple[Line, ...]
    cells: tuple[Cell, ...]
    group: str
    caption: str


@dataclass
class TableRun:
    """The table met last: the next one may go on with it on a new page."""

    _table: Table | None = None
    _group: str = ""

    def rows(self, table: Table, caption: str, first: bool, new_group: Callable[[], str]) -> Iterator[RowBlock]:
        """The table's rows; `first`: it opens its page's text."""
        table.caption = caption
        rows = table.rows[table.n_head :] or table.rows
        before = self._table
        if before is not None and first and continues(before, table):
            caption = table.caption or before.caption
            heads = table.heads if table.n_head else before.heads
            if not table.n_head and before.n_head and _same_head(before, table.rows[0]):
                rows = table.rows[1:]
                heads = before.heads
            table.heads, table.caption = heads, caption
            table.n_head = table.n_head or before.n_head
        else:
            self._group = new_group()
            for row in table.rows[: table.n_head] if rows is not table.rows else ():
                yield from _row(row, table, self._group, head=True)
        self._table = table
        for row in rows:
            yield from _row(row, table, self._group)


def _same_head(before: Table, row: Row) -> bool:
    return row_text(row, [])[0] == row_text(before.rows[before.n_head - 1], [])[0]


def _row(row: Row, table: Table, group: str, head: bool = False) -> Iterator[RowBlock]:
    text, cells, lines = row_text(row, [] if head else table.heads)
    if text:
        box = (table.box[0], row.y0, table.box[2], row.y1)
        yield RowBlock("table" if head else "table_row", text, box, lines, cells, group, table.caption)


def find_caption(items: Sequence[Paragraph | Whole], index: int, pattern: re.Pattern[str]) -> str:
    """The paragraph that begins "Table 4-2" ("Figure 3") next to the item: tables have theirs above, as a rule, and figures below."""
    for other in (index - 1, index - 2, index + 1) if pattern is TABLE else (index + 1, index - 1, index + 2):
        if 0 <= other < len(items):
            item = items[other]
            if isinstance(item, Paragraph) and pattern.match(item.text) and len(item.text) < 250:
                return item.text
    above = items[index - 1] if index and pattern is TABLE else None
    if isinstance(above, Paragraph) and _leads_in(above, items[index].box):
        return above.text
    return ""


def _leads_in(paragraph: Paragraph, box: Box) -> bool:
    """A short line right above that is no full sentence: "0x0A7 Voltage information", "The levels are:"."""
    near = 0 <= box[1] - paragraph.box[3] < 2.5 * paragraph.lines[0].size
    return near and len(paragraph.lines) == 1 and len(paragraph.text) <= 100 and not paragraph.text.endswith((".", ";", ","))
