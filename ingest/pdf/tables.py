"""Tables: from ruling lines (all around, or between rows only) or from aligned columns -> rows of cells with column heads.

In: a page's words and rules, or the lines of one region. Out: `Table`s, and their rows as text with cell ranges. A frame around
a paragraph, line art and two-column text are not tables: at least two rows and two columns, text in most cells. Must not
know about sections or other pages, except `continues`, which compares two tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from ingest.pdf.lines import TextLine, hull, join_lines, make_lines
from ingest.pdf.words import Word
from service.core.types import Box, Cell, Line

MAX_COLUMNS = 40


@dataclass(eq=False)
class RowCell:
    """Words in columns first..last of a row."""

    first: int
    last: int
    words: list[Word]


@dataclass(eq=False)
class Row:
    """One row, top to bottom [y0, y1]; cells left to right, empty ones left out."""

    y0: float
    y1: float
    cells: list[RowCell]

    @property
    def words(self) -> list[Word]:
        return [word for cell in self.cells for word in cell.words]


@dataclass(eq=False)
class Table:
    """`columns` are the columns' x-ranges; the first `n_head` rows are the head."""

    box: Box
    columns: list[tuple[float, float]]
    rows: list[Row]
    n_head: int = 0
    ruled: bool = True
    heads: list[str] = field(default_factory=list)
    caption: str = ""

    @property
    def words(self) -> list[Word]:
        return [word for row in self.rows for word in row.words]

    def finish(self) -> Table:
        """Find the head rows and set each column's head."""
        self.n_head = count_head_rows(self)
        self.heads = [self._head(column) for column in range(len(self.columns))]
        return self

    def _head(self, column: int) -> str:
        texts: list[str] = []
        for row in self.rows[: self.n_head]:
            for cell in row.cells:
                text = cell_text(cell)[0]
                if cell.first <= column <= cell.last and text not in texts:
                    texts.append(text)
        return " ".join(texts)


def cell_text(cell: RowCell) -> tuple[str, tuple[Line, ...]]:
    """The cell's text and lines."""
    return join_lines(make_lines(cell.words, 1e9))


def row_text(row: Row, heads: Sequence[str]) -> tuple[str, tuple[Cell, ...], tuple[Line, ...]]:
    """Cells' texts joined by blanks, with each cell's head and range, and the lines."""
    text = ""
    cells: list[Cell] = []
    lines: list[Line] = []
    for cell in row.cells:
        piece, spans = cell_text(cell)
        if not piece:
            continue
        if text:
            text += " "
        start = len(text)
        head = heads[cell.first] if cell.first < len(heads) else ""
        cells.append(Cell(head, start, start + len(piece)))
        lines += [Line(start + span.start, start + span.end, span.box) for span in spans]
        text += piece
    return text, tuple(cells), tuple(lines)


_DIGIT = re.compile(r"\d")


def count_head_rows(table: Table) -> int:
    """Rows that head the columns: set bold, or without digits above a body that has them, or with spanning cells on top."""
    rows = table.rows
    if len(rows) < 2:
        return 0
    bold = [_bold(row) for row in rows]
    n_head = 0
    if bold[0] and not all(bold):
        while (
            n_head < min(4, len(rows) - 1)
            and bold[n_head]
            and not (n_head and len(rows[n_head].cells) == 1 and len(rows[n_head - 1].cells) > 1)
        ):
            n_head += 1
    elif len(rows[0].cells) >= 2 or len(rows) > 2:
        n_head = _plain_heads(table)
    while 0 < n_head < len(rows) and all(len(row.cells) == 1 for row in rows[:n_head]) and len(rows[n_head].cells) > 1 and n_head < 3:
        n_head += 1
    return n_head


def _bold(row: Row) -> bool:
    words = row.words
    return bool(words) and sum(len(word.text) for word in words if word.bold or word.light) >= 0.7 * sum(len(word.text) for word in words)


