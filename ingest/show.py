"""`evdocs docs show ID --page N`: what parsing made of one page, as a list of blocks, as Markdown tables, as a picture.

In: an entry of the published catalogue and a page. Out: text on a console, a PNG. The blocks come from the parse cache, or from parsing
the kept copy again in a child process; the page is drawn in a child process too (`ingest.page_image`). Must not know a parser.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ingest.run import read_again
from service.core.catalogue import Entry, source_file
from service.core.codec import to_plain
from service.core.errors import DeadlineExceeded, InvalidRequest, LimitExceeded, UnknownDocument, UnreadableDocument
from service.core.formats import FORMATS, PICTURED
from service.core.settings import Settings
from service.core.table_text import markdown, rows_of_blocks
from service.core.types import Block, Document
from service.render import NO_PAGE, UNREADABLE, WALL_S

SCALE = 2.0
COLORS = {
    "heading": (204, 0, 0), "paragraph": (30, 90, 200), "list_item": (0, 130, 60), "table": (110, 0, 150), "table_row": (170, 70, 200),
    "notice": (235, 120, 0), "figure": (0, 140, 150), "code": (120, 80, 40),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownPage:
    """One page of a document: its blocks in reading order, and the blocks of the whole document."""

    document: Document
    page: int
    blocks: tuple[Block, ...]
    all_blocks: tuple[Block, ...]

    @property
    def place(self) -> str:
        """ "manual.pdf p.20 (printed 4-2)"."""
        label = self.document.page_label(self.page)
        return f"{self.document.file} p.{self.page}" + (f" (printed {label})" if label and label != str(self.page) else "")

    @property
    def heads(self) -> list[Block]:
        """Head rows of this page's tables that stand on pages before."""
        groups = {block.group for block in self.blocks if block.kind == "table_row"}
        return [block for block in self.all_blocks if block.kind == "table" and block.group in groups and block.page < self.page]


def shown_page(entry: Entry, page: int, settings: Settings) -> ShownPage:
    """The page's blocks. Raises UnknownDocument for a page out of range, and UnreadableDocument where the kept copy cannot be read."""
    document = entry.document
    if not 1 <= page <= document.n_pages:
        raise UnknownDocument(f"{document.file} has pages 1 to {document.n_pages}, no page {page}.")
    blocks = read_again(entry, settings).blocks
    return ShownPage(document, page, tuple(block for block in blocks if block.page == page), blocks)


def list_blocks(shown: ShownPage, console: Console) -> None:
    """The page's blocks with their numbers in reading order, kinds and first words, under the section they stand in. What stands in no
    single piece on the page is in italics."""
    console.print(Text(f"{shown.place}: {len(shown.blocks)} blocks", style="bold"))
    section: tuple[str, ...] = ()
    for number, block in enumerate(shown.blocks, 1):
        if block.section != section:
            section = block.section
            console.print(Text("     " + " > ".join(section), style="dim"), no_wrap=True, overflow="ellipsis")
        kind = f"{block.kind}:{block.level}" if block.level else block.kind
        marker = "" if not block.marker or block.text.startswith(block.marker) else f"{block.marker} "
        words = "  " * block.depth + marker + " ".join(block.text[:500].split())
        line = Text(f"{number:>4} ") + Text(f"{kind:<15} ", style=f"rgb({','.join(map(str, COLORS[block.kind]))})")
        console.print(line + Text(words, style="" if block.exact else "italic"), no_wrap=True, overflow="ellipsis")


def plain_blocks(shown: ShownPage) -> list[dict[str, Any]]:
    """The page's blocks as JSON values."""
    return [to_plain(block) for block in shown.blocks]


def tables_as_markdown(shown: ShownPage) -> list[str]:
    """Each table of the page as Markdown, its caption above it; head rows from earlier pages included."""
    rows: dict[str, list[Block]] = {}
    for block in (*shown.heads, *shown.blocks):
        if block.kind in ("table", "table_row"):
            rows.setdefault(block.group, []).append(block)
    made = []
    for blocks in rows.values():
        text = markdown(rows_of_blocks(blocks)) or "\n".join(block.text for block in blocks)
        made.append(f"**{blocks[0].caption}**\n\n{text}" if blocks[0].caption else text)
    return made


def draw_layout(shown: ShownPage, home: Path, out: Path) -> None:
    """Write the page with its blocks as a PNG. Raises InvalidRequest for a document without page images, UnreadableDocument,
    LimitExceeded, DeadlineExceeded."""
    document = shown.document
    if document.suffix != PICTURED:
        name = FORMATS[document.suffix].name if document.suffix in FORMATS else document.suffix
        raise InvalidRequest(f"{document.file} is {name}, no PDF: it has no page to draw. Without --layout its blocks are listed.")
    path = source_file(home, document)
    if not path.is_file():
        raise UnknownDocument(f"The file of {document.file} is no longer stored. Ingest it again.")
    order = {"path": str(path), "page": shown.page, "scale": SCALE, "blocks": [_mark(block) for block in shown.blocks]}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ingest.page_image"], input=json.dumps(order).encode(), capture_output=True, timeout=WALL_S
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineExceeded(f"{shown.place} took longer than {WALL_S:g} s to draw.") from error
    if done.returncode in (NO_PAGE, UNREADABLE):
        raise UnreadableDocument(f"{shown.place} cannot be drawn.")
    if done.returncode != 0:
        raise LimitExceeded(f"{shown.place} needs more memory or time to draw than allowed.")
    try:
        out.write_bytes(done.stdout)
    except OSError as error:
        raise InvalidRequest(f"{out} cannot be written: {error.strerror}.") from error


def picture_name(document: Document, page: int) -> Path:
    """Where a picture goes that nobody named."""
    return Path(f"{Path(document.file).stem}-p{page}.png")


def _mark(block: Block) -> dict[str, Any]:
    """What the child draws of a block."""
    cells = [_hull([line.box for line in block.lines if line.start < cell.end and line.end > cell.start]) for cell in block.cells]
    return {
        "box": block.box,
        "color": COLORS[block.kind],
        "tag": (block.level or "") if block.kind == "notice" else "",
        "lines": [line.box for line in block.lines],
        "cells": [box for box in cells if box],
    }


def _hull(boxes: Sequence[Sequence[float]]) -> list[float]:
    if not boxes:
        return []
    return [min(box[0] for box in boxes), min(box[1] for box in boxes), max(box[2] for box in boxes), max(box[3] for box in boxes)]
