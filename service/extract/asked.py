"""A question in, what kind of answer it wants out: by its words alone, in English, German and Chinese."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from service.core.text import analyze, fold
from service.quantities import COUNT, asked_for

_STEPS = re.compile(
    r"(?i)\bhow(?:'s|s)?\b(?!\s+(?:many|much|long|often|far|high|low|big|large|heavy|fast|hot|cold|thick|wide|deep|tight|tall|accurate|quick|soon|old|"
    r"does|did|come|likely|strong|sure)\b)|\b(?:steps?|procedure|sequence|instructions?|what order|order)\b"
    r"|\b(?:walk me|run me|checklist|drill|list pls|list please)\b"
    r"|\bwhat (?:do|should|must|to) (?:i |we |you )?do\b|\bdo what\b|\bwhat next\b|\bnext\?|\bwhat (?:are the|else|checks|tests)\b"
    r"|^\W*(?:\w{3,}ing|prep\w*)\b|\bwie (?:kann|muss|soll|wird|geht|man)\b|\b(?:schritte|vorgehen|anleitung)\b|步骤|如何|怎么|怎样"
)
_QUANTITY = re.compile(
    r"(?i)\bhow (?:many|much|long|often|far|high|low|big|large|heavy|fast|hot|cold|thick|wide|deep|tight|tall|accurate|quick)\b"
    r"|\b(?:torque|voltage|current|temp(?:erature)?|resistance|range|limit|max(?:imum)?|min(?:imum)?|rate|speed|weight|mass|pressure|size|value|default|threshold|"
    r"tolerance|frequency|duration|time-?out|period|interval|capacity|power|amps?|volts?|watts?|ohms?|nm|length|width|height|diameter|distance|"
    r"number of|ratio|percent(?:age)?|baud|dimensions?|accuracy|rating|level|cross[ -]?section|gauge)\b|多少|几"
    r"|wie (?:viel|lange|hoch|weit|oft|schwer)"
)
_CODE = re.compile(
    r"(?i)\b(?:codes?|ids?|address(?:es)?|registers?|pins?|part ?(?:no|number)s?|p/n|hex|parameters?|(?:sub)?commands?|messages?|msg|"
    r"connectors?|terminals?|bits?|bytes?|opcodes?|function code|un number|serial|model|type)\b|引脚|地址|代码"
)
_YES_NO = re.compile(
    r"(?i)^\W*(?:is|are|can|does|do|did|will|should|must|may|has|have|could|would|am|need|ist|sind|kann|darf|muss)\b"
    r"|[,;:.\-–]\s*(?:so |and |or )?(?:can|is|are|does|do|should|will|may|must|do i have to)\b[^?]*\?\s*$"
    r"|\b(?:allowed|permitted|ok|okay|possible) to\b|吗"
)
_REASON = re.compile(r"(?i)\bwhy\b|\bcauses?\b|\breasons?\b|\bwarum\b|\bwieso\b|what(?:'s| is) (?:up|wrong)|what went wrong|为什么|原因")
_PLACE = re.compile(r"(?i)\bwhere\b|\blocat(?:ed|ion)\b|\bwo\b|哪里|位置")
_SIDES = re.compile(
    r"(?i)\b(?:compare[ds]?|compared|comparison|difference|differ(?:s|ent)?|versus|vs\.?|instead of|rather than|both|each of|respectively|"
    r"between)\b|\b(?:old|new)\b.{1,40}\b(?:old|new)\b|\bor\b.{0,60}\?|unterschied|区别"
)
_JOINED_ASKS = re.compile(
    r"(?i)\s(?:and|plus|&)\s(?=(?:what|which|how|where|when|why|who|is|are|do|does|can|should|must|at|by|in|on)\b)"
    r"|[,;?]\s*(?=(?:and |plus )?(?:what|which|how|where|when|why|who|is|are|does|can|should|must)\b)"
)
_LISTED = re.compile(
    r"(?i)(?:[:\-–—]|\b(?:what|which|the)\b)\s*([\w %°/.'-]{2,40}(?:,\s*[\w %°/.'-]{2,40})*,?\s+(?:and|&|plus)\s+[\w %°/.'-]{2,40})"
)
_MARK = re.compile(r"(?<![^\W_])(?:[\w.\-/+#]*\d[\w.\-/+#]*|[A-Z][A-Z0-9_+\-/.]+|[A-Z]?[a-z]+[A-Z]\w*|\w+_\w+)(?![^\W_])")
_NUMBER = re.compile(r"(?<![\w.,])[-−–]?\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's words and what they want. `marks` are its numbers, codes and words in capitals, folded; `numbers` its numbers;
    `dimensions` those of the quantities it asks for (`service.quantities`); `sides`: two or more things are compared; `n_asks`: how many
    things are asked, as far as joining words tell."""

    text: str
    terms: frozenset[str]
    marks: frozenset[str]
    numbers: tuple[float, ...]
    dimensions: tuple[str, ...]
    steps: bool
    quantity: bool
    code: bool
    yes_no: bool
    reason: bool
    place: bool
    sides: bool
    n_asks: int


@lru_cache(maxsize=256)
def asked(question: str) -> Asked:
    """What a question wants."""
    return Asked(
        text=question,
        terms=frozenset(analyze(question)),
        marks=marks(question),
        numbers=tuple(numbers(question)),
        dimensions=tuple(name for name in asked_for(question) if name != COUNT),
        steps=bool(_STEPS.search(question)),
        quantity=bool(_QUANTITY.search(question)) or bool(asked_for(question)),
        code=bool(_CODE.search(question)),
        yes_no=bool(_YES_NO.search(question)),
        reason=bool(_REASON.search(question)),
        place=bool(_PLACE.search(question)),
        sides=bool(_SIDES.search(question)),
        n_asks=1 + len(_JOINED_ASKS.findall(question)) + (1 if _LISTED.search(question) else 0),
    )


def marks(text: str) -> frozenset[str]:
    """Numbers, codes, names and words in capitals, folded: what must be met to the letter."""
    return frozenset(fold(match).strip(".-/+") for match in _MARK.findall(text)) - {""}


def numbers(text: str) -> list[float]:
    """The numbers of a text, in order; a decimal comma is a point."""
    found = []
    for written in _NUMBER.findall(text):
        plain = re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", written.replace("−", "-").replace("–", "-"))
        try:
            found.append(float(plain.replace(",", ".")))
        except ValueError:  # 1.2.3 is no number
            continue
    return found
