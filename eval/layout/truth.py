"""What a labelled page is. Frozen records and their JSON form; boxes in PDF points, origin top-left of the page as displayed.

Must not know parsers or PDFs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from service.core.types import Box

KINDS = ("heading", "paragraph", "list_item", "table", "notice", "figure", "code")
"""Kinds of regions that blocks are held against."""

LABELS = (*KINDS, "caption", "furniture", "contents", "hidden")
"""All labels: a caption is free (see the package), furniture, contents and hidden text belong in no block."""


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without a blank. `label` is the number its colour spells, -1 where it spells none."""

    text: str
    box: Box
    label: int = -1


@dataclass(frozen=True, slots=True)
class TrueCell:
    """A body cell: its text, its column head path outermost first (() where the table has no heads), and the columns and rows it spans.
    A `subhead` spans the table and titles the rows below it."""

    text: str
    head: tuple[str, ...]
    column: int
    columns: int = 1
    rows: int = 1
    subhead: bool = False
    heads: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class TrueTable:
    """The body rows of a table that stand on one page. `ruling` is ruled | half | unruled. `open_cells` are texts per row that stand there
    through a cell that spans several rows from above: a parser may repeat them."""

    ruling: str
    rows: tuple[tuple[TrueCell, ...], ...]
    open_cells: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """One labelled thing on one page. `words` index the page's words. `order` is its place in reading order, None where that is free.
    `section` is the full path of the headings above (None: not labelled), `parent` the index of the nearest heading region on the page
    (-1: none or not labelled; the dev pages have this instead of a path). `near_miss` marks honest text that looks like hidden text."""

    kind: str
    box: Box
    words: tuple[int, ...]
    order: int | None = None
    level: str = ""
    section: tuple[str, ...] | None = None
    parent: int = -1
    table: TrueTable | None = None
    near_miss: bool = False


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """`number` is physical, 1-based."""

    number: int
    width: float
    height: float
    words: tuple[Word, ...]
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A PDF beside its labels. `hidden` are the strings nobody can see, by page; `traits` say what the document is a case of."""

    file: str
    title: str
    pages: tuple[LabelledPage, ...]
    hidden: tuple[tuple[int, str], ...] = ()
    traits: tuple[str, ...] = field(default=())


def document_to_plain(document: LabelledDocument) -> dict[str, Any]:
    """Dicts, lists, strings and numbers only."""
    return asdict(document)


def document_from_plain(value: Mapping[str, Any]) -> LabelledDocument:
    """Inverse of `document_to_plain`, after a trip through JSON. Raises KeyError or TypeError where the value is not of that form."""
    pages = tuple(_page(page) for page in value["pages"])
    hidden = tuple((int(page), str(text)) for page, text in value["hidden"])
    return LabelledDocument(value["file"], value["title"], pages, hidden, tuple(value["traits"]))


def _page(value: Mapping[str, Any]) -> LabelledPage:
    words = tuple(Word(word["text"], _box(word["box"]), word["label"]) for word in value["words"])
    return LabelledPage(value["number"], value["width"], value["height"], words, tuple(_region(region) for region in value["regions"]))


def _region(value: Mapping[str, Any]) -> Region:
    section, table = value["section"], value["table"]
    fields = dict(value) | {"box": _box(value["box"]), "words": tuple(value["words"])}
    fields |= {"section": None if section is None else tuple(section), "table": None if table is None else _table(table)}
    return Region(**fields)


def _table(value: Mapping[str, Any]) -> TrueTable:
    rows = tuple(tuple(_cell(cell) for cell in row) for row in value["rows"])
    return TrueTable(value["ruling"], rows, tuple(tuple(row) for row in value["open_cells"]))


def _cell(value: Mapping[str, Any]) -> TrueCell:
    return TrueCell(**(dict(value) | {"head": tuple(value["head"]), "heads": tuple(tuple(head) for head in value["heads"])}))


def _box(value: Any) -> Box:
    x0, y0, x1, y1 = value
    return (x0, y0, x1, y1)
