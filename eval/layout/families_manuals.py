"""What stands in the manuals of each family: service manual, owner's manual, datasheet, protocol, charger, bulletin.

Each family is a function (rng, number) -> `Plan`. The rng decides all; the same number and seed give the same manual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from eval.layout.figures import put_figure
from eval.layout.frame import (
    arabic,
    fill_contents,
    put_contents,
    put_cover,
    put_frame,
    put_index,
    put_list_of_figures,
    put_tab,
    put_watermark,
)
from eval.layout.handset import Canvas
from eval.layout.look import Look, draw
from eval.layout.manual import Manual, typeset
from eval.layout.notices import FORMS as NOTICE_FORMS
from eval.layout.notices import put_notice
from eval.layout.set_table import put_spec_list, put_table
from eval.layout.specs import FORMS as TABLE_FORMS
from eval.layout.specs import draw_table, registers
from eval.layout.vocabulary import Voice


@dataclass
class Plan:
    """A manual and what is done to its PDF afterwards. `outline`: none | full | first level | plain titles | wrong. `turned`: pages whose
    content is drawn turned and shown upright by /Rotate. `overlays`: hidden text added by hand (see `hidden.py`). `pages`: set by hand, the
    manual has no Typst source."""

    manual: Manual
    outline: str = "none"
    turned: bool = False
    overlays: list[tuple[str, str]] = field(default_factory=list)
    pages: list[Canvas] = field(default_factory=list)


Family = Callable[[Random, int], Plan]
OUTLINES = ("full", "none", "full", "first level", "plain titles", "none", "wrong")


def begin(rng: Random, kind: str, language: str = "en", **look: object) -> Manual:
    """A manual with a title and a look."""
    voice = Voice(rng, language)
    title = f"{rng.choice('ABCDEFGH')}{rng.randint(100, 980)} {kind}"
    return Manual(rng, draw(rng, **look), voice, title)


def caption(manual: Manual, number: int) -> str:
    """A table's caption, or none."""
    word = {"en": "Table", "de": "Tabelle"}[manual.voice.language]
    forms = (
        f"{word} {number}: {manual.voice.title()}",
        f"{word} {number}. {manual.voice.title()}",
        "",
        f"{word} {1 + number // 3}-{number} {manual.voice.title()}",
    )
    return manual.rng.choice(forms)


def procedure(manual: Manual, n_steps: int, *, subs: bool = True, notice: bool = True) -> None:
    """Steps, some with sub-steps, a notice in between."""
    rng, voice = manual.rng, manual.voice
    steps: list[str | list[str]] = []
    for _ in range(n_steps):
        plain = rng.random() < 0.75 or not subs
        steps.append(voice.step() if plain else [voice.step(), *(voice.step() for _ in range(rng.randint(2, 3)))])
    cut = rng.randint(1, n_steps - 1)
    if notice:
        put_notice(manual)
    manual.steps(steps[:cut])
    if notice and rng.random() < 0.7:
        put_notice(manual, form=rng.choice((manual.look.notice, "inline")))
    manual.steps(steps[cut:], start=cut + 1)


def service_manual(rng: Random, number: int) -> Plan:
    """One column, chapters, procedures with notices, ruled tables, figures, contents page, index."""
    manual = begin(rng, "Service Manual", paper=rng.choice(("a4", "us-letter")), notice=NOTICE_FORMS[number % len(NOTICE_FORMS)])
    put_cover(manual, "Workshop edition")
    put_frame(manual)
    if number % 4 == 1:
        put_watermark(manual)
    dots = number % 3 != 2
    slot = put_contents(manual, rng.choice(("Contents", "Table of contents")), dots)
    if number % 4 == 2:
        put_list_of_figures(manual, [f"Figure {index}: {manual.voice.title()}" for index in range(1, 7)])
    arabic(manual)
    for index in range(3):
        if index:
            manual.page_break()
        if manual.look.folio == "compound":
            manual.put("#counter(page).update(1)")
        manual.heading(0)
        manual.paragraph()
        manual.heading(1)
        procedure(manual, rng.randint(4, 7))
        manual.paragraph()
        put_table(manual, draw_table(rng, manual.voice, ruling=("ruled", "half", "ruled")[index]), caption=caption(manual, index + 1))
        manual.heading(1)
        manual.paragraph()
        if index != 1:
            put_figure(manual)
        manual.heading(2)
        manual.paragraph(manual.voice.text(2))
        manual.bullets(rng.randint(3, 5))
        manual.paragraph()
    if number % 2:
        put_index(manual, 26)
    fill_contents(manual, slot, dots)
    return Plan(manual, OUTLINES[number % len(OUTLINES)])


