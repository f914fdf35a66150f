"""Does every block's text stand in its file as another reading shows it?

In: blocks and the text of each page, markup cut off by patterns instead of by a parser. Out: the same blocks, `exact` set. The comparison
is `quote_key`, as for PDFs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.formats.characters import visible
from service.core.text import quote_key
from service.core.types import Block

MAX_LOOKS = 5000
"""Texts that are looked for in a whole page at most: what comes in order is found without."""
_NEAR = 5000
NO_MARKS = re.compile(r"(?!)")
MARKS = re.compile(r"[*_`~\[\]|\\!#<>]")
"""What Markdown marks text with."""
_GONE = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style|template)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_ALT = re.compile(r"<img\b[^>]{0,2000}?\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')[^>]*>", re.I)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,5000}>|<![a-zA-Z][^<>]{0,500}>|<\?[^<>]{0,500}>")


def strip_tags(source: str) -> str:
    """HTML without its tags, entities resolved, the words that stand for pictures kept."""
    text = _GONE.sub(" ", source)
    text = _ALT.sub(lambda match: f" {match.group(1) or match.group(2) or ''} ", text)
    return html.unescape(_TAG.sub(" ", text))


def strip_markdown(source: str) -> str:
    """Markdown without the targets of its links, its list numbers and its rules; the marks themselves are no matter (`MARKS`)."""
    text = re.sub(r"^[ \t>]*[|:\- +]+\|[|:\- +]*$|^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+", " ", source, flags=re.M)
    text = re.sub(r"\]\((?:[^()\s]|\([^()\s]*\)){0,2000}(?:\s+[\"'][^\"'\n]{0,300}[\"'])?\s*\)|\]\[[^\[\]\n]{0,200}\]", "]", text)
    return strip_tags(re.sub(r"(?<=[)\]*_`])\{:?\s*[.#\w][^{}\n]*\}", " ", text))


def mark_inexact(blocks: Sequence[Block], *pages: str, dropped: re.Pattern[str] = NO_MARKS) -> tuple[Block, ...]:
    """The blocks; those whose text is not in one piece on their page are marked, and each of their cells is looked up by itself.
    What `dropped` matches is no matter."""

    def key_of(text: str) -> str:
        return dropped.sub("", quote_key(text))

    keys = [key_of(visible(page)[0]) for page in pages]
    at = [0] * len(keys)  # blocks come in the file's order: each is looked for from the last one on
    n_looks = MAX_LOOKS

    def stands(text: str, page: int) -> bool:
        nonlocal n_looks
        key = key_of(text)
        found = keys[page].find(key, at[page], at[page] + 4 * len(key) + _NEAR)
        if found < 0 and n_looks > 0:
            n_looks -= 1
            found = keys[page].find(key)
        if found >= 0:
            at[page] = max(0, found)
        return found >= 0

    checked = []
    for block in blocks:
        page = min(block.page, len(keys)) - 1
        if not stands(block.text, page):
            cells = tuple(replace(cell, exact=stands(block.text[cell.start : cell.end], page)) for cell in block.cells)
            block = replace(block, exact=False, cells=cells)
        checked.append(block)
    return tuple(checked)
