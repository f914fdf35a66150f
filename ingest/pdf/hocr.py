"""Tesseract's hOCR of a picture -> lines of words with confidences, in pixels of that picture.

In: hOCR (XHTML). Out: `ScanLine`s in Tesseract's reading order. Must not know about pages, points or rotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from xml.etree import ElementTree

_BOX = re.compile(r"\bbbox (-?\d+) (-?\d+) (-?\d+) (-?\d+)")
_BASELINE = re.compile(r"\bbaseline (-?[\d.]+) (-?[\d.]+)")
_SIZE = re.compile(r"\bx_size (-?[\d.]+)")
_CONFIDENCE = re.compile(r"\bx_wconf (\d+)")
_LINES = frozenset(("ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"))

LEAST = 30
"""Words below this confidence (of 100) are noise, unless the rest of their line is sure."""
SURE = 75
DOUBTFUL = 40
DOUBTFUL_NUMBER = 60
"""A word below these is kept for searching, and never quoted: met were 48 for a printed 49 at 40."""


@dataclass(frozen=True, slots=True)
class ScanWord:
    """A word and its box; `confidence` is Tesseract's, of 100."""

    text: str
    x0: int
    y0: int
    x1: int
    y1: int
    confidence: int

    @property
    def doubtful(self) -> bool:
        """Not sure enough to be quoted."""
        if not any(char.isalnum() for char in self.text):
            return False
        return self.confidence < (DOUBTFUL_NUMBER if any(char.isdigit() for char in self.text) else DOUBTFUL)


@dataclass(frozen=True, slots=True)
class ScanLine:
    """Words of one line. Its baseline runs through (x, `base` + `slope` * (x - `words[0].x0`)); `size` is the height from the
    descenders to the ascenders."""

    words: tuple[ScanWord, ...]
    base: float
    slope: float
    size: float


def read_hocr(markup: bytes) -> list[ScanLine]:
    """Lines with at least one word worth keeping. Raises xml.etree.ElementTree.ParseError."""
    lines: list[ScanLine] = []
    for element in ElementTree.fromstring(markup).iter():
        if element.get("class") in _LINES:
            line = _line(element)
            if line is not None:
                lines.append(line)
    return lines


def confidence(lines: Iterable[ScanLine]) -> float:
    """The mean confidence of the words, weighted by length (long ones are not trusted more than others); 0 without words."""
    words = [word for line in lines for word in line.words]
    weights = [min(len(word.text), 10) for word in words]
    return sum(word.confidence * weight for word, weight in zip(words, weights, strict=True)) / sum(weights) if words else 0.0


def runs_upright(lines: Iterable[ScanLine]) -> bool:
    """Whether most of the longer words are wider than high; text that is turned is not."""
    words = [word for line in lines for word in line.words if len(word.text) >= 3]
    return 2 * sum(word.x1 - word.x0 > word.y1 - word.y0 for word in words) >= len(words)


def _line(element: ElementTree.Element) -> ScanLine | None:
    title = element.get("title", "")
    box, baseline, size = _BOX.search(title), _BASELINE.search(title), _SIZE.search(title)
    words = tuple(_worth_keeping(tuple(_words(element))))
    if box is None or not words:
        return None
    left, bottom, high = int(box[1]), int(box[4]), int(box[4]) - int(box[2])
    slope, offset = (float(baseline[1]), float(baseline[2])) if baseline else (0.0, 0.0)
    base = bottom + offset + slope * (words[0].x0 - left)
    return ScanLine(words, base, slope, float(size[1]) if size else float(high))


def _words(line: ElementTree.Element) -> Iterator[ScanWord]:
    for element in line.iter():
        title = element.get("title", "")
        box, sure = _BOX.search(title), _CONFIDENCE.search(title)
        text = "".join("".join(element.itertext()).split())
        if element.get("class") == "ocrx_word" and box and sure and text:
            x0, y0, x1, y1 = (int(value) for value in box.groups())
            yield ScanWord(text, x0, y0, x1, y1, int(sure[1]))


def _worth_keeping(words: Sequence[ScanWord]) -> list[ScanWord]:
    """Tesseract gives right words in clear lines a confidence near 0 now and then; alone, such words are dirt."""
    kept = [word for word in words if word.confidence >= LEAST]
    if len(kept) == len(words):
        return kept
    if len(kept) < 2 or fmean(word.confidence for word in kept) < SURE:
        return kept
    return [word for word in words if word.confidence >= LEAST or _is_wordlike(word.text)]


def _is_wordlike(text: str) -> bool:
    """Not a mark, and not a row of dots, which is read as "eeeceseec"."""
    if sum(char.isalnum() for char in text) < 2:
        return False
    return len(text) <= 3 or (len(set(text)) >= 4 and len(set(text)) > 0.4 * len(text))
