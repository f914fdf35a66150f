"""A question in, ranked passages out: dense and lexical search, fused, fetched once, reranked.

    embed -> dense ----+
             lexical --+-> rrf -> fetch -> rerank -> order

Each passage carries the score of every stage that saw it. A part that is down is left out and named in `degraded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.core.errors import ModelUnavailable, StoreUnavailable
from service.core.ports import Rag
from service.core.types import Chunk, Filters, Hit, Passage
from service.fuse import rrf
from service.rank import Signals, order
from service.stages import Stages

MIN_RERANK_S = 0.5  # with less time than this left, the fused order is given as it is


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
    passages = search(rag, question, filters, k, stages)
    return Retrieved(tuple(passages), stages.finish(), tuple(stages.degraded))


def search(rag: Rag, question: str, filters: Filters, k: int, stages: Stages) -> list[Passage]:
    """`retrieve` as a part of a longer request, whose stages it joins."""
    settings = rag.settings
    dense, lexical = _candidates(rag, question, filters, stages)
    with stages.stage("fuse", "span"):
        fused = rrf([(settings.weight_dense, dense), (settings.weight_lexical, lexical)], settings.rrf_k)
        wanted = [hit.chunk_id for hit in fused[: max(k, settings.rerank_depth)]]
        chunks = [chunk for chunk in rag.index.vectors.fetch(wanted) if chunk.document_id in rag.index.documents]
    reranked = _rerank(rag, question, chunks[: settings.rerank_depth], stages)
    signals = Signals(
        dense={hit.chunk_id: hit.score for hit in dense},
        lexical={hit.chunk_id: hit.score for hit in lexical},
        fused={hit.chunk_id: hit.score for hit in fused},
        rerank=reranked,
    )
    return [
        Passage(chunk, rag.index.documents[chunk.document_id], signals.of(chunk.chunk_id, final))
        for chunk, final in order(chunks, signals)[:k]
    ]  # fmt: skip


def _candidates(rag: Rag, question: str, filters: Filters, stages: Stages) -> tuple[list[Hit], list[Hit]]:
    """Hits of both searches; one may fail."""
    settings, index = rag.settings, rag.index
    dense: list[Hit] | None = None
    lexical: list[Hit] | None = None
    failure: Exception | None = None
    try:
        with stages.stage("embed", "embedding"):
            vector = rag.embedder.embed_queries([question])[0]
        with stages.stage("dense", "retriever") as span:
            dense = index.vectors.search(vector, settings.k_dense, filters)
            span.update(output=[hit.chunk_id for hit in dense])
    except (StoreUnavailable, ModelUnavailable) as error:
        failure = error
        stages.degraded.append("dense")
    try:
        with stages.stage("lexical", "retriever") as span:
            lexical = index.lexical.search(question, settings.k_lexical, filters)
            span.update(output=[hit.chunk_id for hit in lexical])
    except StoreUnavailable as error:
        failure = error
        stages.degraded.append("lexical")
    if dense is None and lexical is None and failure is not None:
        raise failure
    return dense or [], lexical or []


def _rerank(rag: Rag, question: str, chunks: list[Chunk], stages: Stages) -> dict[str, float]:
    """Cross-encoder scores by chunk id; empty where there is no reranker or no time for it."""
    if rag.reranker is None or not chunks:
        return {}
    if stages.left_s() < MIN_RERANK_S:
        stages.degraded.append("rerank")
        return {}
    try:
        with stages.stage("rerank", "reranker") as span:
            scores = rag.reranker.score(question, [reading(chunk) for chunk in chunks])
            span.update(output=scores)
    except ModelUnavailable:
        stages.degraded.append("rerank")
        return {}
    return {chunk.chunk_id: score for chunk, score in zip(chunks, scores, strict=True)}


def reading(chunk: Chunk) -> str:
    """What the cross-encoder reads of a chunk: where it stands, then what it says (the form it was trained on)."""
    return f"{chunk.context.replace(chr(10), ' > ')}: {chunk.text}" if chunk.context else chunk.text