def owners_manual(rng: Random, number: int) -> Plan:
    """Two columns, coloured headings without numbers, bullets, boxed notices, a margin tab."""
    manual = begin(
        rng,
        "Owner's Manual",
        paper=rng.choice(("us-letter", "a4")),
        numbered=False,
        margin=48.0,
        size=rng.choice((8.5, 9.0, 9.5)),
        font=rng.choice(("New Computer Modern", "Libertinus Serif")),
        notice=NOTICE_FORMS[(number + 3) % len(NOTICE_FORMS)],
    )
    put_frame(manual)
    put_tab(manual, manual.voice.title())
    manual.put(f"#set page(columns: 2)\n#set columns(gutter: {rng.choice((14, 18, 24))}pt)\n")
    for _ in range(3):
        manual.heading(0)
        manual.paragraph()
        manual.heading(1)
        manual.paragraph()
        put_notice(manual)
        manual.bullets(rng.randint(3, 6))
        manual.heading(1)
        procedure(manual, rng.randint(4, 6), subs=False)
        manual.paragraph()
        put_table(manual, draw_table(rng, manual.voice, narrow=True), caption=caption(manual, 2))
        manual.heading(1)
        manual.paragraph()
        manual.paragraph()
        put_spec_list(manual, rng.randint(4, 6), "dots")
    return Plan(manual, OUTLINES[(number + 1) % len(OUTLINES)])


def datasheet(rng: Random, number: int) -> Plan:
    """A first page in two columns, then wide tables without rules or half-ruled, small letters, notes below tables."""
    manual = begin(
        rng, "Datasheet", paper=rng.choice(("a4", "us-letter")), size=rng.choice((8.5, 9.0)), margin=50.0, numbered=number % 2 == 0
    )
    put_frame(manual)
    title = manual.mark("heading", f'#"{manual.title}"', section=False)
    manual.put(f'#block(below: 12pt)[#set text(size: 19pt, weight: "bold");{title}]\n')
    left, right = manual.aside(), manual.aside()
    with left:
        manual.heading(0)
        manual.bullets(rng.randint(4, 7))
        manual.paragraph()
    with right:
        manual.heading(0)
        manual.paragraph()
        put_figure(manual, 200, "chart")
    manual.put(f"#grid(columns: (1fr, 1fr), gutter: 20pt, [{left.typst}], [{right.typst}])\n")
    manual.heading(0)
    manual.paragraph(manual.voice.text(2))
    for index in range(5):
        ruling = ("unruled", "half", "unruled", "unruled", "ruled")[(index + number) % 5]
        table = draw_table(rng, manual.voice, rng.randint(5, 10), ruling)
        if index % 2 == 0:
            manual.heading(1)
        put_table(manual, table, caption=caption(manual, index + 1))
        if rng.random() < 0.5:
            manual.paragraph(manual.voice.text(2))
    manual.heading(0)
    put_spec_list(manual, 8, "gap" if number % 2 else "dots")
    manual.paragraph()
    return Plan(manual, OUTLINES[(number + 2) % len(OUTLINES)])


