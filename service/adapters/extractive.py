"""The default answerer: no LLM, no word of its own. It picks the sentences, steps or table rows that answer, verbatim.

A *window* is a run of neighbouring units (sentences, items, rows) of one passage. Its score is the sum of how much of the question's
weight it and its surroundings cover, the rank of its passage, what the cross-encoder says of it, and a small charge for length. A
fact is answered by the best windows; a question for a procedure by the sections the best passages stand in, in order. The weights
were found on sample and development questions (eval/LOG.md, entries one and six).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from service.cite import quotable
from service.core.errors import ModelUnavailable
from service.core.ports import Reranker
from service.core.text import analyze, quantities
from service.core.types import Draft, Part, Passage, Span
from service.pack import belongs
from service.sentences import Unit, units

WINDOW_WORDS = 40
FACT_WORDS = 80
PROCEDURE_WORDS = 240
FIRST_SECTION_WORDS = 150
SECOND_DROP = 1.0  # a second section is given only where its passage ranks this close to the first (the fitted score)
READ_WINDOWS = 12  # windows the cross-encoder reads
W_COVER, W_CONTEXT, W_RANK, W_CROSS, W_LENGTH = 2.0, 0.6, 0.6, 0.1, 0.2
DROP = 1.1  # a further window is given only this close to the best

_PROCEDURE = re.compile(
    r"(?i)\bhow (?:do|can|should|would|to|must)\b|\b(?:steps?|procedure|sequence|instructions?|in what order|what order|walk me through)\b"
    r"|\bwie (?:kann|muss|soll|wird|geht)\b|\b(?:schritte|vorgehen|anleitung)\b|步骤|如何|怎么|怎样"
)
_UNIT_IN_HEAD = re.compile(r"(.*\S)\s*[(\[]([^()\[\]]{1,8})[)\]]")
_BARE_NUMBER = re.compile(r"[<>≤≥±]?\s?[-−+]?\d[\d.,]*")
_CAPTION = re.compile(r"(?i)(?:table|figure|fig|tab|abb|tabelle|abbildung)\.? ?[\dA-Z][\d.\-A-Z]*\b[^.!?]*$|[图表] ?\d")


@dataclass(frozen=True, slots=True)
class _Window:
    """Units first..last (both included) of one passage."""

    passage: int
    units: tuple[Unit, ...]
    n_words: int
    score: float = 0.0


class ExtractiveGenerator:
    """A Generator. `reranker` judges windows where given; without it coverage and rank decide."""

    def __init__(self, reranker: Reranker | None = None) -> None:
        self._reranker = reranker

    @property
    def fingerprint(self) -> str:
        """Name and version."""
        return "extractive-1"

    def stream(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Iterator[Draft]:
        """The answer's units as drafts with exact spans: the best window first, the steps of a procedure in their order."""
        ranked = self._rank(question, passages)
        if not ranked:
            return
        chosen = _procedure(ranked, passages) if _PROCEDURE.search(question) else []
        for at, unit, score in _joined(chosen or _facts(ranked, passages)):
            text, added = _said(passages[at], unit)
            spans = (Span(at, unit.start, unit.end), *(Span(at, part.start, part.end) for part in _head_parts(passages[at], unit) if added))
            yield Draft(text, spans, added, score)

    def _rank(self, question: str, passages: Sequence[Passage]) -> list[_Window]:
        """Windows with their scores, best first; ties in passage order."""
        content = [_content(passage) for passage in passages]
        terms = {(at, unit.start): _terms(passages[at], unit) for at, own in enumerate(content) for unit in own}
        weights = _weights(question, list(terms.values()))
        around = [set(analyze(passage.chunk.context)) & weights.keys() for passage in passages]
        scored = [
            replace(window, score=_surface(window, around[at], terms, weights))
            for at, own in enumerate(content)
            for window in _windows(at, own, passages[at].chunk.text)
        ]
        scored.sort(key=lambda window: (-window.score, window.passage, window.units[0].start))
        if self._reranker is None or not scored:
            return scored
        head, tail = scored[:READ_WINDOWS], scored[READ_WINDOWS:]
        try:
            said = self._reranker.score(question, [_reading(passages[window.passage], window) for window in head])
        except ModelUnavailable:  # the search before met the same and named it in `degraded`
            return scored
        head = [replace(window, score=window.score + W_CROSS * value) for window, value in zip(head, said, strict=True)]
        floor = min(window.score for window in head)
        tail = [replace(window, score=min(window.score, floor)) for window in tail]
        return sorted(head, key=lambda window: (-window.score, window.passage, window.units[0].start)) + tail


