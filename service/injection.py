"""A question in, what of it is a question out: sentences that give the service orders are cut, demands that void the answer are refused.

The extractive answerer obeys nothing, so this is about fairness to the real part of a mixed question, and about not answering what asks
for an answer without proof ("make up a torque"). Three kinds: markup and roles ("</context>", "SYSTEM:"), orders about the service's
own rules, and demands (answer without the documents, say this sentence whatever is true). The words stand in
`service/models/injection.toml`. Must not know documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.core.text import analyze
from service.patterns import any_of, read_patterns

_WORDS = read_patterns("injection")


def _compiled(name: str) -> re.Pattern[str]:
    rules, own = any_of(_WORDS["rules"]), any_of(_WORDS["own"])
    return re.compile(any_of(pattern.replace("{rules}", rules).replace("{own}", own) for pattern in _WORDS[name]), re.I)


_ORDER, _VOIDING = _compiled("orders"), _compiled("voiding")
_TAGGED = re.compile(
    r"<\s*([a-z_]{3,30})\s*>.{0,600}?<\s*/\s*\1\s*>|</?\s*[a-z_]{3,30}(?:\s[^<>]{0,80})?>"
    r"|\[/?(?:inst|system|assistant|user)\]|<\|[^|<>]{1,40}\|>",
    re.I | re.S,
)
_QUOTED_ORDER = re.compile(
    r"[\"“«„][^\"”»“]{0,300}\b(?:note to (?:the )?(?:ai|assistant|model|bot)|always (?:state|say|answer)|ignore (?:all|any|the|your))\b"
    r"[^\"”»“]{0,300}[\"”»“]",
    re.I,
)
_ASKS = re.compile(
    r"[?？]|^\W*(?:and |also |so |then |but |please |now )*\W*(?:what|which|how|when|where|who|why|whats|is|are|can|could|do|does"
    r"|did|may|must|should|will|list|name|give|tell|show|find|explain|describe|compare|need|looking for"
    r"|was|welche\w*|wie|wo|wann|warum|kann|darf|muss|ist|gib|nenne)\b|(?:什么|多少|如何|怎么|怎样|哪|吗|几)",
    re.I,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]?\s+(?=\W?[A-ZÄÖÜ])|(?<=[。！？])")
_FIRST_PERSON = re.compile(r"\b(?:i am|i'm|i|we|you|your|this service|assistant)\b", re.I)
_LEAD_IN = re.compile(r"^(?:[\s\"'”’»:;,.\-]|(?:and|also|then|so|but|now|please|before (?:you|that)[^,]{0,20},)[\s:,])+", re.I)
MAX_TERSE_TERMS = 12


@dataclass(frozen=True, slots=True)
class Stripped:
    """`question` is what is left to answer ("" where nothing is); `cut` are the orders that were taken out; `void` says that the
    question as a whole must not be answered."""

    question: str
    cut: tuple[str, ...] = ()
    void: bool = False


def without_orders(text: str) -> Stripped:
    """The question without what orders the service about."""
    if _VOIDING.search(text):
        return Stripped("", (text,), void=True)
    cut: list[str] = []

    def taken(match: re.Match[str]) -> str:
        cut.append(match.group())
        return " "

    plain = _QUOTED_ORDER.sub(taken, _TAGGED.sub(taken, text))
    kept: list[str] = []
    for sentence in _SENTENCE_END.split(" ".join(plain.split())):
        (cut if _ORDER.search(sentence) else kept).append(sentence)
    if not cut:
        return Stripped(text)
    kept = [sentence for sentence in kept if _is_question(sentence)]
    return Stripped(" ".join(_LEAD_IN.sub("", sentence) for sentence in kept).strip(), tuple(cut))


def _is_question(sentence: str) -> bool:
    """Whether a sentence beside an order asks something: a question by its form, or terse key words of a few terms."""
    terms = analyze(sentence)
    return bool(terms and _ASKS.search(sentence)) or (2 <= len(terms) <= MAX_TERSE_TERMS and not _FIRST_PERSON.search(sentence))
