"""A question and its ranked passages in, out: how much of what the question names they do not hold.

A question is refused for what is *missing*: the size M10 where the table ends at M8, a warranty in a manual that speaks of none, a time
where no unit of time stands beside the words. What a question names: designators (sizes, codes, models; met exactly or by a variant),
subjects (its words without the common ones; met by the same stem) and the quantity it asks for (met by any value of that kind). All that is
named becomes one pattern a question, so that a passage is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.common_words import COMMON
from service.core.text import analyze, fold
from service.core.types import Document, Passage
from service.quantities import COUNT, asked_for, named_by, states
from service.sentences import units

READ = 5
"""Passages whose places are read one by one."""
W_DESIGNATOR, W_SUBJECT, W_QUANTITY = 2.0, 1.0, 1.5
NEARBY = 0.3
"""What a name still lacks that is met only by the surroundings of a place: its section, its table, its neighbours."""
MIN_STEM, OPEN_STEM = 3, 5
"""Letters a stem keeps; letters from which on a stem may go on in any way ("thermistor-based")."""
_TOKEN = re.compile(r"[^\W_]+(?:[-/.+_][^\W_]+)*")
_VALUE = re.compile(
    r"[-+±]?\d+(?:[.,]\d+)*(?:[a-zµω°%]{1,4}\d?|-?(?:phase|pole|pin|bit|wire|cell|series|minute|hour|second|year|volt|amp|way|step|channel))?"
    r"|\d+(?:[-/x]\d+)+[a-z°%]{0,3}"
)
_COUNTED = re.compile(r"\d+-([a-z]{3,})")  # "4-string": the word is named, the number is a value
_RANGE = re.compile(r"(([a-z]+)\d+)-(([a-z]+)\d+)")  # "p40-p46": both ends
_ENDINGS = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ions",
    "ion",
    "ers",
    "er",
    "ied",
    "ies",
    "ed",
    "es",
    "al",
    "ly",
    "y",
    "e",
    "s",
)
_ANY_ENDING = f"(?:{'|'.join(sorted({*_ENDINGS, 'ating', 'ated', 'ates', 'ate', 'or', 'ors', 'able', 'n', 't'}, key=len, reverse=True))})?"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a question names: `designators` and `subjects` as written, folded; `quantities` are dimensions. Group number i of `pattern`
    matches designator i, then the subjects."""

    designators: tuple[str, ...]
    subjects: tuple[str, ...]
    quantities: tuple[str, ...]
    pattern: re.Pattern[str]

    @property
    def names(self) -> tuple[str, ...]:
        """Designators, then subjects."""
        return self.designators + self.subjects

    def weight(self, numbers: frozenset[int]) -> float:
        """Of the names with these numbers."""
        return sum(W_DESIGNATOR if number < len(self.designators) else W_SUBJECT for number in numbers)

    def unsaid(self, text: str) -> float:
        """Share, by weight, of all that is named and asked for which a text does not hold."""
        lacking = self.weight(frozenset(range(len(self.names))) - self.met(text))
        lacking += W_QUANTITY * sum(not states(text, quantity) for quantity in self.quantities)
        whole = self.weight(frozenset(range(len(self.names)))) + W_QUANTITY * len(self.quantities)
        return lacking / whole if whole else 0.0

    def met(self, text: str) -> frozenset[int]:
        """The numbers of the names that a text holds."""
        return _met(self.pattern, text) if self.names else frozenset()


@dataclass(frozen=True, slots=True)
class Missing:
    """What is not met. `place`: share of all that is named, by weight, at the one place that meets most. `designators` and `subjects`:
    how many stand in no passage of the leading document. `quantity`: the share of the names that is not met at the best place which states
    what is asked for, 1 where none does, 0 where nothing is asked for. `names` are those the leading document lacks, for the reader."""

    place: float
    designators: int
    subjects: int
    quantity: float
    asks_quantity: float
    asks_count: float
    names: tuple[str, ...] = ()


def needs(question: str, others: Mapping[str, Sequence[str]] | None = None, *, foreign: bool = False) -> Needs:
    """What must be met. `others` holds, for words of the question as written, other ways to say them, any of which meets them;
    `foreign`: the evidence is in another language, so that only words with such others can be looked for."""
    known = {fold(written): tuple(terms) for written, terms in (others or {}).items()}
    designators: dict[str, str] = {}
    subjects: dict[str, str] = {}
    for piece in _named_pieces(question):
        if any(char.isdigit() for char in piece):
            designators[piece] = _designator(piece)
            continue
        for term in (term for term in analyze(piece) if not _common(term)):
            said = [written for written in known if stem(term) in written or written in piece]
            for name in said or ([] if foreign else [term]):
                subjects[name] = "|".join(map(_phrase, [term if name == term else name, *known.get(name, ())]))
    pattern = re.compile("|".join(f"({alternative})" for alternative in [*designators.values(), *subjects.values()]))
    return Needs(tuple(designators), tuple(subjects), asked_for(question), pattern)


def _common(term: str) -> bool:
    """Whether evidence need not hold a term of a question: common words, what somebody did, and how; a dimension is met by a value."""
    return (
        len(term) < 2
        or term in COMMON
        or named_by(term) is not None
        or (term.isascii() and len(term) > 5 and term.endswith(("ed", "ly")) and not term.endswith("eed"))
    )


def designators_in(text: str) -> frozenset[str]:
    """The sizes, codes and models of a text, folded; no quantities."""
    return frozenset(piece for piece in _named_pieces(text) if any(char.isdigit() for char in piece))


