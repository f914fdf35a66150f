"""Lines whose segments line up -> columns, rows and tables, where no rules tell them.

In: visual lines, each its segments left to right. Out: columns as x-ranges, lines joined to rows (a wrapped line belongs to the row above),
tables. Must not know where on the page the lines were found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ingest.pdf.lines import TextLine, hull
from ingest.pdf.tables import MAX_COLUMNS, Row, RowCell, Table, is_table

MAX_COMPARED_ROWS = 60
Segments = Sequence[TextLine]
_NUMERIC = re.compile(r"[<>≤≥≈~±+\-–−]*\s?[\d.,]*\d[\d.,\s]*(?:[%°µ²³Ω\w/]{0,6})")
_GOES_ON = re.compile(r"[a-zäöüß(),/&+\-–]")


def is_number(text: str) -> bool:
    """A number, perhaps with a sign and a unit."""
    return _NUMERIC.fullmatch(text) is not None


def aligned_columns(lines: Sequence[Segments], min_gap: float, all_rows: bool = False) -> list[tuple[float, float]]:
    """Columns of rows of segments: x-ranges parted by strips that no segment crosses, but for those that span several columns; rows of
    one segment count if `all_rows`."""
    rows = [[(segment.x0, segment.x1) for segment in row] for row in lines if all_rows or len(row) > 1]
    occupied = [_union(row, 0.0) for row in rows[:: max(1, len(rows) // MAX_COMPARED_ROWS)]]
    places = {(round(x0), round(x1)) for row in rows for x0, x1 in row}
    wide = {place for place in places if _spans(place, occupied)}
    return _union([(x0, x1) for row in rows for x0, x1 in row if (round(x0), round(x1)) not in wide], min_gap)


def _union(spans: Sequence[tuple[float, float]], min_gap: float) -> list[tuple[float, float]]:
    """x-ranges joined where less than `min_gap` lies between them."""
    joined: list[tuple[float, float]] = []
    for x0, x1 in sorted(spans):
        if joined and x0 < joined[-1][1] + min_gap:
            joined[-1] = (joined[-1][0], max(joined[-1][1], x1))
        else:
            joined.append((x0, x1))
    return joined


def _spans(span: tuple[float, float], occupied: Sequence[Sequence[tuple[float, float]]]) -> bool:
    """It reaches over two or more columns of most rows that have text there: a head over several columns."""
    held = [sum(min(span[1], x1) - max(span[0], x0) > 2 for x0, x1 in row) for row in occupied]
    several = sum(n > 1 for n in held)
    return several >= 2 and several > 0.5 * sum(n > 0 for n in held)


def table_from_lines(rows: Sequence[Segments], ruled: bool, min_gap: float = 5.0) -> Table | None:
    """A table of rows of segments (each row: its segments, of several lines perhaps), or None where they do not line up."""
    columns = aligned_columns(rows, min_gap)
    if not 2 <= len(columns) <= MAX_COLUMNS:
        return None
    result: list[Row] = []
    starts, ends = _sides(rows, columns)
    for row in rows:
        cells: list[RowCell] = []
        placed = [
            (_place(part, columns), part)
            for segment in row
            for part in (_cut(segment, columns, starts, ends) if len(row) > 1 else [segment])
        ]
        for (first, last), segment in sorted(placed, key=lambda item: (item[0][0], item[1].base)):
            if cells and cells[-1].last >= first:
                cells[-1].words += segment.words
                cells[-1].last = max(cells[-1].last, last)
            else:
                cells.append(RowCell(first, last, list(segment.words)))
        result.append(Row(min(s.y0 for s in row), max(s.y1 for s in row), cells))
    table = Table(hull(segment.box for row in rows for segment in row), columns, result, ruled=ruled)
    if not is_table(table):
        return None
    _fill_labels(table)
    return table


def _sides(rows: Sequence[Segments], columns: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Where segments that stand in one column begin (and end), as a rule: a median for each column."""
    own: list[list[TextLine]] = [[] for _ in columns]
    for row in rows:
        for segment in row:
            first, last = _place(segment, columns)
            if first == last:
                own[first].append(segment)
    starts = [median(segment.x0 for segment in part) if part else left for part, (left, _) in zip(own, columns, strict=True)]
    ends = [median(segment.x1 for segment in part) if part else right for part, (_, right) in zip(own, columns, strict=True)]
    return starts, ends


