"""Rows of a labelled table against parsed rows -> counts of cells found, missed and wrong.

A parsed cell is right when its row answers the labelled row, its text is equal, and its column is right:
- text: equal after NFKC, case folding, one kind of dash, and without white space (a minus sign counts, a blank does not);
- column: its `head` spells the labelled head path, outermost first. A cell that spans columns may carry the head of any of them, or all.
  In a table without heads its place among the cells of its row counts instead;
- rows: labelled and parsed rows are aligned in order so that most cells are right, each row once.
So a table in one cell a row, or with its values one column off, scores nothing. Head rows are judged by the heads of the cells below
them. A sub-head that spans the table needs only its text. A cell that spans rows is owed once; a parser may repeat it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from eval.layout.tally import Fault, Score
from eval.layout.truth import TrueCell, TrueTable
from service.core.types import Block

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_RULED = {"ruled": ("cell ruled", "cell full"), "half": ("cell ruled", "cell half"), "unruled": ("cell unruled",)}


@dataclass(frozen=True, slots=True)
class ParsedCell:
    """What a parser said."""

    text: str
    head: str


def cell_key(text: str) -> str:
    """The form in which cells are compared."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().translate(_DASHES).split())


def head_key(text: str) -> str:
    """Heads are compared by letters and digits: parsers join the rows of a head as they like."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def parsed_rows(blocks: Sequence[Block]) -> tuple[list[list[ParsedCell]], set[int]]:
    """(body rows in order, indices of head rows that stand between them: they may be sub-heads)."""
    rows: list[list[ParsedCell]] = []
    between: set[int] = set()
    for block in blocks:
        if block.kind == "table" and rows:
            between.add(len(rows))
        if block.kind == "table_row" or (block.kind == "table" and rows):
            cells = [ParsedCell(block.text[cell.start : cell.end], cell.head) for cell in block.cells] or [ParsedCell(block.text, "")]
            rows.append([cell for cell in cells if cell_key(cell.text)])
    return rows, between


def count_cells(table: TrueTable, blocks: Sequence[Block], score: Score, file: str, page: int) -> None:
    """Add tp, fp and fn of one table on one page."""
    rows, between = parsed_rows(blocks)
    n_right, matched = align(table, rows)
    n_wrong = sum(
        len(row) - _right_and_free(table, matched.get(index), row)
        for index, row in enumerate(rows)
        if index not in between or index in matched
    )
    n_owed = sum(bool(cell_key(cell.text)) for row in table.rows for cell in row)
    for name in _RULED[table.ruling]:
        score.counts[f"{name}.tp"] += n_right
        score.counts[f"{name}.fp"] += n_wrong
        score.counts[f"{name}.fn"] += n_owed - n_right
    if n_owed > n_right or n_wrong:
        first = " | ".join(cell.text for cell in table.rows[0]) if table.rows else ""
        detail = f"{n_right} of {n_owed} cells, {n_wrong} wrong: {first[:60]}"
        score.faults.append(Fault(file, page, f"cells, {table.ruling}", detail, (n_owed - n_right + n_wrong) / 8))


def align(table: TrueTable, rows: Sequence[Sequence[ParsedCell]]) -> tuple[int, dict[int, int]]:
    """(cells right, parsed row -> labelled row): the alignment in order with the most right cells."""
    n, m = len(table.rows), len(rows)
    best = [[0] * (m + 1) for _ in range(n + 1)]
    gain = [[n_equal(table, a, row) for row in rows] for a in range(n)]
    for a in range(n - 1, -1, -1):
        for b in range(m - 1, -1, -1):
            best[a][b] = max(best[a + 1][b], best[a][b + 1], gain[a][b] + best[a + 1][b + 1])
    matched: dict[int, int] = {}
    a = b = 0
    while a < n and b < m:
        if gain[a][b] and best[a][b] == gain[a][b] + best[a + 1][b + 1]:
            matched[b] = a
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return best[0][0], matched


def n_equal(table: TrueTable, row: int, parsed: Sequence[ParsedCell]) -> int:
    """Cells of a labelled row that the parsed row has, in order."""
    wanted = [cell for cell in table.rows[row] if cell_key(cell.text)]
    headless = not any(cell.head for own in table.rows for cell in own)
    if headless:
        free = _free(table, row)
        given = [cell for cell in parsed if cell_key(cell.text) not in free]
        return sum(cell_key(a.text) == cell_key(b.text) for a, b in zip(wanted, given, strict=False))
    best = [0] * (len(parsed) + 1)
    for cell in wanted:
        before = 0
        for index, other in enumerate(parsed, start=1):
            before, best[index] = best[index], max(best[index], best[index - 1], before + is_equal(cell, other))
    return best[-1]


def is_equal(cell: TrueCell, parsed: ParsedCell) -> bool:
    """Text and column head are right."""
    if cell_key(cell.text) != cell_key(parsed.text):
        return False
    if cell.subhead:
        return True
    return head_key(parsed.head) in {head_key(" ".join(head)) for head in (cell.head, *cell.heads)} | _joined(cell)


def _joined(cell: TrueCell) -> set[str]:
    """The heads of a cell over several columns, all in one: "Torque min Torque max" or "Torque min max"."""
    if len(cell.heads) < 2:
        return set()
    whole = head_key(" ".join(part for head in cell.heads for part in head))
    return {whole, head_key(" ".join(dict.fromkeys(part for head in cell.heads for part in head)))}


def _free(table: TrueTable, row: int) -> set[str]:
    return {cell_key(text) for text in (table.open_cells[row] if row < len(table.open_cells) else ())}


def _right_and_free(table: TrueTable, row: int | None, parsed: Sequence[ParsedCell]) -> int:
    """Cells of a parsed row that are no fault: right ones, and repeated ones of a cell that spans rows."""
    if row is None:
        return 0
    free = _free(table, row)
    own = {cell_key(cell.text) for cell in table.rows[row]}
    return n_equal(table, row, parsed) + sum(cell_key(cell.text) in free - own for cell in parsed)
