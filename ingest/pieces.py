"""Blocks, or pieces of blocks too long for a chunk: where to cut them, and how a piece stands in its chunk.

In: blocks and their sizes in tokens. Out: `Piece`s and the `Part`s of chunks. Must not know how chunks are filled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.core.types import Block, Cell, Line, Part

Sizes = Callable[[Sequence[str]], list[int]]
"""Texts -> tokens of each, special tokens left out."""

_SENTENCE_END = re.compile(r"[.!?;:]\s+$|[。；！？]\s*$")
_ATOM = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]\s*|[^\s\u2e80-\u9fff\uac00-\ud7af]+\s*|\s+")
_BYTES = 4  # a character is at most this many tokens (a byte-level vocabulary)


@dataclass(frozen=True, slots=True)
class Piece:
    """A block, or a piece of one too long for a chunk, with its size in tokens. `at` is the block's place in the document, `offset` the
    piece's in the block's text."""

    at: int
    block: Block
    text: str
    offset: int
    n_tokens: int


def cut(at: int, block: Block, size: int, room: int, sizes: Sizes) -> list[Piece]:
    """The block, `size` tokens long, in pieces of at most `room` tokens, cut at sentence ends where possible, else at blanks, else
    anywhere."""
    if size <= room:
        return [Piece(at, block, block.text, 0, size)]
    texts: list[tuple[int, str]] = []
    start = 0
    for end in _cuts(block.text, room, sizes):
        texts.append((start, block.text[start:end].rstrip()))
        start = end
    texts = [(offset, text) for offset, text in texts if text]
    counted = sizes([text for _, text in texts])
    return [Piece(at, block, text, offset, n_tokens) for (offset, text), n_tokens in zip(texts, counted, strict=True)]


def _cuts(text: str, room: int, sizes: Sizes) -> Iterator[int]:
    """Ends of the pieces, the last one len(text)."""
    atoms = [atom for word in _ATOM.finditer(text) for atom in _sliced(*word.span(), max(1, room // _BYTES))]
    counted = sizes([text[start:end] for start, end in atoms])
    start = used = 0
    sentence_end = 0
    for (atom_start, atom_end), size in zip(atoms, counted, strict=True):
        if used + size > room and atom_start > start:
            end = sentence_end if sentence_end - start > (atom_start - start) // 2 else atom_start
            yield end
            used = sizes([text[end:atom_start]])[0] if end < atom_start else 0
            start = end
        used += size
        if _SENTENCE_END.search(text[atom_start:atom_end]):
            sentence_end = atom_end
    yield len(text)


def _sliced(start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """[start, end) in slices of at most `size` characters: a word longer than a chunk has no better place to be cut."""
    for at in range(start, end, size):
        yield at, min(at + size, end)


def part_of(piece: Piece, at: int) -> Part:
    """The piece's place in the chunk from character `at` on, with its lines and cells moved from block offsets to chunk offsets. What
    speaks of the whole block (statement, marker) stays with its first piece."""
    block, shift = piece.block, at - piece.offset
    last = piece.offset + len(piece.text)

    def inside(start: int, end: int) -> bool:
        return end > piece.offset and start < last

    def moved(start: int, end: int) -> tuple[int, int]:
        return max(start, piece.offset) + shift, min(end, last) + shift

    return Part(
        start=at,
        end=at + len(piece.text),
        page=block.page,
        kind=block.kind,
        lines=tuple(Line(*moved(line.start, line.end), line.box, line.exact) for line in block.lines if inside(line.start, line.end)),
        cells=tuple(
            Cell(cell.head, *moved(cell.start, cell.end), cell.exact, cell.column, cell.span)
            for cell in block.cells
            if inside(cell.start, cell.end)
        ),
        level=block.level,
        exact=block.exact,
        statement="" if piece.offset else block.statement,
        marker="" if piece.offset else block.marker,
        depth=block.depth,
    )
