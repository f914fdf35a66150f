"""A PDF page -> its words as pdfium shows them, each with the number that its colour spells in a marked copy.

In: an open pdfium page. Out: words in displayed space (origin top-left, after /Rotate). It is not the project's own reader, on purpose:
what is judged must not say where the words are.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium_c

from eval.layout.truth import Word
from service.core.types import Box

_STEP = 8  # between two values of a colour channel, so that no rounding of colours can change a number
_BASE = 256 // _STEP
MAX_LABELS = _BASE**3
_BULLETS = frozenset("•‣⁃○●▪■□◦∙◆▶►➢➤✓✔❖–-*·")


def colour_of(label: int) -> tuple[int, int, int]:
    """Red, green, blue (0 to 255) that spell a number. Raises ValueError above MAX_LABELS."""
    if not 0 <= label < MAX_LABELS:
        raise ValueError(f"a document holds {MAX_LABELS} labels at most, not {label}")
    return tuple(label // _BASE**power % _BASE * _STEP + _STEP // 2 for power in (2, 1, 0))  # type: ignore[return-value]


def label_of(red: int, green: int, blue: int) -> int:
    """Inverse of `colour_of`; -1 for black and for white."""
    if max(red, green, blue) == 0 or min(red, green, blue) == 255:
        return -1
    return (red // _STEP * _BASE + green // _STEP) * _BASE + blue // _STEP


def is_bullet(text: str) -> bool:
    """A mark that may open a list item, and says nothing by itself."""
    return len(text) == 1 and (text in _BULLETS or "\uf000" <= text <= "\uf0ff")


def page_words(page: Any, labels: bool = False) -> tuple[float, float, list[Word]]:
    """(width, height, words) of an open pdfium page, without bullets. `labels`: read the numbers that colours spell, and keep bullets: in
    a table a dash is a cell."""
    turn = page.get_rotation() % 360
    left, bottom, right, top = page.get_bbox()
    wide, high = right - left, top - bottom
    text_page = page.get_textpage()
    reader = _Reader(text_page.raw, turn, (left, bottom, right, top), labels)
    try:
        words = reader.words(text_page.count_chars())
    finally:
        text_page.close()
    return (high, wide, words) if turn in (90, 270) else (wide, high, words)


@dataclass
class _Reader:
    raw: Any
    turn: int
    page: Box
    labels: bool
    found: list[Word] = field(default_factory=list)
    _text: str = ""
    _box: Box = (0, 0, 0, 0)
    _label: int = -1
    _colours: dict[int, int] = field(default_factory=dict)

    def words(self, n_chars: int) -> list[Word]:
        box = pdfium_c.FS_RECTF()
        for index in range(n_chars):
            char = chr(min(pdfium_c.FPDFText_GetUnicode(self.raw, index), 0x10FFFF))
            text_object = pdfium_c.FPDFText_GetTextObject(self.raw, index)
            if not text_object or char.isspace() or char in "\x00\ufffe\x02":
                self._end()
                continue
            pdfium_c.FPDFText_GetLooseCharBox(self.raw, index, box)
            label = self._label_at(index, ctypes.addressof(text_object.contents)) if self.labels else -1
            self._add(char, self._displayed(box.left, box.bottom, box.right, box.top), label)
        self._end()
        return self.found

    def _label_at(self, index: int, address: int) -> int:
        if address not in self._colours:
            red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
            pdfium_c.FPDFText_GetFillColor(self.raw, index, red, green, blue, alpha)
            self._colours[address] = label_of(red.value, green.value, blue.value)
        return self._colours[address]

    def _displayed(self, x0: float, y0: float, x1: float, y1: float) -> Box:
        left, bottom, right, top = self.page
        if self.turn == 90:
            return (y0 - bottom, x0 - left, y1 - bottom, x1 - left)
        if self.turn == 180:
            return (right - x1, y0 - bottom, right - x0, y1 - bottom)
        if self.turn == 270:
            return (top - y1, right - x1, top - y0, right - x0)
        return (x0 - left, top - y1, x1 - left, top - y0)

    def _add(self, char: str, box: Box, label: int) -> None:
        if self._text and (label != self._label or _apart(self._box, box)):
            self._end()
        joined = (min(box[0], self._box[0]), min(box[1], self._box[1]), max(box[2], self._box[2]), max(box[3], self._box[3]))
        self._box = joined if self._text else box
        self._label = label
        self._text += char

    def _end(self) -> None:
        if self._text and (self.labels or not is_bullet(self._text)):
            x0, y0, x1, y1 = (round(value, 2) for value in self._box)
            self.found.append(Word(self._text, (x0, y0, x1, y1), self._label))
        self._text = ""


def _apart(word: Box, char: Box) -> bool:
    """The character does not touch the word: it opens another line or column."""
    reach = 0.6 * max(min(char[3] - char[1], char[2] - char[0]), 2.0)
    return char[0] > word[2] + reach or char[2] < word[0] - reach or char[1] > word[3] + reach or char[3] < word[1] - reach
