"""The title of a document: its metadata where that is a title, else the largest text on its first page.

In: the metadata's title, the first page, the blocks. Out: one line, or "".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.pdf.lines import make_lines
from ingest.pdf.words import Page
from service.core.types import Block

_NO_TITLE = re.compile(
    r"^(?:untitled|title|document\d*|microsoft word|powerpoint|unknown|none|.*\."
    r"(?:docx?|pdf|indd|odt|xlsx?|fm|dvi|qxd|tex)$|[\W\d_]*$)", re.I,
)  # fmt: skip
_MAX_CHARS = 160


def guess_title(declared: str, first: Page, blocks: Sequence[Block]) -> str:
    """Best guess; "" where the first page holds no letters."""
    declared = re.sub(r"^Microsoft (?:Word|PowerPoint) - ", "", declared).strip()
    if 4 <= len(declared) <= _MAX_CHARS and not _NO_TITLE.match(declared) and re.search(r"[^\W\d_]{3,}|[\u4e00-\u9fff]{2}", declared):
        return declared
    lines = [line for line in make_lines(first.words, 3.0) if re.search(r"[^\W\d_]{3,}|[\u4e00-\u9fff]{2}", line.text)]
    if lines:
        largest = max(line.size for line in lines)
        title = " ".join(line.text for line in lines if line.size > 0.93 * largest)
        if len(title) <= _MAX_CHARS:
            return title
    return next((block.text for block in blocks if block.kind == "heading" and block.page <= 2), "")[:_MAX_CHARS]
