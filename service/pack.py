"""Ranked passages in, what the answerer reads out: the best few, the first of them completed by its neighbours of the same section or
procedure, so that step 4 does not come without steps 1 to 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from service.core.ports import VectorStore
from service.core.types import Chunk, Document, Passage

EXPANDED = 2  # passages that are completed
REACH = 2  # neighbours taken in each direction within a section
REACH_IN_GROUP = 5  # and within one procedure


def pack(passages: Sequence[Passage], n: int, store: VectorStore, documents: Mapping[str, Document]) -> list[Passage]:
    """The first n passages in order, each of the first EXPANDED followed by its neighbours with its scores. No chunk twice: a
    neighbour that was found itself keeps its own place and scores."""
    found = {passage.chunk.chunk_id for passage in passages[:n]}
    packed: list[Passage] = []
    for rank, passage in enumerate(passages[:n]):
        packed.append(passage)
        for chunk in _neighbours(passage.chunk, store) if rank < EXPANDED else ():
            if chunk.chunk_id not in found and chunk.document_id in documents:
                found.add(chunk.chunk_id)
                packed.append(Passage(chunk, documents[chunk.document_id], passage.scores))
    return packed


def belongs(a: Chunk, b: Chunk) -> bool:
    """Whether two chunks are pieces of one section or of one procedure or table."""
    return a.document_id == b.document_id and ((a.section == b.section and bool(a.section)) or (a.group == b.group and bool(a.group)))


def _neighbours(chunk: Chunk, store: VectorStore) -> Iterator[Chunk]:
    """Chunks that belong with this one, found by walking the links both ways."""
    for link in ("previous_id", "next_id"):
        at = chunk
        for step in range(REACH_IN_GROUP):
            fetched = store.fetch([getattr(at, link)]) if getattr(at, link) else []
            if not fetched or not belongs(fetched[0], chunk) or (step >= REACH and not (chunk.group and fetched[0].group == chunk.group)):
                break
            at = fetched[0]
            yield at
