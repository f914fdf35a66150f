"""Which paragraphs are headings, and how deep: one walk over the document.

In: all pages' items, the type of the body, the headings that outline or contents promise. Out: a `Mark` for every heading. Promised
headings have the level promised; numbers count next; type decides the rest. Must not know how the path is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.pdf.expected import Matches, Pages, Promise
from ingest.pdf.headings import (
    CONTINUED,
    LARGER,
    Number,
    Style,
    Type,
    is_plain_capitals,
    is_plain_numbered,
    looks_like_heading,
    number_of,
    style_of,
    title_key,
)
from ingest.pdf.layout import Paragraph
from ingest.pdf.roles import lettered, sizes_below, titles_of_wholes
from ingest.pdf.title import title_matter


@dataclass(frozen=True, slots=True)
class Mark:
    """What a paragraph is to the path: a heading of `level` named `text`; level None: a heading that leaves the path as it is."""

    level: int | None
    text: str = ""


class Levels:
    """One walk over the document: which paragraphs are headings, and how deep."""

    def __init__(self, pages: Pages, body: Type, matches: Matches, outlined: bool) -> None:
        self.body, self.matches, self.outlined = body, matches, outlined
        self.order = [(number, item) for number, items in pages for item in items if isinstance(item, Paragraph)]
        titles = titles_of_wholes(pages, body)
        sizes = sizes_below(pages)
        typed = [
            item
            for _, item in self.order
            if id(item) not in matches.of and id(item) not in titles and looks_like_heading(item, body, sizes.get(id(item), 1e9))
        ]
        self.lettered = lettered(pages, body)
        self.letters = _has_lettered(typed)
        steps = _steps(typed, [item for _, item in self.order if id(item) in matches.of], body)
        self.typed = {id(item): item for item in typed if id(item) not in steps}
        self._add_capitals(pages)
        matched = {id(item) for _, item in self.order if id(item) in matches.of}
        first = next((items for number, items in pages if number == 1), [])
        later = [item for number, item in self.order if number > 1]
        self.title, gone = title_matter(first, later, self.typed, matched)
        for key in gone:
            del self.typed[key]
        headings = [item for key, item in self.typed.items() if key not in self.title]
        self.ranks = _ranks(headings, self.letters, body)
        self.styles = _matched_styles([item for _, item in self.order if id(item) in matches.of], matches)
        self.depths: dict[int, int] = {}
        self._learn_depths()

    def marks(self) -> dict[int, Mark]:
        """Every heading by the id of its paragraph."""
        marks: dict[int, Mark] = {}
        shift, root = self._root()
        stack: list[tuple[int, str, Number | None]] = []
        base = -1
        last_number: Number | None = None
        for index, (_, item) in enumerate(self.order):
            key = id(item)
            promise = self.matches.of.get(key)
            if key in self.title or (promise is not None and promise is root):
                marks[key] = Mark(None)
                continue
            number = number_of(item.text, self.letters)
            text = self._text(item)
            if promise is not None:
                level = base = promise.level - shift
            elif key in self.typed:
                if _repeats(item.text, [text for _, text, _ in stack]):
                    marks[key] = Mark(None)
                    continue
                level = self._level(item, number, base, last_number)
            elif key in self.lettered and stack:
                while stack and stack[-1][2] is None and stack[-1][1][:2] != item.text[:2] and _is_letter(stack[-1][1]):
                    stack.pop()
                level = stack[-1][0] + 1 if stack else 0
            elif is_plain_numbered(item) and number is not None and self._fits(number, last_number, index):
                level = self._depth(number)
            else:
                continue
            if number is not None:
                last_number = number
                base = max(level, base) if promise is None and self.matches.of else base
                base = level if promise is None and self.matches.of else base
            while stack and stack[-1][0] >= level:
                stack.pop()
            stack.append((level, text, number))
            marks[key] = Mark(level, text)
        return marks

    def loose(self) -> list[Promise]:
        """Promised headings that are not in the text, with their levels here."""
        shift, root = self._root()
        return [Promise(p.title, p.level - shift, p.page, p.top) for p in self.matches.unmet if p is not root]

    def _text(self, item: Paragraph) -> str:
        if number_of(item.text) is None:
            return self.matches.texts.get(title_key(item.text), item.text)
        return item.text

    def _level(self, item: Paragraph, number: Number | None, base: int, last: Number | None) -> int:
        if number is not None:
            return self._depth(number)
        style = style_of(item)
        if not self.matches.of:
            return self.ranks[style]
        if not self.outlined and style in self.styles and style.size >= self.body.size * LARGER:
            return self.styles[style]
        return base + 1 + self.ranks[style]

    def _depth(self, number: Number) -> int:
        """The level of a number's depth, as matched headings have it."""
        if number.depth in self.depths:
            return self.depths[number.depth]
        known = [depth for depth in self.depths if depth < number.depth]
        return self.depths[max(known)] + number.depth - max(known) if known else number.depth

    def _learn_depths(self) -> None:
        seen: dict[int, Counter[int]] = {}
        shift, _ = self._root()
        for _, item in self.order:
            promise = self.matches.of.get(id(item))
            number = number_of(item.text, self.letters)
            if promise is not None and number is not None:
                seen.setdefault(number.depth, Counter())[promise.level - shift] += 1
        self.depths = {depth: counts.most_common(1)[0][0] for depth, counts in seen.items()}

    def _fits(self, number: Number, last: Number | None, index: int) -> bool:
        """A line set like the body is a heading only where its number is the next one; a chapter also needs its first section below."""
        if last is None:
            if number.parts not in (("1",), ("1", "1")):
                return False
        elif not number.follows(last):
            return False
        if number.depth:
            return True
        child = (*number.parts, "1")
        for _, item in self.order[index + 1 : index + 60]:
            other = number_of(item.text)
            if other is not None and other.parts == child:
                return True
        return False

    def _root(self) -> tuple[int, Promise | None]:
        """(1, the title) where one bookmark without a number is the parent of all others; (0, title) where it only stands first."""
        promises = sorted([*self.matches.of.values(), *self.matches.unmet], key=lambda promise: promise.page)
        first = next((p for p in promises if p.level == 0), None)
        if first is None or number_of(first.title) is not None or first.page > 2 or not first.page:
            return 0, None
        roots = [p for p in promises if p.level == 0]
        if len(roots) == 1 and sum(p.level == 1 for p in promises) >= 2:
            return 1, first
        first_item = next((item for _, item in self.order if self.matches.of.get(id(item)) is first), None)
        if first.page != 1 or len(roots) < 3:
            return 0, None
        others = [
            item.lines[0].size
            for _, item in self.order
            if (p := self.matches.of.get(id(item))) is not None and p is not first and p.level == 0
        ]
        if first_item is None:
            return (
                (0, first)
                if title_key(first.title) in title_key(" ".join(item.text for n, item in self.order[:12] if n == 1))
                else (0, None)
            )
        return (0, first) if others and first_item.lines[0].size > 1.15 * max(others) else (0, None)

    def _add_capitals(self, pages: Pages) -> None:
        """Lines of capitals at body size, each with text below it, if there are at least two."""
        found: list[Paragraph] = []
        for _, items in pages:
            for item, after in pairwise(items):
                if (
                    isinstance(item, Paragraph)
                    and isinstance(after, Paragraph)
                    and len(after.text) > 60
                    and not is_plain_capitals(after, self.body)
                ):
                    free = id(item) not in self.typed and id(item) not in self.matches.of
                    if free and is_plain_capitals(item, self.body):
                        found.append(item)
        if len({item.text for item in found}) >= 2 and len(found) < 0.2 * len(self.order) + 2:
            self.typed |= {id(item): item for item in found}


