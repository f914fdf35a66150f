"""A question in, an Answer out: the request from top to bottom.

    search -> pack -> extract -> judge -> (write) -> cite -> verify -> Answer

Streaming is the same path: `on_sentence` and `on_citation` are told of each as soon as it stands, and the whole Answer follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from service.cite import Cited, citation, quotable
from service.confidence import Confidence, features, model_for
from service.core.ports import Rag, VectorStore
from service.core.types import Answer, Citation, Filters, Passage, Refusal, RefusalReason
from service.degraded import parts, unreadable
from service.notices import notices
from service.pack import pack
from service.retrieve import search
from service.sentences import units
from service.stages import Stages
from service.verify import verify
from service.withheld import screened
from service.writing import Written, cited_drafts, write

Mode = Literal["auto", "extractive", "llm"]
NEAREST = 3  # citations shown with a refusal
MESSAGES: dict[RefusalReason, str] = {
    "out_of_scope": "The indexed documents are not about this, so there is no answer from them.",
    "not_in_documents": "The indexed documents do not answer this. The nearest passages are shown: check whether one of them helps.",
}


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
        passages = search(rag, question.text, question.filters, rag.settings.rerank_depth, stages)
        with stages.stage("answer", "generation") as span:
            packed = screened(pack(passages, rag.settings.passages, rag.index.vectors, rag.index.documents), stages.degraded)
            cited = cited_drafts(rag.generators["extractive"].stream(question.text, packed, stages.left_s()), packed)
            values = features(question.text, passages, cited.sentences)
            model = model_for(values)
            confidence = model.judge(values)
            threshold = rag.settings.refuse_below if rag.settings.refuse_below >= 0 else model.threshold
            if confidence < threshold or not cited.sentences:
                made = _refused(passages, confidence, model)
            else:
                written = write(rag, question, packed, cited, stages)
                made = _answered(written, confidence, rag.index.vectors)
                Listener(on_sentence, on_citation).tell(written.cited)
            span.update(output=made.text, metadata={"status": made.status, "mode": made.mode})
        named = [*dict.fromkeys(stages.degraded), *unreadable(made, rag.index.documents)]
        made = replace(made, degraded=tuple(named), timings_ms=stages.finish())
        root.update(output=made.text, metadata={"status": made.status, "confidence": made.confidence, "degraded": parts(named)})
    return made


def _answered(written: Written, confidence: float, store: VectorStore) -> Answer:
    cited = written.cited
    owed = notices(cited, store)  # first: it may add citations
    return Answer(
        status="answered",
        text=cited.text,
        citations=tuple(cited.citations),
        notices=owed,
        confidence=confidence,
        mode=written.mode,
        verification=verify(cited.sentences),
        generator=written.generator,
        usage=written.usage,
    )


def _refused(passages: Sequence[Passage], confidence: float, model: Confidence) -> Answer:
    """A refusal with the nearest evidence; the reason is told by how far even the nearest is."""
    reason: RefusalReason = "out_of_scope" if not passages or confidence < model.out_of_scope_below else "not_in_documents"
    nearest: list[Citation] = []
    for passage in screened(passages[:NEAREST], []):
        said = (unit for unit in units(passage.chunk) if unit.kind not in ("figure", "table"))
        pieces = (piece for unit in said for piece in quotable(passage.chunk, unit.start, unit.end))
        if (piece := next(pieces, None)) is not None:
            nearest.append(citation(passage, *piece, len(nearest) + 1))
    refusal = Refusal(reason, MESSAGES[reason], tuple(nearest))
    return Answer(status="refused", text="", refusal=refusal, confidence=confidence)
