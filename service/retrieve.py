"""A question in, ranked passages out.

    understand -> candidates -> order without the cross-encoder -> read -> order -> passages

Each passage carries the score of every stage that saw it. A part that is down is left out and named in `degraded`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from service.candidates import candidates
from service.core.errors import ModelUnavailable
from service.core.ports import Rag
from service.core.types import Chunk, Filters, Judgement, Passage
from service.degraded import LANGUAGE
from service.duplicates import collapse
from service.query.languages import supported
from service.query.names import siblings_last
from service.query.record import Query
from service.query.understand import understand
from service.rank import Ranked, plain_order, read_order
from service.signals import Candidate
from service.stages import Stages

POOL = 30  # candidates whose signals are compared
MIN_RERANK_S = 0.3  # with less time than this left, the order without the cross-encoder is given as it is


@dataclass(frozen=True, slots=True)
class Retrieved:
    """`passages` best first; `timings_ms` by stage; `degraded` names what was left out."""

    passages: tuple[Passage, ...]
    timings_ms: Mapping[str, float]
    degraded: tuple[str, ...]


def retrieve(rag: Rag, question: str, filters: Filters, k: int, *, deadline: float) -> Retrieved:
    """The k best passages for a question. `deadline` is a time.monotonic() value. Raises StoreUnavailable where no search
    works, DeadlineExceeded."""
    stages = Stages(rag.tracer, deadline)
    passages = search(rag, understood(rag, question), filters, k, stages)
    return Retrieved(tuple(passages), stages.finish(), tuple(stages.degraded))


def understood(rag: Rag, question: str, whole: str = "") -> list[Query]:
    """The question as it is meant, and (where that is a follow-up made `whole`) as it was asked: both are searched."""
    return [understand(text, rag.index) for text in dict.fromkeys([whole, question]) if text]


def search(rag: Rag, queries: Sequence[Query], filters: Filters, k: int, stages: Stages) -> list[Passage]:
    """`retrieve` as a part of a longer request, whose stages it joins. The first query is the one that is ranked for."""
    query = queries[0]
    if not supported(query.language, rag.settings.embedder):
        stages.degraded.append(LANGUAGE)
    found = candidates(rag, queries, filters, max(k, POOL), stages)
    with stages.stage("fuse", "span"):
        ranked = plain_order(query.text, found)
    ranked = _read(rag, query.text, ranked, stages)
    return siblings_last(collapse([_passage(item) for item in ranked], query, filters), query)[:k]


def observe(rag: Rag, question: str, *, deadline: float) -> list[Candidate]:
    """The candidates of a question, every one of them read: what the final order is fitted on."""
    found = candidates(rag, understood(rag, question), {}, POOL, Stages(rag.tracer, deadline))
    if rag.reranker is None or not found:
        return found
    judged = rag.reranker.judge(question, [reading(candidate.chunk) for candidate in found], deadline)
    return [_told(candidate, said) for candidate, said in zip(found, judged, strict=True)]


def _read(rag: Rag, question: str, ranked: list[Ranked], stages: Stages) -> list[Ranked]:
    """Let the cross-encoder read the best candidates until the first is certain, and order by what it says; as it was where it cannot."""
    if rag.reranker is None or not ranked:
        return ranked
    if stages.left_s() < MIN_RERANK_S:
        stages.degraded.append("rerank")
        return ranked
    settings = rag.settings
    until = time.monotonic() + min(settings.rerank_budget_s, stages.left_s() - MIN_RERANK_S / 2)
    some = ranked[: settings.rerank_depth]
    texts = [reading(item.candidate.chunk) for item in some]
    stopped = False

    def enough(judged: Sequence[Judgement | None]) -> bool:
        """Whether the best one read so far surely answers: reading on would hardly change the top."""
        nonlocal stopped
        stopped = settings.rerank_certain < 1 and read_order(_read_by(some, judged))[0].probability >= settings.rerank_certain
        return stopped

    try:
        with stages.stage("rerank", "reranker") as span:
            read = _read_by(some, rag.reranker.judge(question, texts, until, enough))
            span.update(output={item.candidate.chunk.chunk_id: item.candidate.cross for item in read if item.candidate.cross is not None})
    except ModelUnavailable:
        stages.degraded.append("rerank")
        return ranked
    if read[-1].candidate.cross is None and not stopped:
        stages.degraded.append("rerank_budget")
    return read_order([*read, *ranked[len(read) :]])


def _read_by(some: Sequence[Ranked], judged: Sequence[Judgement | None]) -> list[Ranked]:
    """The candidates with what the cross-encoder says of them, as far as it came."""
    return [replace(item, candidate=_told(item.candidate, said)) for item, said in zip(some, judged, strict=True)]


def _told(candidate: Candidate, said: Judgement | None) -> Candidate:
    return candidate if said is None else replace(candidate, cross=said.relevance, answers=said.answers)


def reading(chunk: Chunk) -> str:
    """What the cross-encoder reads of a chunk: where it stands, then what it says (the form it was trained on)."""
    return f"{chunk.context.replace(chr(10), ' > ')}: {chunk.text}" if chunk.context else chunk.text


def _passage(item: Ranked) -> Passage:
    candidate = item.candidate
    scores = {
        "dense": candidate.dense,
        "lexical": candidate.lexical,
        "late": candidate.late,
        "fused": candidate.fused,
        "rerank": candidate.cross,
        "answers": candidate.answers,
        "final": item.score,
        "probability": item.probability,
    }
    return Passage(candidate.chunk, candidate.document, scores)
