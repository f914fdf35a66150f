"""Has a page a text layer that can be used? If not, it is a page for OCR.

In: a `Page` as `read_page` leaves it (what is hidden already out of `Page.words`). Out: "" or the reason, in words for the report.
Must not know how OCR is done.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from ingest.pdf.hidden import COVERED, INVISIBLE
from ingest.pdf.words import Page
from service.core.types import Box

NO_TEXT = "no text layer"
UNSEEN = "invisible text layer"
GARBLED = "garbled text layer"

_FEW_CHARS = 25
_COVERED = 0.35
_SCANNED = 0.75
_MARGIN = 0.1
_MIN_LETTERS = 120
_MIN_LIKENESS = 0.75
"""Cosine between a page's letter frequencies and English ones. Prose in four languages has 0.9; glyph numbers taken for letters (a
constant shift) 0.5 to 0.74; but so have tables of register names: hence the second test, for common words."""
_COMMON_WORDS = """
the of and to in is for with be on by or as at from that this are not can may must when page table value see only all more figure der die
das und ist nicht mit von zu auf für den ein eine wird bei oder auch aus nach seite tabelle wert les des une pour dans par sur est que los
del las por con para una che per non della sono di da en le la el il het van een
"""
_COMMON = frozenset(_COMMON_WORDS.split())
# Letters a to z in English text, per cent (Norvig, "English Letter Frequency Counts", 2012).
_ENGLISH = (
    8.0,
    1.5,
    3.3,
    3.8,
    12.5,
    2.4,
    1.9,
    5.1,
    7.6,
    0.2,
    0.5,
    4.1,
    2.5,
    7.2,
    7.6,
    2.1,
    0.1,
    6.3,
    6.5,
    9.3,
    2.7,
    1.1,
    1.7,
    0.2,
    1.7,
    0.1,
)


def unusable(page: Page) -> str:
    """ "" where the page's text can be read (or where it shows nothing at all), else `NO_TEXT`, `UNSEEN` or `GARBLED`."""
    if page.width <= 0:
        return ""
    covered = _covered(page)
    n_chars = sum(len(word.text) for word in page.words)
    if covered > _SCANNED:  # a scan may carry a stamp or a page number in the margins
        n_chars = sum(len(word.text) for word in page.words if _is_inside(word.box, page))
    n_unseen = page.hidden.get(INVISIBLE, 0) + page.hidden.get(COVERED, 0)
    if covered > _COVERED and n_unseen >= _FEW_CHARS and n_unseen > 3 * n_chars:
        return UNSEEN
    if covered > _COVERED and n_chars < _FEW_CHARS:
        return NO_TEXT
    return GARBLED if _is_garbled(page) else ""


def _is_inside(box: Box, page: Page) -> bool:
    return box[1] > _MARGIN * page.height and box[3] < (1 - _MARGIN) * page.height


def _covered(page: Page) -> float:
    """The share of the page under pictures (overlaps counted twice)."""
    areas = (max(0.0, min(page.width, x1) - max(0.0, x0)) * max(0.0, min(page.height, y1) - max(0.0, y0)) for x0, y0, x1, y1 in page.images)
    return sum(areas) / (page.width * page.height)


def _is_garbled(page: Page) -> bool:
    """Most words have no known letters, or the letters of the page are spread as in no language written in Latin ones."""
    n_chars = sum(len(word.text) for word in page.words)
    if page.n_garbled >= _FEW_CHARS and page.n_garbled > 0.5 * (n_chars + page.n_garbled):
        return True
    words = [word for part in page.words for word in re.findall(r"[^\W\d_]{2,}", part.text.casefold())]
    counts = Counter("".join(sorted(set(words))))  # each word once: a table repeats a few
    n_letters = sum(counts[chr(code)] for code in range(ord("a"), ord("z") + 1))
    if n_letters < _MIN_LETTERS or n_letters < 0.5 * counts.total():  # too little to judge, or not Latin letters
        return False
    return likeness(counts) < _MIN_LIKENESS and not any(word in _COMMON for word in words)


def likeness(counts: Counter[str]) -> float:
    """Cosine between letter counts and English letter frequencies, 0 to 1."""
    own = [counts[chr(ord("a") + place)] for place in range(26)]
    norm = math.sqrt(sum(n * n for n in own)) * math.sqrt(sum(share * share for share in _ENGLISH))
    return sum(n * share for n, share in zip(own, _ENGLISH, strict=True)) / norm if norm else 0.0
