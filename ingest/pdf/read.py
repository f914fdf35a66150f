"""A PDF file -> Blocks in reading order, and what else the file tells of itself.

In: a path. Out: `Parsed`. The stages: gate (pypdf), words (pdfium), tables, layout (furniture, columns, paragraphs, sections,
notices), check (does every block's text stand on its page, read by another extractor). Runs in a child process
(`ingest.worker`): no other module may import a PDF parser on behalf of a request. Must not know about chunks or indexes.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ingest.language import guess_language
from ingest.parsed import Parsed
from ingest.pdf.absorb import absorb
from ingest.pdf.blocks import Assembler, PageItems
from ingest.pdf.check import Checker
from ingest.pdf.columns import Whole
from ingest.pdf.contents import take_contents
from ingest.pdf.figures import Drawing, drawings, parting_images
from ingest.pdf.front import front_lines
from ingest.pdf.furniture import Furniture, find_furniture
from ingest.pdf.gate import Gate, open_gate
from ingest.pdf.glyph_names import GlyphNames
from ingest.pdf.heap import give_back
from ingest.pdf.hidden import hidden_words
from ingest.pdf.hyphens import LEXICON, Lexicon
from ingest.pdf.layout import Paragraph, paragraphs, picture_bullets, regions
from ingest.pdf.notice_boxes import Broken, NoticeBox, notice_boxes
from ingest.pdf.ocr import Scans, read_scans
from ingest.pdf.page_labels import page_labels
from ingest.pdf.planes import as_displayed, side_pages
from ingest.pdf.ruled import grid_tables, half_ruled_tables, ruling_edges
from ingest.pdf.sections import find_sections
from ingest.pdf.tables import Table
from ingest.pdf.title import guess_title
from ingest.pdf.unruled import headed_tables, unruled_tables
from ingest.pdf.words import Page, Word, read_page
from ingest.tesseract import NO_OCR, Ocr
from service.core.errors import EncryptedDocument, UnreadableDocument
from service.core.pages import named
from service.core.types import Block, Box

PAGES_AT_A_TIME = 50
"""pdfium keeps fonts and pictures until a file is closed: after so many pages it is opened anew."""


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


def parse_pdf(path: Path, document_id: str, max_pages: int, ocr: Ocr = NO_OCR, tick: Callable[[bool], None] = lambda _: None) -> Parsed:
    """Parse in this process. `tick` is told when OCR of a page begins (True) and ends. Raises UnreadableDocument, EncryptedDocument or
    LimitExceeded."""
    clock = _Clock()
    with clock.stage("gate"):
        gate = open_gate(path, max_pages)
    warnings = list(gate.warnings)
    with clock.stage("words"):
        pages = _read(path, gate, warnings)
    with clock.stage("ocr"):
        scans = read_scans(path, pages, ocr, tick)
    for number in (*scans.read, *scans.unread):
        pages[number - 1].aside = {}
    front = front_lines(pages)  # before running heads are taken off the pages
    LEXICON.set(Lexicon(word.text for page in pages for word in page.words))
    with clock.stage("layout"):
        furniture = find_furniture(pages)
        labels = page_labels(gate.page_labels, furniture.labels)
    gutters: list[float] = []
    broken = Broken()
    laid = [_lay_out(page, furniture, gutters, broken, clock) for page in pages]
    if gate.n_pages > PAGES_AT_A_TIME:
        give_back()
    with clock.stage("layout"):
        blocks, contents = _assemble(laid, gate, labels, document_id)
    with clock.stage("check"):
        blocks = scans.restore(Checker(path, pages, scans.read).check(blocks))
    blocks = [block if block.page in scans.read else as_displayed(block, pages[block.page - 1]) for block in blocks]
    _warn(pages, contents, scans, warnings)
    return Parsed(
        n_pages=gate.n_pages,
        blocks=tuple(blocks),
        page_labels=labels,
        empty_pages=tuple(sorted(scans.unread)),
        title=guess_title(gate.metadata.get("title", ""), pages[0], blocks),
        metadata=gate.metadata,
        language=guess_language(" ".join(block.text for block in blocks[:2000])),
        warnings=tuple(warnings),
        ocr_pages=tuple(sorted(scans.read)),
        timings_s={name: round(value, 4) for name, value in clock.seconds.items()},
        front=front,
    )


def _read(path: Path, gate: Gate, warnings: list[str]) -> list[Page]:
    pages: list[Page] = []
    broken: list[int] = []
    with contextlib.closing(GlyphNames(path)) as names:
        for first in range(0, gate.n_pages, PAGES_AT_A_TIME):
            with contextlib.closing(_opened(path)) as document:
                last = min(first + PAGES_AT_A_TIME, gate.n_pages, len(document))
                pages += [_read_one(document, index, gate, names, broken) for index in range(first, last)]
            give_back(collect=False)
    if not pages:
        raise UnreadableDocument(f"{path.name}: no page can be read.")
    if gate.n_pages > PAGES_AT_A_TIME:
        give_back()
    broken += range(len(pages) + 1, gate.n_pages + 1)
    pages += [Page(number, 0.0, 0.0) for number in range(len(pages) + 1, gate.n_pages + 1)]
    if broken:
        warnings.append(f"{named(broken)} broken and left out")
    return pages


def _opened(path: Path) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise EncryptedDocument(f"{path.name}: encrypted in a way that cannot be read.") from error
        raise UnreadableDocument(f"{path.name}: the PDF is broken (pdfium: {error}).") from error


def _read_one(document: pdfium.PdfDocument, index: int, gate: Gate, names: GlyphNames, broken: list[int]) -> Page:
    try:
        page = document[index]
    except pdfium.PdfiumError:
        broken.append(index + 1)
        return Page(index + 1, 0.0, 0.0)
    try:
        return read_page(page, index + 1, partial(names.letters, index + 1), gate.has_layers)
    except pdfium.PdfiumError:
        broken.append(index + 1)
        return Page(index + 1, 0.0, 0.0)
    finally:
        page.close()


def _lay_out(page: Page, furniture: Furniture, gutters: list[float], broken: Broken, clock: _Clock) -> PageItems:
    """One page's tables, notice boxes and paragraphs in reading order; what stands at right angles to its text before or after that."""
    gone = furniture.words(page.number)
    page.words = [word for word in page.words if id(word) not in gone]
    own = _items(page, gutters, broken, clock)
    sides = [item for side in side_pages(page, furniture.knows) for item in _items(side, [], Broken(), clock)]
    return PageItems(page.number, [*sides, *own] if page.turn else [*own, *sides])


