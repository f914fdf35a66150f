"""Reading order: columns of all kinds, side notes, boxes, figures beside steps; what makes a paragraph and how broken words are joined."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import content_pdf, typst_pdf

from ingest.pdf.hyphens import Lexicon
from ingest.pdf.read import parse_pdf
from service.core.types import Block

A4 = '#set page(width: 595pt, height: 842pt, margin: 60pt)\n#set text(size: 10pt, font: "New Computer Modern")\n#set par(justify: true)\n'
LEFT_MARGIN = A4.replace("margin: 60pt", "margin: (left: 165pt, rest: 60pt)")
RIGHT_MARGIN = A4.replace("margin: 60pt", "margin: (right: 175pt, rest: 60pt)")
BODY = (
    "begins here: the pump moves coolant through the plates below the modules and back into the tank, where the level is read once a "
    "month. After each repair the circuit is filled again and the air is let out at the valve above the rear module of the pack. "
)
TORQUES = "#table(columns: (1fr, 1fr, 1fr), [Screw], [Size], [Torque], [Lid], [M6], [5 Nm], [Rail], [M8], [9 Nm], [Foot], [M10], [20 Nm])\n"
STROKES = "".join(f"#place(dx: {14 * n}pt, dy: {8 * n}pt, line(start: (0pt, 0pt), end: (20pt, 30pt)))" for n in range(12))
PICTURE = f"figure(rect(width: 200pt, height: 150pt)[{STROKES}], caption: [Clamps of the tank])"
STEPS = "\n".join(
    f"+ Step {word} loosens one more clamp and puts it aside on the bench." for word in ("one", "two", "three", "four", "five")
)
STEP_STARTS = [f"{n}. Step" for n in range(1, 6)]


def _text(*names: str, times: int = 1) -> str:
    return "".join(f"{name} {BODY * times}\n\n" for name in names)


def _columns(left: str, right: str) -> str:
    return f"#block(columns(2)[{left}#colbreak()\n{right}])\n"


def _margin_note(dx: str, text: str, side: str = "left") -> str:
    return f"#place({side}, dx: {dx}, box(width: 95pt, align(left, text(7.5pt)[{text}])))"


HEADS = "".join(
    _margin_note("-105pt", f"*{head}*") + _text(name, times=2) for head, name in (("Isolate", "Ape"), ("Drain", "Bee"), ("Fill", "Cat"))
)
NOTES = "".join(
    _margin_note("115pt", f"{note} while the work on this goes on.", "right") + _text(name, times=2)
    for note, name in (("Gloves are worn", "Ape"), ("Nobody lifts the pack", "Bee"))
)
BESIDE = "#grid(columns: (1fr, 200pt), gutter: 14pt, "

LAYOUTS = {
    "three columns": (
        A4,
        f"#columns(3)[{_text('Ape', 'Ant')}#colbreak()\n{_text('Bee')}#colbreak()\n{_text('Cat', 'Cow')}]",
        ["Ape", "Ant", "Bee", "Cat", "Cow"],
    ),
    "columns of unlike length": (A4, _columns(_text("Ape", "Ant", "Asp"), _text("Bee")), ["Ape", "Ant", "Asp", "Bee"]),
    "a wide and a narrow column": (A4, f"{BESIDE}[{_text('Ape', 'Ant')}], [{_text('Bee')}])", ["Ape", "Ant", "Bee"]),
    "a table across between columns": (
        A4,
        _columns(_text("Ape", "Ant"), _text("Bee")) + TORQUES + _columns(_text("Cat"), _text("Dog")),
        ["Ape", "Ant", "Bee", "Screw", "Foot", "Cat", "Dog"],
    ),
    "a table inside of a column": (
        A4,
        _columns(_text("Ape") + TORQUES + _text("Ant"), _text("Bee", "Bat")),
        ["Ape", "Screw", "Ant", "Bee", "Bat"],
    ),
    "a heading at the left edge over text across": (
        A4,
        _columns(_text("Ape", "Ant"), _text("Bee")) + "= Filling\n" + _text("Cat"),
        ["Ape", "Ant", "Bee", "Filling", "Cat"],
    ),
    "a caption under columns belongs to the table across": (
        A4,
        _columns(_text("Ape", "Ant"), _text("Bee")) + "Table 2: Torques\n" + TORQUES,
        ["Ape", "Ant", "Bee", "Table 2", "Screw"],
    ),
    "lists of short lines side by side": (
        A4,
        _columns(
            "== Before\n- wear gloves\n- isolate the pack\n- lock the switch\n- wait\n\n" + _text("Ape"),
            _text("Bee") + "== After\n- fit the covers\n- check the seals\n- close the lid\n",
        ),
        ["Before", "wear", "wait", "Ape", "Bee", "After", "fit", "close"],
    ),
    "steps beside a figure": (A4, f"{BESIDE}[{STEPS}], {PICTURE})\n\n{_text('Ape')}", [*STEP_STARTS, "Figure 1", "Ape"]),
    "a figure beside steps": (
        A4,
        f"#grid(columns: (200pt, 1fr), gutter: 14pt, {PICTURE}, [{STEPS}])\n\n{_text('Ape')}",
        ["Figure 1", *STEP_STARTS, "Ape"],
    ),
    "a box beside text": (
        A4,
        f"{BESIDE}[{_text('Ape', 'Ant')}], rect(inset: 8pt)[{_text('Bee')}])\n\n{_text('Cat')}",
        ["Ape", "Ant", "Bee", "Cat"],
    ),
    "heads in the margin": (LEFT_MARGIN, HEADS, ["Isolate", "Ape", "Drain", "Bee", "Fill", "Cat"]),
    "notes in the margin": (RIGHT_MARGIN, NOTES, ["Ape", "Gloves", "Bee", "Nobody"]),
}


def _blocks(folder: Path, source: str, preamble: str = A4) -> list[Block]:
    return list(parse_pdf(typst_pdf(folder, source, preamble=preamble), "d", 10).blocks)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_page_is_read_in_the_order_a_reader_takes(name: str, tmp_path: Path) -> None:
    preamble, source, starts = LAYOUTS[name]
    texts = [block.text for block in _blocks(tmp_path, source, preamble)]
    order = [next((index for index, text in enumerate(texts) if text.startswith(start)), None) for start in starts]
    assert None not in order
    assert order == sorted(order)  # type: ignore[type-var]


def test_the_last_lines_of_columns_on_a_new_page_stay_apart(tmp_path: Path) -> None:
    left = _text(*(f"Ape{n}" for n in range(8)), times=2) + "Eel ends."
    right = _text(*(f"Bee{n}" for n in range(8)), times=2) + "Fox ends with more to say than the other."
    source = f"#grid(columns: 2, gutter: 14pt, [{left}], [{right}])\n= Filling\n{_text('Cat')}"
    blocks = _blocks(tmp_path, source)
    assert {block.page for block in blocks} == {1, 2}
    assert not [block for block in blocks if "Ape" in block.text and "Bee" in block.text]
    assert any(block.text.startswith("Eel ends") or block.text.endswith("Eel ends.") for block in blocks)


def test_short_lines_of_one_paragraph_stay_together_where_paragraphs_are_set_apart(tmp_path: Path) -> None:
    lines = "#set par(leading: 0.5em, spacing: 1.6em)\nThe display shows the state.\\\nThe menu has three levels.\\\nThe key opens it.\n\n"
    source = lines + _text("Ape", "Bee", "Cat")
    first = _blocks(tmp_path, source)[0]
    assert first.text == "The display shows the state. The menu has three levels. The key opens it."


def test_a_sentence_that_turns_bold_at_a_line_end_is_one_paragraph(tmp_path: Path) -> None:
    lines = "One balancer serves up to twenty four cells in a row. Below the limit of the plate, #linebreak(justify: true)"
    blocks = _blocks(tmp_path, lines + "*the balancer is fed by a supply of its own.*\n\n" + _text("Ape"))
    assert blocks[0].text.endswith("of the plate, the balancer is fed by a supply of its own.")


def test_captions_side_by_side_are_two_blocks(tmp_path: Path) -> None:
    content = (
        "BT /F1 10 Tf 80 700 Td (Figure 12 Position of the service plug) Tj ET "
        "BT /F1 10 Tf 330 700 Td (Figure 13 Position of the fuse) Tj ET"
    )
    blocks = parse_pdf(content_pdf(tmp_path, content), "d", 1).blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("figure", "Figure 12 Position of the service plug"),
        ("figure", "Figure 13 Position of the fuse"),
    ]


def test_a_unit_at_the_beginning_of_a_line_is_no_list_marker(tmp_path: Path) -> None:
    content = (
        "BT /F1 10 Tf 60 700 Td (Two cases are told apart. The heater of the rear module takes at most, when it is cold, 52) Tj "
        "0 -13 Td (W. The heater of the front module takes less and is switched off at night by the board.) Tj ET"
    )
    blocks = parse_pdf(content_pdf(tmp_path, content), "d", 1).blocks
    assert [block.kind for block in blocks] == ["paragraph"]


def test_bullets_that_are_small_pictures_make_list_items(tmp_path: Path) -> None:
    dots = "".join(f"q 6 0 0 6 72 {700 - 20 * n} cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q " for n in range(3))
    words = "".join(
        f"BT /F1 10 Tf 90 {700 - 20 * n} Td ({text}) Tj ET "
        for n, text in enumerate(("gives direct control", "tells what is wrong", "keeps settings"))
    )
    blocks = parse_pdf(content_pdf(tmp_path, dots + words), "d", 1).blocks
    assert [(block.kind, block.text) for block in blocks] == [
        ("list_item", "gives direct control"),
        ("list_item", "tells what is wrong"),
        ("list_item", "keeps settings"),
    ]


def test_typewriter_text_is_code_and_its_lines_are_one_block(tmp_path: Path) -> None:
    source = _text("Ape") + "```\nif state == 3:\n    close(main)\n```\n\n" + _text("Bee")
    code = [block for block in _blocks(tmp_path, source) if block.kind == "code"]
    assert [block.text for block in code] == ["if state == 3: close(main)"]


@pytest.mark.parametrize(
    ("others", "halves", "joined"),
    [
        ((), ("connec", "tor"), True),
        (("connector",), ("connec", "tor"), True),
        (("high-voltage",), ("high", "voltage"), False),
        (("high", "voltage"), ("high", "voltage"), False),
        (("over", "load", "overload"), ("over", "load"), True),
        (("high-voltage", "highvoltage", "highvoltage"), ("high", "voltage"), True),
        ((), ("HIGH", "VOLTAGE"), False),
        (("Connector",), ("CONNEC", "TOR"), True),
    ],
)
def test_a_word_broken_at_a_line_end_keeps_the_hyphen_it_has_elsewhere(
    others: tuple[str, ...], halves: tuple[str, str], joined: bool
) -> None:
    assert Lexicon(others).joins(*halves) is joined


def test_a_compound_broken_at_its_hyphen_keeps_it_and_stays_exact(tmp_path: Path) -> None:
    words = (
        "BT /F1 10 Tf 72 700 Td (The high-voltage switch is open. Now unplug the high-) Tj 0 -12 Td (voltage plug and lock the connec-) Tj "
        "0 -12 Td (tor of the pack.) Tj ET"
    )
    (block,) = parse_pdf(content_pdf(tmp_path, words), "d", 1).blocks
    assert block.text == "The high-voltage switch is open. Now unplug the high-voltage plug and lock the connector of the pack."
    assert block.exact
