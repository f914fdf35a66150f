"""A plain text file -> Blocks: form feeds part pages, blank lines paragraphs; headings, lists and columns by how they are set.

In: a path. Out: `Parsed`. A line is a heading where it is underlined, numbered, or short and in capitals with room around it; what is
no heading and no list is a paragraph, with its lines joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.formats.blocks import Builder
from ingest.formats.check import mark_inexact
from ingest.formats.encoding import read_text
from ingest.formats.tables import RawCell
from ingest.language import guess_language
from ingest.notices import level_of_line, level_of_text
from ingest.parsed import Parsed
from service.core.errors import LimitExceeded

MAX_LINE = 20_000
MAX_PAGES = 100_000
_UNDERLINE = re.compile(r"^\s*([=\-~^#*])\1{2,}\s*$")
_RULE = re.compile(r"^[\s=\-_*+|~]{3,}$")
_NUMBERED = re.compile(r"^(?:(?:chapter|section|appendix|kapitel|anhang)\s+)?(\d{1,2}(?:\.\d{1,2}){0,5})\.?\s+(?=[^\W\d_])", re.I)
_ITEM = re.compile(r"^(\s*)((?:\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)])|(?:step\s+\d{1,3}[.:]?)|[-*•▪◦–+])\s+(?=\S)", re.I)
_LEADER = re.compile(r"(?:\.\s?){4,}|…{2,}")
_GAP = re.compile(r"\t+|\s{2,}|\s+\|\s+")


def parse_plain(path: Path, document_id: str) -> Parsed:
    """Parse in this process. Raises UnreadableDocument or LimitExceeded."""
    text = read_text(path).rstrip("\f\n ")
    if text.count("\f") >= MAX_PAGES:
        raise LimitExceeded(f"{path.name}: {text.count(chr(12)) + 1} pages, more than {MAX_PAGES}.")
    pages = text.split("\f")
    builder = Builder(document_id, path.name)
    for number, page in enumerate(pages, 1):
        builder.page = number
        _Reader(builder, [line.rstrip()[:MAX_LINE] for line in page.expandtabs(8).split("\n")]).read()
    blocks = mark_inexact(builder.finish(), *pages)
    return Parsed(
        n_pages=len(pages),
        blocks=blocks,
        page_labels=("",) * len(pages),
        empty_pages=(),
        title=next((block.text for block in blocks[:3] if block.kind == "heading"), ""),
        metadata={},
        language=guess_language(" ".join(block.text for block in blocks[:2000])),
        warnings=(f"hidden text ignored ({builder.n_hidden} characters)",) if builder.n_hidden > 3 else (),
        timings_s={},
        front=tuple(line.strip() for line in pages[0].split("\n")[:60] if line.strip()),
    )


@dataclass
class _Reader:
    """One page, from the first line to the last."""

    builder: Builder
    lines: list[str]
    _group: str = ""
    _indents: tuple[int, ...] = ()

    def read(self) -> None:
        """Turn the lines into blocks, a run of lines between blank ones at a time."""
        at = 0
        while at < len(self.lines):
            if not self.lines[at].strip() or _RULE.match(self.lines[at]):
                at += 1
                continue
            end = at
            while end < len(self.lines) and self.lines[end].strip():
                end += 1
            self._run(self.lines[at:end], at)
            at = end

    def _run(self, run: Sequence[str], at: int) -> None:
        start = 0
        while start < len(run) and (level := self._heading_level(run[start : start + 2], at + start, len(run) - start == 1)):
            self._group = ""
            self.builder.heading(level, run[start])
            start += 1 + (start + 1 < len(run) and bool(_UNDERLINE.match(run[start + 1])))
        run = run[start:]
        rows = _columns(run)
        if rows:
            self._group = ""
            self.builder.table(rows, 1 if len(run) > 2 and _RULE.match(run[1]) else None)
        elif run:
            for text, marker, indent in _items(run):
                if marker:
                    self._item(text, marker, indent)
                else:
                    if not indent:
                        self._group = ""
                    self.builder.paragraph(text)

    def _item(self, text: str, marker: str, indent: int) -> None:
        if not self._group:
            self._group, self._indents = self.builder.new_group(), ()
        self._indents = (*(i for i in self._indents if i < indent), indent)
        self.builder.item(text, marker, min(len(self._indents) - 1, 9), self._group)

    def _heading_level(self, run: Sequence[str], at: int, last: bool) -> int:
        """1 and up for a heading, 0 where the first of these lines is none; `last`: its run ends with it."""
        line = run[0].strip()
        if len(line) > 90 or not any(c.isalpha() for c in line) or level_of_line(line) or level_of_text(line) or line[-1] in ".,;:":
            return 0
        if len(run) > 1 and (mark := _UNDERLINE.match(run[1])) and len(run[1].strip()) >= 0.5 * len(line) and not _GAP.search(line):
            return 1 if mark.group(1) in "=#*" else 2
        alone = last and (at == 0 or not self.lines[at - 1].strip())
        numbered = _NUMBERED.match(line)
        if numbered and alone and not self._goes_on(numbered.group(1)) and not _GAP.search(line):
            return 2 + numbered.group(1).count(".")
        words = re.findall(r"[^\W\d_]{2,}", line)
        return 2 if alone and words and line.isupper() and len(line) <= 60 and not _GAP.search(line) and not _ITEM.match(line) else 0

    def _goes_on(self, number: str) -> bool:
        """Whether "2" is the next step of the list that is open."""
        last = self.builder.blocks[-1] if self.builder.blocks else None
        found = re.search(r"\d+", last.marker) if last and last.kind == "list_item" and self._group else None
        return "." not in number and found is not None and int(number) == int(found.group()) + 1


def _items(run: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """(text, marker, indent) of each item or paragraph of a run; lines without a marker go on with the line before."""
    held: list[str] = []
    marker, indent = "", len(run[0]) - len(run[0].lstrip())
    for line in run:
        match = _ITEM.match(line)
        if match and (marker or not held or held[-1].rstrip()[-1:] in ".:;!?)" or match.group(2) in "•▪◦"):
            if held:
                yield _joined(held), marker, indent
            held, marker, indent = [line], match.group(2), len(match.group(1))
        elif not _RULE.match(line):
            if held and not marker and held[-1].rstrip()[-1:] in ".:!?" and (level_of_text(line.strip()) or level_of_line(line)):
                yield _joined(held), marker, indent
                held = []
            held.append(line)
    if held:
        yield _joined(held), marker, indent


def _joined(lines: Sequence[str]) -> str:
    """The lines as one, words parted at a line's end put together again."""
    return re.sub(r"(?<=[^\W\d_])-\n(?=[a-zäöüß])", "", "\n".join(line.strip() for line in lines))


