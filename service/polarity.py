"""Whether two texts say yes and no to the same things: a "not" that is gone or new, a word turned into its opposite.

By lists of words in several languages; it must not know who wrote the texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from service.core.text import analyze, fold
from service.sentences import sentence_spans

WHOLE = 0.6  # share of its terms at which a sentence of the evidence counts as said whole

_NEGATION_WORDS = """
not never no none neither nor cannot don't doesn't mustn't isn't aren't won't can't nicht nie niemals kein keine keinen keiner keinem
without ohne pas jamais aucun aucune sans nunca ningún ninguna sin non mai senza
"""
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_NEGATED_CJK = re.compile(r"不|勿|禁止|严禁|没有|未|无|ない|ません")
_OPPOSITES = """
max maximum höchstens maximal : min minimum mindestens minimal
most : least
more : less fewer
above over : below under
before vor : after nach
increase raise : decrease reduce lower
open opened öffnen : close closed schließen
connect connected anschließen : disconnect disconnected trennen
on einschalten : off ausschalten
left links : right rechts
clockwise : anticlockwise counterclockwise counter-clockwise
positive pluspol : negative minuspol
tighten anziehen : loosen lösen
install fit einbauen : remove ausbauen
enable : disable
allowed permitted erlaubt : forbidden prohibited verboten
inner inside : outer outside
upper top : lower bottom
front : rear
charge charging laden : discharge discharging entladen
series : parallel
ac : dc
high : low
highest : lowest
higher : lower
largest biggest greatest : smallest
longer longest : shorter shortest
rise rises rising risen rose : fall falls falling fallen fell
toward towards : away
active : passive
input inputs : output outputs
inlet : outlet
start : stop
push : pull
yes : no
first : last
hot warm : cold
dry : wet damp moist humid
with : without
old used : new
early earlier : late later
stay stays remain : leave leaves
thick thicker : thin thinner
wide wider : narrow narrower
full : empty
loose : tight
live : dead
same : different
heavy heavier : light lighter
hard : soft
internal : external
horizontal horizontally : vertical vertically
male : female
primary : secondary
permanent permanently : temporary temporarily
manual manually : automatic automatically
begin begins : end ends
insert : withdraw
assemble : disassemble dismantle
engage engaged : disengage disengaged
lock locked : unlock unlocked
load : unload
activate activated : deactivate deactivated
always : never
near nearest : far farthest
pass passes passed : fail fails failed
forward forwards : backward backwards
single : double
ascending : descending
expand expands : contract contracts shrink shrinks
north : south
true : false
odd : even
"""
_PREFIXES = ("un", "in", "im", "non", "dis", "de")
_PAIRS = [tuple(frozenset(side.split()) for side in pair.split(" : ")) for pair in _OPPOSITES.strip().splitlines()]
_BOTH_WAYS = [(side, other) for a, b in _PAIRS for side, other in ((a, b), (b, a))]


def other_negation(said: str, quotes: Sequence[str]) -> bool:
    """A "not" that is gone, or new: against those sentences of the quotes that say what this one says."""
    terms = set(analyze(said))
    own = [(part, set(analyze(part)) - _NEGATIONS) for part in sentences(quotes)]
    alike = [part for part, words in own if words and len(words & terms) >= 0.5 * min(len(words), len(terms))]
    whole = [part for part, words in own if words and len(words & terms) >= WHOLE * len(words)]
    n_said = n_negations(said)
    return bool(alike) and (n_said > sum(map(n_negations, alike)) or n_said < sum(map(bool, map(n_negations, whole or alike[:1]))))


def n_negations(text: str) -> int:
    """How often a text says no."""
    plain = re.sub(r"\bnos?(?:\.(?=[\s:])|\s*(?=[\d:(|]|$))", "", fold(text))  # "No. 5", "No.: 5", "Item no": numbers
    words = re.findall(r"[^\W\d_]+(?:'[a-z]+)?", plain)
    return sum(word in _NEGATIONS for word in words) + len(_NEGATED_CJK.findall(plain))


def opposite(said: str, evidence: str) -> bool:
    """A word that does not stand in the evidence while its opposite does ("smallest" for "largest", "unlocked" for "locked"); and "below
    150 A" where the evidence says "above 150 A"."""
    own, standing = words_of(said), words_of(evidence)
    if _undone(own, standing) or _undone(standing, own):
        return True
    for side, other in _BOTH_WAYS:
        new = {word for word in own & side if not any(word[:3] == known[:3] for known in standing & side)}
        if new and standing & other and not own & other:
            return True
    known = _limits(evidence)
    limits = [(words, known.get(digits, [])) for digits, found in _limits(said).items() for words in found]
    return any(_turned(words, near, side, other) for words, near in limits for side, other in _BOTH_WAYS)


def _undone(words: set[str], others: set[str]) -> bool:
    """A word of some length that the others hold without its negative prefix, and neither side holds both."""
    for word in words - others:
        bare = next((word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix)), "").lstrip("-")
        if len(bare) > 3 and bare in others and bare not in words:
            return True
    return False


def _turned(words: Sequence[str], known: Sequence[Sequence[str]], side: frozenset[str], other: frozenset[str]) -> bool:
    """Before a number stands a word of one side, while in the evidence only words of the other side stand before it."""

    def nearest(before: Sequence[str]) -> str:
        return next((word for word in reversed(before) if word in side or word in other), "")

    standing = {nearest(before) for before in known} - {""}
    return nearest(words) in side and bool(standing) and not standing & side


def _limits(text: str) -> dict[str, list[list[str]]]:
    """For each number, the three words before it in its clause, wherever it stands."""
    found: dict[str, list[list[str]]] = {}
    for match in re.finditer(r"(?<![\w.,])\d+(?:[.,]\d+)*", text):
        before = re.split(r"[;()\n]|,\s", text[: match.start()])[-1]
        found.setdefault(match.group().replace(",", "."), []).append(re.findall(r"[^\W\d_]+", fold(before))[-3:])
    return found


def words_of(text: str) -> set[str]:
    """The words of a text, folded: as they stand, in their parts, and as terms of the analyzer."""
    plain = fold(text)
    return {*re.findall(r"[^\W\d_]+", plain), *re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)+", plain), *analyze(text)}


def sentences(quotes: Iterable[str]) -> Iterator[str]:
    """The sentences of quotes."""
    for quote in quotes:
        yield from (quote[start:end] for start, end in sentence_spans(quote))
