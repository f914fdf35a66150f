"""Words -> visual lines, with the text as a reader would type it.

In: words of one page. Out: `TextLine`s (one baseline, no gap wider than the caller allows) and the joining rules that turn
lines into running text: a blank between lines, none between Chinese characters, and a word broken by a hyphen at the line
end made whole. Must not know about columns, headings or tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ingest.pdf.hyphens import joins
from ingest.pdf.words import Word
from service.core.types import Box, Line

_CJK_END = re.compile(r"[\u3000-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]$")
_CJK_START = re.compile(r"^[\u3000-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")
_BROKEN = re.compile(r"(?:[a-zäöüß]{2,}|[A-ZÄÖÜ]{3,})[-\u2010]$")
_BROKEN_OFF = re.compile(r"^(?:[a-zäöüß]{2,}|[A-ZÄÖÜ]{2,})")
_KEPT_HYPHEN = re.compile(r"^(and|or|und|oder|bzw|to|bis)\b")


def hull(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them; at least one."""
    x0s, y0s, x1s, y1s = zip(*boxes, strict=True)
    return (min(x0s), min(y0s), max(x1s), max(y1s))


@dataclass(eq=False)
class TextLine:
    """Words on one baseline, left to right."""

    words: list[Word]

    @cached_property
    def box(self) -> Box:
        return hull(word.box for word in self.words)

    @property
    def x0(self) -> float:
        return self.box[0]

    @property
    def y0(self) -> float:
        return self.box[1]

    @property
    def x1(self) -> float:
        return self.box[2]

    @property
    def y1(self) -> float:
        return self.box[3]

    @cached_property
    def main(self) -> Word:
        """The longest word: it stands for the line's size, font and baseline."""
        return max(self.words, key=lambda word: (len(word.text) * word.size, -word.x0))

    @property
    def size(self) -> float:
        return self.main.size

    @property
    def base(self) -> float:
        return self.main.base

    @cached_property
    def bold(self) -> bool:
        """Four fifths of its characters are bold."""
        n_bold = sum(len(word.text) for word in self.words if word.bold)
        return n_bold >= 0.8 * sum(len(word.text) for word in self.words)

    @cached_property
    def text(self) -> str:
        return join_words(self.words)


def join_words(words: Sequence[Word]) -> str:
    """Words of one line as text: a blank wherever the page shows one."""
    pieces: list[str] = []
    for index, word in enumerate(words):
        if index and not _touch(words[index - 1], word):
            pieces.append(" ")
        pieces.append(word.text)
    return "".join(pieces)


def _touch(left: Word, right: Word) -> bool:
    """A gap too small for a blank: a sub- or superscript, or Chinese characters side by side."""
    gap, size = right.x0 - left.x1, max(left.size, right.size)
    if _CJK_END.search(left.text) and _CJK_START.search(right.text):
        return gap < 0.6 * size
    return -0.5 * size < gap < 0.08 * size and (abs(left.size - right.size) > 0.5 or abs(left.base - right.base) > 0.5)


def make_lines(words: Sequence[Word], gap_em: float) -> list[TextLine]:
    """Lines top to bottom, each cut where a gap is wider than `gap_em` times the letter size."""
    lines: list[TextLine] = []
    for row in _rows(words):
        row.sort(key=lambda word: word.x0)
        run = [row[0]]
        for word in row[1:]:
            limit = gap_em * min(max(run[-1].size, word.size), 1.4 * min(run[-1].size, word.size))
            if word.n_blanks and run[-1].text.endswith((".", "!", "?", ":")):
                limit *= 2  # sentences set apart by several blanks
            if word.x0 - max(other.x1 for other in run[-3:]) > limit:
                lines.append(TextLine(run))
                run = []
            run.append(word)
        lines.append(TextLine(run))
    return lines


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words that share a baseline; small raised or lowered ones join the row of the large word they touch."""
    rows: list[list[Word]] = []
    bases: list[float] = []
    for word in sorted(words, key=lambda word: (-round(word.size), word.base)):
        best, distance = -1, 1e9
        for index in range(len(rows)):
            offset = abs(bases[index] - word.base)
            if offset < distance and offset <= 0.55 * rows[index][0].size and offset <= _reach(rows[index], word):
                best, distance = index, offset
        if best < 0:
            rows.append([word])
            bases.append(word.base)
        else:
            rows[best].append(word)
    order = sorted(range(len(rows)), key=lambda index: bases[index])
    return [rows[index] for index in order]


def _reach(row: list[Word], word: Word) -> float:
    large = row[0].size
    if word.bullet:
        return 0.45 * large
    if word.size > 0.85 * large:
        return 0.22 * large
    near = any(
        other.size > 0.85 * large and (-0.5 * large < word.x0 - other.x1 < 0.35 * large or -0.5 * large < other.x0 - word.x1 < 0.35 * large)
        for other in row
    )
    return 0.55 * large if near else 0.12 * large


def join_lines(lines: Sequence[TextLine]) -> tuple[str, tuple[Line, ...]]:
    """Running text of consecutive lines, and where each of them stands in it."""
    text = ""
    spans: list[Line] = []
    for line in lines:
        piece = line.text
        if not piece:
            continue
        if text and _is_broken(text, piece):
            text = text[:-1]
            spans[-1] = Line(spans[-1].start, len(text), spans[-1].box)
        elif text:
            text += _between(text, piece)
        spans.append(Line(len(text), len(text) + len(piece), line.box))
        text += piece
    return text, tuple(spans)


def _is_broken(before: str, after: str) -> bool:
    """A word that only the line end has broken."""
    if not _BROKEN.search(before) or not _BROKEN_OFF.match(after) or _KEPT_HYPHEN.match(after):
        return False
    return before[-2].isupper() == after[0].isupper() and joins(before[:-1], after)


def _between(before: str, after: str) -> str:
    """What stands between two lines: nothing between Chinese characters and behind a joining hyphen or slash, else a blank."""
    if _CJK_END.search(before) and _CJK_START.match(after):
        return ""
    return "" if before.endswith(("-", "/")) and before[-2:-1] not in (" ", "") else " "
