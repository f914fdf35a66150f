"""Blocks in, chunks out. A chunk stays inside one section, keeps its heading, table head and steps together as far as the
embedder's window allows, and never exceeds that window, counted with the embedder's own tokenizer, context included. It ends between
two steps, not inside one, and a procedure that fits into one chunk gets one.

`text` is the blocks' verbatim text, one line a block; `context` is what a reader would need to place it: document title, section
path, table caption and column heads, the line that announces a procedure. Knows nothing of PDFs or stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.links import link
from ingest.pieces import Piece, cut, part_of
from ingest.steps import Procedure, procedures
from service.core.ids import chunk_id
from service.core.types import Block, Chunk, Part

CountTokens = Callable[[Sequence[str]], list[int]]

_SLACK = 2  # tokens kept free for tokenizers that do not count additively
_CONTEXT_SHARE = 0.4  # a context may take this share of the window at most
_HEAD_SHARE = 0.25  # and the head of a table that is repeated in each of its chunks this
_BREAK_SHARE = 0.4  # a chunk filled to this share ends where a procedure begins that fits into one chunk, but not into the rest of this
_MAX_INTRO = 160  # characters of the line that announces a procedure, where it stands in the context of its further chunks
_COLONS = (":", "：")


@dataclass(frozen=True, slots=True)
class _Script:
    """The document's blocks with their sizes in tokens, and its procedures by the blocks inside them."""

    blocks: Sequence[Block]
    sizes: Sequence[int]
    procedures: Mapping[int, Procedure]

    def all(self, run: Iterable[int]) -> list[Block]:
        """The blocks of these places."""
        return [self.blocks[at] for at in run]


