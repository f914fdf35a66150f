"""Does every block's text stand on its page? Compared with the page's text in another extractor's order.

In: blocks, pages. Out: the same blocks with `exact` set (and that of the lines and cells of blocks that are not), without scraps of
drawings. First pdfium's own reading order; where that
does not hold the text in one piece, pypdf's, which decodes the file independently. The comparison is `quote_key`: no white
space, no hyphens, folded.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pypdf

from ingest.pdf.gate import BROKEN
from ingest.pdf.words import Page
from service.core.text import quote_key
from service.core.types import Block

MAX_SECOND_LOOKS = 200
"""Pages read again by pypdf at most; it takes 10 to 40 ms a page."""


class Checker:
    """Holds the open file for the second look."""

    def __init__(self, path: Path, pages: Sequence[Page]) -> None:
        self._path = path
        self._keys = {page.number: quote_key(page.plain) for page in pages}
        self._second: dict[int, str] = {}
        self._reader: pypdf.PdfReader | None = None

    def check(self, blocks: Sequence[Block]) -> list[Block]:
        """Blocks whose text is in one piece on the page as some extractor reads it stay exact; the others are marked."""
        checked = [block if self._stands(block, block.text) else self._marked(block) for block in blocks]
        scraps = _scrap_tables(checked)
        return [
            block for block in checked if block.group not in scraps and (block.exact or block.kind != "paragraph" or _is_text(block.text))
        ]

    def _marked(self, block: Block) -> Block:
        """The block as inexact, each of its lines and cells looked up by itself."""
        lines = tuple(replace(line, exact=self._stands(block, block.text[line.start : line.end])) for line in block.lines)
        cells = tuple(replace(cell, exact=self._stands(block, block.text[cell.start : cell.end])) for cell in block.cells)
        return replace(block, exact=False, lines=lines, cells=cells)

    def _stands(self, block: Block, text: str) -> bool:
        key = quote_key(text)
        return key in self._keys[block.page] or (block.kind != "figure" and key in self._second_look(block.page))

    def _second_look(self, page: int) -> str:
        if page not in self._second:
            self._second[page] = "" if len(self._second) >= MAX_SECOND_LOOKS else self._pypdf_text(page)
        return self._second[page]

    def _pypdf_text(self, page: int) -> str:
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        try:
            if self._reader is None:
                self._reader = pypdf.PdfReader(self._path, strict=False)
                if self._reader.is_encrypted:
                    self._reader.decrypt("")
            return quote_key(self._reader.pages[page - 1].extract_text())
        except BROKEN:
            return ""


def _is_text(text: str) -> bool:
    """More than half of it words: not the ticks and labels of a chart, in an order no reader would take."""
    words = re.findall(r"[^\W\d_]{4,}|[\u4e00-\u9fff]{2,}", text)
    return len(words) >= 4 and sum(map(len, words)) > 0.5 * len(text.replace(" ", ""))


def _scrap_tables(blocks: Sequence[Block]) -> set[str]:
    """Groups of rows that no extractor reads as rows and that hold no words: ticks of charts side by side."""
    rows: dict[str, list[Block]] = {}
    for block in blocks:
        if block.kind == "table_row":
            rows.setdefault(block.group, []).append(block)
    return {
        group
        for group, own in rows.items()
        if sum(not row.exact for row in own) > 0.6 * len(own) and not _is_text(" ".join(row.text for row in own))
    }
