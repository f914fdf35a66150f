"""Drawn or shaded boxes, and tables, that hold a safety notice.

In: a page, its ruling edges and tables. Out: `NoticeBox`es, each with its words and lines in reading order: signal word first, also where
that stands beside the middle of its text. What makes a text a notice is `ingest.notices`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.lines import TextLine, hull, make_lines
from ingest.pdf.notice_areas import Area, behind_bar, beside, find_areas, hanging
from ingest.pdf.notice_sides import beside_text
from ingest.pdf.ruled import Edges
from ingest.pdf.tables import Row, Table
from ingest.pdf.words import Page, Word
from service.core.types import Box, NoticeLevel

_GAP_EM = 1.6
_MIN_CHARS = 4  # a notice says something beside its signal word
_PROSE_WORDS = 5
_MAX_PITCH = 3.0
_HEAD_SHARE = 0.2  # a page's head and foot: so much of its height
_FOOT_SHARE = 0.2
_SAME_PT = 4.0


@dataclass(eq=False)
class NoticeBox:
    """A notice with what it is drawn in. `words` are all of its words, `lines` those that are read, in order."""

    box: Box
    level: NoticeLevel
    words: list[Word]
    lines: list[TextLine] = field(default_factory=list)
    area: Area | None = None


@dataclass
class Broken:
    """The notice at the foot of the page read last: a box like its own at the head of the next page goes on with it."""

    page: int = 0
    notice: NoticeBox | None = None

    def goes_on(self, area: Area, page: Page) -> NoticeLevel | None:
        """The level of the notice that this area of the next page continues."""
        if self.notice is None or self.notice.area is None or page.number != self.page + 1 or area.box[1] > _HEAD_SHARE * page.height:
            return None
        own = self.notice.area
        if (own.kind == "bar") != (area.kind == "bar") or (own.kind == "closed") != (area.kind == "closed"):
            return None
        ended = len(self.notice.lines) > 1 and self.notice.lines[-1].text.endswith((".", "!", "。", "！"))
        if own.kind != "closed" and ended:
            return None  # rules alone do not tell one notice from the next
        widths = [box[2] - box[0] for box in (own.box, area.box)]
        return self.notice.level if abs(widths[0] - widths[1]) < _SAME_PT else None

    def remember(self, page: Page, found: Sequence[NoticeBox]) -> None:
        """Keep the notice below which the page says nothing more."""
        last = max(found, key=lambda notice: notice.box[3], default=None)
        own = {id(word) for word in last.words} if last else set()
        below = last is not None and any(id(word) not in own and word.y0 > last.box[3] - 2 for word in page.words)
        at_foot = last is not None and not below and last.box[3] > (1 - _FOOT_SHARE) * page.height
        self.page, self.notice = page.number, last if at_foot else None


def notice_boxes(page: Page, edges: Edges, tables: Sequence[Table], broken: Broken) -> tuple[list[NoticeBox], list[Table]]:
    """(notices, the tables that are none): boxes of the page that hold a notice and nothing else, and tables drawn for notices. `broken`
    is carried from page to page."""
    found: list[NoticeBox] = []
    kept: list[Table] = []
    for table in tables:
        notices = _from_table(table)
        found += notices
        kept += [] if notices else [table]
    taken = {id(word) for notice in found for word in notice.words} | {id(word) for table in kept for word in table.words}
    free = [word for word in page.words if id(word) not in taken]
    areas = find_areas(page, edges)
    for area in areas:
        if not free:
            break
        notices = _from_area(area, areas, free) or _continued(area, free, page, broken)
        taken = {id(word) for notice in notices for word in notice.words}
        if taken:
            free = [word for word in free if id(word) not in taken]
            found += notices
    for label, text in beside_text(free):
        lines = [label, *text]
        words = [word for line in lines for word in line.words]
        found += _one(label, text, words, hull(word.box for word in words))
    broken.remember(page, found)
    return found, kept


def _continued(area: Area, free: Sequence[Word], page: Page, broken: Broken) -> list[NoticeBox]:
    """The area as the rest of the notice that was broken at the foot of the page before: it opens the page's text."""
    level = broken.goes_on(area, page)
    words = _words(area, free) if level else []
    top = min((word.y0 for word in words), default=0.0)
    if level is None or not words or any(word.y1 < top for word in free):
        return []
    broken.notice = None
    return [NoticeBox(area.box, level, words, [_unmarked(line) for line in make_lines(words, 1e9)], area)]


