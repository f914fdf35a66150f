"""Chunks in, the words of a build and the abbreviations its documents define out.

An abbreviation is defined by brackets ("state of charge (SOC)", "SOC (state of charge)": Schwartz and Hearst, Pacific Symposium on
Biocomputing 2003) or by a row of a table of abbreviations. What is defined must spell it: each character of the short form stands in the
long form, in order, the first at the start of a word."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from service.core.text import fold
from service.core.types import Chunk
from service.core.words import Abbreviation, Words

MAX_WORDS = 60_000
MAX_LONG = 3  # meanings kept of one short form
_WORD = re.compile(r"[^\W\d_]{2,40}")
_SHORT = re.compile(r"[A-Za-z][A-Za-z0-9/&\-]{1,9}")
_BRACKETS = re.compile(r"\(([^()]{2,80})\)")
_BEFORE = re.compile(r"[\w/&\-‑ ]+$")
_LIST_OF = re.compile(r"abbrev|acronym|glossar|terminolog|definitions|abkürzung|begriffe|缩写|缩略|术语", re.I)


def words_of(chunks: Sequence[Chunk]) -> Words:
    """The words of all chunks by how many hold them, the commonest MAX_WORDS, and the abbreviations they define."""
    counts = Counter(word for chunk in chunks for word in {match.group() for match in _WORD.finditer(fold(chunk.indexed_text))})
    defined: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for chunk in chunks:
        for short, long in dict.fromkeys(definitions(chunk)):
            defined[short][long] += 1
    rows = [Abbreviation(short, long, n) for short, longs in defined.items() for long, n in longs.most_common(MAX_LONG)]
    return Words(dict(counts.most_common(MAX_WORDS)), tuple(sorted(rows, key=lambda row: (-row.n_chunks, row.short, row.long))))


def definitions(chunk: Chunk) -> Iterator[tuple[str, str]]:
    """(short form, long form in small letters) of a chunk's brackets and of its rows in a table of abbreviations."""
    yield from _in_brackets(chunk.text)
    listed = bool(_LIST_OF.search(" ".join((*chunk.section[-1:], chunk.context))))
    for part in chunk.parts:
        if part.kind == "table_row" and len(part.cells) >= 2 and (listed or _LIST_OF.search(part.cells[0].head)):
            short, long = (" ".join(chunk.text[cell.start : cell.end].split()) for cell in part.cells[:2])
            yield from _pair(short, long)


def _in_brackets(text: str) -> Iterator[tuple[str, str]]:
    for match in _BRACKETS.finditer(text):
        before = _BEFORE.search(text[max(0, match.start() - 90) : match.start()].rstrip())
        if before is None:
            continue
        inside, words = match.group(1).strip(), before.group().split()
        if _is_short(inside):
            for n_words in range(min(len(words), len(inside) + 4, 8), 0, -1):
                yield from _pair(inside, " ".join(words[-n_words:]), whole=True)
        elif words and _is_short(words[-1]):
            yield from _pair(words[-1], inside, whole=True)


def _is_short(text: str) -> bool:
    return bool(_SHORT.fullmatch(text)) and sum(char.isupper() for char in text) >= 2


def _pair(short: str, long: str, whole: bool = False) -> Iterator[tuple[str, str]]:
    """The pair where the long form spells the short one; `whole`: by the first letters of its first and most of its words."""
    long = re.split(r"[.;:,]\s", long)[0]
    words = re.findall(r"[^\W_]+", fold(long))
    if not _is_short(short) or not 2 <= len(words) <= 8 or len(long) <= len(short) or not _spells(fold(short), words, whole):
        return
    yield short, " ".join(fold(long).split())


def _spells(short: str, words: Sequence[str], whole: bool) -> bool:
    """Each letter of the short form stands in the words, in order, the first at the start of the first word, and (`whole`) every word of
    four letters and more gives its own first letter."""
    letters = "".join(char for char in short if char.isalnum())

    def fits(at: int, place: int) -> bool:
        """The letters from `at` on are spelled by the words from `place` on."""
        if place == len(words):
            return at == len(letters)
        word = words[place]
        if place and (len(word) <= 3 or not whole) and fits(at, place + 1):
            return True
        if at == len(letters) or word[0] != letters[at]:
            return False
        rest = at + 1
        if fits(rest, place + 1):
            return True
        for char in word[1:]:
            if rest < len(letters) and char == letters[rest]:
                rest += 1
                if fits(rest, place + 1):
                    return True
        return False

    return fits(0, 0)
