"""Is the strip between two sets of lines a gutter between columns, or the gap between the columns of a table or list?

In: the items of a band and the middle of the strip. Out: yes or no. Columns hold running text, or stand on baselines of their own, or begin
new things at heights of their own; tables do so row by row. Must not know where bands come from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ingest.pdf.items import Item, Whole
from ingest.pdf.lines import TextLine, hull
from ingest.pdf.margins import margin_of
from service.core.types import Box

MIN_GUTTER_PT = 7.0
MIN_COLUMN_LINES = 3
_MIN_COLUMN_PT = 90.0
SECTION_START = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?\s")


def sides_of(band: Sequence[Item], middle: float) -> tuple[list[Item], list[Item]]:
    """The items left and right of a middle that none of them crosses."""
    return ([item for item in band if item.box[2] <= middle + 1], [item for item in band if item.box[2] > middle + 1])


def is_columns(band: list[Item], middle: float) -> bool:
    """Both sides hold running text, or stand on baselines of their own; a label-value list is neither."""
    sides = sides_of(band, middle)
    if margin_of(*sides) is not None:
        return True
    if min(n_rows(side) for side in sides) < MIN_COLUMN_LINES:
        return False
    boxes = [hull(item.box for item in side) for side in sides]
    overlap = min(boxes[0][3], boxes[1][3]) - max(boxes[0][1], boxes[1][1])
    if overlap < 0.25 * max(box[3] - box[1] for box in boxes) and overlap < 40:
        return False
    fills = [_fill(side, box) for side, box in zip(sides, boxes, strict=True)]
    if all(any(isinstance(item, TextLine) and item.bold and SECTION_START.match(item.text) for item in side) for side in sides):
        return True
    if _matching(*sides) >= 0.5:  # either columns on one line grid, or a table: prose has long, full lines
        wide = min(box[2] - box[0] for box in boxes) >= _MIN_COLUMN_PT
        prose = min(fills) >= 0.6 and min(_n_words(side) for side in sides) >= 4
        return wide and (prose or (max(fills) >= 0.5 and _break_apart(*sides)))
    return max(fills) >= 0.5


def goes_on(band: list[Item], middle: float) -> bool:
    """The last lines of columns that began on an earlier page: beside each other, apart, not row by row."""
    sides = sides_of(band, middle)
    if not all(sides):
        return False
    boxes = [hull(item.box for item in side) for side in sides]
    beside = min(boxes[0][3], boxes[1][3]) - max(boxes[0][1], boxes[1][1]) > 0
    apart = boxes[1][0] - boxes[0][2] >= MIN_GUTTER_PT and min(boxes[0][2] - boxes[0][0], boxes[1][2] - boxes[1][0]) > _MIN_COLUMN_PT
    rows = [n_rows(side) for side in sides]
    return beside and apart and (min(rows) < MIN_COLUMN_LINES <= max(rows) or _matching(*sides) < 0.75)


def _break_apart(left: list[Item], right: list[Item]) -> bool:
    """Headings, boxes and gaps stand at other heights on the left than on the right; in a table they come row by row."""
    if min(n_rows(left), n_rows(right)) < 8:
        return False
    heads = _heads(left), _heads(right)
    if all(heads) and (any(_is_alone(head, right) for head in heads[0]) or any(_is_alone(head, left) for head in heads[1])):
        return True
    breaks = sorted((_breaks(left), _breaks(right)), key=len)
    few, many = breaks
    if len(few) < 2:
        return False
    return sum(any(abs(y - other) < 4 for other in many) for y in few) < 0.5 * len(few)


def _heads(side: Sequence[Item]) -> list[TextLine]:
    """Lines in larger letters than the others."""
    lines = [item for item in side if isinstance(item, TextLine)]
    typical = median(line.size for line in lines) if lines else 0.0
    return [line for line in lines if line.size > 1.2 * typical]


def _is_alone(line: TextLine, others: Sequence[Item]) -> bool:
    """No line of these stands on its baseline."""
    return not any(isinstance(other, TextLine) and abs(other.base - line.base) < 2 for other in others)


def _breaks(side: list[Item]) -> list[float]:
    """Heights at which something new begins: below a gap, in other type, a box."""
    ordered = sorted(side, key=lambda item: item.box[1])
    steps = [
        after.base - before.base for before, after in pairwise(ordered) if isinstance(before, TextLine) and isinstance(after, TextLine)
    ]
    pitch = median([step for step in steps if step > 4] or [12.0])
    found = [ordered[0].box[1]]
    for before, item in pairwise(ordered):
        if isinstance(item, TextLine) and isinstance(before, TextLine):
            step = item.base - before.base
            if step <= 1.3 * pitch and (step <= 4 or abs(item.size - before.size) <= 1):
                continue
        found.append(item.box[1])
    return found


def n_rows(side: list[Item]) -> int:
    """Lines of text, and boxes as many as their height would hold."""
    return sum(max(1, int((item.box[3] - item.box[1]) / 14)) if isinstance(item, Whole) else 1 for item in side)


def _n_words(side: list[Item]) -> float:
    """Median words of the side's lines; blocks of any kind count as long lines."""
    return median(len(item.words) if isinstance(item, TextLine) else 10 for item in side)


def _fill(side: list[Item], box: Box) -> float:
    """Mean share of the column's width that its rows fill."""
    rows: dict[int, float] = {}
    for item in side:
        if isinstance(item, Whole):
            rows[-int(item.box[1]) - 1] = item.box[2] - item.box[0]
        else:
            key = round(item.base / 3)
            rows[key] = rows.get(key, 0.0) + item.x1 - item.x0
    return sum(rows.values()) / len(rows) / max(1.0, box[2] - box[0])


def _matching(left: list[Item], right: list[Item]) -> float:
    """Share of the shorter side's lines that have a line of the other side on their baseline."""
    bases = [sorted(item.base for item in side if isinstance(item, TextLine)) for side in (left, right)]
    few, many = sorted(bases, key=len)
    if not few:
        return 0.0
    return sum(any(abs(base - other) < 1.5 for other in many) for base in few) / len(few)
