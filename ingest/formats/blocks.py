"""Headings, paragraphs, list items, tables as a reader meets them -> Blocks with ids, section paths, groups, captions and levels.

In: calls in reading order. Out: `Builder.blocks`. Shared by every format without a page layout: such blocks have no boxes and no
lines. Must not know which format it serves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.formats.characters import visible
from ingest.formats.tables import Grid, GridCell, RawCell, make_grid
from ingest.notices import level_of_line, level_of_text
from ingest.pdf.captions import FIGURE, MAX_CHARS, TABLE
from service.core.errors import LimitExceeded
from service.core.ids import block_id
from service.core.table_text import statement
from service.core.types import Block, BlockKind, Cell, NoticeLevel

MAX_BLOCKS = 200_000
MAX_CELLS = 1_000_000
MAX_HEADING = 300
NO_BOX = (0.0, 0.0, 0.0, 0.0)
_GRAVE = ("danger", "warning", "caution")
_WORD = re.compile(r"\w")


@dataclass
class Builder:
    """`page` is where the next block stands, 1-based: the caller turns it. `n_hidden` counts characters that spell what no reader
    sees."""

    document_id: str
    name: str
    page: int = 1
    blocks: list[Block] = field(default_factory=list)
    n_hidden: int = 0
    _path: list[tuple[int, str]] = field(default_factory=list)
    _n_groups: int = 0
    _n_cells: int = 0
    _signal: tuple[NoticeLevel, str] | None = None
    _headed: NoticeLevel | None = None

    @property
    def section(self) -> tuple[str, ...]:
        """The headings above, outermost first."""
        return tuple(text for _, text in self._path)

    def new_group(self) -> str:
        """An id for a table or list."""
        self._n_groups += 1
        return f"{self.document_id}-g{self._n_groups}"

    def heading(self, level: int, text: str, number: str = "") -> None:
        """A heading of `level` (1 is the outermost); `number` is printed before it but no part of the text."""
        text = self._clean(text)
        if not _WORD.search(text):
            return
        if len(text) > MAX_HEADING:
            self.paragraph(text)
            return
        self._flush()
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, f"{number} {text}" if number else text))
        self._emit("heading", text, marker=number)
        alone = level_of_line(text)
        self._headed = alone if alone in _GRAVE else None

    def paragraph(self, text: str, level: NoticeLevel | None = None) -> None:
        """A paragraph, notice or caption, as its text says; `level` makes it a notice whatever it says."""
        text = self._clean(text)
        if not _WORD.search(text):
            return
        if self._signal is not None:
            (level, before), self._signal = self._signal, None
            text = f"{before} {text}"
        elif level is None and (alone := level_of_line(text)):
            self._signal = (alone, text)
            return
        level = level or level_of_text(text) or self._headed
        self._headed = None
        if level is not None:
            self._emit("notice", text, level=level)
        elif FIGURE.match(text) and len(text) <= MAX_CHARS:
            self._emit("figure", text, caption=text)
        else:
            self._emit("paragraph", text)
            if TABLE.match(text) and len(text) <= MAX_CHARS:
                self._caption_last_table(text)

    def item(self, text: str, marker: str, depth: int, group: str) -> None:
        """A list item; `marker` "" goes on with the item before."""
        text = self._clean(text)
        if not _WORD.search(text):
            return
        self._flush()
        level = level_of_text(text)
        if level is not None:
            self._emit("notice", text, level=level)
        else:
            self._emit("list_item", text, marker=marker, depth=depth, group=group)

    def notice(self, level: NoticeLevel, text: str) -> None:
        """A notice box."""
        text = self._clean(text)
        if _WORD.search(text):
            self._flush()
            self._emit("notice", text, level=level)

    def code(self, text: str) -> None:
        """A code block; its lines stay lines."""
        lines = [line.rstrip() for line in visible(text)[0].expandtabs(4).split("\n")]
        while lines and not lines[0]:
            del lines[0]
        if any(lines):
            self._flush()
            self._emit("code", "\n".join(lines).rstrip())

    def figure(self, text: str, caption: str = "") -> None:
        """What stands for a picture: its caption, or the text given in its place."""
        text = self._clean(text)
        if _WORD.search(text):
            self._flush()
            self._emit("figure", text, caption=self._clean(caption))

    def table(self, rows: Sequence[Sequence[RawCell]], n_head: int | None = None, caption: str = "", pages: Sequence[int] = ()) -> None:
        """A table. `pages` are the rows' pages where they are not all on this one. Raises LimitExceeded for too many cells."""
        self._n_cells += sum(map(len, rows))
        if self._n_cells > MAX_CELLS:
            raise LimitExceeded(f"{self.name}: more than {MAX_CELLS} table cells.")
        clean = [[replace(cell, text=self._clean(cell.text)) for cell in row] for row in rows]
        grid = make_grid(clean, n_head)
        self._flush()
        group = self.new_group()
        caption = self._clean(caption) or self._caption_above()
        turned = list(pages) if len(pages) == len(grid.rows) else []
        subhead = ""
        for place, row in enumerate(grid.rows):
            if turned:
                self.page = turned[place]
            if grid.is_subhead(place):
                subhead = row[0].text
                self._row(row, grid, caption, group)
            else:
                self._row(row, grid, caption, group, head=place < grid.n_head, said=_said(row, grid, caption, subhead, place))

    def _row(self, row: Sequence[GridCell], grid: Grid, caption: str, group: str, head: bool = False, said: str = "") -> None:
        text, cells = "", []
        for cell in row:
            if cell.above or not cell.text:
                continue
            start = len(text) + bool(text)
            text = f"{text} {cell.text}" if text else cell.text
            cells.append(Cell("" if head else grid.head_over(cell), start, len(text), column=cell.column, span=cell.span))
        if text:
            kind: BlockKind = "table" if head else "table_row"
            self._emit(kind, text, cells=tuple(cells), caption=caption, group=group, statement=said)

    def _caption_above(self) -> str:
        """The paragraph right before, where it is a caption or leads in ("The levels are:")."""
        last = self.blocks[-1] if self.blocks else None
        if last is None or last.kind != "paragraph" or last.section != self.section:
            return ""
        leads_in = last.text.endswith((":", "：")) and len(last.text) <= 100
        return last.text if leads_in or (TABLE.match(last.text) and len(last.text) <= MAX_CHARS) else ""

    def _caption_last_table(self, caption: str) -> None:
        """A caption under its table."""
        at = len(self.blocks) - 2
        group = self.blocks[at].group if at >= 0 and self.blocks[at].kind == "table_row" and not self.blocks[at].caption else ""
        while group and at >= 0 and self.blocks[at].group == group:
            self.blocks[at] = replace(self.blocks[at], caption=caption)
            at -= 1

    def finish(self) -> tuple[Block, ...]:
        """The blocks, with whatever was waiting for more."""
        self._flush()
        return tuple(self.blocks)

    def _flush(self) -> None:
        self._headed = None
        if self._signal is not None:
            (level, text), self._signal = self._signal, None
            self._emit("notice", text, level=level)

    def _clean(self, text: str) -> str:
        shown, n_hidden = visible(text)
        self.n_hidden += n_hidden
        return " ".join(shown.split())

    def _emit(self, kind: BlockKind, text: str, **fields: Any) -> None:
        number = len(self.blocks)
        if number >= MAX_BLOCKS:
            raise LimitExceeded(f"{self.name}: more than {MAX_BLOCKS} paragraphs, list items and table rows.")
        self.blocks.append(Block(block_id(self.document_id, number), kind, text, self.page, NO_BOX, section=self.section, **fields))


def _said(row: Sequence[GridCell], grid: Grid, caption: str, subhead: str, place: int) -> str:
    """The row as a statement, with the cells that reach into it. What it is about: its first cell, and labels over several rows before."""
    if place < grid.n_head:
        return ""
    filled = [cell for cell in row if cell.text]
    n_subject = next((index for index, cell in enumerate(filled) if not cell.above and cell.n_rows == 1), len(filled)) + 1
    return statement([(grid.head_over(cell), cell.text) for cell in filled], caption, subhead, n_subject)
