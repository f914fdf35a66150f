"""Running heads and feet, page numbers, stamps and watermarks: found by repetition and place, taken out; page numbers are read first.

In: all pages of a document. Out: `Furniture`: per page the words that are furniture, and the printed label. Heads of tables that go on
from page to page repeat too, and so do headings: these stay. Must not know what the body says. (Words at right angles to the text or
slanting are in no layout anyway: `Page.aside`.)
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from ingest.pdf.captions import is_caption
from ingest.pdf.lines import TextLine, make_lines
from ingest.pdf.page_labels import PAGE_NUMBER, printed_labels
from ingest.pdf.table_heads import is_boxed, is_table_head
from ingest.pdf.watermarks import blank_page, watermarks
from ingest.pdf.words import Page

_OFTEN = 0.25
_ALWAYS = 0.85
_KNOWN = 0.5
_ZONE = 0.14
_EDGE = 0.085
_BODY_CHARS = 60
_LARGE = 1.15
_SMALL = 0.95
_FAR_EM = 1.1
_SLOT_PAGES = 0.4
_TITLE = 1.4
_SAME_X_PT = 8.0
_GAP_EM = 2.5
_FEW_LINES = 4
_RIGHTS = re.compile(r"©|\bcopyright\b|\ball rights reserved\b|\balle rechte vorbehalten\b|版权所有", re.IGNORECASE)
_CONTINUED = re.compile(r"\((?:continued|cont\.?|cont[’']d|fortsetzung|forts\.|续)\)$", re.IGNORECASE)
_CODE = re.compile(r"[{};,\[\]]$|^[{\"<\[}\]]|^\W*$|^\w{1,2}$")
_COMPOUND = re.compile(r"^[A-Z]{0,2}\d{0,2}[-–]\d{1,3}$")
_FOOTNOTE = re.compile(r"^[\d¹²³⁴-⁹*†‡(⁽]")


_Key = tuple[str, int]


@dataclass(frozen=True)
class Furniture:
    """`lines[i]` are the furniture lines of page i + 1, `labels[i]` its printed number ("" where none runs consistently)."""

    lines: tuple[tuple[TextLine, ...], ...]
    labels: tuple[str, ...]

    def words(self, page: int) -> set[int]:
        """Python ids of the furniture words of a 1-based page."""
        return {id(word) for line in self.lines[page - 1] for word in line.words}

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(_normal(line.text) for own in self.lines for line in own)

    def knows(self, text: str) -> bool:
        """Whether a line of this text is furniture on some page, or reads as a page number."""
        return _normal(text) in self._texts or PAGE_NUMBER.match(text) is not None


def find_furniture(pages: Sequence[Page]) -> Furniture:
    """Works on one page too (then only page numbers, rights lines and plain watermarks count)."""
    margins = [_margin_lines(page) for page in pages]
    labels = printed_labels([[line.text for line in (*lines, *_aside_lines(page))] for page, lines in zip(pages, margins, strict=True)])
    body_size = _body_size(pages)
    seen = _Repeats(len(pages), labels)
    for page, lines in zip(pages, margins, strict=True):
        seen.add(page, lines)
    found: list[list[TextLine]] = []
    for page, lines in zip(pages, margins, strict=True):
        repeated = [line for line in lines if seen.is_running(line, page)]
        repeated = [line for line in repeated if not seen.is_body(line, page, repeated, lines)]
        body = [line for line in lines if line not in repeated and len(line.text) >= _BODY_CHARS]
        found.append([line for line in repeated if not any(_is_outside(other, line, page) for other in body)])
    kept = _give_back_headings(pages, found, seen, body_size)
    _add_slots(pages, margins, found, body_size)
    for page, lines, own, back, label in zip(pages, margins, found, kept, labels, strict=True):
        own += [line for line in lines if line not in own and _is_lone_furniture(line, page, label, body_size)]
        beyond = [line for line in lines if line not in own and line.size < _LARGE * body_size and _beyond(line, page, [*own, *back])]
        own += beyond if len({round(line.base) for line in beyond}) <= _FEW_LINES else []
        own += seen.running_heads(page, lines, own, body_size)
    _add_known(margins, found, kept)
    for page, own, marks in zip(pages, found, watermarks(pages, body_size), strict=True):
        own += marks
        own += blank_page(page)
    return Furniture(tuple(map(tuple, found)), tuple(labels))


def _margin_lines(page: Page) -> list[TextLine]:
    words = [word for word in page.words if word.y1 < _ZONE * page.height or word.y0 > (1 - _ZONE) * page.height]
    return make_lines(words, _GAP_EM) if words else []


def _aside_lines(page: Page) -> list[TextLine]:
    """Margin lines of a page whose text runs sideways, read upright: its number often stands as on the other pages."""
    words = page.aside.get((360 - page.turn) % 360, []) if page.turn else []
    high = page.width if page.turn in (90, 270) else page.height
    words = [word for word in words if word.y1 < _ZONE * high or word.y0 > (1 - _ZONE) * high]
    return make_lines(words, _GAP_EM) if words else []


def _body_size(pages: Sequence[Page]) -> float:
    sizes = [word.size for page in pages for word in page.words if len(word.text) > 2]
    return median(sizes) if sizes else 0.0


def _normal(text: str) -> str:
    return re.sub(r"#(?:[,.]?#)+", "#", re.sub(r"\d+", "#", re.sub(r"\s+", "", text))).casefold()


@dataclass
class _Repeats:
    """Where lines of the same text and height stand, over all pages."""

    n_pages: int
    labels: Sequence[str]
    places: dict[_Key, dict[int, list[tuple[float, float]]]] = field(default_factory=lambda: defaultdict(dict))
    _found: dict[tuple[tuple[_Key, ...], int, int], set[int]] = field(default_factory=dict)

    def add(self, page: Page, lines: Sequence[TextLine]) -> None:
        for line in lines:
            for key in self._keys(line, page):
                self.places[key].setdefault(page.number, []).append((line.x0, line.x1))

    def _keys(self, line: TextLine, page: Page) -> tuple[_Key, ...]:
        """Text and height; two buckets, so that a line at a bucket's border still counts. Only the page's own number may differ: rows of
        a table differ in their numbers too."""
        text = re.sub(r"\s+", "", line.text).casefold()
        label = re.escape(self.labels[page.number - 1].casefold())
        numbered = re.sub(rf"(?<![a-z0-9]){label}(?![0-9])|(?<![0-9]){label}(?![a-z0-9])", "#", text) if label else text
        numbered = "#/#" if re.fullmatch(r"\d+/\d+", text) else numbered  # "2/3" counts the pages of a topic
        heights = (int(line.base / 6), -int((line.base + 3) / 6) - 1)
        return tuple((variant, height) for variant in dict.fromkeys((text, numbered)) for height in heights)

    def pages(self, line: TextLine, page: Page) -> set[int]:
        """The pages on which the line stands at this height, with its left end, right end or middle at the same place."""
        keys = self._keys(line, page)
        place = (keys, round(line.x0), round(line.x1))
        if place not in self._found:
            here, mirrored = (line.x0, line.x1), (page.width - line.x1, page.width - line.x0)
            self._found[place] = {
                number
                for key in keys
                for number, others in self.places[key].items()
                if any(_is_aligned(here, other) or _is_aligned(mirrored, other) for other in others)
            }
        return self._found[place]

    def is_running(self, line: TextLine, page: Page) -> bool:
        on = self.pages(line, page)
        n = len(on)
        outer = line.y1 < _EDGE * page.height or line.y0 > (1 - _EDGE) * page.height
        if not re.search(r"\w", line.text):
            return n >= max(3, _OFTEN * self.n_pages) and outer
        if len(line.text) >= _BODY_CHARS // 2 and _FOOTNOTE.match(line.text) and line.text.endswith("."):
            return n >= max(3, 0.5 * self.n_pages)
        if n >= max(3, _OFTEN * self.n_pages):
            return True
        return outer and (n == self.n_pages == 2 or (not _CODE.search(line.text) and _run_length(on, page.number) >= 3))

    def is_body(self, line: TextLine, page: Page, repeated: Sequence[TextLine], lines: Sequence[TextLine]) -> bool:
        """It repeats, but as the head of a table that goes on, or as a first line of text."""
        if is_table_head(line, page, repeated, lines):
            return True
        always = len(self.pages(line, page)) >= _ALWAYS * self.n_pages
        return not always and (is_boxed(line, page) or not self._stands_apart(line, page, repeated))

    def _stands_apart(self, line: TextLine, page: Page, repeated: Sequence[TextLine]) -> bool:
        """At the foot, on most pages at the edge, or with more space to the text below than lines of it have between them."""
        outer = line.y1 < _EDGE * page.height and len(self.pages(line, page)) >= _KNOWN * self.n_pages
        if outer or line.y0 > _ZONE * page.height:
            return True
        taken = {id(word) for other in repeated for word in other.words}
        below = (word for word in page.words if word.base > line.base + 1 and word.y0 < line.y1 + 0.6 * line.size and id(word) not in taken)
        return not any(word.x0 < line.x1 and word.x1 > line.x0 for word in below)

    def running_heads(self, page: Page, lines: Sequence[TextLine], known: Sequence[TextLine], body_size: float) -> list[TextLine]:
        """The section's heading set again on top of each of its pages, behind the first; "(continued)" ones on any."""
        heads: list[TextLine] = []
        for line in lines:
            if line in known or line.y1 > _ZONE * page.height or len(line.text) >= _BODY_CHARS or is_caption(line.text):
                continue
            alone = not any(other is not line and other not in known and abs(other.base - line.base) < 2 for other in lines)
            if not alone or not (line.size >= _LARGE * body_size or line.bold):
                continue
            before = any(page.number - back in self.pages(line, page) for back in (1, 2))
            again = before and len(self.pages(line, page)) >= 3 and line.size >= _LARGE * body_size
            if (again and not is_table_head(line, page, [*known, line], lines)) or _CONTINUED.search(line.text):
                heads.append(line)
        return heads


