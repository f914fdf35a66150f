"""Everyday English words: what is neither a product's name nor a slip of the pen.

The list (`service/models/english.txt`) holds the whole words of BERT's uncased vocabulary (Apache-2.0), which is what the packaged embedder
reads English with.
"""

from __future__ import annotations

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
    if word in words:
        return True
    stems = [
        word[: -len(ending)]
        for ending in ("s", "es", "ed", "d", "ing", "ly", "er", "r")
        if word.endswith(ending) and len(word) - len(ending) >= 3
    ]
    stems += (
        [stem + "e" for stem in stems]
        + [stem[:-1] for stem in stems if stem[-1:] == stem[-2:-1]]
        + [stem[:-1] + "y" for stem in stems if stem.endswith("i")]
    )
    stems += [
        word[len(start) :]
        for start in ("un", "re", "non", "pre", "over", "under", "dis")
        if word.startswith(start) and len(word) - len(start) >= 4
    ]
    return any(stem in words for stem in stems)
