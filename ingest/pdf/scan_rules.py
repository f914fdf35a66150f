"""A picture of a page -> the ruling lines in it, level and upright, as boxes in pixels: what tables in scans are drawn with.

In: a greyscale picture as an array. Out: boxes. Must not know about points, pages or tables.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.core.types import Box

DARK = 140
MAX_RULES = 2000
"""A picture with more is line art or a photograph: it has no rules."""


def find_rules(picture: NDArray[np.uint8], least_px: int, thickest_px: int) -> list[Box]:
    """Level and upright lines at least `least_px` long and at most `thickest_px` thick. (height, width) array of 0 (black) to 255."""
    dark = picture < DARK
    level = _strokes(dark, least_px, thickest_px)
    upright = _strokes(np.ascontiguousarray(dark.T), least_px, thickest_px)
    if len(level) + len(upright) > MAX_RULES:
        return []
    return [*level, *((y0, x0, y1, x1) for x0, y0, x1, y1 in upright)]


def _strokes(dark: NDArray[np.bool_], least_px: int, thickest_px: int) -> list[Box]:
    """Level lines: runs of dark pixels, joined over the rows where they touch."""
    rows, starts, ends = _runs(dark, least_px)
    if len(rows) > 100 * MAX_RULES:
        return []
    open_strokes: list[list[int]] = []
    done: list[list[int]] = []
    for row, start, end in zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True):
        if len(done) > 4 * MAX_RULES:
            break
        still: list[list[int]] = []
        for stroke in open_strokes:
            (still if stroke[3] >= row - 2 else done).append(stroke)
        open_strokes = still
        mine = [stroke for stroke in open_strokes if stroke[0] <= end + 4 and stroke[2] >= start - 4]
        if mine:
            x0, y0, x1 = min(start, *(s[0] for s in mine)), min(s[1] for s in mine), max(end, *(s[2] for s in mine))
            open_strokes = [stroke for stroke in open_strokes if stroke not in mine]
            open_strokes.append([x0, y0, x1, row + 1])
        else:
            open_strokes.append([start, row, end, row + 1])
    done += open_strokes
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in done if y1 - y0 <= max(thickest_px, 0.03 * (x1 - x0))]


def _runs(dark: NDArray[np.bool_], least_px: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """(row, start, end) of every run of dark pixels of at least `least_px`, row by row."""
    found: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]] = []
    for top in range(0, len(dark), 256):  # in bands: the differences of a whole picture take eight times its size
        band = np.pad(dark[top : top + 256].astype(np.int8), ((0, 0), (1, 1)))
        change = np.diff(band, axis=1)
        rows, starts = np.nonzero(change == 1)
        _, ends = np.nonzero(change == -1)
        long = ends - starts >= least_px
        found.append((rows[long] + top, starts[long], ends[long]))
    rows, starts, ends = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, starts, ends
