"""What a document tells of itself, sorted by place; and a clue, what one place says of one field.

In: a file name and what parsing gave. Out: `Evidence`. Must not know what a line means.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath

from ingest.parsed import Parsed
from service.core.text import fold

TITLE_PAGE = "title page"
RUNNING = "running head or foot"
IMPRINT = "imprint"
PDF_METADATA = "file metadata"
FILE_NAME = "file name"
TEXT = "text"

N_TOP = 12
"""Lines at the top of the first page that may name the document: a title, its lines and what stands beside it."""
_EDGE = 6
_MAX_LINE = 90
_MAX_FOOT = 160
_N_BLOCKS = 40
_N_BODY = 400
_MAX_CHARS = 300
_MAX_BODY = 1000


@dataclass(frozen=True, slots=True)
class Clue:
    """What one place says of one field; `confidence` from 0 to 1."""

    value: str
    source: str
    confidence: float


@dataclass(frozen=True)
class Evidence:
    """`stem` is the file name without suffix. `title` is the parsed title where the first pages print its words too, else "": what a
    word processor carries along from another document does not count. `pages` are lines of the first pages and of the last one, `body`
    the first paragraphs."""

    stem: str
    title: str
    metadata: Mapping[str, str]
    pages: tuple[tuple[str, ...], ...]
    body: tuple[str, ...] = ()

    @cached_property
    def first(self) -> tuple[str, ...]:
        """Short lines of the first page, a label joined with the value in the line after it."""
        return tuple(_joined(line for line in (self.pages[0] if self.pages else ()) if len(line) <= _MAX_LINE))

    @cached_property
    def top(self) -> tuple[str, ...]:
        """Lines that may be the title, by place: the title itself, the top of the first page."""
        return tuple(dict.fromkeys(line for line in (self.title, *self.first[:N_TOP]) if line))

    @cached_property
    def running(self) -> tuple[str, ...]:
        """Lines near the edge of at least two pages, numbers apart: heads, feet."""
        seen: Counter[str] = Counter()
        shown: dict[str, str] = {}
        for page in self.pages:
            edges = {_shape(line): line for line in (*page[:_EDGE], *page[-_EDGE:]) if len(line) <= _MAX_FOOT}
            seen.update(edges.keys())
            shown |= {shape: line for shape, line in edges.items() if shape not in shown}
        return tuple(line for shape, line in shown.items() if seen[shape] >= 2 and re.search(r"[^\W\d_]", line))

    @cached_property
    def imprint(self) -> tuple[str, ...]:
        """Lines of all pages looked at that carry a copyright mark."""
        return tuple(
            line
            for page in self.pages
            for line in page
            if re.search(r"©|\(c\)\s*\d{4}|copyright|[\ue000-\uf8ff\ufffd].*(?:19|20)\d\d", line, re.I)
        )

    @cached_property
    def key(self) -> str:
        """All lines as one folded text without blanks and hyphens: does this name stand anywhere on these pages?"""
        return "\n".join(squeeze(line) for page in self.pages for line in page)


def gather(name: str, parsed: Parsed) -> Evidence:
    """The evidence of one file. Where a format tells no front lines (or a scan has none), its first blocks stand in."""
    lines = parsed.front if any(line.strip() for line in parsed.front) else tuple(block.text for block in parsed.blocks[:_N_BLOCKS])
    pages: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            pages[-1].append(" ".join(line[:_MAX_CHARS].split()))
        elif pages[-1]:
            pages.append([])
    body = tuple(block.text[:_MAX_BODY] for block in parsed.blocks[:_N_BODY])
    evidence = Evidence(PurePath(name).stem, "", parsed.metadata, tuple(tuple(page) for page in pages if page), body)
    words = [word for word in re.findall(r"[^\W_]{2,}", fold(parsed.title)) if not word.isdigit()]
    printed = sum(word in evidence.key for word in words) >= 0.7 * len(words)
    return replace(evidence, title=parsed.title) if words and printed and not re.search(r"\.[a-z]{3,4}$", parsed.title) else evidence


def squeeze(text: str) -> str:
    """Folded, letters and digits only: "AB-C1D24" and "ab_c1d24" are one name."""
    return re.sub(r"[\W_]+", "", fold(text))


def best(clues: Sequence[Clue]) -> Clue | None:
    """The surest clue, the first of equals; None where there is none."""
    return max(clues, key=lambda clue: clue.confidence, default=None)


def _joined(lines: Iterable[str]) -> Iterable[str]:
    """A line that is only a label ("Revision", "Date:") together with the next one."""
    label = ""
    for line in lines:
        if re.fullmatch(
            r"(?i)(revision|rev\.?|version|date|datum|ausgabe|stand|edition|issue|document|dokument|文件编号|版本|日期)\s*[:：]?", line
        ):
            label = line.rstrip(":： ")
            continue
        yield f"{label}: {line}" if label else line
        label = ""


def _shape(line: str) -> str:
    return re.sub(r"\d+", "0", fold(line)).strip()
