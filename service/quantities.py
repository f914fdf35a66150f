"""What kind of quantity a question asks for, and whether a text states one: "how heavy" wants a mass, "58 kg" is one.

In: texts. Out: names of dimensions. A dimension is *asked for* only where it is what the question wants: "what voltage", "how many volts",
"pack voltage?"; not where it is spoken of ("before any high voltage is applied", "how do I calibrate the voltage reading"). Question words
are matched in English, German and Chinese; units as manuals print them, behind a number or in brackets as in the head of a column. The
words stand in `service/models/quantities.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.core.text import fold
from service.patterns import any_of, read_patterns

COUNT = "count"
_NUMBER = r"(?:\d[\d.,]*\s?(?:[-–…~/x×]\s?[-+±]?\d[\d.,]*\s?)?)"


@dataclass(frozen=True, slots=True)
class Dimension:
    """`word` names it ("torque", "weight", "Nm"), `how` asks for it by itself ("how heavy"), `stated` is a value of it."""

    name: str
    word: re.Pattern[str]
    how: re.Pattern[str]
    wanted: re.Pattern[str]
    stated: re.Pattern[str]


_OTHER_NOUNS = any_of(
    [
        "ids?",
        "registers?",
        "parameters?",
        "bits?",
        "pins?",
        "messages?",
        "codes?",
        "faults?",
        "errors?",
        "commands?",
        "connectors?",
        "steps?",
        "frames?",
        "fields?",
        "signals?",
        "menus?",
        "files?",
        "tools?",
        "setting",
        "happens?",
        "do",
        "does",
        "sends?",
        "shows?",
        "reads?",
        "means?",
        "if",
        "when",
        "before",
        "after",
        "while",
        "function",
        "colou?r",
    ]
)
"""Between "which" and a dimension, one of these is what is asked for instead."""
_BETWEEN = rf"(?:\W+(?!{_OTHER_NOUNS}\b)[\w'°-]+){{0,5}}?\W+"


def _dimension(name: str, lists: Mapping[str, Sequence[str]]) -> Dimension:
    word, how, units, also = (any_of(lists.get(key, ())) for key in ("word", "how", "units", "also"))
    wanted = (
        rf"\b(?:what|which|what's|whats|welche\w*|was ist)\b{_BETWEEN}?{word}|\b(?:how many|how much|wie viele?)\W+(?:\w+\W+){{0,2}}?{word}"
    )
    stated = rf"(?:{_NUMBER}|[(\[]\s?){units}(?![^\W\d_])|{also}"
    return Dimension(name, re.compile(word), re.compile(how), re.compile(wanted), re.compile(stated))


DIMENSIONS: tuple[Dimension, ...] = tuple(_dimension(name, lists) for name, lists in read_patterns("quantities").items())
_BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}
_COUNTED = re.compile(r"\bhow many\b|\bwhat number of\b|\banzahl\b|\bwie viele\b|几个|多少个|多少[节串块]")
_NUMBER_WORD = re.compile(
    r"\d|\b(?:no|none|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|single|both|pair|zwei|drei|vier)\b|[一二三四五六七八九十]"
)
_FULL_QUESTION = re.compile(
    r"\b(?:what|which|whats|how|when|where|who|why|whose|welche\w*|wie|wo|wann|warum|was)\b"
    r"|^\W*(?:is|are|can|could|do|does|did|may|must|should|will|would|has|have|kann|darf|muss|ist|sind)\b"
    r"|\b(?:can|could|do|does|did|may|must|should) (?:i|we|you|it|one|the)\b|[：:]"
)
MAX_TERSE_WORDS = 14


def asked_for(question: str) -> tuple[str, ...]:
    """Dimensions the question asks for, `COUNT` for "how many" of anything else; empty where it asks for no quantity. Key words without a
    question word ("torque for the lid screws") ask for every dimension they name."""
    text = fold(question)
    terse = not _FULL_QUESTION.search(text) and len(text.split()) <= MAX_TERSE_WORDS
    found = tuple(
        dimension.name
        for dimension in DIMENSIONS
        if dimension.how.search(text) or dimension.wanted.search(text) or (terse and dimension.word.search(text))
    )
    return found or ((COUNT,) if _COUNTED.search(text) else ())


def named_by(term: str) -> str | None:
    """The dimension a single word stands for ("litre", "temps"), if any: such a word is met by a value of it."""
    for dimension in DIMENSIONS:
        if dimension.word.fullmatch(term) or dimension.word.fullmatch(term + "s"):
            return dimension.name
    return None


def states(text: str, dimension: str) -> bool:
    """Whether the text holds a quantity of this dimension, or its unit in brackets."""
    folded = fold(text)
    if dimension == COUNT:
        return bool(_NUMBER_WORD.search(folded))
    return bool(_BY_NAME[dimension].stated.search(folded))
