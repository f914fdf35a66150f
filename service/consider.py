"""Ranked passages in, all that is known before it is decided whether to answer out: who they apply to, what they lack, the extractive
answer, and how sure it is. The same for a request and for `eval/fit_confidence.py`, so that what is fitted is what is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.applicability import Applicable, applicable
from service.cite import Cited
from service.closeness import with_closeness
from service.confidence import Confidence, features, model_for
from service.core.ports import Rag
from service.core.types import Filters, Passage
from service.pack import pack
from service.query.record import Query
from service.revisions import corrections_first, current
from service.specificity import READ, Missing, Needs, missing, needs
from service.stages import Stages
from service.withheld import screened
from service.writing import cited_drafts


@dataclass(frozen=True, slots=True)
class Considered:
    """`passages` may answer; `cited` is the extractive answer over `packed`; `values` are the signals it is judged by."""

    passages: tuple[Passage, ...]
    applies: Applicable
    wanted: Needs
    lacks: Missing
    packed: tuple[Passage, ...]
    cited: Cited
    values: dict[str, float]

    @property
    def model(self) -> Confidence:
        """The model fitted for these signals."""
        return model_for(self.values)

    @property
    def confidence(self) -> float:
        """The probability that the answer is right."""
        return self.model.right.judge(self.values)

    @property
    def in_scope(self) -> bool:
        """Whether the question is about what the documents are about."""
        return self.model.in_scope.judge(self.values) >= self.model.out_of_scope_below

    def answers(self, refuse_below: float) -> bool:
        """Whether to answer: `refuse_below` is a confidence, negative for the fitted rule."""
        if not self.cited.sentences:
            return False
        if refuse_below >= 0:
            return self.confidence >= refuse_below
        model = self.model
        return model.answerable.judge(self.values) >= model.refuse_below and self.confidence >= model.unsure_below


def consider(rag: Rag, query: Query, found: Sequence[Passage], filters: Filters, stages: Stages) -> Considered:
    """Everything but the decision. Raises DeadlineExceeded."""
    question = query.text
    applies = applicable(current(found, question, filters), query.products)
    wanted = named_needs(query, applies.passages)
    passages = corrections_first(applies.passages, wanted)
    lacks = missing(wanted, passages)
    packed = screened(pack(passages, rag.settings.passages, rag.index.vectors, rag.index.documents), stages.degraded)
    packed = with_closeness(rag, question, packed)
    cited = cited_drafts(rag.generators["extractive"].stream(question, packed, stages.left_s()), packed)
    values = features(question, passages, cited.sentences, wanted, lacks)
    return Considered(tuple(passages), applies, wanted, lacks, tuple(packed), cited, values)


def named_needs(query: Query, passages: Sequence[Passage]) -> Needs:
    """What the question names, slips of the pen put right, in its own words or those the documents use for them. Of a question in another
    language than the documents, the words that have such others must be met; where none has, all of them, which then are missing."""
    others: dict[str, list[str]] = {}
    for expansion in query.expansions:
        others.setdefault(expansion.written, []).extend(expansion.terms)
    languages = {passage.document.language for passage in passages[:READ]} - {""}
    foreign = bool(others) and bool(query.language) and bool(languages) and query.language not in languages
    return needs(query.embed_text or query.text, others, foreign=foreign)
