"""What looks like a heading: by type (larger, bolder, capitals), by its number, by where it stands.

In: paragraphs of a whole document, the type of its body. Out: for each paragraph whether it may be a heading, its number, its style. A
table cell, caption, notice, list item, code line or label of a drawing is none. Must not know outlines, contents or paths.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.captions import is_caption
from ingest.pdf.columns import SECTION_START
from ingest.pdf.layout import Paragraph
from service.core.text import quote_key

MAX_CHARS = 140
MAX_LINES = 3
LARGER = 1.12
_WORDS = r"(?:chapter|section|part|appendix|annex|kapitel|abschnitt|teil|anhang)"
_DIGITS = r"\d{1,2}(?:\.\d{1,2})*|[A-H](?:\.\d{1,2})+"
_GLUED = r"(?=[\u4e00-\u9fff])|(?<=\.\d)(?-i:(?=[A-Z][a-z]{2}))|(?<=\.\d\d)(?-i:(?=[A-Z][a-z]{2}))"
_CJK_CHAPTER = r"第\s*(?P<cjk>[\d一二三四五六七八九十]+)\s*[章节部分篇]\s*"
NUMBERED = re.compile(
    rf"^(?:(?:{_WORDS}\s+)?(?P<digits>{_DIGITS})(?:\.?\s+(?=[^\s\d])|{_GLUED})"
    rf"|{_WORDS}\s+(?P<letter>[A-Z]|[IVX]{{1,5}})[.:]?\s+(?=\S)|(?P<alone>[A-H])\.?\s+(?=\S)|{_CJK_CHAPTER})",
    re.I,
)
CHAPTER = re.compile(rf"^(?:{_WORDS}\s*)?(?:\d{{1,2}}|[A-H]|[IVX]{{1,5}})[.:]?$|^第\s*[\d一二三四五六七八九十]+\s*[章节部分篇]$", re.I)
CONTINUED = re.compile(r"\s*[,(–-]?\s*\b(?:continued|cont(?:inue|['’])?d?\.?|fortsetzung|续)\s*\)?\s*$", re.I)
_WORD = re.compile(r"[^\W\d_]{3,}|[\u4e00-\u9fff]{2,}")
_OPENS = re.compile(r"^[\w§„“”\"'(（【《「¿¡]")


class Type(NamedTuple):
    """The document's body type: its most common letter size, and whether the body is bold."""

    size: float
    bold: bool


class Style(NamedTuple):
    """The type of a heading, larger ones sort higher: size rounded to half points, bold, set in capitals."""

    size: float
    bold: bool
    caps: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A heading's number: "2.1" -> ("2", "1"). `chapter`: it stands alone or behind a word like "Chapter"."""

    parts: tuple[str, ...]

    @property
    def depth(self) -> int:
        return len(self.parts) - 1

    def follows(self, other: Number) -> bool:
        """The next number after `other` on some level: 2.1.3 -> 2.1.3.1, 2.1.4, 2.2, 3."""
        if self.parts == (*other.parts, "1"):
            return True
        n = len(self.parts)
        return n <= len(other.parts) and self.parts[:-1] == other.parts[: n - 1] and _next(other.parts[n - 1], self.parts[-1])


def _next(before: str, after: str) -> bool:
    if before.isdigit() and after.isdigit():
        return int(after) == int(before) + 1
    return len(before) == len(after) == 1 and ord(after) == ord(before) + 1


def number_of(text: str, letters: bool = False) -> Number | None:
    """The number a heading begins with. A lone capital ("A Fault list") counts only where `letters` says so: it may be an article."""
    match = NUMBERED.match(text)
    if not match:
        return None
    if match["digits"]:
        return Number(tuple(match["digits"].upper().split(".")))
    if match["letter"]:
        return Number((match["letter"].upper(),))
    if match["cjk"]:
        return Number((_arabic(match["cjk"]),))
    return Number((match["alone"].upper(),)) if letters and match["alone"].isupper() else None


def _arabic(text: str) -> str:
    digits = "一二三四五六七八九"
    if text.isdigit():
        return text
    tens, _, ones = text.rpartition("十")
    if "十" not in text:
        return str(digits.find(text) + 1)
    return str((digits.find(tens) + 1 or 1) * 10 + digits.find(ones) + 1 if ones else (digits.find(tens) + 1 or 1) * 10)


def title_key(text: str) -> str:
    """A heading's text without its number, for comparison with outline and contents."""
    return quote_key(NUMBERED.sub("", text).rstrip(" :.：")) or quote_key(text)