def _run_length(pages: set[int], page: int) -> int:
    """How many of `pages` follow each other about `page`, left and right ones counted apart."""
    n = 1
    for step in (-1, 1):
        place = page
        while True:
            place = next((near for near in (place + step, place + 2 * step) if near in pages), 0)
            if not place:
                break
            n += 1
    return n


def _is_aligned(one: tuple[float, float], other: tuple[float, float]) -> bool:
    left, right = one[0] - other[0], one[1] - other[1]
    return min(abs(left), abs(right), abs(left + right) / 2) < _SAME_X_PT


def _give_back_headings(pages: Sequence[Page], found: list[list[TextLine]], seen: _Repeats, body_size: float) -> list[list[TextLine]]:
    """Takes lines out of `found` and gives them, by page: a large line that runs over the pages of one section only is its heading on
    the first of them; a larger one on the first page of all may be the title."""
    kept: list[list[TextLine]] = [[] for _ in pages]
    for page, own, back in zip(pages, found, kept, strict=True):
        for line in list(own):
            if line.size < _LARGE * body_size or line.y0 > _ZONE * page.height:
                continue
            on = seen.pages(line, page)
            first = not on & {page.number - 1, page.number - 2}
            section = first and line.y1 >= _EDGE * page.height and len(on) < _ALWAYS * len(pages) and re.search(r"[^\W\d_]{3}", line.text)
            if section or (page.number == 1 and line.size >= _TITLE * body_size):
                own.remove(line)
                back.append(line)
    return kept


