"""Side notes and side heads: a narrow column of short texts beside the running text, each read where it stands.

In: the items left and right of a gutter. Out: which side is a margin, and the pieces of both in reading order. A margin is narrow and
mostly empty; the text beside it is prose. Must not know how gutters are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ingest.pdf.captions import is_caption
from ingest.pdf.items import Item
from ingest.pdf.lines import TextLine, hull

_MAX_WIDTH = 0.42
_MAX_FILLED = 0.6
_MAX_NOTE_LINES = 12
_MIN_PROSE_WORDS = 6


def margin_of(left: Sequence[Item], right: Sequence[Item]) -> list[Item] | None:
    """The side that holds notes or heads beside the other's text; None where neither does."""
    for side, main in ((left, right), (right, left)):
        if _is_margin(side, main):
            return side if isinstance(side, list) else list(side)
    return None


def _is_margin(side: Sequence[Item], main: Sequence[Item]) -> bool:
    lines = [item for item in side if isinstance(item, TextLine)]
    text = [item for item in main if isinstance(item, TextLine)]
    if any(is_caption(line.text) for line in lines):
        return False
    if not lines or len(lines) < len(side) or len(text) < max(5, 1.5 * len(lines)):
        return False
    box, body = hull(item.box for item in side), hull(item.box for item in main)
    if box[2] - box[0] > _MAX_WIDTH * (body[2] - body[0]) or median(len(line.words) for line in text) < _MIN_PROSE_WORDS:
        return False
    size = median(line.size for line in text)
    notes = clusters(lines)
    filled = 1.3 * size * sum(len(note) for note in notes)
    if max(len(note) for note in notes) > _MAX_NOTE_LINES or filled > _MAX_FILLED * (body[3] - body[1]):
        return False
    heads = all(line.bold or line.size > 1.1 * size for line in lines) and not all(line.bold for line in text)
    small = all(line.size < 0.93 * size for line in lines)
    return heads or small or (len(lines) >= 4 and len(lines) > len(notes))


def clusters(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Lines that follow each other closely."""
    ordered = sorted(lines, key=lambda line: line.base)
    notes = [[ordered[0]]]
    for before, line in pairwise(ordered):
        if line.base - before.base < 1.7 * max(line.size, before.size):
            notes[-1].append(line)
        else:
            notes.append([line])
    return notes


def beside(side: Sequence[Item], main: Sequence[Item]) -> list[list[Item]]:
    """Notes and text in turn: a head comes before the paragraph that begins at its height, a note after the one it stands beside."""
    size = median(item.size for item in main if isinstance(item, TextLine))
    rest = sorted(main, key=lambda item: (item.box[1], item.box[0]))
    pieces: list[list[Item]] = []
    for note in clusters([item for item in side if isinstance(item, TextLine)]):
        cut = _place(rest, note[0], is_head=all(line.bold or line.size > 1.1 * size for line in note))
        if rest[:cut]:
            pieces.append(rest[:cut])
        pieces.append([*note])
        rest = rest[cut:]
    return [*pieces, rest] if rest else pieces


def _place(items: Sequence[Item], line: TextLine, is_head: bool) -> int:
    """How many of the items are read before the note that begins with this line."""
    starts = [0, *(index for index, (before, item) in enumerate(pairwise(items), 1) if _is_gap(before, item)), len(items)]
    level = [index for index in starts if index < len(items) and abs(items[index].box[1] - line.y0) < 1.2 * line.size]
    if level and is_head:
        return level[0]
    return next((index for index in starts if index == len(items) or items[index].box[1] > line.y0 + 1.2 * line.size), len(items))


def _is_gap(before: Item, after: Item) -> bool:
    """White space as between paragraphs."""
    if not isinstance(before, TextLine) or not isinstance(after, TextLine):
        return True
    if before.bold or (len(before.words) <= 3 and not before.text.endswith((".", ":", "!"))):
        return False  # it heads what follows
    return after.base - before.base > 1.62 * max(before.size, after.size)
