"""What chunks know of each other: neighbours, the procedure or table they are pieces of, the notices that apply to them.

In: chunks in order, the blocks they were made of, and which chunks hold each block. Out: the same chunks with `previous_id`, `next_id`,
`group`, `group_ids` and `guards` set. Must not know how chunks were filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.guards import guarded
from ingest.steps import procedures
from service.core.types import SEVERITY, Block, Chunk, Guard

MAX_GROUP = 64
"""Chunks named in `group_ids` at most, the nearest ones: a table of a thousand rows is not read as one."""
MAX_SECTION = 12
"""And of a section at most."""
MAX_PARENT = 8
"""Chunks of a section that is read as one with its subsections."""
MAX_GUARDS = 6

Holders = Mapping[int, Sequence[int]]
"""Index of a block -> ordinals of the chunks that hold a piece of it, ascending."""


def link(chunks: Sequence[Chunk], blocks: Sequence[Block], holders: Holders) -> list[Chunk]:
    """The chunks, linked. A procedure told in prose has no steps to count: there the section is the unit."""
    ids = ["", *(chunk.chunk_id for chunk in chunks), ""]
    groups, members = _groups(blocks, holders, len(chunks))
    counted = {procedure.group for procedure in procedures(blocks) if procedure.numbered} | {
        block.group for block in blocks if _is_row(block)
    }
    sections = _sections(chunks)
    guards = _guards(blocks, holders, chunks)
    linked = []
    for at, chunk in enumerate(chunks):
        own = groups[at]
        together = {ordinal for group in own for ordinal in members[group]}
        if not any(group in counted for group in own):
            together |= set(_nearest(sections[at], at, MAX_SECTION))
        linked.append(
            replace(
                chunk,
                previous_id=ids[at],
                next_id=ids[at + 2],
                group=chunk.group if chunk.group in own else next(iter(own), ""),
                group_ids=tuple(chunks[ordinal].chunk_id for ordinal in _nearest(sorted(together), at, MAX_GROUP)),
                guards=guards[at],
            )
        )
    return linked


def _is_row(block: Block) -> bool:
    return block.kind in ("table", "table_row") and bool(block.group)


def _sections(chunks: Sequence[Chunk]) -> list[list[int]]:
    """For each chunk the ordinals of its section's chunks, with the sections below it where that is not too much: "Load sharing" begins
    with one sentence, what to do stands further down. A section whose parent is short is read with that."""
    by_path: dict[tuple[str, ...], list[int]] = {}
    for at, chunk in enumerate(chunks):
        for depth in range(1, len(chunk.section) + 1):
            by_path.setdefault(chunk.section[:depth], []).append(at)
    found = []
    for at, chunk in enumerate(chunks):
        parent = by_path.get(chunk.section[:-1], [])
        whole = by_path.get(chunk.section, [at])
        own = whole if len(whole) <= MAX_SECTION else [ordinal for ordinal in whole if chunks[ordinal].section == chunk.section]
        found.append(parent if 0 < len(parent) <= MAX_PARENT else own)
    return found


def _groups(blocks: Sequence[Block], holders: Holders, n_chunks: int) -> tuple[list[dict[str, int]], dict[str, set[int]]]:
    """(for each chunk its groups, the one with most blocks first; for each group its chunks)."""
    counts: list[dict[str, int]] = [{} for _ in range(n_chunks)]
    members: dict[str, set[int]] = {}
    spans: list[tuple[str, Sequence[int]]] = [(item.group, range(item.first, item.last + 1)) for item in procedures(blocks)]
    rows: dict[str, list[int]] = {}
    for at, block in enumerate(blocks):
        if _is_row(block):
            rows.setdefault(block.group, []).append(at)
    for group, places in (*spans, *rows.items()):
        for ordinal in (ordinal for at in places for ordinal in holders.get(at, ())):
            counts[ordinal][group] = counts[ordinal].get(group, 0) + 1
            members.setdefault(group, set()).add(ordinal)
    return [dict(sorted(own.items(), key=lambda item: -item[1])) for own in counts], members


def _nearest(ordinals: Sequence[int], at: int, most: int) -> Sequence[int]:
    """At most so many of them, the nearest, in order."""
    return ordinals if len(ordinals) <= most else sorted(sorted(ordinals, key=lambda ordinal: abs(ordinal - at))[:most])


def _guards(blocks: Sequence[Block], holders: Holders, chunks: Sequence[Chunk]) -> list[tuple[Guard, ...]]:
    """For each chunk the notices that apply to its text, most severe first; where there are too many, the nearest of the most severe."""
    found: list[dict[int, int]] = [{} for _ in chunks]  # index of the notice -> distance in blocks
    for item in guarded(blocks):
        for at in (item.notice, *item.blocks):
            for ordinal in holders.get(at, ()):
                known = found[ordinal].get(item.notice, 1 << 30)
                found[ordinal][item.notice] = min(known, abs(at - item.notice))
    result = []
    for own in found:
        kept = sorted(own, key=lambda notice: (_rank(blocks[notice]), own[notice]))[:MAX_GUARDS]
        kept.sort(key=lambda notice: (_rank(blocks[notice]), notice))
        result.append(tuple(_guard(blocks[notice], chunks[holders[notice][0]]) for notice in kept if holders.get(notice)))
    return result


def _rank(block: Block) -> int:
    return SEVERITY.index(block.level or "notice")


def _guard(block: Block, chunk: Chunk) -> Guard:
    return Guard(block.level or "notice", block.text, block.page, chunk.chunk_id)
