"""Words of a page -> regions in reading order -> paragraphs (runs of lines).

In: words left after furniture and tables are taken out, and boxes that must stay whole (tables, notice boxes, drawings). Out:
`Paragraph`s in reading order. Must not know what a paragraph says beyond list markers, captions and section numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from ingest.pdf.captions import is_caption
from ingest.pdf.columns import SECTION_START, Item, Whole, split_regions
from ingest.pdf.lines import TextLine, hull, join_lines, make_lines
from ingest.pdf.words import Word
from service.core.types import Box, Line

_LONG_RULE_PT = 250.0
_SECTION_NUMBER = re.compile(r"^\d{1,2}(?:\.\d{1,2})+\.?$")
_ENDS = (".", ":", ";", "!", "?", "。", "：", "；", "！", "？")
_DASHES = frozenset(("-", "–", "—", "*", "·", "o"))
NUMBER = re.compile(
    r"^(?:(?:(?:Step|Schritt)\s+\d{1,2}\s*[.):]?|\d{1,2}\s?[.)]|\(\d{1,2}\)|\d{1,2}、|（\d{1,2}）|[①-⑳])(?=\s|[^\W\d]|[\"“'(])|(?:[a-zA-Z][.)]|\([a-z]\))(?=\s))\s*"
)


@dataclass(eq=False)
class Paragraph:
    """Consecutive lines that belong together. `marker` is the list marker it begins with ("" if none)."""

    lines: list[TextLine]
    marker: str = ""
    text: str = ""
    spans: tuple[Line, ...] = field(default_factory=tuple)

    @property
    def box(self) -> Box:
        return hull(line.box for line in self.lines)

    def finish(self) -> Paragraph:
        """Set text and spans from the lines."""
        self.text, self.spans = join_lines(self.lines)
        return self


def regions(words: Sequence[Word], wholes: Sequence[Whole], rules: Sequence[Box] = ()) -> list[list[Item]]:
    """Lines and wholes of one page, parted into regions without columns, in reading order. Long level `rules` part columns above
    from columns below, as headings over both do."""
    items: list[Item] = [*_with_markers(make_lines(words, 0.9)), *wholes]
    if not items:
        return []
    items += [Whole(box, None) for box in rules if box[2] - box[0] > _LONG_RULE_PT and box[3] - box[1] < 3]
    parts = ([item for item in region if isinstance(item, TextLine) or item.owner is not None] for region in split_regions(items, 0))
    return [part for part in parts if part]


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
    return segment.words[0].bullet or text in _DASHES or bool(NUMBER.match(text + " x")) or bool(_SECTION_NUMBER.match(text))


def paragraphs(region: list[Item]) -> list[Paragraph | Whole]:
    """The region's lines, joined into paragraphs; wholes stand between them."""
    words = [word for item in region if isinstance(item, TextLine) for word in item.words]
    lines: list[Item] = [part for line in make_lines(words, 1e9) for part in _parts(line)] if words else []
    lines += [item for item in region if isinstance(item, Whole)]
    lines.sort(key=lambda item: item.base if isinstance(item, TextLine) else (item.box[1] + item.box[3]) / 2)
    pitch = _pitch([item for item in lines if isinstance(item, TextLine)])
    right = max((item.box[2] for item in lines), default=0.0)
    result: list[Paragraph | Whole] = []
    for item in lines:
        last = result[-1] if result else None
        if isinstance(item, Whole):
            result.append(item)
            continue
        marker = list_marker(item)
        if marker and isinstance(last, Paragraph) and _is_mid_sentence(last, item, pitch):
            marker = ""
        if isinstance(last, Paragraph) and not marker and _continues(last, item, pitch, right):
            last.lines.append(item)
        else:
            result += [Paragraph([part], marker) for part in [_unmarked(item) if marker == "•" else item]]
    return [item.finish() if isinstance(item, Paragraph) else item for item in result]


def _parts(line: TextLine) -> list[TextLine]:
    """A heading and the text that runs on behind it, set smaller, are two lines; any other line is one."""
    large = line.words[0].size
    n_large = next(
        (index for index, word in enumerate(line.words) if word.size < 0.8 * large and abs(word.base - line.words[0].base) < 1), 0
    )
    rest = line.words[n_large:]
    if not n_large or len(rest) < 4 or any(word.size > 0.8 * large for word in rest) or len(line.words[0].text) < 3:
        return [line]
    return [TextLine(line.words[:n_large]), TextLine(rest)]


def _is_mid_sentence(paragraph: Paragraph, line: TextLine, pitch: float) -> bool:
    """A dash that happens to stand at the beginning of a line of running text."""
    last = paragraph.lines[-1]
    if line.words[0].bullet or paragraph.marker or line.words[0].text not in _DASHES or len(line.words) < 2:
        return False
    close = line.base - last.base < (pitch * 1.22 + 0.12) * last.size
    return close and line.words[1].text[:1].islower() and not last.text.endswith((*_ENDS, ",")) and line.x0 < last.x0 + last.size


def list_marker(line: TextLine) -> str:
    """The list marker a line begins with: "•" for any bullet, "3.", "a)" - or ""."""
    first = line.words[0]
    if len(line.words) > 1 and (first.bullet or (first.text in _DASHES and line.words[1].x0 - first.x1 > 0.15 * first.size)):
        return "•"
    match = NUMBER.match(line.text)
    return match.group().strip() if match and match.end() < len(line.text) else ""


def _unmarked(line: TextLine) -> TextLine:
    """The line without its bullet: extractors spell bullets as they like, so they are no part of a verbatim text."""
    return TextLine(line.words[1:])


def _pitch(lines: list[TextLine]) -> float:
    steps = [(after.base - before.base) / before.size for before, after in pairwise(lines) if abs(after.size - before.size) < 0.6]
    steps = [step for step in steps if 0.8 < step < 2.2]
    return min(median(steps), 1.7) if steps else 1.25


def _continues(paragraph: Paragraph, line: TextLine, pitch: float, right: float) -> bool:
    last, first = paragraph.lines[-1], paragraph.lines[0]
    if line.base - last.base > (pitch * 1.22 + 0.12) * max(last.size, line.size) or abs(line.size - last.size) > 0.12 * last.size:
        return False
    if line.bold != last.bold and last is first and not paragraph.marker:
        return False
    if (
        line.bold
        and not last.bold
        and (SECTION_START.match(line.text) or (len(line.words) <= 6 and line.text[:1].isupper() and line.x0 <= first.x0 + 1))
    ):
        return False
    if paragraph.marker == "•":
        return line.x0 > first.x0 - 2
    if paragraph.marker:
        return line.x0 > first.x0 + 0.4 * first.size or _runs_on(last, line, right)
    if line.x0 > last.x0 + 1.2 * last.size and last is not first and last.text.endswith(_ENDS):
        return False
    if last is first and abs(line.x0 - last.x0) > 1.5 * last.size and is_caption(last.text):
        return False
    short = last.x1 < right - 0.3 * (right - first.x0)
    return not (short and last.text.endswith(_ENDS) and not line.text[:1].islower())


def _runs_on(last: TextLine, line: TextLine, right: float) -> bool:
    """A list item whose further lines hang at the marker's own indent: the line before is full and the next goes on in lower case."""
    return abs(line.x0 - last.x0) < 1 and last.x1 > right - 0.15 * (right - last.x0) and line.text[:1].islower()
