"""The builder of one labelled manual: what is said goes in, Typst source comes out, with one label for every region and table cell.

`source(marked=True)` gives the copy in which every label has a colour of its own (see `words.py`), `source(marked=False)` the copy that
parsers read; nothing else differs. Reading order is the order of the calls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from eval.layout.look import Look
from eval.layout.truth import TrueCell
from eval.layout.vocabulary import Voice

_PRELUDE = """
#let digit(i, k) = calc.rem(calc.quo(i, calc.pow(32, k)), 32) * 8 + 4
#let L(i, c: black, body) = text(fill: if marked { rgb(digit(i, 2), digit(i, 1), digit(i, 0)) } else { c }, body)
#let chapter = state("chapter", "")
#let chapter-number = state("chapter-number", 1)
"""
_RAISED = re.compile(r"([\^_])\{([^}]*)\}")


@dataclass(frozen=True)
class Label:
    """What the characters of one colour are. Cells share the `table` number of their table; a head cell has no `cell`."""

    kind: str
    order: int | None
    section: tuple[str, ...] | None
    level: str = ""
    table: int = -1
    ruling: str = ""
    row: int = -1
    cell: TrueCell | None = None
    near_miss: bool = False


@dataclass
class Heading:
    """A heading as an outline needs it."""

    level: int
    text: str
    label: int


@dataclass
class Manual:
    """Call its methods in reading order. `body` collects Typst source; what stands in columns or cells is made with `aside`."""

    rng: Random
    look: Look
    voice: Voice
    title: str
    labels: list[Label] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    hidden: list[tuple[int, str]] = field(default_factory=list)
    traits: set[str] = field(default_factory=set)
    body: list[str] = field(default_factory=list)
    path: tuple[tuple[int, str], ...] = ()
    n_tables: int = 0
    n_figures: int = 0
    settings: list[str] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=lambda: [0, 0, 0])
    _free_order: bool = False

    # -- labels ------------------------------------------------------------------------------------------------------------------
    def label(self, kind: str, *, section: bool = True, **fields: object) -> int:
        """A new label of what comes next; its number."""
        order = None if self._free_order or kind in ("furniture", "contents", "hidden") else len(self.labels)
        path = tuple(text for _, text in self.path) if section and kind not in ("furniture", "contents", "hidden") else None
        self.labels.append(Label(kind, order, path, **fields))  # type: ignore[arg-type]
        return len(self.labels) - 1

    def mark(self, kind: str, content: str, colour: str = "", **fields: object) -> str:
        """Typst for labelled content; `content` is Typst in content mode, already escaped."""
        number = self.label(kind, **fields)  # type: ignore[arg-type]
        return self.again(number, content, colour)

    def again(self, number: int, content: str, colour: str = "") -> str:
        """More content of a label that exists."""
        return f"#L({number}{f', c: {colour}' if colour else ''})[{content}]"

    def put(self, typst: str) -> None:
        """Add Typst source as it is."""
        self.body.append(typst)

    def aside(self, free_order: bool = False) -> _Aside:
        """`with manual.aside() as part:` collects what is put in there in `part.typst` and not in the page's flow. `free_order`: it may be
        read at any time."""
        return _Aside(self, free_order)

    def hide(self, text: str) -> int:
        """The label of a string that nobody can see."""
        self.hidden.append((self.label("hidden"), text))
        return self.hidden[-1][0]

    # -- flow --------------------------------------------------------------------------------------------------------------------
    def heading(self, level: int, title: str = "") -> str:
        """A heading of level 0, 1 or 2; its text as printed."""
        look = self.look
        title = title or self.voice.title()
        self._numbers[level] += 1
        self._numbers[level + 1 :] = [0] * (2 - level)
        if look.numbered:
            title = f"{'.'.join(map(str, self._numbers[: level + 1]))} {title}"
        if look.upper and level == 0:
            title = title.upper()
        self.path = (*(entry for entry in self.path if entry[0] < level), (level, title))
        number = self.label("heading")
        self.headings.append(Heading(level, title, number))
        if level == 0:
            self.put(f'#chapter.update("{quoted(title)}")#chapter-number.update({self._numbers[0]})')
        size = look.levels[min(level, len(look.levels) - 1)]
        weight = '"bold"' if look.bold_heads or level == 2 else '"regular"'
        tracking = ", tracking: 0.25em" if look.tracked and level == 0 else ""
        inner = self.again(number, typeset(title), f'rgb("{look.colour}")')
        self.put(
            f"#block(sticky: true, above: {1.7 * look.size}pt, below: {0.9 * look.size}pt)"
            f"[#set text(size: {size:.2f}pt, weight: {weight}{tracking}, hyphenate: false);"
            f"#set par(justify: false);{inner}#metadata(0)<h{number}>]"
        )
        return title

    def paragraph(self, text: str = "", **fields: object) -> None:
        """One paragraph; `text` may hold ^{raised} and _{lowered}."""
        text = text or self.voice.text(self.rng.randint(2, 5))
        self.put(self.mark("paragraph", typeset(text), **fields) + "\n\n")  # type: ignore[arg-type]

    def bullets(self, n: int, extra: float = 0.0) -> None:
        """A bulleted list, `extra` points further in."""
        for _ in range(n):
            inner = f"#list(marker: [{self.look.bullet}], indent: {self.look.list_indent + extra}pt)[{typeset(self.voice.bullet())}]"
            self.put(self.mark("list_item", inner) + "\n")

    def steps(self, texts: Sequence[str | Sequence[str]], start: int = 1) -> None:
        """Numbered steps; a sequence of texts is a step with lettered sub-steps."""
        for number, step in enumerate(texts, start):
            first, *subs = [step] if isinstance(step, str) else step
            self.item(number, first, self.look.step_form, self.look.list_indent)
            for sub_number, sub in enumerate(subs, 1):
                self.item(sub_number, sub, "a)", self.look.list_indent + 20)

    def item(self, number: int, text: str, form: str, indent: float) -> None:
        """One numbered item."""
        inner = f'#enum(numbering: "{form}", start: {number}, indent: {indent}pt)[{typeset(text)}]'
        self.put(self.mark("list_item", inner) + "\n")

    def code(self, lines: Sequence[str], shaded: bool) -> None:
        """A code block."""
        text = "\n".join(lines)
        inner = f'#raw("{quoted(text)}", block: true)'
        ground = "fill: luma(240), inset: 5pt, " if shaded else ""
        self.put(f"#block({ground}width: 100%, breakable: false)[{self.mark('code', inner)}]\n")

    def caption(self, text: str, sticky: bool = False) -> None:
        """A caption of a table (above it, `sticky`) or figure."""
        self.put(
            f"#block(sticky: {str(sticky).lower()}, above: 0.9em, below: 0.7em)"
            f"[#set text(size: 0.92em);{self.mark('caption', typeset(text))}]\n"
        )

    def page_break(self) -> None:
        self.put("#pagebreak(weak: true)\n")

    # -- output ------------------------------------------------------------------------------------------------------------------
    def source(self, marked: bool) -> str:
        """The whole Typst source."""
        look = self.look
        flipped = "true" if look.landscape else "false"
        language = self.voice.language
        parts = [
            f"#let marked = {str(marked).lower()}\n{_PRELUDE}",
            f'#set page(paper: "{look.paper}", flipped: {flipped}, margin: {look.margin}pt)\n',
            f'#set text(font: "{look.font}", size: {look.size}pt, lang: "{language}", hyphenate: {str(look.justify).lower()})\n',
            f"#set par(justify: {str(look.justify).lower()}, leading: {look.leading}em, "
            f"spacing: {look.spacing}em, first-line-indent: {look.indent}pt)\n",
            '#set list(spacing: 0.6em)\n#set enum(spacing: 0.6em)\n#show raw: set text(font: "DejaVu Sans Mono", size: 0.85em)\n',
            "#show table.cell: set block(breakable: false)\n#show table: set par(justify: false, first-line-indent: 0pt)\n",
            *self.settings,
            *self.body,
        ]
        return "".join(parts)


@dataclass
class _Aside:
    manual: Manual
    free_order: bool
    typst: str = ""
    _kept: list[str] = field(default_factory=list)
    _order: bool = False

    def __enter__(self) -> _Aside:
        self._kept, self.manual.body = self.manual.body, []
        self._order, self.manual._free_order = self.manual._free_order, self.free_order or self.manual._free_order
        return self

    def __exit__(self, *_: object) -> None:
        self.typst = "".join(self.manual.body)
        self.manual.body, self.manual._free_order = self._kept, self._order


def quoted(text: str) -> str:
    """Inside of a Typst string."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def printed(text: str) -> str:
    """The text without its marks for raised and lowered pieces: what stands on the page."""
    return _RAISED.sub(r"\2", text)


def typeset(text: str) -> str:
    """Typst content of a text with ^{raised} and _{lowered} pieces."""
    out, last = "", 0
    for match in _RAISED.finditer(text):
        out += _string(text[last : match.start()])
        out += f"#{'super' if match.group(1) == '^' else 'sub'}[{_string(match.group(2))}]"
        last = match.end()
    return out + _string(text[last:])


def _string(text: str) -> str:
    return f'#"{quoted(text)}"' if text else ""
