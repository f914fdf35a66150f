"""Passages in, the same passages out with how near each of their words comes to each word of the question: late interaction, taken apart.

The token vectors are those the index holds; only the question is embedded. Where the index has none, or they cannot be had, the passages
come back as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service.core.errors import ModelUnavailable, StoreUnavailable
from service.core.late import Closeness
from service.core.ports import Rag
from service.core.types import Passage


def with_closeness(rag: Rag, question: str, passages: Sequence[Passage]) -> list[Passage]:
    """Each passage with its `closeness`, where the index holds its token vectors."""
    late = rag.index.late
    if late is None or not passages:
        return list(passages)
    try:
        read = rag.embedder.read_queries([question])
        if not read.tokens or not len(read.tokens[0].ids):
            return list(passages)
        weights = late.weights(read.tokens[0])
        cosines = late.compare(read.tokens[0], [passage.chunk.chunk_id for passage in passages])
    except (ModelUnavailable, StoreUnavailable):  # the search before met the same and named it in `degraded`
        return list(passages)
    places = rag.embedder.token_places([passage.chunk.indexed_text for passage in passages])
    return [
        replace(passage, closeness=Closeness(weights, own, where)) if len(where) == own.shape[1] and len(where) else passage
        for passage, own, where in zip(passages, cosines, places, strict=True)
    ]
