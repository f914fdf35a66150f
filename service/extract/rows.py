"""A question and a table row in, whether the row is the one the question picks out: its key is named, or its range holds the number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.core.text import fold
from service.core.types import Part
from service.extract.asked import Asked

KEY_CELLS = 3  # a row's key stands in one of its first cells
_VALUE = r"[-+−–]?\d+(?:[.,]\d+)?"
_UNIT = r"\s*[^\W\d_%°]{0,3}[%°]?[cfk]?\s*"
_RANGE = re.compile(rf"({_VALUE}){_UNIT}(?:to|bis|\.{{2,3}}|…|–|−|-|~|…)\s*[+]?({_VALUE}){_UNIT}")
_ABOVE = re.compile(rf"(?:>|≥|>=|above|over|more than|from|ab|über)\s*({_VALUE}){_UNIT}")
_BELOW = re.compile(rf"(?:<|≤|<=|below|under|less than|up to|bis|unter)\s*({_VALUE}){_UNIT}")


@dataclass(frozen=True, slots=True)
class KeyMatch:
    """`exact` (0 to 1): one of the row's first cells is what the question names; less where only its digits are. `within`: the range in
    one of them holds a number of the question."""

    exact: float = 0.0
    within: bool = False


def key_match(asked: Asked, part: Part, text: str) -> KeyMatch:
    """How a row fits the question; nothing for what is no row. `text` is the chunk's."""
    if part.kind != "table_row" or not part.cells:
        return KeyMatch()
    cells = [fold(" ".join(text[cell.start : cell.end].split())) for cell in part.cells[:KEY_CELLS]]
    return KeyMatch(
        max((_named(cell, asked) for cell in cells), default=0.0), any(_holds(cell, number) for cell in cells for number in asked.numbers)
    )


def _named(cell: str, asked: Asked) -> float:
    if not cell or len(cell) > 40:
        return 0.0
    if cell in asked.marks or cell.split()[0].rstrip(":,") in asked.marks & {
        mark for mark in asked.marks if any(char.isdigit() for char in mark)
    }:
        return 1.0
    if any(len(mark) >= 3 and mark[0].isdigit() and re.search(rf"(?<!\d){re.escape(mark)}$", cell.split()[0]) for mark in asked.marks):
        return 0.8
    digits = {re.sub(r"\D", "", mark) for mark in asked.marks} - {""}
    return 0.5 if cell in digits else 0.0


def _holds(cell: str, number: float) -> bool:
    if match := _RANGE.fullmatch(cell):
        low, high = _float(match[1]), _float(match[2])
        return low <= number <= high
    if match := _ABOVE.fullmatch(cell):
        return number > _float(match[1])
    if match := _BELOW.fullmatch(cell):
        return number < _float(match[1])
    return False


def _float(written: str) -> float:
    return float(written.replace("−", "-").replace("–", "-").replace(",", "."))
