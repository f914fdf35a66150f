"""Laid-out pages -> Blocks with ids, sections, groups and captions.

In: `PageItems` page by page. Out: `Assembler.finish`. Keeps what runs over page breaks: lists, tables, the section path. Must
not know how lines were found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ingest.notices import level_of_line
from ingest.pdf.bare_steps import mark_bare_steps
from ingest.pdf.captions import FIGURE, MAX_CHARS, TABLE
from ingest.pdf.columns import Whole
from ingest.pdf.figures import Drawing
from ingest.pdf.layout import Paragraph
from ingest.pdf.lines import join_lines, make_lines
from ingest.pdf.notice_boxes import NoticeBox
from ingest.pdf.notice_runs import cut_at_signals, notice_at
from ingest.pdf.sections import Sections
from ingest.pdf.table_blocks import MAX_FOOTNOTES, MAX_RUNNING_HEAD_CHARS, TableRun, find_caption
from ingest.pdf.tables import Table
from ingest.steps import group_lists
from service.core.ids import block_id
from service.core.types import Block, BlockKind, Box, Line, NoticeLevel

_TITLE_SIZE = 1.2
_SENTENCE_ENDS = (".", "!", "?", ":", "。", "！", "？", ")")
_WORDS = re.compile(r"[^\W\d_]{3,}|[\u4e00-\u9fff]{2,}")


@dataclass
class PageItems:
    """One page's paragraphs and wholes, in reading order; `contents`: a table of contents or an index."""

    number: int
    items: list[Paragraph | Whole]
    contents: bool = False


@dataclass
class Assembler:
    """Call `add` for every page in order, then `finish`."""

    document_id: str
    sections: Sections
    blocks: list[Block] = field(default_factory=list)
    _tables: TableRun = field(default_factory=TableRun)
    _n_groups: int = 0
    _carried: tuple[int, NoticeLevel] | None = None  # page and level of a notice that may go on

    def add(self, page: PageItems) -> None:
        """Turn one page into blocks."""
        if page.contents:
            return
        page = replace(page, items=cut_at_signals(mark_bare_steps(page.items)))
        self.sections.begin_page(page.number, [item for item in page.items if isinstance(item, Paragraph)])
        taken = 0
        for index, item in enumerate(page.items):
            if index < taken:
                continue
            taken = index + self._free_notice(page, index)
            if index < taken:
                continue
            if isinstance(item, Paragraph):
                self._paragraph(item, page)
            elif isinstance(item.owner, Table):
                self._add_table(item.owner, page, index)
            elif isinstance(item.owner, NoticeBox):
                self._add_notice(item.owner, page.number)
            elif isinstance(item.owner, Drawing):
                self._add_drawing(item.owner, page, index)

    def finish(self) -> list[Block]:
        """All blocks, list items with their groups and depths. Call it once, after the last page."""
        return group_lists(self.blocks, self.document_id)

    def _group(self) -> str:
        self._n_groups += 1
        return f"{self.document_id}-g{self._n_groups}"

    def _emit(self, kind: BlockKind, text: str, page: int, box: Box, lines: tuple[Line, ...], **extra: object) -> None:
        if not text.strip():
            return
        number = len(self.blocks)
        block = Block(block_id(self.document_id, number), kind, text, page, box, section=self.sections.path, lines=lines)
        self.blocks.append(replace(block, **extra) if extra else block)  # type: ignore[arg-type]

    def _paragraph(self, item: Paragraph, page: PageItems) -> None:
        if FIGURE.match(item.text) and len(item.text) <= MAX_CHARS:
            self._emit("figure", item.text, page.number, item.box, item.spans, caption=item.text)
        elif self.sections.place(item, page.number):
            self._emit("heading", item.text, page.number, item.box, item.spans)
        elif item.is_code:
            self._emit("code", item.text, page.number, item.box, item.spans)
        elif item.marker:
            self._emit("list_item", item.text, page.number, item.box, item.spans, marker=item.marker)
        elif _WORDS.search(item.text) or len(item.text) > 12:
            self._emit("paragraph", item.text, page.number, item.box, item.spans)

    def _free_notice(self, page: PageItems, index: int) -> int:
        """The notice without a box that begins at this item: how many items it takes, 0 where there is none."""
        item = page.items[index]
        if not isinstance(item, Paragraph):
            return 0
        carried, self._carried = self._carried, None
        found = notice_at(page.items, index)
        if carried and found is None:
            if self._goes_on(item, page.number - carried[0]):
                found = carried[1], 1
            elif index == 0 and carried[0] == page.number - 1:
                self._carried = carried  # a running head that was not told from the text
        if found is None or self._is_title(item, page.number):
            return 0
        level, n_items = found
        if index + n_items == len(page.items) and level_of_line(item.text) and n_items == 1:
            self._carried = page.number, level
        own = [other for other in page.items[index : index + n_items] if isinstance(other, Paragraph)]
        merged = Paragraph([line for other in own for line in other.lines]).finish()
        self.sections.advance(page.number, merged.box[1])
        self._emit("notice", merged.text, page.number, merged.box, merged.spans, level=level)
        return n_items

    def _goes_on(self, item: Paragraph, n_pages: int) -> bool:
        """The text after a notice that ended in mid-sentence goes on with it, and so does a sentence after a lone signal word at a page's
        end."""
        sentence = item.text.rstrip().endswith((".", "!", "。", "！")) or len(item.lines) > 1
        body = not item.marker and item.lines[0].size < _TITLE_SIZE * self.sections.body.size
        return body and sentence and (item.text[:1].islower() or n_pages == 1)

    def _is_title(self, item: Paragraph, page: int) -> bool:
        """A signal word that heads a section: the outline names it, or it is set as large as headings are ("Important", not "WARNING")."""
        large = item.lines[0].size >= _TITLE_SIZE * self.sections.body.size
        return self.sections.is_outlined(item, page) or (large and level_of_line(item.text) is not None and not item.text.isupper())

    def _add_notice(self, notice: NoticeBox, page: int) -> None:
        text, lines = join_lines(notice.lines)
        self.sections.advance(page, notice.box[1])
        self._emit("notice", text, page, notice.box, lines, level=notice.level)
        self._carried = None if text.rstrip().endswith(_SENTENCE_ENDS) else (page, notice.level)

    def _add_drawing(self, drawing: Drawing, page: PageItems, index: int) -> None:
        """A drawing's labels are one block if they make words; axis ticks and pin numbers alone are noise."""
        text, lines = join_lines(make_lines(drawing.words, 1e9))
        if len(_WORDS.findall(text)) >= 3:
            self.sections.advance(page.number, drawing.box[1])
            self._emit("figure", text, page.number, drawing.box, lines, caption=find_caption(page.items, index, FIGURE))

    def _add_table(self, table: Table, page: PageItems, index: int) -> None:
        self.sections.advance(page.number, table.box[1])
        caption = find_caption(page.items, index, TABLE)
        above = [other for other in page.items[:index] if isinstance(other, Paragraph) and not TABLE.match(other.text)]
        first = not above or (not table.n_head and len(above) == 1 and len(above[0].text) <= MAX_RUNNING_HEAD_CHARS)
        ends = sum(isinstance(other, Paragraph) for other in page.items[index + 1 :]) <= MAX_FOOTNOTES
        place = (first and index < 3, ends)
        for row in self._tables.rows(table, "" if caption in self.sections.path else caption, page.number, place, self._group):
            self._emit(
                row.kind, row.text, page.number, row.box, row.lines,
                cells=row.cells, group=row.group, caption=row.caption, statement=row.statement,
            )  # fmt: skip
