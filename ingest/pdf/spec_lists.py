"""Lists of values as tables of two columns: "Max. voltage ..... 450 V" (leaders), "Weight: 3 kg" (a colon a line).

In: the items of one region, tables taken out. Out: the items, with the lines of each such list replaced by one `Whole`. Sentences that
hold a colon, code and contents lists stay text. Must not know about columns of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ingest.notices import level_of_text
from ingest.pdf.columns import Item, Whole
from ingest.pdf.heads import finish
from ingest.pdf.layout import list_marker
from ingest.pdf.lines import TextLine, hull, make_lines
from ingest.pdf.tables import Row, RowCell, Table
from ingest.pdf.words import Word

_LEADER = re.compile(r"(?:[.·_]\s?){4,}|…{2,}|(?:…\s?){2,}")
_DOTS = re.compile(r"[.·…_]{3,}")
_COLON_END = re.compile(r"[:：]$")
_SENTENCE = re.compile(r"[.!?。]\s+\S|[.!?。]$")
_DIGIT = re.compile(r"\d")
_CODE_FONTS = ("mono", "courier", "consol", "typewriter", "code", "menlo", "fixed")
MAX_KEY_CHARS = 45
MAX_KEY_WORDS = 6
MAX_VALUE_CHARS = 70
MAX_TITLE_CHARS = 60
MIN_ROWS = 3
_ALIGNED_PT = 1.5
_STEP_EM = 2.4


@dataclass(eq=False)
class _Pair:
    """A key and its value, on one line; leaders stay with the key."""

    key: list[Word]
    value: list[Word]


@dataclass(eq=False)
class _List:
    """A list under way: its rows, the lines they are made of, and lines met since the last row."""

    rows: list[Row] = field(default_factory=list)
    lines: list[TextLine] = field(default_factory=list)
    waiting: list[TextLine] = field(default_factory=list)
    n_pairs: int = 0


def spec_lists(items: Sequence[Item]) -> list[Item]:
    """Replace runs of at least three keys with values by tables."""
    words = [word for item in items if isinstance(item, TextLine) for word in item.words]
    if sum(":" in word.text or "：" in word.text or _DOTS.search(word.text) is not None for word in words) < MIN_ROWS:
        return list(items)
    result: list[Item] = [item for item in items if isinstance(item, Whole)]
    wholes = [item.box for item in result]
    run: list[TextLine] = []
    for line in make_lines(words, 1e9):
        if run and (_is_apart(run[-1], line) or any(run[-1].y0 < box[1] < line.y1 for box in wholes)):
            result += _listed(run)
            run = []
        run.append(line)
    return [*result, *_listed(run)]


def _is_apart(above: TextLine, line: TextLine) -> bool:
    step = line.base - above.base
    return not 0 < step <= _STEP_EM * max(above.size, line.size) or abs(line.size - above.size) > 0.12 * line.size


def leader_pair(line: TextLine) -> _Pair | None:
    """The pair of a line with leaders; None where it has none."""
    if not _LEADER.search(line.text):
        return None
    words = [part for word in line.words for part in _cut(word)]
    last = max((index for index, word in enumerate(words) if _DOTS.search(word.text) or word.text in (".", "…", "·", "_")), default=-1)
    key, value = words[: last + 1], words[last + 1 :]
    long = not value or len(" ".join(word.text for word in value)) > MAX_VALUE_CHARS
    return None if long or not any(character.isalpha() for word in key for character in word.text) else _Pair(key, value)


def _cut(word: Word) -> list[Word]:
    """A word of key, leaders and value in one ("C12......50V") cut behind the leaders."""
    matches = list(_DOTS.finditer(word.text))
    if not matches or matches[-1].end() == len(word.text):
        return [word]
    cut = matches[-1].end()
    weights = [1.0 if character.isalnum() else 0.5 for character in word.text]
    x = word.x0 + sum(weights[:cut]) / sum(weights) * (word.x1 - word.x0)
    return [replace(word, text=word.text[:cut], x1=x), replace(word, text=word.text[cut:], x0=x, n_blanks=0)]


def colon_pair(line: TextLine, is_aligned: bool = False) -> _Pair | None:
    """The pair of a line "Weight: 3 kg"; None for sentences, list items, notices and code. A value that `is_aligned` with others may be
    long."""
    at = next((index for index, word in enumerate(line.words) if _COLON_END.search(word.text)), -1)
    key, value = line.words[: at + 1], line.words[at + 1 :]
    if at < 0 or not value or len(key) > MAX_KEY_WORDS + 1 or list_marker(line):
        return None
    said, given = (" ".join(word.text for word in words) for words in (key, value))
    if len(said) > MAX_KEY_CHARS or (len(given) > MAX_VALUE_CHARS and not is_aligned) or not said[:1].isalpha() or said[:1].islower():
        return None
    is_code = any(mark in line.words[0].font.lower() for mark in _CODE_FONTS)
    return None if is_code or level_of_text(line.text) else _Pair(key, value)


def _value_column(run: Sequence[TextLine]) -> float | None:
    """Where the values begin, if at least three do at one place though their keys are not equally long."""
    pairs = [pair for line in run if (pair := colon_pair(line, is_aligned=True))]
    for pair in pairs:
        x = pair.value[0].x0
        own = [other.key for other in pairs if abs(other.value[0].x0 - x) < _ALIGNED_PT]
        widths = [key[-1].x1 - key[0].x0 for key in own]
        if len(own) >= max(MIN_ROWS, 0.6 * len(pairs)) and max(widths) - min(widths) > 3:
            return x
    return None


def _listed(run: Sequence[TextLine]) -> Iterator[Item]:
    """The run's lines, its lists among them as tables."""
    has_leaders = any(leader_pair(line) for line in run)
    column = None if has_leaders else _value_column(run)
    under_way = _List()
    for line in run:
        pair = leader_pair(line) if has_leaders else colon_pair(line, is_aligned=column is not None)
        if pair is not None and (column is None or abs(pair.value[0].x0 - column) < _ALIGNED_PT):
            if not _adopt_waiting(under_way, pair):
                yield from _closed(under_way)
                under_way = _List()
            under_way.rows.append(_row(pair, under_way))
            under_way.lines.append(line)
            under_way.n_pairs += 1
        elif column is not None and under_way.rows and abs(line.x0 - column) < _ALIGNED_PT:
            _go_on(under_way, line)
        elif has_leaders and len(line.text) <= MAX_TITLE_CHARS and not _SENTENCE.search(line.text) and len(under_way.waiting) < 3:
            under_way.waiting.append(line)
        else:
            yield from _closed(under_way)
            yield line
            under_way = _List()
    yield from _closed(under_way)


