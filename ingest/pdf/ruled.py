"""Ruled tables of a page: ruling lines -> grids of cells -> `Table`s; and half-ruled ones, through `open_rules`.

In: a `Page`. Out: tables with their words. The geometry (joining edges, intersections, cells) is pdfplumber's, fed with the
rules pdfium gave. Must not know about text outside of the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pdfplumber.table import cells_to_tables, merge_edges

from ingest.pdf.grid import grid_rows, split_columns, split_heads
from ingest.pdf.heads import finish, is_bold
from ingest.pdf.lines import hull
from ingest.pdf.open_rules import open_tables
from ingest.pdf.parting import is_drawing, is_notice, join_stacked, part_at_heads, part_cells
from ingest.pdf.rule_cells import Edges as Edges
from ingest.pdf.rule_cells import closed_cells
from ingest.pdf.tables import Row, Table, is_table
from ingest.pdf.words import Page, Word
from service.core.types import Box

MAX_EDGES = 3000
_MIN_EDGE_PT = 5.0
_BARE_ROW_PT = 20.0
_MAX_STROKES = 4


def grid_tables(page: Page, edges: Edges) -> list[Table]:
    """Tables with upright and level rules, top to bottom; the sides of shaded areas count only where the rules alone give none
    (text marked in colour is shaded too, line by line)."""
    tables = _grids(page, edges)
    if page.edges:
        shaded = [
            table
            for table in _grids(page, ruling_edges(page, shades=True))
            if not _is_cut(table, edges) and not all(is_bold(row) for row in table.rows)
        ]
        tables += [table for table in shaded if not any(_overlap(table.box, other.box) for other in tables)]
    tables = join_stacked(sorted(tables, key=lambda table: table.box[1]), page.words)
    for table in tables:
        _shade(table, page.fills)
    return [finish(part) for table in tables for part in part_at_heads(table)]


def _is_cut(table: Table, edges: Edges) -> bool:
    """Level rules that go on below (or above) the grid at the same width: it is the shaded head of a half-ruled table."""
    x0, y0, x1, y1 = table.box
    return any(
        stack[-1]["top"] > y1 + 8 or stack[0]["top"] < y0 - 8
        for stack in _stacks(edges, 60)
        if len(stack) > 2 and abs(stack[0]["x0"] - x0) < 8 and abs(stack[0]["x1"] - x1) < 8
        and any(y0 - 3 < edge["top"] < y1 + 3 for edge in stack)
    )  # fmt: skip


def half_ruled_tables(edges: Edges, words: Sequence[Word], strokes: Sequence[Box] = ()) -> list[Table]:
    """Tables with rules between rows only, or above and below head and body only, made of the words given (those not yet taken). Curves
    (`strokes`) run through charts, whose grids look alike."""
    tables = open_tables([stack for stack in _stacks(edges, 150) if len(stack) >= 3], words)
    return [finish(table) for table in tables if sum(_overlap(table.box, stroke) for stroke in strokes) < _MAX_STROKES]


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
    closed = _merge([*edges, *_open_sides(edges)])
    tables = _tables_of(page, closed)
    missing = [side for table in tables for side in _outer_sides(table, closed)]
    return _tables_of(page, _merge([*closed, *missing])) if missing else tables


def _tables_of(page: Page, edges: Edges) -> list[Table]:
    tables: list[Table] = []
    for connected in cells_to_tables(closed_cells(edges)):
        for cells in part_cells(connected):
            table = _grid(page, cells)
            if table is not None and not any(_overlap(table.box, other.box) for other in tables):
                tables.append(table)
    return tables


def _outer_sides(table: Table, edges: Edges) -> Edges:
    """The left and right side of a grid where no upright rule stands: most of its level rules begin (end) there, or the first and the last.
    Such columns may lie outside of the grid found."""
    x0, y0, x1, y1 = table.box
    level = [edge for edge in edges if edge["orientation"] == "h" and y0 - 3 <= edge["top"] <= y1 + 3]
    level = [edge for edge in level if edge["x0"] < x1 and edge["x1"] > x0]
    sides: Edges = []
    for x in {min((edge["x0"] for edge in level), default=x0), max((edge["x1"] for edge in level), default=x1)}:
        there = [edge["top"] for edge in level if min(abs(edge["x0"] - x), abs(edge["x1"] - x)) < 4]
        closed = len(there) > 1 and min(there) < y0 + 3 and max(there) > y1 - 3
        if _is_drawn(edges, x, y0, y1):
            continue
        if closed or (not x0 - 3 < x < x1 + 3 and len(there) >= max(3, 0.6 * (len(table.rows) + 1))):
            sides.append({"x0": x, "x1": x, "top": y0, "bottom": y1, "orientation": "v", "width": 0.0, "height": y1 - y0})
    return sides


def _is_drawn(edges: Edges, x: float, y0: float, y1: float) -> bool:
    """An upright rule stands at x from y0 to y1 already."""
    return any(
        edge["orientation"] == "v" and abs(edge["x0"] - x) < 3 and edge["top"] < y0 + 3 and edge["bottom"] > y1 - 3 for edge in edges
    )


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
    if is_drawing(page, box, cells, rows, words):
        return None
    columns, rows = _without_empty(columns, rows)
    table = split_columns(split_heads(Table(box, columns, rows, is_grid=True)))
    return table if is_table(table) and not is_notice(table) else None


def _without_empty(columns: list[tuple[float, float]], rows: list[Row]) -> tuple[list[tuple[float, float]], list[Row]]:
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


def _shade(table: Table, fills: Sequence[Box]) -> None:
    """Mark rows that stand on coloured areas over their whole width."""
    x0, x1 = table.box[0], table.box[2]
    near = [fill for fill in fills if fill[0] < x1 and fill[2] > x0 and fill[1] < table.box[3] and fill[3] > table.box[1]]
    for row in table.rows:
        y = (row.y0 + row.y1) / 2
        high = 3 * (row.y1 - row.y0)
        wide = sum(min(fill[2], x1) - max(fill[0], x0) for fill in near if fill[1] <= y <= fill[3] < fill[1] + high)
        row.shaded = wide > 0.85 * (x1 - x0)


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


def _inside(words: Sequence[Word], box: Box) -> list[Word]:
    return [word for word in words if box[0] <= (word.x0 + word.x1) / 2 <= box[2] and box[1] <= (word.y0 + word.y1) / 2 <= box[3]]


def _overlap(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) - max(a[0], b[0]) > 2 and min(a[3], b[3]) - max(a[1], b[1]) > 2
