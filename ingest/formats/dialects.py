"""Markdown as people write it -> lines that CommonMark understands: admonitions of several dialects, Markdown inside HTML, attribute
lists, lists that are indented too far.

In: lines. Out: lines. Must not know Blocks.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

FENCE = re.compile(r"^\s{0,12}(`{3,}|~{3,})\s*(\{?[\w:-]*\}?)\s*(.*)$")
_COLONS = re.compile(r"^\s{0,3}(:{3,})\s*\{?([\w-]*)\}?\s*(.*)$")
_BANGS = re.compile(r"^(\s{0,12})(?:!!!|\?\?\?\+?)\s+([\w-]+)(?:\s+[\w-]+)*(?:\s+\"([^\"]*)\")?\s*$")
_MARKDOWN_INSIDE = re.compile(r"^\s{0,3}<[a-z]+\b[^<>]*\smarkdown\b[^<>]*>\s*$", re.I)
_TAG_ALONE = re.compile(r"^\s{0,3}</?(?:div|figure|figcaption|section|details|aside|center)>\s*$", re.I)
_ATTRIBUTES = re.compile(r"(?<=[)\]*_`])\{:?\s*[.#\w][^{}\n]*\}")
_BOXES = frozenset(("danger", "warning", "caution", "attention", "error", "important", "notice", "note", "tip", "hint", "info", "hazard"))
_ITEM = re.compile(r"^(\s*)((?:[-*+]|\d{1,9}[.)])\s+)(?=\S)")


def to_commonmark(lines: Sequence[str]) -> Iterator[str]:
    """The lines, admonitions as `<div>`s of their class."""
    return _Boxes().lines(list(_indented(lines)))


def _indented(lines: Sequence[str]) -> Iterator[str]:
    """List items that stand more than three places right of the text of the item above are code, or running text, to CommonMark, and
    nested lists to everybody else: they are moved left."""
    above: list[tuple[int, int]] = []  # (indent as written, column of the text) of the items that are open
    fence = ""
    for line in lines:
        opened = FENCE.match(line)
        if opened and (not fence or opened.group(1).startswith(fence)):
            fence = "" if fence else opened.group(1)
        item = None if fence else _ITEM.match(line)
        if item is None:
            if not line.strip() or not line[:1].isspace():
                above = []
            yield line
            continue
        written = len(item.group(1).expandtabs(4))
        while above and above[-1][0] >= written:
            above.pop()
        indent = written if not above or written < above[-1][1] + 4 else above[-1][1]
        above.append((written, indent + len(item.group(2))))
        yield line if indent == written else " " * indent + line.lstrip()


@dataclass
class _Boxes:
    """Admonitions that CommonMark does not know, made `<div>`s line by line: ":::" and "```{warning}" end with a line of their own,
    "!!! warning" where the text is no longer indented."""

    fence: str = ""
    closers: list[str] = field(default_factory=list)
    pads: list[int] = field(default_factory=list)

    def lines(self, lines: Sequence[str]) -> Iterator[str]:
        """The lines as CommonMark with HTML."""
        for line in lines:
            indent = len(line) - len(line.lstrip())
            while self.pads and line.strip() and indent < self.pads[-1] + 4 and not self.fence:
                yield from ("", " " * self.pads.pop() + "</div>", "")
            yield from self._line(line[: self.pads[-1]] + line[self.pads[-1] + 4 :] if self.pads else line)
        for pad in [*reversed(self.pads), *(0 for _ in self.closers)]:
            yield from ("", " " * pad + "</div>", "")

    def _line(self, line: str) -> Iterator[str]:
        if self.fence:
            if re.fullmatch(rf"\s{{0,12}}{self.fence[0]}{{{len(self.fence)},}}\s*", line):
                self.fence = ""
            yield line
            return
        opened, colons, bangs = FENCE.match(line), _COLONS.match(line), _BANGS.match(line)
        if self.closers and line.strip() == self.closers[-1]:
            self.closers.pop()
            yield from ("", "</div>", "")
        elif opened and opened.group(2).startswith("{") and opened.group(2).strip("{}").lower() in _BOXES:
            self.closers.append(opened.group(1))
            yield from _open(opened.group(2).strip("{}"), opened.group(3))
        elif opened:
            self.fence = opened.group(1)
            yield line
        elif colons and colons.group(2):
            self.closers.append(colons.group(1))
            yield from _open(colons.group(2), colons.group(3))
        elif bangs:
            pad = bangs.group(1)
            self.pads.append(len(pad))
            if bangs.group(3):  # a box of its own: its quotation marks stand between it and the text
                yield from (*_open(bangs.group(2), bangs.group(3), pad), pad + "</div>")
            yield from _open(bangs.group(2), "", pad)
        elif _MARKDOWN_INSIDE.match(line) or _TAG_ALONE.match(line):
            yield from ("", line, "")
        else:
            yield _ATTRIBUTES.sub("", line)


def _open(kind: str, title: str, pad: str = "") -> Iterator[str]:
    yield from ("", f'{pad}<div class="{html.escape(kind.lower())}">', "")
    if title.strip():
        yield from (pad + title.strip(), "")
