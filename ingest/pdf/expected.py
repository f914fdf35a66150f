"""Headings that outline or contents promise -> the paragraphs that are them.

In: pages of items in reading order, outline entries, contents entries. Out: matches (paragraph -> promised heading), what was promised
and not met, and how far the promises can be trusted. Where a promised heading was glued to the text below or above it, the paragraph
is parted. Must not know what a heading looks like otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from ingest.pdf.columns import Whole
from ingest.pdf.contents import Entry
from ingest.pdf.gate import OutlineEntry
from ingest.pdf.headings import MAX_CHARS, number_of, title_key
from ingest.pdf.layout import Paragraph

Item = Paragraph | Whole
Pages = Sequence[tuple[int, list[Item]]]
_TRUSTED = 0.35
_MAX_LINES = 4


@dataclass(frozen=True, slots=True)
class Promise:
    """A heading some list names: its text there, depth from 0, physical page (0: unknown) and height on it (0: unknown)."""

    title: str
    level: int
    page: int = 0
    top: float = 0.0


@dataclass(slots=True)
class Matches:
    """`of` maps id(paragraph) to its promise; `unmet` are in order; `texts` gives the fullest spelling of each title, by key."""

    of: dict[int, Promise] = field(default_factory=dict)
    unmet: list[Promise] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def trusted(self) -> bool:
        """Enough of the promised headings stand in the text."""
        n = len(self.of) + len(self.unmet)
        return (len(self.of) >= 2 and len(self.of) >= _TRUSTED * n) or n == len(self.of) == 1


def match_outline(pages: Pages, outline: Sequence[OutlineEntry]) -> Matches:
    """Each bookmark with the paragraph of its page (or the next, or the one before) that reads like it."""
    result = Matches()
    by_number = dict(pages)
    for entry in outline:
        promise = Promise(entry.title, entry.level, entry.page, entry.top)
        found = None
        for page in (entry.page, entry.page + 1, entry.page - 1):
            found = _find(by_number.get(page, []), promise, result, exact=page != entry.page)
            if found is not None:
                break
        if found is None:
            result.unmet.append(promise)
        else:
            result.of[id(found)] = promise
    result.unmet.sort(key=lambda promise: (promise.page, promise.top))
    return result


def match_contents(pages: Pages, entries: Sequence[Entry], labels: Sequence[str]) -> Matches:
    """Each line of the contents with the paragraph that reads like it, on the page it names, else on the next that has one. What is not
    met stays unmet without a page."""
    result = Matches()
    offset = _offset(pages, entries)
    by_number = dict(pages)
    last = 0
    for entry in entries:
        wanted = _pages_of(entry.page_label, offset, labels)
        promise = Promise(entry.title, entry.level)
        near = [page for page in wanted if page >= last - 1] + [page + step for page in wanted for step in (1, -1)]
        anywhere = [number for number, _ in pages if number >= last and number not in near] if not wanted else []
        for page in (*near, *anywhere):
            found = _find(by_number.get(page, []), promise, result, exact=page not in wanted)
            if found is not None:
                result.of[id(found)] = promise
                last = max(last, page)
                break
        else:
            result.unmet.append(promise)
    return result


def spell_out(matches: Matches, others: Sequence[str]) -> None:
    """Note every promised title that carries a number, for headings whose number is not in the text."""
    for title in [*(promise.title for promise in (*matches.of.values(), *matches.unmet)), *others]:
        if number_of(title) is not None:
            matches.texts.setdefault(title_key(title), title)


def _offset(pages: Pages, entries: Sequence[Entry]) -> int | None:
    """Physical page minus printed page, as most of the headings found have it."""
    places: dict[str, list[int]] = {}
    for number, items in pages:
        for item in items:
            if isinstance(item, Paragraph) and len(item.text) <= MAX_CHARS:
                places.setdefault(title_key(item.text), []).append(number)
    counts: Counter[int] = Counter()
    for entry in entries:
        if entry.page_label.isdigit():
            counts.update({page - int(entry.page_label) for page in places.get(title_key(entry.title), [])})
    return counts.most_common(1)[0][0] if counts else None


def _pages_of(label: str, offset: int | None, labels: Sequence[str]) -> list[int]:
    pages = [int(label) + offset] if label.isdigit() and offset is not None else []
    return pages or [index for index, printed in enumerate(labels, 1) if printed and printed == label]


def _find(items: list[Item], promise: Promise, taken: Matches, exact: bool) -> Paragraph | None:
    """The paragraph that is the promised heading: the one nearest to its height where several are. A glued one is cut out, in place."""
    key = title_key(promise.title)
    if not key:
        return None
    number = number_of(promise.title)
    found: list[tuple[float, Paragraph]] = []
    for item in items:
        if isinstance(item, Paragraph) and id(item) not in taken.of and len(item.lines) <= _MAX_LINES and len(item.text) <= MAX_CHARS + 60:
            cost = _distance(item.text, key, number is not None and number_of(item.text) == number, exact)
            if cost is not None:
                found.append((cost + _away(item, promise), item))
    if found:
        return min(found, key=lambda pair: pair[0])[1]
    return None if exact else _cut_out(items, key, taken)


def _distance(text: str, key: str, same_number: bool, exact: bool) -> float | None:
    """0 for the same title, up to 0.5 for one cut short or misspelt, None for another."""
    own = title_key(text)
    if own == key:
        return 0.0 if same_number else 0.05
    if exact:
        return None
    short, long = sorted((own, key), key=len)
    if len(short) >= 8 and long.startswith(short) and len(short) >= 0.7 * len(long):
        return 0.3
    if same_number and len(short) >= 5 and SequenceMatcher(None, own, key).ratio() > 0.8:
        return 0.4
    return None


def _away(paragraph: Paragraph, promise: Promise) -> float:
    """Distance in height, as a small share; type decides between equals: the larger letters."""
    away = abs(paragraph.box[1] - promise.top) / 2000 if promise.top else 0.0
    return away - paragraph.lines[0].size / 10000 - 0.01 * paragraph.lines[0].bold


def _cut_out(items: list[Item], key: str, taken: Matches) -> Paragraph | None:
    """A heading that is the first or last lines of a longer paragraph, set off by type: that paragraph is parted."""
    for index, item in enumerate(items):
        if not isinstance(item, Paragraph) or id(item) in taken.of or len(item.lines) < 2:
            continue
        for first, last in _runs(len(item.lines)):
            lines = item.lines[first:last]
            rest = [*item.lines[:first], *item.lines[last:]]
            heading = Paragraph(lines, column=item.column, column_lines=item.column_lines).finish()
            if title_key(heading.text) != key or not _stands_out(heading, rest):
                continue
            parts = [
                Paragraph(part, column=item.column, column_lines=item.column_lines)
                for part in (item.lines[:first], lines, item.lines[last:])
            ]
            parts = [part for part in parts if part.lines]
            parts[0].marker = item.marker if first else ""
            items[index : index + 1] = [heading if part.lines is lines else part.finish() for part in parts]
            return heading
    return None


def _runs(n: int) -> Iterator[tuple[int, int]]:
    for length in range(1, min(4, n)):
        yield 0, length
        yield n - length, n
    for first in range(1, min(n - 1, 4)):
        yield first, first + 1


def _stands_out(heading: Paragraph, rest: Sequence[object]) -> bool:
    """Numbered, or in another type than the lines around it."""
    return number_of(heading.text) is not None or all(line.bold for line in heading.lines) or bool(rest)
