"""Columns: the items of a page -> regions without columns, in reading order.

In: lines and wholes with their boxes. Out: lists of them. Columns are found by gutters: upright strips that the items of many
rows leave free between them; items that do cross a gutter (headings over both columns, long rules) part it into bands. A gutter
between labels and values is none. Must not know what a line says beyond a section number or a caption.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ingest.pdf.captions import TABLE
from ingest.pdf.gutters import MIN_COLUMN_LINES, MIN_GUTTER_PT, SECTION_START, goes_on, is_columns, n_rows, sides_of
from ingest.pdf.items import Item, Whole
from ingest.pdf.lines import TextLine, hull
from ingest.pdf.margins import beside, margin_of

MAX_DEPTH = 4
_BIN_PT = 2.0
_KNOWN_ROWS = 8
_MAX_GUTTERS = 12
__all__ = ["SECTION_START", "Item", "Whole", "split_regions"]


def split_regions(items: list[Item], depth: int, known: list[float]) -> list[list[Item]]:
    """Regions without columns, in reading order. `known` are the middles of the gutters of earlier pages, to which those found are added:
    a page may begin with the last lines of columns that prove nothing by themselves."""
    items = sorted(items, key=lambda item: (item.box[1], item.box[0]))
    if depth >= MAX_DEPTH or len(items) < 2:
        return [items]
    gutters = _gutters(items) if len(items) >= 2 * MIN_COLUMN_LINES else []
    splits = [_split(items, gutter) for gutter in gutters]
    splits += [_split(items, (middle - 3, middle + 3), known=True) for middle in dict.fromkeys(known)]
    best = max(splits, key=lambda split: split[0], default=(0.0, []))
    if best[0] <= 0:
        return [items]
    parts: list[list[Item]] = []
    for band, gutter in best[1]:
        if gutter is None:
            parts.append(band)
            continue
        sides = sides_of(band, (gutter[0] + gutter[1]) / 2)
        margin = margin_of(*sides)
        if margin is not None:
            main = sides[1] if margin is sides[0] else sides[0]
            for piece in beside(margin, main):
                parts += [piece] if piece[0] in margin else split_regions(piece, depth + 1, known)
            continue
        if min(n_rows(side) for side in sides) >= _KNOWN_ROWS:
            known.append(round((max(item.box[2] for item in sides[0]) + min(item.box[0] for item in sides[1])) / 2))
        for side in sides:
            parts += split_regions(side, depth + 1, known)
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
        if free[index] >= MIN_COLUMN_LINES and not higher:
            gutters.append((free[index], (left + index * _BIN_PT, left + (end + 1) * _BIN_PT)))
        index = end + 1
    return [gutter for _, gutter in sorted(gutters, reverse=True)[:_MAX_GUTTERS]]


def _gaps(item: Item, others: Sequence[Item]) -> list[Gutter]:
    """Free strips between an item and its nearest neighbours left and right."""
    x0, _, x1, _ = item.box
    before = max((other.box[2] for other in others if other.box[2] <= x0 + 1), default=None)
    after = min((other.box[0] for other in others if other.box[0] >= x1 - 1), default=None)
    gaps = [(before, x0)] if before is not None else []
    gaps += [(x1, after)] if after is not None else []
    return [(first, last) for first, last in gaps if last - first >= MIN_GUTTER_PT]


Band = tuple[list[Item], Gutter | None]


def _split(items: list[Item], gutter: Gutter, known: bool = False) -> tuple[float, list[Band]]:
    """(points of column height won, bands top to bottom) for one gutter; 0 where it parts nothing. `known`: earlier pages had it."""
    middle = (gutter[0] + gutter[1]) / 2
    crossing = [item for item in items if item.box[0] < middle - 1 and item.box[2] > middle + 1]
    bands: list[Band] = []
    won = 0.0
    rest = [item for item in items if not (item.box[0] < middle - 1 and item.box[2] > middle + 1)]
    for across in [*crossing, None]:
        limit = (across.box[1] + across.box[3]) / 2 if across is not None else 1e9
        band = [item for item in rest if (item.box[1] + item.box[3]) / 2 < limit]
        rest = [item for item in rest if (item.box[1] + item.box[3]) / 2 >= limit]
        going_on, band = _going_on(bands, band)
        if going_on:
            _append(bands, going_on)
        band, heads = _heads_below(band, across)
        large, band = _large_top(band)
        if large:
            _append(bands, large)
        if band and (goes_on(band, middle) if known else is_columns(band, middle)):
            won += _gain(*sides_of(band, middle))
            bands.append((band, gutter))
            if across is not None:
                bands.append(([*heads, across], None))
            continue
        band += heads
        if across is not None:
            band = [*band, across]
        if band:
            _append(bands, band)
    n_lines = sum(isinstance(item, TextLine) for item in items)
    n_cut = sum(isinstance(item, TextLine) for item in crossing)
    return won * (1 - n_cut / max(1, n_lines)), bands


def _gain(left: list[Item], right: list[Item]) -> float:
    """Points of height over which both sides stand beside each other; half of it for drawings beside drawings, less for narrow gutters."""
    boxes = hull(item.box for item in left), hull(item.box for item in right)
    overlap = min(boxes[0][3], boxes[1][3]) - max(boxes[0][1], boxes[1][1])
    text = all(sum(isinstance(item, TextLine) for item in side) >= MIN_COLUMN_LINES for side in (left, right))
    return max(1.0, overlap) * (1.0 if text else 0.5) * min(1.0, max(0.3, (boxes[1][0] - boxes[0][2] + 6) / 20))


def _append(bands: list[Band], items: list[Item]) -> None:
    if bands and bands[-1][1] is None:
        bands[-1] = ([*bands[-1][0], *items], None)
    else:
        bands.append((items, None))


def _going_on(bands: Sequence[Band], band: list[Item]) -> tuple[list[Item], list[Item]]:
    """Short last lines of the paragraph over both columns that ends right above: they do not reach over the gutter."""
    last = bands[-1][0][-1] if bands and bands[-1][1] is None else None
    taken: list[Item] = []
    for item in sorted(band, key=lambda item: item.box[1]):
        if not isinstance(last, TextLine) or not isinstance(item, TextLine):
            break
        level = [other for other in band if other is not item and min(item.y1, other.box[3]) - max(item.y0, other.box[1]) > 2]
        tight = 0 < item.base - last.base < 1.5 * last.size and abs(item.size - last.size) < 0.6 and abs(item.x0 - last.x0) < 2
        if level or not tight or item.bold != last.bold:
            break
        taken.append(item)
        last = item
    return taken, [item for item in band if item not in taken]


def _heads_below(band: list[Item], across: Item | None) -> tuple[list[Item], list[Item]]:
    """Headings, captions and column heads at the foot of the columns that belong to what stands over both below them: nearer to it than
    to what stands above."""
    if across is None or len(band) < 2:
        return band, []
    row = _head_row(band, across)
    if row:
        return [item for item in band if item not in row], row
    sizes = [item.size for item in band if isinstance(item, TextLine)]
    typical = median(sizes) if sizes else 0.0
    rest = sorted(band, key=lambda item: item.box[3])
    heads: list[Item] = []
    top = across.box[1]
    while rest and isinstance(item := rest[-1], TextLine) and len(heads) < 3:
        level = [other for other in rest if isinstance(other, TextLine) and abs(other.base - item.base) < 1 and other.size == item.size]
        others = [other for other in rest if other not in level]
        above = max((other.box[3] for other in others), default=item.y0)
        stands_out = item.size > 1.12 * typical or (item.bold and not all(other.bold for other in others if isinstance(other, TextLine)))
        captions = bool(TABLE.match(item.text)) and isinstance(across, Whole)
        near = top - item.y1 < min(2.0 * item.size, item.y0 - above + (2.0 * item.size if heads or captions else 0.0))
        if not (stands_out or captions) or not near or above > item.y0 + 1:
            break
        heads = [*level, *heads]
        rest, top = others, item.y0
    return rest, heads


def _head_row(band: Sequence[Item], across: Item) -> list[Item]:
    """The lowest row of three or more pieces, right above a row of a table that begins where it does."""
    lines = [item for item in band if isinstance(item, TextLine)]
    low = max((line.base for line in lines), default=0.0)
    row: list[Item] = [line for line in lines if abs(line.base - low) < 2]
    if len(row) < 3 or not isinstance(across, TextLine) or across.base - low > 2.4 * across.size:
        return []
    return row if any(abs(item.box[0] - across.x0) < 3 for item in row) else []


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