def missing(wanted: Needs, passages: Sequence[Passage]) -> Missing:
    """Hold a question's needs against its passages, best first."""
    counts = float(wanted.quantities == (COUNT,))
    asks = float(bool(wanted.quantities) and not counts)
    everything = frozenset(range(len(wanted.names)))
    if not passages:
        return Missing(1.0, len(wanted.designators), len(wanted.subjects), asks, asks, counts, wanted.names)
    leading = passages[0].document
    met = wanted.met(_names_of(leading))
    for passage in passages:
        if passage.document.document_id == leading.document_id:
            met |= wanted.met(_all_of(passage))
    places = [found for passage in passages[:READ] for found in _places(wanted, passage)]
    whole = wanted.weight(everything) + W_QUANTITY * len(wanted.quantities)
    least = min((unmet for unmet, _ in places), default=whole)
    stating = min((share for _, share in places), default=1.0)
    lacked = sorted(everything - met)
    return Missing(
        place=min(1.0, least / whole) if whole else 0.0,
        designators=sum(number < len(wanted.designators) for number in lacked),
        subjects=sum(number >= len(wanted.designators) for number in lacked),
        quantity=stating if asks else 0.0,
        asks_quantity=asks,
        asks_count=counts,
        names=tuple(wanted.names[number] for number in lacked),
    )


def _places(wanted: Needs, passage: Passage) -> Iterator[tuple[float, float]]:
    """For each sentence, row, item: the weight of all that it does not meet; and the share of the names it does not, 1 where it does not
    state the quantity that is asked for."""
    chunk = passage.chunk
    said = [unit for unit in units(chunk) if unit.kind not in ("heading", "figure")]
    texts = [" ".join([chunk.text[unit.start : unit.end], unit.part.statement, *(cell.head for cell in unit.part.cells)]) for unit in said]
    own = [wanted.met(text) for text in texts]
    above = wanted.met(f"{chunk.context} {_names_of(passage.document)}")
    everything = frozenset(range(len(wanted.names)))
    whole = wanted.weight(everything) or 1.0
    for at, text in enumerate(texts):
        near = above.union(*own[max(0, at - 1) : at + 2])
        stated = sum(states(text, quantity) for quantity in wanted.quantities)
        unmet = wanted.weight(everything - near) + NEARBY * wanted.weight(near - own[at])
        yield unmet + W_QUANTITY * (len(wanted.quantities) - stated), unmet / whole if stated == len(wanted.quantities) else 1.0


def stem(term: str) -> str:
    """A term without its ending."""
    if not term.isascii() or not term.isalpha():
        return term
    for ending in _ENDINGS:
        if term.endswith(ending) and len(term) - len(ending) >= MIN_STEM:
            return term[: -len(ending)]
    return term


def _phrase(words: str) -> str:
    """Matches the words of a phrase one after the other, each with any ending."""
    return r"\W+".join(_subject(word) for word in fold(words).split())


def _subject(term: str) -> str:
    """Matches the term with any ending, from OPEN_STEM letters on however it goes on."""
    own = stem(term)
    if not term.isascii() or not term.isalpha():
        return re.escape(term)
    doubled = f"{own[-1]}?" if own[-1] not in "aeiou" else ""
    return (
        rf"(?<![^\W_]){own}(?:[a-z]*|{doubled})(?![a-z])" if len(own) >= OPEN_STEM else rf"(?<![^\W_]){own}{doubled}{_ANY_ENDING}(?![a-z])"
    )


def _designator(name: str) -> str:
    """Matches the name with or without its dashes, and variants: "pm100" for "pm100dx" and the other way round. Digits never go on or
    fall away, but for the leading zeros of a hexadecimal number."""
    runs = re.findall(r"[^\W\d_]+|\d+", name)
    gap = r"[-‐‑–/.+_ ]?"
    if name.startswith("0x"):
        return rf"(?<![^\W_])0x0*{re.escape(name[2:].lstrip('0'))}(?![^\W_])"
    core = len(runs)
    if len(runs) > 2 and not runs[-1].isdigit() and len("".join(runs[:-1])) >= 4:
        core -= 1
    body = gap.join("[x×]" if run == "x" else re.escape(run) for run in runs[:core])
    rest = "".join(rf"(?:{gap}{re.escape(run)})?" for run in runs[core:])
    after = r"(?!\d)" if len("".join(runs)) >= 4 else r"(?![^\W_])"
    return rf"(?<![^\W_]){body}{rest}{after}"


@lru_cache(maxsize=4096)
def _met(pattern: re.Pattern[str], text: str) -> frozenset[int]:
    return frozenset(int(match.lastindex or 0) - 1 for match in pattern.finditer(fold(text)))


def _names_of(document: Document) -> str:
    return " ".join([document.title, document.file, document.manufacturer, *document.product, *document.aliases])


def _all_of(passage: Passage) -> str:
    return " ".join([passage.chunk.indexed_text, *(part.statement for part in passage.chunk.parts)])


def _named_pieces(text: str) -> Iterator[str]:
    """Words and designators of a text, without values."""
    for match in _TOKEN.finditer(fold(text)):
        if not _VALUE.fullmatch(match.group()):
            yield from (piece for piece in _pieces(match.group()) if not _VALUE.fullmatch(piece))


def _pieces(token: str) -> list[str]:
    """A token with a digit stays whole where it is one name ("hb-4013"); joined words fall apart ("torque/speed"), and so do ranges."""
    if counted := _COUNTED.fullmatch(token):
        return [counted.group(1)]
    if (between := _RANGE.fullmatch(token)) and between.group(2) == between.group(4):
        return [between.group(1), between.group(3)]
    if any(char.isdigit() for char in token) and "/" not in token:
        return [token]
    return [piece for piece in re.split(r"[-/.+_]", token) if piece]
