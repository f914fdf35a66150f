"""Does every block's text stand on its page? Compared with the page's text in the orders of other readers.

In: blocks, pages. Out: the same blocks with `exact` set (and that of the lines and cells of blocks that are not), without scraps of
drawings. First pdfium's own reading order; where that does not hold the text in one piece, the order in which the file draws it, which
is what other extractors give. A page read by OCR has no other text than that. The comparison is `quote_key`: no white space, no
hyphens, folded.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.pdf.stream_order import StreamOrder
from ingest.pdf.words import Page
from service.core.text import quote_key
from service.core.types import Block


class Checker:
    """Remembers the pages it looked at twice."""

    def __init__(self, path: Path, pages: Sequence[Page], ocr_pages: Container[int] = ()) -> None:
        self._keys = {page.number: quote_key(page.plain) for page in pages}
        self._ocr_pages = ocr_pages
        self._order = StreamOrder(path)
        self._second: dict[int, str] = {}

    def check(self, blocks: Sequence[Block]) -> list[Block]:
        """Blocks whose text is in one piece on the page as some extractor reads it stay exact; the others are marked."""
        checked = [block if self._stands(block, block.text) else self._marked(block) for block in blocks]
        self._order.close()
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
        if key in self._keys[block.page]:
            return True
        return block.kind != "figure" and block.page not in self._ocr_pages and key in self._second_look(block.page)

    def _second_look(self, page: int) -> str:
        if page not in self._second:
            self._second[page] = quote_key(self._order.text(page))
        return self._second[page]


def _is_text(text: str) -> bool:
    """More than half of it words: not the ticks and labels of a chart, in an order no reader would take."""
    words = re.findall(r"[^\W\d_]{4,}|[\u4e00-\u9fff]{2,}", text)
    return len(words) >= 4 and sum(map(len, words)) > 0.5 * len(text.replace(" ", ""))


def _scrap_tables(blocks: Sequence[Block]) -> set[str]:
    """Groups of rows that no extractor reads as rows, without a head and without words: ticks of charts side by side."""
    rows: dict[str, list[Block]] = {}
    headed = {block.group for block in blocks if block.kind == "table"}
    for block in blocks:
        if block.kind == "table_row":
            rows.setdefault(block.group, []).append(block)
    return {
        group
        for group, own in rows.items()
        if group not in headed and sum(not row.exact for row in own) > 0.6 * len(own) and not _is_text(" ".join(row.text for row in own))
    }