@dataclass(frozen=True, slots=True)
class Chunker:
    """`n_tokens` bounds a chunk, context and special tokens included; `title` opens every context."""

    document_id: str
    title: str
    n_tokens: int
    count: CountTokens

    def chunks(self, blocks: Sequence[Block]) -> list[Chunk]:
        """Chunks in reading order. Every character of every block lands in a chunk, and in one only, but for repeated table heads."""
        blocks = [block for block in blocks if block.text]
        inside = {at: procedure for procedure in procedures(blocks) for at in range(procedure.first, procedure.last + 1)}
        script = _Script(blocks, self._sizes([block.text for block in blocks]), inside)
        made: list[Chunk] = []
        holders: dict[int, list[int]] = {}
        for run in _runs(blocks):
            for pieces, context in self._pack(run, script):
                for at in dict.fromkeys(piece.at for piece in pieces):
                    holders.setdefault(at, []).append(len(made))
                made.append(self._chunk(pieces, context, len(made)))
        return link(made, blocks, holders)

    def _pack(self, run: Sequence[int], script: _Script) -> Iterator[tuple[list[Piece], str]]:
        """Fill chunks with the pieces of one run of blocks; each chunk's context is that of its first block that is no heading. The head
        rows of a table open each of its chunks, so that every row can be read, and quoted, with its columns."""
        head, body = self._table_head(run, script)
        held: list[Piece] = []
        used = room = 0
        context = ""
        for unit in _units(body, script.blocks):
            opening = all(piece.block.kind == "heading" for piece in held)
            if opening:
                context, room = self._room(unit, head, script)
            pieces = self._pieces(unit, room, script)
            if not opening and (used + sum(piece.n_tokens for piece in pieces) > room or _breaks(unit, used, room, script)):
                yield _headed(held, head), context
                held, used = [], 0
                context, room = self._room(unit, head, script)
                pieces = self._pieces(unit, room, script)
            for piece in pieces:
                if held and used + piece.n_tokens > room:
                    yield _headed(held, head), context
                    held, used = [], 0
                held.append(piece)
                used += piece.n_tokens
        if held:
            yield _headed(held, head), context

    def _table_head(self, run: Sequence[int], script: _Script) -> tuple[list[Piece], Sequence[int]]:
        """(head rows to repeat, the other blocks). A head that would fill most of a chunk is not repeated: it stays where it stands."""
        body = [at for at in run if script.blocks[at].kind != "table"]
        heads = [at for at in run if script.blocks[at].kind == "table"]
        pieces = [Piece(at, script.blocks[at], script.blocks[at].text, 0, script.sizes[at]) for at in heads]
        has_rows = any(script.blocks[at].kind == "table_row" for at in body)
        if not has_rows or sum(piece.n_tokens for piece in pieces) > self.n_tokens * _HEAD_SHARE:
            return [], run
        return pieces, body

    def _room(self, unit: Sequence[int], head: Sequence[Piece], script: _Script) -> tuple[str, int]:
        """(context of a chunk that opens with `unit`, tokens left for its text beside the table head)."""
        at = unit[_first_body(script.all(unit))]
        procedure = script.procedures.get(at)
        goes_on = procedure is not None and at > procedure.first and len(procedure.intro) <= _MAX_INTRO
        context = self._context(script.blocks[at], procedure.intro if procedure and goes_on else "", heads=not head)
        return context, self.n_tokens - self.count([context])[0] - sum(piece.n_tokens for piece in head) - _SLACK

    def _context(self, block: Block, intro: str, heads: bool) -> str:
        """Title, section path, caption, what the procedure is and (where the text will not hold them) column heads, each cut so that the
        whole stays within its share of the window."""
        budget = int(self.n_tokens * _CONTEXT_SHARE)
        parts = [self.title, " > ".join(block.section), block.caption, intro]
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

    def _pieces(self, unit: Sequence[int], room: int, script: _Script) -> list[Piece]:
        return [piece for at in unit for piece in cut(at, script.blocks[at], script.sizes[at], room, self._sizes)]

    def _sizes(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without the special tokens every text gets once."""
        empty, *sizes = self.count(["", *texts])
        return [size - empty for size in sizes]

    def _chunk(self, pieces: Sequence[Piece], context: str, ordinal: int) -> Chunk:
        parts: list[Part] = []
        at = 0
        for piece in pieces:
            parts.append(part_of(piece, at))
            at += len(piece.text) + 1
        text = "\n".join(piece.text for piece in pieces)
        body = pieces[_first_body([piece.block for piece in pieces])].block
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


def _first_body(blocks: Sequence[Block]) -> int:
    """Which block says what a chunk is: the first that is neither a heading nor a table's head."""
    return next((at for at, block in enumerate(blocks) if block.kind not in ("heading", "table")), len(blocks) - 1)


def _headed(pieces: Sequence[Piece], head: Sequence[Piece]) -> list[Piece]:
    """The pieces with the table's head before the first row."""
    first = next((at for at, piece in enumerate(pieces) if piece.block.kind != "heading"), len(pieces))
    return [*pieces[:first], *head, *pieces[first:]]


def _breaks(unit: Sequence[int], used: int, room: int, script: _Script) -> bool:
    """A procedure begins here that would fit into a chunk of its own, but not into what is left of this one."""
    opened = next((script.procedures[at] for at in unit if at in script.procedures and script.procedures[at].first == at), None)
    if opened is None or used < _BREAK_SHARE * room:
        return False
    total = sum(script.sizes[opened.first : opened.last + 1])
    return total <= room < used + total


def _runs(blocks: Sequence[Block]) -> Iterator[list[int]]:
    """Blocks that may share a chunk, by their places: those of one section, and of one table or none. Headings with nothing under them
    are carried to the next run, so that no heading stands alone."""
    run: list[int] = []
    for at, block in enumerate(blocks):
        last = blocks[run[-1]] if run else block
        if last.kind != "heading" and (block.kind == "heading" or block.section != last.section or _table(block) != _table(last)):
            if run:
                yield run
            run = []
        run.append(at)
    if run:
        yield run


def _table(block: Block) -> str:
    return block.group if block.kind in ("table", "table_row") else ""


def _units(run: Sequence[int], blocks: Sequence[Block]) -> Iterator[list[int]]:
    """What should not be parted where there is room: headings with what follows, a notice with what it guards, a line that ends in a
    colon with the first step it announces; each step and each table row alone, so that lists and tables break between them."""
    unit: list[int] = []
    for at in run:
        if unit and not _leads_on(blocks[unit[-1]], blocks[at]):
            yield unit
            unit = []
        unit.append(at)
    if unit:
        yield unit


def _leads_on(block: Block, following: Block) -> bool:
    if block.kind in ("paragraph", "list_item"):
        return block.text.endswith(_COLONS) and following.kind in ("list_item", "notice")
    return block.kind in ("heading", "notice")
