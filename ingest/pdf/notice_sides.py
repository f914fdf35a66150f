"""Signal words that stand beside their text with nothing drawn around them.

In: the free words of a page. Out: for each such signal word its line and the lines of its text. Must not know about boxes or tables; two
columns of text that happen to meet at a signal word are kept apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.notices import level_of_line
from ingest.pdf.lines import TextLine, make_lines
from ingest.pdf.words import Word

_GAP_EM = 1.2
_REACH_PT = 130.0
_PITCH = 1.7
_MIN_WORDS = 5


def beside_text(words: Sequence[Word]) -> Iterator[tuple[TextLine, list[TextLine]]]:
    """(signal word, its text) for every signal word left of a text that begins at its height or is centred on it."""
    if not any(level_of_line(word.text) for word in words):
        return
    segments = make_lines(words, _GAP_EM)
    for label in segments:
        if len(label.words) <= 3 and level_of_line(label.text):
            text = _text_of(label, segments)
            if text and _fits(label, text) and not _is_column(label, text, segments):
                yield label, text


def _text_of(label: TextLine, segments: Sequence[TextLine]) -> list[TextLine]:
    """The lines that begin at one place right of the label, as far as they follow each other."""
    level = [line for line in segments if line.y0 < label.y1 and line.y1 > label.y0 and abs(line.size - label.size) < 0.4 * label.size]
    right = [line for line in level if 0 < line.x0 - label.x1 < _REACH_PT]
    if not right:
        return []
    anchor = min(right, key=lambda line: line.x0)
    column = sorted((line for line in segments if abs(line.x0 - anchor.x0) < 3), key=lambda line: line.base)
    first = last = column.index(anchor)
    while first and column[first].base - column[first - 1].base < _PITCH * anchor.size:
        first -= 1
    while last + 1 < len(column) and column[last + 1].base - column[last].base < _PITCH * anchor.size:
        last += 1
    return column[first : last + 1]


def _fits(label: TextLine, text: Sequence[TextLine]) -> bool:
    """The label stands at the first line or at the middle of a text that says something."""
    middle = (text[0].y0 + text[-1].y1) / 2
    at_top = abs(label.base - text[0].base) < 0.6 * label.size
    centred = abs((label.y0 + label.y1) / 2 - middle) < 1.1 * label.size
    n_words = sum(len(line.words) for line in text)
    says = n_words >= _MIN_WORDS or sum("\u4e00" <= char <= "\u9fff" for line in text for char in line.text) >= 8
    return (at_top or centred) and says


def _is_column(label: TextLine, text: Sequence[TextLine], segments: Sequence[TextLine]) -> bool:
    """Other text stands left of the same lines: the label belongs to that."""
    left, right = label.x0 - 3, text[0].x0
    top, bottom = min(text[0].y0, label.y0), max(text[-1].y1, label.y1)
    return any(
        line is not label and line.x1 > left and line.x0 < right - 3 and line.y0 < bottom - 2 and line.y1 > top + 2
        and any(char.isalnum() for char in line.text)
        for line in segments
    )  # fmt: skip
