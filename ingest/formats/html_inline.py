"""Inline HTML -> its text as a reader sees it: hidden parts left out and counted, line ends marked, small digits raised.

In: a node. Out: text in which `LINE_END` stands for a `<br>`. Must not know what block the text becomes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bs4 import Tag
from bs4.element import CData, Comment, Declaration, Doctype, NavigableString, PageElement, ProcessingInstruction

from ingest.formats.characters import lowered, raised
from ingest.formats.hidden import Styles

LINE_END = "\x1e"
NOT_TEXT = (Comment, Doctype, Declaration, ProcessingInstruction, CData)
_BLOCK_TAGS = """address article aside blockquote body caption center dd details dialog dir div dl
dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main menu
nav ol optgroup option p pre section summary table tbody td tfoot th thead
tr ul xmp template noscript script style head"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_BLANKS = re.compile(r"[ \t\r\n\f\u00a0]+")
_EMPTY_ALT = re.compile(
    r"(?i)(?:image|img|icon|logo|picture|photo|screenshot|figure|bild|badge|alt text|)[\s\d_-]*|.*\.(?:png|jpe?g|gif|svg|webp)|\W*|.{1,2}"
)
_BADGE = re.compile(r"(?i)shields\.io|badge")


@dataclass
class Left:
    """Characters left out, by cause."""

    hidden: int = 0
    furniture: int = 0

    def add(self, cause: str, tag: Tag) -> None:
        """Count this element's text."""
        n = len("".join(tag.get_text().split()))
        if cause == "hidden":
            self.hidden += n
        else:
            self.furniture += n


class Shapes:
    """Which elements of a page break the line: by their own name, or because they hold one that does."""

    def __init__(self, page: Tag) -> None:
        self._around: set[int] = set()
        for tag in page.descendants:
            if isinstance(tag, Tag) and tag.name in _BLOCKS:
                for outer in tag.parents:
                    if id(outer) in self._around:
                        break
                    self._around.add(id(outer))

    def is_block(self, tag: Tag) -> bool:
        """Whether this element of the page breaks the line."""
        return tag.name in _BLOCKS or id(tag) in self._around


@dataclass(frozen=True, slots=True)
class Inline:
    """Reads inline content; what is left out is counted in `left`."""

    styles: Styles
    left: Left

    def text(self, node: PageElement, *, blocks: bool = False, verbatim: bool = False, alts: bool = True) -> str:
        """The text of a node; `blocks`: block elements inside are parted by blanks; `verbatim`: white space stays as it is; `alts`: the
        words that stand for pictures are read."""
        pieces: list[str] = []
        todo: list[PageElement | str] = [node]
        while todo:
            item = todo.pop()
            if isinstance(item, NavigableString):
                if not isinstance(item, NOT_TEXT):
                    pieces.append(str(item))
            elif isinstance(item, str):
                pieces.append(item)
            elif isinstance(item, Tag):
                if item.name == "img":
                    pieces.append(self.alt(item) if alts else " ")
                else:
                    todo += reversed(self._inside(item, node, blocks))
        return "".join(pieces) if verbatim else _BLANKS.sub(" ", "".join(pieces))

    def _inside(self, tag: Tag, root: PageElement, blocks: bool) -> list[PageElement | str]:
        """What to read in the place of a tag, in order."""
        if tag.name == "br":
            return [LINE_END]
        if tag is not root and self.is_out(tag):
            return []
        if tag.name in ("sup", "sub"):
            text = tag.get_text().strip()
            small = raised(text) if tag.name == "sup" else lowered(text)
            if small != text:
                return [small]
        if blocks and tag is not root and tag.name in _BLOCKS:
            return [" ", *tag.contents, " "]
        return list(tag.contents)

    def is_out(self, tag: Tag) -> bool:
        """Whether this element is left out; it is counted then."""
        verdict = self.styles.verdict(tag)
        if verdict:
            self.left.add(verdict, tag)
        return bool(verdict)

    def alt(self, image: Tag) -> str:
        """What is said in the place of a picture, where it says anything."""
        alt = " ".join(str(image.get("alt") or "").split())[:500]
        if self.styles.verdict(image) or _EMPTY_ALT.fullmatch(alt) or _BADGE.search(str(image.get("src") or "")[:200]):
            return ""
        return f" {alt} "


def pictures_of(node: PageElement) -> list[Tag] | None:
    """The pictures of a node that shows nothing else; None where it shows more."""
    if isinstance(node, NavigableString):
        return [] if isinstance(node, NOT_TEXT) or not node.strip() else None
    if not isinstance(node, Tag) or node.get_text().strip():
        return None
    return [node] if node.name == "img" else [image for image in node.find_all("img") if isinstance(image, Tag)] if node.contents else []
