"""Which characters of a page can no reader see? The usual way to smuggle instructions into an index.

In: the open page, its characters, and what is painted on it in which order (`Scene`). Out: a reason per character, "" for those that
can be seen. Most is settled by geometry and colour; where these only raise a suspicion (covered by something drawn later, nearly the
colour of the ground, clipped, transparent, on a layer), the page is rendered with and without the suspects: what changes no pixel is
hidden. Must not know words or layout.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium_c

from ingest.pdf.chars import Char, Frame, Rgb, Style
from service.core.types import Box

INVISIBLE, TINY, OFF_PAGE, SAME_COLOUR = "invisible render mode", "tiny letters", "off the page", "colour of the ground"
COVERED, CLIPPED, TRANSPARENT, LAYER = "covered", "clipped away", "transparent", "layer switched off"
MIN_SIZE_PT = 2.0
_MIN_WIDTH_PT = 0.5
_CLEAR_ALPHA = 10
_FAINT_ALPHA = 64
_NEAR_LEVELS = 40
"""Colours nearer than this in every channel (of 255) are suspected to be one."""
_SEEN_LEVELS = 18
"""A character that changes no pixel by more cannot be read: grey 237 on white, a contrast of 1.17 to 1 (WCAG 2.2)."""
_RENDER_SCALE = 2.0
_MAX_PIXELS = 6_000_000
_MAX_PAINTS = 1500
_MAX_COMPARED = 2500
_MAX_LAYERS = 6
_MOST = 0.7

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Paint:
    """Something that hides what is below it: a filled area (`rgb`) or a picture (None). `whole`: it fills its box with one opaque
    colour; else it may have holes. `order` is its place in the page's paint order."""

    order: int
    box: Box
    rgb: Rgb | None
    whole: bool


@dataclass(slots=True)
class TextInk:
    """A text object's place in the paint order, the box it is clipped to, and why it may not show whatever its place ("" if nothing
    speaks for that)."""

    order: int
    clip: Box | None
    suspicion: str


@dataclass(slots=True)
class Scene:
    """What is painted on a page, in order. `texts` by the address of the text object."""

    paints: list[Paint] = field(default_factory=list)
    texts: dict[int, TextInk] = field(default_factory=dict)


def hidden_reasons(page: Any, frame: Frame, chars: Sequence[Char], scene: Scene) -> list[str]:
    """One reason per character; "" for visible ones and for blanks."""
    styles = {char.style.address: char.style for char in chars if char.style is not None}
    by_style = {address: _plainly_hidden(style) for address, style in styles.items()}
    reasons = ["" if char.style is None or char.text == " " else by_style[char.style.address] for char in chars]
    drawn = [index for index, char in enumerate(chars) if char.style is not None and not reasons[index] and char.box[2] > char.box[0]]
    if not drawn:
        return reasons
    boxes = np.array([chars[index].box for index in drawn])
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    for place in np.flatnonzero((x < 0) | (x > frame.width) | (y < 0) | (y > frame.height)).tolist():
        reasons[drawn[place]] = OFF_PAGE
    suspects = {
        place: reason for place, reason in _suspects([chars[index] for index in drawn], x, y, scene).items() if not reasons[drawn[place]]
    }
    if suspects:
        for place in _unseen(page, frame, {place: chars[drawn[place]] for place in suspects}):
            reasons[drawn[place]] = suspects[place]
        _by_words(chars, reasons)
        _by_colour(chars, reasons)
    return reasons


def _by_words(chars: Sequence[Char], reasons: list[str]) -> None:
    """A word is hidden as most of it is: an arrow's tip over a letter hides nothing, and a comma peeping out tells nothing."""
    start = 0
    for index in range(len(chars) + 1):
        if index < len(chars) and chars[index].style is not None and chars[index].text != " ":
            continue
        own = reasons[start:index]
        n_hidden = sum(map(bool, own))
        if 0 < n_hidden < len(own):
            reason = next(reason for reason in own if reason) if 2 * n_hidden >= len(own) else ""
            reasons[start:index] = [reason] * len(own)
        start = index + 1


