"""What OCR saw on a page -> the page as if it had a text layer: words, rules and text, upright and level.

In: the picture of a page, the lines of text seen in it, and how it stands. Out: a `Page` filled in, in points; `Placement`, which knows
the way back onto the page as it is displayed. Must not know how text is recognised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median

import numpy as np
import PIL.Image

from ingest.pdf.hocr import ScanLine, ScanWord
from ingest.pdf.lines import make_lines
from ingest.pdf.scan_rules import find_rules
from ingest.pdf.words import Page, Word
from service.core.types import Box

LEAST_RULE_IN = 0.4
THICKEST_RULE_IN = 0.04
"""Inches: of ruling lines. The stems of letters are as thin, but shorter."""
_EM = 1.06
"""Letter size over the height from descenders to ascenders, of common typefaces."""
_BULLETS = frozenset("•●○▪■□◦∙▶►➢➤✓✔")
_LINE_MARKS = frozenset("|¦[](){}_-–—=")
"""What ruling lines are taken for."""
DOUBT_MARK = "\ufffd"


@dataclass(frozen=True, slots=True)
class Placement:
    """How an upright picture of a page stands on the page as displayed: it was turned clockwise by `turn` degrees to stand upright, and
    its lines climb by `skew` (radians). Displayed page size in points."""

    width: float
    height: float
    turn: int = 0
    skew: float = 0.0

    @property
    def upright_size(self) -> tuple[float, float]:
        return (self.height, self.width) if self.turn in (90, 270) else (self.width, self.height)

    def level(self, x: float, y: float) -> tuple[float, float]:
        """A point of the upright picture, in points, with the lines made level."""
        return self._about_centre(x, y, -self.skew)

    def back(self, box: Box) -> Box:
        """A box among level lines as the smallest box around it on the displayed page."""
        corners = [self._back(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return (max(0.0, min(xs)), max(0.0, min(ys)), min(self.width, max(xs)), min(self.height, max(ys)))

    def _back(self, x: float, y: float) -> tuple[float, float]:
        x, y = self._about_centre(x, y, self.skew)
        if self.turn == 90:
            return y, self.height - x
        if self.turn == 180:
            return self.width - x, self.height - y
        if self.turn == 270:
            return self.width - y, x
        return x, y

    def _about_centre(self, x: float, y: float, angle: float) -> tuple[float, float]:
        wide, high = self.upright_size
        dx, dy = x - wide / 2, y - high / 2
        sine, cosine = math.sin(angle), math.cos(angle)
        return wide / 2 + dx * cosine - dy * sine, high / 2 + dx * sine + dy * cosine


def turned(picture: PIL.Image.Image, turn: int) -> PIL.Image.Image:
    """Turned clockwise."""
    return picture.rotate(-turn, expand=True) if turn else picture


def skew_of(lines: Sequence[ScanLine]) -> float:
    """The angle at which the longer lines climb; 0 where there are too few to tell."""
    slopes = sorted(line.slope for line in lines if len(line.words) >= 4)
    skew = math.atan(median(slopes)) if len(slopes) >= 3 else 0.0
    return skew if 0.0015 < abs(skew) < 0.2 else 0.0


def fill(page: Page, lines: Sequence[ScanLine], placement: Placement, scale: float, rules: list[Box]) -> None:
    """The page as if it had a text layer: words and rules, upright and level; what was drawn or hidden on it counts no more. `scale` is
    points a pixel."""
    wide, high = placement.upright_size
    doubtful: set[int] = set()
    spoken: list[list[Word]] = []
    for line, size in zip(lines, _sizes(lines, scale), strict=True):
        both = [(_word(word, line, size, scale, placement), word.doubtful) for word in line.words]
        spoken.append([word for word, _ in both if not (set(word.text) <= _LINE_MARKS and _on_rule(word, rules))])
        doubtful |= {id(word) for word, unsure in both if unsure}
    words = [word for line_words in spoken for word in line_words]
    rows = [row.words for row in make_lines(words, 1e9)]
    plain = "\n".join(" ".join(DOUBT_MARK if id(word) in doubtful else word.text for word in row) for row in [*spoken, *rows])
    fresh = Page(page.number, wide, high, words=words, rules=rules, plain=plain)
    for kept in fields(Page):
        setattr(page, kept.name, getattr(fresh, kept.name))


def _sizes(lines: Sequence[ScanLine], scale: float) -> list[float]:
    """Letter sizes in points; those near the size of most text are that size, the others whole points: measured heights scatter."""
    raw = [max(3.0, min(72.0, line.size * scale * _EM)) for line in lines]
    weighted = sorted((size, sum(len(word.text) for word in line.words)) for size, line in zip(raw, lines, strict=True))
    half, body = sum(n for _, n in weighted) / 2, raw[0]
    for size, n_chars in weighted:
        half -= n_chars
        if half <= 0:
            body = size
            break
    body = round(body * 2) / 2
    return [body if abs(size - body) <= 0.1 * body else float(round(size)) for size in raw]


def _word(seen: ScanWord, line: ScanLine, size: float, scale: float, placement: Placement) -> Word:
    middle = (seen.x0 + seen.x1) / 2
    x, base = placement.level(middle * scale, (line.base + line.slope * (middle - line.words[0].x0)) * scale)
    half = (seen.x1 - seen.x0) * scale / 2
    box = (x - half, base - 0.75 * size, x + half, base + 0.22 * size)
    return Word(seen.text, *box, base, size, False, "scan", bullet=seen.text in _BULLETS)


def rules_px(picture: PIL.Image.Image, width: float) -> list[Box]:
    """The rules in a picture of a page `width` points wide, in pixels."""
    per_inch = 72 * picture.width / max(1.0, width)
    return find_rules(np.asarray(picture), int(LEAST_RULE_IN * per_inch), int(THICKEST_RULE_IN * per_inch))


def erased(picture: PIL.Image.Image, rules: Sequence[Box]) -> PIL.Image.Image:
    """The picture without its rules: Tesseract takes them for bars and brackets, and words beside them for longer ones."""
    if not rules:
        return picture
    pixels = np.array(picture)
    for x0, y0, x1, y1 in rules:
        pixels[max(0, int(y0) - 1) : int(y1) + 1, max(0, int(x0) - 1) : int(x1) + 1] = 255
    return PIL.Image.fromarray(pixels)


def _on_rule(word: Word, rules: Sequence[Box]) -> bool:
    return any(x0 < word.x1 + 1 and x1 > word.x0 - 1 and y0 < word.y1 and y1 > word.y0 for x0, y0, x1, y1 in rules)
