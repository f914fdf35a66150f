"""Text at right angles to a page's own: a table on its side, or the heading above one. It is laid out on a plane of its own.

In: a page as read. Out: further `Page`s to lay out, turned so that the words are level and moved far to the right, so that their boxes
tell the plane; and the way back for the blocks made of them. Short labels up the sides of figures and margins are left out. Must not
know how a page is laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ingest.pdf.lines import make_lines
from ingest.pdf.words import Page, Word
from service.core.types import Block, Box

_PLANE_PT = 20_000.0
"""How far the planes are apart: wider than a page can be (14,400 pt, PDF 32000-1, annex C.2)."""
_MIN_CHARS = 250
_MIN_SHARE = 0.15
_MARGIN = 0.09
_EDGE = 0.05
_GAP_EM = 2.5


def side_pages(page: Page, is_furniture: Callable[[str], bool]) -> list[Page]:
    """The planes of a page that hold text worth reading besides its own. `is_furniture` tells running heads by their text."""
    n_own = sum(len(word.text) for word in page.words)
    found: list[Page] = []
    for turn, words in page.aside.items():
        wide, high = (page.height, page.width) if turn in (90, 270) else (page.width, page.height)
        level = page.turn > 0 and (page.turn + turn) % 360 == 0  # level on the displayed page: headings, captions
        margin = (_EDGE if level else _MARGIN) * high
        inner = [word for word in words if word.y0 > margin and word.y1 < high - margin]
        lines = [line for line in make_lines(inner, _GAP_EM) if not is_furniture(line.text)] if inner else []
        n_chars = sum(len(line.text) for line in lines)
        is_text = level and any(sum(char.isalpha() for char in line.text) >= 4 for line in lines)
        if is_text or n_chars >= max(_MIN_CHARS, _MIN_SHARE * n_own):
            found.append(_plane(page, turn, [word for line in lines for word in line.words], wide, high))
    return found


def as_displayed(block: Block, page: Page) -> Block:
    """The block with its boxes on the page as displayed, whichever plane it comes from."""
    plane = _plane_of(block.box)
    if not page.turn and not plane:
        return block
    lines = tuple(replace(line, box=_back(page, line.box, plane)) for line in block.lines)
    return replace(block, box=_back(page, block.box, plane), lines=lines)


def _plane_of(box: Box) -> int:
    """0 for the page's own plane, else the quarter turns of another."""
    return int((box[0] + _PLANE_PT / 2) // _PLANE_PT)


def _plane(page: Page, turn: int, words: Sequence[Word], wide: float, high: float) -> Page:
    away = turn / 90 * _PLANE_PT
    for word in words:
        word.x0, word.x1 = word.x0 + away, word.x1 + away

    def moved(boxes: Sequence[Box]) -> list[Box]:
        return [(x0 + away, y0, x1 + away, y1) for x0, y0, x1, y1 in (_turned(box, turn, page.width, page.height) for box in boxes)]

    side = Page(page.number, wide, high, list(words), n_paths=page.n_paths, plain=page.plain)
    side.rules, side.edges, side.fills, side.frames = moved(page.rules), moved(page.edges), moved(page.fills), moved(page.frames)
    return side


def _back(page: Page, box: Box, plane: int) -> Box:
    if plane:
        away, turn = plane * _PLANE_PT, plane * 90
        wide, high = (page.height, page.width) if turn in (90, 270) else (page.width, page.height)
        box = _turned((box[0] - away, box[1], box[2] - away, box[3]), 360 - turn, wide, high)
    wide, high = page.width, page.height
    return _turned(box, (360 - page.turn) % 360, wide, high)


def _turned(box: Box, turn: int, width: float, height: float) -> Box:
    """A box of a page of the given size, on the page turned clockwise by `turn`."""
    x0, y0, x1, y1 = box
    if turn == 90:
        return (height - y1, x0, height - y0, x1)
    if turn == 180:
        return (width - x1, height - y1, width - x0, height - y0)
    if turn == 270:
        return (y0, width - x1, y1, width - x0)
    return box
