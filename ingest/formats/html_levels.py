"""How grave an HTML box is: by its class, or by the words it begins with.

In: a tag. Out: a `NoticeLevel` or None. Must not know Blocks.
"""

from __future__ import annotations

import re

from bs4 import Tag

from ingest.notices import LEVELS, level_of_line, level_of_text
from service.core.types import NoticeLevel

_BOX_TAGS = "div section aside p blockquote table tbody dl details article td th li fieldset figure"
_BOXES = frozenset(_BOX_TAGS.split())
_MAKER = r"(?:alert|admonition|callout|message|messagebox|box|panel|hint|safety|notice|note|infobox)[-_]+"
_LEVEL_CLASS = re.compile(
    rf"^(?:(?:(?:markdown|theme|docs?|custom|is|md|bd)[-_]+)?{_MAKER})?"
    r"(danger|warning|caution|attention|error|important|notice|note|tip|hint|info|hazard)"
    r"(?:[-_]?(?:box|block|message|notice|panel|text))?$"
)
_CLASS_LEVELS: dict[str, NoticeLevel] = {"error": "danger", "hazard": "danger", "info": "notice"}
_RANK: tuple[NoticeLevel, ...] = ("danger", "warning", "caution", "notice")
BRACKETED = re.compile(r"^\s*\[!(\w+)\]\s*")


def level_of_class(tag: Tag) -> NoticeLevel | None:
    """The gravest level that the element's classes name ("admonition warning", "alert-danger")."""
    if tag.name not in _BOXES or not tag.has_attr("class"):
        return None
    words = [match.group(1) for name in tag.get_attribute_list("class") if name and (match := _LEVEL_CLASS.match(str(name).lower()))]
    levels = {_CLASS_LEVELS.get(word) or LEVELS.get(word, "notice") for word in words}
    return next((level for level in _RANK if level in levels), None)


def quoted_level(tag: Tag) -> NoticeLevel | None:
    """The level of a blockquote that begins "[!WARNING]", or with a signal word of its own line or set bold."""
    text = " ".join(tag.get_text()[:400].split())
    bracketed = BRACKETED.match(text)
    if bracketed:
        word = bracketed.group(1).lower()
        return _CLASS_LEVELS.get(word) or LEVELS.get(word, "notice")
    strong = tag.find(("strong", "b"))
    if isinstance(strong, Tag) and text.startswith(bold := " ".join(strong.get_text().split())) and bold:
        level = level_of_line(bold)
        if level:
            return level
    return level_of_text(text)
