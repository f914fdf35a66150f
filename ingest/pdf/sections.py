"""Headings and the section path of every block, from the outline where there is one, else from fonts and numbering.

In: paragraphs of a whole document in order, the outline. Out: for each paragraph its heading level (None: no heading), and the
running path. Must not know about columns or tables.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.captions import is_caption
from ingest.pdf.columns import SECTION_START
from ingest.pdf.gate import OutlineEntry
from ingest.pdf.layout import Paragraph
from service.core.text import quote_key

MAX_CHARS = 140
MAX_LINES = 3
NUMBERED = re.compile(r"^(?:(?:chapter|section|appendix|kapitel|anhang)\s+)?((?:\d{1,2}|[A-H])(?:\.\d{1,2})*)\.?\s+(?=\S)", re.I)
_WORD = re.compile(r"[^\W\d_]{3,}|[\u4e00-\u9fff]{2,}")


@dataclass(frozen=True)
class Type:
    """The document's body type: its most common letter size, and whether the body is bold."""

    size: float
    bold: bool


def body_type(counts: Counter[tuple[float, bool]]) -> Type:
    """From characters per (size rounded to half points, bold)."""
    if not counts:
        return Type(10.0, False)
    (size, bold), _ = counts.most_common(1)[0]
    return Type(size, bold)


def title_key(text: str) -> str:
    """A heading's text without its number, for comparison with the outline."""
    return quote_key(NUMBERED.sub("", text))


def looks_like_heading(paragraph: Paragraph, body: Type) -> bool:
    """By type alone: short, larger or bolder than the body, with a real word in it, and no list item, caption or notice."""
    text, first = paragraph.text, paragraph.lines[0]
    if len(text) > MAX_CHARS or len(paragraph.lines) > MAX_LINES or is_caption(text):
        return False
    if not _WORD.search(text) and not (SECTION_START.match(text) and first.bold):
        return False
    if level_of_line(text) or level_of_text(text) or text.endswith((",", ";")) or (text.endswith(".") and len(text) > 60):
        return False
    numbered = NUMBERED.match(text)
    if paragraph.marker and not numbered:
        return False
    larger = first.size >= body.size * 1.12
    bolder = all(line.bold for line in paragraph.lines) and not body.bold and first.size >= body.size * 0.92
    return larger or bolder


@dataclass
class Sections:
    """Walks the document in reading order and keeps the path. Call `place` for every paragraph."""

    outline: Sequence[OutlineEntry]
    body: Type
    ranks: dict[tuple[float, bool], int] = field(default_factory=dict)
    _stack: list[tuple[int, str]] = field(default_factory=list)
    _next: int = 0
    _met: frozenset[int] = frozenset()

    def begin_page(self, page: int, paragraphs: Sequence[Paragraph]) -> None:
        """Note which bookmarks of this page stand on it as text: their place in reading order counts, not their height."""
        keys = {title_key(paragraph.text) for paragraph in paragraphs if len(paragraph.text) <= MAX_CHARS + 60}
        self._met = frozenset(index for index, entry in enumerate(self.outline) if entry.page == page and title_key(entry.title) in keys)

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._stack)

    def place(self, paragraph: Paragraph, page: int) -> bool:
        """Move the path on; True where the paragraph is a heading."""
        index = self._match(paragraph, page)
        if index is not None:
            for entry in self.outline[self._next : index]:
                self._push(entry.level, entry.title)
            self._push(self.outline[index].level, paragraph.text)
            self._next = index + 1
            return True
        self.advance(page, paragraph.box[1])
        if not looks_like_heading(paragraph, self.body):
            return False
        self._push(self._level(paragraph), paragraph.text)
        return True

    def is_outlined(self, paragraph: Paragraph, page: int) -> bool:
        """Whether the outline names this paragraph as a heading."""
        return self._match(paragraph, page) is not None

    def advance(self, page: int, top: float) -> None:
        """Take up bookmarks that point above this place and were not met as text."""
        while self._next < len(self.outline):
            entry = self.outline[self._next]
            if entry.page > page or (entry.page == page and (self._next in self._met or entry.top > top + 2)):
                return
            self._push(entry.level, entry.title)
            self._next += 1

    def _match(self, paragraph: Paragraph, page: int) -> int | None:
        if len(paragraph.text) > MAX_CHARS + 60 or len(paragraph.lines) > MAX_LINES + 1:
            return None
        key = title_key(paragraph.text)
        if not key:
            return None
        for index in range(self._next, min(self._next + 12, len(self.outline))):
            entry = self.outline[index]
            if entry.page > page:
                return None
            if entry.page == page and key == title_key(entry.title):
                return index
        return None

    def _level(self, paragraph: Paragraph) -> int:
        numbered = NUMBERED.match(paragraph.text)
        deepest = max((entry.level for entry in self.outline[: self._next][-1:]), default=-1)
        if numbered and (not self.outline or numbered.group(1).count(".") > deepest):
            return numbered.group(1).count(".")
        rank = self.ranks.get(style_of(paragraph), 6)
        return deepest + 1 + rank if self.outline else rank

    def _push(self, level: int, text: str) -> None:
        while self._stack and self._stack[-1][0] >= level:
            self._stack.pop()
        self._stack.append((level, text))


def style_of(paragraph: Paragraph) -> tuple[float, bool]:
    """The type of a heading: size rounded to half points, bold."""
    return (round(paragraph.lines[0].size * 2) / 2, paragraph.lines[0].bold)


def rank_styles(headings: Sequence[Paragraph]) -> dict[tuple[float, bool], int]:
    """Heading styles by size, then bold, to levels from 0; a style whose headings are numbered has the depth of its numbers."""
    styles = sorted({style_of(heading) for heading in headings}, reverse=True)
    depths: dict[tuple[float, bool], Counter[int]] = {}
    for heading in headings:
        match = NUMBERED.match(heading.text)
        if match:
            depths.setdefault(style_of(heading), Counter())[match.group(1).count(".")] += 1
    ranks: dict[tuple[float, bool], int] = {}
    level = 0
    for style in styles:
        if style in depths:
            level = max(level, depths[style].most_common(1)[0][0])
        ranks[style] = level
        level += 1
    return ranks
