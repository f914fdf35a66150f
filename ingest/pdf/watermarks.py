"""What stands on pages to say something of the sheet: level watermarks (slanting ones never become words), "left blank".

In: all pages. Out: the lines that are such, page by page. Must not know what running heads are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ingest.pdf.lines import TextLine, make_lines
from ingest.pdf.words import Page, Word

_FAINT = 0.45
_LARGE = 1.8
_HUGE = 2.5
_OFTEN = 0.5
_FEW_WORDS = 120
_BLANK_PAGE = re.compile(r"^\W*(?:this )?page (?:is )?(?:intentionally|deliberately) (?:left )?blank\W*$", re.IGNORECASE)
_PLAIN = re.compile(
    r"draft|confidential|strictly confidential|preliminary|sample|specimen|copy|do not copy|uncontrolled(?: copy| when printed)?|obsolete|"
    r"superseded|void|internal use only|for reference only|entwurf|vertraulich|muster|kopie|ungültig|草稿|机密|保密|样本|受控文件",
    re.IGNORECASE,
)


def watermarks(pages: Sequence[Page], body_size: float) -> list[list[TextLine]]:
    """Faint lettering much larger than the body (`body_size` points): by its word on any page, else by repetition."""
    lines = [_faint_lines(page, body_size) for page in pages]
    counts = Counter(text for own in lines for text in {line.text.casefold() for line in own})
    often = max(3, _OFTEN * len(pages))
    return [[line for line in own if counts[line.text.casefold()] >= often or _is_plain(line, body_size)] for own in lines]


def _faint_lines(page: Page, body_size: float) -> list[TextLine]:
    words = [word for word in page.words if _is_faint(word) and word.size >= _LARGE * body_size]
    return make_lines(words, 2.0) if words else []


def _is_faint(word: Word) -> bool:
    return _FAINT < word.ink < 1.0 and not word.light


def _is_plain(line: TextLine, body_size: float) -> bool:
    return line.size >= _HUGE * body_size and _PLAIN.fullmatch(line.text.strip()) is not None


def blank_page(page: Page) -> list[TextLine]:
    """ "This page is intentionally left blank", in whatever place."""
    if not 0 < len(page.words) <= _FEW_WORDS:
        return []
    return [line for line in make_lines(page.words, 2.0) if _BLANK_PAGE.match(line.text)]
