"""A sentence and the quotes it stands on in, "do they carry it" out: the deterministic scorer, calibrated on `eval/gold/judged.jsonl`.

Two questions, both without a model: do the quotes hold the sentence's terms and numbers (`eval.grounding`, after ALCE's citation recall),
and did the sentence turn round what they say (`service.faithful`: a number from its neighbour, a "not" that is gone, "max" for "min").
How far to trust it says `evdocs eval calibrate`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from eval.grounding import quotes_of, supported
from eval.matching import claims
from service.cite import Sentence
from service.core.text import analyze
from service.core.types import Citation
from service.faithful import Setting, changed
from service.measures import lone_units, measures

SCORER = "deterministic.1"
"""Name and version of the scorer; rises when its verdicts can change."""


SHARE = 0.7
"""Share of a sentence's terms that must stand in the quotes: chosen on the labelled pairs of the development documents (eval/LOG.md)."""
MOST_LINES = 4
MOST_STRANGE = 2
"""Neighbours in the sentence that stand nowhere near each other in the quote."""
_CHAIN = re.compile(r"\d[\d ]*(?:[^\W\d_]{1,2})?(?: ?[×x] ?\d[\d ]*(?:[^\W\d_]{1,2})?)+")
"""Sizes like 30 mm × 3.5 mm: their numbers are one thing, in this order."""
_SPACED = re.compile(r"(?<![\d.,])(?<![^\W\d_])(?<![^\W\d_]-)\d{1,3}(?: \d{3})+(?![\d.,]*\d)")


@dataclass(frozen=True, slots=True)
class Support:
    """Sentences of an answer, those supported by what they cite, and the texts of the rest."""

    n: int = 0
    supported: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the quotes carry the sentence; `why` names what failed ("terms", or what was changed), "" where nothing did."""

    supported: bool
    why: str = ""


def check_support(answer: str, citations: Sequence[Mapping[str, Any]]) -> Support:
    """ALCE's citation recall by the scorer: every sentence against the quotes it cites, together."""
    found = claims(answer)
    missing = [claim.text for claim in found if not entailed(claim.text, quotes_of(claim, citations)).supported]
    return Support(len(found), len(found) - len(missing), tuple(missing))


def entailed(sentence: str, quotes: Sequence[str], *, share: float = SHARE) -> Verdict:
    """The scorer's verdict on a sentence and the quotes it cites; `share` of its terms must stand in them."""
    found = _held(sentence, quotes, share)
    if found.supported and _reordered(sentence, quotes):
        return Verdict(False, "order")
    return found if not found.supported else _meant(sentence, quotes)


def entailed_by_text(sentence: str, text: str) -> Verdict:
    """The same against whole passages: terms and numbers may stand anywhere in them, but what is negated, opposite or another's is judged
    on the lines the sentence speaks of alone (elsewhere on a page there is always a "not")."""
    found = _held(sentence, [text], SHARE)
    return found if not found.supported else _meant(sentence, nearest_lines(sentence, text))


def _held(sentence: str, quotes: Sequence[str], share: float) -> Verdict:
    if not quotes or not _same_measures(sentence, "\n".join(quotes)):
        return Verdict(False, "numbers")
    return Verdict(True) if supported(sentence, quotes, share) else Verdict(False, "terms")


def _reordered(sentence: str, quotes: Sequence[str]) -> bool:
    """The very terms of one quote and no other, but in two places or more beside other ones than there: "A first, then B", "M10 for L1 and
    M12 for N" made of the same words the other way round. A paraphrase brings words of its own."""
    said = analyze(sentence)
    same = [own for own in map(analyze, quotes) if set(said) <= set(own)]

    def strange(own: Sequence[str]) -> int:
        near = {(one, other) for at, one in enumerate(own) for other in own[at + 1 : at + 3]}
        return sum(pair not in near for pair in pairwise(said))

    return bool(same) and min(map(strange, same)) >= MOST_STRANGE


def _meant(sentence: str, quotes: Sequence[str]) -> Verdict:
    citations = tuple(Citation(n, "", "", "", None, 1, None, (), quote, (), 0.0) for n, quote in enumerate(quotes, 1))
    turned = changed(Sentence(sentence, citations, "", None), Setting(sentence, {}))  # its own question: a judge's statement may be a piece
    return Verdict(not turned, turned)


def nearest_lines(sentence: str, text: str) -> list[str]:
    """The lines of a text that together hold the sentence's terms: the one with most of them, then those that add to it."""
    wanted = set(analyze(sentence))
    lines = [(line, set(analyze(line)) & wanted) for line in dict.fromkeys(text.splitlines()) if line.strip()]
    taken: list[str] = []
    while lines and wanted and len(taken) < MOST_LINES:
        line, held = max(lines, key=lambda one: (len(one[1] & wanted), -len(one[0])))
        if not held & wanted:
            break
        taken.append(line)
        wanted -= held
    return taken


def _same_measures(sentence: str, evidence: str) -> bool:
    """Every number of the sentence stands in the evidence, with its unit, or beside that unit alone (the head of a column). "10 000" is
    one number, where "310 360" may be two cells: it must stand in the evidence as it is written."""
    if any(_joined(number) not in _joined(evidence) for number in _SPACED.findall(sentence)):
        return False
    chains = (" ".join(re.findall(r"\d+", chain.group())) for chain in _CHAIN.finditer(sentence))
    if any(chain not in " ".join(re.findall(r"\d+", evidence)) for chain in chains):
        return False
    held, lone = set(measures(evidence)), lone_units(evidence)
    bare = {measure.number for measure in held}
    return all(measure in held or (measure.number in bare and (not measure.unit or measure.unit in lone)) for measure in measures(sentence))


def _joined(text: str) -> str:
    """The text with blanks inside spaced numbers gone, and every number fenced, so that 10000 is not found in 110000."""
    return re.sub(r"\d+", lambda match: f"<{match.group()}>", _SPACED.sub(lambda match: match.group().replace(" ", ""), text))
