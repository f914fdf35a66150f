"""A Word file (.docx) -> Blocks: headings by style or outline level, lists by Word's numbering, tables, notices, pictures by their text.

In: a path. Out: `Parsed`. Pages are those of explicit breaks and of Word's own note of its last layout. Headers, footers, hidden
and deleted text, fields' codes and tables of contents are left out. Runs in a child process.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.opc.exceptions import OpcError
from docx.oxml.exceptions import InvalidXmlError

from ingest.formats.blocks import Builder
from ingest.formats.docx_gate import check_package
from ingest.formats.docx_lists import Marker, Numbering, OpenLists, read_numbering
from ingest.formats.docx_styles import Style, Styles, read_styles
from ingest.formats.docx_tables import is_layout, rows_of
from ingest.formats.docx_text import W_P, W_T, W_TBL, Piece, Turner, pieces, qn
from ingest.language import guess_language
from ingest.notices import level_of_line, level_of_text
from ingest.parsed import Parsed
from service.core.errors import UnreadableDocument
from service.core.types import NoticeLevel

MAX_DEPTH = 40
BROKEN = (OpcError, InvalidXmlError, SyntaxError, zipfile.BadZipFile, KeyError, ValueError, AttributeError, IndexError, TypeError,
          OSError, EOFError, zlib.error, NotImplementedError, AssertionError)  # fmt: skip
"""What python-docx raises on malformed files (read from its source and met in tests); broken XML is a SyntaxError."""
_CORE = {"title": "title", "author": "author", "subject": "subject", "keywords": "keywords", "category": "category"}
_MADE_UP = re.compile(r"(?i)automatically generated|automatisch generiert|\.(?:png|jpe?g|gif|emf|wmf|svg)$")
_HEADING_END = re.compile(r"[.;,:]$")


def parse_docx(path: Path, document_id: str) -> Parsed:
    """Parse in this process. Raises UnreadableDocument, EncryptedDocument or LimitExceeded."""
    check_package(path)
    try:
        word = docx.Document(str(path))
        return _read(word, path.name, document_id)
    except BROKEN as error:
        raise UnreadableDocument(f"{path.name}: the Word document is broken ({type(error).__name__}: {str(error)[:200]}).") from error


def _read(word: WordDocument, name: str, document_id: str) -> Parsed:
    body = word.element.body
    reader = _Reader(Builder(document_id, name), read_styles(word), read_numbering(_numbering_root(word)))
    reader.read(body, 0)
    blocks = reader.builder.finish()
    metadata = _metadata(word)
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    n_pages = max(1, reader.turner.page)
    n_hidden = reader.turner.n_hidden + reader.builder.n_hidden
    told = [f"hidden text ignored ({n_hidden} characters)"] if n_hidden > 3 else []
    told += [f"deleted text ignored ({reader.turner.n_deleted} characters)"] if reader.turner.n_deleted else []
    return Parsed(
        n_pages=n_pages,
        blocks=blocks,
        page_labels=("",) * n_pages,
        empty_pages=(),
        title=reader.title or metadata.get("title") or first,
        metadata=metadata,
        language=guess_language(" ".join(block.text for block in blocks[:2000])),
        warnings=tuple(told) if blocks else (*told, "the file holds no text"),
        timings_s={},
        front=tuple(block.text for block in blocks if block.page <= 2)[:60],
    )


def _numbering_root(word: WordDocument) -> Any:
    """The root of numbering.xml, or None: python-docx would make a part that is not there."""
    for relation in word.part.rels.values():
        if relation.reltype.endswith("/numbering") and not relation.is_external:
            return getattr(relation.target_part, "element", None)
    return None


def _metadata(word: WordDocument) -> dict[str, str]:
    core = word.core_properties
    found = {name: " ".join(str(getattr(core, field) or "").split())[:500] for field, name in _CORE.items()}
    for field_name in ("created", "modified"):
        moment = getattr(core, field_name)
        if moment is not None:
            found[field_name] = moment.isoformat()
    return {name: value for name, value in found.items() if value}


@dataclass
class _Reader:
    """Goes through the body in order."""

    builder: Builder
    styles: Styles
    numbering: Numbering
    turner: Turner = field(default_factory=Turner)
    title: str = ""
    _lists: OpenLists = field(default_factory=OpenLists)

    def read(self, parent: Any, depth: int) -> None:
        """All paragraphs and tables of a body, a cell or a text box."""
        for child in _blocks(parent):
            if child.tag == W_P:
                self._paragraph(child)
                self._pictures()
            elif depth < MAX_DEPTH:
                self._table(child, depth)
            else:
                self.builder.paragraph(" ".join(node.text or "" for node in child.iter(W_T)))
            while self.turner.boxes:
                self.read(self.turner.boxes.pop(0), min(depth + 1, MAX_DEPTH))

    def _paragraph(self, paragraph: Any) -> None:
        style = self.styles.of(paragraph)
        if style.page_break:
            self.turner.turn()
        found = pieces(paragraph, self.turner, self.styles.hidden, style.bold)
        if style.contents or style.hidden:
            self.turner.n_hidden += sum(len(piece.text) for piece in found) if style.hidden else 0
            return
        marker = self.numbering.marker(style.list_id, style.list_depth) if style.list_id and found else None
        for place, piece in enumerate(found):
            self.builder.page = piece.page
            self._emit(piece, style, marker, first=place == 0)
        if style.section_turns:
            self.turner.turn()

    def _pictures(self) -> None:
        """Descriptions of pictures that somebody wrote."""
        for said in self.turner.pictures:
            if len(said) > 2 and not _MADE_UP.search(said):
                self.builder.page = self.turner.page
                self.builder.figure(said)
        self.turner.pictures.clear()

    def _emit(self, piece: Piece, style: Style, marker: Marker | None, first: bool) -> None:
        """One page's piece of a paragraph, as what it is."""
        text = piece.text
        level = style.heading
        if level is None and marker is None and not self.styles.has_headings and _looks_like_heading(piece):
            level = 2
        if level is not None and first:
            self._lists.close()
            self.title = self.title or (" ".join(text.split()) if level == 0 else "")
            self.builder.heading(level, text, marker.text if marker and not marker.bullet else "")
        elif style.notice and not level_of_line(text):
            self.builder.notice(style.notice, text)
        elif marker is not None:
            group, depth = self._lists.place(marker, style.indent, self.builder.new_group)
            self.builder.item(text, marker.text if first else "", depth, group)
        elif style.code:
            self.builder.code(text)
        else:
            line, _, rest = text.strip().partition("\n")
            self.builder.paragraph(text, level_of_line(line) if rest.strip() else None)
            self._lists.pause()

    def _table(self, table: Any, depth: int) -> None:
        text = " ".join("".join(table.itertext(qn("w:t")))[:400].split())
        level: NoticeLevel | None = level_of_text(text) or level_of_line(text)
        if is_layout(table):
            if level and len(table.findall(qn("w:tr"))) <= 2 and table.find(f".//{W_TBL}") is None:
                self._notice_box(table, level)
                return
            for cell in table.iter(qn("w:tc")):
                if next(cell.iterancestors(W_TBL)) is table:
                    self.read(cell, depth + 1)
            return
        rows, n_head, pages = rows_of(table, self._cell_text, self.turner)
        self._lists.close()
        self.builder.page = pages[0] if pages else self.turner.page
        self.builder.table(rows, n_head, pages=pages)

    def _notice_box(self, table: Any, level: NoticeLevel) -> None:
        """A table of one column that begins with a signal word is a box."""
        found = [
            piece
            for cell in table.iter(qn("w:tc"))
            for paragraph in _blocks(cell)
            for piece in pieces(paragraph, self.turner, self.styles.hidden)
        ]
        for page in dict.fromkeys(piece.page for piece in found):
            self.builder.page = page
            self.builder.notice(level, " ".join(piece.text for piece in found if piece.page == page))

    def _cell_text(self, cell: Any) -> tuple[str, bool]:
        """(text, whether all of it is bold)."""
        found: list[Piece] = []
        for paragraph in (child for child in _blocks(cell) if child.tag == W_P):
            style = self.styles.of(paragraph)
            own = pieces(paragraph, self.turner, self.styles.hidden, style.bold)
            if style.list_id and own:
                self.numbering.marker(style.list_id, style.list_depth)  # counted: numbers in cells stand in no text
            found += own
        return " ".join(piece.text for piece in found), bool(found) and all(piece.bold for piece in found)


def _blocks(parent: Any) -> Iterator[Any]:
    """Paragraphs and tables in order, those inside content controls, insertions and custom XML too."""
    todo = list(reversed(parent))
    while todo:
        node = todo.pop()
        if node.tag in (W_P, W_TBL):
            yield node
        elif node.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:moveTo"), qn("w:customXml"), qn("w:smartTag")):
            todo += reversed(node)


def _is_contents(node: Any) -> bool:
    gallery = node.find(f"{qn('w:sdtPr')}/{qn('w:docPartObj')}/{qn('w:docPartGallery')}")
    return gallery is not None and "table of contents" in str(gallery.get(qn("w:val"), "")).lower()


def _looks_like_heading(piece: Piece) -> bool:
    """In a document without heading styles: a short line, all bold, that is no sentence, caption or notice."""
    text = " ".join(piece.text.split())
    return piece.bold and 2 < len(text) <= 90 and not _HEADING_END.search(text) and not level_of_text(text) and not level_of_line(text)
