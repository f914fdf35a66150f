"""The drawn part of a page, through pdfium -> ruling lines, filled areas and pictures, as boxes in displayed points.

In: an open page. Out: `Page.rules` (thin boxes: level or upright), `Page.fills` (non-white areas), their `Page.edges`,
`Page.strokes` (a long curve counts as several), `Page.images`; and the `Scene`: what is painted in which order. Must not know about
words or tables. Pages with more than `MAX_SEGMENTS` path segments are line art: their rules are dropped.
"""

from __future__ import annotations

import ctypes
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pypdfium2.raw as pdfium_c

from ingest.pdf.chars import Frame, Rgb
from ingest.pdf.hidden import LAYER, TRANSPARENT, Paint, Scene, TextInk
from service.core.types import Box

if TYPE_CHECKING:
    from ingest.pdf.words import Page

MAX_SEGMENTS = 30_000
MAX_PATH_SEGMENTS = 400
MAX_DEPTH = 4
MAX_OBJECTS = 50_000
_THIN_PT = 3.0
_LONG_PT = 4.0

Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def read_drawing(page: Any, frame: Frame, result: Page, has_layers: bool) -> Scene:
    """Fill `result.rules`, `.fills`, `.images` and `.n_paths`. `has_layers`: the file has layers that may be switched off."""
    reader = _Reader(frame, result, has_layers)
    raw = page.raw
    for index in range(min(pdfium_c.FPDFPage_CountObjects(raw), MAX_OBJECTS)):
        reader.read(pdfium_c.FPDFPage_GetObject(raw, index), _IDENTITY, 0, "")
    if reader.n_segments > MAX_SEGMENTS:
        result.rules = []
    return reader.scene


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _slants(run: list[tuple[float, float]]) -> bool:
    return any(min(abs(ax - bx), abs(ay - by)) > 1.5 for (ax, ay), (bx, by) in pairwise(run))