def _plain_heads(table: Table) -> int:
    first, body = table.rows[0], table.rows[1:]
    texts = [cell_text(cell)[0] for cell in first.cells]
    if len(first.cells) < 0.6 * len(table.columns) or any(len(text) > 45 for text in texts):
        return 0
    for cell, text in zip(first.cells, texts, strict=True):
        if not re.search(r"[^\W\d_]", text):
            return 0
        below = [cell_text(other)[0] for row in body for other in row.cells if other.first == cell.first]
        if below and sum(bool(_DIGIT.search(value)) for value in below) > 0.6 * len(below) and not _DIGIT.search(text):
            return 1
    return 1 if not any(_DIGIT.search(text) for text in texts) and table.ruled else 0


def grid_rows(cells: Sequence[Box], words: Sequence[Word]) -> tuple[list[tuple[float, float]], list[Row]]:
    """Columns and rows of a grid of cell boxes, filled with the words whose centres they hold."""
    columns = _ranges([(box[0], box[2]) for box in cells], 5.0)
    tops = _ranges([(box[1], box[3]) for box in cells], 2.5)
    rows = [Row(y0, y1, []) for y0, y1 in tops]
    grid: list[tuple[Box, RowCell, int]] = []
    for box in sorted(cells, key=lambda box: (box[1], box[0])):
        inside = [index for index, (x0, x1) in enumerate(columns) if box[0] - 2 <= (x0 + x1) / 2 <= box[2] + 2]
        row = next((index for index, (y0, _) in enumerate(tops) if abs(y0 - box[1]) < 2.5), None)
        if inside and row is not None:
            grid.append((box, RowCell(inside[0], inside[-1], []), row))
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        for box, cell, _ in grid:
            if box[0] - 1 <= x <= box[2] + 1 and box[1] - 1 <= y <= box[3] + 1:
                cell.words.append(word)
                break
    for _, cell, row in grid:
        if cell.words:
            rows[row].cells.append(cell)
    for filled in rows:
        filled.cells.sort(key=lambda cell: cell.first)
    return columns, [row for row in rows if row.cells]


def _ranges(pairs: Sequence[tuple[float, float]], min_pt: float) -> list[tuple[float, float]]:
    """Smallest intervals between neighbouring edges; edges nearer than `min_pt` are one."""
    edges: list[float] = []
    for value in sorted(value for pair in pairs for value in pair):
        if not edges or value - edges[-1] > min_pt:
            edges.append(value)
    return list(pairwise(edges))


def split_columns(table: Table) -> Table:
    """Columns that hold several columns of text without a rule between them ("MIN TYP MAX") are parted where the texts are."""
    for column in range(len(table.columns) - 1, -1, -1):
        parts = _text_columns([cell for row in table.rows for cell in row.cells if cell.first == cell.last == column])
        if len(parts) > 1:
            _split_column(table, column, parts)
    return table


def _text_columns(cells: Sequence[RowCell]) -> list[tuple[float, float]]:
    """x-ranges that the cells' segments keep to; one range where they do not part, or not in several rows."""
    rows = [make_lines(cell.words, 0.9) for cell in cells]
    heads = [row for row in rows if all(segment.bold for segment in row)]
    body = [row for row in rows if row not in heads or len(row) > 1]
    long = any(len(segment.text) > 18 for row in body for segment in row)
    parts = aligned_columns(body, 8.0 if long else 3.0, all_rows=True)
    if not 2 <= len(parts) <= 8:
        return []
    held = [sum(any(segment.x0 < part[1] and segment.x1 > part[0] for segment in row) for part in parts) for row in body]
    headed = any(len(row) == len(parts) for row in heads) and len(body) > 1
    if sum(n > 1 for n in held) < max(2, 0.3 * len(body)) and not headed:
        return []
    return parts if not long or all(_flush(body, part) for part in parts) else []


def _flush(rows: Sequence[Sequence[TextLine]], part: tuple[float, float]) -> bool:
    """Most segments of this x-range begin at one place, or end there, or are centred."""
    own = [segment for row in rows for segment in row if segment.x0 < part[1] and segment.x1 > part[0]]
    places = ([segment.x0 for segment in own], [segment.x1 for segment in own], [(segment.x0 + segment.x1) / 2 for segment in own])
    return any(sum(abs(value - median(values)) < 2.5 for value in values) >= 0.7 * len(values) for values in places)


