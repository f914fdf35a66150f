"""An answer's sentences with what they cite in; faults and counts out: does each sentence stand on its quotes?

Deterministic. A sentence has no fault when its markers resolve, its quotes hold at least SUPPORT of its content terms, every number of it
stands in one quote with its unit (or, as in tables, the number in one and the unit alone in one), every code and every address too, and it
carries no markup that the evidence does not. The words an answer adds itself (column heads, a section's name) count as evidence for terms,
and for numbers only where they are no quantity.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from service.cite import Cited, Sentence
from service.core.codes import find_codes
from service.core.text import analyze, fold
from service.core.types import Verification
from service.measures import Measure, lone_units, measures

SUPPORT = 0.7
"""Share of a sentence's content terms that must stand in its quotes (eval/LOG.md)."""
_MARKERS = re.compile(r"\s*\[\d+\]")
_TRAILING = re.compile(r"(?:\s*\[\d+\])+$")
_ADDRESS = re.compile(r"(?i)\b(?:https?|ftp|file|javascript|data):\S+|\bwww\.\S+|\b[\w.-]+@[\w-]+\.\w+")
_MARKUP = re.compile(r"<\s*/?\s*[a-zA-Z][^<>]*>|!?\[[^\]]*\]\([^)]*\)|```")


def verify(sentences: Sequence[Sentence]) -> Verification:
    """Counts over an answer: sentences without fault, numbers that stand in their quotes."""
    supported = numbers = verified = 0
    for sentence in sentences:
        own, standing = numbers_standing(sentence)
        numbers += own
        verified += standing
        supported += not faults(sentence)
    return Verification(len(sentences), supported, numbers, verified)


def proved(cited: Cited) -> Cited:
    """The answer without the sentences that have a fault, and without citations that nothing uses any more; markers are numbered anew."""
    kept = [sentence for sentence in cited.sentences if not faults(sentence)]
    if len(kept) == len(cited.sentences):
        return cited
    used = dict.fromkeys(item.marker for sentence in kept for item in sentence.citations)
    numbers = {marker: number for number, marker in enumerate(used, 1)}
    citations = {item.marker: replace(item, marker=numbers[item.marker]) for item in cited.citations if item.marker in numbers}
    left = Cited(cited.passages, citations=[citations[marker] for marker in used], unknown_markers=cited.unknown_markers)
    for sentence in kept:
        own = tuple(citations[item.marker] for item in sentence.citations)
        marks = "".join(f"[{item.marker}]" for item in own)
        left.sentences.append(replace(sentence, text=f"{_TRAILING.sub('', sentence.text)} {marks}", citations=own))
    return left


def faults(sentence: Sentence) -> tuple[str, ...]:
    """What is wrong with a sentence, in words; empty where it is proved."""
    plain = _plain(sentence)
    quotes = [citation.quote for citation in sentence.citations]
    if not quotes:
        return ("it cites nothing",)
    evidence = "\n".join([*quotes, sentence.added])
    found = [f"{measure.number} {measure.unit}".strip() + " stands in no quote" for measure in _unproved(plain, quotes, sentence.added)]
    folded = fold(evidence)
    names = {code.key for code in find_codes(evidence)}
    found += [
        f"{plain[c.start : c.end]} stands in no quote"
        for c in find_codes(plain)
        if c.key not in names and fold(plain[c.start : c.end]) not in folded
    ]
    found += [
        f"{match.group()} is not in the evidence"
        for pattern in (_ADDRESS, _MARKUP)
        for match in pattern.finditer(plain)
        if fold(match.group()) not in folded
    ]
    if coverage(plain, evidence) < SUPPORT:
        found.append("its words are not those of its quotes")
    return tuple(found)


def numbers_standing(sentence: Sentence) -> tuple[int, int]:
    """(numbers of a sentence, those that stand in its quotes)."""
    plain = _plain(sentence)
    own = list(measures(plain))
    return len(own), len(own) - len(_unproved(plain, [citation.quote for citation in sentence.citations], sentence.added))


def coverage(text: str, evidence: str) -> float:
    """Share of a text's distinct terms that the evidence holds; 1 for a text without any."""
    terms = set(analyze(text))
    return len(terms & set(analyze(evidence))) / len(terms) if terms else 1.0


def _unproved(plain: str, quotes: Sequence[str], added: str) -> list[Measure]:
    """The numbers that stand in no quote with their unit. A bare number may stand there with one, and may come from what was added."""
    standing = [set(measures(quote)) for quote in quotes]
    numbers = [{measure.number for measure in held} for held in standing]
    bare = [{measure.number for measure in held if not measure.unit} for held in standing]
    beside = {measure.number for measure in measures(added)}
    alone = frozenset[str]().union(*(lone_units(quote) for quote in quotes))
    wrong = []
    for measure in measures(plain):
        if not measure.unit:
            good = any(measure.number in held for held in numbers) or measure.number in beside
        else:
            good = any(measure in held for held in standing) or (measure.unit in alone and any(measure.number in held for held in bare))
        if not good:
            wrong.append(measure)
    return wrong


def _plain(sentence: Sentence) -> str:
    return _MARKERS.sub("", sentence.text)