def _has_lettered(items: Sequence[Paragraph]) -> bool:
    """ "A Fault list" is an appendix where "A.1" or "B ..." is a heading too."""
    letters = {
        number.parts[0] for item in items if (number := number_of(item.text, letters=True)) is not None and number.parts[0].isalpha()
    }
    dotted = any((number := number_of(item.text)) is not None and number.parts[0].isalpha() and number.depth for item in items)
    return dotted or len(letters) >= 2


def _is_letter(text: str) -> bool:
    return bool(re.match(r"^\(?[a-z]\)", text))


def _repeats(text: str, path: Sequence[str]) -> bool:
    """The heading of a section that is open, printed again on top of a page."""
    key = title_key(CONTINUED.sub("", text))
    return any(title_key(CONTINUED.sub("", other)) == key for other in path) or bool(CONTINUED.search(text) and number_of(text) is None)


def _steps(typed: Sequence[Paragraph], matched: Sequence[Paragraph], body: Type) -> set[int]:
    """Numbered lines in bold that are steps and no chapters: their numbers are also those of headings in larger type, or begin anew, or
    they are sentences."""
    single = [item for item in typed if (number := number_of(item.text)) is not None and number.depth == 0 and item.text[:1].isdigit()]
    plain = [item for item in single if item.lines[0].size < body.size * LARGER]
    if not plain:
        return set()
    deeper = any((number := number_of(item.text)) is not None and number.depth > 0 for item in (*typed, *matched))
    larger = [item for item in single if item not in plain] + [
        item for item in matched if (number := number_of(item.text)) is not None and number.depth == 0
    ]
    numbers = [number_of(item.text) for item in plain]
    restarts = len(numbers) != len({number.parts for number in numbers if number})
    sentences = sum(item.text.endswith((".", "!")) for item in plain) >= 0.5 * len(plain)
    if larger or restarts or sentences or (deeper and not _heads(plain, typed)):
        return {id(item) for item in plain}
    return set()


