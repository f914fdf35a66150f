"""Which rows of a table are its heads, and which title a group of rows in mid-table.

In: a `Table` whose rows and cells are final. Out: the same table with `n_head`, `heads`, `title`, and `group` of its rows. Judged by
weight, shade, digits, the usual words of heads, and how cells span. Must not know how the table was found.
"""

from __future__ import annotations

import re

from ingest.pdf.tables import Row, RowCell, Table, full_rows
from service.core.table_text import PATH, is_unit

MAX_HEAD_ROWS = 5
MAX_HEAD_CHARS = 60
MAX_SUBHEAD_CHARS = 90
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_WORDS = """
parameter parameters value values unit units description name function functions pin pins signal symbol min min. typ typ. max max. nom
nom. item items type code meaning note notes remark remarks comment comments command term abbreviation bit bits byte bytes address
register format range default size torque no no. nr nr. # step action actions cause causes remedy fault error symptom solution
specification specifications rating ratings condition conditions date version revision author minimum typical maximum nominal limit
limits quantity qty part model product property properties characteristic characteristics feature status state mode level colour color
wire terminal connector connection interface location position voltage current power measurement content contents field length scaling
offset resolution id dtc wert werte einheit einheiten beschreibung bezeichnung funktion größe anzugsdrehmoment ursache ursachen abhilfe
fehler störung bedeutung einstellung bereich klemme farbe anschluss bemerkung bemerkungen anzahl kennwert merkmal datum teil 参数 数值
单位 描述
说明 名称 序号 备注 功能 定义 引脚 编号 故障 原因 方法 最小值 最大值 典型值 项目 规格 型号
"""
_HEAD_WORDS = frozenset(_WORDS.split())


def finish(table: Table) -> Table:
    """Find the head rows, set each column's head, and mark sub-heads with the rows under them."""
    table.n_head = count_head_rows(table)
    if not table.is_grid:
        _spread_heads(table)
    head = table.rows[: table.n_head]
    table.title = " ".join(cell.text for row in head for cell in row.cells if table.is_full_width(cell))
    table.heads = [_path(table, column) for column in range(len(table.columns))]
    if not table.is_list:
        _mark_groups(table)
    return table


def _path(table: Table, column: int) -> str:
    """The heads above a column, outermost first, each once; a title over all columns is no head."""
    texts = [
        cell.text
        for row in table.rows[: table.n_head]
        for cell in row.cells
        if cell.first <= column <= cell.last and not (table.is_full_width(cell) and table.n_head > 1)
    ]
    return PATH.join(dict.fromkeys(filter(None, texts)))


def count_head_rows(table: Table) -> int:
    """Rows that head the columns, a title row above them included."""
    rows = table.rows
    if table.is_list or len(rows) < 2:
        return 0
    title = 1 if len(rows) > 2 and len(rows[0].cells) == 1 and table.is_full_width(rows[0].cells[0]) and not _is_long(rows[0]) else 0
    n_head = _heads_from(table, title)
    if not n_head:
        return title if title and (is_bold(rows[0]) or rows[0].shaded) and not is_bold(rows[1]) else 0
    n_head += title
    while n_head < min(MAX_HEAD_ROWS, len(rows) - 1) and _goes_on(table, n_head):
        n_head += 1
    return n_head


def _heads_from(table: Table, start: int) -> int:
    """Head rows that begin at row `start`: set bold, or shaded, or by what they say."""
    rows = table.rows[start:]
    if len(rows) < 2 or (len(rows[0].cells) < 2 and len(rows) < 3):
        return 0
    bold = [is_bold(row) for row in rows]
    if bold[0] and not all(bold):
        n_head = 1
        while n_head < min(MAX_HEAD_ROWS, len(rows) - 1) and bold[n_head] and len(rows[n_head].cells) > 1:
            n_head += 1
        return n_head if any(len(row.cells) > 1 for row in rows[:n_head]) else 0
    if rows[0].shaded and not any(row.shaded for row in rows[1:]) and len(rows[0].cells) > 1:
        return 1
    return _plain_heads(table, rows)


def is_bold(row: Row) -> bool:
    """Nearly all of its text is set bold or in white, in most of its cells: bold keys beside plain values are no head."""
    n_bold = [sum(len(word.text) for word in cell.words if word.bold or word.light) for cell in row.cells]
    n_chars = [sum(len(word.text) for word in cell.words) for cell in row.cells]
    if not row.cells or sum(n_bold) < 0.7 * sum(n_chars):
        return False
    n_cells = sum(own >= 0.5 * whole for own, whole in zip(n_bold, n_chars, strict=True))
    return n_cells >= max(0.7 * len(row.cells), min(2, len(row.cells)))


def _plain_heads(table: Table, rows: list[Row]) -> int:
    """1 where the first row has the words of heads, or no digits above columns of numbers."""
    first, body = rows[0], rows[1:]
    texts = [cell.text for cell in first.cells]
    if len(first.cells) < 0.6 * len(table.columns) or any(len(text) > MAX_HEAD_CHARS for text in texts):
        return 0
    if not all(_LETTER.search(text) or text in ("#", "№") for text in texts):
        return 1 if _is_series(table, rows) else 0
    n_known = sum(_is_head_word(text) for text in texts)
    if n_known >= max(2, 0.5 * len(texts)):
        return 1
    if len(table.columns) == 2 and not n_known:
        return 0
    for cell, text in zip(first.cells, texts, strict=True):
        below = [other.text for row in body for other in row.cells if other.first == cell.first]
        if below and sum(bool(_DIGIT.search(value)) for value in below) > 0.6 * len(below) and not _DIGIT.search(text):
            return 1
    return 1 if table.ruled and not any(_DIGIT.search(text) for text in texts) else 0


