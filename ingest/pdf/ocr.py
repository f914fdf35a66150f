"""Pages without a usable text layer -> words, through Tesseract, so that the same layout code runs over them.

In: a document's path, its pages (some unusable), and what OCR may use. Out: those pages filled in: `words`, `rules` and `plain` in
points of the page set upright, and `Scans`, which knows how to bring boxes back onto the page as it is displayed. Must not know how
text is laid out. Tesseract runs as a process of its own, below the limits of this one; pictures reach it through a folder for
temporary files.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import PIL.Image
import pypdfium2 as pdfium

from ingest.language import guess_language
from ingest.pdf.hocr import ScanLine, confidence, read_hocr, runs_upright
from ingest.pdf.scan_page import Placement, erased, fill, rules_px, skew_of, turned
from ingest.pdf.usable import NO_TEXT, unusable
from ingest.pdf.words import Page
from ingest.tesseract import Ocr
from service.core.pages import named
from service.core.types import Block

DPI = 300
MAX_PIXELS = 20_000_000
BLANK = 230
"""A page without a pixel darker than this (of 255) shows nothing: what should be on it could not be decoded."""
SKEWED = 0.008
"""Radians: half a degree. Rules of a page that hangs more cannot be told before it is set level."""
READABLE = 55.0
"""Least mean confidence of a page that counts as read: text on its side gives 33 to 45, clear scans 85 to 95."""
POOR = 72.0
"""Below this the page is looked at again: is it turned, is it another script?"""
MOST_TRIES = 3
"""Other languages that a page is tried in, where neither its language nor its script could be told."""
_MODELS = {"en": "eng", "de": "deu", "zh": "chi_sim"}
_SCRIPTS = {"Latin": "eng", "Han": "chi_sim", "HanS": "chi_sim", "HanT": "chi_tra", "Japanese": "jpn", "Hangul": "kor", "Korean": "kor",
            "Cyrillic": "rus", "Arabic": "ara", "Greek": "ell", "Hebrew": "heb", "Thai": "tha", "Devanagari": "hin"}  # fmt: skip


@dataclass
class Scans:
    """What became of the unusable pages: `read` (page -> mean confidence, of 100) and `unread` (page -> reason). `pictures` are pages of
    `read` that show no text."""

    read: dict[int, float] = field(default_factory=dict)
    pictures: set[int] = field(default_factory=set)
    unread: dict[int, str] = field(default_factory=dict)
    _placements: dict[int, Placement] = field(default_factory=dict)

    def restore(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks with their boxes where the page shows them."""
        return [self._restored(block, self._placements[block.page]) if block.page in self._placements else block for block in blocks]

    def _restored(self, block: Block, placement: Placement) -> Block:
        lines = tuple(replace(line, box=placement.back(line.box)) for line in block.lines)
        return replace(block, box=placement.back(block.box), lines=lines)

    def sentences(self) -> list[str]:
        """What to say of these pages in the report."""
        texts = self.read.keys() - self.pictures
        said = [f"{named(texts)} read by OCR: check numbers against the page"] if texts else []
        said += [f"{named(self.pictures)}: a picture without text"] if self.pictures else []
        by_reason: dict[str, list[int]] = {}
        for page, reason in self.unread.items():
            by_reason.setdefault(reason, []).append(page)
        return said + [f"{named(pages)} unreadable ({reason})" for reason, pages in by_reason.items()]

    def place(self, page: int, placement: Placement, sure: float) -> None:
        """A page was read."""
        self.read[page] = sure
        if placement.turn or placement.skew:
            self._placements[page] = placement


def read_scans(path: Path, pages: Sequence[Page], ocr: Ocr, tick: Callable[[bool], None]) -> Scans:
    """Read the unusable ones of `pages` in place; those that cannot be read lose a text layer
    that is of no use. `tick(True)` is called before
    each and `tick(False)` after."""
    scans = Scans()
    todo = {page.number: reason for page in pages if (reason := unusable(page))}
    if todo and ocr.version:
        os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # Tesseract's own threads cost more than they bring
        with contextlib.closing(pdfium.PdfDocument(path)) as document:
            reader = _Reader(document, ocr, _language(page for page in pages if page.number not in todo))
            for number, reason in list(todo.items())[: ocr.max_pages]:
                tick(True)
                failure = reader.read(pages[number - 1], scans)
                tick(False)
                if failure:
                    scans.unread[number] = f"{reason}; {failure}"
    for number, reason in todo.items():
        if number not in scans.read:
            more = ocr.missing or f"more than {ocr.max_pages} such pages (EVDOCS_OCR_MAX_PAGES)"
            scans.unread.setdefault(number, f"{reason}; {more}")
            if reason != NO_TEXT:
                pages[number - 1].words, pages[number - 1].plain = [], ""
    return scans


def _language(pages: Iterable[Page]) -> str:
    """The language of the pages that have text."""
    text: list[str] = []
    for page in pages:
        text.append(page.plain)
        if len(text) >= 50:
            break
    return guess_language(" ".join(text))


class _Failed(Exception):
    """One page could not be read; the text says why."""


