"""Drawn or shaded boxes of a page that hold a safety notice.

In: a page and its free words. Out: `NoticeBox`es. What makes a text a notice is `ingest.notices`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.lines import make_lines
from ingest.pdf.words import Page, Word
from service.core.types import Box, NoticeLevel


@dataclass(eq=False)
class NoticeBox:
    """A drawn box or shaded area whose first line is a signal word."""

    box: Box
    level: NoticeLevel
    words: list[Word]


def notice_boxes(page: Page, words: Sequence[Word]) -> list[NoticeBox]:
    """Boxes of the page that hold a notice and nothing else; `words` are those not yet taken by tables."""
    found: list[NoticeBox] = []
    for box in sorted(_boxes(page), key=lambda box: -(box[2] - box[0]) * (box[3] - box[1])):
        if any(
            min(box[2], other.box[2]) > max(box[0], other.box[0]) and min(box[3], other.box[3]) > max(box[1], other.box[1])
            for other in found
        ):
            continue
        inside = [word for word in words if box[0] <= (word.x0 + word.x1) / 2 <= box[2] and box[1] <= (word.y0 + word.y1) / 2 <= box[3]]
        if len(inside) < 3:
            continue
        lines = make_lines(inside, 1.6)
        level = level_of_line(lines[0].text) or level_of_text(lines[0].text)
        if level is not None:
            found.append(NoticeBox(box, level, inside))
    return found


def _boxes(page: Page) -> list[Box]:
    """Framed or shaded areas from one line of text up to half a page."""
    area = page.width * page.height
    return [
        box for box in dict.fromkeys((*page.fills, *page.frames))
        if box[2] - box[0] > 60 and box[3] - box[1] > 14 and (box[2] - box[0]) * (box[3] - box[1]) < 0.5 * area
    ][:500]  # fmt: skip