def _add_slots(pages: Sequence[Page], margins: Sequence[Sequence[TextLine]], found: list[list[TextLine]], body_size: float) -> None:
    """Small lines far above the text, at one height on most pages: heads that say something else on each of them."""
    slots: dict[int, dict[int, TextLine]] = defaultdict(dict)
    for index, (page, lines) in enumerate(zip(pages, margins, strict=True)):
        top = min((word.y0 for word in page.words), default=0.0)
        for line in lines:
            small = line.size <= _SMALL * body_size and line.y1 < _EDGE * page.height and len(line.text) < _BODY_CHARS
            if (
                small
                and line.y0 < top + 2
                and not any(line.base + 1 < word.base and word.y0 < line.y1 + _FAR_EM * line.size for word in page.words)
            ):
                slots[round(line.base / 2)][index] = line
    for slot in slots.values():
        if len(slot) >= max(2, _SLOT_PAGES * len(pages)):
            for index, line in slot.items():
                found[index] += [line] if line not in found[index] else []


def _add_known(margins: Sequence[Sequence[TextLine]], found: list[list[TextLine]], kept: Sequence[Sequence[TextLine]]) -> None:
    """Margin lines that stand at another height than usual (on pages of another size, say) but say what is furniture on most pages."""
    sizes: dict[str, list[float]] = defaultdict(list)
    for own in found:
        for line in own:
            sizes[re.sub(r"\d+", "#", line.text)].append(line.size)
    for lines, own, back in zip(margins, found, kept, strict=True):
        for line in lines:
            known = sizes.get(re.sub(r"\d+", "#", line.text), [])
            often = len(known) >= max(3, _KNOWN * len(found)) and re.search(r"[^\W\d_].*[^\W\d_].*[^\W\d_]", line.text)
            if often and line not in own and line not in back and line.size <= 1.1 * max(known):
                own.append(line)


def _is_outside(line: TextLine, other: TextLine, page: Page) -> bool:
    """`line` is nearer to the page's edge than `other`, on the same side."""
    upper = other.base < page.height / 2
    return line.base < other.base - 2 if upper else line.base > max(other.base + 2, page.height / 2)


def _is_lone_furniture(line: TextLine, page: Page, label: str, body_size: float) -> bool:
    """A page number, or a small line of rights at the foot."""
    match = PAGE_NUMBER.match(line.text)
    if match and (line.y1 < 0.1 * page.height or line.y0 > 0.9 * page.height):
        return match.group(1) == label or (
            _COMPOUND.match(match.group(1)) is not None and not page.height * _EDGE < line.base < page.height * (1 - _EDGE)
        )
    low = line.y0 > (1 - _EDGE) * page.height
    return low and line.size <= 0.95 * body_size and len(line.text) < 2 * _BODY_CHARS and _RIGHTS.search(line.text) is not None


def _beyond(line: TextLine, page: Page, known: Sequence[TextLine]) -> bool:
    """Further out than furniture already found, or on its baseline: a running head that changes from chapter to chapter."""
    for other in known:
        if abs(other.base - line.base) < 2:
            return True
        top = line.y1 < _ZONE * page.height and other.y1 < _ZONE * page.height
        bottom = line.y0 > (1 - _ZONE) * page.height and other.y0 > (1 - _ZONE) * page.height
        if (top and line.y1 < other.y0 + 1) or (bottom and line.y0 > other.y1 - 1):
            return True
    return False
