"""Line drawings with labels and captions: block diagrams, charts, exploded views with callout numbers."""

from __future__ import annotations

from eval.layout.manual import Manual, typeset


def put_figure(manual: Manual, width: float = 300, form: str = "") -> str:
    """A drawing with its caption below; the caption."""
    form = form or manual.rng.choice(("blocks", "chart", "callouts"))
    manual.n_figures += 1
    number = manual.label("figure")
    drawing = {"blocks": _blocks, "chart": _chart, "callouts": _callouts}[form](manual, number, width)
    manual.put(f"#block(above: 1em, below: 0.4em, breakable: false)[{drawing}]\n")
    word = {"en": manual.rng.choice(("Figure", "Fig.")), "de": "Abbildung"}[manual.voice.language]
    caption = f"{word} {manual.n_figures}{manual.rng.choice((':', '.', ' –'))} {manual.voice.title()}"
    manual.caption(caption)
    manual.traits.add(f"figure {form}")
    return caption


def _blocks(manual: Manual, number: int, width: float) -> str:
    """Boxes joined by arrows."""
    n = 3
    step = width / n
    items = []
    for index in range(n):
        name = " ".join(manual.voice.part().split()[:2])
        label = manual.again(number, typeset(name))
        items.append(
            f"#place(dx: {index * step:.0f}pt, dy: 10pt)"
            f"[#rect(width: {step * 0.68:.0f}pt, height: 36pt, stroke: 0.7pt)[#set text(size: 7pt);#set par(justify: false);{label}]]"
        )
        if index < n - 1:
            x = index * step + step * 0.68
            items.append(f"#place(dx: {x:.0f}pt, dy: 28pt)[#line(length: {step * 0.32:.0f}pt, stroke: 0.7pt)]")
            items.append(f"#place(dx: {x + step * 0.2:.0f}pt, dy: 24pt)[#line(length: 8pt, angle: 30deg, stroke: 0.7pt)]")
    items.append(f"#place(dx: {width * 0.3:.0f}pt, dy: 52pt)[#circle(radius: 9pt, stroke: 0.7pt)]")
    items.append(
        f"#place(dx: {width * 0.3:.0f}pt, dy: 56pt)[#curve(curve.move((0pt, 0pt)), curve.cubic((20pt, 20pt), (40pt, -20pt), (60pt, 10pt)))]"
    )
    return f"#box(width: {width:.0f}pt, height: 84pt)[{''.join(items)}]"


def _chart(manual: Manual, number: int, width: float) -> str:
    """Axes, ticks, a curve."""
    items = [
        "#place(dx: 30pt, dy: 4pt)[#line(angle: 90deg, length: 100pt, stroke: 0.7pt)]",
        f"#place(dx: 30pt, dy: 104pt)[#line(length: {width - 60:.0f}pt, stroke: 0.7pt)]",
    ]
    for index in range(6):
        x, y = 30 + index * (width - 70) / 5, 104 - index * 18
        items.append(f"#place(dx: {x:.0f}pt, dy: 104pt)[#line(angle: 90deg, length: 3pt, stroke: 0.5pt)]")
        items.append(f"#place(dx: {x - 6:.0f}pt, dy: 109pt)[#set text(size: 6.5pt);{manual.again(number, str(index * 20))}]")
        items.append(f"#place(dx: 8pt, dy: {y - 4:.0f}pt)[#set text(size: 6.5pt);{manual.again(number, str(index * 50))}]")
        items.append(f"#place(dx: 30pt, dy: {y:.0f}pt)[#line(length: {width - 60:.0f}pt, stroke: 0.2pt + gray)]")
    w = width - 60
    items.append(
        f"#place(dx: 30pt, dy: 100pt)[#curve(stroke: 1pt, curve.move((0pt, 0pt)), "
        f"curve.cubic(({w * 0.3:.0f}pt, -10pt), ({w * 0.5:.0f}pt, -80pt), ({w * 0.9:.0f}pt, -88pt)))]"
    )
    items.append(f"#place(dx: {width / 2:.0f}pt, dy: 118pt)[#set text(size: 7pt);{manual.again(number, 'Speed (1/min)')}]")
    return f"#box(width: {width:.0f}pt, height: 130pt)[{''.join(items)}]"


def _callouts(manual: Manual, number: int, width: float) -> str:
    """An outline with numbers on leader lines."""
    items = [f"#place(dx: {width * 0.2:.0f}pt, dy: 15pt)[#rect(width: {width * 0.55:.0f}pt, height: 80pt, radius: 12pt, stroke: 0.9pt)]"]
    for index in range(6):
        x = width * (0.1 + 0.13 * index)
        items.append(f"#place(dx: {x + 8:.0f}pt, dy: 12pt)[#line(length: {30 + 7 * index}pt, angle: {40 + 6 * index}deg, stroke: 0.4pt)]")
        items.append(f"#place(dx: {x:.0f}pt, dy: 0pt)[#set text(size: 8pt);{manual.again(number, str(index + 1))}]")
        items.append(f"#place(dx: {width * 0.28 + index * 20:.0f}pt, dy: {45 + 6 * (index % 3)}pt)[#circle(radius: 5pt, stroke: 0.6pt)]")
    return f"#box(width: {width:.0f}pt, height: 110pt)[{''.join(items)}]"