class _Reader:
    """Remembers the language from page to page."""

    def __init__(self, document: pdfium.PdfDocument, ocr: Ocr, language: str) -> None:
        self._document = document
        self._ocr = ocr
        self._models = self._available(_MODELS.get(language, ""))
        self._give_up = 0.0

    def read(self, page: Page, scans: Scans) -> str:
        """Fill in the page; "" or why it could not be read."""
        self._give_up = time.monotonic() + self._ocr.page_timeout_s
        try:
            picture, wide, high = self._render(page)
            if np.asarray(picture).min() > BLANK:
                return "its picture cannot be drawn"
            turn, lines = self._best(erased(picture, rules_px(picture, wide)))
            if sum(len(line.words) for line in lines) < 3:
                scans.read[page.number] = 0.0
                scans.pictures.add(page.number)
                return ""
            if (sure := confidence(lines)) < READABLE:
                return f"OCR gives nothing readable (confidence {sure:.0f} of 100)"
            self._place(page, picture, Placement(wide, high, turn, skew_of(lines)), lines)
        except _Failed as failure:
            return str(failure)
        scans.place(page.number, Placement(wide, high, turn, skew_of(lines)), round(sure, 1))
        return ""

    def _place(self, page: Page, picture: PIL.Image.Image, placement: Placement, lines: list[ScanLine]) -> None:
        """Fill the page; a skewed one is set level and read again, now that its rules can be seen."""
        picture = turned(picture, placement.turn)
        if placement.skew:
            picture = picture.rotate(math.degrees(placement.skew), fillcolor=255)
        rules = rules_px(picture, placement.upright_size[0])
        if abs(placement.skew) > SKEWED:
            again = self._recognise(erased(picture, rules), self._models or self._ocr.languages[:1])
            if confidence(again) > confidence(lines) - 2:
                lines, placement = again, replace(placement, skew=0.0)
        scale = placement.upright_size[0] / picture.width
        fill(page, lines, placement, scale, [(x0 * scale, y0 * scale, x1 * scale, y1 * scale) for x0, y0, x1, y1 in rules])

    def _render(self, page: Page) -> tuple[PIL.Image.Image, float, float]:
        """The page's picture, and its displayed width and height in points."""
        try:
            with contextlib.closing(self._document[page.number - 1]) as handle:
                wide, high = handle.get_size()
                scale = min(DPI / 72, math.sqrt(MAX_PIXELS / max(1.0, wide * high)))
                picture = handle.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
        except (pdfium.PdfiumError, ValueError) as error:
            raise _Failed("its picture cannot be drawn") from error
        return picture.convert("L"), wide, high

    def _best(self, picture: PIL.Image.Image) -> tuple[int, list[ScanLine]]:
        """The reading of the page, turned and in the language that suits it."""
        turn, models = 0, self._models or self._available("eng") or self._ocr.languages[:1]
        lines = self._recognise(picture, models)
        if self._ocr.osd and (confidence(lines) < POOR or not runs_upright(lines)):
            turn, script = self._orientation(picture)
            better = self._available(_SCRIPTS.get(script, "")) or models
            if turn or better != models:
                again = self._recognise(turned(picture, turn), better)
                if confidence(again) > confidence(lines) or not runs_upright(lines):
                    lines, models = again, better
                else:
                    turn = 0
        for model in [model for model in self._ocr.languages if model not in models][:MOST_TRIES] if confidence(lines) < READABLE else ():
            again = self._recognise(turned(picture, turn), self._available(model))
            if confidence(again) > max(READABLE, confidence(lines)):
                lines, models = again, self._available(model)
        said = guess_language(" ".join(word.text for line in lines for word in line.words))
        wanted = self._available(_MODELS.get(said, ""))
        if wanted and not set(wanted) <= set(models):
            again = self._recognise(turned(picture, turn), wanted)
            if confidence(again) >= confidence(lines) - 1:
                lines, models = again, wanted
        if said or not self._models:
            self._models = models
        return turn, lines

    def _available(self, model: str) -> tuple[str, ...]:
        """The models to read a language with: Chinese pages hold Latin words too."""
        if model not in self._ocr.languages:
            return ()
        mixed = model in ("chi_sim", "chi_tra", "jpn", "kor") and "eng" in self._ocr.languages
        return (model, "eng") if mixed else (model,)

    def _recognise(self, picture: PIL.Image.Image, models: Sequence[str]) -> list[ScanLine]:
        import pytesseract

        picture.format = "BMP"  # what it is handed over as: faster written and read than PNG
        try:
            markup = pytesseract.image_to_pdf_or_hocr(
                picture, lang="+".join(models), config=f"--psm 3 --dpi {DPI}", timeout=self._left_s(), extension="hocr"
            )
            return read_hocr(markup)
        except (RuntimeError, OSError, ElementTree.ParseError) as error:
            raise self._failed(error) from error

    def _orientation(self, picture: PIL.Image.Image) -> tuple[int, str]:
        """(degrees clockwise that set the picture upright, script); (0, "") where Tesseract cannot tell."""
        import pytesseract

        picture.format = "BMP"
        try:
            said = pytesseract.image_to_osd(picture, config=f"--dpi {DPI}", timeout=self._left_s(), output_type=pytesseract.Output.DICT)
        except pytesseract.TesseractError:
            return 0, ""  # too few characters
        except (RuntimeError, OSError) as error:
            raise self._failed(error) from error
        turn = int(said.get("rotate", 0)) % 360
        return turn if turn in (90, 180, 270) else 0, str(said.get("script", ""))

    def _left_s(self) -> float:
        left = self._give_up - time.monotonic()
        if left <= 0.05:
            raise _Failed(f"OCR took longer than {self._ocr.page_timeout_s:g} s (EVDOCS_OCR_TIMEOUT_S)")
        return left

    def _failed(self, error: Exception) -> _Failed:
        if "timeout" in str(error):
            return _Failed(f"OCR took longer than {self._ocr.page_timeout_s:g} s (EVDOCS_OCR_TIMEOUT_S)")
        return _Failed(f"OCR failed ({type(error).__name__})")