def _windows(at: int, own: Sequence[Unit], text: str) -> Iterator[_Window]:
    """Every run of units of at most WINDOW_WORDS words, single units of any length."""
    sizes = [len(text[unit.start : unit.end].split()) for unit in own]
    for first in range(len(own)):
        n_words = 0
        for last in range(first, len(own)):
            n_words += sizes[last]
            if last > first and n_words > WINDOW_WORDS:
                break
            yield _Window(at, tuple(own[first : last + 1]), n_words)


def _surface(window: _Window, around: set[str], terms: Mapping[tuple[int, int], set[str]], weights: Mapping[str, float]) -> float:
    """The score without the cross-encoder. `around` holds the question's terms in the passage's context."""
    covered = set().union(*(terms[window.passage, unit.start] for unit in window.units)) & weights.keys()
    cover = sum(weights[term] for term in covered)
    context = sum(weights[term] for term in around - covered)
    return W_COVER * cover + W_CONTEXT * context + W_RANK * math.exp(-window.passage / 2) - W_LENGTH * window.n_words / 100


def _terms(passage: Passage, unit: Unit) -> set[str]:
    """A unit's terms; a table row has those of its column heads."""
    heads = " ".join(cell.head for cell in unit.part.cells)
    return set(analyze(f"{passage.chunk.text[unit.start : unit.end]} {heads}"))


def _weights(question: str, unit_terms: Sequence[set[str]]) -> dict[str, float]:
    """The share of the question's weight each of its terms has: rare among the units found is heavy. Sums to 1."""
    seen = Counter(term for terms in unit_terms for term in terms)
    raw = {term: math.log(1 + len(unit_terms) / (0.5 + seen.get(term, 0))) for term in set(analyze(question))}
    total = sum(raw.values()) or 1.0
    return {term: weight / total for term, weight in raw.items()}


def _reading(passage: Passage, window: _Window) -> str:
    """A window with its surroundings, as the cross-encoder was trained to read passages."""
    where = " > ".join([passage.document.title, *passage.chunk.section[-1:]])
    return f"{where}: {' '.join(_said(passage, unit)[0] for unit in window.units)}"


def _facts(ranked: Sequence[_Window], passages: Sequence[Passage]) -> list[tuple[int, Unit, float]]:
    """Units of the best windows that do not overlap or repeat, within FACT_WORDS."""
    chosen: list[_Window] = []
    taken: set[tuple[int, int]] = set()
    said: set[str] = set()
    n_words = 0
    for window in ranked:
        if window.score < ranked[0].score - DROP:
            break
        key = " ".join(analyze(" ".join(_said(passages[window.passage], unit)[0] for unit in window.units)))
        places = {(window.passage, unit.start) for unit in window.units}
        if (chosen and n_words + window.n_words > FACT_WORDS) or taken & places or key in said:
            continue
        chosen.append(window)
        taken |= places
        said.add(key)
        n_words += window.n_words
    return [(window.passage, unit, window.score) for window in chosen for unit in window.units]


def _procedure(ranked: Sequence[_Window], passages: Sequence[Passage]) -> list[tuple[int, Unit, float]]:
    """The section or list the best passage stands in, in reading order; then that of the next passage that stands in another, if it
    ranks nearly as high. Empty where the best passage is a table, which is read like a fact."""
    leads = [lead for at in range(len(passages)) if (lead := next((window for window in ranked if window.passage == at), None))]
    if not leads or leads[0].units[0].kind == "table_row":
        return []
    best = leads[0]
    other = next((lead for lead in leads if not belongs(passages[lead.passage].chunk, passages[best.passage].chunk)), None)
    near = other is not None and passages[other.passage].score > passages[best.passage].score - SECOND_DROP
    if other is None or not near or other.units[0].kind == "table_row":
        return _whole(best, passages, PROCEDURE_WORDS)
    chosen = _whole(best, passages, FIRST_SECTION_WORDS)
    n_words = sum(_size(passages[at], unit) for at, unit, _ in chosen)
    return chosen + _whole(other, passages, PROCEDURE_WORDS - n_words)


