"""The section path of every block: from the outline where there is one, else from the contents, else from numbers and type.

In: all pages' items in reading order, the outline, the entries of the contents. Out: `Sections`, which the assembler walks through: it
tells headings from text and keeps the path. Path elements are the printed headings with their numbers. The document's title on its
first page is a heading without a section. Must not know about columns or tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest.pdf.contents import Entry
from ingest.pdf.expected import Matches, Pages, Promise, match_contents, match_outline, spell_out
from ingest.pdf.gate import OutlineEntry
from ingest.pdf.headings import Type
from ingest.pdf.layout import Paragraph
from ingest.pdf.levels import Levels, Mark
from ingest.pdf.roles import join_chapters, mark_code, type_of_body, unmark_footnotes


@dataclass
class Sections:
    """Walks the document in reading order and keeps the path. `marks` by id of paragraph; `loose`: bookmarks whose heading is not in
    the text, by page and height. Call `advance` for what is no paragraph and `place` for every paragraph."""

    marks: Mapping[int, Mark]
    body: Type
    loose: Sequence[Promise] = ()
    _stack: list[tuple[int, str]] = field(default_factory=list)
    _next: int = 0

    def begin_page(self, page: int, paragraphs: Sequence[Paragraph]) -> None:
        """Take up the bookmarks of earlier pages."""
        self.advance(page, -10.0)

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._stack)

    def place(self, paragraph: Paragraph, page: int) -> bool:
        """Move the path on; True where the paragraph is a heading."""
        self.advance(page, paragraph.box[1])
        mark = self.marks.get(id(paragraph))
        if mark is None:
            return False
        if mark.level is not None:
            self._push(mark.level, mark.text)
        return True

    def is_outlined(self, paragraph: Paragraph, page: int) -> bool:
        """Whether the paragraph is a heading."""
        return id(paragraph) in self.marks

    def advance(self, page: int, top: float) -> None:
        """Take up bookmarks that point above this place and are not in the text."""
        while self._next < len(self.loose):
            promise = self.loose[self._next]
            if promise.page > page or (promise.page == page and promise.top > top + 2):
                return
            self._push(promise.level, promise.title)
            self._next += 1

    def _push(self, level: int, text: str) -> None:
        while self._stack and self._stack[-1][0] >= level:
            self._stack.pop()
        self._stack.append((level, text))


def find_sections(pages: Pages, outline: Sequence[OutlineEntry], contents: Sequence[Entry], labels: Sequence[str]) -> Sections:
    """Decide every heading and its level. Parts and joins paragraphs of `pages` in place where a heading was glued or set apart."""
    body = type_of_body(pages)
    mark_code(pages)
    unmark_footnotes(pages, body)
    for _, items in pages:
        join_chapters(items, body)
    matches = match_outline(pages, outline)
    outlined = matches.trusted
    if not outlined:
        matches = match_contents(pages, contents, labels)
        if not matches.trusted:
            matches = Matches()
    spell_out(matches, [entry.title for entry in contents])
    levels = Levels(pages, body, matches, outlined)
    return Sections(levels.marks(), body, levels.loose() if outlined else ())
