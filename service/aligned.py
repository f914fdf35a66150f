"""A sentence with [n] markers in, the same sentence with the exact evidence it stands on out.

A language model names passages; what is quoted to the reader is the sentence, step or row of that passage which says the same, or up to
MAX_UNITS of them where the sentence joins several. A marker that names no passage is dropped: what stands on nothing else fails the
verification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.cite import quotable
from service.core.text import analyze
from service.core.types import Draft, Passage, Span
from service.sentences import Unit, units

MAX_UNITS = 3
_MARKER = re.compile(r"\s*\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
_OF_A_NUMBER = 3.0  # weight of a term with digits beside plain words


def aligned(draft: Draft, passages: Sequence[Passage]) -> Draft:
    """The draft without its markers, with a span a unit it stands on; `added` holds the column heads and captions of cited rows."""
    numbers = [int(number) for group in _MARKER.findall(draft.text) for number in re.findall(r"\d+", group)]
    plain = " ".join(_MARKER.sub("", draft.text).split())
    spans: list[Span] = []
    added: list[str] = []
    left = _weighed(plain)
    for at in dict.fromkeys(number - 1 for number in numbers):
        if 0 <= at < len(passages):
            for unit in _units(passages[at], left, first=not spans):
                spans += [Span(at, start, end) for start, end in _ranges(passages[at], unit, left)]
                added.append(_surroundings(unit))
                for term in _terms(passages[at], unit):
                    left.pop(term, None)
    return replace(draft, text=plain, evidence=tuple(dict.fromkeys(spans)), added=" ".join(filter(None, added)))


def _weighed(text: str) -> dict[str, float]:
    return {term: _OF_A_NUMBER if any(char.isdigit() for char in term) else 1.0 for term in analyze(text)}


def _units(passage: Passage, left: dict[str, float], *, first: bool) -> Iterator[Unit]:
    """The units that say most of what is `left` to be said (the caller takes out what each one says), one at least for the first passage.
    A further one must add words, not only a number: a number that has to be fetched from elsewhere belongs to something else. For the
    same reason a row stands alone."""
    own = [(unit, set(_terms(passage, unit))) for unit in units(passage.chunk) if _is_said(passage, unit)]
    for taken in range(MAX_UNITS):
        gains = [sum(left.get(term, 0.0) for term in terms) / (len(terms) or 1) ** 0.5 for _, terms in own]
        if not gains:
            return
        best = max(range(len(own)), key=lambda i: gains[i])
        unit, terms = own.pop(best)
        if not (first and taken == 0):
            added = [left[term] for term in terms if term in left]
            if sum(added) < 2.0 or min(added) >= _OF_A_NUMBER or unit.kind == "table_row":
                return
        yield unit
        if unit.kind == "table_row":
            return


def _is_said(passage: Passage, unit: Unit) -> bool:
    return unit.kind not in ("table", "figure") and bool(quotable(passage.chunk, unit.start, unit.end))


def _terms(passage: Passage, unit: Unit) -> list[str]:
    return analyze(f"{passage.chunk.text[unit.start : unit.end]} {_surroundings(unit)}")


def _surroundings(unit: Unit) -> str:
    """What a row says beyond its own text."""
    if unit.kind != "table_row":
        return ""
    return " | ".join(filter(None, (unit.part.statement, *dict.fromkeys(cell.head for cell in unit.part.cells))))


def _ranges(passage: Passage, unit: Unit, left: dict[str, float]) -> Iterator[tuple[int, int]]:
    """The unit, and the head rows of its table where the sentence uses their words."""
    yield unit.start, unit.end
    beyond = left.keys() - set(analyze(passage.chunk.text[unit.start : unit.end]))
    if unit.kind == "table_row" and beyond:
        for part in passage.chunk.parts:
            if part.kind == "table" and beyond & set(analyze(passage.chunk.text[part.start : part.end])):
                yield part.start, part.end
