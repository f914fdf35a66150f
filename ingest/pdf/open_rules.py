"""Half-ruled tables: level rules with the same ends, and the words between them -> `Table`s without upright rules.

In: stacks of level rules, words not yet taken. Out: tables. Rules may stand between all rows, or only above and below head and body.
What else stands between rules (a caption, a paragraph) parts one table from the next. Must not know about grids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from ingest.pdf.aligned import is_number, table_from_lines, wrapped_rows
from ingest.pdf.captions import is_caption
from ingest.pdf.grid import split_columns
from ingest.pdf.lines import TextLine, hull, make_lines
from ingest.pdf.rule_cells import Edges
from ingest.pdf.tables import Table
from ingest.pdf.words import Word
from service.core.types import Box

Band = list[list[TextLine]]
"""The visual lines between two rules, each its segments left to right."""

_MAX_PROSE_CHARS = 90


def open_tables(stacks: Sequence[Edges], words: Sequence[Word]) -> list[Table]:
    """The tables of stacks of at least three level rules."""
    tables: list[Table] = []
    for stack in stacks:
        taken = {id(word) for table in tables for word in table.words}
        free = [word for word in words if id(word) not in taken]
        for bands, box in _runs(stack, free):
            table = _table(bands, box)
            if table is not None:
                tables.append(table)
    return tables


def _runs(stack: Edges, words: Sequence[Word]) -> Iterator[tuple[list[Band], Box]]:
    """Bands between neighbouring rules, parted where one holds a caption, a paragraph or nothing."""
    x0, x1 = stack[0]["x0"] - 2, stack[0]["x1"] + 2
    run: list[Band] = []
    top = stack[0]["top"]
    for above, below in pairwise(stack):
        band = _band(_inside(words, (x0, above["top"] - 1, x1, below["top"] + 1)))
        if not band and below["top"] - above["top"] < 6:
            continue
        if not band or _is_text(band):
            if len(run) >= 2:
                yield run, (x0, top - 1, x1, above["top"] + 1)
            run, top = [], below["top"]
            continue
        run.append(band)
    if len(run) >= 2:
        yield run, (x0, top - 1, x1, stack[-1]["top"] + 1)


def _band(words: Sequence[Word]) -> Band:
    """The words' visual lines."""
    lines: Band = []
    for segment in sorted(make_lines(words, 0.9), key=lambda segment: (segment.base, segment.x0)) if words else []:
        if lines and abs(lines[-1][0].base - segment.base) < 2:
            lines[-1].append(segment)
        else:
            lines.append([segment])
    return [sorted(line, key=lambda segment: segment.x0) for line in lines]


def _is_text(band: Band) -> bool:
    """A caption, or lines of one segment each that make a paragraph."""
    texts = [" ".join(segment.text for segment in line) for line in band]
    text = " ".join(texts)
    return any(map(is_caption, texts)) or (all(len(line) == 1 for line in band) and len(text) > _MAX_PROSE_CHARS)


def _without_headings(bands: Sequence[Band]) -> list[Band]:
    """Headings, captions and lines of text between the first rule and the table's head belong to what stands above."""
    size = median(segment.size for band in bands for line in band for segment in line)
    first = list(bands[0])
    while first and len(first) + len(bands) > 2 and (first[0][0].size > 1.15 * size or is_caption(" ".join(s.text for s in first[0]))):
        first.pop(0)
    return [first, *bands[1:]] if first else list(bands[1:])


def _table(bands: Sequence[Band], box: Box) -> Table | None:
    kept = _without_headings(bands)
    if kept[0] != bands[0]:
        box = (box[0], min(segment.y0 for segment in kept[0][0]) - 1, box[2], box[3])
        bands = kept
    rows: list[list[TextLine]] = []
    for index, band in enumerate(bands):
        rows += band if not index and _parts_heads(band) else _rows(band)
    table = table_from_lines(rows, ruled=True, min_gap=4.0)
    if table is None:
        return None
    table.box = box
    table.columns[0] = (box[0], table.columns[0][1])
    table.columns[-1] = (table.columns[-1][0], box[2])
    return split_columns(table)


def _parts_heads(band: Band) -> bool:
    """Two lines of heads, the lower of which has heads where the upper has none."""
    if len(band) != 2 or len(band[1]) < 2:
        return False
    return any(not any(segment.x0 < other.x1 and segment.x1 > other.x0 for other in band[0]) for segment in band[1])


def _rows(band: Band) -> list[list[TextLine]]:
    """A band is one row; but one of several lines that each open a row of their own is taken apart."""
    if len(band) > 1:
        rows = wrapped_rows(band)
        left = min(segment.x0 for line in band for segment in line)
        opened = sum(len(row) > 1 and (min(segment.x0 for segment in row) < left + 3 or _has_numbers(row)) for row in rows)
        if len(rows) > 1 and opened >= 0.6 * len(rows) and opened > 1 and _is_level(rows):
            return rows
    return [[segment for line in band for segment in line]]


def _has_numbers(row: Sequence[TextLine]) -> bool:
    return sum(is_number(segment.text) for segment in row) >= 2


def _is_level(rows: Sequence[Sequence[TextLine]]) -> bool:
    """The rows do not reach into each other, and most have their cells side by side."""
    boxes = [hull(segment.box for segment in row) for row in rows]
    return all(a[3] <= b[3] and a[1] <= b[1] for a, b in pairwise(boxes)) and sum(len(row) > 1 for row in rows) >= 0.6 * len(rows)


def _inside(words: Sequence[Word], box: Box) -> list[Word]:
    return [word for word in words if box[0] <= (word.x0 + word.x1) / 2 <= box[2] and box[1] <= (word.y0 + word.y1) / 2 <= box[3]]
