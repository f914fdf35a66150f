"""What stands around the text of a manual: running heads and feet, page numbers, watermarks, tabs, covers, contents pages, indexes."""

from __future__ import annotations

from eval.layout.manual import Manual, typeset

_FOLIOS = {
    "plain": '#context counter(page).display("1")',
    "of": '#context counter(page).display("1 / 1", both: true)',
    "dashes": '– #context counter(page).display("1") –',
    "page": 'Page #context counter(page).display("1")',
    "compound": '#context [#chapter-number.get()-#counter(page).display("1")]',
    "roman first": '#context counter(page).display("i")',
}
_ARABIC = '#context counter(page).display("1")'


def put_frame(manual: Manual, folio: str = "") -> None:
    """Running head and foot from here on, as the look says."""
    look = manual.look
    folio = folio or _FOLIOS[look.folio]
    furniture = manual.label("furniture")

    def text(content: str) -> str:
        return manual.again(furniture, content)

    title, chapter = text(typeset(manual.title)), text("#context chapter.get()")
    head = {
        "none": "",
        "title": title,
        "chapter": f"#align(right)[{chapter}]",
        "both": f"{title} #h(1fr) {chapter}",
        "boxed": f"#block(width: 100%, stroke: (bottom: 0.6pt), inset: (bottom: 3pt))[{title} #h(1fr) {chapter}]",
        "mirrored": f"#context if calc.odd(here().page()) [{chapter} #h(1fr) {title}] else [{title} #h(1fr) {chapter}]",
    }[look.head]
    number = text(folio)
    foot = {
        "none": f"#align(center)[{number}]" if look.head == "none" else "",
        "number": f"#context align(if calc.odd(here().page()) {{ right }} else {{ left }})[{number}]",
        "company": f"{text('Example Drives – document ' + str(manual.rng.randint(10000, 99999)))} #h(1fr) {number}",
        "two lines": f"{text('Subject to change. Printed on demand.')} #linebreak() {text('Example Drives')} #h(1fr) {number}",
    }[look.foot]
    size = max(6.0, look.size - 2)
    manual.put(f"#set page(header: [#set text(size: {size}pt);{head}], footer: [#set text(size: {size}pt);{foot}])\n")


def put_watermark(manual: Manual) -> None:
    """A word across every page from here on."""
    word = manual.mark("furniture", manual.rng.choice(("DRAFT", "CONFIDENTIAL", "SAMPLE")), "luma(225)")
    manual.traits.add("watermark")
    manual.put(f"#set page(background: rotate(-40deg)[#set text(size: 62pt);{word}])\n")


def put_tab(manual: Manual, text: str) -> None:
    """A chapter tab at the outer margin."""
    mark = manual.mark("furniture", typeset(text), "white")
    manual.traits.add("margin tab")
    y = manual.rng.randint(80, 300)
    manual.put(
        f"#set page(foreground: place(top + right, dy: {y}pt)[#block(fill: luma(90), inset: 4pt)"
        f"[#rotate(90deg, reflow: true)[#set text(size: 8pt);{mark}]]])\n"
    )


def put_cover(manual: Manual, subtitle: str) -> None:
    """A title page."""
    manual.put("#v(18%)\n")
    manual.put(
        f'#block(below: 20pt)[#set text(size: 26pt, weight: "bold", hyphenate: false);#set par(justify: false);'
        f"{manual.mark('heading', typeset(manual.title), section=False)}]\n"
    )
    for line in (
        subtitle,
        f"Edition {manual.rng.randint(1, 9)}.{manual.rng.randint(0, 9)}, "
        f"{manual.rng.choice(('March', 'June', 'October'))} {manual.rng.randint(2015, 2026)}",
    ):
        manual.put(manual.mark("paragraph", typeset(line), section=False) + "\n\n")
    manual.page_break()


def put_contents(manual: Manual, title: str, dots: bool = True) -> int:
    """Keeps a place for the contents page; `fill_contents` writes it when all headings are known."""
    manual.put(f'#block(below: 14pt)[#set text(size: 15pt, weight: "bold");{manual.mark("contents", typeset(title))}]\n')
    manual.put("#line()" if dots else "")
    manual.put("")
    manual.page_break()
    return len(manual.body) - 2


def fill_contents(manual: Manual, slot: int, dots: bool = True, depth: int = 2) -> None:
    """Write the entries of a contents page into its place: title, dots or a gap, page number."""
    leader = "#box(width: 1fr, repeat[#h(2pt).])" if dots else "#h(1fr)"
    lines = []
    for heading in manual.headings:
        if heading.level < depth:
            number = manual.label("contents")
            page = f"#context counter(page).at(<h{heading.label}>).first()"
            lines.append(
                f"#block(spacing: 0.6em, inset: (left: {heading.level * 14}pt))"
                f"[{manual.again(number, typeset(heading.text))} {leader} {manual.again(number, page)}]"
            )
    manual.body[slot - 1] = ""
    manual.body[slot] = "\n".join(lines) + "\n"


def put_index(manual: Manual, n: int) -> None:
    """An alphabetical index in two columns, on a page of its own."""
    manual.page_break()
    manual.put(f'#block(below: 12pt)[#set text(size: 14pt, weight: "bold");{manual.mark("contents", "Index")}]\n')
    entries = sorted({manual.voice.part() for _ in range(n)})
    lines = []
    for entry in entries:
        pages = ", ".join(str(page) for page in sorted(manual.rng.sample(range(2, 90), manual.rng.randint(1, 3))))
        lines.append(f"#block(spacing: 0.5em)[{manual.mark('contents', typeset(f'{entry}  {pages}'))}]")
    manual.put(f"#columns(2)[{' '.join(lines)}]\n")
    manual.traits.add("index")


def put_list_of_figures(manual: Manual, captions: list[str]) -> None:
    """Captions with page numbers, on a page of its own."""
    manual.put(f'#block(below: 12pt)[#set text(size: 14pt, weight: "bold");{manual.mark("contents", "List of figures")}]\n')
    for index, caption in enumerate(captions):
        entry = manual.label("contents")
        manual.put(
            f"#block(spacing: 0.6em)[{manual.again(entry, typeset(caption))} #box(width: 1fr, repeat[.]) "
            f"{manual.again(entry, str(3 + index))}]\n"
        )
    manual.page_break()
    manual.traits.add("list of figures")


def arabic(manual: Manual) -> None:
    """End of the front matter: arabic numbers from 1, where the look had roman ones."""
    if manual.look.folio == "roman first":
        manual.put("#counter(page).update(1)\n")
        put_frame(manual, _ARABIC)
