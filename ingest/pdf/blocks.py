"""Laid-out pages -> Blocks with ids, sections, groups and captions.

In: `PageItems` page by page. Out: `Assembler.blocks`. Keeps what runs over page breaks: lists, tables, the section path. Must
not know how lines were found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.captions import FIGURE, MAX_CHARS, TABLE
from ingest.pdf.columns import Whole
from ingest.pdf.figures import Drawing
from ingest.pdf.layout import Paragraph
from ingest.pdf.lines import join_lines, make_lines
from ingest.pdf.notice_boxes import NoticeBox
from ingest.pdf.sections import Sections
from ingest.pdf.table_blocks import TableRun, find_caption
from ingest.pdf.tables import Table
from ingest.steps import ListRun
from service.core.ids import block_id
from service.core.types import Block, BlockKind, Box, Line, NoticeLevel

_WORDS = re.compile(r"[^\W\d_]{3,}|[\u4e00-\u9fff]{2,}")


@dataclass
class PageItems:
    """One page's paragraphs and wholes, in reading order; `contents`: a table of contents or an index."""

    number: int
    items: list[Paragraph | Whole]
    contents: bool = False


@dataclass
class Assembler:
    """Call `add` for every page in order, then read `blocks`."""

    document_id: str
    sections: Sections
    blocks: list[Block] = field(default_factory=list)
    _run: ListRun = field(default_factory=ListRun)
    _tables: TableRun = field(default_factory=TableRun)
    _n_groups: int = 0
    _signal: tuple[NoticeLevel, Paragraph] | None = None

    def add(self, page: PageItems) -> None:
        """Turn one page into blocks."""
        if page.contents:
            return
        self.sections.begin_page(page.number, [item for item in page.items if isinstance(item, Paragraph)])
        for index, item in enumerate(page.items):
            if isinstance(item, Paragraph):
                self._paragraph(item, page, index)
            elif isinstance(item.owner, Table):
                self._flush_signal(page.number)
                self._add_table(item.owner, page, index)
            elif isinstance(item.owner, NoticeBox):
                self._flush_signal(page.number)
                self._add_notice(item.owner, page.number)
            elif isinstance(item.owner, Drawing):
                self._add_drawing(item.owner, page, index)
        self._flush_signal(page.number)

    def _group(self) -> str:
        self._n_groups += 1
        return f"{self.document_id}-g{self._n_groups}"

    def _emit(self, kind: BlockKind, text: str, page: int, box: Box, lines: tuple[Line, ...], **extra: object) -> None:
        if not text.strip():
            return
        number = len(self.blocks)
        block = Block(block_id(self.document_id, number), kind, text, page, box, section=self.sections.path, lines=lines)
        self.blocks.append(replace(block, **extra) if extra else block)  # type: ignore[arg-type]

    def _flush_signal(self, page: int) -> None:
        if self._signal is not None:
            level, paragraph = self._signal
            self._signal = None
            self._emit("notice", paragraph.text, page, paragraph.box, paragraph.spans, level=level)

    def _paragraph(self, item: Paragraph, page: PageItems, index: int) -> None:
        if self._signal is not None:
            level, signal = self._signal
            self._signal = None
            merged = Paragraph([*signal.lines, *item.lines]).finish()
            self._emit("notice", merged.text, page.number, merged.box, merged.spans, level=level)
            return
        alone = level_of_line(item.text)
        if alone is not None:
            follows = index + 1 < len(page.items) and isinstance(page.items[index + 1], Paragraph)
            if follows and not self.sections.is_outlined(item, page.number):
                self._signal = (alone, item)
                return
        level_here = level_of_text(item.text)
        if level_here is not None:
            self._emit("notice", item.text, page.number, item.box, item.spans, level=level_here)
        elif FIGURE.match(item.text) and len(item.text) <= MAX_CHARS:
            self._emit("figure", item.text, page.number, item.box, item.spans, caption=item.text)
        elif self.sections.place(item, page.number):
            self._run.stop()
            self._emit("heading", item.text, page.number, item.box, item.spans)
        elif item.marker:
            group = self._run.group(item, self._group)
            self._emit("list_item", item.text, page.number, item.box, item.spans, group=group)
        elif _WORDS.search(item.text) or len(item.text) > 12:
            self._run.pause(item)
            self._emit("paragraph", item.text, page.number, item.box, item.spans)

    def _add_notice(self, notice: NoticeBox, page: int) -> None:
        text, lines = join_lines(make_lines(notice.words, 1e9))
        self.sections.advance(page, notice.box[1])
        self._emit("notice", text, page, notice.box, lines, level=notice.level)

    def _add_drawing(self, drawing: Drawing, page: PageItems, index: int) -> None:
        """A drawing's labels are one block if they make words; axis ticks and pin numbers alone are noise."""
        text, lines = join_lines(make_lines(drawing.words, 1e9))
        if len(_WORDS.findall(text)) >= 3:
            self.sections.advance(page.number, drawing.box[1])
            self._emit("figure", text, page.number, drawing.box, lines, caption=find_caption(page.items, index, FIGURE))

    def _add_table(self, table: Table, page: PageItems, index: int) -> None:
        self.sections.advance(page.number, table.box[1])
        caption = find_caption(page.items, index, TABLE)
        first = not any(isinstance(other, Paragraph) and not TABLE.match(other.text) for other in page.items[:index])
        for row in self._tables.rows(table, "" if caption in self.sections.path else caption, first, self._group):
            self._emit(row.kind, row.text, page.number, row.box, row.lines, cells=row.cells, group=row.group, caption=row.caption)
