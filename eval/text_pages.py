"""Bytes of a document that is no PDF in, page texts out: read by other means than those the index is made with.

HTML through the standard library's parser, Markdown through CommonMark and as its source, Word through the standard library's ZIP and
XML. What a browser would not show is left out, so that a quote of it is found to stand nowhere. It must not know the index.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import cached_property
from html.parser import HTMLParser
from xml.etree import ElementTree

import charset_normalizer
from markdown_it import MarkdownIt

from eval.matching import Form, quote_on_page

MAX_BYTES = 64 << 20
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
_INLINE_TAGS = """a abbr b bdi bdo cite code del dfn em font i ins kbd mark q s samp small span strong sub sup time tt u var wbr"""
_INLINE = frozenset(_INLINE_TAGS.split())
_UNSEEN = frozenset(("script", "style", "template", "noscript", "title", "head"))
_HIDES = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.I)


class UnreadableText(ValueError):
    """The bytes are neither text nor a Word document."""


class TextPages:
    """The page texts of one file, each by several readings. Safe to share between threads: nothing changes after the first reading."""

    def __init__(self, content: bytes, name: str = "document") -> None:
        """Raises UnreadableText."""
        if content.startswith(b"PK\x03\x04"):
            self._word: list[str] = word_pages(content, name)
            self._source = ""
            self.n_pages = len(self._word)
            return
        self._word = []
        self._source = _decoded(content, name).replace("\r\n", "\n").rstrip("\f\n ")
        self.n_pages = self._source.count("\f") + 1

    def texts(self) -> tuple[tuple[str, Callable[[int], str]], ...]:
        """The readings: name, and page (1-based) -> its text."""
        if self._word:
            return (("word", lambda page: self._word[page - 1]),)
        if self._is_html:
            return (("html", lambda page: self._html[0]), ("html with alt", lambda page: self._html[1]))
        return (
            ("source", lambda page: re.sub(r"(?s)<!--.*?-->", " ", self._source.split("\f")[page - 1])),
            ("markdown", lambda page: self._markdown[0]),
            ("markdown with alt", lambda page: self._markdown[1]),
        )

    def text(self, reading: str, page: int) -> str:
        """A page's text by one reading."""
        return dict(self.texts())[reading](page)

    def find(self, quote: str, page: int) -> Form | None:
        """The strictest form in which any reading shows the quote on the page; None where the page or the quote is not there."""
        if not 1 <= page <= self.n_pages:
            return None
        forms = [quote_on_page(quote, self.text(reading, page)) for reading, _ in self.texts()]
        return "blanks" if "blanks" in forms else next((form for form in forms if form), None)

    def close(self) -> None:
        """Nothing to give back."""

    @property
    def _is_html(self) -> bool:
        return bool(re.match(r"(?is)\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body)\b", self._source[:5000]))

    @cached_property
    def _html(self) -> tuple[str, str]:
        return stripped(self._source)

    @cached_property
    def _markdown(self) -> tuple[str, str]:
        source = re.sub(r"\A---\n.*?\n(?:---|\.\.\.)\n", "", self._source, flags=re.S)
        return stripped(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(source))


class _Visible(HTMLParser):
    """Collects the text a browser shows, and beside it the same with the words that stand for pictures."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.plain: list[str] = []
        self.with_alt: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "img":
            self.with_alt.append(f" {values.get('alt') or ''} ")
        if tag not in _INLINE:
            self._add("\n")
        hides = tag in _UNSEEN or "hidden" in values or values.get("aria-hidden") == "true"
        hides = hides or bool(_HIDES.search(values.get("style") or ""))
        if (hides or (self._hidden and tag == self._hidden[-1])) and tag not in _VOID:
            self._hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()
        if tag not in _INLINE:
            self._add("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._add(data)

    def _add(self, text: str) -> None:
        self.plain.append(text)
        self.with_alt.append(text)


def stripped(source: str) -> tuple[str, str]:
    """HTML's visible text, and the same with pictures' alternative texts."""
    parser = _Visible()
    parser.feed(source)
    parser.close()
    return "".join(parser.plain), "".join(parser.with_alt)


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = charset_normalizer.from_bytes(content[: 128 << 10]).best()
        text = content.decode(best.encoding if best else "cp1252", "replace")
    if "\x00" in text or not text.strip():
        raise UnreadableText(f"{name}: neither a PDF nor a text.")
    return text


def word_pages(content: bytes, name: str) -> list[str]:
    """The text of a .docx, a string a page: runs that are neither deleted nor hidden, pages as in the file's own breaks. Raises
    UnreadableText."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            part = package.getinfo("word/document.xml")
            if part.file_size > MAX_BYTES:
                raise UnreadableText(f"{name}: too large.")
            root = ElementTree.fromstring(package.read(part))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, OSError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise UnreadableText(f"{name}: no Word document ({error}).") from error
    pages = [""]
    n_read = _read_word(root, pages)
    return pages if n_read else [""]


def _read_word(root: ElementTree.Element, pages: list[str]) -> int:
    """Append the text to the last page, and pages at breaks; the number of characters read."""
    n_read, turned_at = 0, 0
    todo: list[ElementTree.Element | str] = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            if node == "\f":
                if n_read != turned_at and n_read:
                    pages.append("")
                    turned_at = n_read
            else:
                pages[-1] += node
            continue
        tag = node.tag.removeprefix(_W)
        if tag == "t":
            pages[-1] += node.text or ""
            n_read += len((node.text or "").strip())
        elif tag == "docPr" or node.tag.endswith("}docPr"):
            pages[-1] += f" {node.get('descr') or ''} "
            n_read += 1
        elif tag == "br" and node.get(f"{_W}type") == "page":
            pages.append("")
            turned_at = n_read
        elif tag in ("tab", "br", "cr", "lastRenderedPageBreak", "noBreakHyphen"):
            todo.append({"lastRenderedPageBreak": "\f", "noBreakHyphen": "-"}.get(tag, " "))
        elif tag in ("del", "moveFrom", "instrText", "delText") or node.tag.endswith("}Fallback") or (tag == "r" and _vanishes(node)):
            continue
        else:
            before, after = _around(node, tag)
            todo += [after, *reversed(node), before] if after or before else list(reversed(node))
    return n_read


def _around(node: ElementTree.Element, tag: str) -> tuple[str, str]:
    """What stands before and after an element's text: a page break where a paragraph begins or a section ends with one."""
    if tag == "tc":
        return " ", " "
    if tag != "p":
        return "", ""
    before = node.find(f"{_W}pPr/{_W}pageBreakBefore")
    section = node.find(f"{_W}pPr/{_W}sectPr")
    kind = section.find(f"{_W}type") if section is not None else None
    turns = section is not None and (kind is None or kind.get(f"{_W}val") not in ("continuous", "nextColumn"))
    return ("\f" if before is not None and before.get(f"{_W}val") not in ("0", "false") else "\n"), ("\f" if turns else "\n")


def _vanishes(run: ElementTree.Element) -> bool:
    switch = run.find(f"{_W}rPr/{_W}vanish")
    return switch is not None and switch.get(f"{_W}val") not in ("0", "false")
