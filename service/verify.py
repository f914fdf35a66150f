"""An answer's sentences with what they cite in, counts out: is each supported, does each number stand in its quote?

Deterministic: a sentence is supported when its quotes hold at least SUPPORT of its content terms and all of its numbers. The
words an answer adds itself (column heads, the name of a section) are taken from the citation's section and the row's heads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from service.cite import Sentence
from service.core.text import analyze, fold
from service.core.types import Verification

SUPPORT = 0.7  # share of content terms; the answering issue replaces it by a trained entailment head
_NUMBER = re.compile(r"(?<![\w.])[+\-±]?\d+(?:[.,]\d+)*")
_MARKERS = re.compile(r"\s*\[\d+\]")


def verify(sentences: Sequence[Sentence]) -> Verification:
    """Counts over an answer."""
    supported = numbers = verified = 0
    for sentence in sentences:
        plain = _MARKERS.sub("", sentence.text)
        evidence = " ".join([*(citation.quote for citation in sentence.citations), sentence.added])
        own, standing = numbers_in(plain), set(numbers_in(evidence))
        good = sum(number in standing for number in own)
        numbers += len(own)
        verified += good
        supported += bool(sentence.citations) and good == len(own) and _covered(plain, evidence) >= SUPPORT
    return Verification(len(sentences), supported, numbers, verified)


def numbers_in(text: str) -> list[str]:
    """The numbers of a text in one spelling, signs and thousands separators aside."""
    return [re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", match).lstrip("+-±").replace(",", ".") for match in _NUMBER.findall(fold(text))]


def _covered(text: str, evidence: str) -> float:
    terms = set(analyze(text))
    return len(terms & set(analyze(evidence))) / len(terms) if terms else 1.0
