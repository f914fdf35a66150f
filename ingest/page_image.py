"""The child of `ingest.show`: an order as JSON on standard input, a page with its blocks drawn on it as a PNG on standard output.

Blocks are framed in the colour of their kind and numbered in reading order; cells of tables have thin frames; text that is in no block
(running heads, page numbers, contents, what nobody can see) is grey. PDFium runs under the limits of `service.render`.
"""

from __future__ import annotations

import ctypes
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from service.core.types import Box
from service.render import draw_as_ordered, pixels, sheet

_TINT = 0.16
_NO_BLOCK = (208, 208, 208)
_MARGIN_PT = 2.0


def draw(path: Path, page: int, scale: float, blocks: Sequence[dict[str, Any]]) -> bytes:
    """The PNG. Raises IndexError for a page out of range, pypdfium2.PdfiumError for a broken file."""
    from PIL import ImageChops, ImageDraw, ImageFont

    opened, image, scale = sheet(path, page, scale)
    held = [box for block in blocks for box in (block["lines"] or [block["box"]])]
    tint = image.copy()
    tint.paste("white", (0, 0, *tint.size))
    brush = ImageDraw.Draw(tint)
    for box in _loose(opened, held):
        brush.rectangle(pixels(box, scale, image), fill=_NO_BLOCK)
    for block in blocks:
        light = tuple(round(255 - (255 - value) * _TINT) for value in block["color"])
        brush.rectangle(pixels(block["box"], scale, image), fill=light)
    image = ImageChops.multiply(image, tint)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(9 * scale)
    for number, block in enumerate(blocks, 1):
        color = tuple(block["color"])
        for cell in block["cells"]:
            pen.rectangle(pixels(cell, scale, image), outline=color, width=1)
        x0, y0, x1, y1 = pixels(block["box"], scale, image)
        pen.rectangle((x0, y0, x1, y1), outline=color, width=max(1, round(0.8 * scale)))
        label = f"{number} {block['tag']}".strip()
        width = pen.textlength(label, font=font) + 4
        left = max(0, x0 - width)
        pen.rectangle((left, y0, left + width, y0 + 10 * scale), fill=color)
        pen.text((left + 2, y0 - scale), label, fill="white", font=font)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _loose(page: Any, held: Sequence[Sequence[float]]) -> Iterator[Box]:
    """Boxes of the runs of text that lie in none of these boxes."""
    import pypdfium2.raw as pdfium_c

    width, height = page.get_size()
    text = page.get_textpage()
    for index in range(min(text.count_rects(), 20_000)):
        left, bottom, right, top = text.get_rect(index)
        corners = []
        for x, y in ((left, top), (right, bottom)):
            across, down = ctypes.c_int(), ctypes.c_int()
            pdfium_c.FPDF_PageToDevice(page, 0, 0, round(width * 10), round(height * 10), 0, x, y, across, down)
            corners.append((across.value / 10, down.value / 10))
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*corners, strict=True))
        middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
        m = _MARGIN_PT
        if not any(box[0] - m <= middle_x <= box[2] + m and box[1] - m <= middle_y <= box[3] + m for box in held):
            yield (x0 - 1, y0 - 1, x1 + 1, y1 + 1)


if __name__ == "__main__":
    sys.exit(draw_as_ordered(draw, "blocks"))
