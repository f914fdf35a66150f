"""A word broken at a line end: does its hyphen belong to it? Decided by what else the document holds.

In: the words of the document; the halves of a broken word. Out: whether they are one word without the hyphen. "connec-" and "tor" are;
"high-" and "voltage" keep it where "high-voltage" stands elsewhere, or where both halves are words of their own and the whole is none.
Must not know about lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from contextvars import ContextVar

_TOKEN = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_MIN_HALF = 4


class Lexicon:
    """Words of one document, folded, with their counts."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._counts: Counter[str] = Counter()
        for text in texts:
            if not text.endswith(("-", "\u2010")):
                self._counts.update(match.casefold().replace("\u2010", "-") for match in _TOKEN.findall(text))

    def joins(self, before: str, after: str) -> bool:
        """Whether `before` (without its hyphen) and `after` are one word."""
        left, right = before.casefold().replace("\u2010", "-"), after.casefold()
        whole, compound = self._counts[left + right], self._counts[f"{left}-{right}"]
        if whole or compound:
            return whole >= compound
        last = left.rpartition("-")[2]
        halves = min(len(last), len(right)) >= _MIN_HALF and self._counts[last] and self._counts[right]
        return not halves and not before.isupper()


LEXICON: ContextVar[Lexicon] = ContextVar("LEXICON")
"""The lexicon of the document that is being read: set once a document, by `ingest.pdf.read`. Unset: an empty one."""


def joins(before: str, after: str) -> bool:
    """`Lexicon.joins` for the halves of a word at a line end: the last token of a text, its hyphen off, and the first of the next line."""
    left = re.search(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*$", before)
    right = re.match(r"[^\W\d_]+", after)
    return bool(left and right) and LEXICON.get(_EMPTY).joins(left.group() if left else "", right.group() if right else "")


_EMPTY = Lexicon()