def _columns(run: Sequence[str]) -> list[list[RawCell]]:
    """The rows of a run that is set in columns: dot leaders, or three lines and more whose second cells begin at one place."""
    lines = [line for line in run if not _RULE.match(line)]
    led = [[part.strip() for part in _LEADER.split(line.strip())] for line in lines]
    if len(lines) >= 2 and all(len(parts) == 2 and all(parts) for parts in led):
        return [[RawCell(part) for part in parts] for parts in led]
    if len(lines) < 3:
        return []
    starts = [_starts(line) for line in lines]
    n = len(starts[0])
    if n < 2 or any(len(own) != n for own in starts) or sum(bool(_ITEM.match(line)) for line in lines) > 0.5 * len(lines):
        return []
    flush = all(max(own[column] for own in starts) - min(own[column] for own in starts) <= 2 for column in range(1, n))
    piped = all("|" in line for line in lines)
    if not flush and not piped:
        return []
    return [[RawCell(part.strip(" |")) for part in _GAP.split(line.strip().strip("|").strip())] for line in lines]


def _starts(line: str) -> list[int]:
    """Where the cells of a line begin."""
    stripped = line.strip().strip("|").strip()
    lead = len(line) - len(line.lstrip())
    return [lead, *(lead + match.end() for match in _GAP.finditer(stripped))]