def _by_colour(chars: Sequence[Char], reasons: list[str]) -> None:
    """Text in the colour of its ground is hidden whole, also where a letter crosses a watermark or a line."""
    runs: dict[tuple[int, Rgb], list[int]] = {}
    n_runs, last = 0, None
    for index, char in enumerate(chars):
        if char.style is None or char.text == " ":
            continue
        if last is not None and char.style.rgb != last:
            n_runs += 1
        last = char.style.rgb
        runs.setdefault((n_runs, last), []).append(index)
    for run in runs.values():
        n_hidden = sum(reasons[index] == SAME_COLOUR for index in run)
        if _MOST * len(run) <= n_hidden < len(run):
            for index in run:
                reasons[index] = reasons[index] or SAME_COLOUR


def hidden_words(counts: Mapping[str, int]) -> str:
    """The counts by reason as words for the report: "covered: 120 characters, tiny letters: 8 characters"."""
    return ", ".join(f"{reason}: {n} characters" for reason, n in sorted(counts.items(), key=lambda item: -item[1]))


def _plainly_hidden(style: Style) -> str:
    if style.mode in (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP):
        return INVISIBLE
    if style.size < MIN_SIZE_PT or style.thin_pt < _MIN_WIDTH_PT:
        return TINY
    return TRANSPARENT if style.alpha < _CLEAR_ALPHA else ""


def _suspects(chars: Sequence[Char], x: Floats, y: Floats, scene: Scene) -> dict[int, str]:
    """Place in `chars` -> the reason it may be hidden for. `x` and `y` are the characters' centres."""
    styles = [char.style for char in chars if char.style is not None]
    inks = [scene.texts.get(style.address) for style in styles]
    order = np.array([ink.order if ink else 0 for ink in inks])
    colours = list({style.rgb for style in styles})
    place_of = {rgb: place for place, rgb in enumerate(colours)}
    colour = np.array([place_of[style.rgb] for style in styles])
    near = _near(colours, (255, 255, 255))[colour]
    covered = np.zeros(len(chars), dtype=bool)
    for paint in _large(scene.paints):
        x0, y0, x1, y1 = paint.box
        inside = np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))
        if not inside.size:
            continue
        later = order[inside] < paint.order
        covered[inside[later]] = True
        above = inside[~later]
        same = _near(colours, paint.rgb)[colour[above]]
        near[above] = same if paint.whole else near[above] | same
    doubted = [place for place, (style, ink) in enumerate(zip(styles, inks, strict=True)) if _is_doubted(style, ink)]
    found: dict[int, str] = {}
    for place in sorted({*np.flatnonzero(near | covered).tolist(), *doubted}):
        ink = inks[place]
        reason = SAME_COLOUR if near[place] else COVERED if covered[place] else TRANSPARENT if styles[place].alpha < _FAINT_ALPHA else ""
        if ink is not None and not reason:
            reason = CLIPPED if ink.clip is not None and not _holds(ink.clip, x[place], y[place]) else ink.suspicion
        if reason:
            found[place] = reason
    return found


def _is_doubted(style: Style, ink: TextInk | None) -> bool:
    return style.alpha < _FAINT_ALPHA or (ink is not None and (ink.clip is not None or bool(ink.suspicion)))


def _large(paints: Sequence[Paint]) -> list[Paint]:
    """The paints that can matter, in order: of too many, the largest."""
    if len(paints) <= _MAX_PAINTS:
        return list(paints)
    by_area = sorted(paints, key=lambda paint: -(paint.box[2] - paint.box[0]) * (paint.box[3] - paint.box[1]))
    return sorted(by_area[:_MAX_PAINTS], key=lambda paint: paint.order)


def _near(colours: Sequence[Rgb], ground: Rgb | None) -> Flags:
    """Which of the colours may be taken for the ground's; on a picture (None) any may."""
    return np.array([ground is None or all(abs(a - b) < _NEAR_LEVELS for a, b in zip(rgb, ground, strict=True)) for rgb in colours])


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] - 1 <= x <= box[2] + 1 and box[1] - 1 <= y <= box[3] + 1


