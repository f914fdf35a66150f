"""What a glyph without a Unicode value shows, from its name in the font: "f_t" -> "ft".

In: a file, a page, a font's name and a character code. Out: letters, or "". pdfium gives such glyphs as control
characters. Must not know words or layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pypdf
from pdfminer.encodingdb import name2unicode

from ingest.pdf.gate import BROKEN


class GlyphNames:
    """The glyph names of a file's fonts, looked up page by page and only when asked for. `page` is 1-based."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: BinaryIO | None = None
        self._reader: pypdf.PdfReader | None = None
        self._fonts: dict[int, dict[str, dict[int, str]]] = {}

    def letters(self, page: int, font: str, code: int) -> str:
        """What the code shows in the font called `font` (without its subset tag), "" where the font does not name it."""
        if page not in self._fonts:
            self._fonts = {page: self._read(page)}
        return self._fonts[page].get(font, {}).get(code, "")

    def _read(self, page: int) -> dict[str, dict[int, str]]:
        found: dict[str, dict[int, str]] = {}
        try:
            if self._reader is None:
                self._stream = self._path.open("rb")  # given a path, pypdf reads all of the file into memory
                self._reader = pypdf.PdfReader(self._stream, strict=False)
                if self._reader.is_encrypted:
                    self._reader.decrypt("")
            resources: Any = self._reader.pages[page - 1]["/Resources"]
            fonts = resources["/Font"]
            for key in fonts:
                font = fonts[key]
                found.setdefault(str(font["/BaseFont"]).split("+")[-1].lstrip("/"), {}).update(_named(font))
        except BROKEN:
            pass  # nothing is known of these fonts: their glyphs stay unknown
        return found

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()


def _named(font: Any) -> dict[int, str]:
    encoding = font.get("/Encoding")
    differences = encoding.get("/Differences", ()) if hasattr(encoding, "get") else ()
    named: dict[int, str] = {}
    code = 0
    for entry in differences:
        if isinstance(entry, int):
            code = entry
            continue
        text = _text(str(entry).lstrip("/"))
        if text:
            named[code] = text
        code += 1
    return named


def _text(name: str) -> str:
    try:
        text = name2unicode(name)
    except (KeyError, ValueError):
        return ""
    return text if text.isprintable() else ""
