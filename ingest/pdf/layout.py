"""Words of a page -> regions in reading order -> paragraphs (runs of lines).

In: words left after furniture and tables are taken out, and boxes that must stay whole (tables, notice boxes, drawings). Out:
`Paragraph`s in reading order. Must not know what a paragraph says beyond list markers, captions and section numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from ingest.pdf.captions import is_caption
from ingest.pdf.columns import SECTION_START, Item, Whole, split_regions
from ingest.pdf.lines import TextLine, hull, join_lines, join_words, make_lines
from ingest.pdf.words import Word
from ingest.steps import MARKER
from service.core.types import Box, Line

_LONG_RULE_PT = 250.0
_SECTION_NUMBER = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?$")
_PLAIN_HEADING = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2})+\.?|\d{1,2})\s+[A-ZÄÖÜ\u4e00-\u9fff]")
_BARE_STEP = re.compile(r"^(?:Step|Schritt)\s+\d{1,2}\s*[.):]?$", re.I)
_LONG_CHARS = 36
_ENDS = (".", ":", ";", "!", "?", "。", "：", "；", "！", "？")
_WORD = re.compile(r"[^\W\d_]{3,}")
_DASHES = frozenset(("-", "–", "—", "*", "·", "o", "-->", "->", "=>", "→", "➔", "➜"))


@dataclass(eq=False)
class Paragraph:
    """Consecutive lines that belong together. `marker` is the list marker it begins with ("" if none). `column` is the box of the region
    it stands in, with `column_lines` lines. `is_code`: set like code, in a document whose text is not."""

    lines: list[TextLine]
    marker: str = ""
    text: str = ""
    spans: tuple[Line, ...] = field(default_factory=tuple)
    column: Box | None = None
    column_lines: int = 0
    is_code: bool = False

    @property
    def box(self) -> Box:
        return hull(line.box for line in self.lines)

    def finish(self) -> Paragraph:
        """Set text and spans from the lines."""
        self.text, self.spans = join_lines(self.lines)
        return self


def regions(
    words: Sequence[Word], wholes: Sequence[Whole], rules: Sequence[Box] = (), gutters: list[float] | None = None
) -> list[list[Item]]:
    """Lines and wholes of one page, parted into regions without columns, in reading order. Long level `rules` part columns above
    from columns below, as headings over both do; so do pictures among them. `gutters` are the middles of those found on earlier pages;
    those of this page are added."""
    items: list[Item] = [*_with_markers(make_lines(words, 0.9)), *wholes]
    if not items:
        return []
    items += [Whole(box, None) for box in rules if box[2] - box[0] > (3 if box[3] - box[1] > 3 else _LONG_RULE_PT)]
    found = split_regions(items, 0, [] if gutters is None else gutters)
    parts = ([item for item in region if isinstance(item, TextLine) or item.owner is not None] for region in found)
    return [part for part in parts if part]


def picture_bullets(images: Sequence[Box], words: Sequence[Word]) -> list[Word]:
    """Bullets that are small pictures, each right before a line: as words like any other bullet."""
    small = [box for box in images if 2.5 < box[2] - box[0] < 14 and 0.6 < (box[2] - box[0]) / max(1.0, box[3] - box[1]) < 1.5]
    lines = make_lines(words, 0.9) if len(small) > 1 else []
    found: list[Word] = []
    for box in small:
        middle = (box[1] + box[3]) / 2
        beside = [line for line in lines if line.y0 < middle < line.y1 and box[2] - 2 < line.x0 < box[2] + 30]
        if (
            len(beside) == 1
            and not beside[0].bold
            and not any(line.y0 < middle < line.y1 and line.x0 < box[0] and line.x1 > box[0] - 20 for line in lines)
        ):
            first = beside[0].words[0]
            found.append(replace(first, text="•", x0=box[0], x1=min(box[2], first.x0 - 1), bold=False, bullet=True))
    return found if len(found) > 1 else []


def _with_markers(segments: Sequence[TextLine]) -> list[TextLine]:
    """List markers that stand apart join the text they mark, lest the space between looks like a gutter."""
    joined: list[TextLine] = []
    for segment in segments:
        before = joined[-1] if joined else None
        if (
            before is not None
            and abs(before.base - segment.base) < 0.5 * segment.size
            and 0 < segment.x0 - before.x1 < 45
            and _is_marker(before)
        ):
            joined[-1] = TextLine([*before.words, *segment.words])
        else:
            joined.append(segment)
    return joined


def _is_marker(segment: TextLine) -> bool:
    text = segment.text
    if len(segment.words) > 2 or len(text) > 9:
        return False
    return segment.words[0].bullet or text in _DASHES or bool(MARKER.match(text + " x")) or bool(_SECTION_NUMBER.match(text))


def paragraphs(region: list[Item]) -> list[Paragraph | Whole]:
    """The region's lines, joined into paragraphs; wholes stand between them."""
    words = [word for item in region if isinstance(item, TextLine) for word in item.words]
    lines: list[Item] = [part for line in make_lines(words, 1e9) for part in _parts(line)] if words else []
    lines += [item for item in region if isinstance(item, Whole)]
    lines.sort(key=lambda item: item.base if isinstance(item, TextLine) else (item.box[1] + item.box[3]) / 2)
    pitch, spaced = _pitch([item for item in lines if isinstance(item, TextLine)])
    right = max((item.box[2] for item in lines), default=0.0)
    result: list[Paragraph | Whole] = []
    for item in lines:
        last = result[-1] if result else None
        if isinstance(item, Whole):
            result.append(item)
            continue
        marker = list_marker(item)
        if marker and isinstance(last, Paragraph) and _is_mid_sentence(last, item, pitch, right):
            marker = ""
        if isinstance(last, Paragraph) and not marker and _is_bare_step(last, item):
            last.marker = last.lines[0].text
            last.lines.append(item)
        elif isinstance(last, Paragraph) and not marker and _continues(last, item, pitch, right, spaced):
            last.lines.append(item)
        else:
            result += [Paragraph([part], marker) for part in [_unmarked(item) if marker == "•" else item]]
    column = hull(item.box for item in lines) if lines else None
    for made in result:
        if isinstance(made, Paragraph):
            made.finish()
            made.column, made.column_lines = column, len(lines)
    return result


