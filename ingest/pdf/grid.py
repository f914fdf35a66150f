"""Cells of a grid -> columns and rows with words; and columns that hold several columns of text parted.

In: cell boxes from ruling lines, words. Out: columns as x-ranges and `Row`s. Must not know where the rules came from.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ingest.pdf.aligned import aligned_columns
from ingest.pdf.lines import TextLine
from ingest.pdf.tables import Row, RowCell, Table
from ingest.pdf.words import Word
from service.core.types import Box

Ranges = list[tuple[float, float]]


def grid_rows(cells: Sequence[Box], words: Sequence[Word]) -> tuple[Ranges, list[Row]]:
    """Columns and rows of a grid of cell boxes, filled with the words whose centres they hold. Rows without words are left out."""
    columns = _ranges([(box[0], box[2]) for box in cells], 5.0)
    tops = _ranges([(box[1], box[3]) for box in cells], 2.5)
    grid: list[tuple[Box, RowCell, int, int]] = []
    for box in sorted(cells, key=lambda box: (box[1], box[0])):
        inside = [index for index, (x0, x1) in enumerate(columns) if box[0] - 2 <= (x0 + x1) / 2 <= box[2] + 2]
        down = [index for index, (y0, y1) in enumerate(tops) if box[1] - 1.5 <= (y0 + y1) / 2 <= box[3] + 1.5]
        if inside and down:
            grid.append((box, RowCell(inside[0], inside[-1], []), down[0], down[-1]))
    for word in words:
        x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
        for box, cell, _, _ in grid:
            if box[0] - 1 <= x <= box[2] + 1 and box[1] - 1 <= y <= box[3] + 1:
                cell.words.append(word)
                break
    rows = [Row(y0, y1, []) for y0, y1 in tops]
    for _, cell, first, _ in grid:
        if cell.words:
            rows[first].cells.append(cell)
    kept = [index for index, row in enumerate(rows) if row.cells]
    for _, cell, first, last in grid:
        cell.n_rows = max(1, bisect_left(kept, last + 1) - bisect_left(kept, first))
    for index in kept:
        rows[index].cells.sort(key=lambda cell: cell.first)
    return columns, [rows[index] for index in kept]


def _ranges(pairs: Sequence[tuple[float, float]], min_pt: float) -> Ranges:
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


def split_heads(table: Table) -> Table:
    """A head cell that holds several heads side by side ("MIN   TYP   MAX") makes as many columns, where no text below crosses."""
    row = table.rows[0]
    for cell in reversed(row.cells):
        segments = cell.segments
        level = all(abs(segment.base - segments[0].base) < 1 for segment in segments)
        if not 2 <= len(segments) <= 6 or len(row.cells) < 2 or not level or not all(segment.bold for segment in segments):
            continue
        middles = [(a.x1 + b.x0) / 2 for a, b in pairwise(segments)]
        own = [other for below in table.rows[1:] for other in below.cells if cell.first <= other.first <= other.last <= cell.last]
        boxes = [segment for other in own for segment in other.segments]
        if own and not any(segment.x0 < middle < segment.x1 for segment in boxes for middle in middles):
            _replace_columns(table, cell.first, cell.last, middles)
    return table


def _replace_columns(table: Table, first: int, last: int, middles: Sequence[float]) -> None:
    """Columns first..last give way to those that `middles` part; cells inside go where their words are."""
    edges = [table.columns[first][0], *middles, table.columns[last][1]]
    extra = len(middles) - (last - first)
    table.columns[first : last + 1] = list(pairwise(edges))
    for row in table.rows:
        cells: list[RowCell] = []
        for cell in row.cells:
            if first <= cell.first <= cell.last <= last:
                parts: dict[int, list[Word]] = {}
                for word in cell.words:
                    parts.setdefault(first + sum((word.x0 + word.x1) / 2 > middle for middle in middles), []).append(word)
                cells += [RowCell(place, place, parts[place], cell.n_rows) for place in sorted(parts)]
                continue
            cell.first += extra if cell.first > last else 0
            cell.last += extra if cell.last >= last else 0
            cells.append(cell)
        row.cells = cells


def _text_columns(cells: Sequence[RowCell]) -> Ranges:
    """x-ranges that the cells' segments keep to; one range where they do not part, or not in several rows."""
    rows = [cell.segments for cell in cells]
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
    if any(_is_marks(body, part) for part in parts):
        return []
    return parts if not long or all(_flush(body, part) for part in parts) else []


def _is_marks(rows: Sequence[Sequence[TextLine]], part: tuple[float, float]) -> bool:
    """Bullets and the like: the marks of a list in a cell are no column."""
    own = [segment for row in rows for segment in row if segment.x0 < part[1] and segment.x1 > part[0]]
    return bool(own) and all(len(segment.words) == 1 and (segment.words[0].bullet or segment.text in "-–—*·o") for segment in own)


def _flush(rows: Sequence[Sequence[TextLine]], part: tuple[float, float]) -> bool:
    """Most segments of this x-range begin at one place, or end there, or are centred."""
    own = [segment for row in rows for segment in row if segment.x0 < part[1] and segment.x1 > part[0]]
    places = ([segment.x0 for segment in own], [segment.x1 for segment in own], [(segment.x0 + segment.x1) / 2 for segment in own])
    return any(sum(abs(value - median(values)) < 2.5 for value in values) >= 0.7 * len(values) for values in places)


def _split_column(table: Table, column: int, parts: Ranges) -> None:
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
    segments = cell.segments
    if len(segments) == 1 and any(segments[0].x0 < middle < segments[0].x1 for middle in middles):
        return [RowCell(column, column + len(middles), cell.words, cell.n_rows)]
    for word in cell.words:
        place = sum((word.x0 + word.x1) / 2 > middle for middle in middles)
        parts.setdefault(place, []).append(word)
    return [RowCell(column + place, column + place, parts[place], cell.n_rows) for place in sorted(parts)]