def body_type(counts: Counter[tuple[float, bool]]) -> Type:
    """From characters per (size rounded to half points, bold)."""
    if not counts:
        return Type(10.0, False)
    (size, bold), _ = counts.most_common(1)[0]
    return Type(size, bold)


def style_of(paragraph: Paragraph) -> Style:
    """The style of a heading."""
    line = max(paragraph.lines, key=lambda line: len(line.text))
    return Style(round(line.size * 2) / 2, line.bold, is_capitals(paragraph.text))


def is_capitals(text: str) -> bool:
    """Four fifths of its letters are capitals, and there are at least four."""
    letters = [char for char in text if char.isalpha() and char.lower() != char.upper()]
    return len(letters) >= 4 and sum(char.isupper() for char in letters) >= 0.8 * len(letters)


def may_be_heading(paragraph: Paragraph) -> bool:
    """Short, with a real word in it, and no list item, caption, notice or piece of a sentence."""
    text, first = paragraph.text, paragraph.lines[0]
    if paragraph.is_code or len(text) > MAX_CHARS or len(paragraph.lines) > MAX_LINES or is_caption(text) or not _OPENS.match(text):
        return False
    if not _WORD.search(text) and not (SECTION_START.match(text) and first.bold):
        return False
    if level_of_line(text) or level_of_text(text) or text.endswith((",", ";", "。", "；", "，")):
        return False
    return not paragraph.marker or number_of(text) is not None


def looks_like_heading(paragraph: Paragraph, body: Type, below_size: float = 1e9) -> bool:
    """By type and place: larger or bolder than the body (or than the text below it, of `below_size`), at the margin or centred."""
    text, first = paragraph.text, paragraph.lines[0]
    if not may_be_heading(paragraph) or not (first.size >= 1.5 * body.size or _in_place(paragraph)):
        return False
    larger = min(line.size for line in paragraph.lines) >= body.size * LARGER
    bolder = all(line.bold for line in paragraph.lines) and not body.bold and first.size >= min(body.size, below_size) * 0.92
    numbered = number_of(text) is not None
    if text.endswith(".") and (len(text) > 60 or (not larger and not numbered)):
        return False
    if text[0].islower() and not any(char.isupper() for char in text.split()[0]) and first.size < 1.5 * body.size:
        return False
    if not larger and (len(text.split()) > 16 or len(paragraph.lines) > 2):
        return False
    return larger or bolder


def is_lettered(paragraph: Paragraph) -> bool:
    """A bold line "a) Connecting" that is no sentence: the head of what follows, if that is no item."""
    text = paragraph.text[len(paragraph.marker) :]
    bold = all(line.bold for line in paragraph.lines)
    short = len(paragraph.lines) == 1 and len(text) < 70 and not text.endswith((".", ",", ";", ":", "。", "；", "："))
    return bold and short and bool(re.match(r"^\(?[a-z]\)$", paragraph.marker))


def is_plain_numbered(paragraph: Paragraph) -> bool:
    """A short line with a section number, set like the body: a heading if its number follows the one before."""
    text = paragraph.text
    number = number_of(text)
    return (
        number is not None
        and may_be_heading(paragraph)
        and len(text) <= 90
        and len(paragraph.lines) <= 2
        and not text.endswith((".", "!", "?", ":"))
        and (number.depth > 0 or not paragraph.marker)
        and bool(re.match(r"[^\W\d_]", NUMBERED.sub("", text)))
    )


def is_plain_capitals(paragraph: Paragraph, body: Type) -> bool:
    """A line of capitals at body size, standing alone: a heading if the document has several and text follows."""
    text = paragraph.text
    letters = sum(char.isalpha() for char in text)
    return (
        len(paragraph.lines) == 1
        and not paragraph.marker
        and is_capitals(text)
        and may_be_heading(paragraph)
        and _in_place(paragraph)
        and 8 <= letters >= 0.75 * len(text.replace(" ", ""))
        and " " in text
        and len(text) <= 70
        and paragraph.lines[0].size >= body.size * 0.95
        and not re.search(r"[=_<>#|]|--", text)
    )


def _in_place(paragraph: Paragraph) -> bool:
    """At the left edge of its column, or centred in it, and without holes: labels scattered over a drawing are neither."""
    line = paragraph.lines[0]
    words = line.words
    em = max(8.0, line.size)
    holes = [after.x0 - before.x1 for before, after in pairwise(words)]
    if holes and max(holes[1:] or [0.0]) > 4 * em:
        return False
    column = paragraph.column
    if column is None or paragraph.column_lines < 3:
        return True
    left = line.x0 - column[0] < 6 * em
    centred = abs((line.x0 + line.x1) - (column[0] + column[2])) < 6 * em
    return left or centred