def _from_area(area: Area, areas: Sequence[Area], free: Sequence[Word]) -> list[NoticeBox]:
    words = _words(area, free)
    if not words or len(words) > 600:
        return []
    first = _segments(words)
    if not any(level_of_line(line.text, True) or level_of_text(line.text) for line in _openers(first)):
        return []
    box = area.box if area.kind == "closed" else hull(word.box for word in words)
    alone = level_of_line(" ".join(line.text for line in first), True)
    if alone:  # nothing but the word: its text stands in the next box, or on the next page
        more, other = next(((more, other) for other in beside(area, areas) if (more := other.words(free))), ([], area))
        if not more:
            below = any(word.y0 > box[3] - 2 for word in free)
            return [] if below or area.kind != "closed" else [NoticeBox(box, alone, words, first, area)]
        words, box = [*words, *more], hull((box, other.box))
    if area.kind in ("apart", "stacked") and not _stands_alone(words, area.kind == "apart"):
        return []
    notices = _split(words, box)
    for notice in notices:
        notice.area = area
    return notices


def _words(area: Area, free: Sequence[Word]) -> list[Word]:
    if area.kind == "bar":
        return behind_bar(area, free)
    words = area.words(free)
    if area.kind != "closed" and words:
        hung = hanging(area, free)
        if level_of_line(" ".join(word.text for word in hung)):
            return [*hung, *words]
    return words


def _segments(words: Sequence[Word]) -> list[TextLine]:
    """Lines, parted at wide gaps; a signal word broken at the end of its narrow line ("WAR-", "NUNG") is one."""
    segments = make_lines(words, _GAP_EM)
    for line in [line for line in segments if len(line.words) == 1 and line.text.endswith("-") and line.text.isupper()]:
        below = (other for other in segments if 0 < other.base - line.base < 2 * line.size and abs(other.x0 - line.x0) < line.size)
        rest = next(below, None)
        if rest is not None and level_of_line(f"{line.text} {rest.text}", True):
            segments[segments.index(line)] = TextLine([*line.words, *rest.words])
            segments.remove(rest)
    return segments


def _openers(lines: Sequence[TextLine]) -> list[TextLine]:
    """Lines that can hold the signal word: the first that is no mere sign, and any that begins left of all others."""
    said = [line for line in lines if not _is_sign(line)]
    if not said:
        return []
    left = min(said, key=lambda line: line.x0)
    return [said[0], left] if all(other is left or other.x0 >= left.x1 - 1 for other in said) else said[:1]


def _is_sign(line: TextLine) -> bool:
    """A picture set in letters: a dingbat, an exclamation mark in a triangle."""
    return all(word.bullet for word in line.words) or (len(line.text) <= 3 and not any(char.isalnum() for char in line.text))


def _stands_alone(words: Sequence[Word], may_run_on: bool) -> bool:
    """The text between two rules is a notice, not a row of a table: its signal word has a line of its own, or (`may_run_on`) is followed by
    prose."""
    lines = _segments(words)
    if any(after.base - before.base > _MAX_PITCH * max(before.size, after.size) for before, after in pairwise(lines)):
        return False
    first = next((line for line in lines if not _is_sign(line)), lines[0])
    row = [line for line in lines if abs(line.base - first.base) < 2 and line is not first and not _is_sign(line)]
    if may_run_on:
        return not row or (len(row) == 1 and _is_prose(row[0].text))
    return not row and level_of_line(first.text) is not None


def _is_prose(text: str) -> bool:
    return len(text.split()) >= _PROSE_WORDS or sum("\u4e00" <= char <= "\u9fff" for char in text) >= 8


