"""An understood question in, candidates out: what the searches find, fused, with what late interaction says of each.

    embed -> dense ----+
             lexical --+-> rrf -> late interaction -> rrf -> fetch the best
             codes ----+

A part that is down is left out and named in `degraded`. Must not know the cross-encoder nor the final order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.core.errors import ModelUnavailable, StoreUnavailable
from service.core.ports import Rag
from service.core.types import Filters, Hit
from service.fuse import rrf
from service.query.exact import code_match, exact_hits, lane_weight
from service.query.names import product_match
from service.query.record import Query
from service.signals import Candidate
from service.stages import Stages

LATE_DEPTH = 60  # fused chunks that late interaction scores
WEIGHT_LATE = 2.0  # of its order in the last fusion, which only picks what is compared; not swept
WEIGHT_EXACT = 0.7  # of the exact lane, for the rarest code (eval/LOG.md, entry six)


@dataclass(frozen=True, slots=True)
class Found:
    """Hits of each search, best first."""

    dense: list[Hit]
    lexical: list[Hit]
    exact: list[Hit]
    late: list[Hit]
    fused: list[Hit]


def candidates(rag: Rag, queries: Sequence[Query], filters: Filters, n: int, stages: Stages) -> list[Candidate]:
    """At most n candidates, best fused first. What a later query alone finds joins with that query's scores. Raises StoreUnavailable where
    no search works, DeadlineExceeded."""
    found = [find(rag, query, filters, stages) for query in queries]
    fused = found[0].fused if len(found) == 1 else rrf([(1.0, one.fused) for one in found], rag.settings.rrf_k)
    with stages.stage("fuse", "span"):
        chunks = rag.index.vectors.fetch([hit.chunk_id for hit in fused[:n]])
    dense, lexical, late = (
        {hit.chunk_id: hit.score for one in reversed(found) for hit in getattr(one, name)} for name in ("dense", "lexical", "late")
    )
    scores = {hit.chunk_id: hit.score for hit in fused}
    return [
        Candidate(
            chunk=chunk,
            document=rag.index.documents[chunk.document_id],
            fused=scores[chunk.chunk_id],
            dense=dense.get(chunk.chunk_id),
            lexical=lexical.get(chunk.chunk_id),
            late=late.get(chunk.chunk_id),
            code=code_match(chunk, queries[0]),
            product=product_match(rag.index.documents[chunk.document_id], queries[0]),
        )
        for chunk in chunks
        if chunk.document_id in rag.index.documents
    ]


def find(rag: Rag, query: Query, filters: Filters, stages: Stages) -> Found:
    """All searches; one of the first two may fail, and so may late interaction."""
    settings, index = rag.settings, rag.index
    dense: list[Hit] | None = None
    lexical: list[Hit] | None = None
    tokens = None
    failure: Exception | None = None
    try:
        with stages.stage("embed", "embedding"):
            read = rag.embedder.read_queries([query.embed_text])
        tokens = read.tokens[0] if read.tokens else None
        with stages.stage("dense", "retriever") as span:
            dense = index.vectors.search(read.vectors[0], settings.k_dense, filters)
            span.update(output=[hit.chunk_id for hit in dense])
    except (StoreUnavailable, ModelUnavailable) as error:
        failure = error
        stages.degraded.append("dense")
    try:
        with stages.stage("lexical", "retriever") as span:
            lexical = index.lexical.search(query.search_text, settings.k_lexical, filters)
            span.update(output=[hit.chunk_id for hit in lexical])
    except StoreUnavailable as error:
        failure = error
        stages.degraded.append("lexical")
    if dense is None and lexical is None and failure is not None:
        raise failure
    exact = exact_hits(query, index, filters, lexical or ())
    lists = [(settings.weight_dense, dense or []), (settings.weight_lexical, lexical or []), (WEIGHT_EXACT * lane_weight(query), exact)]
    fused = rrf(lists, settings.rrf_k)
    late: list[Hit] = []
    if index.late is not None and tokens is not None and len(tokens.ids):
        ids = [hit.chunk_id for hit in fused[:LATE_DEPTH]]
        try:
            with stages.stage("late", "retriever"):
                late = by_score(ids, index.late.score(tokens, ids))
            fused = rrf([*lists, (WEIGHT_LATE, late)], settings.rrf_k)
        except StoreUnavailable:
            stages.degraded.append("late")
    return Found(dense or [], lexical or [], exact, late, fused)


def by_score(chunk_ids: Sequence[str], scores: Sequence[float]) -> list[Hit]:
    """Hits, best first, ties by chunk id."""
    hits = (Hit(chunk_id, score) for chunk_id, score in zip(chunk_ids, scores, strict=True))
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))
