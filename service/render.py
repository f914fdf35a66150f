"""A page of a PDF and boxes in, a PNG with the boxes highlighted out; PDFium runs in a child process with limits.

PDF bytes are hostile until shown otherwise, and PDFium is C++: the child gets memory, CPU and wall-clock limits, opens one page and
is gone. This module is both sides: the service calls `Pages.png`, the child is `python -m service.render`. Boxes are PDF points,
origin top-left of the page as it is displayed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from service.core.errors import DeadlineExceeded, LimitExceeded, Overloaded, UnknownDocument, UnreadableDocument
from service.core.types import Box

VERSION = "1"  # part of the ETag: change it when the same request would look different
MEMORY_BYTES = 1 << 30
CPU_S = 10
WALL_S = 15.0
MAX_PIXELS = 6_000_000
CONCURRENT = 2
MAX_WAITING = 32
CACHE_BYTES = 64 << 20
NO_PAGE, UNREADABLE = 3, 4  # exit codes of the child
_FILL, _LINE = (255, 224, 110), (214, 90, 0)


class Pages:
    """Renders pages, at most two at a time, and keeps the newest 64 MiB of them in memory."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._waiting = 0
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._cached_bytes = 0

    @staticmethod
    def key(sha256: str, page: int, scale: float, boxes: tuple[Box, ...]) -> str:
        """Names the image: the same key, the same bytes."""
        return hashlib.sha256(json.dumps([VERSION, sha256, page, scale, boxes]).encode()).hexdigest()[:32]

    async def png(self, path: Path, key: str, page: int, scale: float, boxes: tuple[Box, ...]) -> bytes:
        """The image of physical page `page` (1-based) at `scale` pixels a point. Raises UnknownDocument for a page out of range,
        UnreadableDocument, LimitExceeded, DeadlineExceeded, Overloaded."""
        if (cached := self._cache.get(key)) is not None:
            self._cache.move_to_end(key)
            return cached
        if self._waiting >= MAX_WAITING:
            raise Overloaded("Too many page images are being made. Ask again in a moment.")
        self._waiting += 1
        try:
            async with self._slots:
                image = await _run_child(path, page, scale, boxes)
        finally:
            self._waiting -= 1
        self._keep(key, image)
        return image

    def _keep(self, key: str, image: bytes) -> None:
        if key not in self._cache:
            self._cached_bytes += len(image)
        self._cache[key] = image
        while self._cached_bytes > CACHE_BYTES:
            _, oldest = self._cache.popitem(last=False)
            self._cached_bytes -= len(oldest)


async def _run_child(path: Path, page: int, scale: float, boxes: tuple[Box, ...]) -> bytes:
    order = json.dumps({"path": str(path), "page": page, "scale": scale, "boxes": boxes}).encode()
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service.render", stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(WALL_S):
            image, _ = await child.communicate(order)
    except TimeoutError as error:
        raise DeadlineExceeded(f"Page {page} took longer than {WALL_S:g} s to draw.") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == NO_PAGE:
        raise UnknownDocument(f"The document has no page {page}.")
    if child.returncode == UNREADABLE:
        raise UnreadableDocument(f"Page {page} cannot be drawn.")
    if child.returncode != 0:
        raise LimitExceeded(f"Page {page} needs more memory or time to draw than allowed.")
    return image


def sheet(path: Path, page: int, scale: float) -> tuple[Any, Any, float]:
    """(PDFium's open page, its picture, pixels a point: fewer than asked for where the page is huge). Raises like `draw`."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    if not 1 <= page <= len(document):
        raise IndexError(page)
    opened = document[page - 1]
    width, height = opened.get_size()
    scale = min(scale, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    return opened, opened.render(scale=scale).to_pil().convert("RGB"), scale


def draw(path: Path, page: int, scale: float, boxes: list[Box]) -> bytes:
    """The PNG, in this process. Raises IndexError for a page out of range, pypdfium2.PdfiumError for a broken file."""
    import io

    from PIL import Image, ImageChops, ImageDraw

    _, image, scale = sheet(path, page, scale)
    if boxes:
        layer = Image.new("RGB", image.size, "white")
        pen = ImageDraw.Draw(layer)
        for box in boxes:
            pen.rectangle(pixels(box, scale, image), fill=_FILL, outline=_LINE, width=max(1, round(scale)))
        image = ImageChops.multiply(image, layer)  # like a marker pen: what is printed stays black
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def pixels(box: Sequence[float], scale: float, image: Any) -> tuple[float, float, float, float]:
    """The box in pixels, inside the picture and the right way round."""
    x0, y0, x1, y1 = (value * scale for value in box)
    x0, x1 = sorted((min(max(x0, 0), image.width - 1), min(max(x1, 0), image.width - 1)))
    y0, y1 = sorted((min(max(y0, 0), image.height - 1), min(max(y1, 0), image.height - 1)))
    return (x0, y0, x1, y1)


def draw_as_ordered(draw: Callable[[Path, int, float, Any], bytes], what: str) -> int:
    """A child that draws, under its limits: an order as JSON on standard input (`what` names its last argument), a PNG on standard
    output, an exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = json.load(sys.stdin)
    import pypdfium2

    try:
        image = draw(Path(order["path"]), order["page"], order["scale"], order[what])
    except IndexError:
        return NO_PAGE
    except (pypdfium2.PdfiumError, OSError):
        return UNREADABLE
    sys.stdout.buffer.write(image)
    return 0


if __name__ == "__main__":
    sys.exit(draw_as_ordered(draw, "boxes"))
