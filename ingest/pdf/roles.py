"""What a paragraph is besides heading or text: code, a footnote, the title of a table; and the type of the body.

In: all pages' items in reading order. Out: marks on paragraphs, sets of their ids. Chapter numbers set apart from their titles are joined
to them, in place. Must not know levels or paths.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from ingest.pdf.expected import Item, Pages
from ingest.pdf.figures import Drawing
from ingest.pdf.headings import CHAPTER, LARGER, Type, body_type, is_lettered, looks_like_heading, number_of
from ingest.pdf.items import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.words import Word

_MIN_BODY_CHARS = 1500
_MONO = re.compile(r"mono|courier|consol|typewriter|menlo|inconsolata|lucidacon|cmtt|code", re.I)
_FOOTNOTE = re.compile(r"^\(\d{1,2}\)$")


def type_of_body(pages: Pages) -> Type:
    """The letters most of the text is set in; tables count where there is little else."""
    counts: Counter[tuple[float, bool]] = Counter()
    tables: Counter[tuple[float, bool]] = Counter()
    for _, items in pages:
        for item in items:
            if isinstance(item, Paragraph):
                _count(counts, [word for line in item.lines for word in line.words])
            elif not isinstance(item.owner, Drawing):
                _count(tables, item.owner.words)
    return body_type(counts if counts.total() >= _MIN_BODY_CHARS else counts + tables)


def _count(counts: Counter[tuple[float, bool]], words: Sequence[Word]) -> None:
    for word in words:
        counts[(round(word.size * 2) / 2, word.bold)] += len(word.text)


def mark_code(pages: Pages) -> None:
    """Paragraphs in typewriter letters, where most of the text is not; such paragraphs that follow closely are one."""
    own = [item for _, items in pages for item in items if isinstance(item, Paragraph)]
    found = [item for item in own if all(_MONO.search(word.font) for line in item.lines for word in line.words)]
    if sum(len(item.text) for item in found) > 0.4 * sum(len(item.text) for item in own):
        return
    for item in found:
        item.is_code = not item.marker
    for _, items in pages:
        for index in range(len(items) - 1, 0, -1):
            above, below = items[index - 1], items[index]
            if isinstance(above, Paragraph) and isinstance(below, Paragraph) and above.is_code and below.is_code:
                step = below.lines[0].base - above.lines[-1].base
                if 0 < step < 1.9 * below.lines[0].size:
                    lines = [*above.lines, *below.lines]
                    items[index - 1 : index + 1] = [replace(above, lines=lines).finish()]


def unmark_footnotes(pages: Pages, body: Type) -> None:
    """A footnote's number is no list marker."""
    for _, items in pages:
        for item in items:
            if isinstance(item, Paragraph) and _FOOTNOTE.match(item.marker) and item.lines[-1].size < 0.92 * body.size:
                item.marker = ""


def join_chapters(items: list[Item], body: Type) -> None:
    """A chapter's number or the word "Chapter 4" on a line of its own joins the title below or beside it."""
    for index in range(len(items) - 1, 0, -1):
        above, below = items[index - 1], items[index]
        if not isinstance(above, Paragraph) or not isinstance(below, Paragraph) or not CHAPTER.match(above.text):
            continue
        line, title = above.lines[-1], below.lines[0]
        near = -0.5 * line.size < title.y0 - line.y0 < 4.5 * max(line.size, title.size)
        large = line.size >= body.size * LARGER or line.bold
        if large and near and not below.marker and looks_like_heading(below, body) and number_of(below.text) is None:
            items[index - 1 : index + 1] = [
                Paragraph([*above.lines, *below.lines], column=below.column, column_lines=below.column_lines).finish()
            ]


def titles_of_wholes(pages: Pages, body: Type) -> set[int]:
    """Lines without a number right above a table or drawing, centred over it or above a drawing and no larger than the body: its title."""
    found: set[int] = set()
    for _, items in pages:
        for item, after in pairwise(items):
            if isinstance(item, Paragraph) and isinstance(after, Whole) and item.column is not None and number_of(item.text) is None:
                indent = item.box[0] - item.column[0]
                centred = indent > 4 * item.lines[0].size and abs(sum(item.box[::2]) - sum(after.box[::2])) < 4 * item.lines[0].size
                small = isinstance(after.owner, Drawing) and item.lines[0].size < LARGER * body.size
                if (centred or small) and after.box[1] - item.box[3] < 2.5 * item.lines[0].size:
                    found.add(id(item))
    return found


def sizes_below(pages: Pages) -> dict[int, float]:
    """The letter size of what stands below each paragraph."""
    sizes: dict[int, float] = {}
    for _, items in pages:
        for item, after in pairwise(items):
            if isinstance(after, Paragraph):
                sizes[id(item)] = after.lines[0].size
            elif not isinstance(after.owner, Drawing) and after.owner.words:
                sizes[id(item)] = median(word.size for word in after.owner.words)
    return sizes


def lettered(pages: Pages, body: Type) -> set[int]:
    """Bold lines "a) ..." with text below them that is no item: at least two."""
    found = {
        id(item)
        for _, items in pages
        for item, after in pairwise(items)
        if isinstance(item, Paragraph) and is_lettered(item) and not body.bold and not (isinstance(after, Paragraph) and after.marker)
    }
    return found if len(found) >= 2 else set()
