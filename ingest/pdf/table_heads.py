"""Is a line that repeats on top of pages the head row of a table that goes on there?

In: a line, its page and the page's other lines that repeat. Out: yes or no. Must not know what running heads are.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.pdf.lines import TextLine, make_lines
from ingest.pdf.words import Page, Word

_SLACK_PT = 3.0
_MIN_COLUMNS = 3
_NEAR_EM = 2.2
_FAR_EM = 6.0
_BOX_EM = 2.0
_CELL_GAP_EM = 0.9


def is_table_head(line: TextLine, page: Page, repeated: Sequence[TextLine], lines: Sequence[TextLine]) -> bool:
    """`repeated` are the page's lines that repeat, this one among them, `lines` all of its margin lines. Ruled: the upright rules of at
    least two columns run on from beside the line past lines that do not repeat. Unruled: lines on one baseline, each over a column of
    the row below."""
    if line.base > page.height / 2:
        return False
    taken = {id(word) for other in repeated for word in other.words}
    words = [word for word in page.words if word.base > line.base + 0.5 * line.size and id(word) not in taken]
    return _is_ruled(line, page, words) or _is_columned(line, page, lines, words)


def _is_ruled(line: TextLine, page: Page, words: Sequence[Word]) -> bool:
    middle = (line.y0 + line.y1) / 2
    uprights = [box for box in (*page.rules, *page.edges) if box[3] - box[1] > max(box[2] - box[0], 4.0)]
    crossing = [box for box in uprights if box[1] - 1 <= middle <= box[3] + 1]
    if len({round(box[0] / _SLACK_PT) for box in crossing}) < _MIN_COLUMNS:  # a frame around the page or its head has two
        return False
    left = [box for box in crossing if box[0] <= line.x0 + _SLACK_PT]
    right = [box for box in crossing if box[2] >= line.x1 - _SLACK_PT]
    if not left or not right:
        return False
    bottom = min(max(_chained(box, uprights) for box in side) for side in (left, right))
    x0, x1 = min(box[0] for box in left), max(box[2] for box in right)
    return sum(word.y1 < bottom + 1 and x0 <= word.x0 and word.x1 <= x1 for word in words) >= _MIN_COLUMNS


def _chained(box: tuple[float, float, float, float], uprights: Sequence[tuple[float, float, float, float]]) -> float:
    """How far down the rule goes on, cell by cell."""
    bottom = box[3]
    for other in sorted((other for other in uprights if abs(other[0] - box[0]) < _SLACK_PT), key=lambda other: other[1]):
        if other[1] <= bottom + _SLACK_PT:
            bottom = max(bottom, other[3])
    return bottom


def _is_columned(line: TextLine, page: Page, beside: Sequence[TextLine], words: Sequence[Word]) -> bool:
    """Two columns are enough right above the next row, three at some distance."""
    row = make_lines([word for other in beside if abs(other.base - line.base) < 2 for word in other.words], _CELL_GAP_EM)
    if len(row) < 2:
        return False
    words = [word for word in words if word.base <= line.base + _FAR_EM * line.size]
    if not words:
        return False
    lines = sorted(make_lines(words, _CELL_GAP_EM), key=lambda other: other.base)
    near = _NEAR_EM if _rule_below(line, page) is None else _FAR_EM
    n_columns = sum(any(abs(head.x0 - cell.x0) < _SLACK_PT or _centred(head, cell) for cell in lines) for head in row)
    return n_columns >= (2 if lines[0].base <= line.base + near * line.size else _MIN_COLUMNS)


def _rule_below(line: TextLine, page: Page) -> float | None:
    """The height of a level rule right below the line, over its whole width."""
    level = [box for box in (*page.rules, *page.edges) if box[2] - box[0] > 4 * (box[3] - box[1])]
    reach = line.y1 + _BOX_EM * line.size
    covering = [box[1] for box in level if line.y1 - 1 <= box[1] <= reach and box[0] <= line.x0 and box[2] >= line.x1]
    return min(covering, default=None)


def is_boxed(line: TextLine, page: Page) -> bool:
    """In a cell by itself, closed by a rule below, with the upright rules going on under that."""
    rule = _rule_below(line, page)
    if rule is None:
        return False
    uprights = [box for box in (*page.rules, *page.edges) if box[3] - box[1] > max(box[2] - box[0], 4.0) and box[0] <= line.x0]
    beside = [box for box in uprights if box[1] <= line.y0 + 1 and rule - 2 <= box[3] <= rule + 2]
    return any(_chained(box, uprights) > rule + line.size for box in beside)


def _centred(one: TextLine, other: TextLine) -> bool:
    return abs(one.x0 + one.x1 - other.x0 - other.x1) < 2 * _SLACK_PT
