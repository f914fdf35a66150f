"""Characters: those that show nothing are left out, small digits are raised or lowered. Must not know any format."""

from __future__ import annotations

import re
import unicodedata

_RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_SMALL = re.compile(r"[+\-−]?\d{1,3}|n")
_SHOWN = frozenset("\n\t\f")
_NOT_SHOWN = frozenset(("Cc", "Cf", "Cs", "Co"))


def visible(text: str) -> tuple[str, int]:
    """The text without characters that show nothing (controls, zero-width, direction and tag characters), and how many of them could
    spell something: Unicode's tag characters are a copy of ASCII that no reader sees."""
    if text.isascii() and text.isprintable():
        return text, 0
    kept = "".join(c for c in text if c in _SHOWN or unicodedata.category(c) not in _NOT_SHOWN)
    return kept, sum("\U000e0020" <= c <= "\U000e007e" for c in text)


def raised(text: str) -> str:
    """ "2" -> "²" where it is a small number ("mm2", "10-3"), which folds back to "2"; other texts as they are."""
    return text.translate(_RAISED) if _SMALL.fullmatch(text) else text


def lowered(text: str) -> str:
    """ "2" -> "₂" where it is a small number."""
    return text.translate(_LOWERED) if _SMALL.fullmatch(text) else text
