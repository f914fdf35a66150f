"""The title of a document: its metadata where that is a title, else the largest text on its first page; and which paragraphs print it.

In: the metadata's title, the first page, the blocks; the paragraphs that look like headings. Out: one line, or ""; ids of paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from ingest.pdf.figures import Drawing
from ingest.pdf.headings import number_of, style_of
from ingest.pdf.items import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.lines import make_lines
from ingest.pdf.words import Page
from service.core.types import Block

_NO_TITLE = re.compile(
    r"^(?:untitled|title|document\d*|microsoft word|powerpoint|unknown|none|.*\."
    r"(?:docx?|pdf|indd|odt|xlsx?|fm|dvi|qxd|tex)$|[\W\d_]*$)", re.I,
)  # fmt: skip
_MAX_CHARS = 160
_SUBTITLE_CHARS = 80


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


def title_matter(
    first: Sequence[Paragraph | Whole], later: Collection[Paragraph], typed: Mapping[int, Paragraph], matched: Collection[int]
) -> tuple[set[int], set[int]]:
    """Ids of the paragraphs that print the title, and of those that go with it in smaller letters and are text (a revision, a date).

    `first` is what stands on page 1, `later` the paragraphs of the other pages, `typed` the paragraphs that look like headings, `matched`
    the ids of those that outline or contents name. The title stands on top of page 1, before any text, in type no later heading has; on a
    cover, which holds little else, all of them are title.
    """
    run: list[Paragraph] = []
    for item in first:
        if isinstance(item, Whole):
            if run and not isinstance(item.owner, Drawing):
                break
        elif id(item) in typed:
            if number_of(item.text) is not None:
                break
            run.append(item)
        elif run and id(item) not in matched and (len(item.text) > _SUBTITLE_CHARS or item.marker):
            break
    if not (later and _is_cover(run, [item.text for item in first if isinstance(item, Paragraph)])):
        others = {style_of(item)[:2] for item in typed.values() if item not in run}
        others |= {style_of(item)[:2] for item in (*first, *later) if isinstance(item, Paragraph) and id(item) in matched}
        n_own = next((n for n, item in enumerate(run) if style_of(item)[:2] in others), len(run))
        largest = max((item.lines[0].size for item in typed.values()), default=0.0)
        run = run[:n_own] if run and run[0].lines[0].size >= largest else []
    keys = {id(item) for item in run}
    if all(key in keys for key in (*typed, *matched)):
        return set(), set()
    largest = max((item.lines[0].size for item in run), default=0.0)
    small = {id(item) for item in run if item.lines[0].size < 0.8 * largest}
    return keys - small, small


def _is_cover(run: Sequence[Paragraph], texts: Sequence[str]) -> bool:
    """Page 1 holds little but this run."""
    return bool(run) and max(map(len, texts)) <= 200 and sum(len(item.text) for item in run) > 0.3 * sum(map(len, texts))