def _unseen(page: Any, frame: Frame, suspects: Mapping[int, Char]) -> list[int]:
    """The suspects that change no pixel. Where suspects lie over each other, one is taken away at a time, lest one is taken for the
    other."""
    proof = _Proof(page, frame, suspects.values())
    shown = {place for place, char in suspects.items() if proof.shows(char)}
    unseen = [place for place in suspects if place not in shown]
    for layer in _layers(suspects, shown):
        proof = _Proof(page, frame, [suspects[place] for place in layer])
        unseen += [place for place in layer if place in shown and not proof.shows(suspects[place])]
    return unseen


def _layers(suspects: Mapping[int, Char], shown: set[int]) -> list[list[int]]:
    """The suspects whose text object lies over or below another's, if any of it shows, in layers without overlap."""
    if len(suspects) > _MAX_COMPARED:
        return []
    places = np.array(list(suspects))
    x0, y0, x1, y1 = np.array([suspects[place].box for place in places]).T
    owners = np.array([_address(suspects[place]) for place in places])
    wide = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
    high = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    over = (wide > 0.3) & (high > 0.3)
    over &= owners[:, None] != owners
    rivals: dict[int, set[int]] = {}
    for one, other in zip(*np.nonzero(over), strict=True):
        rivals.setdefault(int(owners[one]), set()).add(int(owners[other]))
    layer_of: dict[int, int] = {}
    for owner in rivals:
        taken = {layer_of[rival] for rival in rivals[owner] if rival in layer_of}
        layer_of[owner] = next(layer for layer in range(len(rivals)) if layer not in taken)
    contested = {_address(suspects[place]) for place in shown} & rivals.keys()
    layers: dict[int, list[int]] = {}
    for place, owner in zip(places.tolist(), owners.tolist(), strict=True):
        if owner in contested:
            layers.setdefault(layer_of[owner], []).append(place)
    return [layers[layer] for layer in sorted(layers)][:_MAX_LAYERS]


def _address(char: Char) -> int:
    return char.style.address if char.style is not None else 0


class _Proof:
    """The area of the suspects rendered with and without their text objects."""

    def __init__(self, page: Any, frame: Frame, suspects: Collection[Char]) -> None:
        handles = {char.style.address: char.style.handle for char in suspects if char.style is not None}
        x0s, y0s, x1s, y1s = zip(*(char.box for char in suspects), strict=True)
        self._left, self._top = max(0.0, min(x0s) - 2), max(0.0, min(y0s) - 2)
        right, bottom = max(0.0, frame.width - max(x1s) - 2), max(0.0, frame.height - max(y1s) - 2)
        self._scale = min(_RENDER_SCALE, (_MAX_PIXELS / max(1.0, frame.width * frame.height)) ** 0.5)
        crop = (self._left, bottom, right, self._top)
        turn = (frame.turn - page.get_rotation()) % 360
        before = self._render(page, crop, turn)
        for handle in handles.values():
            pdfium_c.FPDFPageObj_SetIsActive(handle, False)
        try:
            after = self._render(page, crop, turn)
        finally:
            for handle in handles.values():
                pdfium_c.FPDFPageObj_SetIsActive(handle, True)
        self._changed = np.maximum(before, after) - np.minimum(before, after)

    def _render(self, page: Any, crop: Box, turn: int) -> npt.NDArray[np.uint8]:
        bitmap = page.render(scale=self._scale, crop=crop, rotation=turn, draw_annots=False, may_draw_forms=False)
        pixels: npt.NDArray[np.uint8] = bitmap.to_numpy()[:, :, :3].copy()
        bitmap.close()
        return pixels

    def shows(self, char: Char) -> bool:
        """Whether the character changes what the page looks like."""
        x0, x1 = ((value - self._left) * self._scale for value in (char.box[0], char.box[2]))
        y0, y1 = ((value - self._top) * self._scale for value in (char.box[1], char.box[3]))
        aside, above = 0.1 * (x1 - x0), 0.05 * (y1 - y0)
        area = self._changed[max(0, int(y0 + above)) : int(y1 - above) + 1, max(0, int(x0 + aside)) : int(x1 - aside) + 1]
        return area.size > 0 and int(area.max()) > _SEEN_LEVELS
