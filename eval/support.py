"""A sentence and the quotes it stands on in, "do they carry it" out: the deterministic scorer, calibrated on `eval/gold/judged.jsonl`.

Two questions, both without a model: do the quotes hold the sentence's terms and numbers (`eval.grounding`, after ALCE's citation recall),
and did the sentence turn round what they say (`service.faithful`: a number from its neighbour, a "not" that is gone, "max" for "min").
How far to trust it says `evdocs eval calibrate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.grounding import supported
from service.cite import Sentence
from service.core.types import Citation
from service.faithful import Setting, changed

SCORER = "deterministic.1"
"""Name and version of the scorer; rises when its verdicts can change."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the quotes carry the sentence; `why` names what failed ("terms", or what was changed), "" where nothing did."""

    supported: bool
    why: str = ""


def entailed(sentence: str, quotes: Sequence[str], *, section: Sequence[str] = ()) -> Verdict:
    """The scorer's verdict. `section` are headings the quotes stand under: words a sentence may take from there."""
    if not supported(sentence, quotes):
        return Verdict(False, "terms")
    citations = tuple(Citation(n, "", "", "", None, 1, None, tuple(section), quote, (), 0.0) for n, quote in enumerate(quotes, 1))
    turned = changed(Sentence(sentence, citations, "", None), Setting(sentence, {}))  # its own question: a judge's statement may be a piece
    return Verdict(not turned, turned)