def protocol(rng: Random, number: int) -> Plan:
    """Registers in long tables continued over pages, code blocks, hex names; no outline."""
    manual = begin(
        rng,
        "CAN Protocol",
        size=rng.choice((9.0, 9.5, 10.0)),
        numbered=number % 3 != 0,
        font=rng.choice(("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")),
        paper=rng.choice(("a4", "us-letter")),
    )
    put_frame(manual)
    rulings = ("ruled", "unruled", "half", "ruled")
    for index in range(2):
        manual.heading(0)
        manual.paragraph()
        manual.code(
            [
                f"send 0x{rng.randint(16, 2047):03X} {' '.join(f'{rng.randint(0, 255):02X}' for _ in range(8))}"
                for _ in range(rng.randint(3, 6))
            ],
            index == 0,
        )
        manual.heading(1)
        table = registers(rng, manual.voice, rng.randint(26, 34), rulings[(number + index) % 4])
        table.repeat, table.grid = (number + index) % 2 == 0, "rows" if rng.random() < 0.5 else "head"
        put_table(manual, table, caption=caption(manual, index + 1))
        manual.traits.add("continued table")
        manual.heading(1)
        manual.paragraph()
        put_notice(manual, "notice", "inline")
        manual.code([f"if state == {rng.randint(1, 9)}:", f"    set_limit({rng.randint(10, 90)})", "    reply = read(0x18)"], index == 1)
        manual.paragraph()
    return Plan(manual, "none")


def charger(rng: Random, number: int) -> Plan:
    """German installation guide: nested steps over page breaks, notices in between, compound words hyphenated."""
    look = {"paper": "a4", "justify": True, "notice": NOTICE_FORMS[(number + 5) % len(NOTICE_FORMS)]}
    manual = begin(rng, "Montageanleitung", "de", **look)
    put_frame(manual)
    slot = put_contents(manual, rng.choice(("Inhalt", "Inhaltsverzeichnis")))
    manual.traits.add("german")
    for index in range(3):
        manual.heading(0)
        manual.paragraph()
        manual.heading(1)
        procedure(manual, rng.randint(7, 10))
        manual.heading(1)
        manual.paragraph()
        put_table(manual, draw_table(rng, manual.voice, rng.randint(4, 7), narrow=True), caption=caption(manual, index + 1))
        manual.bullets(4)
    fill_contents(manual, slot)
    return Plan(manual, OUTLINES[(number + 3) % len(OUTLINES)])


def bulletin(rng: Random, number: int) -> Plan:
    """Two or three pages, no cover: heads by size only, inline notes, footnotes, units with raised digits."""
    manual = begin(
        rng,
        "Bulletin",
        numbered=False,
        notice=rng.choice(("inline", "rules")),
        size=rng.choice((10.0, 11.0)),
        paper=rng.choice(("a4", "us-letter")),
    )
    put_frame(manual)
    for index in range(4):
        manual.heading(index > 1 and rng.random() < 0.6)
        manual.paragraph(f"The area is {rng.randint(2, 90)} mm^{{2}}, the loss 10^{{-3}} W per m^{{3}}. " + manual.voice.text(3))
        note = manual.label("paragraph", near_miss=True)
        manual.labels[note] = type(manual.labels[note])(**{**manual.labels[note].__dict__, "order": None, "section": None})
        foot = f"#footnote[#set text(size: 6.5pt);{manual.again(note, typeset(manual.voice.text(1)))}]" if index == 1 else ""
        manual.put(manual.mark("paragraph", typeset(manual.voice.text(2))) + foot + "\n\n")
        put_notice(manual)
        if index % 2:
            put_spec_list(manual, rng.randint(4, 7), rng.choice(("dots", "gap")))
        else:
            put_table(manual, draw_table(rng, manual.voice, rng.randint(4, 8)), caption=caption(manual, index))
        manual.bullets(3)
        manual.paragraph()
    return Plan(manual, OUTLINES[(number + 4) % len(OUTLINES)])


FAMILIES: dict[str, Family] = {
    "service": service_manual,
    "owner": owners_manual,
    "datasheet": datasheet,
    "protocol": protocol,
    "charger": charger,
    "bulletin": bulletin,
}
__all__ = ["FAMILIES", "OUTLINES", "TABLE_FORMS", "Family", "Look", "Plan", "begin"]
