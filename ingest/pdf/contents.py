"""Contents, lists of figures and tables, back-of-book indexes: recognised line by line, taken out of the text, and read.

In: every page's items in reading order. Out: the same pages without those items, and the entries of the contents (heading, printed
page, depth), which tell the section finder what headings to expect. A contents line ends in a page number behind dots or a gap, and
page numbers never fall; a list of values ("Max. voltage ..... 450 V") does neither, or is not titled and names no heading. Must not know
how sections are built.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.pdf.captions import is_caption
from ingest.pdf.columns import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.tables import Table, row_text
from service.core.text import quote_key

Item = Paragraph | Whole
_PAGE = r"(?:[A-Z]{1,2}|\d{1,2})[-–.]\d{1,3}|\d{1,4}|[ivxlc]{1,7}"
_DOTS = r"(?:[.·…_‧․]\s?){3,}"
_ENTRY = re.compile(rf"^(?P<title>.*?[^\W_].*?)\s*(?:(?P<dots>{_DOTS})\s*|\s)(?P<page>{_PAGE})$")
_PAGE_END = re.compile(rf"[\s.·…_‧․](?:{_PAGE})$")
_LEADER = re.compile(r"(?:[.·…_‧․]\s?){8,}$|^\s*(?:[.·…_‧․]\s?){8,}")
_TITLE = re.compile(
    r"^(?:\d{1,2}\.?\s+)?(?:(?:table of\s*)?contents?(?: list)?|in this (?:manual|guide|chapter|document)|"
    r"(?:list|table) of (?:figures|tables|illustrations|drawings)|inhalt(?:sverzeichnis|sübersicht)?|"
    r"(?:abbildungs|tabellen|bilder)verzeichnis|目\s*[录錄次]|[图表插]{1,2}\s*目\s*录|插图清单)"
    r"(?:\s*\(?(?:continued|cont\.?|fortsetzung)\)?)?\s*[:：]?$",
    re.I,
)
_INDEX_TITLE = re.compile(
    r"^(?:(?:alphabetical |subject )?index|(?:stichwort|sach|schlagwort)(?:wort)?(?:verzeichnis|register)|索\s*引)(?:\s*\(?continued\)?)?$",
    re.I,
)
_REFERENCE = re.compile(rf"^(?P<term>[^\W\d_][^|=;]{{1,70}}?)[,\s]\s*(?:{_PAGE})(?:\s*(?:,|f{{1,2}}\b|[-–])\s*(?:{_PAGE})?)*\.?$")
_SUB_TERM = re.compile(r"^(?:see|siehe|s\.)\s+(?:also\s+|auch\s+)?\w", re.I)
_NUMBER = re.compile(r"^(?:\d{1,2}|[A-H])(?:\.\d{1,2})*\.?\s")
_MAX_TITLE = 200
_MOST_UNCOUNTED = 400
"""A part of a larger work may print page numbers that far beyond its own count."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the contents: the heading as printed there, the printed page it names, its depth from 0."""

    title: str
    page_label: str
    level: int


@dataclass(slots=True)
class Contents:
    """`entries` of the table of contents; `pages` that lost items (1-based)."""

    entries: list[Entry] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Row:
    item: int
    text: str
    x0: float


@dataclass(slots=True)
class _Run:
    """Contents lines that follow each other: items first..last of a page; `titled`: the item before `first` says what it is."""

    first: int
    last: int
    kind: str
    found: list[tuple[str, str, float]] = field(default_factory=list)


def take_contents(pages: Sequence[tuple[int, list[Item]]]) -> Contents:
    """Remove contents and indexes from the pages' item lists, in place."""
    keys = _keys(pages)
    result = Contents()
    found: list[tuple[str, str, float]] = []
    still_open = ""
    for number, items in pages:
        open_here, still_open = still_open, ""
        while (run := _run(items, open_here, keys, len(pages))) is not None:
            if run.kind == "contents":
                found += [line for line in run.found if not is_caption(line[0])]
            still_open = run.kind if not _has_text(items[run.last + 1 :]) else ""
            del items[run.first : run.last + 1]
            result.pages += [] if number in result.pages else [number]
            open_here = ""
    result.entries = _entries(found)
    return result


