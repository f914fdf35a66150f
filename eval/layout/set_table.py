"""Tables and spec lists, set in a manual with a label for every cell.

In: a `Manual` and a `TableSpec`. Out: Typst source in the manual's flow.
"""

from __future__ import annotations

from eval.layout.manual import Manual, printed, typeset
from eval.layout.specs import CellSpec, TableSpec
from eval.layout.truth import TrueCell

_STROKES = {"ruled": "0.5pt", "unruled": "none", "rows": "(x: none, y: 0.5pt)", "columns": "(x: 0.5pt, y: none)", "head": "none"}


def put_table(manual: Manual, table: TableSpec, *, turned: bool = False, caption: str = "") -> None:
    """The table at the place reached; `turned`: lying on its side, to be read from the right."""
    if caption:
        manual.caption(caption, sticky=True)
    typst = table_typst(manual, table)
    manual.traits.add(f"table {table.ruling}")
    manual.put(f"#rotate(-90deg, reflow: true)[{typst}]\n" if turned else typst + "\n")


def table_typst(manual: Manual, table: TableSpec) -> str:
    """Typst of the table alone."""
    number = manual.n_tables
    manual.n_tables += 1
    paths = head_paths(table)
    stroke = _STROKES[table.grid if table.ruling == "half" else table.ruling]
    lines = table.ruling == "half" and table.grid == "head"
    parts = [
        f"#[#set text(size: {manual.look.table_size:.2f}pt);"
        f"#table(columns: ({', '.join(table.widths)}), stroke: {stroke}, inset: (x: 5pt, y: 3.2pt)"
    ]
    if table.right:
        parts.append(f", align: (x, y) => if x in ({', '.join(map(str, sorted(table.right)))},) {{ right }} else {{ left }}")
    if table.shaded and table.heads:
        parts.append(f", fill: (x, y) => if y < {len(table.heads)} {{ luma(225) }}")
    parts.append(",\n")
    if lines:
        parts.append("table.hline(stroke: 0.8pt),")
    if table.heads:
        cells = [_head(manual, cell, number, table.ruling) for row in table.heads for cell in row]
        rule = "table.hline(stroke: 0.5pt)," if lines else ""
        parts.append(f"table.header(repeat: {str(table.repeat).lower()}, {', '.join(cells)},{rule}),\n")
    covered = [0] * table.n_columns
    for index, row in enumerate(table.rows):
        parts += [f"{cell}, " for cell in _row(manual, table, number, index, row, covered, paths)]
        parts.append("\n")
    if lines:
        parts.append("table.hline(stroke: 0.8pt)")
    return "".join([*parts, ")]"])


def _row(
    manual: Manual, table: TableSpec, number: int, index: int, row: list[CellSpec], covered: list[int], paths: list[tuple[str, ...]]
) -> list[str]:
    """Typst of one body row. `covered` counts, per column, the rows that a cell from above still takes."""
    made, column = [], 0
    for cell in row:
        while column < table.n_columns and covered[column]:
            column += 1
        heads = tuple(paths[column : column + cell.columns]) if table.heads else ()
        truth = TrueCell(printed(cell.text), paths[column] if table.heads else (), column, cell.columns, cell.rows, cell.subhead, heads)
        fields = {"table": number, "ruling": table.ruling, "row": index, "cell": truth}
        inner = manual.mark("table", typeset(cell.text), **fields) if cell.text else ""  # type: ignore[arg-type]
        weight = "#strong[" + inner + "]" if cell.subhead else inner
        made.append(f"{_spans(cell)}[{weight}]")
        for taken in range(column, column + cell.columns):
            covered[taken] = cell.rows
        column += cell.columns
    covered[:] = [max(0, rows - 1) for rows in covered]
    return made


def _head(manual: Manual, cell: CellSpec, number: int, ruling: str) -> str:
    inner = manual.mark("table", typeset(cell.text), table=number, ruling=ruling) if cell.text else ""
    return f"{_spans(cell)}[#strong[{inner}]]"


def _spans(cell: CellSpec) -> str:
    return f"table.cell(colspan: {cell.columns}, rowspan: {cell.rows})"


def head_paths(table: TableSpec) -> list[tuple[str, ...]]:
    """The head path of every column, outermost first."""
    paths: list[tuple[str, ...]] = [()] * table.n_columns
    covered = [0] * table.n_columns
    for row in table.heads:
        column = 0
        for cell in row:
            while column < table.n_columns and covered[column]:
                column += 1
            for taken in range(column, column + cell.columns):
                paths[taken] = (*paths[taken], cell.text) if cell.text else paths[taken]
                covered[taken] = cell.rows
            column += cell.columns
        covered = [max(0, rows - 1) for rows in covered]
    return paths


def put_spec_list(manual: Manual, n: int, leader: str) -> None:
    """Name and value on a line, with dots between (`leader` "dots") or a gap ("gap"). It counts as an unruled table without heads."""
    number = manual.n_tables
    manual.n_tables += 1
    manual.traits.add("spec list")
    fill = "#box(width: 1fr, repeat[.])" if leader == "dots" else "#h(1fr)"
    for index in range(n):
        cells = [TrueCell(manual.voice.part(), (), 0), TrueCell(manual.voice.value(), (), 1)]
        name, value = (manual.mark("table", typeset(cell.text), table=number, ruling="unruled", row=index, cell=cell) for cell in cells)
        manual.put(f"#block(spacing: 0.55em, width: 88%)[{name} {fill} {value}]\n")
