"""Tables of laid-out pages -> rows as blocks need them: kind, text, cells with their heads, caption, group, statement.

In: a `Table` and what stands around it. Out: `RowBlock`s, head rows first. Keeps the table that runs over a page break, with its heads, its
caption, the sub-head and the label its last row stood under. Must not know how tables were found, nor about sections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.pdf.captions import FIGURE, TABLE
from ingest.pdf.columns import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.tables import Row, RowCell, Table, continues, full_rows, head_over, row_text
from service.core.table_text import statement
from service.core.text import quote_key
from service.core.types import BlockKind, Box, Cell, Line

_CONTINUED = re.compile(r"(?i)\(?\b(?:continued|cont['’]?d|cont\.|fortsetzung|forts\.)\)?|[（(]续[)）]|续表")
MAX_RUNNING_HEAD_CHARS = 60
"""A line so short may stand above a table without a head that goes on from the page before: a running head not known as such."""
MAX_FOOTNOTES = 3
"""Paragraphs that may stand below a table that goes on on the next page."""


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
    statement: str


@dataclass
class TableRun:
    """The table met last: the next one may go on with it on the next page."""

    _table: Table | None = None
    _page: int = 0
    _is_open: bool = False
    _head: list[str] = field(default_factory=list)
    _group: str = ""
    _subhead: str = ""
    _labels: list[RowCell] = field(default_factory=list)

    def rows(self, table: Table, caption: str, page: int, place: tuple[bool, bool], new_group: Callable[[], str]) -> Iterator[RowBlock]:
        """The table's rows. `place`: whether it opens the text of `page`, and whether it ends it."""
        table.caption = caption or table.title
        before = self._table
        if before is not None and place[0] and self._is_open and page == self._page + 1 and self._goes_on(before, table):
            body = self._take_over(before, table)
        else:
            self._group, self._subhead, self._labels = new_group(), "", []
            body = table.body or table.rows
            head = table.rows[: len(table.rows) - len(body)]
            self._head = [_key(row) for row in head]
            for row in head:
                yield from self._row(row, [], table, is_head=True)
        self._table, self._page, self._is_open = table, page, place[1]
        opening = bool(self._labels)
        for row, above in full_rows(body):
            opening = opening and row.cells[0].first > self._labels[-1].last and not row.is_subhead
            yield from self._row(row, self._labels if opening else above, table)
            if row.is_subhead:
                self._subhead = row.cells[0].text
        self._labels = _labels(body)

    def _take_over(self, before: Table, table: Table) -> list[Row]:
        """Give the continued table what it goes on with; its rows without the repeated head."""
        n_head = table.n_head or self._n_repeated(table)
        table.heads, table.n_head = before.heads, before.n_head
        if _CONTINUED.search(table.caption) or not table.caption or table.caption == table.title:
            table.caption = before.caption
        body = table.rows[n_head:]
        for row in body:
            if row.group or row.is_subhead:
                break
            row.group = self._subhead
        return body

    def _goes_on(self, before: Table, after: Table) -> bool:
        """The same columns; no other heads, and no other caption, unless it says "continued"."""
        if not continues(before, after):
            return False
        if after.is_list and {_key_of(row) for row in before.rows} & {_key_of(row) for row in after.rows}:
            return False  # the next record of the same form
        own = after.caption if after.caption != after.title else ""
        if own and before.caption and not _CONTINUED.search(own) and quote_key(own) != quote_key(before.caption):
            return False
        return not after.n_head or self._n_repeated(after) == after.n_head

    def _n_repeated(self, table: Table) -> int:
        """How many of its first rows repeat the head of the table before: all of that, or none."""
        own = [_key(row) for row in table.rows[: len(self._head)]]
        return len(own) if own == self._head and len(table.rows) > len(own) else 0

    def _row(self, row: Row, above: Sequence[RowCell], table: Table, is_head: bool = False) -> Iterator[RowBlock]:
        text, cells, lines = row_text(row, [] if is_head else table.heads, table.is_list)
        if text:
            box = (table.box[0], row.y0, table.box[2], row.y1)
            said = "" if is_head or row.is_subhead else _statement(row, above, table)
            yield RowBlock("table" if is_head else "table_row", text, box, lines, cells, self._group, table.caption, said)


def _statement(row: Row, above: Sequence[RowCell], table: Table) -> str:
    """The row with the cells that reach into it. What it is about: its first cell, and labels before that which span rows."""
    cells = sorted([*above, *row.cells], key=lambda cell: cell.first)
    spanning = [cell.n_rows > 1 or any(cell is other for other in above) for cell in cells]
    n_subject = next((index for index, spans in enumerate(spanning) if not spans), len(cells)) + 1
    pairs = [(head_over(table.heads, cell), cell.text) for cell in cells]
    return statement(pairs, table.caption, row.group, n_subject)


def _labels(body: Sequence[Row]) -> list[RowCell]:
    """The cells at the left of the last row that the next page's first rows, where they have none there, go on with."""
    rows = list(full_rows(body))
    if not rows or rows[-1][0].is_subhead:
        return []
    last, above = rows[-1]
    own = [cell for cell in last.cells if cell.first == 0]
    return own or [cell for cell in above if cell.first == 0]


def _key_of(row: Row) -> str:
    return quote_key(row.cells[0].text)


def _key(row: Row) -> str:
    return quote_key(_CONTINUED.sub("", row_text(row, [])[0]))


def find_caption(items: Sequence[Paragraph | Whole], index: int, pattern: re.Pattern[str]) -> str:
    """The paragraph that begins "Table 4-2" ("Figure 3") next to the item: tables have theirs above, as a rule, and figures below."""
    for other in (index - 1, index - 2, index + 1) if pattern is TABLE else (index + 1, index - 1, index + 2):
        if 0 <= other < len(items):
            item = items[other]
            if isinstance(item, Paragraph) and pattern.match(item.text) and len(item.text) < 250:
                return item.text
    above = items[index - 1] if index and pattern is TABLE else None
    if isinstance(above, Paragraph) and not FIGURE.match(above.text) and _leads_in(above, items[index].box):
        return above.text
    return ""


def _leads_in(paragraph: Paragraph, box: Box) -> bool:
    """A short line right above that is no full sentence: "0x0A7 Voltage information", "The levels are:"."""
    near = 0 <= box[1] - paragraph.box[3] < 2.5 * paragraph.lines[0].size
    return near and len(paragraph.lines) == 1 and len(paragraph.text) <= 100 and not paragraph.text.endswith((".", ";", ","))
