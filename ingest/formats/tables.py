"""Cells as a file gives them (with their spans) -> rows in columns, head rows told apart, each cell with its column's head.

In: rows of `RawCell`. Out: a `Grid`. Must not know which format the cells come from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.core.table_text import PATH

MAX_COLUMNS = 200
MAX_SPAN = 1000
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class RawCell:
    """A cell and how many columns and rows it takes; `head` where the file says so, or sets it all bold."""

    text: str
    n_columns: int = 1
    n_rows: int = 1
    head: bool = False


@dataclass(frozen=True, slots=True)
class GridCell:
    """A cell in columns [column, column + span). `above`: it began in a row above and reaches down into this one."""

    text: str
    column: int
    span: int
    head: bool
    above: bool = False
    n_rows: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells, left to right; the first `n_head` rows are the head. `heads[c]` are the heads over column c, outermost first."""

    rows: tuple[tuple[GridCell, ...], ...]
    n_head: int
    heads: tuple[tuple[str, ...], ...]

    def head_over(self, cell: GridCell) -> str:
        """The heads over all columns of a cell, each once: "Torque / Max"."""
        return PATH.join(dict.fromkeys(text for column in self.heads[cell.column : cell.column + cell.span] for text in column))

    def is_subhead(self, place: int) -> bool:
        """A row of the body with one cell over the whole width, and other rows after it."""
        row, after = self.rows[place], self.rows[place + 1 : place + 2]
        width = len(self.heads)
        return place >= self.n_head and len(row) == 1 and row[0].span == width > 1 and bool(after) and len(after[0]) > 1


@dataclass
class _Open:
    """Cells that reach down: column -> (cell, rows left)."""

    cells: dict[int, tuple[GridCell, int]] = field(default_factory=dict)


def make_grid(raw: Sequence[Sequence[RawCell]], n_head: int | None = None) -> Grid:
    """The grid of these rows. `n_head`: how many rows the file itself calls its head; None lets the cells tell."""
    reaching = _Open()
    placed = [tuple(_placed(row, reaching)) for row in raw]
    rows = [row for row in placed if any(cell.text and not cell.above for cell in row)]
    count = _count_head(rows) if n_head is None else min(n_head, max(0, len(rows) - 1))
    width = max((cell.column + cell.span for row in rows for cell in row), default=0)
    return Grid(tuple(rows), count, tuple(_heads(rows[:count], column, width) for column in range(width)))


def _placed(row: Sequence[RawCell], reaching: _Open) -> list[GridCell]:
    """The row's cells in the first free columns, with those that reach into it from above."""
    before, reaching.cells = reaching.cells, {}
    placed: list[GridCell] = []
    for cell, left in dict.fromkeys(before.values()):
        placed.append(GridCell(cell.text, cell.column, cell.span, cell.head, above=True, n_rows=cell.n_rows))
        if left > 1:
            reaching.cells[cell.column] = (cell, left - 1)
    taken = {column for cell in placed for column in range(cell.column, cell.column + cell.span)}
    column = 0
    for raw in row:
        while column in taken:
            column += 1
        if column >= MAX_COLUMNS:
            break
        span = max(1, min(raw.n_columns, MAX_COLUMNS - column))
        made = GridCell(" ".join(raw.text.split()), column, span, raw.head, n_rows=raw.n_rows)
        placed.append(made)
        if 1 < raw.n_rows <= MAX_SPAN:
            reaching.cells[column] = (made, raw.n_rows - 1)
        column += span
    return sorted(placed, key=lambda cell: cell.column)


def _heads(rows: Sequence[Sequence[GridCell]], column: int, width: int) -> tuple[str, ...]:
    """The texts over a column; a title over all columns is no head."""
    over = (cell for row in rows for cell in row if cell.column <= column < cell.column + cell.span and cell.text)
    return tuple(dict.fromkeys(cell.text for cell in over if cell.span < width or width == 1))


def _count_head(rows: Sequence[Sequence[GridCell]]) -> int:
    """Leading rows whose cells are all heads; where none is marked, a first row of words over a body of numbers."""
    n = 0
    while n < len(rows) - 1 and n < 5 and all(cell.head or not cell.text for cell in rows[n]):
        n += 1
    if n or len(rows) < 3 or any(cell.head for row in rows for cell in row):
        return n
    first = [cell for cell in rows[0] if cell.text]
    width = max(cell.column + cell.span for row in rows for cell in row)
    if len(first) < max(2, width) or any(
        _DIGIT.search(cell.text) or not _LETTER.search(cell.text) or len(cell.text) > 45 for cell in first
    ):
        return 0
    numeric = [column for column in range(width) if _mostly_numbers(rows[1:], column)]
    return int(bool(numeric) and (width > 2 or numeric[0] == 0))


def _mostly_numbers(rows: Sequence[Sequence[GridCell]], column: int) -> bool:
    texts = [cell.text for row in rows for cell in row if cell.column == column and cell.text]
    return sum(bool(_DIGIT.search(text)) for text in texts) > 0.6 * len(texts)
