"""A page that is a picture in, the text Tesseract sees on it out, in the orders a reader may take.

It is for holding a quote from a scanned page against that page without the index: it draws the page itself and asks Tesseract for plain
text, not for places. Without pytesseract or Tesseract there is no text. It must not know the index.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
from functools import lru_cache
from typing import Any

import pypdfium2.raw as pdfium_c

from eval.matching import squeeze

DPI = 300
MAX_PIXELS = 20_000_000
TIMEOUT_S = 60
FEW_CHARS = 25
COVERED = 0.35
BLANK = 230  # a page without a darker pixel shows nothing
MODES = ("--psm 3", "--psm 6")  # columns and blocks; one block of rows, for tables


def is_scan(page: Any, text: str) -> bool:
    """Whether an open page with this text layer is read from its picture: hardly a letter, and most of it under pictures."""
    if len(squeeze(text)) >= FEW_CHARS:
        return False
    wide, high = page.get_size()
    boxes = (item.get_bounds() for item in page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE], max_depth=3))
    return bool(sum((right - left) * (top - bottom) for left, bottom, right, top in boxes) > COVERED * wide * high)


def scan_text(page: Any) -> str:
    """The readings of an open pypdfium2 page, one after the other; "" where there is no Tesseract or it fails."""
    languages = _languages()
    if not languages:
        return ""
    import pytesseract

    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # more threads make Tesseract slower
    wide, high = page.get_size()
    scale = min(DPI / 72, math.sqrt(MAX_PIXELS / max(1.0, wide * high)))
    picture = page.render(scale=scale, grayscale=True).to_pil().convert("L")
    if picture.getextrema()[0] > BLANK:
        return ""
    turn, script = _orientation(picture) if "osd" in languages else (0, "")
    picture = picture.rotate(-turn, expand=True)
    wanted = ("chi_sim",) if script.startswith("Han") else ("eng", "deu")
    readings: list[str] = []
    for language in wanted:
        if language == "deu" and len(re.findall(r"\b(?:der|die|das|und|mit|nicht)\b", " ".join(readings))) < 3:
            continue
        for mode in MODES if language in languages else ():
            with contextlib.suppress(RuntimeError, OSError):  # a reading that fails leaves the others
                readings.append(pytesseract.image_to_string(picture, lang=language, config=f"{mode} --dpi {DPI}", timeout=TIMEOUT_S))
    return "\n\f\n".join(readings)


def _orientation(picture: Any) -> tuple[int, str]:
    """Degrees clockwise that set the picture upright, and its script; (0, "") where Tesseract cannot tell."""
    import pytesseract

    try:
        said = pytesseract.image_to_osd(picture, config=f"--dpi {DPI}", timeout=TIMEOUT_S, output_type=pytesseract.Output.DICT)
    except RuntimeError:
        return 0, ""
    return int(said.get("rotate", 0)) % 360, str(said.get("script", ""))


@lru_cache(maxsize=1)
def _languages() -> tuple[str, ...]:
    """Tesseract's languages, none where it or pytesseract is missing."""
    try:
        import pytesseract

        return tuple(sorted(pytesseract.get_languages()))
    except (ImportError, OSError):
        return ()
