"""What a safety notice applies to.

In: a document's blocks in reading order, lists grouped. Out: for each notice the blocks it guards. Manuals put a notice before what it
is about: under a heading it speaks for the section, before a step for the steps that follow, inside a step for that step. Must not know
about chunks or pages of a PDF beyond a block's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.steps import procedures
from service.core.types import SEVERITY, Block

_GRAVE = SEVERITY[:3]
_SILENT = ("heading", "notice", "figure")
_MAX_SHARE = 0.5  # a section with more of the document than this is the document: its notices speak for its own text only
_MIN_BLOCKS = 40
_REACH = 10  # blocks of running text that a notice between paragraphs speaks for
_INDENT_PT = 6.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """The notice `blocks[notice]` and the indices of the blocks it applies to, in order, itself left out."""

    notice: int
    blocks: tuple[int, ...]


def guarded(blocks: Sequence[Block]) -> Iterator[Guarded]:
    """Every notice of the document with what it guards; a mere "Note" guards only the text or step right beside it."""
    spans = {procedure.group: (procedure.first, procedure.last) for procedure in procedures(blocks)}
    inside = [""] * len(blocks)
    for group, (first, last) in spans.items():
        inside[first : last + 1] = [group] * (last + 1 - first)
    for at, block in enumerate(blocks):
        if block.kind == "notice" and block.level is not None:
            found = _guarded(blocks, at, inside, spans)
            yield Guarded(at, tuple(index for index in found if blocks[index].kind != "notice"))


def _guarded(blocks: Sequence[Block], at: int, inside: Sequence[str], spans: dict[str, tuple[int, int]]) -> Sequence[int]:
    if inside[at]:
        return _in_procedure(blocks, at, inside[at], spans[inside[at]][1])
    grave = blocks[at].level in _GRAVE
    if grave and _opens_section(blocks, at):
        return _section(blocks, at)
    following = _next_said(blocks, at)
    if following is not None and inside[following] and spans[inside[following]][0] == following:
        first, last = spans[inside[following]]
        return range(first, (last if grave else first) + 1)
    if not grave:
        return [index for index in (_said_before(blocks, at), following) if index is not None]
    if following is None:  # the last word of its section is about what stands before it, and about the sections inside it
        before = _said_before(blocks, at)
        return [*(() if before is None else (before,)), *_sections_inside(blocks, at)]
    end = following
    while end + 1 < len(blocks) and end - following < _REACH and blocks[end + 1].section == blocks[at].section:
        end += 1
    inside_it = _sections_inside(blocks, end) if end == following else ()  # all but the last word of its section
    return [*range(following, end + 1), *inside_it]


def _in_procedure(blocks: Sequence[Block], at: int, group: str, last: int) -> Sequence[int]:
    """Between two steps: the next step to the last. Set in under a step: that step, too; with more of that step behind it: only that."""
    items = [index for index in range(at, last + 1) if blocks[index].kind == "list_item" and blocks[index].group == group]
    before = next((index for index in range(at - 1, -1, -1) if blocks[index].kind == "list_item" and blocks[index].group == group), None)
    following = items[0] if items else None
    if before is None:
        return range(at + 1, last + 1)
    step = next(index for index in range(before, -1, -1) if blocks[index].group == group and blocks[index].depth == 0)
    attached = _is_set_in(blocks, at, before)
    more = attached and following is not None and (following > at + 1 or blocks[following].depth > blocks[step].depth)
    if more or following is None:
        end = next((index for index in items if blocks[index].depth <= blocks[step].depth), last + 1)
        return range(step, end)
    if blocks[at].level not in _GRAVE:
        return [step] if attached else [following]
    return range(step if attached else following, last + 1)


def _is_set_in(blocks: Sequence[Block], at: int, step: int) -> bool:
    """The notice stands right below the step, further in than its marker."""
    notice, item = blocks[at], blocks[step]
    if any(blocks[index].kind not in _SILENT for index in range(step + 1, at)) or notice.page != item.page or item.box == notice.box:
        return False
    indent = _INDENT_PT if item.marker and item.text.startswith(item.marker) else -_INDENT_PT
    return item.box[0] + indent < notice.box[0] and notice.box[1] >= item.box[1]


def _opens_section(blocks: Sequence[Block], at: int) -> bool:
    """Nothing is said in its section before it."""
    for index in range(at - 1, -1, -1):
        block = blocks[index]
        if block.section != blocks[at].section or (block.kind == "heading" and block.section == blocks[at].section):
            return True
        if block.kind not in _SILENT:
            return False
    return True


def _section(blocks: Sequence[Block], at: int) -> range:
    """The blocks of the notice's section and of those inside it; only its own text where the section is most of the document."""
    path = blocks[at].section
    first = last = at
    while first and blocks[first - 1].section == path:
        first -= 1
    while last + 1 < len(blocks) and blocks[last + 1].section[: len(path)] == path:
        last += 1
    if not path or (len(blocks) >= _MIN_BLOCKS and last - first > _MAX_SHARE * len(blocks)):
        last = at
        while last + 1 < len(blocks) and blocks[last + 1].section == path:
            last += 1
    return range(first, last + 1)


def _sections_inside(blocks: Sequence[Block], at: int) -> range:
    """The blocks of the sections inside that of `blocks[at]` where they follow it; none where they are most of the document."""
    path = blocks[at].section
    last = at
    if at + 1 < len(blocks) and blocks[at + 1].section == path:  # its own section goes on
        return range(0)
    while path and last + 1 < len(blocks) and blocks[last + 1].section[: len(path)] == path:
        last += 1
    if len(blocks) >= _MIN_BLOCKS and last - at > _MAX_SHARE * len(blocks):
        return range(0)
    return range(at + 1, last + 1)


def _next_said(blocks: Sequence[Block], at: int) -> int | None:
    for index in range(at + 1, len(blocks)):
        if blocks[index].section != blocks[at].section:
            return None
        if blocks[index].kind not in _SILENT:
            return index
    return None


def _said_before(blocks: Sequence[Block], at: int) -> int | None:
    for index in range(at - 1, -1, -1):
        if blocks[index].section != blocks[at].section:
            return None
        if blocks[index].kind not in _SILENT:
            return index
    return None
