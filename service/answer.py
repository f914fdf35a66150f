"""A question in, an Answer out: the request from top to bottom.

    screen -> search -> consider (apply, extract, judge) -> refuse | ask back | (write) -> prove -> notices -> Answer

Streaming is the same path: `on_sentence` and `on_citation` are told of each as soon as it stands, and the whole Answer follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from service.cite import Cited
from service.clarify import choices
from service.conflicts import add_conflicts
from service.consider import consider
from service.core.ports import Rag
from service.core.types import Answer, Citation, Filters, Passage
from service.degraded import parts, unreadable
from service.followup import made_whole
from service.guard import Screened, screen
from service.notices import notices
from service.query.record import Query
from service.refuse import UNPROVED, asked_back, not_answered, refused, warned
from service.request_log import request_fields
from service.retrieve import search, understood
from service.revisions import current, labelled
from service.stages import Stages
from service.unsafe import unsafe
from service.verify import proved, verify
from service.withheld import screened
from service.writing import write

Mode = Literal["auto", "extractive", "llm"]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, by whom, under which filters. `history` holds earlier (question, answer) pairs."""

    text: str
    filters: Filters = field(default_factory=dict)
    mode: Mode = "auto"
    user_id: str | None = None
    session_id: str | None = None
    history: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear of sentences and citations while the answer is made."""

    on_sentence: Callable[[str], None] | None = None
    on_citation: Callable[[Citation], None] | None = None

    def tell(self, cited: Cited) -> None:
        """Report a settled answer, a sentence at a time, each citation when it is first used."""
        told: set[int] = set()
        for sentence in cited.sentences:
            if self.on_sentence:
                self.on_sentence(sentence.text + "\n")
            for item in sentence.citations:
                if self.on_citation and item.marker not in told:
                    told.add(item.marker)
                    self.on_citation(item)


def answer(
    rag: Rag,
    question: Question,
    *,
    trace_id: str,
    deadline: float,
    on_sentence: Callable[[str], None] | None = None,
    on_citation: Callable[[Citation], None] | None = None,
) -> Answer:
    """Answer one question. `deadline` is a time.monotonic() value. Raises DeadlineExceeded and StoreUnavailable; any other part
    that fails is left out and named in `degraded`."""
    with rag.tracer.trace("ask", trace_id=trace_id, user_id=question.user_id, session_id=question.session_id) as root:
        root.update(input=question.text)
        stages = Stages(rag.tracer, deadline)
        asked = screen(question.text)
        if asked.reason is not None:
            made = refused(asked.reason, asked.message)
        else:
            whole = made_whole(rag, asked.text, question.history, stages, by_model=question.mode != "extractive")
            queries = understood(rag, asked.text, whole.text)
            asked = replace(asked, unsafe=asked.unsafe or unsafe(queries[0].text))  # "and how do I bypass it?"
            passages = search(rag, queries, question.filters, rag.settings.rerank_depth, stages)
            with stages.stage("answer", "generation") as span:
                made, cited = _decided(rag, replace(question, text=queries[0].text), queries[0], asked, passages, stages)
                made = replace(made, usage=made.usage + whole.usage)
                Listener(on_sentence, on_citation).tell(cited)
                span.update(output=made.text, metadata={"status": made.status, "mode": made.mode})
        named = [*dict.fromkeys(stages.degraded), *unreadable(made, rag.index.documents)]
        made = replace(made, degraded=tuple(named), timings_ms=stages.finish())
        root.update(output=made.text, metadata={**request_fields(question.text, made, rag.index), "degraded": parts(named)})
    return made


def _decided(rag: Rag, question: Question, query: Query, asked: Screened, found: Sequence[Passage], stages: Stages) -> tuple[Answer, Cited]:
    """The answer, the refusal or the question back, with the sentences a listener may hear."""
    passages = screened(found, stages.degraded)
    unsaid, store = Cited(passages), rag.index.vectors
    if asked.unsafe is not None:
        nearest = current(passages, question.text, question.filters)[: rag.settings.passages]
        return warned(asked.unsafe, question.text, nearest, store), unsaid
    seen = consider(rag, query, passages, question.filters, stages)
    if not seen.answers(rag.settings.refuse_below):
        return not_answered(seen, rag.index.codes), unsaid
    if options := choices(seen.wanted, seen.passages):
        return asked_back(options, seen.confidence), unsaid
    written = write(rag, question, seen.packed, seen.cited, stages)
    cited = proved(written.cited)
    if not cited.sentences:
        return refused("not_in_documents", UNPROVED, seen.passages, seen.confidence), unsaid
    add_conflicts(cited, seen.wanted)
    labelled(cited, rag.index.documents)
    owed = notices(cited, store)  # before the citations are read: it may add some
    made = Answer(
        status="answered",
        text=cited.text,
        citations=tuple(cited.citations),
        notices=owed,
        confidence=seen.confidence,
        mode=written.mode,
        verification=verify(cited.sentences),
        generator=written.generator,
        usage=written.usage,
    )
    return made, cited
