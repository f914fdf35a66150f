"""Notices without a box around them: which paragraphs of a page belong to a signal word.

In: a page's paragraphs and wholes in reading order. Out: paragraphs cut where a signal word begins a line, and for each signal word its
level and how many items its notice takes. Must not know about sections or blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.columns import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.lines import TextLine
from ingest.steps import ordinals
from service.core.types import NoticeLevel

_ENDS = (".", "!", "?", ":", ";", "。", "！", "？", "：", "；")
_INDENT_PT = 8.0
_COLUMN_PT = 90.0
_MAX_GAP_EM = 4.0
_SHORT = 0.6  # a line that fills less than this share of its paragraph's width was not broken for want of room


def cut_at_signals(items: Sequence[Paragraph | Whole]) -> list[Paragraph | Whole]:
    """The items, each paragraph cut before lines that begin a notice of their own ("3. Open the lid." / "WARNING: ...")."""
    result: list[Paragraph | Whole] = []
    for item in items:
        if isinstance(item, Whole) or len(item.lines) < 2:
            result.append(item)
            continue
        starts = [0, *(at for at in range(1, len(item.lines)) if _begins(item.lines[at - 1], item.lines[at]))]
        if len(starts) == 1:
            result.append(item)
            continue
        for start, end in zip(starts, [*starts[1:], len(item.lines)], strict=True):
            result.append(replace(item, lines=item.lines[start:end], marker="" if start else item.marker).finish())
    return _without_outdented(result)


def _without_outdented(items: Sequence[Paragraph | Whole]) -> list[Paragraph | Whole]:
    """The items, the text of each notice cut where a line begins left of it: what follows was drawn into its paragraph."""
    result: list[Paragraph | Whole] = []
    for index, item in enumerate(items):
        before = items[index - 1] if index else None
        is_body = isinstance(before, Paragraph) and level_of_line(before.text) is not None
        if isinstance(item, Paragraph) and len(item.lines) > 1 and (is_body or level_of_text(item.text)):
            left = min(line.x0 for line in item.lines[:2])
            end = next((at for at, line in enumerate(item.lines) if line.x0 < left - 1.2 * line.size), len(item.lines))
            end = min(end, _next_indent(item.lines))
            result.append(replace(item, lines=item.lines[:end]).finish())
            result += [replace(item, lines=item.lines[end:], marker="").finish()] if end < len(item.lines) else []
        elif isinstance(item, Paragraph) and len(item.lines) > 1 and _is_apart(item.lines[0], item.lines[1]):
            result.append(replace(item, lines=item.lines[:1]).finish())
            result.append(replace(item, lines=item.lines[1:], marker="").finish())
        else:
            result.append(item)
    return result


def _is_apart(first: TextLine, second: TextLine) -> bool:
    """A full sentence set in further than any first line is."""
    return first.x0 - second.x0 > 2.8 * first.size and first.text.endswith(_ENDS) and second.x1 > first.x1


def _next_indent(lines: Sequence[TextLine]) -> int:
    """The line that begins a paragraph of its own: set in as the first is, behind a full stop, with the line below it further left."""
    for at in range(1, len(lines) - 1):
        line, below = lines[at], lines[at + 1]
        if abs(line.x0 - lines[0].x0) < 2 and below.x0 < line.x0 - 0.7 * line.size and lines[at - 1].text.endswith(_ENDS):
            return at
    return len(lines)


def _begins(before: TextLine, line: TextLine) -> bool:
    if level_of_line(line.text) and len(line.words) <= 3:
        return line.words[0].text[:1].isupper() or not line.text.isascii()
    if level_of_text(line.text) is None or line.text[:1].islower():
        return False
    set_off = line.words[0].bold and not before.words[-1].bold
    return set_off or before.text.rstrip("0123456789¹²³*)").endswith(_ENDS)


def notice_at(items: Sequence[Paragraph | Whole], index: int) -> tuple[NoticeLevel, int] | None:
    """(level, number of items) of the notice that begins with item number `index`, or None where none does. A signal word on a line of
    its own needs a paragraph below it, or the end of the page: then the text stands on the next."""
    first = items[index]
    if not isinstance(first, Paragraph):
        return None
    alone = level_of_line(first.text)
    level = alone or _level(first)
    if level is None:
        return None
    if first.marker == "•":  # an item of a list says "Note:" as any sentence may
        return None if level == "notice" else (level, 1)
    n_items = 1
    if alone:
        if index + 1 == len(items):
            return level, 1
        body = items[index + 1]
        if not isinstance(body, Paragraph) or not _is_below(first, body):
            return None
        n_items = 2
    end = index + n_items
    while end < len(items) and _goes_on(items, index, end, alone is not None):
        end += 1
    return level, end - index


def _is_below(label: Paragraph, body: Paragraph) -> bool:
    """A text that a signal word can head: right below it or at the top of the next column, and not a notice or later step itself."""
    if level_of_line(body.text) or (level_of_text(body.text) and body.marker != "•") or _is_later_step(body.marker):
        return False
    if body.box[0] > label.box[2] and body.box[1] < label.box[1] - 2:
        return True  # the next column
    is_aside = body.box[2] < label.box[0] or body.box[0] > label.box[2] + _COLUMN_PT
    return not is_aside and body.box[1] - label.box[3] < _MAX_GAP_EM * label.lines[0].size


def _level(paragraph: Paragraph) -> NoticeLevel | None:
    """The level of its text; a first line that is nothing but the word, though there was room for more, is set off by that."""
    level = level_of_text(paragraph.text)
    if level is None and len(paragraph.lines) > 1:
        line, box = paragraph.lines[0], paragraph.box
        if line.x1 - line.x0 < _SHORT * (box[2] - box[0]) and paragraph.text[len(line.text) :].strip()[:1].isupper():
            level = level_of_line(line.text)
    return level


def _is_later_step(marker: str) -> bool:
    readings = ordinals(marker) if marker else ()
    return bool(readings) and readings[0].number > 1


def _goes_on(items: Sequence[Paragraph | Whole], index: int, end: int, alone: bool) -> bool:
    """Item number `end` still belongs to the notice that began at `index`: bullets it announces, and paragraphs set in as it is."""
    first, last, item = items[index], items[end - 1], items[end]
    if not (isinstance(first, Paragraph) and isinstance(last, Paragraph) and isinstance(item, Paragraph)):
        return False
    gap = item.box[1] - last.box[3]
    left = min(first.box[0], items[index + 1].box[0]) if alone else first.box[0]
    set_in = _margin(items, item) < left - _INDENT_PT and -4 < item.box[0] - left < 2.5 * item.lines[0].size
    if level_of_line(item.text) or abs(item.lines[0].size - last.lines[0].size) > 0.6:
        return False
    if level_of_text(item.text) and not (item.marker == last.marker == "•"):
        return alone and set_in and level_of_text(item.text) == "notice" and abs(gap) < 0.4 * last.lines[0].size
    if item.box[1] < last.box[1] or gap > 2.2 * last.lines[0].size:
        return False
    if last.text[-1:].isalnum() and item.text[:1].islower() and abs(item.box[0] - last.box[0]) < 2:
        return True  # one sentence, set in two types
    if item.marker == "•":
        return last.marker == "•" or last.text.rstrip().endswith((":", "："))
    if item.marker:
        return bool(last.marker) and last.marker != "•" and item.box[0] > last.box[0] - 2 and end - index > 1 + alone
    if last.marker and item.box[0] >= last.box[0] - 2:
        return False
    bold = all(line.bold for line in last.lines)
    if bold and all(line.bold for line in item.lines) and abs(item.box[0] - left) < 2:
        return not item.text[:2].isdigit() and item.text.rstrip().endswith(_ENDS)
    return set_in and not _in_list(items, index, left)


def _margin(items: Sequence[Paragraph | Whole], item: Paragraph) -> float:
    """Where the running text of the item's column begins: headings and list items may hang out of it."""
    x0, _, x1, _ = item.box
    plain = (other for other in items if isinstance(other, Paragraph) and not other.marker and not other.lines[0].bold)
    return min((other.box[0] for other in plain if other.box[0] < x1 and other.box[2] > x0), default=x0)


def _in_list(items: Sequence[Paragraph | Whole], index: int, left: float) -> bool:
    """The notice is set in because it stands inside a list item."""
    before = next((item for item in reversed(items[:index]) if isinstance(item, Paragraph)), None)
    return before is not None and bool(before.marker) and before.box[0] < left + 4
