"""Word's styles -> what a paragraph is: heading level, list, contents entry, code, notice, hidden.

In: the styles part, then paragraphs. Out: `Style`s. Names are Word's internal ones, the same in every language ("heading 1").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from docx.document import Document as WordDocument

from ingest.formats.docx_lists import indent_of
from ingest.formats.docx_text import is_on, qn
from ingest.notices import LEVELS
from service.core.types import NoticeLevel

_HEADING = re.compile(r"heading (\d)")
_NOTICE = re.compile(r"^(danger|warning|caution|notice|note|achtung|warnung|vorsicht|hinweis|gefahr)\b")
_VALUE = qn("w:val")
_MAX_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Style:
    """`heading` is 0 for the title, 1 and up for headings, None for the rest. `list_id` "" is no list; `contents`: an entry of a table
    of contents or figures."""

    heading: int | None = None
    list_id: str = ""
    list_depth: int = 0
    contents: bool = False
    code: bool = False
    notice: NoticeLevel | None = None
    hidden: bool = False
    bold: bool = False
    page_break: bool = False
    section_turns: bool = False
    indent: int = 0


@dataclass
class Styles:
    """`has_headings`: some paragraph of the document has a heading style. `hidden` are ids of character styles that hide."""

    default: Style = field(default_factory=Style)
    by_id: dict[str, Style] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    has_headings: bool = False

    def of(self, paragraph: Any) -> Style:
        """The paragraph's style with what it sets itself."""
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            return self.default
        named = properties.find(qn("w:pStyle"))
        style = self.by_id.get(str(named.get(_VALUE)), self.default) if named is not None else self.default
        style = replace(_with(style, properties), indent=indent_of(paragraph) or style.indent)
        mark = properties.find(qn("w:rPr"))
        return replace(style, hidden=True) if mark is not None and style.hidden else style


def read_styles(word: WordDocument) -> Styles:
    """All paragraph styles resolved along what they are based on."""
    root = word.styles.element
    elements = {str(style.get(qn("w:styleId"))): style for style in root.iterchildren(qn("w:style"))}
    by_id = {style_id: _resolved(style_id, elements) for style_id in elements}
    default = next(
        (by_id[i] for i, style in elements.items() if style.get(qn("w:default")) == "1" and style.get(qn("w:type")) == "paragraph"), Style()
    )
    hidden = frozenset(
        i for i, style in elements.items() if style.get(qn("w:type")) == "character" and is_on(style, f"{qn('w:rPr')}/{qn('w:vanish')}")
    )
    styles = Styles(default, by_id, hidden)
    styles.has_headings = any(styles.of(paragraph).heading is not None for paragraph in word.element.body.iter(qn("w:p")))
    return styles


def _resolved(style_id: str, elements: dict[str, Any]) -> Style:
    chain: list[Any] = []
    while style_id in elements and elements[style_id] not in chain and len(chain) < _MAX_CHAIN:
        chain.append(elements[style_id])
        based = chain[-1].find(qn("w:basedOn"))
        style_id = str(based.get(_VALUE)) if based is not None else ""
    style = Style()
    for element in reversed(chain):
        style = replace(_named(style, _name(element)), indent=indent_of(element) or style.indent)
        properties = element.find(qn("w:pPr"))
        if properties is not None:
            style = _with(style, properties)
        run = element.find(qn("w:rPr"))
        if run is not None and run.find(qn("w:b")) is not None:
            style = replace(style, bold=is_on(run, qn("w:b")))
        if run is not None and is_on(run, qn("w:vanish")):
            style = replace(style, hidden=True)
    return style


def _name(element: Any) -> str:
    name = element.find(qn("w:name"))
    return str(name.get(_VALUE, "")).lower() if name is not None else ""


def _named(style: Style, name: str) -> Style:
    heading = _HEADING.fullmatch(name)
    if heading:
        return replace(style, heading=int(heading.group(1)))
    if name == "title":
        return replace(style, heading=0)
    if re.match(r"toc \d|toc heading|table of figures|index \d", name):
        return replace(style, contents=True, heading=None)
    if re.search(r"\bcode\b|html preformatted|macro text|source code|verbatim", name):
        return replace(style, code=True)
    notice = _NOTICE.match(name)
    if notice and name != "note heading":
        return replace(style, notice=LEVELS[notice.group(1)])
    return style


def _with(style: Style, properties: Any) -> Style:
    """The style with what these paragraph properties set: outline level, numbering, page break before."""
    outline = properties.find(qn("w:outlineLvl"))
    if outline is not None and not style.contents:
        level = str(outline.get(_VALUE, "9"))
        style = replace(style, heading=int(level) + 1 if level in "012345678" and level else style.heading if style.heading == 0 else None)
    numbering = properties.find(qn("w:numPr"))
    if numbering is not None:
        number, depth = numbering.find(qn("w:numId")), numbering.find(qn("w:ilvl"))
        list_id = str(number.get(_VALUE)) if number is not None else style.list_id
        level = str(depth.get(_VALUE, "0")) if depth is not None else str(style.list_depth)
        style = replace(style, list_id="" if list_id == "0" else list_id, list_depth=int(level[:2]) if level[:2].isdigit() else 0)
    return replace(style, page_break=is_on(properties, qn("w:pageBreakBefore")), section_turns=_section_turns(properties))


def _section_turns(properties: Any) -> bool:
    """Whether a section ends with this paragraph and the next one begins on a new page."""
    section = properties.find(qn("w:sectPr"))
    kind = section.find(qn("w:type")) if section is not None else None
    return section is not None and (kind is None or kind.get(_VALUE) not in ("continuous", "nextColumn"))
