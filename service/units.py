"""Index small, show large: ranked passages in, the whole table, procedure or section of each out, neighbouring hits of one unit merged.

A unit's text is verbatim, chunk after chunk, a head row that each chunk of a table repeats said once; it grows from the hit outwards to at
most MAX_CHARS. It is for the reader of a search; what the answerer reads is `pack.py`'s. Must not know how passages were ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.core.ports import VectorStore
from service.core.types import Chunk, Passage

MAX_CHARS = 4000
MAX_CHUNKS = 12  # looked at in each direction


@dataclass(frozen=True, slots=True)
class Unit:
    """The best-ranked passage of a unit, the ids of the chunks that are shown, in order, the pages they cover and their text."""

    passage: Passage
    chunk_ids: tuple[str, ...]
    page_first: int
    page_last: int
    text: str


def units(passages: Sequence[Passage], store: VectorStore) -> list[Unit]:
    """The units of passages, best first; a passage that an earlier one's unit shows comes no more. Raises StoreUnavailable."""
    shown: set[str] = set()
    found: list[Unit] = []
    for passage in passages:
        if passage.chunk.chunk_id not in shown:
            found.append(_unit(passage, store, shown))
            shown.update(found[-1].chunk_ids)
    return found


def _unit(passage: Passage, store: VectorStore, shown: set[str]) -> Unit:
    chunks = _around(passage.chunk, store, shown)
    pages = [page for chunk in chunks for page in (chunk.page_first, chunk.page_last)]
    return Unit(passage, tuple(chunk.chunk_id for chunk in chunks), min(pages), max(pages), _text(chunks))


def _around(chunk: Chunk, store: VectorStore, shown: set[str]) -> list[Chunk]:
    """The chunk with those of its unit before and after it, the nearest first, as far as they fit; none that is shown already."""
    if chunk.chunk_id not in chunk.group_ids:
        return [chunk]
    place = chunk.group_ids.index(chunk.chunk_id)
    window = chunk.group_ids[max(0, place - MAX_CHUNKS) : place + MAX_CHUNKS + 1]
    known = {one.chunk_id: one for one in store.fetch([one for one in window if one != chunk.chunk_id])} | {chunk.chunk_id: chunk}
    place = window.index(chunk.chunk_id)
    first = last = place
    left, grown = MAX_CHARS - len(chunk.text), True
    while grown:
        grown = False
        for at in (last + 1, first - 1):
            one = known.get(window[at]) if 0 <= at < len(window) else None
            if one is not None and one.chunk_id not in shown and len(one.text) <= left:
                first, last, left, grown = min(first, at), max(last, at), left - len(one.text), True
    return [known[chunk_id] for chunk_id in window[first : last + 1]]


def _text(chunks: Sequence[Chunk]) -> str:
    """The chunks' parts, a line each; of the head rows of a table only the first."""
    lines: list[str] = []
    heads: set[str] = set()
    for chunk in chunks:
        for part in chunk.parts:
            own = chunk.text[part.start : part.end]
            if part.kind != "table" or own not in heads:
                lines.append(own)
            if part.kind == "table":
                heads.add(own)
    return "\n".join(lines) or "\n".join(chunk.text for chunk in chunks)