class _Reader:
    def __init__(self, frame: Frame, page: Page, has_layers: bool) -> None:
        self.frame, self.page, self.has_layers = frame, page, has_layers
        self.scene = Scene()
        self.n_segments = 0
        self._order = 0
        self._matrix = pdfium_c.FS_MATRIX()
        self._x, self._y = ctypes.c_float(), ctypes.c_float()

    def _own(self, page_object: Any) -> Matrix:
        matrix = self._matrix
        if not pdfium_c.FPDFPageObj_GetMatrix(page_object, matrix):
            return _IDENTITY
        return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)

    def read(self, page_object: Any, outer: Matrix, depth: int, suspicion: str) -> None:
        """One page object, in paint order; forms are entered to a depth of `MAX_DEPTH`. `suspicion`: why the form around it may not
        show."""
        kind = pdfium_c.FPDFPageObj_GetType(page_object)
        self._order += 1
        if kind == pdfium_c.FPDF_PAGEOBJ_TEXT:
            clip = self._clip(page_object, outer)
            self.scene.texts[ctypes.addressof(page_object.contents)] = TextInk(self._order, clip, self._doubt(page_object) or suspicion)
        elif kind == pdfium_c.FPDF_PAGEOBJ_PATH:
            self._path(page_object, _times(self._own(page_object), outer), outer)
        elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            a, b, c, d, e, f = _times(self._own(page_object), outer)
            xs, ys = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
            box = self.frame.box(min(xs), min(ys), max(xs), max(ys))
            self.page.images.append(box)
            self._paint(box, None, False)
        elif kind == pdfium_c.FPDF_PAGEOBJ_SHADING:
            self._paint((0.0, 0.0, self.frame.width, self.frame.height), None, False)
        elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
            inner = _times(self._own(page_object), outer)
            doubt = self._doubt(page_object) or (LAYER if self.has_layers else suspicion)
            for index in range(min(pdfium_c.FPDFFormObj_CountObjects(page_object), MAX_OBJECTS)):
                self.read(pdfium_c.FPDFFormObj_GetObject(page_object, index), inner, depth + 1, doubt)

    def _doubt(self, page_object: Any) -> str:
        """Why the object may not show whatever its place and colour."""
        if self.has_layers and pdfium_c.FPDFPageObj_CountMarks(page_object) > 0:
            return LAYER
        return TRANSPARENT if pdfium_c.FPDFPageObj_HasTransparency(page_object) else ""

    def _paint(self, box: Box, rgb: Rgb | None, whole: bool) -> None:
        if min(box[2] - box[0], box[3] - box[1]) > _THIN_PT:
            self.scene.paints.append(Paint(self._order, box, rgb, whole))

    def _clip(self, page_object: Any, outer: Matrix) -> Box | None:
        """The box the object is clipped to, displayed; None where nothing clips it."""
        clip = pdfium_c.FPDFPageObj_GetClipPath(page_object)
        n_paths = pdfium_c.FPDFClipPath_CountPaths(clip) if clip else 0
        box: Box | None = None
        a, b, c, d, e, f = outer
        for index in range(min(n_paths, 8)):
            points: list[tuple[float, float]] = []
            for place in range(min(pdfium_c.FPDFClipPath_CountPathSegments(clip, index), MAX_PATH_SEGMENTS)):
                pdfium_c.FPDFPathSegment_GetPoint(pdfium_c.FPDFClipPath_GetPathSegment(clip, index, place), self._x, self._y)
                x, y = self._x.value, self._y.value
                points.append(self.frame.point(a * x + c * y + e, b * x + d * y + f))
            if points:
                xs, ys = zip(*points, strict=True)
                own = (min(xs), min(ys), max(xs), max(ys))
                box = own if box is None else (max(box[0], own[0]), max(box[1], own[1]), min(box[2], own[2]), min(box[3], own[3]))
        return box

    def _path(self, path: Any, matrix: Matrix, outer: Matrix) -> None:
        n_segments = pdfium_c.FPDFPath_CountSegments(path)
        self.page.n_paths += 1
        if n_segments > MAX_PATH_SEGMENTS:  # a plotted curve, never a table
            self._bounds(path)
            return
        self.n_segments += n_segments
        if self.n_segments > MAX_SEGMENTS or n_segments < 2:
            return
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium_c.FPDFPath_GetDrawMode(path, fill, stroke)
        if not fill.value and not stroke.value:
            return
        runs = self._points(path, n_segments, matrix)
        rgb = self._fill_colour(path) if fill.value else None
        coloured = rgb is not None and min(rgb) < 250
        for run, straight in runs:
            box = (min(x for x, _ in run), min(y for _, y in run), max(x for x, _ in run), max(y for _, y in run))
            if rgb is not None:
                self._paint(box, rgb, straight and len(runs) == 1 and not _slants([*run, run[0]]) and self._is_open(path, outer, box))
            wide, high = box[2] - box[0], box[3] - box[1]
            if min(wide, high) <= _THIN_PT:
                if max(wide, high) >= _LONG_PT and (stroke.value or coloured):
                    self.page.rules.append(box)
                continue
            if coloured:
                self.page.fills.append(box)
            if not straight or _slants(run):
                self.page.strokes += [box] * (1 + len(run) // 8)
            if stroke.value and len(run) > 3:
                self.page.frames.append(box)
            if straight and stroke.value:
                self._sides(run, len(run) > 4, self.page.rules)
            elif straight and coloured:
                self._sides(run, True, self.page.edges)

    def _bounds(self, path: Any) -> None:
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        if pdfium_c.FPDFPageObj_GetBounds(path, left, bottom, right, top):
            box = self.frame.box(left.value, bottom.value, right.value, top.value)
            self.page.strokes += [box] * 8
            rgb = self._fill_colour(path)
            if rgb is not None:
                self._paint(box, rgb, False)

    def _sides(self, run: list[tuple[float, float]], closed: bool, rules: list[Box]) -> None:
        ends = [*run[1:], run[0]] if closed else run[1:]
        for (ax, ay), (bx, by) in zip(run, ends, strict=False):
            wide, high = abs(ax - bx), abs(ay - by)
            if min(wide, high) <= 0.5 and max(wide, high) >= _LONG_PT:
                rules.append((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))

    def _fill_colour(self, path: Any) -> Rgb | None:
        """The colour it is filled with; None where that lets everything below through."""
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        pdfium_c.FPDFPageObj_GetFillColor(path, red, green, blue, alpha)
        return (red.value, green.value, blue.value) if alpha.value > 8 else None

    def _is_open(self, path: Any, outer: Matrix, box: Box) -> bool:
        """Opaque, and its clip takes nothing from it."""
        if pdfium_c.FPDFPageObj_HasTransparency(path):
            return False
        clip = self._clip(path, outer)
        return clip is None or (clip[0] <= box[0] + 1 and clip[1] <= box[1] + 1 and clip[2] >= box[2] - 1 and clip[3] >= box[3] - 1)

    def _points(self, path: Any, n_segments: int, matrix: Matrix) -> list[tuple[list[tuple[float, float]], bool]]:
        """The path's runs of points between moves, displayed, each with whether all of its segments are straight."""
        runs: list[tuple[list[tuple[float, float]], bool]] = []
        points: list[tuple[float, float]] = []
        straight = True
        a, b, c, d, e, f = matrix
        for index in range(n_segments):
            segment = pdfium_c.FPDFPath_GetPathSegment(path, index)
            pdfium_c.FPDFPathSegment_GetPoint(segment, self._x, self._y)
            kind = pdfium_c.FPDFPathSegment_GetType(segment)
            if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
                if len(points) > 1:
                    runs.append((points, straight))
                points, straight = [], True
            elif kind == pdfium_c.FPDF_SEGMENT_BEZIERTO:
                straight = False
            x, y = self._x.value, self._y.value
            points.append(self.frame.point(a * x + c * y + e, b * x + d * y + f))
        if len(points) > 1:
            runs.append((points, straight))
        return runs
