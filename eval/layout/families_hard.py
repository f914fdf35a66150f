"""Harder families, after what real manuals do: paragraphs told apart by an indent only, run-in heads, nested lists, notices with lists
inside and over page breaks, tables that only alignment holds together, pages full of small charts, text beside figures."""

from __future__ import annotations

from random import Random

from eval.layout.families_manuals import OUTLINES, Family, Plan, begin, caption
from eval.layout.figures import put_figure
from eval.layout.frame import put_frame
from eval.layout.manual import Manual, typeset
from eval.layout.notices import FORMS as NOTICE_FORMS
from eval.layout.notices import put_list_notice, put_notice
from eval.layout.set_table import put_table, table_typst
from eval.layout.specs import CellSpec, TableSpec, data, limits, one, torques

_PROSE = ("New Computer Modern", "Libertinus Serif")


def dense(rng: Random, number: int) -> Plan:
    """No space between paragraphs, only an indent at their first line; one or two columns."""
    manual = begin(
        rng,
        "Reference Manual",
        paper=rng.choice(("a4", "us-letter")),
        font=rng.choice(_PROSE),
        justify=True,
        indent=12.0,
        leading=0.55,
        spacing=0.55,
        size=rng.choice((9.0, 10.0)),
        numbered=number % 2 == 0,
        bold_heads=True,
        margin=60.0,
        notice=NOTICE_FORMS[number % len(NOTICE_FORMS)],
    )
    put_frame(manual)
    manual.traits.add("indent only")
    if number % 3 == 1:
        manual.put("#set page(columns: 2)\n#set columns(gutter: 16pt)\n")
    for index in range(4):
        manual.heading(0)
        for _ in range(3):
            manual.paragraph(manual.voice.text(rng.randint(3, 6)))
        manual.heading(1)
        manual.paragraph(manual.voice.text(4))
        put_notice(manual)
        manual.paragraph(manual.voice.text(3))
        manual.paragraph(manual.voice.text(2))
        manual.steps([manual.voice.step() for _ in range(5)])
        manual.heading(1)
        manual.paragraph(manual.voice.text(5))
        if index % 2:
            table = torques(rng, manual.voice, 5, ("ruled", "unruled")[number % 2])
            put_table(manual, table, caption=caption(manual, index))
        manual.paragraph(manual.voice.text(4))
    return Plan(manual, OUTLINES[number % len(OUTLINES)])


def nested(rng: Random, number: int) -> Plan:
    """Lists in lists, steps with a second paragraph's worth of text, notices with lists inside and over page breaks."""
    manual = begin(
        rng,
        "Repair Guide",
        paper=rng.choice(("a4", "us-letter")),
        font=rng.choice(_PROSE),
        notice=NOTICE_FORMS[(number + 2) % len(NOTICE_FORMS)],
    )
    put_frame(manual)
    manual.traits.add("nested lists")
    for index in range(4):
        manual.heading(0)
        manual.paragraph(manual.voice.text(2))
        put_list_notice(manual, ("warning", "danger", "caution", "notice")[index], 3 + number % 3)
        manual.heading(1)
        for step in range(1, rng.randint(5, 8)):
            text = " ".join(manual.voice.step() for _ in range(rng.randint(1, 3)))
            manual.item(step, text, manual.look.step_form, manual.look.list_indent)
            if rng.random() < 0.4:
                manual.bullets(rng.randint(2, 3), extra=22.0)
            if rng.random() < 0.2:
                put_notice(manual, form="inline")
        manual.bullets(3)
        manual.bullets(2, extra=16.0)
        manual.paragraph()
        put_notice(manual, paragraphs=3)
        manual.paragraph()
    return Plan(manual, OUTLINES[(number + 2) % len(OUTLINES)])


