"""The printed number of every page: "iv", "12", "4-2".

In: the margin lines of every page, and the labels the file declares. Out: one label a page, "" where none is known. A number counts as
a page number where it goes up by one from page to page: that tells it from years, versions and part numbers. Must not know the body.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

PAGE_NUMBER = re.compile(
    r"^(?:[\w ]{0,24}\bpage|seite|blatt|p\.|第)?\s*[-–—|·\[]?\s*(\d{1,4}|[ivxlc]{1,7}|[A-Z]{0,2}\d{0,2}[-–.]\d{1,3})\s*[-–—|·\]]?\s*页?\s*"
    r"(?:(?:of|von|/|\||共)\s*\d{1,4}\s*页?)?$",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<![\w.,/:-])([A-Z0-9]{1,2}[-–]\d{1,3}|\d{1,4}|[ivxlc]{1,7})(?![\w,:-]|\.\d)")
_SPACED = re.compile(r"(?<![\d.,] )(?<!\w)(\d(?: \d){1,2})(?!\w| \d)")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_FEW_PAGES = 4
_LONG = 16
_AGREEING = 0.5


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A number in a margin. `series` is its kind, its prefix and its distance to the physical page; `alone`: nothing stands beside it."""

    label: str
    series: tuple[str, str, int]
    alone: bool


def printed_labels(margins: Sequence[Sequence[str]]) -> list[str]:
    """`margins[i]`: the texts of the lines in the margins of page i + 1."""
    candidates = [_candidates(lines, page) for page, lines in enumerate(margins, 1)]
    support: Counter[tuple[str, str, int]] = Counter()
    pages: defaultdict[tuple[str, str, int], list[int]] = defaultdict(list)
    for page, own in enumerate(candidates, 1):
        for series in {candidate.series for candidate in own}:
            support[series] += 1
            pages[series].append(page)
    n_compound = sum(any(candidate.series[0] == "compound" and candidate.alone for candidate in own) for own in candidates)
    labels: list[str] = []
    for page, own in enumerate(candidates, 1):
        sound = [candidate for candidate in own if _is_sound(candidate, page, pages[candidate.series], len(margins), n_compound)]
        best = max(sound, key=lambda candidate: (support[candidate.series], candidate.alone), default=None)
        labels.append(best.label if best else "")
    return _filled(labels)


def page_labels(declared: Sequence[str], printed: Sequence[str]) -> tuple[str, ...]:
    """The file's own labels where they agree with what the pages print (then they know unprinted ones too), else what is printed."""
    declared = [label if len(label) <= _LONG else "" for label in declared]  # pypdf counts pages in letters: A to Z, AA to ZZ, AAA
    if not any(declared):
        return tuple(printed)
    seen = [(own.casefold(), shown.casefold()) for own, shown in zip(declared, printed, strict=True) if shown]
    agreeing = sum(own == shown for own, shown in seen)
    if seen and agreeing < _AGREEING * len(seen):
        return tuple(printed)
    return tuple(own or shown for own, shown in zip(declared, printed, strict=True))


def _candidates(lines: Sequence[str], page: int) -> list[_Candidate]:
    found: list[_Candidate] = []
    for line in lines:
        whole = PAGE_NUMBER.match(line)
        numbers = [whole.group(1)] if whole else [*_NUMBERS.findall(line), *(re.sub(" ", "", run) for run in _SPACED.findall(line))]
        found += [candidate for number in numbers if (candidate := _candidate(number, page, whole is not None)) is not None]
    return found


def _candidate(number: str, page: int, alone: bool) -> _Candidate | None:
    if number.isdigit():
        return _Candidate(number, ("arabic", "", int(number) - page), alone) if not number.startswith("0") or number == "0" else None
    if re.fullmatch("[ivxlc]+|[IVXLC]+", number):
        value = _roman(number.casefold())
        return _Candidate(number, ("roman", "", value - page), alone) if value and alone else None
    parts = re.split(r"[-–.]", number)
    if len(parts) != 2 or not parts[1].isdigit():
        return None
    return _Candidate(number, ("compound", parts[0], int(parts[1]) - page), alone)


def _roman(text: str) -> int:
    """The value of a Roman numeral in its usual spelling, 0 for anything else."""
    values = [_ROMAN[letter] for letter in text]
    total = sum(-value if any(after > value for after in values[place + 1 : place + 2]) else value for place, value in enumerate(values))
    return total if 0 < total < 100 and to_roman(total) == text else 0


def to_roman(number: int) -> str:
    """1 to 99 in small Roman numerals."""
    tens = ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc")
    ones = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
    return tens[number // 10] + ones[number % 10]


def _is_sound(candidate: _Candidate, page: int, pages: Sequence[int], n_pages: int, n_compound: int) -> bool:
    """Whether the number is a page number: it goes on from a page nearby, or it is the only kind of number a short file can show."""
    kind, _, offset = candidate.series
    near = sum(0 < abs(other - page) <= 2 for other in pages)
    if kind == "compound":
        return (candidate.alone or len(pages) >= 3) and (near > 0 or n_compound >= max(2, 0.5 * n_pages))
    if candidate.alone:
        return (near > 0 and len(pages) >= min(3, 0.5 * n_pages)) or (n_pages <= 2 and offset == 0)
    return len(pages) >= max(2, 0.5 * n_pages) or (near > 0 and len(pages) >= _FEW_PAGES)


def _filled(labels: list[str]) -> list[str]:
    """Pages that print no number between pages that do, counted on."""
    filled = list(labels)
    known = [place for place, label in enumerate(labels) if label.isdigit()]
    for before, after in pairwise(known):
        if int(labels[after]) - int(labels[before]) == after - before and all(not label for label in labels[before + 1 : after]):
            for place in range(before + 1, after):
                filled[place] = str(int(labels[before]) + place - before)
    return filled
