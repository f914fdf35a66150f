"""Passages and a reason in, a refusal out: why, and what is there instead, quoted.

A refusal is a result that helps: it names what the documents lack ("m10"), shows the nearest passages, and for a request to defeat a
protection the manual's own warnings, which travel as notices with their citations. Must not know how the reason was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from service.applicability import Applicable
from service.cite import Cited, citation, quotable
from service.clarify import Choice
from service.core.ports import VectorStore
from service.core.text import analyze, fold
from service.core.types import Answer, Citation, Passage, Refusal, RefusalReason
from service.notices import notices
from service.sentences import Unit, units
from service.specificity import Missing
from service.unsafe import Unsafe

NEAREST = 3  # citations shown with a refusal
OUT_OF_SCOPE = "The indexed documents are not about this, so there is no answer from them."
NOT_IN_DOCUMENTS = "The indexed documents do not answer this. The nearest passages are shown: check whether one of them helps."
LACKING = "The indexed documents do not answer this: nothing in the nearest document speaks of {names}. What it does say is shown."
UNPROVED = "An answer was found that could not be proved from its sources, so it is not given. The nearest passages are shown."
UNSAFE = (
    "This would defeat a protection ({what}), so how to do it is not answered. "
    "What the documents say about it is shown: follow their procedure."
)
WHICH = "The documents give different answers for {products}. Which one do you mean?"
_FORBIDS = re.compile(
    r"\b(?:never|must not|do not|don't|not (?:be )?(?:allowed|permitted)|prohibited|forbidden|only|danger|warning|caution|risk|death|lethal"
    r"|shock|niemals|nicht|nur|gefahr|lebensgefahr)\b|禁止|不得|严禁|危险|警告",
    re.I,
)


def refused(reason: RefusalReason, message: str, passages: Sequence[Passage] = (), confidence: float = 0.0) -> Answer:
    """A refusal with the first quotable sentence of each of the nearest passages."""
    nearest: list[Citation] = []
    for passage in passages:
        if len(nearest) < NEAREST and (piece := next(_pieces(passage), None)) is not None:
            nearest.append(citation(passage, *piece, len(nearest) + 1))
    return Answer(status="refused", text="", refusal=Refusal(reason, message, tuple(nearest)), confidence=confidence)


def not_answered(passages: Sequence[Passage], applies: Applicable, lacks: Missing, in_scope: bool, confidence: float) -> Answer:
    """The refusal of a question that the documents do not answer, with what they lack or whose manual speaks of it."""
    if applies.only_foreign:
        return refused("not_in_documents", applies.only_foreign, applies.foreign, confidence)
    if not passages or not in_scope:
        return refused("out_of_scope", OUT_OF_SCOPE, passages, confidence)
    names = ", ".join(f"“{name}”" for name in lacks.names[:3])
    return refused("not_in_documents", LACKING.format(names=names) if names else NOT_IN_DOCUMENTS, passages, confidence)


def warned(defeat: Unsafe, question: str, passages: Sequence[Passage], store: VectorStore) -> Answer:
    """The refusal of an unsafe request: what the nearest passages forbid or order about it, and the notices that guard them."""
    cited = Cited(passages)
    wanted = set(analyze(f"{question} {defeat.protection}"))
    spans = sorted(
        (-_worth(passage, unit, wanted), at, unit.start, unit) for at, passage in enumerate(passages) for unit in units(passage.chunk)
    )
    for worth, at, _, unit in spans:
        if worth == 0 or len(cited.citations) >= NEAREST:
            break
        for start, end, page in quotable(passages[at].chunk, unit.start, unit.end)[:1]:
            cited.citations.append(citation(passages[at], start, end, page, len(cited.citations) + 1))
    nearest = tuple(cited.citations)
    owed = notices(cited, store) if nearest else ()
    refusal = Refusal("unsafe", UNSAFE.format(what=defeat.protection), nearest)
    return Answer(status="refused", text="", citations=tuple(cited.citations), notices=owed, refusal=refusal)


def asked_back(found: Sequence[Choice], confidence: float) -> Answer:
    """Which product is meant? With the passage that answers for each."""
    nearest = [citation(choice.passage, *piece, at) for at, choice in enumerate(found, 1) if (piece := next(_pieces(choice.passage), None))]
    message = WHICH.format(products=" and ".join(choice.product for choice in found))
    return Answer(status="clarify", text=message, refusal=Refusal("ambiguous", message, tuple(nearest)), confidence=confidence)


def _worth(passage: Passage, unit: Unit, wanted: set[str]) -> float:
    """How much a sentence says about the protection: terms shared with the question, doubled where it forbids, warns or orders."""
    if unit.kind in ("heading", "figure", "table"):
        return 0.0
    text = passage.chunk.text[unit.start : unit.end]
    shared = len(wanted & set(analyze(text)))
    return shared * (2.0 if unit.kind == "notice" or _FORBIDS.search(fold(text)) else 1.0)


def _pieces(passage: Passage) -> Iterator[tuple[int, int, int]]:
    said = (unit for unit in units(passage.chunk) if unit.kind not in ("figure", "table"))
    return (piece for unit in said for piece in quotable(passage.chunk, unit.start, unit.end))
