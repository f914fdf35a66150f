"""Ruled and half-ruled tables of a page: ruling lines -> grids -> `Table`s.

In: a `Page`. Out: tables with their words. The geometry (joining edges, intersections, cells) is pdfplumber's, fed with the
rules pdfium gave. Must not know about text outside of the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from pdfplumber.table import cells_to_tables, edges_to_intersections, intersections_to_cells, merge_edges

from ingest.pdf.lines import hull, make_lines
from ingest.pdf.tables import Table, grid_rows, is_table, split_columns, table_from_lines
from ingest.pdf.words import Page, Word
from service.core.types import Box

Edges = list[dict[str, Any]]
"""pdfplumber's edges: x0, x1, top, bottom, orientation "h" or "v"."""

MAX_EDGES = 3000
_MIN_EDGE_PT = 5.0
_BARE_ROW_PT = 20.0


def grid_tables(page: Page, edges: Edges) -> list[Table]:
    """Tables with upright and level rules, top to bottom; the sides of shaded areas count only where the rules alone give none
    (text marked in colour is shaded too, line by line)."""
    tables = _grids(page, edges)
    if page.edges:
        shaded = _grids(page, ruling_edges(page, shades=True))
        tables += [table for table in shaded if not any(_overlap(table.box, other.box) for other in tables)]
    return sorted((table.finish() for table in tables), key=lambda table: table.box[1])


def half_ruled_tables(edges: Edges, words: Sequence[Word]) -> list[Table]:
    """Tables with rules between rows only, made of the words given (those not yet taken)."""
    tables = [_half_ruled_table(words, stack) for stack in _stacks(edges, 150) if len(stack) >= 3]
    return [table.finish() for table in tables if table is not None]


def ruling_edges(page: Page, shades: bool = False) -> Edges:
    """The page's rules as pdfplumber's edges, near ones joined; none on a page with too many of them."""
    edges: Edges = []
    for x0, y0, x1, y1 in sorted({*page.rules, *(page.edges if shades else ())}):
        wide, high = x1 - x0, y1 - y0
        if max(wide, high) < _MIN_EDGE_PT:
            continue
        if wide >= high:
            y = (y0 + y1) / 2
            edges.append({"x0": x0, "x1": x1, "top": y, "bottom": y, "orientation": "h", "width": wide, "height": 0.0})
        else:
            x = (x0 + x1) / 2
            edges.append({"x0": x, "x1": x, "top": y0, "bottom": y1, "orientation": "v", "width": 0.0, "height": high})
    return _merge(edges) if len(edges) <= MAX_EDGES else []


def _merge(edges: Edges) -> Edges:
    merged: Edges = merge_edges(edges, snap_x_tolerance=2, snap_y_tolerance=2, join_x_tolerance=3, join_y_tolerance=3)
    return merged


def _grids(page: Page, edges: Edges) -> list[Table]:
    tables = _cells_of(page, _merge([*edges, *_open_sides(edges)]))
    missing = [side for table in tables for side in _outer_sides(table, edges)]
    return _cells_of(page, _merge([*edges, *_open_sides(edges), *missing])) if missing else tables


def _cells_of(page: Page, edges: Edges) -> list[Table]:
    upright = [edge for edge in edges if edge["orientation"] == "v"]
    level = [edge for edge in edges if edge["orientation"] == "h"]
    if len(upright) < 2 or len(level) < 2 or len(upright) * len(level) > 400_000:
        return []
    crossings = edges_to_intersections(edges, 3, 3)
    if len(crossings) > 4000:
        return []
    tables: list[Table] = []
    for cells in cells_to_tables(intersections_to_cells(crossings)):
        table = _grid(page, cells)
        if table is not None and not any(_overlap(table.box, other.box) for other in tables):
            tables.append(table)
    return tables


def _outer_sides(table: Table, edges: Edges) -> Edges:
    """Sides of columns that lie outside of the grid found: most of its level rules go on to the same place."""
    x0, y0, x1, y1 = table.box
    level = [edge for edge in edges if edge["orientation"] == "h" and y0 - 3 <= edge["top"] <= y1 + 3]
    sides: Edges = []
    for ends in ([edge["x0"] for edge in level if edge["x0"] < x0 - 15 and edge["x1"] >= x0 - 3],
                 [edge["x1"] for edge in level if edge["x1"] > x1 + 15 and edge["x0"] <= x1 + 3]):  # fmt: skip
        if ends:
            x = median(ends)
            if sum(abs(end - x) < 4 for end in ends) >= max(3, 0.6 * (len(table.rows) + 1)):
                sides.append({"x0": x, "x1": x, "top": y0, "bottom": y1, "orientation": "v", "width": 0.0, "height": y1 - y0})
    return sides


