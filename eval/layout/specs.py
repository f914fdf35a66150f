"""Tables as plain records, of the many forms manuals have: what is in the cells and how it is ruled; must not know how they are set."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from eval.layout.vocabulary import Voice


@dataclass(frozen=True)
class CellSpec:
    """`columns` and `rows` are what it spans."""

    text: str
    columns: int = 1
    rows: int = 1
    subhead: bool = False


@dataclass
class TableSpec:
    """`heads` and `rows` list the cells that begin in each row. `ruling`: ruled | half | unruled. `grid` says which lines a half-ruled
    table has: head (above and below the head, below the table), rows, columns. `repeat`: the head is repeated on a new page."""

    n_columns: int
    heads: list[list[CellSpec]]
    rows: list[list[CellSpec]]
    ruling: str
    grid: str = "head"
    repeat: bool = True
    shaded: bool = False
    caption: str = ""
    widths: list[str] = field(default_factory=list)
    right: set[int] = field(default_factory=set)


def one(texts: list[str]) -> list[CellSpec]:
    """Cells that span nothing."""
    return [CellSpec(text) for text in texts]


def torques(rng: Random, voice: Voice, n_rows: int, ruling: str) -> TableSpec:
    """Part, size, torque with the unit in the head."""
    rows = [
        one([voice.part(), f"M{rng.choice((4, 5, 6, 8, 10, 12))}", voice.number("Nm"), rng.choice(("8.8", "10.9", "A2-70", ""))])
        for _ in range(n_rows)
    ]
    heads = one(["Screw", "Size", rng.choice(("Torque (Nm)", "Torque [Nm]")), "Class"])
    return TableSpec(4, [heads], rows, ruling, widths=["2fr", "1fr", "1fr", "1fr"], right={2} if rng.random() < 0.5 else set())


def limits(rng: Random, voice: Voice, n_rows: int, ruling: str) -> TableSpec:
    """Parameter, symbol, min, typ, max, unit: two head rows with a spanning head, or one."""
    rows = []
    for _ in range(n_rows):
        low = rng.randint(1, 40)
        values = [str(low), str(low + rng.randint(1, 9)), str(low + rng.randint(10, 40))]
        values[rng.randint(0, 2)] = rng.choice(("", "–", values[0]))
        rows.append(one([f"{voice.part()} {rng.choice(('voltage', 'current', 'temperature'))}", *values, voice.unit()]))
    if rng.random() < 0.6:
        heads = [[CellSpec("Parameter", rows=2), CellSpec("Limits", columns=3), CellSpec("Unit", rows=2)], one(["Min", "Typ", "Max"])]
    else:
        heads = [one(["Parameter", "Min", "Typ", "Max", "Unit"])]
    return TableSpec(5, heads, rows, ruling, widths=["2.4fr", "1fr", "1fr", "1fr", "1fr"])


def registers(rng: Random, voice: Voice, n_rows: int, ruling: str) -> TableSpec:
    """Address, name, access and a description of one to three lines."""
    rows = [
        one(
            [
                f"0x{rng.randint(16, 4095):03X}",
                voice.code(),
                rng.choice(("R", "R/W", "W")),
                voice.text(1) if rng.random() < 0.6 else voice.part(),
            ]
        )
        for _ in range(n_rows)
    ]
    return TableSpec(4, [one(["Address", "Name", "Access", "Description"])], rows, ruling, widths=["1.1fr", "1.7fr", "1fr", "3fr"])


def faults(rng: Random, voice: Voice, n_rows: int, ruling: str) -> TableSpec:
    """Code, cause, remedy; a code may span two rows of cause and remedy."""
    rows: list[list[CellSpec]] = []
    while len(rows) < n_rows:
        spans = 2 if ruling == "ruled" and rng.random() < 0.25 and len(rows) + 2 <= n_rows else 1
        code = f"P{rng.randint(0, 3)}{rng.choice('0ABC')}{rng.randint(10, 99)}"
        rows.append([CellSpec(code, rows=spans), *one([voice.part() + " " + voice.pick("state"), voice.step()])])
        if spans == 2:
            rows.append(one([voice.part() + " " + voice.pick("state"), voice.step()]))
    return TableSpec(3, [one(["Code", "Cause", "Remedy"])], rows, ruling, widths=["1fr", "2fr", "3fr"])


def pins(rng: Random, voice: Voice, n_rows: int, ruling: str) -> TableSpec:
    """Pin, signal, colour, parted by sub-heads that span the table."""
    rows: list[list[CellSpec]] = []
    for index in range(n_rows):
        if index % 5 == 0 and n_rows > 5:
            rows.append([CellSpec(f"Connector X{index // 5 + 1}", columns=4, subhead=True)])
        rows.append(one([str(index % 5 + 1), voice.code(), rng.choice(("red", "black", "orange", "blue/white")), voice.value()]))
    return TableSpec(4, [one(["Pin", "Signal", "Colour", "Rating"])], rows, ruling, widths=["0.6fr", "2fr", "1.2fr", "1.2fr"])


def variants(rng: Random, voice: Voice, n_rows: int, ruling: str) -> TableSpec:
    """One column for each model; some values hold for two models (a spanning cell)."""
    rows = []
    for _ in range(n_rows):
        name, unit = voice.part(), voice.unit()
        if ruling == "ruled" and rng.random() < 0.25:
            rows.append([CellSpec(name), CellSpec(voice.value(unit), columns=2), CellSpec(voice.value(unit))])
        else:
            rows.append(one([name, *(voice.value(unit) for _ in range(3))]))
    names = [f"{rng.choice('KLMRT')}{rng.randint(20, 90)}" for _ in range(3)]
    return TableSpec(
        4,
        [one(["Property", *dict.fromkeys(names)])] if len(set(names)) == 3 else [one(["Property", "K20", "L40", "R60"])],
        rows,
        ruling,
        widths=["2fr", "1fr", "1fr", "1fr"],
    )


def data(rng: Random, voice: Voice, n_rows: int, ruling: str) -> TableSpec:
    """Two columns without a head: name and value."""
    return TableSpec(2, [], [one([f"{voice.part()}", voice.value()]) for _ in range(n_rows)], ruling, widths=["3fr", "2fr"])


FORMS = (torques, limits, registers, faults, pins, variants, data)
"""Every form of table, as functions of (rng, voice, n_rows, ruling)."""


def draw_table(rng: Random, voice: Voice, n_rows: int = 0, ruling: str = "", narrow: bool = False) -> TableSpec:
    """Any table; `narrow`: at most three columns' worth of text."""
    ruling = ruling or rng.choice(("ruled", "ruled", "half", "unruled", "unruled"))
    n_rows = n_rows or rng.randint(3, 9)
    form = rng.choice((torques, data, variants) if narrow else FORMS)
    table = form(rng, voice, n_rows, ruling)
    table.grid = rng.choice(("head", "head", "rows", "columns"))
    table.shaded = rng.random() < 0.3
    if ruling == "half" and table.grid == "head" and not table.heads:
        table.grid = "rows"
    return table
