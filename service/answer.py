"""A question in, an Answer out: the request from top to bottom.

    search -> pack -> extract -> judge -> (write) -> cite -> verify -> Answer

Streaming is the same path: `on_sentence` and `on_citation` are told of each as soon as it stands, and the whole Answer follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from service.cite import Cited, citation, quotable
from service.confidence import Confidence, features, model_for
from service.core.errors import DeadlineExceeded, ModelUnavailable
from service.core.ports import Rag, VectorStore
from service.core.types import Answer, Citation, Draft, Filters, Passage, Refusal, RefusalReason
from service.degraded import parts, unreadable
from service.notices import notices
from service.pack import pack
from service.retrieve import search
from service.sentences import units
from service.stages import Stages
from service.verify import verify

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
            packed = pack(passages, rag.settings.passages, rag.index.vectors, rag.index.documents)
            cited = _cited(rag.generators["extractive"].stream(question.text, packed, stages.left_s()), packed)
            values = features(question.text, passages, cited.sentences)
            model = model_for(values)
            confidence = model.judge(values)
            threshold = rag.settings.refuse_below if rag.settings.refuse_below >= 0 else model.threshold
            if confidence < threshold or not cited.sentences:
                made = _refused(passages, confidence, model)
            else:
                mode, cited = _written(rag, question, packed, cited, stages)
                made = _answered(cited, mode, confidence, rag.index.vectors)
                Listener(on_sentence, on_citation).tell(cited)
            span.update(output=made.text, metadata={"status": made.status, "mode": made.mode})
        named = [*dict.fromkeys(stages.degraded), *unreadable(made, rag.index.documents)]
        made = replace(made, degraded=tuple(named), timings_ms=stages.finish())
        root.update(output=made.text, metadata={"status": made.status, "confidence": made.confidence, "degraded": parts(named)})
    return made


def _written(
    rag: Rag, question: Question, packed: Sequence[Passage], extracted: Cited, stages: Stages
) -> tuple[Literal["extractive", "llm"], Cited]:
    """The LLM's answer where one is set up, asked for and proves itself; else the extractive one."""
    if question.mode == "extractive" or (question.mode == "auto" and "llm" not in rag.generators):
        return "extractive", extracted
    if "llm" not in rag.generators:
        stages.degraded.append("llm_not_configured")
        return "extractive", extracted
    try:
        cited = _cited(rag.generators["llm"].stream(question.text, packed, stages.left_s()), packed)
    except (ModelUnavailable, DeadlineExceeded):
        stages.degraded.append("llm")
        return "extractive", extracted
    counts = verify(cited.sentences)
    if not counts.sentences or counts.supported < counts.sentences or counts.numbers_verified < counts.numbers:
        stages.degraded.append("llm_unsupported")
        return "extractive", extracted
    return "llm", cited


def _cited(drafts: Iterable[Draft], packed: Sequence[Passage]) -> Cited:
    cited = Cited(packed)
    for draft in drafts:
        cited.add(draft)
    return cited


def _answered(cited: Cited, mode: Literal["extractive", "llm"], confidence: float, store: VectorStore) -> Answer:
    owed = notices(cited, store)  # first: it may add citations
    return Answer(
        status="answered",
        text=cited.text,
        citations=tuple(cited.citations),
        notices=owed,
        confidence=confidence,
        mode=mode,
        verification=verify(cited.sentences),
    )


def _refused(passages: Sequence[Passage], confidence: float, model: Confidence) -> Answer:
    """A refusal with the nearest evidence; the reason is told by how far even the nearest is."""
    reason: RefusalReason = "out_of_scope" if not passages or confidence < model.out_of_scope_below else "not_in_documents"
    nearest: list[Citation] = []
    for passage in passages[:NEAREST]:
        said = (unit for unit in units(passage.chunk) if unit.kind not in ("figure", "table"))
        pieces = (piece for unit in said for piece in quotable(passage.chunk, unit.start, unit.end))
        if (piece := next(pieces, None)) is not None:
            nearest.append(citation(passage, *piece, len(nearest) + 1))
    refusal = Refusal(reason, MESSAGES[reason], tuple(nearest))
    return Answer(status="refused", text="", refusal=refusal, confidence=confidence)
