"""Columns: the items of a page -> regions without columns, in reading order.

In: lines and wholes with their boxes. Out: lists of them. Columns are found by gutters: upright strips that the items of many
rows leave free between them; items that do cross a gutter (headings over both columns, long rules) part it into bands. A gutter
between labels and values is none. Must not know what a line says beyond a section number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ingest.pdf.lines import TextLine, hull
from service.core.types import Box

MAX_DEPTH = 4
_BIN_PT = 2.0
_MIN_GUTTER_PT = 7.0
_MIN_COLUMN_LINES = 3
_MIN_COLUMN_PT = 90.0
SECTION_START = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?\s")


@dataclass(eq=False)
class Whole:
    """A region that keeps its place in the order and is not looked into: `owner` is a table, a notice box or a drawing."""

    box: Box
    owner: Any


Item = TextLine | Whole


def split_regions(items: list[Item], depth: int) -> list[list[Item]]:
    """Regions without columns, in reading order."""
    items = sorted(items, key=lambda item: (item.box[1], item.box[0]))
    if depth >= MAX_DEPTH or len(items) < 2 * _MIN_COLUMN_LINES:
        return [items]
    best = max((_split(items, gutter) for gutter in _gutters(items)), key=lambda split: split[0], default=(0.0, []))
    if best[0] <= 0:
        return [items]
    parts: list[list[Item]] = []
    for band, gutter in best[1]:
        if gutter is None:
            parts.append(band)
            continue
        middle = (gutter[0] + gutter[1]) / 2
        parts += split_regions([item for item in band if item.box[2] <= middle], depth + 1)
        parts += split_regions([item for item in band if item.box[2] > middle], depth + 1)
    return parts


Gutter = tuple[float, float]


def _gutters(items: list[Item]) -> list[Gutter]:
    """Upright strips that many pairs of neighbours in a row leave free between them, commonest first. `items` by their tops."""
    left, right = min(item.box[0] for item in items), max(item.box[2] for item in items)
    free = [0] * (int((right - left) / _BIN_PT) + 2)
    active: list[Item] = []
    for item in items:
        active = [other for other in active if other.box[3] > item.box[1] + 2]
        for first, last in _gaps(item, active):
            for index in range(int((first - left) / _BIN_PT) + 1, int((last - left) / _BIN_PT)):
                free[index] += 1
        active.append(item)
    gutters: list[tuple[int, Gutter]] = []
    index = 0
    while index < len(free):
        end = index
        while end + 1 < len(free) and free[end + 1] == free[index]:
            end += 1
        higher = (index > 0 and free[index - 1] > free[index]) or (end + 1 < len(free) and free[end + 1] > free[index])
        if free[index] >= _MIN_COLUMN_LINES and not higher:
            gutters.append((free[index], (left + index * _BIN_PT, left + (end + 1) * _BIN_PT)))
        index = end + 1
    return [gutter for _, gutter in sorted(gutters, reverse=True)[:8]]


def _gaps(item: Item, others: Sequence[Item]) -> list[Gutter]:
    """Free strips between an item and its nearest neighbours left and right."""
    x0, _, x1, _ = item.box
    before = max((other.box[2] for other in others if other.box[2] <= x0 + 1), default=None)
    after = min((other.box[0] for other in others if other.box[0] >= x1 - 1), default=None)
    gaps = [(before, x0)] if before is not None else []
    gaps += [(x1, after)] if after is not None else []
    return [(first, last) for first, last in gaps if last - first >= _MIN_GUTTER_PT]


Band = tuple[list[Item], Gutter | None]


def _split(items: list[Item], gutter: Gutter) -> tuple[float, list[Band]]:
    """(points of column height won, bands top to bottom) for one gutter; 0 where it parts nothing."""
    middle = (gutter[0] + gutter[1]) / 2
    crossing = [item for item in items if item.box[0] < middle - 1 and item.box[2] > middle + 1]
    bands: list[Band] = []
    won = 0.0
    rest = [item for item in items if not (item.box[0] < middle - 1 and item.box[2] > middle + 1)]
    for across in [*crossing, None]:
        limit = (across.box[1] + across.box[3]) / 2 if across is not None else 1e9
        band = [item for item in rest if (item.box[1] + item.box[3]) / 2 < limit]
        rest = [item for item in rest if (item.box[1] + item.box[3]) / 2 >= limit]
        large, band = _large_top(band)
        if large:
            _append(bands, large)
        if band and _is_columns(band, middle):
            box = hull(item.box for item in band)
            won += (box[3] - box[1]) * min(1.0, (gutter[1] - gutter[0] + 6) / 20)
            bands.append((band, gutter))
            if across is not None:
                bands.append(([across], None))
            continue
        if across is not None:
            band = [*band, across]
        if band:
            _append(bands, band)
    return won, bands


def _append(bands: list[Band], items: list[Item]) -> None:
    if bands and bands[-1][1] is None:
        bands[-1] = ([*bands[-1][0], *items], None)
    else:
        bands.append((items, None))


def _large_top(band: list[Item]) -> tuple[list[Item], list[Item]]:
    """Lines in letters of title size on top of a band head both columns, also where they do not reach over the gutter."""
    sizes = [item.size for item in band if isinstance(item, TextLine)]
    if len(sizes) < 6:
        return [], band
    limit, n_large = 1.5 * median(sizes), 0
    while n_large < len(band) and isinstance(item := band[n_large], TextLine) and item.size >= limit:
        if any(other is not item and min(item.y1, other.box[3]) - max(item.y0, other.box[1]) > 2 for other in band[n_large:]):
            break
        n_large += 1
    return band[:n_large], band[n_large:]


def _is_columns(band: list[Item], middle: float) -> bool:
    """Both sides hold running text, or stand on baselines of their own; a label-value list is neither."""
    sides = ([item for item in band if item.box[2] <= middle + 1], [item for item in band if item.box[2] > middle + 1])
    if min(_n_rows(side) for side in sides) < _MIN_COLUMN_LINES:
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
        return wide and min(fills) >= 0.6 and min(_n_words(side) for side in sides) >= 4
    return max(fills) >= 0.5


def _n_rows(side: list[Item]) -> int:
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