def _items(page: Page, gutters: list[float], broken: Broken, clock: _Clock) -> list[Paragraph | Whole]:
    with clock.stage("tables"):
        edges = ruling_edges(page)
        tables = grid_tables(page, edges)
    with clock.stage("layout"):
        boxes, tables = notice_boxes(page, edges, tables, broken)
        free = _without(page.words, [*tables, *boxes])
        figures = drawings(page, free, [*(table.box for table in tables), *(notice.box for notice in boxes)])
        free = _without(free, figures)
    with clock.stage("tables"):
        tables += half_ruled_tables(edges, free, page.strokes)
        free = _without(free, tables)
        tables += headed_tables(free)
        free = _without(free, tables)
    with clock.stage("layout"):
        owners: list[Table | NoticeBox | Drawing] = [*tables, *boxes, *figures]
        wholes = [Whole(owner.box, owner) for owner in owners]
        free += picture_bullets(page.images, free)
        areas = regions(free, wholes, [*_free_rules(page, tables), *parting_images(page, free)], gutters)
    items: list[Paragraph | Whole] = []
    for area in areas:
        with clock.stage("tables"):
            area = unruled_tables(area)
        with clock.stage("layout"):
            items += paragraphs(area)
    with clock.stage("tables"):
        return absorb(items)


def _free_rules(page: Page, tables: Sequence[Table]) -> list[Box]:
    return [rule for rule in page.rules if not any(table.box[1] - 2 <= rule[1] <= table.box[3] + 2 for table in tables)]


def _without(words: list[Word], owners: Sequence[Table | NoticeBox | Drawing]) -> list[Word]:
    taken = {id(word) for owner in owners for word in owner.words}
    return [word for word in words if id(word) not in taken]


def _assemble(laid: list[PageItems], gate: Gate, labels: Sequence[str], document_id: str) -> tuple[list[Block], list[int]]:
    """The blocks, and the pages that contents or an index was taken from."""
    pages = [(page_items.number, page_items.items) for page_items in laid]
    contents = take_contents(pages)
    assembler = Assembler(document_id, find_sections(pages, gate.outline, contents.entries, labels))
    for page_items in laid:
        assembler.add(page_items)
    return assembler.finish(), contents.pages


def _warn(pages: list[Page], contents: list[int], scans: Scans, warnings: list[str]) -> None:
    warnings += scans.sentences()
    warnings += [f"page {page.number}: hidden text left out ({hidden_words(page.hidden)})" for page in pages if page.n_hidden > 3]
    if contents:
        warnings.append(f"contents or index left out: page {', '.join(map(str, contents))}")
