"""Running heads, feet and page numbers: found by repetition and place, taken out; printed page numbers are read from them.

In: all pages of a document. Out: `Furniture`: per page the words that are furniture, and the printed label. Must not know what
the body says.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.pdf.lines import TextLine, make_lines
from ingest.pdf.words import Page

_OFTEN = 0.25
_ZONE = 0.14
_EDGE = 0.085
_BODY_CHARS = 60
_PAGE_NUMBER = re.compile(
    r"^(?:page|seite|p\.|第)?\s*[-–|]?\s*(\d{1,4}|[ivxlc]{1,7}|[A-Z]?\d{0,2}[-–.]\d{1,3})\s*[-–|]?\s*页?\s*(?:(?:of|von|/|\|)\s*\d{1,4})?$",
    re.I,
)
_NUMBERS = re.compile(r"(?<![\w.])([A-Z0-9]{1,2}[-–]\d{1,3}|\d{1,4})(?![\w.])")


@dataclass(frozen=True)
class Furniture:
    """`lines[i]` are the furniture lines of page i + 1, `labels[i]` its printed number ("" where none runs consistently)."""

    lines: tuple[tuple[TextLine, ...], ...]
    labels: tuple[str, ...]

    def words(self, page: int) -> set[int]:
        """Python ids of the furniture words of a 1-based page."""
        return {id(word) for line in self.lines[page - 1] for word in line.words}


def find_furniture(pages: Sequence[Page]) -> Furniture:
    """Works on one page too (then only a lone page number counts)."""
    margins = [_margin_lines(page) for page in pages]
    counts: Counter[tuple[str, int]] = Counter()
    for lines in margins:
        counts.update({key for line in lines for key in _keys(line)})
    found: list[list[TextLine]] = []
    for page, lines in zip(pages, margins, strict=True):
        repeated = [line for line in lines if _is_repeated(line, page, counts, len(pages))]
        body = [line for line in lines if line not in repeated and len(line.text) >= _BODY_CHARS]
        found.append([line for line in repeated if not any(_is_outside(other, line, page) for other in body)])
    labels = _labels(pages, margins)
    for index, (page, lines) in enumerate(zip(pages, margins, strict=True)):
        found[index] += [line for line in lines if line not in found[index] and _is_number(line, page, labels[index])]
        found[index] += [line for line in lines if line not in found[index] and _beyond(line, page, found[index])]
    return Furniture(tuple(map(tuple, found)), tuple(labels))


def _margin_lines(page: Page) -> list[TextLine]:
    words = [word for word in page.words if word.y1 < _ZONE * page.height or word.y0 > (1 - _ZONE) * page.height]
    return make_lines(words, 2.5) if words else []


def _normal(text: str) -> str:
    return re.sub(r"\d+", "#", re.sub(r"\s+", "", text)).casefold()


def _keys(line: TextLine) -> list[tuple[str, int]]:
    """Text and height; two buckets, so that a line at a bucket's border still counts."""
    text = _normal(line.text)
    return [(text, int(line.base / 6)), (text, -int((line.base + 3) / 6) - 1)]


def _is_repeated(line: TextLine, page: Page, counts: Counter[tuple[str, int]], n_pages: int) -> bool:
    n = max(counts[key] for key in _keys(line))
    outer = line.y1 < _EDGE * page.height or line.y0 > (1 - _EDGE) * page.height
    if not re.search(r"\w", line.text):
        return n >= 3 and outer
    return n >= max(3, _OFTEN * n_pages) or (outer and n >= 3) or (n == n_pages == 2 and outer)


def _is_outside(line: TextLine, other: TextLine, page: Page) -> bool:
    """`line` is nearer to the page's edge than `other`, on the same side."""
    upper = other.base < page.height / 2
    return line.base < other.base - 2 if upper else line.base > max(other.base + 2, page.height / 2)


def _is_number(line: TextLine, page: Page, label: str) -> bool:
    match = _PAGE_NUMBER.match(line.text)
    if not match:
        return False
    outer = line.y1 < 0.1 * page.height or line.y0 > 0.9 * page.height
    return outer and (match.group(1) == label or not match.group(1).isdigit())


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


def _labels(pages: Sequence[Page], margins: Sequence[Sequence[TextLine]]) -> list[str]:
    """Printed page numbers: the number in the margins whose distance to the physical page is the most common one."""
    offsets: Counter[int] = Counter()
    candidates: list[list[str]] = []
    chapters: defaultdict[str, list[int]] = defaultdict(list)
    for page, lines in zip(pages, margins, strict=True):
        numbers = [number for line in lines for number in _NUMBERS.findall(line.text)]
        candidates.append(numbers)
        offsets.update({int(number) - page.number for number in numbers if number.isdigit()})
        for number in numbers:
            if not number.isdigit():
                chapters[re.split(r"[-–]", number)[0]].append(page.number)
    n_pages = len(pages)
    offset, n = offsets.most_common(1)[0] if offsets else (0, 0)
    plain = n >= max(2, 0.5 * n_pages)
    compound = sum(any(not number.isdigit() for number in numbers) for numbers in candidates)
    labels: list[str] = []
    for page, numbers in zip(pages, candidates, strict=True):
        wanted = str(page.number + offset)
        if plain and wanted in numbers:
            labels.append(wanted)
        elif not plain and compound >= max(2, 0.5 * n_pages):
            labels.append(next((number for number in numbers if not number.isdigit()), ""))
        else:
            labels.append("")
    return labels
