"""Sets a labelled manual on canvases: headings, paragraphs, lists, notices, tables, running heads. For what Typst cannot set.

In: a `Manual` that keeps labels and section path, and calls in reading order. Out: `pages`. `quirks` are habits of office programs:
words placed one by one without blanks, words broken into runs, bold by drawing twice, text drawn out of reading order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.layout.handset import Canvas, width
from eval.layout.manual import Heading, Manual
from eval.layout.set_table import head_paths
from eval.layout.specs import TableSpec
from eval.layout.truth import TrueCell


@dataclass
class Setter:
    """Points; y runs down. `columns` of equal width. Call `finish` at the end."""

    manual: Manual
    size: float = 10.0
    margin: float = 64.0
    columns: int = 1
    quirks: frozenset[str] = frozenset()
    head: str = ""
    pages: list[Canvas] = field(default_factory=list)
    y: float = 0.0
    _column: int = 0
    _number: int = -1
    _numbers: list[int] = field(default_factory=lambda: [0, 0])

    def __post_init__(self) -> None:
        self._number = self.manual.label("furniture")
        self._new_page()

    @property
    def canvas(self) -> Canvas:
        return self.pages[-1]

    @property
    def left(self) -> float:
        return self.margin + self._column * (self._measure() + 20)

    def _measure(self) -> float:
        return (595 - 2 * self.margin - 20 * (self.columns - 1)) / self.columns

    def _new_page(self) -> None:
        self.pages.append(Canvas())
        self._column, self.y = 0, self.margin + 14
        if self.head:
            self.canvas.text(self.margin, 36, self.head, 8, self._number)
            self.canvas.line(self.margin, 42, 595 - self.margin, 42)
        self.canvas.text(595 / 2 - 6, 842 - 30, f"- {len(self.pages)} -", 8, self._number)

    def room(self, height: float) -> None:
        """Go on in the next column or page where less than `height` is left."""
        if self.y + height <= 842 - self.margin:
            return
        if self._column + 1 < self.columns:
            self._column, self.y = self._column + 1, self.margin + 14
        else:
            self._new_page()

    def heading(self, level: int, title: str) -> None:
        """Numbered, bold (or drawn twice)."""
        self._numbers[level] += 1
        self._numbers[level + 1 :] = [0] * (1 - level)
        title = f"{'.'.join(map(str, self._numbers[: level + 1]))} {title}"
        self.manual.path = (*(entry for entry in self.manual.path if entry[0] < level), (level, title))
        number = self.manual.label("heading")
        self.manual.headings.append(Heading(level, title, number))
        size = self.size * (1.5 if level == 0 else 1.2)
        self.room(size * 4)
        self.y += size * 0.9
        spacing = 2.2 if "spaced heads" in self.quirks and level == 0 else 0.0
        self._line(self.left, title, size, number, bold="twice" not in self.quirks, twice="twice" in self.quirks, spacing=spacing)
        self.y += size * 1.25

    def paragraph(self, text: str, label: int = -1, indent: float = 0.0, inset: float = 0.0) -> None:
        """Lines of text; `label` of an own kind, else a paragraph."""
        number = label if label >= 0 else self.manual.label("paragraph")
        for line in wrapped(text, self.size, self._measure() - indent - inset):
            self.room(self.size * 1.4)
            self._line(self.left + indent, line, self.size, number)
            self.y += self.size * 1.35
        self.y += 0 if label >= 0 else self.size * 0.7

    def steps(self, texts: Sequence[str], form: str = "{}.") -> None:
        """Numbered items with hanging lines; `form` "•" for bullets."""
        for index, text in enumerate(texts, 1):
            number = self.manual.label("list_item")
            self.room(self.size * 3)
            self._line(self.left + 4, form.format(index), self.size, number)
            self.paragraph(text, number, indent=22)
            self.y += self.size * 0.35
        self.y += self.size * 0.4

    def notice(self, level: str, signal: str, text: str, framed: bool) -> None:
        """A frame or grey ground with the signal word above the text, or signal word and text in one run."""
        number = self.manual.label("notice", level=level)
        if not framed:
            self.paragraph(f"{signal}{'：' if signal > '⺀' else ':'} {text}", number)
            self.y += self.size * 0.7
            return
        lines = wrapped(text, self.size, self._measure() - 16)
        height = self.size * 1.35 * (len(lines) + 1) + 12
        self.room(height + 10)
        self.canvas.frame(self.left, self.y - self.size, self.left + self._measure(), self.y - self.size + height)
        self.y += 6
        for line in (signal, *lines):
            self._line(self.left + 8, line, self.size, number, bold=line is signal)
            self.y += self.size * 1.35
        self.y += 14

    def table(self, table: TableSpec) -> None:
        """Every cell on one line; ruled, with lines under head and rows only, or without."""
        number, paths = self.manual.n_tables, head_paths(table)
        self.manual.n_tables += 1
        pitch = self.size * 1.7
        self.room(pitch * (len(table.rows) + 2))
        each = self._measure() / table.n_columns
        top = self.y - self.size * 1.2
        rows = [*table.heads, *table.rows]
        for index, row in enumerate(rows):
            for column, cell in enumerate(row):
                truth = TrueCell(cell.text, paths[column] if table.heads else (), column, heads=(paths[column],) if table.heads else ())
                body = index >= len(table.heads)
                fields: dict[str, Any] = {"table": number, "ruling": table.ruling}
                fields |= {"row": index - len(table.heads), "cell": truth} if body else {}
                if cell.text:
                    self._line(
                        self.left + column * each + 4, cell.text, self.size * 0.92, self.manual.label("table", **fields), bold=not body
                    )
            if table.ruling == "ruled" or (table.ruling == "half" and (index < len(table.heads) or table.grid == "rows")):
                self.canvas.line(self.left, self.y + 5, self.left + self._measure(), self.y + 5)
            self.y += pitch
        if table.ruling == "ruled":
            self.canvas.line(self.left, top, self.left + self._measure(), top)
            bottom = top + pitch * len(rows) + 0.2
            for column in range(table.n_columns + 1):
                self.canvas.line(self.left + column * each, top, self.left + column * each, bottom)
        self.manual.traits.add(f"table {table.ruling}")
        self.y += self.size

    def _line(self, x: float, text: str, size: float, label: int, **style: object) -> None:
        """One line of text, in as many runs as the quirks want."""
        if "no blanks" in self.quirks and not style.get("spacing"):
            for word in text.split(" "):
                x += self.canvas.text(x, self.y, word, size, label, **style) + width(" ", size)
        else:
            self.canvas.text(x, self.y, text, size, label, runs=3 if "runs" in self.quirks else 0, **style)

    def finish(self) -> list[Canvas]:
        """The pages; text in another order than it is read, where a quirk says so."""
        for page in self.pages:
            if "scrambled" in self.quirks:
                page.pieces = [*page.pieces[::2], *page.pieces[1::2]]
            if "feet first" in self.quirks:
                page.pieces.sort(key=lambda piece: -piece.y)
        self.manual.traits.update(self.quirks)
        return self.pages


def wrapped(text: str, size: float, measure: float) -> list[str]:
    """Lines that fit; Chinese text breaks between any two letters."""
    atoms = list(text) if any(char > "\u2e80" for char in text) else [f"{word} " for word in text.split(" ")]
    lines, line = [], ""
    for atom in atoms:
        if line and width((line + atom).rstrip(), size) > measure and atom not in "，。：；":
            lines.append(line.rstrip())
            line = ""
        line += atom
    return [*lines, line.rstrip()]
