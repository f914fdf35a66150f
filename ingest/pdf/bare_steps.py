"""Steps whose numbers stand without a point or bracket ("1 Open the lid", "2 Pull the plug"), or lost it in the file.

In: a page's paragraphs and wholes in reading order. Out: the same, each such step a paragraph with its number as marker. One number
proves nothing; a run of lines that count up from one, at one place, set as the body is, does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.pdf.columns import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.lines import TextLine

_BARE = re.compile(r"^(\d{1,2})\s+(?=[A-ZÄÖÜ\"“(\u4e00-\u9fff])")
_MIN_RUN = 3
_MAX_BETWEEN = 3  # lines of one step behind its first
_INDENT_PT = 4.0


@dataclass(slots=True)
class _Place:
    """Line number `line` of item number `item` begins with `number`."""

    item: int
    line: int
    number: int


def mark_bare_steps(items: Sequence[Paragraph | Whole]) -> list[Paragraph | Whole]:
    """The items, paragraphs cut where a run of bare numbers counts up."""
    cuts: dict[int, dict[int, str]] = {}
    for run in _runs(items):
        for place in run:
            cuts.setdefault(place.item, {})[place.line] = str(place.number)
    if not cuts:
        return list(items)
    result: list[Paragraph | Whole] = []
    for at, item in enumerate(items):
        if at in cuts and isinstance(item, Paragraph):
            result += _cut(item, cuts[at])
        else:
            result.append(item)
    return result


def _runs(items: Sequence[Paragraph | Whole]) -> list[list[_Place]]:
    """Places that count 1, 2, 3 at one left edge, with little between them."""
    runs: list[list[_Place]] = []
    run: list[_Place] = []
    edge, n_between = 0.0, 0
    for at, item in enumerate(items):
        for index, line in enumerate(item.lines if isinstance(item, Paragraph) else ()):
            match = None if line.bold else _BARE.match(line.text)
            number = int(match[1]) if match else 0
            if run and number == run[-1].number + 1 and abs(line.x0 - edge) < 2 and n_between <= _MAX_BETWEEN:
                run.append(_Place(at, index, number))
                n_between = 0
            elif number == 1:
                runs.append(run)
                run, edge, n_between = [_Place(at, index, 1)], line.x0, 0
            else:
                n_between += 1
    return [run for run in (*runs, run) if len(run) >= _MIN_RUN]


def _cut(item: Paragraph, marks: dict[int, str]) -> list[Paragraph]:
    """The paragraph in pieces: before the first step, the steps, and what follows them at the margin."""
    pieces: list[tuple[list[TextLine], str]] = []
    for index, line in enumerate(item.lines):
        if index in marks:
            pieces.append(([line], marks[index]))
        elif not pieces or (pieces[-1][1] and line.x0 < pieces[-1][0][0].x0 + _INDENT_PT):
            pieces.append(([line], "" if index else item.marker))
        else:
            pieces[-1][0].append(line)
    return [replace(item, lines=lines, marker=marker).finish() for lines, marker in pieces]
