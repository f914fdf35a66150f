"""English words, and a few German ones, that say how a question is asked and not what it is about: verbs of everyday use, adverbs,
prepositions, adjectives of size and time, and the words every manual is full of. A question's other words must be met by its evidence
(`service/specificity.py`); these need not be.
"""

from __future__ import annotations

from service.core.text import analyze
from service.patterns import FOLDER

COMMON: frozenset[str] = frozenset(
    analyze(" ".join(line for line in (FOLDER / "common_words.txt").read_text("utf-8").splitlines() if not line.startswith("#")))
)
"""Terms in the form of `core.text.analyze`."""