def _keys(pages: Sequence[tuple[int, list[Item]]]) -> dict[str, set[int]]:
    """Pages on which each short paragraph, or the first line of a longer one, stands."""
    keys: dict[str, set[int]] = {}
    for number, items in pages:
        for item in items:
            if isinstance(item, Paragraph):
                for text in {item.text[:_MAX_TITLE], item.lines[0].text}:
                    keys.setdefault(quote_key(text), set()).add(number)
    return keys


def _rows(items: Sequence[Item]) -> list[_Row]:
    rows: list[_Row] = []
    for index, item in enumerate(items):
        if isinstance(item, Paragraph):
            rows += [_Row(index, line.text.strip(), line.x0) for line in item.lines]
        elif isinstance(item.owner, Table):
            for row in item.owner.rows:
                rows.append(_Row(index, row_text(row, [])[0], min(word.x0 for word in row.words)))
        else:
            rows.append(_Row(index, "", 0.0))
    return rows


def _has_text(items: Sequence[Item]) -> bool:
    return any(not isinstance(item, Paragraph) or len(item.text) > 20 for item in items)


def _run(items: Sequence[Item], still_open: str, keys: dict[str, set[int]], n_pages: int) -> _Run | None:
    """The first contents or index on a page, if there is one. `still_open`: the page before ended in one of that kind."""
    rows = _rows(items)
    for start, row in enumerate(rows):
        for kind, pattern in (("contents", _TITLE), ("index", _INDEX_TITLE)):
            if pattern.match(row.text) and len(row.text) < 60:
                run = _collect(rows, start, start + 1, kind)
                if run is not None and len(run.found) >= 2 and (kind == "contents" or _is_alphabetical(run)):
                    return run
    if still_open:
        run = _collect(rows, 0, 0, still_open)
        if run is not None and len(run.found) >= 2:
            return run
    return _untitled(rows, keys, n_pages)


def _collect(rows: Sequence[_Row], first: int, start: int, kind: str) -> _Run | None:
    """Rows from `start` on as long as they are entries, or pieces between entries."""
    found: list[tuple[str, str, float]] = []
    last, waiting = -1, ""
    x0 = 0.0
    n_loose = 0
    for index in range(start, len(rows)):
        row = rows[index]
        entry = _entry(row.text) if kind == "contents" else _reference(row.text)
        if entry is None:
            n_loose += 1
            limit = 2 if kind == "contents" else 6
            if n_loose > limit or len(row.text) > 110 or (kind == "contents" and row.text.endswith(".") and not _LEADER.search(row.text)):
                break
            x0 = x0 if waiting else row.x0
            waiting = f"{waiting} {row.text}".strip()
            continue
        title, page = entry
        if kind == "contents" and found and _falls(found[-1][1], page):
            break
        wraps = bool(waiting) and n_loose == 1 and row.item == rows[index - 1].item and index - 1 > first
        found.append((f"{waiting} {title}" if wraps and kind == "contents" else title, page, x0 if wraps else row.x0))
        last, waiting, n_loose = index, "", 0
    if last < 0:
        return None
    return _Run(rows[first].item, rows[last].item, kind, found) if _owns(rows, first, last) else None


def _owns(rows: Sequence[_Row], first: int, last: int) -> bool:
    """Most rows of every item in the run belong to it: a paragraph that only ends in a number is not cut out."""
    inside = {rows[index].item for index in range(first, last + 1)}
    n_all = sum(row.item in inside for row in rows)
    return last + 1 - first >= 0.7 * n_all


