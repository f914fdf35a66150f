"""A page -> its text in the order in which the file draws it, through pdfium.

In: a path and a page number. Out: text. It is the order pypdf reads in, found equal on every block of 168 pages compared, at a
seventeenth of its time. pdfium's own reading order, which `Page.plain` has, sorts by place. Must not know about words or blocks.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.pdf.drawing import MAX_DEPTH, MAX_OBJECTS
from ingest.pdf.heap import give_back
from ingest.pdf.repair import repaired_text

LOOKS_AT_A_TIME = 50
"""pdfium keeps what it parsed until a file is closed: after so many pages it is opened anew."""
_MAX_CHARS = 1 << 15


class StreamOrder:
    """Holds the open file, once a page is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._document: pdfium.PdfDocument | None = None
        self._n_looks = 0
        self._buffer = ctypes.create_string_buffer(2 * _MAX_CHARS)

    def text(self, number: int) -> str:
        """The text of a 1-based page, "" where it cannot be read; a blank between two text objects."""
        try:
            if self._document is None or self._n_looks % LOOKS_AT_A_TIME == 0:
                self.close()
                give_back(collect=False)
                self._document = pdfium.PdfDocument(self._path)
            self._n_looks += 1
            page = self._document[number - 1]
        except pdfium.PdfiumError:
            return ""
        try:
            text_page = page.get_textpage()
            try:
                objects = _objects(page.raw, pdfium_c.FPDFPage_CountObjects, pdfium_c.FPDFPage_GetObject, 0)
                return repaired_text(" ".join(self._one(item, text_page.raw) for item in objects))
            finally:
                text_page.close()
        except pdfium.PdfiumError:
            return ""
        finally:
            page.close()

    def _one(self, text_object: Any, text_page: Any) -> str:
        """A text object's characters; pdfium counts bytes, the closing zero among them."""
        target = ctypes.cast(self._buffer, ctypes.POINTER(pdfium_c.FPDF_WCHAR))
        n_bytes = pdfium_c.FPDFTextObj_GetText(text_object, text_page, target, 2 * _MAX_CHARS)
        return self._buffer.raw[: n_bytes - 2].decode("utf-16-le", "ignore") if 2 < n_bytes <= 2 * _MAX_CHARS else ""

    def close(self) -> None:
        """Close the file."""
        if self._document is not None:
            self._document.close()


def _objects(owner: Any, count: Any, get: Any, depth: int) -> Iterator[Any]:
    """The text objects of a page or form, those of forms inside it in their place."""
    for index in range(min(count(owner), MAX_OBJECTS)):
        item = get(owner, index)
        kind = pdfium_c.FPDFPageObj_GetType(item)
        if kind == pdfium_c.FPDF_PAGEOBJ_TEXT:
            yield item
        elif kind == pdfium_c.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
            yield from _objects(item, pdfium_c.FPDFFormObj_CountObjects, pdfium_c.FPDFFormObj_GetObject, depth + 1)
