"""Tables as the reader holds them: columns, rows, cells of words; and a row's text with the range of each cell.

A cell may span columns and rows. Where tables come from is in `ruled`, `unruled` and `spec_lists`; which rows are heads in `heads`. Must
not know about pages, sections or captions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ingest.pdf.lines import TextLine, join_lines, make_lines
from ingest.pdf.words import Word
from service.core.table_text import PATH, without_tail
from service.core.types import Box, Cell, Line

MAX_COLUMNS = 40

_SYMBOL_FONTS = ("symbol", "dingbat", "wingding", "webding")


@dataclass(eq=False)
class RowCell:
    """Words in columns first..last of a row; the cell reaches down over `n_rows` rows, its own included."""

    first: int
    last: int
    words: list[Word]
    n_rows: int = 1

    @cached_property
    def content(self) -> tuple[str, tuple[Line, ...]]:
        """The cell's text and lines, without the bullets of symbol fonts: every extractor spells those its own way, so they are no part of
        a verbatim text. Read it only when the words are final."""
        lines = make_lines(self.words, 1e9)
        return join_lines([_unmarked(line) for line in lines])

    @property
    def text(self) -> str:
        return self.content[0]

    @cached_property
    def segments(self) -> list[TextLine]:
        """The cell's lines, cut at wide gaps. Read it only when the words are final."""
        return make_lines(self.words, 0.9)


def _unmarked(line: TextLine) -> TextLine:
    """The line without its bullets, unless it is nothing else: a mark alone in a cell says something."""
    words = [word for word in line.words if not (word.bullet and any(mark in word.font.lower() for mark in _SYMBOL_FONTS))]
    return TextLine(words) if words and len(words) < len(line.words) else line


@dataclass(eq=False)
class Row:
    """One row, top to bottom [y0, y1]; cells left to right, empty ones left out. `group` is the text of the sub-head it stands under;
    `is_subhead`: it is one itself. `shaded`: on a coloured ground over its whole width."""

    y0: float
    y1: float
    cells: list[RowCell]
    shaded: bool = False
    is_subhead: bool = False
    group: str = ""

    @property
    def words(self) -> list[Word]:
        return [word for cell in self.cells for word in cell.words]


@dataclass(eq=False)
class Table:
    """`columns` are the columns' x-ranges; the first `n_head` rows are the head, `heads` each column's path of heads, and `title` a text
    over the whole width above them. `is_list`: keys and values ("Weight: 3 kg"), whose cells end before leaders and colon; `is_grid`: its
    cells are drawn, so that their spans are certain."""

    box: Box
    columns: list[tuple[float, float]]
    rows: list[Row]
    n_head: int = 0
    ruled: bool = True
    heads: list[str] = field(default_factory=list)
    caption: str = ""
    title: str = ""
    is_list: bool = False
    is_grid: bool = False

    @property
    def words(self) -> list[Word]:
        return [word for row in self.rows for word in row.words]

    @property
    def body(self) -> list[Row]:
        return self.rows[self.n_head :]

    def is_full_width(self, cell: RowCell) -> bool:
        """The cell spans all columns of a table that has several."""
        return cell.first == 0 and cell.last == len(self.columns) - 1 > 0


def head_over(heads: Sequence[str], cell: RowCell) -> str:
    """The head path over a cell: of a cell over several columns, all their heads, each once."""
    parts = [part for head in heads[cell.first : cell.last + 1] for part in head.split(PATH) if part]
    return PATH.join(dict.fromkeys(parts))


def row_text(row: Row, heads: Sequence[str], is_list: bool = False) -> tuple[str, tuple[Cell, ...], tuple[Line, ...]]:
    """Cells' texts joined by blanks, with each cell's head and range, and the lines."""
    text = ""
    cells: list[Cell] = []
    lines: list[Line] = []
    for cell in row.cells:
        piece, spans = cell.content
        if not piece:
            continue
        if text:
            text += " "
        start = len(text)
        end = start + len(without_tail(piece) if is_list and not cells else piece)
        head = "" if row.is_subhead else head_over(heads, cell)
        cells.append(Cell(head, start, end, column=cell.first, span=cell.last - cell.first + 1))
        lines += [Line(start + span.start, start + span.end, span.box) for span in spans]
        text += piece
    return text, tuple(cells), tuple(lines)


def full_rows(rows: Sequence[Row]) -> Iterator[tuple[Row, list[RowCell]]]:
    """Each row with the cells that reach into it from rows above."""
    reaching: list[tuple[RowCell, int]] = []
    for row in rows:
        yield row, [cell for cell, _ in reaching]
        reaching = [(cell, left - 1) for cell, left in reaching if left > 1]
        reaching += [(cell, cell.n_rows - 1) for cell in row.cells if cell.n_rows > 1]


def is_table(table: Table) -> bool:
    """At least two rows and two columns with text in most of them."""
    if len(table.rows) < 2 or not 2 <= len(table.columns) <= MAX_COLUMNS:
        return False
    if len({cell.first for row in table.rows for cell in row.cells}) < 2:
        return False
    several = sum(len(row.cells) + len(above) >= 2 for row, above in full_rows(table.rows))
    return several >= max(2, 0.4 * len(table.rows)) or (several >= 1 and len(table.rows) == 2)


def continues(before: Table, after: Table) -> bool:
    """`after` may be `before` continued: the same columns to within a few points, perhaps set off to the side as a whole (left and right
    pages have other margins)."""
    if len(before.columns) != len(after.columns) or before.is_list != after.is_list:
        return False
    pairs = list(zip(before.columns, after.columns, strict=True))
    shift = sum(b[0] - a[0] for a, b in pairs) / len(pairs)
    inner = [(a[1] + b0, b[1] + b1) for (a, b), (b0, b1) in zip(pairs[:-1], [(a[0], b[0]) for a, b in pairs[1:]], strict=True)]
    return abs(shift) < 60 and all(abs(b / 2 - a / 2 - shift) < (6 if after.ruled else 12) for a, b in inner) and _same_width(before, after)


def _same_width(before: Table, after: Table) -> bool:
    wide = before.columns[-1][1] - before.columns[0][0]
    return not after.ruled or abs(after.columns[-1][1] - after.columns[0][0] - wide) < 12
