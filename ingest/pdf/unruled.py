"""Tables without rules, and lists of values ("Max. voltage ..... 450 V"): runs of rows whose segments line up.

In: the items of one region (no columns in it). Out: the items, with the lines of each such run replaced by one `Whole`. Careful:
text that merely has a wide gap stays text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ingest.pdf.columns import Item, Whole
from ingest.pdf.layout import list_marker
from ingest.pdf.lines import TextLine, make_lines
from ingest.pdf.tables import Table, split_columns, table_from_lines

_GAP_EM = 1.6
_MIN_ROWS = 3


def unruled_tables(items: Sequence[Item]) -> list[Item]:
    """Replace runs of at least three aligned rows by tables."""
    words = [word for item in items if isinstance(item, TextLine) for word in item.words]
    if not words:
        return list(items)
    others: list[Item] = [item for item in items if isinstance(item, Whole)]
    result: list[Item] = list(others)
    run: list[list[TextLine]] = []
    bands = [*_bands(make_lines(words, _GAP_EM)), []]
    for index, row in enumerate(bands):
        if len(row) == 1:
            row = _split_like(row[0], run[-1] if run else bands[index + 1])
        if _is_row(row) and _joins(run, row) and not _between(others, run, row):
            run.append(row)
            continue
        if run and _is_rest(run, row) and not _between(others, run, row):
            run[-1] += row
            continue
        result += _close(run)
        run = [row] if _is_row(row) else []
        if row and not run:
            result += row
    return result


def _bands(segments: Sequence[TextLine]) -> list[list[TextLine]]:
    """Segments whose letters overlap in height: a row, also where a cell of two lines stands beside cells of one."""
    bands: list[list[TextLine]] = []
    low = 0.0
    for segment in sorted(segments, key=lambda segment: segment.base - 0.7 * segment.size):
        top, bottom = segment.base - 0.7 * segment.size, segment.base + 0.15 * segment.size
        if bands and top < low and len(bands[-1]) < 40:
            bands[-1].append(segment)
            low = max(low, bottom)
        else:
            bands.append([segment])
            low = bottom
    return [sorted(band, key=lambda segment: (segment.x0, segment.base)) for band in bands]


def _split_like(line: TextLine, row: Sequence[TextLine]) -> list[TextLine]:
    """The line cut where a column of the neighbouring row begins, if a word begins there too after a gap."""
    starts = [segment.x0 for segment in row[1:]]
    cuts = [
        index for index, (before, word) in enumerate(pairwise(line.words), 1)
        if word.x0 - before.x1 > 0.5 * word.size and any(abs(word.x0 - start) < 2 for start in starts)
    ]  # fmt: skip
    ends = [0, *cuts, len(line.words)]
    return [TextLine(line.words[start:end]) for start, end in pairwise(ends)]


def _is_row(row: list[TextLine]) -> bool:
    """Segments side by side, the first of them no list marker."""
    return len(row) >= 2 and row[-1].x0 > row[0].x1 and not list_marker(TextLine(row[0].words)) and not _is_item(row)


def _is_rest(run: list[list[TextLine]], row: list[TextLine]) -> bool:
    """The next line of the last row's cells: close below, not in the first column, in columns that row has."""
    if not row or len(row) >= max(2, len(run[-1])):
        return False
    last = max(segment.base for segment in run[-1])
    close = row[0].base - last < 1.45 * row[0].size
    return close and all(any(abs(segment.x0 - other.x0) < 3 for other in run[-1] if other.x0 > run[-1][0].x1) for segment in row)


def _is_item(row: list[TextLine]) -> bool:
    return len(row) == 2 and len(row[0].text) <= 4 and bool(list_marker(TextLine([*row[0].words, *row[1].words])))


def _between(others: Sequence[Item], run: list[list[TextLine]], row: list[TextLine]) -> bool:
    return bool(run) and any(run[-1][0].y0 < other.box[1] < row[0].y1 for other in others)


def _joins(run: list[list[TextLine]], row: list[TextLine]) -> bool:
    if not run:
        return True
    last = run[-1]
    if min(item.base for item in row) - max(item.base for item in last) > 2.6 * max(row[0].size, last[0].size):
        return False
    shared = sum(any(abs(a.x0 - b.x0) < 4 or abs(a.x1 - b.x1) < 4 or abs((a.x0 + a.x1) - (b.x0 + b.x1)) < 8 for b in last) for a in row)
    return shared >= min(2, len(row)) and shared >= 0.5 * min(len(row), len(last))


def _close(run: list[list[TextLine]]) -> list[Item]:
    """The run as a table where it is one, else as its lines."""
    lines: list[Item] = [segment for row in run for segment in row]
    if len(run) < _MIN_ROWS:
        return lines
    table = table_from_lines(run, ruled=False)
    if table is None or _is_prose(table):
        return lines
    return [Whole(table.box, split_columns(table).finish())]


def _is_prose(table: Table) -> bool:
    """Long texts in the first column and few columns: justified prose with wide gaps."""
    n_chars = sum(len(word.text) for word in table.words)
    return n_chars / max(1, sum(len(row.cells) for row in table.rows)) > 45
