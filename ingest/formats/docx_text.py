"""A Word paragraph's XML -> its text, page by page: what is hidden or deleted left out, pictures by their description.

In: a `w:p` element. Out: `Piece`s. Must not know headings, lists or Blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from docx.oxml.ns import qn as expanded

from ingest.formats.characters import lowered, raised

qn = lru_cache(1024)(expanded)
"""A prefixed name ("w:p") with its namespace written out."""
W_P, W_R, W_T, W_TBL = qn("w:p"), qn("w:r"), qn("w:t"), qn("w:tbl")
_SKIPPED = frozenset(
    (qn("w:del"), qn("w:moveFrom"), qn("w:instrText"), qn("w:delText"), qn("w:pPr"), qn("w:rPr"), qn("w:sectPr"), qn("w:commentReference"))
)
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX = qn("w:txbxContent")
_BREAKS = {qn("w:tab"): "\t", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-", qn("w:ptab"): "\t"}
_OFF = frozenset(("0", "false", "off", "none"))
_WHITE = frozenset(("ffffff", "fefefe"))
MIN_HALF_POINTS = 4


@dataclass
class Piece:
    """The text of one paragraph on one page; `bold` where all of it is."""

    page: int
    parts: list[str] = field(default_factory=list)
    bold: bool = True

    @property
    def text(self) -> str:
        """What is read."""
        return "".join(self.parts)


@dataclass
class Turner:
    """Counts pages: at page breaks, and where Word noted that its last layout turned the page. A note right after a break is the same
    turn told twice. `boxes` and `pictures` are text boxes and descriptions of pictures met on the way, for the caller to take."""

    page: int = 1
    n_hidden: int = 0
    n_deleted: int = 0
    n_chars: int = 0
    _at: int = 0
    boxes: list[Any] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)

    def turn(self, *, surely: bool = False) -> None:
        """A new page; unless `surely`, only where something was read since the last turn."""
        if surely or (self.n_chars != self._at and self.n_chars):
            self.page += 1
            self._at = self.n_chars


def is_on(element: Any, path: str) -> bool:
    """Whether a switch such as `w:vanish` is set below this element, and not set off."""
    found = element.find(path) if element is not None else None
    return found is not None and str(found.get(qn("w:val"), "1")).lower() not in _OFF


def pieces(paragraph: Any, turner: Turner, hidden_styles: frozenset[str], bold_style: bool = False) -> list[Piece]:
    """The paragraph's text, a piece a page. Text boxes met on the way are put into `turner.boxes`."""
    found = [Piece(turner.page)]
    for run, node in _text_nodes(paragraph, turner):
        if turner.page != found[-1].page:
            found.append(Piece(turner.page))
        text = _text(node)
        if not text:
            continue
        properties = run.find(qn("w:rPr")) if run is not None else None
        if properties is not None and _is_hidden(properties, hidden_styles):
            turner.n_hidden += len("".join(text.split()))
            continue
        if properties is not None:
            text = _small(text, properties)
        turner.n_chars += len(text.strip())
        found[-1].parts.append(text)
        if text.strip() and not (bold_style or is_on(properties, qn("w:b"))):
            found[-1].bold = False
    return [piece for piece in found if piece.text.strip()]


def _text_nodes(paragraph: Any, turner: Turner) -> Iterator[tuple[Any, Any]]:
    """(run, node) for all that prints, in order; page turns are told to `turner` on the way."""
    todo: list[tuple[Any, Any]] = [(None, child) for child in reversed(paragraph)]
    while todo:
        run, node = todo.pop()
        tag = node.tag
        if tag == _BOX:
            turner.boxes.append(node)
        elif tag in (qn("w:del"), qn("w:moveFrom")):
            turner.n_deleted += len("".join("".join(node.itertext()).split()))
        elif tag in _SKIPPED or tag == _FALLBACK or not isinstance(tag, str):
            continue
        elif tag == qn("w:lastRenderedPageBreak"):
            turner.turn()
        elif tag == qn("w:br") and node.get(qn("w:type")) == "page":
            turner.turn(surely=True)
        elif tag == qn("wp:docPr"):
            turner.n_chars += 1  # a page with nothing but a picture is a page
            turner.pictures.append(" ".join(str(node.get("descr") or "").split())[:500])
        elif tag == W_T or tag in _BREAKS or tag in (qn("w:br"), qn("w:sym"), qn("m:t")):
            yield run, node
        else:
            todo += [(node if tag == W_R else run, child) for child in reversed(node)]


def _text(node: Any) -> str:
    if node.tag == W_T or node.tag == qn("m:t"):
        return node.text or ""
    if node.tag == qn("w:br"):
        return "\n"
    if node.tag == qn("w:sym"):
        code = str(node.get(qn("w:char"), ""))[:6]
        return chr(int(code, 16)) if code and all(c in "0123456789abcdefABCDEF" for c in code) and int(code, 16) < 0xE000 else ""
    return _BREAKS.get(node.tag, "")


def _small(text: str, properties: Any) -> str:
    """Small digits as what they are."""
    place = properties.find(qn("w:vertAlign"))
    kind = place.get(qn("w:val")) if place is not None else ""
    return raised(text) if kind == "superscript" else lowered(text) if kind == "subscript" else text


def _is_hidden(properties: Any, hidden_styles: frozenset[str]) -> bool:
    """Set hidden, by itself or by its style; set in white without a ground of its own; or smaller than two points."""
    if is_on(properties, qn("w:vanish")) or is_on(properties, qn("w:webHidden")):
        return True
    style = properties.find(qn("w:rStyle"))
    if style is not None and style.get(qn("w:val")) in hidden_styles:
        return True
    size = properties.find(qn("w:sz"))
    if size is not None and str(size.get(qn("w:val"), "")).isdigit() and int(size.get(qn("w:val"))) < MIN_HALF_POINTS:
        return True
    color = properties.find(qn("w:color"))
    white = color is not None and str(color.get(qn("w:val"), "")).lower() in _WHITE
    return white and properties.find(qn("w:shd")) is None and properties.find(qn("w:highlight")) is None and not _shaded(properties)


def _shaded(element: Any) -> bool:
    """Whether the paragraph or table cell around it is shaded: white letters can be read there."""
    return any(
        around.find(f"{qn(kind)}/{qn('w:shd')}") is not None
        for around in element.iterancestors()
        for kind in ("w:pPr", "w:tcPr", "w:tblPr")
    )  # fmt: skip