def _whole(window: _Window, passages: Sequence[Passage], room: int) -> list[tuple[int, Unit, float]]:
    """The units of the section or list a window stands in, in reading order, within `room` words: from its beginning, unless the
    window itself would then be left out."""
    together = [at for at, passage in enumerate(passages) if at == window.passage or belongs(passage.chunk, passages[window.passage].chunk)]
    together.sort(key=lambda at: passages[at].chunk.ordinal)
    flow = [(at, unit) for at in together for unit in _content(passages[at])]
    last = flow.index((window.passage, window.units[-1]))
    first = 0
    while first < last and sum(_size(passages[at], unit) for at, unit in flow[first : last + 1]) > room:
        first += 1
    chosen: list[tuple[int, Unit, float]] = []
    n_words = 0
    for at, unit in flow[first:]:
        n_words += _size(passages[at], unit)
        if n_words > room and chosen:
            break
        chosen.append((at, unit, window.score))
    return chosen


def _size(passage: Passage, unit: Unit) -> int:
    return len(passage.chunk.text[unit.start : unit.end].split())


def _joined(chosen: Sequence[tuple[int, Unit, float]]) -> Iterator[tuple[int, Unit, float]]:
    """Sentences that follow each other in one paragraph as one, so that they share a citation."""
    held: tuple[int, Unit, float] | None = None
    for at, unit, score in chosen:
        if held and held[0] == at and held[1].part is unit.part and 0 <= unit.start - held[1].end <= 2:
            held = (at, replace(held[1], end=unit.end), score)
            continue
        if held:
            yield held
        held = (at, unit, score)
    if held:
        yield held


def _content(passage: Passage) -> list[Unit]:
    """What may be said: units that are no headings, captions or labels of drawings, and that can be quoted."""
    text = passage.chunk.text
    return [
        unit
        for unit in units(passage.chunk)
        if unit.kind not in ("heading", "table", "figure")
        and not (unit.kind == "paragraph" and _CAPTION.match(text[unit.start : unit.end]))
        and (unit.part.exact or quotable(passage.chunk, unit.start, unit.end))
    ]


def _said(passage: Passage, unit: Unit) -> tuple[str, str]:
    """What is said of a unit, and the words in it that are not the unit's own: a table row names its columns. A head that states a
    quantity ("at 25 °C") is left out unless the head row can be quoted too, because the answer's quantities must stand in its quotes."""
    text = passage.chunk.text
    if unit.kind != "table_row" and unit.part.exact:
        return " ".join(text[unit.start : unit.end].split()), ""
    said, heads = [], []
    citable = bool(_head_parts(passage, unit))
    for start, end, _ in quotable(passage.chunk, unit.start, unit.end) if not unit.part.exact else _cells(unit):
        head = next((cell.head for cell in unit.part.cells if cell.start == start and cell.end == end), "")
        head = "" if quantities(head) and not citable else head
        heads.append(head)
        said.append(_named(head, text[start:end], citable))
    joint = "; " if any(heads) else " "
    return " ".join(joint.join(said).split()), " ".join(filter(None, heads))


def _named(head: str, value: str, citable: bool) -> str:
    """A cell with its column's head. The unit of a head that can be quoted goes with the number: "Torque (N·m)" over "7" becomes
    "Torque: 7 N·m"."""
    united = _UNIT_IN_HEAD.fullmatch(head)
    if citable and united and quantities(f"1 {united.group(2)}") and _BARE_NUMBER.fullmatch(value):
        head, value = united.group(1), f"{value} {united.group(2)}"
    return f"{head}: {value}" if head else value


def _head_parts(passage: Passage, unit: Unit) -> list[Part]:
    """The head rows of the table a row stands in, where they stand in the same chunk and can be quoted."""
    if unit.kind != "table_row":
        return []
    return [part for part in passage.chunk.parts if part.kind == "table" and quotable(passage.chunk, part.start, part.end)]


def _cells(unit: Unit) -> list[tuple[int, int, int]]:
    return [(cell.start, cell.end, unit.part.page) for cell in unit.part.cells if cell.end > cell.start] or [
        (unit.start, unit.end, unit.part.page)
    ]
