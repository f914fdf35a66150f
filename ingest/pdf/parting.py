"""What ruling lines close in is not yet a table: grids that are drawings or notice boxes, two tables in one grid, one table in two grids.

In: grids of cells, tables, the page. Out: yes or no, or the grids and tables parted or joined. Must not know how rules were found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.captions import is_caption
from ingest.pdf.heads import finish, is_bold
from ingest.pdf.lines import hull, make_lines
from ingest.pdf.tables import Row, RowCell, Table
from ingest.pdf.words import Page, Word
from service.core.types import Box

_TICK = re.compile(r"[-–−+]?\d*[.,]?\d+[kKMmµ%]?")
_MIN_FILLED = 0.2
_MAX_SUBHEAD_CHARS = 90


def is_drawing(page: Page, box: Box, cells: Sequence[Box], rows: Sequence[Row], words: Sequence[Word]) -> bool:
    """Line art that happens to close rectangles: curves run through it, or most of its words stand outside of the cells, or most cells
    are empty, or it has the ticks of a chart."""
    x0, y0, x1, y1 = box
    n_strokes = sum(stroke[0] < x1 and stroke[2] > x0 and stroke[1] < y1 and stroke[3] > y0 for stroke in page.strokes)
    if n_strokes >= 8 and len(rows) <= 5 and n_strokes > 2 * len(rows):
        return True
    filled = [cell for row in rows for cell in row.cells]
    n_inside = sum(len(cell.words) for cell in filled)
    if n_inside < 0.6 * len(words) or len(filled) < _MIN_FILLED * len(cells):
        return True
    return len(filled) < 0.7 * len(cells) and _has_ticks(page.words, box)


def _has_ticks(words: Sequence[Word], box: Box) -> bool:
    """At least three numbers stand right outside of the left side (or the right one), and three right below."""
    x0, y0, x1, y1 = box
    ticks = [word for word in words if _TICK.fullmatch(word.text)]
    level = [word for word in ticks if y0 - 6 <= (word.y0 + word.y1) / 2 <= y1 + 6]
    n_left = sum(x0 - 30 <= word.x0 and word.x1 <= x0 + 1 for word in level)
    n_right = sum(x1 - 1 <= word.x0 and word.x1 <= x1 + 30 for word in level)
    n_below = sum(x0 - 10 <= (word.x0 + word.x1) / 2 <= x1 + 10 and y1 - 1 <= (word.y0 + word.y1) / 2 <= y1 + 18 for word in ticks)
    return max(n_left, n_right) >= 3 and n_below >= 3


def is_notice(table: Table) -> bool:
    """A notice box: few cells, one of the first two of which says DANGER, WARNING, CAUTION or NOTICE."""
    cells = [cell for row in table.rows for cell in row.cells]
    if len(table.rows) > 3 or len(cells) > 5:
        return False
    texts = [cell.text for cell in cells[:2]]
    return any(level_of_line(text) or (level_of_text(text) and len(text) > 60) for text in texts)


def part_cells(cells: Sequence[Box]) -> list[list[Box]]:
    """Tables set right on top of each other share a rule, so that their cells are one grid: parted where no upright rule inside goes on
    from one row to the next and both sides have several rows of several cells."""
    bounds = sorted({round(box[1]) for box in cells} | {round(box[3]) for box in cells})
    tops = [a for index, a in enumerate(bounds) if not index or a - bounds[index - 1] > 2]
    cuts: list[float] = []
    for y in tops[1:-1]:
        if any(box[1] < y - 3 and box[3] > y + 3 for box in cells):
            continue
        above = [box for box in cells if abs(box[3] - y) <= 3]
        below = [box for box in cells if abs(box[1] - y) <= 3]
        if len(above) > 1 and len(below) > 1 and not _inner(above) & _near(_inner(below)):
            cuts.append(y)
    parts: list[list[Box]] = []
    for first, last in pairwise([-1e9, *cuts, 1e9]):
        part = [box for box in cells if first <= (box[1] + box[3]) / 2 < last]
        if len({round(box[1]) for box in part}) < 2 and parts:
            parts[-1] += part
        elif part:
            parts.append(part)
    return [list(cells)] if any(len(part) < 4 for part in parts) else parts


def _inner(boxes: Sequence[Box]) -> set[int]:
    """Where upright rules stand between the cells of one row."""
    return {round(box[0]) for box in boxes if box[0] > min(other[0] for other in boxes) + 3}


def _near(places: set[int]) -> set[int]:
    return {place + offset for place in places for offset in range(-4, 5)}


def part_at_heads(table: Table) -> list[Table]:
    """A table with other heads in mid-table is two: rows of several cells, all bold, without digits, above rows that are not."""
    bold = [is_bold(row) for row in table.rows]
    cuts = [
        index for index in range(2, len(table.rows) - 1)
        if bold[index] and not bold[index - 1] and not bold[index + 1] and _is_head(table.rows[index], table)
    ]  # fmt: skip
    if not cuts or sum(bold) > 0.4 * len(bold):
        return [table]
    parts = [table.rows[first:last] for first, last in pairwise([0, *cuts, len(table.rows)])]
    return [
        Table((table.box[0], rows[0].y0, table.box[2], rows[-1].y1), list(table.columns), rows, is_grid=table.is_grid)
        for rows in parts
        if rows
    ]


def part_side_by_side(table: Table) -> list[Table]:
    """Four columns without heads, names and values in turn, are two lists of names and values side by side."""
    if table.n_head or len(table.columns) != 4 or any(cell.last > cell.first for row in table.rows for cell in row.cells):
        return [table]
    texts = [[cell.text for row in table.rows for cell in row.cells if cell.first == column] for column in range(4)]
    names = all(not any(character.isdigit() for character in text) for column in (0, 2) for text in texts[column])
    values = all(any(character.isdigit() for character in text) for column in (1, 3) for text in texts[column])
    if not names or not values or min(map(len, texts)) < 2:
        return [table]
    return [_half(table, first) for first in (0, 2)]


def _half(table: Table, first: int) -> Table:
    rows: list[Row] = []
    for row in table.rows:
        own = [RowCell(cell.first - first, cell.last - first, cell.words) for cell in row.cells if first <= cell.first < first + 2]
        if own:
            rows.append(Row(row.y0, row.y1, own))
    x0, _, x1, _ = hull(word.box for row in rows for word in row.words)
    box = (x0, table.box[1], x1, table.box[3])  # as high as its neighbour: the left one is read first
    return finish(Table(box, table.columns[first : first + 2], rows, ruled=table.ruled))


def _is_head(row: Row, table: Table) -> bool:
    wide = sum(cell.last - cell.first + 1 for cell in row.cells)
    whole = len(row.cells) > 1 and wide >= 0.75 * len(table.columns) and all(cell.n_rows == 1 for cell in row.cells)
    return whole and not any(character.isdigit() for cell in row.cells for character in cell.text)


def join_stacked(tables: Sequence[Table], words: Sequence[Word]) -> list[Table]:
    """Grids with the same columns right below each other, with at most one line between them that spans them: one table with a sub-head."""
    taken = {id(word) for table in tables for word in table.words}
    joined: list[Table] = []
    for table in tables:
        above = joined[-1] if joined else None
        if above is None or not _same_columns(above, table):
            joined.append(table)
            continue
        box = (above.box[0] - 3, above.box[3] - 1, above.box[2] + 3, table.box[1] + 1)
        between = [word for word in words if id(word) not in taken and _holds(box, word)]
        lines = make_lines(between, 1e9) if between else []
        if len(lines) != 1 or not _is_title(lines[0].text, box, lines[0].size):
            joined.append(table)
            continue
        edges = _all_edges(above, table)
        for part in (above, table):
            _recolumn(part, edges)
        title = Row(above.box[3], table.box[1], [RowCell(0, len(above.columns) - 1, between)])
        above.rows += [title, *table.rows]
        above.box = (above.box[0], above.box[1], above.box[2], table.box[3])
    return joined


def _same_columns(a: Table, b: Table) -> bool:
    """The same columns, or some of one's columns parted further in the other."""
    if not -2 < b.box[1] - a.box[3] < 30 or (is_bold(b.rows[0]) and len(b.rows[0].cells) > 1):
        return False
    if abs(a.box[0] - b.box[0]) > 4 or abs(a.box[2] - b.box[2]) > 4:
        return False
    few, many = sorted((a.columns, b.columns), key=len)
    return len(few) > 1 and all(any(abs(x - other) < 5 for other, _ in many) for x, _ in few)


def _all_edges(a: Table, b: Table) -> list[float]:
    """Left sides of the columns of both."""
    return [x for x, _ in max(a.columns, b.columns, key=len)]


def _recolumn(table: Table, edges: Sequence[float]) -> None:
    """Give the table columns that begin at `edges`, of which it has some (to within 5 points)."""
    starts = [min(range(len(edges)), key=lambda index: abs(edges[index] - x)) for x, _ in table.columns]
    ends = [*(start - 1 for start in starts[1:]), len(edges) - 1]
    for row in table.rows:
        for cell in row.cells:
            cell.first, cell.last = starts[cell.first], ends[cell.last]
    right = table.columns[-1][1]
    table.columns = list(pairwise([*edges, right]))


def _is_title(text: str, box: Box, size: float) -> bool:
    return box[3] - box[1] < 2.4 * size + 2 and len(text) <= _MAX_SUBHEAD_CHARS and not is_caption(text) and not text.endswith(".")


def _holds(box: Box, word: Word) -> bool:
    return box[0] <= (word.x0 + word.x1) / 2 <= box[2] and box[1] <= (word.y0 + word.y1) / 2 <= box[3]
