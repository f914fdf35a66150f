"""Lines next to a table without drawn cells that are rows of it: its head above, rows below, set apart by a gutter or a page's columns.

In: a page's paragraphs and wholes in reading order. Out: the same with such lines moved into their tables. Only lines whose words stand
where the table's columns begin or end are taken. Must not know how tables were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from ingest.pdf.captions import is_caption
from ingest.pdf.columns import Whole
from ingest.pdf.heads import finish
from ingest.pdf.layout import Paragraph
from ingest.pdf.lines import TextLine, hull
from ingest.pdf.tables import Row, RowCell, Table
from service.core.types import Box

MAX_HEAD_PIECES = 8
_STEP_EM = 2.6
_WRAP_EM = 1.5
_SIDE_PT = 2.5

Sides = list[tuple[float, float]]
"""Where the texts of each column begin and end, as a rule."""


def absorb(items: Sequence[Paragraph | Whole]) -> list[Paragraph | Whole]:
    """Move heads from above tables, and rows from below them, into the tables."""
    result = list(items)
    for whole in items:
        if isinstance(whole, Whole) and isinstance(whole.owner, Table) and not whole.owner.is_grid and not whole.owner.is_list:
            _absorb(result, whole, whole.owner)
    return [item for item in result if not isinstance(item, Paragraph) or item.lines]


def _absorb(items: list[Paragraph | Whole], whole: Whole, table: Table) -> None:
    index = next(index for index, item in enumerate(items) if item is whole)
    sides = _sides(table)
    changed = False
    if (not table.n_head or table.rows[0].cells[0].first) and (owners := _above(items, index, whole.box)):
        line = TextLine(sorted((word for owner in owners for word in owner.lines[-1].words), key=lambda word: word.x0))
        cells = _cells(line, sides)
        if len(cells) >= max(2, 0.6 * len(sides)):
            table.rows.insert(0, Row(line.y0, line.y1, cells))
            changed = True
            for owner in owners:
                owner.lines.pop()
                if owner.lines:
                    owner.finish()
                else:
                    items.remove(owner)
                    index -= 1
    while index + 1 < len(items) and isinstance(below := items[index + 1], Paragraph) and below.lines:
        line = below.lines[0]
        cells = _cells(line, sides)
        last = table.rows[-1]
        step = line.base - max(word.base for word in last.words)
        if not cells or step > _STEP_EM * line.size or step < 0:
            break
        if cells[0].first and step < _WRAP_EM * line.size and _wrap(last, cells):
            last.y1 = max(last.y1, line.y1)
        elif len(cells) < 2 or cells[0].first:
            break
        else:
            table.rows.append(Row(line.y0, line.y1, cells))
        below.lines.pop(0)
        changed = True
        if below.lines:
            below.finish()
        else:
            del items[index + 1]
    if changed:
        table.box = hull([table.box, *((min(w.x0 for w in row.words), row.y0, max(w.x1 for w in row.words), row.y1) for row in table.rows)])
        whole.box = table.box
        finish(table)


def _wrap(row: Row, cells: Sequence[RowCell]) -> bool:
    """The cells go on with cells of the row, all of them: their words are added."""
    own = {cell.first: index for index, cell in enumerate(row.cells)}
    if any(cell.first not in own for cell in cells):
        return False
    for cell in cells:
        index = own[cell.first]
        row.cells[index] = replace(row.cells[index], words=[*row.cells[index].words, *cell.words])
    return True


def _above(items: Sequence[Paragraph | Whole], index: int, box: Box) -> list[Paragraph]:
    """The paragraphs before the table whose last lines are the one line right above it."""
    owners: list[Paragraph] = []
    for item in reversed(items[max(0, index - MAX_HEAD_PIECES) : index]):
        if not isinstance(item, Paragraph) or not item.lines or is_caption(item.text):
            break
        line = item.lines[-1]
        level = not owners or (len(item.lines) == 1 and abs(line.base - owners[0].lines[-1].base) < 2)
        if not level or not _is_next(line.box, box, line.size):
            break
        owners.append(item)
    return owners


def _sides(table: Table) -> Sides:
    """Medians of the left and right ends of the cells of each column."""
    sides: Sides = []
    for column, (left, right) in enumerate(table.columns):
        own = [hull(word.box for word in cell.words) for row in table.rows for cell in row.cells if cell.first == cell.last == column]
        sides.append((median(box[0] for box in own), median(box[2] for box in own)) if own else (left, right))
    return sides


def _cells(line: TextLine, sides: Sides) -> list[RowCell]:
    """The line's words as cells of the columns where they begin (or end); none where one of them fits no column."""
    places = [0]
    for index, (before, word) in enumerate(pairwise(line.words), 1):
        gap = word.x0 - before.x1
        if gap > 0.4 * word.size and (_begins(word.x0, sides) or _ends(before.x1, sides) or gap > 1.6 * word.size):
            places.append(index)
    cells: list[RowCell] = []
    for start, end in pairwise([*places, len(line.words)]):
        words = line.words[start:end]
        column = next(
            (c for c, (x0, x1) in enumerate(sides) if abs(words[0].x0 - x0) < _SIDE_PT or abs(words[-1].x1 - x1) < _SIDE_PT), None
        )
        if column is None or (cells and column <= cells[-1].first):
            return []
        cells.append(RowCell(column, column, list(words)))
    return cells


def _begins(x: float, sides: Sides) -> bool:
    return any(abs(x - x0) < _SIDE_PT for x0, _ in sides[1:])


def _ends(x: float, sides: Sides) -> bool:
    return any(abs(x - x1) < _SIDE_PT for _, x1 in sides[:-1])


def _is_next(above: Box, below: Box, size: float) -> bool:
    return -0.5 * size < below[1] - above[3] < (_STEP_EM - 1) * size
