"""Tables without rules: runs of rows whose segments line up; then lists of keys and values (`spec_lists`).

In: the items of one region (no columns in it). Out: the items, with the lines of each such run replaced by one `Whole`. Careful:
text that merely has a wide gap stays text, and so do columns of prose side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ingest.pdf.aligned import table_from_lines, wrapped_rows
from ingest.pdf.captions import is_caption
from ingest.pdf.columns import Item, Whole
from ingest.pdf.grid import split_columns
from ingest.pdf.heads import finish, is_bold
from ingest.pdf.layout import list_marker
from ingest.pdf.lines import TextLine, make_lines
from ingest.pdf.parting import part_side_by_side
from ingest.pdf.spec_lists import leader_pair, spec_lists
from ingest.pdf.tables import Table
from ingest.pdf.words import Word

_GAP_EM = 1.6
_WORD_GAP_EM = 0.7  # wider than the blank of a typewriter font
_MIN_ROWS = 3
_MAX_SUBHEAD_CHARS = 60
_STEP_EM = 2.6


def unruled_tables(items: Sequence[Item]) -> list[Item]:
    """Replace runs of at least three aligned rows, and lists of keys and values, by tables."""
    return spec_lists(_aligned_tables(items))


def headed_tables(words: Sequence[Word]) -> list[Table]:
    """Tables of at least three columns under a bold head, found on the whole page: a long text in one column may look like a gutter's end
    to the search for the page's columns."""
    if not any(word.bold for word in words):
        return []
    return [table for item in _aligned(words, []) if isinstance(item, Whole) and _is_headed(table := item.owner)]


def _is_headed(table: Table) -> bool:
    head = table.rows[: table.n_head]
    level = bool(head) and all(is_bold(row) for row in head) and len(head[0].cells) >= 2
    covered = {column for row in head for cell in row.cells for column in range(cell.first, cell.last + 1)}
    if not {cell.first for row in table.body for cell in row.cells} - {0} <= covered:  # text of the page's next column
        return False
    return (
        level
        and len(table.columns) >= 3
        and len(table.body) >= 2
        and sum(len(row.cells) >= 3 for row in table.body) >= 0.6 * len(table.body)
    )


def _aligned_tables(items: Sequence[Item]) -> list[Item]:
    words = [word for item in items if isinstance(item, TextLine) for word in item.words]
    others: list[Item] = [item for item in items if isinstance(item, Whole)]
    return [*others, *_aligned(words, others)] if words else list(items)


def _aligned(words: Sequence[Word], others: Sequence[Item]) -> list[Item]:
    """The words as tables and lines; `others` stand between them."""
    result: list[Item] = []
    run: list[list[TextLine]] = []
    held: list[TextLine] = []
    bands = [*_bands(make_lines(words, _GAP_EM)), []]
    for index, band in enumerate(bands):
        row = _split_like(band, run[-1] if run else bands[index + 1] if index + 1 < len(bands) else [])
        apart = _between(others, run, row)
        if _is_row(row) and _joins(run, row, held) and not apart:
            run += [[line] for line in held]
            held = []
            run.append(row)
            continue
        if run and not held and not apart and _is_rest(run, row):
            run[-1] += row
            continue
        if run and not held and not apart and _may_be_subhead(run, row):
            held = row
            continue
        result += [*_close(run), *held]
        run, held = ([row], []) if _is_row(row) else ([], [])
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


def _split_like(band: Sequence[TextLine], row: Sequence[TextLine]) -> list[TextLine]:
    """The band's segments cut where a column of the neighbouring row begins or ends, if a word does there too beside a gap."""
    if not row or not band:
        return list(band)
    starts, ends = [segment.x0 for segment in row[1:]], [segment.x1 for segment in row]
    return [part for segment in band for part in _cut(segment, starts, ends)]


def _cut(line: TextLine, starts: Sequence[float], ends: Sequence[float]) -> list[TextLine]:
    places = [0]
    for index, (before, word) in enumerate(pairwise(line.words), 1):
        gap = (word.x0 - before.x1) / word.size
        begins = gap > _WORD_GAP_EM and any(abs(word.x0 - start) < 2 for start in starts)
        if begins or (gap > _WORD_GAP_EM and any(abs(before.x1 - end) < 2 for end in ends)):
            places.append(index)
    places.append(len(line.words))
    return [TextLine(line.words[start:end]) for start, end in pairwise(places)]


def _is_row(row: list[TextLine]) -> bool:
    """Segments side by side, the first of them no list marker."""
    beside = len(row) >= 2 and row[-1].x0 > row[0].x1
    return beside and not list_marker(TextLine(row[0].words)) and not _is_item(row) and not _is_leader(row)


def _is_leader(row: list[TextLine]) -> bool:
    return leader_pair(TextLine([word for segment in row for word in segment.words])) is not None