def _untitled(rows: Sequence[_Row], keys: dict[str, set[int]], n_pages: int) -> _Run | None:
    """Lines with page numbers behind dots, or that name headings found elsewhere: contents without a title. A list of counts behind
    dots may rise as well; it is short, names no headings and has no section numbers."""
    best: _Run | None = None
    start = 0
    while start < len(rows):
        run = _collect(rows, start, start, "contents") if _entry(rows[start].text) else None
        if run is None:
            start += 1
            continue
        n_dots = sum(bool(_dotted(rows[index].text)) for index in range(start, len(rows)) if run.first <= rows[index].item <= run.last)
        n_named = sum(quote_key(title) in keys for title, _, _ in run.found)
        n = len(run.found)
        n_numbered = sum(bool(_NUMBER.match(title)) for title, _, _ in run.found)
        dotted = n_dots >= 5 and n_dots >= 0.6 * n and _rises(run, n_pages) and (n >= 9 or n_named >= 2 or n_numbered >= 0.3 * n)
        if n >= 3 and (dotted or (n_named >= 3 and n_named >= 0.5 * n)):
            best = run if best is None or len(run.found) > len(best.found) else best
        start += max(1, n)
    return best


def _entry(text: str) -> tuple[str, str] | None:
    if len(text) > 260 or not _PAGE_END.search(text):  # most lines, and much cheaper
        return None
    match = _ENTRY.match(text)
    if not match or not re.search(r"[^\W\d_]{2,}|[\u4e00-\u9fff]", match.group("title")):
        return None
    return match.group("title").strip(" .·…_"), match.group("page")


def _dotted(text: str) -> bool:
    match = _ENTRY.match(text) if _PAGE_END.search(text) else None
    return bool(match and match.group("dots"))


def _reference(text: str) -> tuple[str, str] | None:
    match = _REFERENCE.match(text)
    if match:
        return match.group("term"), ""
    return (text, "") if _SUB_TERM.match(text) and len(text) < 80 else None


def _falls(before: str, after: str) -> bool:
    """Whether page numbers go down by more than a misprint; other spellings than plain numbers are not compared."""
    return before.isdigit() and after.isdigit() and int(after) < int(before)


def _rises(run: _Run, n_pages: int) -> bool:
    """Page numbers that differ, none far beyond the last page."""
    pages = [int(page) for _, page, _ in run.found if page.isdigit()]
    return (len(set(pages)) >= 3 and max(pages) <= n_pages + _MOST_UNCOUNTED) or len(pages) < 0.5 * len(run.found)


def _is_alphabetical(run: _Run) -> bool:
    initials = [title[:1].casefold() for title, _, _ in run.found]
    return sum(a <= b for a, b in pairwise(initials)) >= 0.6 * (len(initials) - 1)


def _entries(found: Sequence[tuple[str, str, float]]) -> list[Entry]:
    """Depth from the numbers where there are some, else from the indent."""
    depths: dict[int, list[int]] = {}
    indents = _indents([x0 for _, _, x0 in found])
    for title, _, x0 in found:
        number = _NUMBER.match(title)
        if number:
            depths.setdefault(indents[x0], []).append(number.group().strip(" .").count("."))
    entries: list[Entry] = []
    for title, page, x0 in found:
        number = _NUMBER.match(title)
        if number:
            level = number.group().strip(" .").count(".")
        else:
            own = depths.get(indents[x0])
            level = max(set(own), key=own.count) if own else indents[x0]
        entries.append(Entry(re.sub(r"\s+", " ", title), page, level))
    return entries


def _indents(x0s: Sequence[float]) -> dict[float, int]:
    """Left edge -> rank; edges within 4 points are one."""
    ranks: dict[float, int] = {}
    rank, last = -1, -1e9
    for x0 in sorted(set(x0s)):
        if x0 - last > 4:
            rank += 1
        last = x0
        ranks[x0] = rank
    return ranks
