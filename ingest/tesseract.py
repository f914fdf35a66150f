"""The settings -> what OCR may use here: which Tesseract, which languages, and its limits; or why there is none.

In: `Settings`. Out: an `Ocr` record, plain enough to be handed to a child process. Tesseract is looked for through pytesseract (extra
`ocr`); neither is needed to read files that have a text layer. Must not read a page: that is `ingest.pdf.ocr`.
"""

from __future__ import annotations

import logging
import os
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from service.core.errors import SettingsError
from service.core.settings import Settings

INSTALL = "install Tesseract and evdocs[ocr] to read such pages by OCR"
SWITCHED_OFF = "OCR is switched off by EVDOCS_OCR"
ORIENTATION = "osd"
"""The model Tesseract tells orientation and script with; it reads no text."""


@dataclass(frozen=True, slots=True)
class Ocr:
    """`version` is Tesseract's, "" where there is none to use; then `missing` says what to do about it. `languages` are the models that
    may be used, `osd` says whether orientation and script can be told. At most `max_pages` pages of a document are read, each in at
    most `page_timeout_s`."""

    version: str = ""
    languages: tuple[str, ...] = ()
    osd: bool = False
    max_pages: int = 0
    page_timeout_s: float = 0.0
    missing: str = INSTALL

    @property
    def fingerprint(self) -> str:
        """What the text of a scanned page depends on: "none", or like "tesseract 5.3.0 deu+eng, osd, 500 pages, 60 s"."""
        if not self.version:
            return "none"
        return (
            f"tesseract {self.version} {'+'.join(self.languages)}{', osd' if self.osd else ''}, "
            f"{self.max_pages} pages, {self.page_timeout_s:g} s"
        )

    def to_plain(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)

    @staticmethod
    def from_plain(value: dict[str, Any]) -> Ocr:
        """Inverse of `to_plain`."""
        return Ocr(**{**value, "languages": tuple(value["languages"])})


NO_OCR = Ocr()


def find_ocr(settings: Settings) -> Ocr:
    """What the settings allow and the machine has. Raises SettingsError where a language that is named is not installed."""
    if settings.ocr == "off":
        return Ocr(missing=SWITCHED_OFF)
    version, installed = _installed(os.environ.get("PATH", ""), os.environ.get("TESSDATA_PREFIX", ""))
    if not version:
        return NO_OCR
    languages = tuple(language for language in installed if language != ORIENTATION)
    if settings.ocr_languages != "auto":
        wanted = tuple(dict.fromkeys(settings.ocr_languages.split("+")))
        if absent := sorted(set(wanted) - set(languages)):
            raise SettingsError(f"EVDOCS_OCR_LANGUAGES: Tesseract has no {', '.join(absent)} here, only {', '.join(languages) or 'none'}.")
        languages = wanted
    if not languages:
        return Ocr(missing="install a language for Tesseract (tesseract-ocr-eng, say) to read such pages by OCR")
    return Ocr(version, languages, ORIENTATION in installed, settings.ocr_max_pages, settings.ocr_timeout_s, "")


@lru_cache(maxsize=4)
def _installed(path: str, tessdata: str) -> tuple[str, tuple[str, ...]]:
    """Tesseract's version ("" where it or pytesseract is missing) and its languages; kept for as long as the environment is the same."""
    try:
        import pytesseract
    except ImportError:
        return "", ()
    logging.getLogger("pytesseract").setLevel(logging.CRITICAL)
    try:
        return str(pytesseract.get_tesseract_version()), tuple(sorted(pytesseract.get_languages()))
    except (pytesseract.TesseractNotFoundError, SystemExit):  # it exits where it cannot make sense of the version
        return "", ()
