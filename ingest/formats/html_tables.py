"""An HTML table -> rows of cells with their spans.

In: a `<table>`. Out: `RawCell`s. Tables that only place things on a page are told apart: they are no tables. Must not know Blocks.
"""

from __future__ import annotations

from bs4 import Tag

from ingest.formats.html_inline import LINE_END, Inline
from ingest.formats.tables import RawCell

_STRUCTURE = ("table", "h1", "h2", "h3", "h4", "pre")


def is_layout(table: Tag) -> bool:
    """Whether the table only places things: it says so, holds tables or headings, or has one column."""
    if str(table.get("role") or "").lower() in ("presentation", "none") or table.find(_STRUCTURE) is not None:
        return True
    return not any(sum(isinstance(child, Tag) and child.name in ("td", "th") for child in row.children) > 1 for row in table.find_all("tr"))


def caption_of(table: Tag) -> Tag | None:
    """The table's own `<caption>`."""
    caption = table.find("caption", recursive=False)
    return caption if isinstance(caption, Tag) else None


def rows_of(table: Tag, inline: Inline) -> tuple[list[list[RawCell]], int | None]:
    """(rows, how many of them the table calls its head: None where it does not say)."""
    rows: list[list[RawCell]] = []
    n_head = 0
    for row in table.find_all("tr"):
        if inline.is_out(row):
            continue
        cells: list[RawCell] = []
        for cell in [child for child in row.children if isinstance(child, Tag) and child.name in ("td", "th")]:
            if inline.is_out(cell):
                continue
            text = inline.text(cell, blocks=True, alts=False).replace(LINE_END, " ").strip()
            text = text or inline.text(cell, blocks=True).replace(LINE_END, " ").strip()  # a cell with a picture only
            cells.append(RawCell(text, _span(cell, "colspan"), _span(cell, "rowspan"), cell.name == "th" or _all_bold(cell, text)))
        if any(cell.text for cell in cells):
            rows.append(cells)
            n_head += row.parent is not None and row.parent.name == "thead"
    return rows, n_head or None


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "1")[:5]
    return max(1, int(value)) if value.isdigit() else 1


def _all_bold(cell: Tag, text: str) -> bool:
    if not any(isinstance(child, Tag) for child in cell.children):
        return False
    bold = "".join(piece.get_text() for piece in cell.find_all(("b", "strong"), limit=20))
    return bool(text) and len("".join(bold.split())) >= 0.9 * len("".join(text.split()))
