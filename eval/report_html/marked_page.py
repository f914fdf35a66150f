"""A page of a PDF and quotes in, a JPEG with the quotes marked out; PDFium runs in a child process with the limits of `service.render`.

This module is both sides: the report calls `marked_page`, the child is `python -m eval.report_html.marked_page`. A quote is found by its
letters and digits alone, so that line ends, ligatures and spacing do not matter; one that is not found (a scan) leaves the page unmarked.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.core.text import fold
from service.render import NO_PAGE, UNREADABLE, WALL_S, draw_as_ordered

SCALE = 1.25  # pixels a point: an A4 page is 744 pixels wide, small print stays readable
QUALITY = 55
MOST_QUOTES, MOST_QUOTE_CHARS, MOST_PAGE_CHARS = 12, 4000, 60_000
MOST_PIXELS = 2_000_000
_FILL, _LINE = (255, 224, 110), (214, 90, 0)


class NotDrawn(ValueError):
    """A page cannot be drawn; the text says why."""


@dataclass(frozen=True, slots=True)
class MarkedPage:
    """A picture of a page (JPEG), its size in pixels, and how many of the quotes are marked on it."""

    jpeg: bytes
    width: int
    height: int
    n_marked: int


def marked_page(path: Path, page: int, quotes: Sequence[str]) -> MarkedPage:
    """Physical page `page` (1-based) with the quotes that stand on it marked. Raises NotDrawn."""
    marks = [quote[:MOST_QUOTE_CHARS] for quote in quotes[:MOST_QUOTES]]
    order = json.dumps({"path": str(path), "page": page, "scale": SCALE, "quotes": marks}).encode("utf-8", "surrogatepass")
    try:
        done = subprocess.run([sys.executable, "-m", __name__], input=order, capture_output=True, timeout=WALL_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotDrawn(f"it took longer than {WALL_S:g} s to draw") from error
    if done.returncode:
        reasons = {NO_PAGE: f"the document has no page {page}", UNREADABLE: "the file is no PDF that can be drawn"}
        raise NotDrawn(reasons.get(done.returncode, "it needs more memory or time to draw than allowed"))
    told = json.loads(done.stdout)
    return MarkedPage(base64.b64decode(told["jpeg"]), told["width"], told["height"], told["n_marked"])


def letters(characters: Sequence[str]) -> tuple[str, list[int]]:
    """The folded letters and digits of a text, and for each the place of the character it comes from."""
    kept = [(own, place) for place, character in enumerate(characters) for own in fold(character) if own.isalnum()]
    return "".join(own for own, _ in kept), [place for _, place in kept]


def found_at(quote: str, key: str, places: Sequence[int]) -> tuple[int, int] | None:
    """(first, last) character of the page that the quote covers; None where it does not stand there."""
    wanted, _ = letters(quote)
    at = key.find(wanted) if wanted else -1
    return None if at < 0 else (places[at], places[at + len(wanted) - 1])


def draw(path: Path, page: int, scale: float, quotes: list[str]) -> bytes:
    """The child's reply, as JSON. Raises IndexError for a page out of range, pypdfium2.PdfiumError for a broken file."""
    import pypdfium2
    from PIL import Image, ImageChops, ImageDraw

    document = pypdfium2.PdfDocument(path)
    if not 1 <= page <= len(document):
        raise IndexError(page)
    opened = document[page - 1]
    width, height = opened.get_size()
    bitmap = opened.render(scale=min(scale, (MOST_PIXELS / max(1.0, width * height)) ** 0.5))
    image = bitmap.to_pil().convert("RGB")
    boxes, n_marked = _boxes(opened, bitmap.get_posconv(opened), quotes)
    if boxes:
        layer = Image.new("RGB", image.size, "white")
        pen = ImageDraw.Draw(layer)
        for box in boxes:
            pen.rectangle(box, fill=_FILL, outline=_LINE, width=1)
        image = ImageChops.multiply(image, layer)  # like a marker pen: what is printed stays black
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    jpeg = base64.b64encode(buffer.getvalue()).decode()
    return json.dumps({"jpeg": jpeg, "width": image.width, "height": image.height, "n_marked": n_marked}).encode()


def _boxes(page: Any, converter: Any, quotes: list[str]) -> tuple[list[tuple[int, int, int, int]], int]:
    """Rectangles in pixels, a few for each quote found, and how many quotes were."""
    import pypdfium2.raw as pdfium

    text = page.get_textpage()
    characters = [chr(pdfium.FPDFText_GetUnicode(text, place)) for place in range(min(text.count_chars(), MOST_PAGE_CHARS))]
    key, places = letters(characters)
    boxes, n_marked = [], 0
    for quote in quotes:
        if (span := found_at(quote, key, places)) is None:
            continue
        n_marked += 1
        for number in range(text.count_rects(span[0], span[1] - span[0] + 1)):
            left, bottom, right, top = text.get_rect(number)
            (x0, y0), (x1, y1) = converter.to_bitmap(left, top), converter.to_bitmap(right, bottom)
            boxes.append((min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1) + 1))
    return boxes, n_marked


if __name__ == "__main__":
    sys.exit(draw_as_ordered(draw, "quotes"))
