"""Slips of the pen: words of a question that neither the documents, the glossary nor English know -> the documents' word that was meant.

Only plain words of five letters and more are looked at: codes, numbers, units, product names, abbreviations in capitals and names (a
capital inside a sentence) stay as they are. One slip is forgiven, two in words of eight letters and more (a letter other, missing, too
many, or two neighbours swapped: Damerau 1964); the first letter must be right, as it nearly always is."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.core.text import fold
from service.query.record import Correction
from service.query.words import ordinary

MIN_LETTERS, LONG, MAX_LETTERS = 5, 8, 24
MAX_WORDS = 6  # words of one question that are looked at: whoever misspells more is not writing in a known language
MIN_CHUNKS = 2  # a word that stands in one chunk only may be a slip itself
_WORD = re.compile(r"(?<![^\W_])(?<![\d/_.\-])[^\W\d_]+(?![^\W_])(?![\d/_\-]|\.\w)")
_LETTERS = "abcdefghijklmnopqrstuvwxyzäöüß"
_ENDINGS = {
    "",
    *["s", "d", "r", "rs", "e", "y", "ed", "er", "ers", "es", "or", "ors", "ing", "ly", "al", "ity", "ies", "able", "ion", "ions"],
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words a slip may be corrected to: `words` with the number of chunks that hold each, and (n, letters) how often each letter is in
    each."""

    words: tuple[str, ...]
    n_chunks: NDArray[np.int32]
    lengths: NDArray[np.int32]
    letters: NDArray[np.int8]
    known: frozenset[str]


def vocabulary_of(counts: Mapping[str, int]) -> Vocabulary:
    """A build's words, prepared for looking up."""
    words = tuple(word for word, count in counts.items() if count >= MIN_CHUNKS and len(word) >= MIN_LETTERS and _plain(word))
    letters = np.zeros((len(words), len(_LETTERS)), np.int8)
    for row, word in enumerate(words):
        letters[row] = _profile(word)
    sizes = np.array([len(word) for word in words], np.int32)
    return Vocabulary(words, np.array([counts[word] for word in words], np.int32), sizes, letters, frozenset(counts))


def _plain(word: str) -> bool:
    return all(char in _LETTERS for char in word)


def _profile(word: str) -> NDArray[np.int8]:
    profile = np.zeros(len(_LETTERS), np.int8)
    for char in word:
        profile[_LETTERS.index(char)] += 1
    return profile


def corrections(text: str, vocabulary: Vocabulary, familiar: Collection[str], kept: Sequence[tuple[int, int]]) -> tuple[Correction, ...]:
    """The slips of a text, in order. `familiar` are folded words that are right wherever they stand; the ranges `kept` are left alone."""
    found: list[Correction] = []
    n_looked = 0
    for match in _WORD.finditer(text):
        written, word = match.group(), fold(match.group())
        if not MIN_LETTERS <= len(word) <= MAX_LETTERS or not _plain(word) or _named(text, match):
            continue
        if word in vocabulary.known or word in familiar or ordinary(word) or _joined(word, vocabulary.known):
            continue
        if any(start < match.end() and match.start() < end for start, end in kept):
            continue
        if n_looked == MAX_WORDS:
            break
        n_looked += 1
        if meant := _nearest(word, vocabulary):
            found.append(Correction(match.start(), match.end(), written, meant))
    return tuple(found)


def _named(text: str, match: re.Match[str]) -> bool:
    """An abbreviation or a proper name: capitals other than at the start of a sentence."""
    written = match.group()
    starts = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1] in ".?!:"
    return any(char.isupper() for char in written[1:]) or (written[0].isupper() and not starts)


def _joined(word: str, known: Collection[str]) -> bool:
    """Two words written as one ("rollover"): nothing to correct."""
    return any(all(part in known or ordinary(part) for part in (word[:at], word[at:])) for at in range(3, len(word) - 2))


def _nearest(word: str, vocabulary: Vocabulary) -> str:
    """The nearest known word, the commonest of equally near ones; "" where none is near enough. In words of five letters one letter for
    another makes too many other words."""
    most = 2 if len(word) >= LONG else 1
    if not vocabulary.words:
        return ""
    rows = np.flatnonzero(np.abs(vocabulary.lengths - len(word)) <= most)
    # A slip changes the letters' counts by two at most (one letter for another), so that most words need no closer look.
    apart = np.abs(vocabulary.letters[rows] - _profile(word)).sum(axis=1, dtype=np.int32)
    best: tuple[int, int, str] | None = None
    for row in rows[apart <= 2 * most].tolist():
        other = vocabulary.words[row]
        if other[0] != word[0] or word.startswith(other) or _ending(word, other):
            continue  # with an ending more it is another form of the word, no slip
        slips = distance(word, other, most)
        if slips <= most and not (len(word) == len(other) == MIN_LETTERS and sorted(word) != sorted(other)):
            rank = (slips, -int(vocabulary.n_chunks[row]), other)
            best = rank if best is None else min(best, rank)
    return best[2] if best else ""


def _ending(a: str, b: str) -> bool:
    """The words differ in their endings only ("rescuers", "rescued")."""
    alike = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return alike >= 4 and a[alike:] in _ENDINGS and b[alike:] in _ENDINGS


def distance(a: str, b: str, most: int) -> int:
    """Edits that turn a into b, neighbours swapped counting as one (optimal string alignment); `most` + 1 where there are more."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, last, row = row, before, [i] + [0] * len(b)
        for j, y in enumerate(b, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
