"""Drawings: where curves, slanting lines and many short rules stand close together, the words in them are labels, not text.

In: a page and the words not yet taken by tables and notices. Out: `Drawing`s with their label words. Must not know about captions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ingest.pdf.lines import hull, make_lines
from ingest.pdf.words import Page, Word
from service.core.types import Box

_TILE_PT = 14.0
_MIN_STROKES = 3
_MIN_PARTS = 8
_MANY_PARTS = 24
_LABEL_REACH_PT = 20.0
_LABEL_WORDS = 5
_MAX_TILES = 4000
_SECTION_NUMBER = re.compile(r"^\d{1,2}(?:\.\d{1,2}){1,3}\.?$")


@dataclass(eq=False)
class Drawing:
    """The area of a drawing and the words in it."""

    box: Box
    words: list[Word]


def drawings(page: Page, words: Sequence[Word], tables: Sequence[Box]) -> list[Drawing]:
    """Areas of line art, each with the words whose centre lies in them."""
    area = page.width * page.height
    words = _without_headings(words)
    found: list[Drawing] = []
    typical = median(word.size for word in page.words) if page.words else 0.0
    for box, n_strokes, n_parts in _clusters(page, tables):
        size = (box[2] - box[0]) * (box[3] - box[1])
        if n_strokes < _MIN_STROKES and n_parts < _MANY_PARTS:
            continue
        if n_parts < _MIN_PARTS or size > 0.9 * area or box[2] - box[0] < 30 or box[3] - box[1] < 20:
            continue
        wide = (box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4)
        inside = _labels(wide, [word for word in words if _holds(wide, word)], words)
        if not _is_prose(inside) and (n_strokes >= _MIN_STROKES or _share(inside, size) < 0.12):
            inside += _around(box, inside, words, typical)
            found.append(Drawing(hull([box, *(word.box for word in inside)]), inside))
            taken = {id(word) for word in inside}
            words = [word for word in words if id(word) not in taken]
    return found


def _without_headings(words: Sequence[Word]) -> list[Word]:
    """Words but those of lines that begin with a section number in bold: headings between drawings."""
    numbers = [word for word in words if word.bold and _SECTION_NUMBER.match(word.text)]
    lines = make_lines(words, 2.5) if numbers else []
    ids = {id(number) for number in numbers}
    gone = {id(word) for line in lines if id(line.words[0]) in ids and line.bold and len(line.words) > 1 for word in line.words}
    return [word for word in words if id(word) not in gone]


def parting_images(page: Page, words: Sequence[Word]) -> list[Box]:
    """Pictures that part the text around them as drawings do: of some size, no background, nearly no text on them."""
    area = page.width * page.height
    return [
        box
        for box in page.images
        if box[2] - box[0] > 90
        and box[3] - box[1] > 40
        and (box[2] - box[0]) * (box[3] - box[1]) < 0.6 * area
        and sum(_holds(box, word) for word in words) <= _LABEL_WORDS
    ][:50]


def _labels(box: Box, held: Sequence[Word], words: Sequence[Word]) -> list[Word]:
    """Words of segments that stand in the area whole: a line of text that only reaches into it is text."""
    if not held:
        return []
    low, high = min(word.y0 for word in held), max(word.y1 for word in held)
    near = [word for word in words if word.y1 > low - 2 and word.y0 < high + 2]
    segments = [line for line in make_lines(near, 0.9) if line.x0 >= box[0] - 12 and line.x1 <= box[2] + 12]
    ids = {id(word) for word in held}
    return [word for segment in segments for word in segment.words if id(word) in ids]


def _around(box: Box, inside: Sequence[Word], words: Sequence[Word], typical: float) -> list[Word]:
    """Short pieces of text just outside of the line art, in small letters or without words: axis ticks, pin names."""
    taken = {id(word) for word in inside}
    near = (box[0] - _LABEL_REACH_PT, box[1] - _LABEL_REACH_PT, box[2] + _LABEL_REACH_PT, box[3] + _LABEL_REACH_PT)
    free = [word for word in words if id(word) not in taken and _holds((near[0] - 60, near[1], near[2] + 60, near[3]), word)]
    labels: list[Word] = []
    for line in make_lines(free, 0.9) if free else []:
        touches = line.x1 > near[0] and line.x0 < near[2]
        small = line.size < 0.93 * typical or not any(char.isalpha() for char in line.text)
        if touches and small and len(line.words) <= _LABEL_WORDS:
            labels += line.words
    return labels


def _holds(box: Box, word: Word) -> bool:
    return box[0] <= (word.x0 + word.x1) / 2 <= box[2] and box[1] <= (word.y0 + word.y1) / 2 <= box[3]


def _share(words: Sequence[Word], size: float) -> float:
    """The share of an area that words cover."""
    return sum((word.x1 - word.x0) * (word.y1 - word.y0) for word in words) / max(1.0, size)


def _is_prose(words: Sequence[Word]) -> bool:
    """Most words stand in runs of six and more: text on a decorated ground."""
    if not words:
        return False
    return sum(len(line.words) for line in make_lines(words, 0.7) if len(line.words) >= 6) > 0.5 * len(words)


def _clusters(page: Page, tables: Sequence[Box]) -> Iterable[tuple[Box, int, int]]:
    """Parts of drawings that touch, by tiles: (box, curved or slanting strokes, all parts)."""
    tiles: dict[tuple[int, int], list[int]] = {}
    parts: list[tuple[Box, bool]] = []
    for box, stroke in [*((box, True) for box in page.strokes), *((box, False) for box in page.rules)]:
        if box[2] - box[0] > 0.8 * page.width or any(_contains(table, box) for table in tables):
            continue
        reach = _tiles(box)
        if len(reach) > 1500 or len(tiles) > _MAX_TILES:
            continue
        for tile in reach:
            tiles.setdefault(tile, []).append(len(parts))
        parts.append((box, stroke))
    seen: set[tuple[int, int]] = set()
    for start in tiles:
        if start in seen:
            continue
        seen.add(start)
        queue, members = [start], set(tiles[start])
        while queue:
            x, y = queue.pop()
            for tile in ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
                if tile in tiles and tile not in seen:
                    seen.add(tile)
                    queue.append(tile)
                    members.update(tiles[tile])
        yield hull(parts[index][0] for index in members), sum(parts[index][1] for index in members), len(members)


def _contains(outer: Box, inner: Box) -> bool:
    return outer[0] - 2 <= inner[0] and inner[2] <= outer[2] + 2 and outer[1] - 2 <= inner[1] and inner[3] <= outer[3] + 2


def _tiles(box: Box) -> list[tuple[int, int]]:
    x0, y0, x1, y1 = (int(value // _TILE_PT) for value in box)
    if x1 - x0 > 2 and y1 - y0 > 2:  # a large outline: its border only
        border = [(x, y) for x in range(x0, x1 + 1) for y in (y0, y1)]
        return border + [(x, y) for y in range(y0, y1 + 1) for x in (x0, x1)]
    return [(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]
