"""A model that lies about what it read: right words, wrong facts, each in one of the ways that would hurt."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from injections import lines_of

_QUANTITY = re.compile(r"(?<![\w.,\-−])(\d+(?:\.\d+)?)( ?)(Nm|N·m|V|A|mm|°C|bar|kg|s|min|h|kW|Hz|%)(?!\w)")
_UNITS = {"Nm": "kNm", "N·m": "bar", "V": "mV", "A": "mA", "mm": "cm", "°C": "°F", "bar": "kPa", "kg": "lb", "s": "ms", "min": "s",
          "h": "min", "kW": "MW", "Hz": "kHz", "%": "‰"}  # fmt: skip
_OPPOSITES = {"maximum": "minimum", "before": "after", "open": "close", "clockwise": "counterclockwise", "left": "right",
              "connect": "disconnect", "positive": "negative", "tighten": "loosen", "install": "remove", "above": "below",
              "front": "rear"}  # fmt: skip


@dataclass(frozen=True)
class Lie:
    """What the model says, and how it lies."""

    kind: str
    text: str


def lies_of(prompt: str, dice: random.Random) -> Lie | None:
    """One lie about a random line of the evidence that can be lied about; None where there is none."""
    lines = [(number, line) for number, line in lines_of(prompt) if len(line.split()) >= 5 and _QUANTITY.search(line)]
    kinds = list(_LIES.items())
    dice.shuffle(lines)
    for number, line in lines:
        dice.shuffle(kinds)
        for kind, lie in kinds:
            said = lie(line, number, lines, dice)
            if said and said != f"{line} [{number}]":
                return Lie(kind, said)
    return None


Lines = list[tuple[int, str]]


def _number(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """Another number."""

    def other(match: re.Match[str]) -> str:
        made = float(match.group(1)) * dice.choice((0.1, 0.5, 2, 10)) + dice.choice((0, 1))
        return f"{made:g}{match.group(2)}{match.group(3)}"

    wrong = _QUANTITY.sub(other, line, count=1)
    return "" if _numbers(wrong) <= _numbers(line) else f"{wrong} [{number}]"


def _unit(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """The number with another unit."""
    wrong = _QUANTITY.sub(lambda match: match.group(1) + match.group(2) + _UNITS[match.group(3)], line, count=1)
    return f"{wrong} [{number}]"


def _sign(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """The number below zero."""
    return _QUANTITY.sub(lambda match: f"-{match.group()}", line, count=1) + f" [{number}]"


def _of_another_line(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """The number another line tells of something else."""
    match = _QUANTITY.search(line)
    assert match
    others = [found.group(1) for _, other in lines for found in _QUANTITY.finditer(other) if found.group(1) not in _numbers(line)]
    return line[: match.start(1)] + dice.choice(others) + line[match.end(1) :] + f" [{number}]" if others else ""


def _invented_marker(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """A source that does not exist."""
    return f"{line} [{number + 40}]"


def _other_marker(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """A source that says something else."""
    own = _numbers(line)
    others = sorted({other for other, said in lines if other != number} - {other for other, said in lines if own <= _numbers(said)})
    return f"{line} [{dice.choice(others)}]" if others else ""


def _no_marker(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """No source at all."""
    return line


def _product(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """Another product's."""
    return f"For the Kestrel X9, {line[0].lower()}{line[1:]} [{number}]"


def _opposite(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """Turned round."""
    for word, other in _OPPOSITES.items():
        if re.search(rf"(?i)\b{word}\b", line) and not re.search(rf"(?i)\b{other}\b", line):
            return re.sub(rf"(?i)\b{word}\b", other, line) + f" [{number}]"
    return ""


def _negation(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """A prohibition that became permission."""
    if not re.search(r"(?i)\b(?:do not|must not|never)\b", line):
        return ""
    return re.sub(r"(?i)\bdo not |\bnot |\bnever ", "", line) + f" [{number}]"


def _added(line: str, number: int, lines: Lines, dice: random.Random) -> str:
    """A number nobody asked for and nobody said, behind a right sentence."""
    return f"{line.rstrip('.')}, then turn it by another {dice.randint(91, 99)}° [{number}]"


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


_LIES: dict[str, Callable[[str, int, Lines, random.Random], str]] = {
    lie.__name__.strip("_"): lie
    for lie in (
        _number,
        _unit,
        _sign,
        _of_another_line,
        _invented_marker,
        _other_marker,
        _no_marker,
        _product,
        _opposite,
        _negation,
        _added,
    )
}
