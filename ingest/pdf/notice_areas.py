"""Parts of a page that are set apart by frames, shades or rules, as notices are.

In: a page and its ruling edges. Out: `Area`s: framed or shaded boxes, the space between two lone level rules, the text behind an upright
bar. Must not know what a text says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from ingest.pdf.ruled import Edges
from ingest.pdf.words import Page, Word
from service.core.types import Box

_MAX_AREAS = 500
_MIN_WIDTH_PT = 60.0
_MIN_HEIGHT_PT = 14.0
_MIN_RULE_PT = 100.0
_BAR_PT = 10.0  # a bar beside a text is at most this wide,
_BAR_GAP_PT = 24.0  # and this far from it
_NEAR_PT = 4.0
_HANG_PT = 45.0
_GAP_EM = 1.2


@dataclass(frozen=True, slots=True)
class Area:
    """`kind`: `closed` is drawn on all sides or shaded; `apart` lies between two level rules away from others, `stacked` between two of
    several; the text of a `bar` is to the right of it."""

    box: Box
    kind: Literal["closed", "apart", "stacked", "bar"] = "closed"

    def words(self, words: Sequence[Word]) -> list[Word]:
        """Those of `words` whose middles lie in the area."""
        x0, y0, x1, y1 = self.box
        return [word for word in words if x0 <= (word.x0 + word.x1) / 2 <= x1 and y0 <= (word.y0 + word.y1) / 2 <= y1]


def find_areas(page: Page, edges: Edges) -> list[Area]:
    """Closed areas largest first, then those between rules, then those behind bars."""
    limit = 0.5 * page.width * page.height
    ruled = [area for area in _ruled(edges) if _size(area.box) < limit]
    boxes = [*page.fills, *page.frames, *(area.box for area in ruled if area.kind == "closed")]
    closed = [box for box in dict.fromkeys(boxes) if _is_wide(box) and _size(box) < limit][:_MAX_AREAS]
    areas = [Area(box) for box in sorted(closed, key=_size, reverse=True)]
    areas += sorted((area for area in ruled if area.kind != "closed"), key=lambda area: area.kind)
    return areas + [Area(box, "bar") for box in _bars(page, edges)]


def beside(area: Area, areas: Sequence[Area]) -> list[Area]:
    """Closed areas that adjoin this one below with the same sides, or to the right with the same top and bottom."""
    x0, y0, x1, y1 = area.box
    found = []
    for other in areas:
        a0, b0, a1, b1 = other.box
        below = abs(a0 - x0) < _NEAR_PT and abs(a1 - x1) < _NEAR_PT and abs(b0 - y1) < _NEAR_PT
        right = abs(b0 - y0) < _NEAR_PT and abs(b1 - y1) < _NEAR_PT and abs(a0 - x1) < _NEAR_PT
        if other.kind == "closed" and (below or right):
            found.append(other)
    return found


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _is_wide(box: Box) -> bool:
    return box[2] - box[0] > _MIN_WIDTH_PT / 2 and box[3] - box[1] > _MIN_HEIGHT_PT * 0.8


def _ruled(edges: Edges) -> Iterator[Area]:
    """The spaces between level rules with the same ends, one below the other: with upright rules at both ends, or without any."""
    upright = [edge for edge in edges if edge["orientation"] == "v"]
    for stack in _stacks(edges):
        for index, (above, below) in enumerate(pairwise(stack)):
            x0, y0, x1, y1 = min(above["x0"], below["x0"]), above["top"], max(above["x1"], below["x1"]), below["top"]
            if y1 - y0 < _MIN_HEIGHT_PT:
                continue
            sides = [edge["x0"] for edge in upright if edge["top"] <= y0 + _NEAR_PT and edge["bottom"] >= y1 - _NEAR_PT]
            if all(any(abs(side - x) < _NEAR_PT for side in sides) for x in (x0, x1)):
                yield Area((x0, y0, x1, y1))
            elif not any(x0 - _NEAR_PT <= side <= x1 + _NEAR_PT for side in sides):
                yield Area((x0, y0, x1, y1), "apart" if len(stack) == 2 or _far(stack, index) else "stacked")


def _far(stack: Edges, index: int) -> bool:
    """Rules number `index` and `index` + 1 stand closer to each other than to the rest of their stack."""
    own = stack[index + 1]["top"] - stack[index]["top"]
    before = stack[index]["top"] - stack[index - 1]["top"] if index else 1e9
    after = stack[index + 2]["top"] - stack[index + 1]["top"] if index + 2 < len(stack) else 1e9
    return bool(own < min(before, after))


def _stacks(edges: Edges) -> list[Edges]:
    """Level rules with the same ends, each list top to bottom."""
    stacks: list[Edges] = []
    level = [edge for edge in edges if edge["orientation"] == "h" and edge["x1"] - edge["x0"] > _MIN_RULE_PT]
    for edge in sorted(level, key=lambda edge: edge["top"]):
        own = next((s for s in stacks if abs(s[0]["x0"] - edge["x0"]) < _NEAR_PT and abs(s[0]["x1"] - edge["x1"]) < _NEAR_PT), None)
        if own is None:
            stacks.append([edge])
        elif edge["top"] - own[-1]["top"] > 2:
            own.append(edge)
    return stacks


def _bars(page: Page, edges: Edges) -> list[Box]:
    """What is right of an upright rule or narrow shade that no level rule meets, as far as the page reaches."""
    level = [edge for edge in edges if edge["orientation"] == "h"]
    narrow = [(edge["x0"], edge["top"], edge["x1"], edge["bottom"]) for edge in edges if edge["orientation"] == "v"]
    narrow += [fill for fill in page.fills if fill[2] - fill[0] <= _BAR_PT]
    bars = [box for box in narrow if _MIN_HEIGHT_PT < box[3] - box[1] < 0.5 * page.height]
    free = [box for box in bars if not any(_meets(edge["x0"], edge["x1"], edge["top"], box) for edge in level)]
    return [(x1, y0 - 2, page.width, y1 + 2) for _, y0, x1, y1 in dict.fromkeys(free)][:50]


def _meets(x0: float, x1: float, y: float, bar: Box) -> bool:
    return x0 <= bar[2] + _NEAR_PT and x1 >= bar[0] - _NEAR_PT and bar[1] - _NEAR_PT <= y <= bar[3] + _NEAR_PT


def hanging(area: Area, words: Sequence[Word]) -> list[Word]:
    """The words just left of the area: a signal word may hang out to the left of its rules."""
    x0, y0, _, y1 = area.box
    return [word for word in words if x0 - _HANG_PT <= word.x0 and word.x1 <= x0 + 2 and y0 <= (word.y0 + word.y1) / 2 <= y1]


def behind_bar(area: Area, words: Sequence[Word]) -> list[Word]:
    """The words right of the area's bar, line by line as far as they stand together; none where the first stand far from the bar."""
    rows = [line for line in _rows(area.words(words)) if line[0].x0 - area.box[0] <= _BAR_GAP_PT + 60]
    edge = _next_column(rows)
    kept: list[Word] = []
    for row in rows:
        end = row[0].x1
        for word in row:
            if word.x0 > edge or word.x0 - end > 2.5 * min(word.size, row[0].size):
                break
            kept.append(word)
            end = max(end, word.x1)
    return kept if kept and min(word.x0 for word in kept) - area.box[0] <= _BAR_GAP_PT else []


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    rows: dict[int, list[Word]] = {}
    for word in sorted(words, key=lambda word: word.base):
        near = next((base for base in rows if abs(base - word.base) <= 3), round(word.base))
        rows.setdefault(near, []).append(word)
    return [sorted(row, key=lambda word: word.x0) for row in rows.values()]


def _next_column(rows: Sequence[Sequence[Word]]) -> float:
    """Where the text of a neighbouring column begins: most rows go on there after a gap. Infinite where there is none."""
    starts = [word.x0 for row in rows for before, word in pairwise(row) if word.x0 - before.x1 > _GAP_EM * before.size]
    common = [x for x in starts if sum(abs(other - x) < 2 for other in starts) >= max(1, 0.6 * len(rows))]
    return min(common) - 1 if common else float("inf")
