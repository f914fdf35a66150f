"""PDF bytes in, page texts out, read by three extractors that the index does not come from in one piece.

A quote counts as verbatim when any of the three shows it on the page: they order columns and table cells differently. It must not
know the service's index, chunks or blocks: that is what makes the check independent.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pdfplumber
import pypdf
import pypdfium2
from pdfminer.pdfexceptions import PDFException
from pdfminer.psexceptions import PSException

from eval.matching import Form, quote_on_page
from eval.scan_text import is_scan, scan_text
from eval.text_pages import TextPages, UnreadableText

PDFIUM = threading.Lock()  # pdfium is not safe in two threads at once


class UnreadablePdf(ValueError):
    """The bytes are no PDF that can be opened."""


class PdfPages:
    """The page texts of one PDF, extracted when first asked for and kept. Safe to share between threads."""

    def __init__(self, content: bytes, name: str = "PDF") -> None:
        """Raises UnreadablePdf."""
        self._content, self._name = content, name
        self._texts: dict[tuple[str, int], str] = {}
        self._lock = threading.Lock()
        try:
            with PDFIUM:
                self._pdfium = pypdfium2.PdfDocument(content)
                self.n_pages = len(self._pdfium)
        except pypdfium2.PdfiumError as error:
            raise UnreadablePdf(f"{name}: {error}") from error

    @cached_property
    def _pypdf(self) -> pypdf.PdfReader:
        return pypdf.PdfReader(io.BytesIO(self._content))

    @cached_property
    def _plumber(self) -> Any:
        return pdfplumber.open(io.BytesIO(self._content))

    def texts(self) -> tuple[tuple[str, Callable[[int], str]], ...]:
        """The extractors, fastest first: name, and page (1-based) -> its text. The last reads pages that are pictures."""
        return (
            ("pypdfium2", self._pdfium_text),
            ("pypdf", self._pypdf_text),
            ("pdfplumber", self._plumber_text),
            ("tesseract", self._scan_text),
        )

    def text(self, extractor: str, page: int) -> str:
        """A page's text by one extractor, "" where it fails on the page."""
        with self._lock:
            if (extractor, page) not in self._texts:
                self._texts[extractor, page] = dict(self.texts())[extractor](page)
            return self._texts[extractor, page]

    def _pdfium_text(self, page: int) -> str:
        with PDFIUM:
            handle = self._pdfium[page - 1]
            textpage = handle.get_textpage()
            text = str(textpage.get_text_range())
            textpage.close()
            handle.close()
        return text

    def _pypdf_text(self, page: int) -> str:
        try:
            return self._pypdf.pages[page - 1].extract_text()
        except (pypdf.errors.PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return ""

    def _plumber_text(self, page: int) -> str:
        try:
            return str(self._plumber.pages[page - 1].extract_text() or "")
        except (PDFException, PSException, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            return ""

    def _scan_text(self, page: int) -> str:
        """What OCR sees on a page whose text layer is no text, "" on any other."""
        with PDFIUM:
            handle = self._pdfium[page - 1]
            textpage = handle.get_textpage()
            try:
                return scan_text(handle) if is_scan(handle, str(textpage.get_text_range())) else ""
            finally:
                textpage.close()
                handle.close()

    def find(self, quote: str, page: int) -> Form | None:
        """The strictest form in which any extractor shows the quote on the page; None where the page or the quote is not there."""
        if not 1 <= page <= self.n_pages:
            return None
        squeezed: Form | None = None
        for extractor, _ in self.texts():
            form = quote_on_page(quote, self.text(extractor, page))
            if form == "blanks":
                return form
            squeezed = squeezed or form
            if squeezed and extractor == "pypdf":
                return squeezed  # a looser match of a fast extractor saves the slow one
        return squeezed

    def close(self) -> None:
        """Give back the parsers' memory."""
        with PDFIUM:
            self._pdfium.close()
        if "_plumber" in self.__dict__:
            self._plumber.close()


Pages = PdfPages | TextPages


def open_pages(content: bytes, name: str) -> Pages:
    """The pages of a document, by what its bytes say it is. Raises UnreadablePdf or UnreadableText."""
    return PdfPages(content, name) if b"%PDF-" in content[:1024] else TextPages(content, name)


class PdfShelf:
    """Documents by id, each fetched and opened once, PDFs and others. `fetch` gives a file's bytes or raises OSError."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self._pages: dict[str, Pages | str] = {}
        self._lock = threading.Lock()

    def open(self, document_id: str) -> Pages | str:
        """The document's pages, or the reason why they cannot be had (asked for once, then remembered)."""
        with self._lock:
            if document_id not in self._pages:
                try:
                    self._pages[document_id] = open_pages(self._fetch(document_id), document_id)
                except (OSError, UnreadablePdf, UnreadableText) as error:
                    self._pages[document_id] = f"the file cannot be had: {error}"
            return self._pages[document_id]

    def close(self) -> None:
        """Close every opened document."""
        for pages in self._pages.values():
            if not isinstance(pages, str):
                pages.close()