def _is_rest(run: list[list[TextLine]], row: list[TextLine]) -> bool:
    """The next line of the last row's cells: close below, in columns that row has."""
    if not row or len(row) >= max(2, len(run[-1])):
        return False
    last = max(segment.base for segment in run[-1])
    if row[0].base - last > 1.6 * row[0].size:
        return False
    later = [other for other in run[-1] if other.x0 > run[-1][0].x1]
    return all(any(other.x0 - 3 < segment.x0 < other.x0 + 3 or _within(segment, other) for other in later) for segment in row)


def _within(segment: TextLine, other: TextLine) -> bool:
    return other.x0 - 3 < segment.x0 and segment.x1 < other.x1 + 3


def _may_be_subhead(run: list[list[TextLine]], row: list[TextLine]) -> bool:
    """One short line at the first column: it titles the rows below it, or is the rest of the first cell above. Rows must follow."""
    text = row[0].text if len(row) == 1 else ""
    if not text or len(text) > _MAX_SUBHEAD_CHARS or text.endswith((".", ";")) or list_marker(row[0]) or is_caption(text):
        return False
    if abs(row[0].size - run[-1][0].size) > 0.06 * row[0].size:
        return False
    left = min(segment.x0 for line in run for segment in line)
    step = row[0].base - max(segment.base for segment in run[-1])
    return left - 12 < row[0].x0 < left + 25 and step < _STEP_EM * row[0].size


def _is_item(row: list[TextLine]) -> bool:
    return len(row) == 2 and len(row[0].text) <= 4 and bool(list_marker(TextLine([*row[0].words, *row[1].words])))


def _between(others: Sequence[Item], run: list[list[TextLine]], row: list[TextLine]) -> bool:
    return bool(run and row) and any(run[-1][0].y0 < other.box[1] < row[0].y1 for other in others)


def _joins(run: list[list[TextLine]], row: list[TextLine], held: list[TextLine]) -> bool:
    """The row's segments stand as those of the run's last row do, and right below it (or below the line held between)."""
    if not run:
        return True
    last = run[-1]
    if abs(row[0].size - last[0].size) > 0.15 * last[0].size:
        return False
    step = min(item.base for item in row) - max(item.base for item in held or last)
    if step > (2 if len(run) > 1 else 1) * _STEP_EM * max(row[0].size, last[0].size):
        return False
    shared = sum(any(abs(a.x0 - b.x0) < 4 or abs(a.x1 - b.x1) < 4 or abs((a.x0 + a.x1) - (b.x0 + b.x1)) < 8 for b in last) for a in row)
    if shared >= min(2, len(row)) and shared >= 0.5 * min(len(row), len(last)):
        return True
    return len(run) == 1 and shared > 0 and all(segment.bold for segment in (*last, *row))  # heads in two rows


def _close(run: list[list[TextLine]]) -> list[Item]:
    """The run as a table where it is one, else as its lines."""
    lines: list[Item] = [segment for row in run for segment in row]
    rows = wrapped_rows(run)
    table = table_from_lines(rows, ruled=False) if len(run) > 1 else None
    if table is None or all(is_bold(row) for row in table.rows):  # titles side by side
        return lines
    table = finish(split_columns(table))
    if _is_prose(table) and not _has_short_column(table):
        return lines
    if len(rows) < _MIN_ROWS and not (table.n_head and len(table.columns) > 2 and is_bold(table.rows[0])):
        return lines
    return [Whole(part.box, part) for part in part_side_by_side(table)]


def _is_prose(table: Table) -> bool:
    """Long texts in few columns, or justified lines: prose with wide gaps, or columns of it side by side."""
    n_chars = sum(len(word.text) for word in table.words)
    if n_chars / max(1, sum(len(row.cells) for row in table.rows)) > 45:
        return True
    return any(_is_running(table, column) for column in range(len(table.columns)))


def _has_short_column(table: Table) -> bool:
    """Three columns or more under a bold head, one of them of codes or single words: then long texts in others are no prose."""
    if not table.n_head or len(table.columns) < 3 or not is_bold(table.rows[0]):
        return False
    columns = [
        [len(cell.words) for row in table.body for cell in row.cells if cell.first == column] for column in range(len(table.columns))
    ]
    return any(len(own) >= 0.6 * len(table.body) and median(own) <= 2 for own in columns)


def _is_running(table: Table, column: int) -> bool:
    """Most cells of the column fill it to the same right edge with several words, and go on with each other."""
    lines = [line for row in table.rows for cell in row.cells if cell.first == cell.last == column for line in make_lines(cell.words, 1e9)]
    if len(lines) < 4 or median(len(line.words) for line in lines) < 4:
        return False
    right = max(line.x1 for line in lines)
    n_full = sum(right - line.x1 < 0.12 * (right - line.x0) for line in lines)
    n_low = sum(line.text[:1].islower() for line in lines)
    return n_full >= 0.6 * len(lines) and n_low >= 0.4 * len(lines)
