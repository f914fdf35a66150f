"""Everyday English words: what is neither a product's name nor a slip of the pen.

The list (`service/models/english.txt`) holds the whole words of BERT's uncased vocabulary (Apache-2.0), which is what the packaged embedder
reads English with.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

LIST = Path(__file__).parent.parent / "models" / "english.txt"


@lru_cache(maxsize=1)
def english() -> frozenset[str]:
    """Lower-case words of three letters and more."""
    return frozenset(line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#"))


def ordinary(word: str) -> bool:
    """A lower-case word, or what it is an inflection of, is on the list."""
    words = english()
    return word in words or any(stem in words for stem in _stems(word))


def _stems(word: str) -> Iterator[str]:
    for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "r", "ers", "rs", "est", "ness", "less", "able"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3:
            yield stem
            if ending not in ("s", "d", "r", "rs"):
                yield stem + "e"
                if stem[-1] == "i":
                    yield stem[:-1] + "y"
            if ending in ("ed", "ing", "er", "ers") and stem[-1] == stem[-2]:
                yield stem[:-1]
    for start in ("un", "re", "non", "pre", "over", "under", "dis", "mis"):
        if word.startswith(start) and len(word) - len(start) >= 4:
            yield word[len(start) :]