def _row(pair: _Pair, under_way: _List) -> Row:
    """The pair's row, under the sub-head that stands further left above it."""
    words = [*pair.key, *pair.value]
    row = Row(min(w.y0 for w in words), max(w.y1 for w in words), [RowCell(0, 0, pair.key), RowCell(1, 1, pair.value)])
    title = next((other for other in reversed(under_way.rows) if other.is_subhead), None)
    if title is not None and pair.key[0].x0 > title.words[0].x0 + 2:
        row.group = title.cells[0].text
    return row


def _adopt_waiting(under_way: _List, pair: _Pair) -> bool:
    """Lines between two pairs: one that begins where the next pair does is the beginning of its key, one further left a sub-head."""
    for index, line in enumerate(under_way.waiting):
        if abs(line.x0 - pair.key[0].x0) < 2 and index == len(under_way.waiting) - 1:
            pair.key[:0] = line.words
        elif line.x0 < pair.key[0].x0 - 2 and (index == len(under_way.waiting) - 1 or under_way.waiting[index + 1].x0 > line.x0 + 2):
            under_way.rows.append(Row(line.y0, line.y1, [RowCell(0, 1, line.words)], is_subhead=True))
        else:
            return False
        under_way.lines.append(line)
    under_way.waiting.clear()
    return True


def _go_on(under_way: _List, line: TextLine) -> None:
    """The next line of the last row's value."""
    last = under_way.rows[-1]
    last.cells[-1].words += line.words
    last.y1 = max(last.y1, line.y1)
    under_way.lines.append(line)


def _closed(under_way: _List) -> Iterator[Item]:
    """The list as a table where it is one, else as its lines."""
    if under_way.n_pairs < MIN_ROWS or not _is_list(under_way.rows):
        yield from under_way.lines
    else:
        box = hull(line.box for line in under_way.lines)
        border = min(word.x0 for row in under_way.rows if not row.is_subhead for word in row.cells[-1].words)
        border = max(border, box[0] + 1)
        yield Whole(box, finish(Table(box, [(box[0], border), (border, box[2])], under_way.rows, ruled=False, is_list=True)))
    yield from under_way.waiting


def _is_list(rows: Sequence[Row]) -> bool:
    """Values are no sentences, and not the page numbers of a contents list; with colons, many of them have digits or all are short."""
    pairs = [row for row in rows if not row.is_subhead]
    values = [" ".join(word.text for word in row.cells[-1].words) for row in pairs]
    n_leaders = sum(_LEADER.search(" ".join(word.text for word in row.cells[0].words)) is not None for row in pairs)
    if n_leaders > 0.5 * len(pairs):
        pages = [int(value) for value in values if value.isdigit()]
        return not (len(pages) >= 0.8 * len(values) and all(a <= b for a, b in pairwise(pages)))
    if sum(bool(_SENTENCE.search(value)) for value in values) > 0.34 * len(values):
        return False
    return sum(bool(_DIGIT.search(value)) for value in values) >= 0.4 * len(values) or sum(
        len(value) <= 30 for value in values
    ) > 0.7 * len(values)
