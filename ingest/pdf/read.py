"""A PDF file -> Blocks in reading order, and what else the file tells of itself.

In: a path. Out: `Parsed`. The stages: gate (pypdf), words (pdfium), tables, layout (furniture, columns, paragraphs, sections,
notices), check (does every block's text stand on its page, read by another extractor). Runs in a child process
(`ingest.worker`): no other module may import a PDF parser on behalf of a request. Must not know about chunks or indexes.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pypdfium2 as pdfium

from ingest.language import guess_language
from ingest.parsed import Parsed
from ingest.pdf.blocks import Assembler, PageItems
from ingest.pdf.check import Checker
from ingest.pdf.columns import Whole
from ingest.pdf.contents import is_contents_page
from ingest.pdf.figures import Drawing, drawings
from ingest.pdf.furniture import Furniture, find_furniture
from ingest.pdf.gate import Gate, open_gate
from ingest.pdf.layout import Paragraph, paragraphs, regions
from ingest.pdf.notice_boxes import NoticeBox, notice_boxes
from ingest.pdf.ruled import grid_tables, half_ruled_tables, ruling_edges
from ingest.pdf.sections import Sections, body_type, looks_like_heading, rank_styles
from ingest.pdf.tables import Table
from ingest.pdf.title import guess_title
from ingest.pdf.unruled import unruled_tables
from ingest.pdf.words import Page, Word, read_page
from service.core.errors import UnreadableDocument
from service.core.types import Block, Box


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def parse_pdf(path: Path, document_id: str, max_pages: int) -> Parsed:
    """Parse in this process. Raises UnreadableDocument, EncryptedDocument or LimitExceeded."""
    clock = _Clock()
    with clock.stage("gate"):
        gate = open_gate(path, max_pages)
    warnings = list(gate.warnings)
    with clock.stage("words"):
        pages = _read(path, gate, warnings)
    with clock.stage("layout"):
        furniture = find_furniture(pages)
    laid: list[PageItems] = []
    empty: list[int] = []
    for page in pages:
        if _is_empty(page):
            empty.append(page.number)
        laid.append(_lay_out(page, furniture, clock))
    with clock.stage("layout"):
        blocks = _assemble(laid, gate, document_id)
    with clock.stage("check"):
        blocks = Checker(path, pages).check(blocks)
    _warn(pages, laid, empty, warnings)
    return Parsed(
        n_pages=gate.n_pages,
        blocks=tuple(blocks),
        page_labels=_labels(gate, furniture),
        empty_pages=tuple(empty),
        title=guess_title(gate.metadata.get("title", ""), pages[0], blocks),
        metadata=gate.metadata,
        language=guess_language(" ".join(block.text for block in blocks[:2000])),
        warnings=tuple(warnings),
        timings_s={name: round(value, 4) for name, value in clock.seconds.items()},
    )


def _read(path: Path, gate: Gate, warnings: list[str]) -> list[Page]:
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        raise UnreadableDocument(f"{path.name}: the PDF is broken (pdfium: {error}).") from error
    pages: list[Page] = []
    try:
        pages += [_read_one(document, index, warnings) for index in range(min(gate.n_pages, len(document)))]
    finally:
        document.close()
    if not pages:
        raise UnreadableDocument(f"{path.name}: no page can be read.")
    pages += [Page(number, 0.0, 0.0) for number in range(len(pages) + 1, gate.n_pages + 1)]
    return pages


def _read_one(document: pdfium.PdfDocument, index: int, warnings: list[str]) -> Page:
    try:
        page = document[index]
    except pdfium.PdfiumError:
        warnings.append(f"page {index + 1}: broken, left out")
        return Page(index + 1, 0.0, 0.0)
    try:
        return read_page(page, index + 1)
    except pdfium.PdfiumError:
        warnings.append(f"page {index + 1}: its text cannot be read")
        return Page(index + 1, 0.0, 0.0)
    finally:
        page.close()


def _is_empty(page: Page) -> bool:
    """Nearly no text, but pictures over most of the page: a scan."""
    n_chars = sum(len(word.text) for word in page.words)
    covered = sum(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]) for box in page.images)
    return page.width > 0 and n_chars < 25 and covered > 0.35 * page.width * page.height


def _lay_out(page: Page, furniture: Furniture, clock: _Clock) -> PageItems:
    """One page's tables, notice boxes and paragraphs in reading order."""
    gone = furniture.words(page.number)
    page.words = [word for word in page.words if id(word) not in gone]
    with clock.stage("tables"):
        edges = ruling_edges(page)
        tables = grid_tables(page, edges)
        free = _without(page.words, tables)
    with clock.stage("layout"):
        boxes = notice_boxes(page, free)
        free = _without(free, boxes)
        figures = drawings(page, free, [*(table.box for table in tables), *(notice.box for notice in boxes)])
        free = _without(free, figures)
    with clock.stage("tables"):
        tables += half_ruled_tables(edges, free)
        free = _without(free, tables)
    with clock.stage("layout"):
        owners: list[Table | NoticeBox | Drawing] = [*tables, *boxes, *figures]
        wholes = [Whole(owner.box, owner) for owner in owners]
        areas = regions(free, wholes, _free_rules(page, tables))
    items: list[Paragraph | Whole] = []
    for area in areas:
        with clock.stage("tables"):
            area = unruled_tables(area)
        with clock.stage("layout"):
            items += paragraphs(area)
    return PageItems(page.number, items, contents=is_contents_page(items))


def _free_rules(page: Page, tables: Sequence[Table]) -> list[Box]:
    return [rule for rule in page.rules if not any(table.box[1] - 2 <= rule[1] <= table.box[3] + 2 for table in tables)]


def _without(words: list[Word], owners: Sequence[Table | NoticeBox | Drawing]) -> list[Word]:
    taken = {id(word) for owner in owners for word in owner.words}
    return [word for word in words if id(word) not in taken]


def _assemble(laid: list[PageItems], gate: Gate, document_id: str) -> list[Block]:
    counts: Counter[tuple[float, bool]] = Counter()
    for page_items in laid:
        for item in page_items.items:
            if isinstance(item, Paragraph):
                for line in item.lines:
                    counts[(round(line.size * 2) / 2, line.bold)] += len(line.text)
    body = body_type(counts)
    headings = [
        item for page_items in laid if not page_items.contents for item in page_items.items
        if isinstance(item, Paragraph) and looks_like_heading(item, body)
    ]  # fmt: skip
    assembler = Assembler(document_id, Sections(gate.outline, body, rank_styles(headings)))
    for page_items in laid:
        assembler.add(page_items)
    return assembler.blocks


def _labels(gate: Gate, furniture: Furniture) -> tuple[str, ...]:
    declared = gate.page_labels
    plain = all(label == str(number) for number, label in enumerate(declared, 1))
    if declared and not (plain and any(furniture.labels)):
        return declared
    return furniture.labels


def _warn(pages: list[Page], laid: list[PageItems], empty: list[int], warnings: list[str]) -> None:
    if empty:
        warnings.append(f"no text layer, not readable without OCR: page {', '.join(map(str, empty))}")
    warnings += [f"page {page.number}: hidden text ignored ({page.n_hidden} characters)" for page in pages if page.n_hidden > 3]
    contents = [page_items.number for page_items in laid if page_items.contents]
    if contents:
        warnings.append(f"contents or index pages left out: page {', '.join(map(str, contents))}")
