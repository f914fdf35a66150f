"""Blocks in, chunks out. A chunk stays inside one section, keeps its heading, table head and steps together as far as the
embedder's window allows, and never exceeds that window, counted with the embedder's own tokenizer, context included.

`text` is the blocks' verbatim text, one line a block; `context` is what a reader would need to place it: document title, section
path, table caption and column heads. Knows nothing of PDFs or stores.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from service.core.ids import chunk_id
from service.core.types import Block, Cell, Chunk, Line, Part

CountTokens = Callable[[Sequence[str]], list[int]]

_SLACK = 2  # tokens kept free for tokenizers that do not count additively
_CONTEXT_SHARE = 0.4  # a context may take this share of the window at most
_HEAD_SHARE = 0.25  # and the head of a table that is repeated in each of its chunks this
_SENTENCE_END = re.compile(r"[.!?;:]\s+$|[。；！？]\s*$")
_ATOM = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]\s*|[^\s\u2e80-\u9fff\uac00-\ud7af]+\s*|\s+")
_BYTES = 4  # a character is at most this many tokens (a byte-level vocabulary)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block, or a piece of one too long for a chunk, with its size in tokens."""

    block: Block
    text: str
    offset: int
    n_tokens: int


@dataclass(frozen=True, slots=True)
class Chunker:
    """`n_tokens` bounds a chunk, context and special tokens included; `title` opens every context."""

    document_id: str
    title: str
    n_tokens: int
    count: CountTokens

    def chunks(self, blocks: Sequence[Block]) -> list[Chunk]:
        """Chunks in reading order. Every character of every block lands in a chunk, and in one only, but for repeated table heads."""
        made: list[Chunk] = []
        for run in _runs(blocks):
            for pieces, context in self._pack(run):
                made.append(self._chunk(pieces, context, len(made)))
        ids = ["", *(chunk.chunk_id for chunk in made), ""]
        return [replace(chunk, previous_id=ids[at], next_id=ids[at + 2]) for at, chunk in enumerate(made)]

    def _pack(self, run: Sequence[Block]) -> Iterator[tuple[list[_Piece], str]]:
        """Fill chunks with the pieces of one run of blocks; each chunk's context is that of its first block that is no heading. The head
        rows of a table open each of its chunks, so that every row can be read, and quoted, with its columns."""
        head, body = self._table_head(run)
        held: list[_Piece] = []
        used = room = 0
        context = ""
        for unit in _units(body):
            opening = all(piece.block.kind == "heading" for piece in held)
            if opening:
                context, room = self._room(unit, head)
            pieces = [piece for block in unit for piece in self._pieces(block, room)]
            if not opening and used + sum(piece.n_tokens for piece in pieces) > room:
                yield _headed(held, head), context
                held, used = [], 0
                context, room = self._room(unit, head)
                pieces = [piece for block in unit for piece in self._pieces(block, room)]
            for piece in pieces:
                if held and used + piece.n_tokens > room:
                    yield _headed(held, head), context
                    held, used = [], 0
                held.append(piece)
                used += piece.n_tokens
        if held:
            yield _headed(held, head), context

    def _table_head(self, run: Sequence[Block]) -> tuple[list[_Piece], Sequence[Block]]:
        """(head rows to repeat, the other blocks). A head that would fill most of a chunk is not repeated: it stays where it stands."""
        rows = [block for block in run if block.kind == "table"]
        body = [block for block in run if block.kind != "table"]
        pieces = [_Piece(block, block.text, 0, size) for block, size in zip(rows, self._sizes([block.text for block in rows]), strict=True)]
        if not any(block.kind == "table_row" for block in body) or sum(piece.n_tokens for piece in pieces) > self.n_tokens * _HEAD_SHARE:
            return [], run
        return pieces, body

    def _room(self, unit: Sequence[Block], head: Sequence[_Piece]) -> tuple[str, int]:
        """(context of a chunk that opens with `unit`, tokens left for its text beside the table head)."""
        context = self._context(_first_body(unit), heads=not head)
        return context, self.n_tokens - self.count([context])[0] - sum(piece.n_tokens for piece in head) - _SLACK

    def _context(self, block: Block, heads: bool) -> str:
        """Title, section path, caption and (where the text will not hold them) column heads, each cut so that the whole stays within its
        share of the window."""
        budget = int(self.n_tokens * _CONTEXT_SHARE)
        parts = [self.title, " > ".join(block.section)]
        if block.caption:
            parts.append(block.caption)
        if heads and (columns := [cell.head for cell in block.cells if cell.head]):
            parts.append(" | ".join(columns))
        parts = [part for part in parts if part]
        while parts:
            context = "\n".join(parts)
            over = self.count([context])[0] - budget
            if over <= 0:
                return context
            longest = max(range(len(parts)), key=lambda i: len(parts[i]))
            parts[longest] = " ".join(parts[longest].split()[: -max(1, over // 2)])
            if not parts[longest]:
                del parts[longest]
        return ""

    def _pieces(self, block: Block, room: int) -> list[_Piece]:
        """The block in pieces of at most `room` tokens, cut at sentence ends where possible, else at blanks, else anywhere."""
        size = self._sizes([block.text])[0]
        if size <= room:
            return [_Piece(block, block.text, 0, size)]
        pieces: list[_Piece] = []
        start = 0
        for end in self._cuts(block.text, room):
            text = block.text[start:end].rstrip()
            pieces.append(_Piece(block, text, start, self._sizes([text])[0]))
            start = end
        return [piece for piece in pieces if piece.text]

    def _cuts(self, text: str, room: int) -> Iterator[int]:
        """Ends of the pieces, the last one len(text)."""
        atoms = [atom for word in _ATOM.finditer(text) for atom in _sliced(*word.span(), max(1, room // _BYTES))]
        sizes = self._sizes([text[start:end] for start, end in atoms])
        start = used = 0
        sentence_end = 0
        for (atom_start, atom_end), size in zip(atoms, sizes, strict=True):
            if used + size > room and atom_start > start:
                cut = sentence_end if sentence_end - start > (atom_start - start) // 2 else atom_start
                yield cut
                used = self._sizes([text[cut:atom_start]])[0] if cut < atom_start else 0
                start = cut
            used += size
            if _SENTENCE_END.search(text[atom_start:atom_end]):
                sentence_end = atom_end
        yield len(text)

    def _sizes(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without the special tokens every text gets once."""
        empty, *sizes = self.count(["", *texts])
        return [size - empty for size in sizes]

    def _chunk(self, pieces: Sequence[_Piece], context: str, ordinal: int) -> Chunk:
        texts: list[str] = []
        parts: list[Part] = []
        at = 0
        for piece in pieces:
            parts.append(_part(piece, at))
            texts.append(piece.text)
            at += len(piece.text) + 1
        text = "\n".join(texts)
        body = _first_body([piece.block for piece in pieces])
        pages = [piece.block.page for piece in pieces if piece.block.kind != "table"] or [piece.block.page for piece in pieces]
        made = Chunk(
            chunk_id=chunk_id(self.document_id, ordinal, text),
            document_id=self.document_id,
            ordinal=ordinal,
            text=text,
            context=context,
            section=body.section,
            page_first=min(pages),
            page_last=max(pages),
            kind=body.kind,
            parts=tuple(parts),
            n_tokens=0,
            group=body.group,
        )
        return replace(made, n_tokens=self.count([made.indexed_text])[0])


def _sliced(start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """[start, end) in slices of at most `size` characters: a word longer than a chunk has no better place to be cut."""
    for at in range(start, end, size):
        yield at, min(at + size, end)


def _first_body(blocks: Sequence[Block]) -> Block:
    """The block that says what a chunk is: the first that is neither a heading nor a table's head."""
    return next((block for block in blocks if block.kind not in ("heading", "table")), blocks[-1])


def _headed(pieces: Sequence[_Piece], head: Sequence[_Piece]) -> list[_Piece]:
    """The pieces with the table's head before the first row."""
    first = next((at for at, piece in enumerate(pieces) if piece.block.kind != "heading"), len(pieces))
    return [*pieces[:first], *head, *pieces[first:]]


def _runs(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Blocks that may share a chunk: those of one section, and of one table or none. Headings with nothing under them are carried
    to the next run, so that no heading stands alone."""
    run: list[Block] = []
    for block in blocks:
        if not block.text:
            continue
        if (
            run
            and run[-1].kind != "heading"
            and (block.kind == "heading" or block.section != run[-1].section or _table(block) != _table(run[-1]))
        ):
            yield run
            run = []
        run.append(block)
    if run:
        yield run


def _table(block: Block) -> str:
    return block.group if block.kind in ("table", "table_row") else ""


def _units(run: Sequence[Block]) -> Iterator[list[Block]]:
    """What should not be parted where there is room: headings with what follows, a notice with what it guards, a step with its
    sub-steps' first; each table row alone, so that a table breaks between rows."""
    unit: list[Block] = []
    for block in run:
        if unit and unit[-1].kind not in ("heading", "notice"):
            yield unit
            unit = []
        unit.append(block)
    if unit:
        yield unit


def _part(piece: _Piece, at: int) -> Part:
    """The piece's place in the chunk, with its lines and cells moved from block offsets to chunk offsets."""
    shift = at - piece.offset
    last = piece.offset + len(piece.text)

    def inside(start: int, end: int) -> bool:
        return end > piece.offset and start < last

    lines = tuple(
        Line(max(line.start, piece.offset) + shift, min(line.end, last) + shift, line.box, line.exact)
        for line in piece.block.lines
        if inside(line.start, line.end)
    )
    cells = tuple(
        Cell(cell.head, max(cell.start, piece.offset) + shift, min(cell.end, last) + shift, cell.exact)
        for cell in piece.block.cells
        if inside(cell.start, cell.end)
    )
    return Part(at, at + len(piece.text), piece.block.page, piece.block.kind, lines, cells, piece.block.level, piece.block.exact)
