"""Further families: emergency guides in three columns, side notes, turned pages and tables, mixed columns, hidden text, quick guides."""

from __future__ import annotations

from random import Random

from eval.layout.families_manuals import OUTLINES, Family, Plan, begin, caption, procedure
from eval.layout.figures import put_figure
from eval.layout.frame import put_frame, put_tab, put_watermark
from eval.layout.hidden import NEAR_MISSES, OVERLAYS, TYPESET, nonsense, put_hidden, put_near_miss
from eval.layout.manual import typeset
from eval.layout.notices import FORMS as NOTICE_FORMS
from eval.layout.notices import put_notice
from eval.layout.set_table import put_spec_list, put_table
from eval.layout.specs import draw_table, limits, registers, variants


def emergency_guide(rng: Random, number: int) -> Plan:
    """Landscape, three columns, short lines, many notices with icons or signal bars."""
    form = ("icon", "signal", "box", "bar", "shaded", "table")[number % 6]
    manual = begin(
        rng,
        "Emergency Response Guide",
        paper=rng.choice(("a4", "us-letter")),
        landscape=True,
        numbered=False,
        margin=44.0,
        notice=form,
        size=rng.choice((8.5, 9.0)),
        font=rng.choice(("New Computer Modern", "Libertinus Serif")),
        justify=number % 2 == 0,
    )
    put_frame(manual)
    manual.put(f"#set page(columns: 3)\n#set columns(gutter: {rng.choice((14, 20))}pt)\n")
    for _ in range(5):
        manual.heading(0)
        manual.paragraph(manual.voice.text(3))
        put_notice(manual)
        manual.heading(1)
        procedure(manual, rng.randint(4, 6), subs=False)
        manual.bullets(3)
        put_notice(manual)
        put_spec_list(manual, 4, rng.choice(("dots", "gap")))
        manual.paragraph()
    return Plan(manual, OUTLINES[(number + 5) % len(OUTLINES)])


def side_notes(rng: Random, number: int) -> Plan:
    """A wide column of text with small notes beside it, on the left or on the right; a heading above both."""
    manual = begin(
        rng,
        "Installation Manual",
        paper=rng.choice(("a4", "us-letter")),
        margin=54.0,
        notice=NOTICE_FORMS[(number + 2) % len(NOTICE_FORMS)],
    )
    put_frame(manual)
    manual.traits.add("side notes")
    for index in range(4):
        manual.heading(0)
        manual.heading(1)
        main, note = manual.aside(), manual.aside(free_order=True)
        with main:
            manual.paragraph()
            procedure(manual, rng.randint(3, 5), subs=False, notice=index % 2 == 0)
            manual.paragraph()
        with note:
            for _ in range(2):
                manual.paragraph(manual.voice.text(1))
        small = f"#set text(size: {manual.look.size - 1.5}pt);#set par(justify: false);{note.typst}"
        cells = f"[{small}], [{main.typst}]" if number % 2 else f"[{main.typst}], [{small}]"
        columns = "(105pt, 1fr)" if number % 2 else "(1fr, 105pt)"
        manual.put(f"#grid(columns: {columns}, gutter: 18pt, {cells})\n")
        put_table(manual, draw_table(rng, manual.voice), caption=caption(manual, index + 1))
        manual.heading(1)
        manual.paragraph()
    return Plan(manual, OUTLINES[(number + 6) % len(OUTLINES)])


def turned_pages(rng: Random, number: int) -> Plan:
    """Landscape pages drawn sideways and shown by /Rotate, or upright pages with tables lying on their side."""
    sideways = number % 2 == 1
    manual = begin(
        rng,
        "Wiring Manual",
        paper=rng.choice(("a4", "us-letter")),
        landscape=not sideways,
        notice=NOTICE_FORMS[(number + 1) % len(NOTICE_FORMS)],
    )
    put_frame(manual)
    for index in range(3):
        manual.heading(0)
        manual.paragraph()
        form = (limits, variants, registers)[index]
        table = form(rng, manual.voice, rng.randint(6, 9), rng.choice(("ruled", "half", "unruled")) if not sideways else "ruled")
        if sideways:
            manual.page_break()
            table.widths = [width.replace("fr", "") for width in table.widths]
            table.widths = [f"{float(width) * 76:.0f}pt" for width in table.widths]
            manual.traits.add("rotated table")
            put_table(manual, table, turned=True)
            manual.page_break()
        else:
            put_table(manual, table, caption=caption(manual, index + 1))
        manual.heading(1)
        procedure(manual, rng.randint(4, 6))
        manual.paragraph()
    if not sideways:
        manual.traits.add("turned pages")
    return Plan(manual, OUTLINES[number % len(OUTLINES)], turned=not sideways)


