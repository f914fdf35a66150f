"""Word's numbering -> the marker that Word would print before a paragraph: "4.2", "3.", "c)", a bullet.

In: the numbering part and, paragraph by paragraph, its numbering. Out: `Marker`s. Must not know text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from docx.oxml.ns import qn

MAX_LEVEL = 8
_VALUE = qn("w:val")


@dataclass(frozen=True, slots=True)
class Marker:
    """`text` as printed; `depth` is the list level, from 0; `list_id` tells lists apart; `bullet`: it carries no number; `indent` in
    twentieths of a point, where the level sets one."""

    text: str
    depth: int
    list_id: str
    bullet: bool
    indent: int = 0


@dataclass(frozen=True, slots=True)
class _Level:
    kind: str
    text: str
    start: int
    indent: int = 0


@dataclass
class Numbering:
    """Counts through the document: call `marker` for every numbered paragraph in order."""

    _levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    _abstract: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, list[int | None]] = field(default_factory=dict)

    def marker(self, list_id: str, depth: int) -> Marker | None:
        """The marker of the next paragraph of this list, or None where the list is not defined (or numbering is switched off)."""
        depth = max(0, min(depth, MAX_LEVEL))
        levels = self._levels.get(self._abstract.get(list_id, ""))
        level = levels.get(depth) if levels else None
        if levels is None or level is None or level.kind == "none":
            return None
        if level.kind == "bullet":
            return Marker("•", depth, list_id, True, level.indent)
        counts = self._counts.setdefault(self._abstract[list_id], [None] * (MAX_LEVEL + 1))
        before = counts[depth]
        counts[depth] = level.start if before is None else before + 1
        counts[depth + 1 :] = [None] * (MAX_LEVEL - depth)
        text = re.sub(r"%([1-9])", lambda match: _number(counts, levels, int(match.group(1)) - 1), level.text)
        return Marker(text.strip(), depth, list_id, False, level.indent)


def _number(counts: list[int | None], levels: dict[int, _Level], depth: int) -> str:
    level = levels.get(depth, _Level("decimal", "", 1))
    value = counts[depth]
    if value is None:
        value = counts[depth] = level.start
    return written(value, level.kind)


def written(value: int, kind: str) -> str:
    """A number as Word writes it in this kind: 3 is "3", "c", "iii"."""
    if kind in ("lowerLetter", "upperLetter") and value > 0:
        text = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 % 3 + 1)
    elif kind in ("lowerRoman", "upperRoman") and 0 < value < 200:
        text, left = "", value
        for size, name in ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
            text, left = text + name * (left // size), left % size
    else:
        return f"{value:02d}" if kind == "decimalZero" else str(value)
    return text.upper() if kind.startswith("upper") else text


def read_numbering(root: Any) -> Numbering:
    """From the root of numbering.xml; None gives a numbering without lists."""
    numbering = Numbering()
    if root is None:
        return numbering
    for abstract in root.iterchildren(qn("w:abstractNum")):
        levels: dict[int, _Level] = {}
        for level in abstract.iterchildren(qn("w:lvl")):
            depth = _int(level.get(qn("w:ilvl")), 0)
            levels[depth] = _Level(
                _child(level, "w:numFmt", "decimal"),
                _child(level, "w:lvlText", ""),
                _int(_child(level, "w:start", "1"), 1),
                indent_of(level),
            )
        numbering._levels[str(abstract.get(qn("w:abstractNumId")))] = levels
    for number in root.iterchildren(qn("w:num")):
        list_id = str(number.get(qn("w:numId")))
        abstract_id = _child(number, "w:abstractNumId", "")
        overridden = {
            _int(o.get(qn("w:ilvl")), 0): _int(_child(o, "w:startOverride", ""), 0) for o in number.iterchildren(qn("w:lvlOverride"))
        }
        levels = numbering._levels.get(abstract_id, {})
        starts = {depth: start for depth, start in overridden.items() if start and depth in levels}
        if starts:  # a list that begins anew is a list of its own
            own = {depth: _Level(level.kind, level.text, starts.get(depth, level.start), level.indent) for depth, level in levels.items()}
            abstract_id = f"{abstract_id}/{list_id}"
            numbering._levels[abstract_id] = own
        numbering._abstract[list_id] = abstract_id
    return numbering


def indent_of(element: Any) -> int:
    """The left indent that an element's paragraph properties set, 0 where they set none."""
    indent = element.find(f"{qn('w:pPr')}/{qn('w:ind')}")
    return _int(indent.get(qn("w:left")) or indent.get(qn("w:start")), 0) if indent is not None else 0


@dataclass
class OpenLists:
    """The list that is open and those nested in it: Word keeps no tie between a list of steps and the bullets under one of them, but
    the indent shows it."""

    group: str = ""
    _stack: list[tuple[str, int, int]] = field(default_factory=list)  # list id, indent, depth

    def close(self) -> None:
        """A heading or a table ends it."""
        self.group = ""
        self._stack.clear()

    def pause(self) -> None:
        """A paragraph ends a list of bullets; numbers may go on after it."""
        if self._stack and self._stack[0][0].startswith("•"):
            self.close()

    def place(self, marker: Marker, indent: int, new_group: Callable[[], str]) -> tuple[str, int]:
        """(group, depth) of an item."""
        key = ("•" if marker.bullet else "") + marker.list_id
        indent = indent or marker.indent
        while self._stack and key not in (known for known, _, _ in self._stack) and indent <= self._stack[-1][1]:
            self._stack.pop()
        while self._stack and key in (known for known, _, _ in self._stack[:-1]):
            self._stack.pop()
        if not self._stack:
            self.group = new_group()
            self._stack = [(key, indent, 0)]
            return self.group, marker.depth
        if self._stack[-1][0] != key:
            self._stack.append((key, indent, self._stack[-1][2] + 1))
        return self.group, self._stack[-1][2] + marker.depth


def _child(element: Any, name: str, default: str) -> str:
    found = element.find(qn(name))
    return str(found.get(_VALUE, default)) if found is not None else default


def _int(text: Any, default: int) -> int:
    return int(str(text)[:6]) if text is not None and str(text)[:6].isdigit() else default
