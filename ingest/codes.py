"""Chunks -> where codes stand in them, and which row, heading or line defines each.

In: chunks with their parts. Out: the chunks with their `codes`, and `Occurrence`s for the build's table. A code is *defined* by the table
row whose first cells are the code, by the heading that holds it, and by the line that opens with it ("E07: contactor welded").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.core.code_table import Occurrence
from service.core.codes import Code, find_codes, label_of_head, numbered_key
from service.core.types import Cell, Chunk, Part

MAX_TEXT = 400
_SUBJECT_CELLS = 2
_FEW_CHARS = 24
_NUMBER = re.compile(r"[A-Z]{0,3}-?\d{1,6}[A-Z]?", re.I)
_AFTER = re.compile(r"\s*(?:[:：=–—]|-\s|\s\S)")


def with_codes(chunks: Sequence[Chunk]) -> tuple[list[Chunk], list[Occurrence]]:
    """The chunks with their `codes` filled in, and every occurrence. Head rows repeated from chunk to chunk count once each."""
    made: list[Chunk] = []
    occurrences: list[Occurrence] = []
    for chunk in chunks:
        own = list(_occurrences(chunk))
        made.append(replace(chunk, codes=tuple(sorted({found.key for found in own}))))
        occurrences += own
    return made, occurrences


def _occurrences(chunk: Chunk) -> Iterator[Occurrence]:
    for part in chunk.parts:
        text = chunk.text[part.start : part.end]
        seen: set[str] = set()
        for code, defines in _codes(chunk, part, text):
            if code.key in seen:
                continue
            seen.add(code.key)
            shown = (part.statement or text)[:MAX_TEXT]
            yield Occurrence(
                code.key, code.kind, text[code.start : code.end], chunk.document_id, chunk.chunk_id, part.page, defines, shown
            )  # fmt: skip


def _codes(chunk: Chunk, part: Part, text: str) -> Iterator[tuple[Code, bool]]:
    """Codes of one part, those it defines first, in offsets of its own text."""
    if part.kind == "table_row":
        for at, cell in enumerate(part.cells):
            numbered = _numbered(chunk, cell, part.start)
            if numbered is not None:
                yield numbered, at < _SUBJECT_CELLS
    found = find_codes(text)
    defined = [code for code in found if _defines(part, text, code)]
    for code in defined:
        yield code, True
    for code in found:
        if code not in defined:
            yield code, False


def _numbered(chunk: Chunk, cell: Cell, start: int) -> Code | None:
    """A bare number below a head that says what it numbers: 14 under "Pin No."."""
    label = label_of_head(cell.head)
    value = chunk.text[cell.start : cell.end].strip()
    if not label or not _NUMBER.fullmatch(value):
        return None
    at = cell.start - start
    return Code("numbered", numbered_key(label, value), at, at + len(value))


def _defines(part: Part, text: str, code: Code) -> bool:
    if part.kind in ("heading", "figure", "notice", "table"):
        return part.kind == "heading"
    if part.kind == "table_row" and part.cells:
        subject = [cell for cell in part.cells if cell.column < _SUBJECT_CELLS] or list(part.cells[:1])
        return any(_fills(cell.start - part.start, cell.end - part.start, code) for cell in subject)
    return not text[: code.start].strip(" •–—-([\"'“") and bool(_AFTER.match(text, code.end))


def _fills(start: int, end: int, code: Code) -> bool:
    """The cell [start, end) opens with the code and says little more: "0x0A7 (read only)"."""
    return start <= code.start <= start + 2 and code.end <= end and end - start <= code.end - code.start + _FEW_CHARS
