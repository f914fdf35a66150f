"""An HTML tree -> calls of a `Builder`, element by element in the order of the source.

In: tags. Out: what the builder holds. Must not know files or metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bs4 import Tag
from bs4.element import NavigableString, PageElement

from ingest.formats.blocks import Builder
from ingest.formats.html_inline import LINE_END, NOT_TEXT, Inline, Shapes, pictures_of
from ingest.formats.html_levels import BRACKETED, level_of_class, quoted_level
from ingest.formats.html_tables import caption_of, is_layout, rows_of
from ingest.formats.tables import RawCell
from ingest.notices import level_of_line
from service.core.types import NoticeLevel

MAX_DEPTH = 120
MAX_NOTICE = 2000


@dataclass
class Walker:
    """Goes through the tree in order. `_emit` takes a run of inline text: as a paragraph, a list item, a notice."""

    builder: Builder
    inline: Inline
    shapes: Shapes
    _emit: Callable[[str], None] | None = None
    _list: tuple[str, int] | None = None

    def walk(self, tag: Tag, depth: int) -> None:
        """Everything in this element, block by block."""
        held: list[PageElement] = []
        for child in tag.children:
            if isinstance(child, NavigableString):
                if not isinstance(child, NOT_TEXT):
                    held.append(child)
                continue
            if not isinstance(child, Tag):
                continue
            if not self.shapes.is_block(child):
                held.append(child)
                continue
            self._run(held)
            held = []
            self._block(child, depth + 1)
        self._run(held)

    def _run(self, held: list[PageElement]) -> None:
        """A run of inline content between blocks: pictures, a paragraph, pictures. A picture between words is one of them."""
        held = [node for node in held if not isinstance(node, Tag) or not self.inline.is_out(node)]
        first, last = 0, len(held)
        before: list[Tag] = []
        while first < last and (found := pictures_of(held[first])) is not None:
            before, first = before + found, first + 1
        after: list[Tag] = []
        while last > first and (found := pictures_of(held[last - 1])) is not None:
            after, last = found + after, last - 1
        self._pictures(before)
        text = "".join(self.inline.text(node) for node in held[first:last])
        if text.strip():
            (self._emit or self._paragraph)(text)
        self._pictures(after)

    def _pictures(self, images: list[Tag]) -> None:
        for image in images:
            self.builder.figure(self.inline.alt(image))

    def _paragraph(self, text: str) -> None:
        first, _, rest = text.lstrip().partition(LINE_END)
        level = level_of_line(" ".join(first.split())) if rest.strip() else None
        self.builder.paragraph(text.replace(LINE_END, " "), level)

    def _block(self, tag: Tag, depth: int) -> None:
        level = level_of_class(tag)
        verdict = self.inline.styles.verdict(tag)
        if level and verdict == "furniture":
            verdict = ""
        if verdict or (tag.name == "aside" and not level):
            self.inline.left.add(verdict or "furniture", tag)
        elif depth > MAX_DEPTH:
            (self._emit or self._paragraph)(tag.get_text(" "))
        elif level or (tag.name == "blockquote" and (level := quoted_level(tag))):
            self._notice(tag, level, depth)
        elif tag.name in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.builder.heading(int(tag.name[1]), self.inline.text(tag).replace(LINE_END, " "))
        elif tag.name in ("ul", "ol", "menu"):
            self._items(tag, depth)
        elif tag.name == "table":
            self._table(tag, depth)
        elif tag.name in ("pre", "listing", "xmp"):
            self.builder.code(self.inline.text(tag, verbatim=True).replace(LINE_END, "\n"))
        elif tag.name == "dl":
            self._definitions(tag, depth)
        elif tag.name == "figure":
            self._figure(tag, depth)
        else:
            self.walk(tag, depth)

    def _notice(self, tag: Tag, level: NoticeLevel, depth: int) -> None:
        """A box as one block; a long one, or one that holds a table, as a notice a paragraph."""
        text = " ".join(self.inline.text(tag, blocks=True, alts=False).replace(LINE_END, " ").split())
        text = BRACKETED.sub("", text)
        if len(text) <= MAX_NOTICE and tag.find(("pre", "table") if tag.name != "table" else "pre") is None:
            self.builder.notice(level, text)
            return
        before, self._emit = self._emit, lambda text: self.builder.notice(level, BRACKETED.sub("", text.replace(LINE_END, " ")))
        self.walk(tag, depth)
        self._emit = before

    def _items(self, tag: Tag, depth: int) -> None:
        """A list, nested lists with it in one group. A list of nothing but links into this page is a table of contents."""
        if self._list is None and _is_contents(tag):
            self.inline.left.add("furniture", tag)
            return
        outer, before = self._list, self._emit
        group, level = (outer[0], outer[1] + 1) if outer else (self.builder.new_group(), 0)
        self._list = (group, level)
        number = _start(tag)
        for child in [child for child in tag.children if isinstance(child, Tag)]:
            if child.name == "li" and not self.inline.styles.verdict(child):
                if child.get("value") and str(child["value"]).isdigit():
                    number = int(str(child["value"])[:6])
                self._emit = self._item(_marker(tag, number), level, group)
                number += 1
                if (notice := level_of_class(child)) is not None:
                    self._notice(child, notice, depth + 1)
                else:
                    self.walk(child, depth + 1)
            elif child.name != "li":
                self._block(child, depth + 1)
            else:
                self.inline.left.add(self.inline.styles.verdict(child), child)
        self._list, self._emit = outer, before

    def _item(self, marker: str, level: int, group: str) -> Callable[[str], None]:
        """Takes the runs of one item: the first has the marker, the others go on with it."""
        left = [marker]

        def emit(text: str) -> None:
            if any(character.isalnum() for character in text):
                self.builder.item(text.replace(LINE_END, " "), left.pop() if left else "", level, group)

        return emit

    def _table(self, tag: Tag, depth: int) -> None:
        outer, before = self._list, self._emit
        self._list, self._emit = None, None
        if is_layout(tag):
            self.walk(tag, depth)
        else:
            caption = caption_of(tag)
            rows, n_head = rows_of(tag, self.inline)
            self.builder.table(rows, n_head, self.inline.text(caption, blocks=True) if caption else "")
        self._list, self._emit = outer, before

    def _definitions(self, tag: Tag, depth: int) -> None:
        """Terms with short definitions are a table of two columns; others are headed paragraphs."""
        pairs: list[list[RawCell]] = []
        parts = [part for part in tag.find_all(("dt", "dd")) if part.find_parent("dl") is tag and not self.inline.styles.verdict(part)]
        if any(part.find(("table", "pre", "ul", "ol", "dl", "h1", "h2", "h3", "h4")) for part in parts) or len(parts) < 2:
            for part in parts:
                self.walk(part, depth)
            return
        for part in parts:
            text = self.inline.text(part, blocks=True, alts=False)
            if part.name == "dt" or not pairs:
                pairs.append([RawCell(text)])
            elif len(pairs[-1]) == 1:
                pairs[-1].append(RawCell(text))
            else:
                pairs[-1][1] = RawCell(f"{pairs[-1][1].text} {text}")
        self.builder.table(pairs, 0)

    def _figure(self, tag: Tag, depth: int) -> None:
        caption = tag.find("figcaption")
        if not isinstance(caption, Tag) or tag.find(("table", "pre")) is not None:
            self.walk(tag, depth)
            return
        text = self.inline.text(caption, blocks=True).replace(LINE_END, " ")
        for image in tag.find_all("img", limit=20):
            alt = self.inline.alt(image).strip()
            if alt and alt.casefold() not in text.casefold():
                self.builder.figure(alt, text)
        self.builder.figure(text, text)


def _is_contents(tag: Tag) -> bool:
    """Three or more items, each nothing but a link into this page."""
    if tag.find("a") is None:
        return False
    leaves = [item for item in tag.find_all("li") if item.find(("ul", "ol")) is None]
    if len(leaves) < 3:
        return False
    links = [link for item in leaves if isinstance(link := item.find("a"), Tag)]
    inside = sum(str(link.get("href") or "").startswith("#") for link in links)
    return inside == len(leaves) and sum(len(link.get_text()) for link in links) > 0.8 * sum(
        len(item.get_text().strip()) for item in leaves
    )


def _start(tag: Tag) -> int:
    start = str(tag.get("start") or "")
    return int(start[:6]) if start[:6].isdigit() else 1


def _marker(tag: Tag, number: int) -> str:
    """The marker a browser prints: "3.", "c.", "iii." or a bullet."""
    if tag.name != "ol":
        return "•"
    kind = str(tag.get("type") or "1")
    if kind in ("a", "A") and 1 <= number <= 26:
        return f"{chr(ord(kind) + number - 1)}."
    if kind in ("i", "I") and 1 <= number <= 39:
        roman = "x" * (number // 10) + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[number % 10]
        return f"{roman.upper() if kind == 'I' else roman}."
    return f"{number}."