def _split_column(table: Table, column: int, parts: list[tuple[float, float]]) -> None:
    left, right = table.columns[column]
    middles = [(a[1] + b[0]) / 2 for a, b in pairwise(parts)]
    edges = [left, *middles, right]
    table.columns[column : column + 1] = list(pairwise(edges))
    extra = len(parts) - 1
    for row in table.rows:
        cells: list[RowCell] = []
        for cell in row.cells:
            if cell.first > column:
                cell.first, cell.last = cell.first + extra, cell.last + extra
            elif cell.first < column <= cell.last or (cell.first == column < cell.last):
                cell.last += extra
            elif cell.first == column:
                cells += _cell_parts(cell, column, middles)
                continue
            cells.append(cell)
        row.cells = cells


def _cell_parts(cell: RowCell, column: int, middles: Sequence[float]) -> list[RowCell]:
    parts: dict[int, list[Word]] = {}
    segments = make_lines(cell.words, 0.9)
    if len(segments) == 1 and any(segments[0].x0 < middle < segments[0].x1 for middle in middles):
        return [RowCell(column, column + len(middles), cell.words)]
    for word in cell.words:
        place = sum((word.x0 + word.x1) / 2 > middle for middle in middles)
        parts.setdefault(place, []).append(word)
    return [RowCell(column + place, column + place, parts[place]) for place in sorted(parts)]


def is_table(table: Table) -> bool:
    """At least two rows and two columns with text in most of them, no cell with a whole page of text."""
    if len(table.rows) < 2 or not 2 <= len(table.columns) <= MAX_COLUMNS:
        return False
    filled = sorted({cell.first for row in table.rows for cell in row.cells})
    if len(filled) < 2:
        return False
    several = sum(len(row.cells) >= 2 for row in table.rows)
    return several >= max(2, 0.4 * len(table.rows)) or (several >= 1 and len(table.rows) == 2)


def aligned_columns(lines: Sequence[Sequence[TextLine]], min_gap: float, all_rows: bool = False) -> list[tuple[float, float]]:
    """Columns of rows of segments: x-ranges parted by strips that no segment crosses; rows of one segment count if `all_rows`."""
    spans = sorted((segment.x0, segment.x1) for row in lines if all_rows or len(row) > 1 for segment in row)
    columns: list[list[float]] = []
    for x0, x1 in spans:
        if columns and x0 < columns[-1][1] + min_gap:
            columns[-1][1] = max(columns[-1][1], x1)
        else:
            columns.append([x0, x1])
    return [(x0, x1) for x0, x1 in columns]


def table_from_lines(rows: Sequence[Sequence[TextLine]], ruled: bool, min_gap: float = 5.0) -> Table | None:
    """A table of rows of segments (each row: its segments left to right), or None where they do not line up."""
    columns = aligned_columns(rows, min_gap)
    if not 2 <= len(columns) <= MAX_COLUMNS:
        return None
    result: list[Row] = []
    for row in rows:
        cells: list[RowCell] = []
        placed = [
            ([index for index, (x0, x1) in enumerate(columns) if segment.x0 < x1 and segment.x1 > x0] or [0], segment) for segment in row
        ]
        for inside, segment in sorted(placed, key=lambda item: (item[0][0], item[1].base)):
            first, last = inside[0], inside[-1]
            if cells and cells[-1].last >= first:
                cells[-1].words += segment.words
                cells[-1].last = max(cells[-1].last, last)
            else:
                cells.append(RowCell(first, last, list(segment.words)))
        result.append(Row(min(s.y0 for s in row), max(s.y1 for s in row), cells))
    table = Table(hull(segment.box for row in rows for segment in row), columns, result, ruled=ruled)
    return table if is_table(table) else None


def continues(before: Table, after: Table) -> bool:
    """`after` is `before` continued: the same columns to within a few points."""
    if len(before.columns) != len(after.columns):
        return False
    return all(abs(a[0] - b[0]) < 6 and abs(a[1] - b[1]) < 6 for a, b in zip(before.columns, after.columns, strict=True))