def _is_series(table: Table, rows: list[Row]) -> bool:
    """Two rows of many columns, each opened by a name: a setting and what it means, from left to right."""
    return len(rows) == 2 and len(table.columns) >= 5 and all(row.cells[0].first == 0 and _LETTER.search(row.cells[0].text) for row in rows)


def _is_head_word(text: str) -> bool:
    words = re.split(r"[\s/()\[\],]+", text.casefold())
    return len(words) <= 6 and any(word in _HEAD_WORDS for word in (text.casefold(), words[0], words[-1]))


def _goes_on(table: Table, at: int) -> bool:
    """Row `at`, below head rows, belongs to the head: a head cell reaches into it, or it parts what a head cell spans, or it is units."""
    above, row = table.rows[at - 1], table.rows[at]
    if any(cell.n_rows > at - index for index, own in enumerate(table.rows[:at]) for cell in own.cells):
        return True
    if all(is_unit(cell.text) for cell in row.cells):
        return True
    if not table.is_grid and _fills_gaps(table, at):
        return True
    spans = [cell for cell in above.cells if cell.last > cell.first and not table.is_full_width(cell)]
    if not spans or len(row.cells) < 2 or _is_long(row):
        return False
    parted = [cell for cell in row.cells if any(span.first <= cell.first <= cell.last <= span.last for span in spans)]
    names = [cell for cell in parted if _LETTER.search(cell.text) and (not _DIGIT.search(cell.text) or _below(table, at, cell))]
    whole = all(sum(span.first <= cell.first <= cell.last <= span.last for cell in parted) >= 2 for span in spans)
    return whole and len(names) == len(parted) == len(row.cells)


def _fills_gaps(table: Table, at: int) -> bool:
    """Short texts without digits under a head row that leaves their columns free, none of them in the first column, which goes on below."""
    above, row = table.rows[at - 1], table.rows[at]
    taken = {column for cell in above.cells for column in range(cell.first, cell.last + 1)}
    free = sum(cell.first not in taken for cell in row.cells)
    words = all(len(cell.text) <= MAX_HEAD_CHARS and _LETTER.search(cell.text) and not _DIGIT.search(cell.text) for cell in row.cells)
    return words and free > 0 and len(row.cells) > 1 and row.cells[0].first > 0 and table.rows[at + 1].cells[0].first == 0


def _spread_heads(table: Table) -> None:
    """Where no rules show it: a head spans the columns beside its own that the head row below fills and its own row leaves free. One set
    flush with what stands below it spans to the right; one that is centred, to both sides."""
    for above, row in zip(table.rows, table.rows[1 : table.n_head], strict=False):
        taken = {column for cell in above.cells for column in range(cell.first, cell.last + 1)}
        filled = {cell.first: min(word.x0 for word in cell.words) for cell in row.cells}
        for cell in above.cells:
            if cell.first not in filled:
                continue
            flush = abs(min(word.x0 for word in cell.words) - filled[cell.first]) < 2.5
            while cell.last + 1 in filled and cell.last + 1 not in taken:
                cell.last += 1
            while not flush and cell.first - 1 in filled and cell.first - 1 not in taken and cell.first > 1:
                cell.first -= 1
            taken.update(range(cell.first, cell.last + 1))


def _below(table: Table, at: int, cell: RowCell) -> bool:
    """The rows below have numbers only in the cell's column."""
    below = [other.text for row in table.rows[at + 1 :] for other in row.cells if other.first == cell.first]
    return bool(below) and not any(_LETTER.search(text) for text in below)


def _is_long(row: Row) -> bool:
    return any(len(cell.text) > MAX_SUBHEAD_CHARS for cell in row.cells)


def _mark_groups(table: Table) -> None:
    """Rows with one text that titles the rows below it, and for all other rows the sub-head they stand under."""
    group = ""
    body = list(full_rows(table.rows))[table.n_head :]
    n_bold = sum(is_bold(row) for row, _ in body if len(row.cells) > 1)
    for index, (row, above) in enumerate(body):
        follows = body[index + 1][0] if index + 1 < len(body) else None
        row.is_subhead = follows is not None and not above and _is_subhead(table, row, n_bold < 0.3 * len(body))
        if row.is_subhead:
            group = row.cells[0].text
        else:
            row.group = group


def _is_subhead(table: Table, row: Row, bold_counts: bool) -> bool:
    if len(row.cells) != 1 or row.cells[0].first:
        return False
    text = row.cells[0].text
    if len(text) > MAX_SUBHEAD_CHARS or text.endswith((".", ";", ",")) or not _LETTER.search(text):
        return False
    return (table.is_full_width(row.cells[0]) and len(table.columns) > 1) or (bold_counts and is_bold(row)) or row.shaded