def _cut(segment: TextLine, columns: Sequence[tuple[float, float]], starts: Sequence[float], ends: Sequence[float]) -> list[TextLine]:
    """A segment over several columns whose words stand where the columns' texts do: one of each, set too close to part by the gap."""
    first, last = _place(segment, columns)
    if first == last:
        return [segment]
    places = [0]
    for index, (before, word) in enumerate(pairwise(segment.words), 1):
        if word.x0 - before.x1 < 0.2 * word.size:
            continue
        begins = any(abs(word.x0 - starts[column]) < 2 for column in range(first + 1, last + 1))
        finishes = any(abs(before.x1 - ends[column]) < 1.5 for column in range(first, last))
        if begins or finishes:
            places.append(index)
    return [TextLine(segment.words[start:end]) for start, end in pairwise([*places, len(segment.words)])]


def _place(segment: TextLine, columns: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """First and last column a segment stands in: those it overlaps by more than a hair; else the nearest."""
    inside = [index for index, (x0, x1) in enumerate(columns) if min(segment.x1, x1) - max(segment.x0, x0) > min(1.0, x1 - x0)]
    if inside:
        return inside[0], inside[-1]
    middle = (segment.x0 + segment.x1) / 2
    nearest = min(range(len(columns)), key=lambda index: abs((columns[index][0] + columns[index][1]) / 2 - middle))
    return nearest, nearest


def _fill_labels(table: Table) -> None:
    """A first column left empty goes on with the label above it, where the row has at least two other cells."""
    label: RowCell | None = None
    for row in table.rows:
        first = row.cells[0]
        if first.first == 0:
            label = first if len(row.cells) > 1 else None
        elif label is not None and len(row.cells) >= 2:
            label.n_rows += 1
        else:
            label = None


def wrapped_rows(lines: Sequence[list[TextLine]]) -> list[list[TextLine]]:
    """Lines joined to rows: a line that goes on with the one above becomes part of its row."""
    if not lines:
        return []
    columns = aligned_columns(lines, 5.0)
    if len(columns) < 2:
        return [list(line) for line in lines]
    border = columns[1][0]
    gaps = [(min(s.base for s in b) - max(s.base for s in a)) / max(1.0, b[0].size) for a, b in pairwise(lines)]
    tight = _tight(gaps)
    rows = [list(lines[0])]
    for line, gap in zip(lines[1:], gaps, strict=True):
        if gap < 2.0 and _wraps(rows[-1], line, border, gap <= tight if tight else None):
            rows[-1] += line
        else:
            rows.append(list(line))
    return rows


def _tight(gaps: Sequence[float]) -> float:
    """The widest step (in letter sizes) between lines of one row, where the steps between rows are clearly wider; else 0."""
    steps = sorted(gap for gap in gaps if 0.7 < gap < 4)
    if len(steps) < 2 or steps[0] > 1.5:
        return 0.0
    low = steps[0] * 1.12
    return low if any(step > steps[0] * 1.25 for step in steps) else 0.0


def _wraps(row: list[TextLine], line: list[TextLine], border: float, tight: bool | None) -> bool:
    """`line` goes on with the cells of `row`. `tight`: it stands closer than rows do; None where that tells nothing."""
    labelled = line[0].x0 < border - 1
    numeric = any(is_number(segment.text) for segment in line if segment.x0 >= border - 1)
    if tight is False:
        return False
    if labelled:
        alone = len(line) == 1 and line[0].x1 < border
        if alone:
            return not line[0].bold and (tight is True or _GOES_ON.match(line[0].text) is not None)
        return tight is True and not numeric and all(_GOES_ON.match(segment.text) for segment in line)
    under = all(any(segment.x0 < other.x1 and segment.x1 > other.x0 for other in row) for segment in line)
    return under and not numeric and (tight is True or len(line) < len(row))