def _heads(chapters: Sequence[Paragraph], typed: Sequence[Paragraph]) -> bool:
    """Deeper numbers begin with those of the chapters."""
    first = {number.parts[0] for item in chapters if (number := number_of(item.text)) is not None}
    deeper = [number.parts[0] for item in typed if (number := number_of(item.text)) is not None and number.depth > 0]
    return sum(part in first for part in deeper) >= 0.5 * len(deeper)


def _matched_styles(headings: Sequence[Paragraph], matches: Matches) -> dict[Style, int]:
    """Styles that promised headings of one level only are set in."""
    levels: dict[Style, set[int]] = {}
    for heading in headings:
        levels.setdefault(style_of(heading), set()).add(matches.of[id(heading)].level)
    return {style: min(found) for style, found in levels.items() if len(found) == 1}


def _ranks(headings: Sequence[Paragraph], letters: bool, body: Type) -> dict[Style, int]:
    """Heading styles by size, weight and capitals, to levels from 0. A style whose headings are numbered has the depth of its numbers; in
    body size, unnumbered headings of such a style are below the numbered ones."""
    numbers = [number_of(heading.text, letters) for heading in headings]
    merged = _merged([style_of(heading) for heading in headings], [number is not None for number in numbers])
    depths: dict[Style, Counter[int]] = {style: Counter() for style in merged.values()}
    for heading, number in zip(headings, numbers, strict=True):
        if number is not None:
            depths[merged[style_of(heading)]][number.depth] += 1
    ranks: dict[Style, int] = {}
    level = 0
    for style in sorted(set(merged.values()), reverse=True):
        counts = depths[style]
        if counts:
            level = max(level, counts.most_common(1)[0][0])
        ranks[style] = level + (1 if counts and level and style.size < body.size * LARGER else 0)
        level += 1
    return {style: ranks[target] for style, target in merged.items()}


def _merged(styles: Sequence[Style], numbered: Sequence[bool]) -> dict[Style, Style]:
    """Each style as it counts: capitals make one of their own only where they head headings in small letters of the same size and
    weight."""
    capitals: dict[tuple[float, bool], list[bool]] = {}
    for style, has_number in zip(styles, numbered, strict=True):
        if not has_number:
            capitals.setdefault((style.size, style.bold), []).append(style.caps)
    merged: dict[Style, Style] = {}
    for style in styles:
        caps = capitals.get((style.size, style.bold), [])
        apart = sum(caps) >= 2 and caps.count(False) >= 2 and caps[0]
        merged[style] = style if apart else Style(style.size, style.bold, False)
    return merged