def hard_tables(rng: Random, number: int) -> Plan:
    """Cells of several lines without rules, a first column that is filled in for each group only, centred and right-aligned numbers, heads
    of two and three rows, two small tables side by side, a row of units."""
    manual = begin(
        rng, "Technical Data", paper=rng.choice(("a4", "us-letter")), font=rng.choice(_PROSE), size=rng.choice((9.0, 9.5)), margin=54.0
    )
    put_frame(manual)
    manual.traits.add("hard tables")
    rulings = ("unruled", "half", "ruled")
    for index in range(3):
        ruling = rulings[(index + number) % 3]
        manual.heading(0)
        manual.paragraph(manual.voice.text(2))
        put_table(manual, _grouped(manual, ruling), caption=caption(manual, 3 * index + 1))
        manual.heading(1)
        put_table(manual, _described(manual, rulings[(index + number + 1) % 3]), caption=caption(manual, 3 * index + 2))
        manual.paragraph(manual.voice.text(2))
        wide = limits(rng, manual.voice, rng.randint(5, 8), ruling)
        wide.right = {1, 2, 3}
        put_table(manual, wide, caption=caption(manual, 3 * index + 3))
        manual.heading(1)
        left, right = (table_typst(manual, _narrow(manual, rulings[(index + number) % 2])) for _ in range(2))
        manual.put(f"#grid(columns: (1fr, 1fr), gutter: 26pt, [{left}], [{right}])\n")
        manual.paragraph(manual.voice.text(2))
    return Plan(manual, OUTLINES[(number + 4) % len(OUTLINES)])


def _narrow(manual: Manual, ruling: str) -> TableSpec:
    table = data(manual.rng, manual.voice, manual.rng.randint(4, 6), ruling)
    table.grid = "rows"
    return table


def _grouped(manual: Manual, ruling: str) -> TableSpec:
    """The first column names a group once; a row of units below the head."""
    rng, voice = manual.rng, manual.voice
    rows = []
    for _ in range(3):
        group = voice.part()
        for line in range(rng.randint(2, 4)):
            texts = [rng.choice(("continuous", "peak", "idle", "stored")), voice.number("A"), voice.number("V"), voice.number("°C")]
            rows.append(one([group if line == 0 else "", *texts]))
    heads = [one(["Unit", "State", "Current", "Voltage", "Limit"]), one(["", "", "(A)", "(V)", "(°C)"])]
    return TableSpec(5, heads, rows, ruling, widths=["2fr", "1.2fr", "1fr", "1fr", "1fr"], right={2, 3, 4} if rng.random() < 0.5 else set())


def _described(manual: Manual, ruling: str) -> TableSpec:
    """Texts of several lines in two columns, and heads that span."""
    rng, voice = manual.rng, manual.voice
    rows = [one([voice.code(), voice.text(rng.randint(1, 2)), voice.step(), voice.value()]) for _ in range(rng.randint(4, 6))]
    heads = [[CellSpec("Code", rows=2), CellSpec("Fault", columns=2), CellSpec("Limit", rows=2)], one(["Meaning", "Remedy"])]
    return TableSpec(4, heads, rows, ruling, widths=["1.1fr", "2.4fr", "2.2fr", "0.9fr"], grid=rng.choice(("head", "rows")))


def figure_pages(rng: Random, number: int) -> Plan:
    """Text beside figures, grids of small charts with titles, figures between the lines of a procedure."""
    manual = begin(rng, "Characteristics", paper=rng.choice(("a4", "us-letter")), font=rng.choice(_PROSE), size=rng.choice((9.0, 10.0)))
    put_frame(manual)
    manual.traits.add("figure pages")
    for index in range(3):
        manual.heading(0)
        manual.paragraph()
        charts = []
        for _ in range(4):
            with manual.aside() as part:
                put_figure(manual, 170, "chart")
            charts.append(f"[{part.typst}]")
        manual.put(f"#grid(columns: (1fr, 1fr), gutter: 18pt, {', '.join(charts)})\n")
        manual.heading(1)
        text, drawing = manual.aside(), manual.aside(free_order=True)
        with text:
            manual.paragraph(manual.voice.text(5))
            manual.steps([manual.voice.step() for _ in range(3)])
        with drawing:
            put_figure(manual, 180, ("blocks", "callouts")[index % 2])
        cells = f"[{text.typst}], [{drawing.typst}]" if (index + number) % 2 else f"[{drawing.typst}], [{text.typst}]"
        columns = "(1fr, 190pt)" if (index + number) % 2 else "(190pt, 1fr)"
        manual.put(f"#grid(columns: {columns}, gutter: 18pt, {cells})\n")
        manual.put(manual.mark("paragraph", f"#strong[{typeset(manual.voice.title())}.] {typeset(manual.voice.text(3))}") + "\n\n")
        manual.paragraph()
    return Plan(manual, OUTLINES[(number + 1) % len(OUTLINES)])


HARD: dict[str, Family] = {"dense": dense, "nested": nested, "hard tables": hard_tables, "figure pages": figure_pages}