def _parts(line: TextLine) -> list[TextLine]:
    """A heading and the text that runs on behind it, set smaller, are two lines, and so are captions or bold heads side by side; any
    other line is one."""
    for index, (before, word) in enumerate(pairwise(line.words), 1):
        if word.x0 - before.x1 > 2 * word.size and _are_two(line, index):
            return [TextLine(line.words[:index]), *_parts(TextLine(line.words[index:]))]
    large = line.words[0].size
    n_large = next(
        (index for index, word in enumerate(line.words) if word.size < 0.8 * large and abs(word.base - line.words[0].base) < 1), 0
    )
    rest = line.words[n_large:]
    if not n_large or len(rest) < 4 or any(word.size > 0.8 * large for word in rest) or len(line.words[0].text) < 3:
        return [line]
    return [TextLine(line.words[:n_large]), TextLine(rest)]


def _are_two(line: TextLine, index: int) -> bool:
    """Captions side by side, or bold heads of a few words."""
    left, right = join_words(line.words[:index]), join_words(line.words[index:])
    if is_caption(left):
        return is_caption(right)
    return line.bold and all(len(text) > 3 and _WORD.match(text) and len(text.split()) <= 5 for text in (left, right))


def _is_mid_sentence(paragraph: Paragraph, line: TextLine, pitch: float, right: float) -> bool:
    """A dash, letter or number that happens to stand at the beginning of a line of running text."""
    last = paragraph.lines[-1]
    if line.words[0].bullet or len(line.words) < 2:
        return False
    if line.words[0].text not in _DASHES:
        tight = 0 < line.base - last.base < (pitch * 1.1 + 0.1) * last.size and abs(line.size - last.size) < 0.6
        level = abs(line.x0 - last.x0) < 1.5 and not (paragraph.marker and last is paragraph.lines[0])
        prose = len(paragraph.lines) > 1 or line.words[1].text[:1].islower() or last.text[-1:].isdigit()  # 52 | W.
        full = last.x1 > right - 0.1 * (right - last.x0) and not last.text.endswith((*_ENDS, ","))
        return prose and tight and level and full and not is_caption(paragraph.lines[0].text)
    if paragraph.marker:
        return False
    close = line.base - last.base < (pitch * 1.22 + 0.12) * last.size and abs(line.size - last.size) < 0.6
    return close and line.words[1].text[:1].islower() and not last.text.endswith((*_ENDS, ",")) and line.x0 < last.x0 + last.size


def list_marker(line: TextLine) -> str:
    """The list marker a line begins with: "•" for any bullet, "3.", "a)" - or ""."""
    first = line.words[0]
    if len(line.words) > 1 and (first.bullet or (first.text in _DASHES and line.words[1].x0 - first.x1 > 0.15 * first.size)):
        return "•"
    match = MARKER.match(line.text)
    return match.group().strip() if match and match.end() < len(line.text) else ""