def _split(words: Sequence[Word], box: Box) -> list[NoticeBox]:
    """The words of a box as notices: one, or several where signal words stand on lines of their own in it."""
    segments = _segments(words)
    signs = [line for line in segments if _is_sign(line)]
    labels = [line for line in segments if level_of_line(line.text, True) and not _is_sign(line)]
    rest = [word for line in segments if line not in labels and line not in signs for word in line.words]
    lines = make_lines(rest, 1e9) if rest else []
    if not labels:
        return _one(None, [_unmarked(line) for line in lines], words, box)
    starts = _starts(labels, lines)
    if min(starts) > 0:
        return []
    notices: list[NoticeBox] = []
    for index, label in enumerate(labels):
        own = lines[starts[index] : starts[index + 1] if index + 1 < len(labels) else None]
        inner = [*label.words, *(word for line in own for word in line.words)]
        whole = box if len(labels) == 1 else hull(word.box for word in inner)
        notices += _one(label, [_unmarked(line) for line in own], words if len(labels) == 1 else inner, whole)
    return notices if len(notices) == len(labels) else []


def _starts(labels: Sequence[TextLine], lines: Sequence[TextLine]) -> list[int]:
    """For each signal word the first line that belongs to it: beside or below it. Where the words stand left of all text, that is parted
    at the widest gaps between them."""
    if any(line.x0 < label.x1 - 1 for label in labels for line in lines):
        return [next((index for index, line in enumerate(lines) if line.base > label.base - 2), len(lines)) for label in labels]
    starts = [0]
    for before, label in pairwise(labels):
        inner = [index for index in range(1, len(lines)) if before.y0 < lines[index].base and lines[index - 1].base < label.y1]
        starts.append(max(inner, key=lambda index: lines[index].base - lines[index - 1].base, default=len(lines)))
    return starts


def _one(label: TextLine | None, lines: list[TextLine], words: Sequence[Word], box: Box) -> list[NoticeBox]:
    text = " ".join(line.text for line in lines)
    level = level_of_line(label.text, True) if label else level_of_text(text)
    if level is None or len(text) < _MIN_CHARS:
        return []
    return [NoticeBox(box, level, list(words), [label, *lines] if label else lines)]


def _unmarked(line: TextLine) -> TextLine:
    """The line without a bullet set in a picture font: its letter there means nothing."""
    first = line.words[0]
    return TextLine(line.words[1:]) if first.bullet and first.text.isalnum() and len(line.words) > 1 else line


def _from_table(table: Table) -> list[NoticeBox]:
    """The notices a table was drawn for: signal word and text side by side, or one above the other. None where it has other rows too,
    or looks like a table of states ("Warning | yellow") or of signal words and their meanings."""
    if len(table.rows) > 8 or len({cell.first for row in table.rows for cell in row.cells if not _is_icon(cell.words)}) > 2:
        return []
    runs: list[tuple[NoticeLevel, list[Row]]] = []
    waits = False
    for row in table.rows:
        cells = [cell.words for cell in row.cells if not _is_icon(cell.words)]
        if not cells:
            continue
        texts = [" ".join(word.text for word in words) for words in cells]
        alone = level_of_line(texts[0], True)
        level = alone or level_of_text(texts[0])
        if alone and len(texts) == 2 and (_is_prose(texts[1]) or len(table.rows) == 1):
            runs.append((alone, [row]))
            waits = False
        elif level and len(texts) == 1:
            runs.append((level, [row]))
            waits = alone is not None
        elif len(texts) == 1 and runs and (waits or len(runs) == 1):
            runs[-1][1].append(row)
            waits = False
        else:
            return []
    if waits or (len(runs) >= 3 and all(len(rows) == 1 and len(rows[0].cells) > 1 for _, rows in runs)):
        return []
    notices = [_of_rows(table, rows) for _, rows in runs]
    return [notice for made in notices for notice in made] if all(len(made) == 1 for made in notices) else []


def _of_rows(table: Table, rows: Sequence[Row]) -> list[NoticeBox]:
    words = [word for row in rows for word in row.words]
    return _split(words, (table.box[0], rows[0].y0, table.box[2], rows[-1].y1))


def _is_icon(words: Sequence[Word]) -> bool:
    return all(word.bullet or not any(char.isalnum() for char in word.text) for word in words)