def mixed_columns(rng: Random, number: int) -> Plan:
    """Text across the page, then two columns, then across again, several times on a page; tables and figures across or in a column."""
    manual = begin(
        rng,
        "User Guide",
        paper=rng.choice(("a4", "us-letter")),
        size=rng.choice((9.0, 9.5, 10.0)),
        notice=NOTICE_FORMS[(number + 4) % len(NOTICE_FORMS)],
        font=rng.choice(("New Computer Modern", "Libertinus Serif")),
    )
    put_frame(manual)
    if number % 3 == 0:
        put_tab(manual, manual.voice.title())
    manual.traits.add("mixed columns")
    for index in range(5):
        manual.heading(0)
        manual.paragraph()
        left, right = manual.aside(), manual.aside()
        with left:
            manual.heading(1)
            manual.paragraph()
            if index % 2:
                put_notice(manual)
            manual.bullets(4)
        with right:
            manual.heading(1)
            if index == 2:
                put_figure(manual, 190)
            procedure(manual, 4, subs=False, notice=False)
            manual.paragraph()
        manual.put(f"#grid(columns: (1fr, 1fr), gutter: {rng.choice((16, 24))}pt, [{left.typst}], [{right.typst}])\n")
        manual.heading(1)
        manual.paragraph()
        put_table(manual, draw_table(rng, manual.voice), caption=caption(manual, index + 1))
    return Plan(manual, OUTLINES[(number + 1) % len(OUTLINES)])


def hidden_text(rng: Random, number: int) -> Plan:
    """A plain manual with hidden strings of several kinds, and honest text that looks like it."""
    manual = begin(rng, "Technical Note", paper=rng.choice(("a4", "us-letter")), landscape=False)
    put_frame(manual)
    plan = Plan(manual, "none")
    if number % 2:
        put_watermark(manual)
    for index in range(5):
        manual.heading(0)
        manual.paragraph()
        put_hidden(manual, TYPESET[(number + 2 * index) % len(TYPESET)])
        manual.paragraph()
        put_near_miss(manual, NEAR_MISSES[(number + 2 * index) % (len(NEAR_MISSES) - 1)])
        manual.bullets(3)
        put_hidden(manual, TYPESET[(number + 2 * index + 5) % len(TYPESET)])
        put_near_miss(manual, NEAR_MISSES[(number + 2 * index + 5) % (len(NEAR_MISSES) - 1)])
        put_table(manual, draw_table(rng, manual.voice, rng.randint(3, 5)))
        manual.paragraph(manual.voice.text(2))
    plan.overlays = [(form, nonsense(rng, 6)) for form in OVERLAYS]
    return plan


def quick_guide(rng: Random, number: int) -> Plan:
    """Small paper, few words a page: picture, steps, a notice; headings in spaced capitals."""
    manual = begin(
        rng,
        "Quick Start",
        paper="a5",
        numbered=False,
        tracked=True,
        upper=True,
        margin=40.0,
        head="none",
        foot=rng.choice(("none", "number")),
        notice=NOTICE_FORMS[(number + 6) % len(NOTICE_FORMS)],
        font=rng.choice(("New Computer Modern", "Libertinus Serif")),
    )
    put_frame(manual)
    manual.traits.add("letter-spaced headings")
    for index in range(5):
        manual.heading(0)
        if index % 2:
            put_figure(manual, 240)
        else:
            manual.paragraph(manual.voice.text(2))
        procedure(manual, rng.randint(3, 5), subs=index == 2)
        manual.put(manual.mark("paragraph", typeset(manual.voice.text(1))) + "\n\n")
        if index == 3:
            put_spec_list(manual, 6, "dots")
        if index < 4 and number % 2:
            manual.page_break()
    return Plan(manual, OUTLINES[(number + 3) % len(OUTLINES)])


MORE: dict[str, Family] = {
    "emergency": emergency_guide,
    "side notes": side_notes,
    "turned": turned_pages,
    "mixed": mixed_columns,
    "hidden": hidden_text,
    "quick": quick_guide,
}