def _unmarked(line: TextLine) -> TextLine:
    """The line without its bullet: extractors spell bullets as they like, so they are no part of a verbatim text."""
    return TextLine(line.words[1:])


def _is_bare_step(paragraph: Paragraph, line: TextLine) -> bool:
    """ "Step 3:" on a line of its own, with the step below it."""
    last = paragraph.lines[0]
    if len(paragraph.lines) > 1 or not _BARE_STEP.match(last.text) or (last.bold and not line.bold and last.size > line.size + 1):
        return False
    return 0 < line.base - last.base < 3.2 * last.size and abs(line.x0 - last.x0) < 40 and not line.bold


def _pitch(lines: list[TextLine]) -> tuple[float, bool]:
    """Usual distance between baselines in letter sizes, and whether paragraphs are set apart by more."""
    steps = [(after.base - before.base) / before.size for before, after in pairwise(lines) if abs(after.size - before.size) < 0.6]
    near = sorted(step for step in steps if 0.8 < step < 2.2)
    pitch = min(median(near), 1.7) if near else 1.25
    if len(near) >= 6 and pitch > 1.25 * near[len(near) // 4]:  # lines of text, and items or values set apart
        pitch = near[len(near) // 4]
    n_wide = sum(1.3 * pitch < step < 4 * pitch for step in steps)
    return pitch, len(steps) >= 6 and n_wide >= max(2, 0.12 * len(steps))


def _continues(paragraph: Paragraph, line: TextLine, pitch: float, right: float, spaced: bool) -> bool:
    last, first = paragraph.lines[-1], paragraph.lines[0]
    if line.base - last.base > (pitch * 1.22 + 0.12) * max(last.size, line.size) or abs(line.size - last.size) > 0.12 * last.size:
        return False
    if _begins_anew(paragraph, line, right):
        return False
    if paragraph.marker == "•":
        return line.x0 > first.x0 - 2
    if paragraph.marker:
        return line.x0 > first.x0 + 0.4 * first.size or _runs_on(last, line, right)
    if (
        line.x0 > last.x0 + (1.2 if last is first else 0.7) * last.size
        and last.text.endswith(_ENDS)
        and (last is not first or _is_short(first, right))
    ):
        return False
    if last is first and abs(line.x0 - last.x0) > 1.5 * last.size and is_caption(last.text):
        return False
    short = last.x1 < right - 0.3 * (right - first.x0) and not spaced
    return not (short and last.text.endswith(_ENDS) and not line.text[:1].islower())


def _is_short(line: TextLine, right: float) -> bool:
    """A line that does not reach the right edge: one that ends its paragraph, so that an indent begins another."""
    return line.x1 < right - 0.2 * (right - line.x0)


def _begins_anew(paragraph: Paragraph, line: TextLine, right: float) -> bool:
    """A change between bold and plain type, a section number or a caption begins something new, unless a sentence runs on over it."""
    last, first = paragraph.lines[-1], paragraph.lines[0]
    full = last.x1 > right - 0.12 * (right - first.x0)
    runs_on = full and not last.text.endswith(_ENDS) and line.size <= last.size + 0.3 and not SECTION_START.match(line.text)
    if runs_on and not (last.bold and first.bold and sum(len(other.text) for other in paragraph.lines) < _LONG_CHARS):
        return False
    if is_caption(line.text) and (last.text.endswith(_ENDS) or abs(line.x0 - last.x0) > last.size):
        return True
    if line.bold and SECTION_START.match(line.text):
        return True
    if line.bold and not last.bold and len(line.words) <= 6 and line.text[:1].isupper() and line.x0 <= first.x0 + 1:
        return True
    if line.bold != last.bold and not paragraph.marker and all(other.bold == last.bold for other in paragraph.lines):
        return last is first or last.bold
    text_below = line.x1 > right - 0.15 * (right - line.x0) or line.text.endswith(_ENDS)
    return last is first and not paragraph.marker and text_below and _is_plain_heading(last, right)


def _is_plain_heading(line: TextLine, right: float) -> bool:
    """A short line that begins with a section number and a capital and is no sentence, set like the text."""
    return (
        not line.bold
        and bool(_PLAIN_HEADING.match(line.text))
        and not line.text.endswith((*_ENDS, ","))
        and line.x1 < line.x0 + 0.65 * (right - line.x0)
    )


def _runs_on(last: TextLine, line: TextLine, right: float) -> bool:
    """A list item whose further lines hang at the marker's own indent: the line before is full and the next goes on in lower case."""
    return abs(line.x0 - last.x0) < 1 and last.x1 > right - 0.15 * (right - last.x0) and line.text[:1].islower()