def _open_sides(edges: Edges) -> Edges:
    """Upright edges for the sides of tables whose rules run out to the left and right: level rules with the same ends, one below
    the other, with upright ones between them (one row in between may have none: a heading over all columns)."""
    upright = [edge for edge in edges if edge["orientation"] == "v"]
    sides: Edges = []
    for stack in _stacks(edges, 60):
        run: Edges = [stack[0]]
        bare = 0
        for above, below in pairwise(stack):
            middle = (above["top"] + below["top"]) / 2
            inner = any(edge["top"] <= middle <= edge["bottom"] and above["x0"] + 3 < edge["x0"] < above["x1"] - 3 for edge in upright)
            bare = 0 if inner else bare + (1 if below["top"] - above["top"] <= _BARE_ROW_PT else 2)
            if bare > 1 or (not inner and len(run) == 1):
                sides += _sides(run)
                run, bare = [below], 0
            else:
                run.append(below)
        sides += _sides(run[:-1] if bare else run)
    return sides


def _sides(run: Edges) -> Edges:
    if len(run) < 3:
        return []
    top, bottom = run[0]["top"], run[-1]["top"]
    return [
        {"x0": run[0][end], "x1": run[0][end], "top": top, "bottom": bottom, "orientation": "v", "width": 0.0, "height": bottom - top}
        for end in ("x0", "x1")
    ]


def _grid(page: Page, cells: Sequence[Box]) -> Table | None:
    box = hull(cells)
    if len(cells) < 3 or box[3] - box[1] < 12 or box[2] - box[0] < 40:
        return None
    words = _inside(page.words, box)
    columns, rows = grid_rows(cells, words)
    columns, rows = _without_empty(columns, rows)
    table = split_columns(Table(box, columns, rows))
    return table if is_table(table) and not _is_drawing(page, table, words) else None


def _without_empty(columns: list[tuple[float, float]], rows: list[Any]) -> tuple[list[tuple[float, float]], list[Any]]:
    """Columns in which no cell begins are no columns: double rules and shadows."""
    starts = {cell.first for row in rows for cell in row.cells}
    kept = [index for index in range(len(columns)) if index in starts]
    if not kept:
        return columns, rows
    place = {old: sum(other <= old for other in kept) - 1 for old in range(len(columns))}
    for row in rows:
        for cell in row.cells:
            cell.first, cell.last = place[cell.first], max(place[cell.first], place[cell.last])
    ends = [*kept[1:], len(columns)]
    return [(columns[index][0], columns[end - 1][1]) for index, end in zip(kept, ends, strict=True)], rows


def _is_drawing(page: Page, table: Table, words: Sequence[Word]) -> bool:
    """Line art that happens to close rectangles: curves run through it, or most of its words stand outside of the cells, or most
    cells are empty."""
    x0, y0, x1, y1 = table.box
    n_strokes = sum(box[0] < x1 and box[2] > x0 and box[1] < y1 and box[3] > y0 for box in page.strokes)
    if n_strokes >= 8 and len(table.rows) <= 5 and n_strokes > 2 * len(table.rows):
        return True
    n_inside = len(table.words)
    n_cells = len(table.rows) * len(table.columns)
    return n_inside < 0.6 * len(words) or (n_inside < 0.25 * n_cells)


def _stacks(edges: Edges, max_step: float) -> list[Edges]:
    """Level rules with the same ends, top to bottom, at most `max_step` points apart."""
    level = sorted((edge for edge in edges if edge["orientation"] == "h" and edge["x1"] - edge["x0"] > 100), key=lambda edge: edge["top"])
    stacks: list[Edges] = []
    for edge in level:
        for stack in stacks:
            if (
                abs(stack[-1]["x0"] - edge["x0"]) < 4
                and abs(stack[-1]["x1"] - edge["x1"]) < 4
                and edge["top"] - stack[-1]["top"] < max_step
            ):
                stack.append(edge)
                break
        else:
            stacks.append([edge])
    return stacks


def _half_ruled_table(all_words: Sequence[Word], stack: Edges) -> Table | None:
    box: Box = (stack[0]["x0"] - 2, stack[0]["top"] - 1, stack[0]["x1"] + 2, stack[-1]["top"] + 1)
    rows: list[list[Any]] = []
    for above, below in pairwise(stack):
        words = _inside(all_words, (box[0], above["top"] - 1, box[2], below["top"] + 1))
        if not words:
            continue
        segments = sorted(make_lines(words, 0.9), key=lambda segment: (segment.base, segment.x0))
        rows.append(segments)
    if len(rows) < 2:
        return None
    return _stacked(rows, box)


def _stacked(bands: list[list[Any]], box: Box) -> Table | None:
    """Bands between rules -> rows; a band with many rows of its own (rules above and below the body only) is taken apart."""
    rows: list[list[Any]] = []
    for band in bands:
        by_line: list[list[Any]] = []
        for segment in band:
            if by_line and abs(by_line[-1][0].base - segment.base) < 2:
                by_line[-1].append(segment)
            else:
                by_line.append([segment])
        if len(bands) <= 3 and len(by_line) > 2 and sum(len(line) > 1 for line in by_line) > 0.7 * len(by_line):
            rows += by_line
        else:
            rows.append(band)
    table = table_from_lines(rows, ruled=True, min_gap=4.0)
    if table is not None:
        table.box = box
    return table


def _inside(words: Sequence[Word], box: Box) -> list[Word]:
    return [word for word in words if box[0] <= (word.x0 + word.x1) / 2 <= box[2] and box[1] <= (word.y0 + word.y1) / 2 <= box[3]]


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) - max(a[0], b[0]) > 2 and min(a[3], b[3]) - max(a[1], b[1]) > 2
