"""Lists and procedures: which list items belong together, how deep each is nested, where a procedure begins and ends.

In: a document's blocks in reading order, list items with their printed markers. Out: the same blocks with `group` and `depth` set, and
`Procedure`s. A list goes on over page breaks and with paragraphs, notices, figures and tables between its items as long as its numbers
do; a new "1." at the same place begins a new one. Must not know about PDFs or chunks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from service.core.types import Block

_STEP = r"(?:step|schritt|étape|etape|paso|passo|步骤|步驟)"
MARKER = re.compile(
    rf"^(?:(?:(?i:{_STEP})\s*(?:\d{{1,2}}|[一二三四五六七八九十])\s*[.):：]?(?!\d)|第\s*(?:\d{{1,2}}|[一二三四五六七八九十])\s*步\s*[:：]?"
    r"|\d{1,2}\s?[.)]\)?|\(\s?\d{1,2}\s?\)|\d{1,2}、|（\d{1,2}）|[①-⑳❶-❿⓵-⓾])(?=\s|[^\W\d]|[\"“'(])"
    r"|(?:[a-zA-Z]|[ivx]{2,5})[.)](?=\s)|\((?:[a-zA-Z]|[ivx]{2,5})\)(?=\s)|[一二三四五六七八九十]、)\s*"
)
"""A numbered or lettered list marker and the blanks behind it."""

_CHINESE = "一二三四五六七八九十"
_ROMAN = {"i": 1, "v": 5, "x": 10}
_DECIMAL = re.compile(r"^(\d{1,2})\.(\d{1,2})[.)]?\s+(?=[^\W\d_])")
_NEAR_PT = 4.0
_COLUMN_PT = 90.0  # an indent is smaller, a step to another column larger
_LOOK_AHEAD = 40
_MAX_HEADED = 15


@dataclass(frozen=True, slots=True)
class Ordinal:
    """What a marker says: its style ("1.", "(a)", "step", "•") and its number in that style (0 for bullets)."""

    style: str
    number: int


def ordinals(marker: str) -> tuple[Ordinal, ...]:
    """All readings of a marker: "i)" is the first Roman number and the ninth letter. A mark that is no number is a bullet."""
    text = marker.strip()
    if len(text) == 1 and text > "\u2000" and (digit := _circled(text)):
        return (Ordinal("①", digit),)
    if match := re.search(rf"\d+|[{_CHINESE}]", text):
        value = match.group()
        number = _CHINESE.index(value) + 1 if value in _CHINESE else int(value)
        named = re.match(rf"{_STEP}|第", text, re.I)
        return (Ordinal("step" if named else text.replace(value, "1").replace(" ", ""), number),)
    match = re.fullmatch(r"(\(?)([a-zA-Z]{1,5})([.)])", text)
    if not match:
        return (Ordinal("•", 0),)
    before, letters, after = match.groups()
    low = letters.lower()
    readings = []
    if len(low) == 1:
        readings.append(Ordinal(before + ("a" if letters.islower() else "A") + after, ord(low) - 96))
    if all(letter in _ROMAN for letter in low):
        readings.append(Ordinal(before + ("i" if letters.islower() else "I") + after, _roman(low)))
    return tuple(readings) or (Ordinal("•", 0),)


def _circled(char: str) -> int:
    for first, last in (("①", "⑳"), ("❶", "❿"), ("⓵", "⓾")):
        if first <= char <= last:
            return ord(char) - ord(first) + 1
    return 0


def _roman(letters: str) -> int:
    values = [_ROMAN[letter] for letter in letters]
    return sum(-value if any(later > value for later in values[at + 1 :]) else value for at, value in enumerate(values))


@dataclass(slots=True)
class _Level:
    ordinal: Ordinal
    block: Block


@dataclass(slots=True)
class _Lists:
    """The list that is open, its levels outermost first."""

    document_id: str
    n_groups: int = 0
    group: str = ""
    levels: list[_Level] = field(default_factory=list)
    n_since_heading: int = -1  # -1: no heading since the last item
    paused: bool = False

    def place(self, item: Block, ahead: Sequence[Block]) -> Block:
        """The item with its group and depth; `ahead` are the blocks behind it."""
        readings = ordinals(item.marker)
        at, ordinal = self._next_of(item, readings, ahead)
        if at is None:
            ordinal = next((reading for reading in readings if reading.number == 1), readings[0])
            if not self._nests(item, ordinal, ahead):
                self.n_groups += 1
                self.group, self.levels = f"{self.document_id}-l{self.n_groups}", []
            at = len(self.levels)
        self.levels[at:] = [_Level(ordinal, item)]
        self.n_since_heading, self.paused = -1, False
        return replace(item, group=self.group, depth=at)

    def _next_of(self, item: Block, readings: Sequence[Ordinal], ahead: Sequence[Block]) -> tuple[int | None, Ordinal]:
        """(the level the item goes on with, its reading there), or (None, any reading)."""
        for at in range(len(self.levels) - 1, -1, -1):
            last = self.levels[at]
            for reading in readings:
                if reading.style != last.ordinal.style:
                    continue
                if reading.number == 0:
                    if self._same_bullets(item, at):
                        return at, reading
                elif reading.number == last.ordinal.number + 1 and (self.n_since_heading < 0 or reading.number > 1):
                    return at, reading
                elif reading.number == last.ordinal.number + 2 and self.n_since_heading < 0 and self.paused and _aligned(item, last.block):
                    return at, reading  # a number that no extractor gave
        return None, readings[0]

    def _same_bullets(self, item: Block, at: int) -> bool:
        if self.n_since_heading >= 0 or (at == 0 and self.paused):
            return False
        last = self.levels[at].block
        return last.page != item.page or _aligned(item, last) or _is_new_column(item, last)

    def _nests(self, item: Block, ordinal: Ordinal, ahead: Sequence[Block]) -> bool:
        """Whether an item that goes on with no level opens one below the innermost."""
        if not self.levels or self.n_since_heading >= 0 or ordinal.number > 1:
            return False
        top = self.levels[-1]
        if ordinal.style == top.ordinal.style == "•" and self.paused:
            return False
        if self._resumes(ahead):
            return True
        if _is_new_column(item, top.block) or item.page != top.block.page:
            return False
        deeper = top.block.box[0] + _NEAR_PT < item.box[0] < top.block.box[0] + _COLUMN_PT
        return deeper or (
            not self.paused and ordinal.style not in {level.ordinal.style for level in self.levels} and top.ordinal.number > 0
        )

    def _resumes(self, ahead: Sequence[Block]) -> bool:
        """Whether a numbered level of the open list goes on further down, before a heading or a new start."""
        wanted = {Ordinal(level.ordinal.style, level.ordinal.number + 1) for level in self.levels if level.ordinal.number}
        for block in ahead[:_LOOK_AHEAD]:
            if block.kind == "heading":
                return False
            if block.kind == "list_item" and any(reading in wanted for reading in ordinals(block.marker)):
                return True
        return False

    def pass_by(self, block: Block) -> None:
        """A block that is no item stands here: a heading may end the list, a paragraph at its margin pauses it."""
        if block.kind == "heading":
            self.n_since_heading = 0
        elif self.n_since_heading >= 0:
            self.n_since_heading += 1
            if self.n_since_heading > _MAX_HEADED:
                self.levels = []
        elif block.kind == "paragraph" and self.levels:
            root = self.levels[0].block
            if block.page != root.page or block.box[0] < self.levels[-1].block.box[0] - _NEAR_PT or self.levels[0].ordinal.number:
                self.paused = True


def _aligned(item: Block, other: Block) -> bool:
    return abs(item.box[0] - other.box[0]) < _NEAR_PT


def _is_new_column(item: Block, other: Block) -> bool:
    """The item stands further right and not below."""
    return item.page == other.page and item.box[1] < other.box[1] and item.box[0] > other.box[0] + _COLUMN_PT


def group_lists(blocks: Sequence[Block], document_id: str) -> list[Block]:
    """The blocks with `group` and `depth` of every list item set. Paragraphs numbered within a step ("2.1" in step 2) become items."""
    lists = _Lists(document_id)
    grouped: list[Block] = []
    for at, block in enumerate(blocks):
        if block.kind == "paragraph" and lists.n_since_heading < 0 and (marker := _decimal(block, lists.levels)):
            block = replace(block, kind="list_item", marker=marker)
        if block.kind == "list_item":
            grouped.append(_decimal_item(block, lists) or lists.place(block, blocks[at + 1 : at + 1 + _LOOK_AHEAD]))
        else:
            lists.pass_by(block)
            grouped.append(block)
    return grouped


def _decimal(block: Block, levels: Sequence[_Level]) -> str:
    """The marker "2.1" of a text inside step 2, where it is the first of that step or the next; else ""."""
    match = _DECIMAL.match(block.text)
    if not match or not levels or levels[0].ordinal.number != int(match[1]):
        return ""
    before = next((level.ordinal.number for level in levels if level.ordinal.style == "1.1"), 0)
    return match.group().strip() if int(match[2]) == before + 1 else ""


def _decimal_item(block: Block, lists: _Lists) -> Block | None:
    match = re.fullmatch(r"\d{1,2}\.(\d{1,2})[.)]?", block.marker)
    if not match or not lists.levels:
        return None
    lists.levels[1:] = [_Level(Ordinal("1.1", int(match[1])), block)]
    lists.paused = False
    return replace(block, group=lists.group, depth=1)


@dataclass(frozen=True, slots=True)
class Procedure:
    """A list with what leads into it: blocks [first, last] of the document, `intro` the line that announces it ("To remove the cover:",
    "" where there is none), `numbered` where its items at depth 0 are counted."""

    group: str
    first: int
    last: int
    intro: str
    numbered: bool


def procedures(blocks: Sequence[Block]) -> Iterator[Procedure]:
    """The lists of a document, in the order in which they begin. Blocks between the items (notices, figures, text) are inside."""
    spans: dict[str, list[int]] = {}
    for at, block in enumerate(blocks):
        if block.kind == "list_item" and block.group:
            spans.setdefault(block.group, []).append(at)
    for group, places in spans.items():
        intro = _intro(blocks, places[0])
        numbered = any(ordinals(blocks[at].marker)[0].number for at in places if blocks[at].depth == 0)
        yield Procedure(group, places[0] if intro is None else intro, places[-1], "" if intro is None else blocks[intro].text, numbered)


def _intro(blocks: Sequence[Block], first: int) -> int | None:
    """The paragraph right before an item (notices and figures may stand between) that ends in a colon."""
    for at in range(first - 1, max(-1, first - 4), -1):
        block = blocks[at]
        if block.section != blocks[first].section or block.kind in ("heading", "list_item", "table", "table_row"):
            return None
        if block.kind == "paragraph":
            return at if block.text.rstrip().endswith((":", "：")) else None
    return None
