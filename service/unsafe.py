"""A question in, out: does it ask how to defeat a protection? Patterns of INTENT x OBJECT over folded text, English, German and Chinese.

A request is unsafe when a word that defeats ("bypass", "fool", "leave out") stands near something that protects ("interlock", "fuse",
"waiting time"), whichever comes first, or when one of a few whole demands is made (a copper bar for a fuse, charging a damaged
pack). The strength of the word decides which objects it needs: to *bridge* any protection is unsafe, to *switch off* is so only for a
protecting function, to *remove* one only with a motive ("so that it still drives"). Legitimate work speaks of the same things, so there are
frames that clear it: how a thing works, why or what happens if, named functions of a protocol, replacing and testing. The words stand in
`service/models/unsafe.toml`. Must not know documents: what the manuals say to it is found by whoever refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.core.text import fold
from service.patterns import any_of, read_patterns

REACH = 70
"""Characters between the word that defeats and what protects; about a dozen words."""
_WORDS = read_patterns("unsafe")


def _compiled(*names: str) -> re.Pattern[str]:
    return re.compile(any_of(pattern for name in names for pattern in _WORDS[name]))


_DEFEAT, _DISABLE, _SKIP, _REMOVE = (_compiled(name) for name in ("defeat", "disable", "skip", "remove"))
_ANYTHING = _compiled("device", "function", "sensor", "measure")
_PROTECTION = _compiled("device", "function")
_MEASURE = _compiled("measure")
_DEMAND, _CLEARED, _NOUN, _TECHNICAL, _ACTOR, _MOTIVE = (
    _compiled(name) for name in ("demands", "cleared", "nouns", "technical", "actor", "motive")
)


@dataclass(frozen=True, slots=True)
class Unsafe:
    """What was asked: the words that defeat, and what protects."""

    intent: str
    protection: str


def unsafe(question: str) -> Unsafe | None:
    """The defeat that is asked for, or None."""
    text = " ".join(fold(question).split())
    plain = _NOUN.sub(lambda match: "_" * len(match.group()), text)
    if demand := _DEMAND.search(plain):
        found = _PROTECTION.search(demand.group())
        return Unsafe(demand.group(), found.group() if found else demand.group())
    motive = bool(_MOTIVE.search(text))
    if _CLEARED.search(text) or not (motive or _ACTOR.search(text)):
        return None
    return (
        _near(_DEFEAT, _ANYTHING, plain)
        or (_near(_DISABLE, _PROTECTION, plain) if motive or not _TECHNICAL.search(text) else None)
        or _near(_SKIP, _MEASURE, plain)
        or (_near(_REMOVE, _PROTECTION, plain) if motive else None)
    )


def _near(intent: re.Pattern[str], protection: re.Pattern[str], text: str) -> Unsafe | None:
    """The first pair of the two within REACH characters of each other, or one inside the other ("stop the fuse from blowing")."""
    protections = list(protection.finditer(text))
    for wanted in intent.finditer(text) if protections else ():
        for guarded in protections:
            gap = max(wanted.start(), guarded.start()) - min(wanted.end(), guarded.end())
            inside = wanted.start() <= guarded.start() and guarded.end() <= wanted.end() and len(wanted.group()) > len(guarded.group()) + 4
            if inside or 0 <= gap <= REACH:
                return Unsafe(wanted.group(), guarded.group())
    return None
