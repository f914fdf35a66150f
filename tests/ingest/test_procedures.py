"""Procedures: steps in order over page breaks and between other things, sub-steps nested, a new list told from the old one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import FILLER, typst_pdf

from ingest.pdf.read import parse_pdf
from ingest.steps import MARKER, Ordinal, group_lists, ordinals, procedures
from service.core.types import Block, BlockKind


def _blocks(folder: Path, source: str) -> list[Block]:
    return list(parse_pdf(typst_pdf(folder, source), "d", 10).blocks)


def _steps(blocks: list[Block]) -> list[tuple[str, int]]:
    return [(block.marker, block.depth) for block in blocks if block.kind == "list_item"]


def _n_groups(blocks: list[Block]) -> int:
    return len({block.group for block in blocks if block.kind == "list_item"})


def item(marker: str, x0: float = 50.0, y0: float = 0.0, page: int = 1, kind: BlockKind = "list_item") -> Block:
    return Block("", kind, f"{marker} Do it.", page, (x0, y0, 300.0, y0 + 10), ("4",), marker=marker)


def _placed(*blocks: Block) -> list[tuple[str, int]]:
    grouped = group_lists(blocks, "d")
    groups = list(dict.fromkeys(block.group for block in grouped if block.group))
    return [(f"{groups.index(block.group)}", block.depth) for block in grouped if block.kind == "list_item"]


@pytest.mark.parametrize(
    ("text", "style", "number"),
    [
        ("3. Open", "1.", 3), ("3) Open", "1)", 3), ("(3) Open", "(1)", 3), ("Step 3: Open", "step", 3), ("STEP 3 Open", "step", 3),
        ("Schritt 3 Öffnen", "step", 3), ("步骤3：打开", "step", 3), ("第三步 打开", "step", 3), ("③打开", "①", 3), ("c) Open", "a)", 3),
        ("(iv) Open", "(i)", 4), ("ii. Open", "i.", 2), ("3、打开", "1、", 3), ("B. Open", "A.", 2), ("3.Open", "1.", 3),
        ("12. Open", "1.", 12),
    ],
)  # fmt: skip
def test_a_marker_has_a_style_and_a_number(text: str, style: str, number: int) -> None:
    match = MARKER.match(text)
    assert match
    assert Ordinal(style, number) in ordinals(match.group())


@pytest.mark.parametrize("text", ["3.5 V at the plug", "Step by step", "2 AWG cable", "mm. or more", "第一章 概述", "(see 3) Open"])
def test_a_text_that_only_looks_so_has_no_marker(text: str) -> None:
    assert MARKER.match(text) is None


def test_a_letter_i_may_be_roman_one_or_the_ninth_letter() -> None:
    assert ordinals("i)") == (Ordinal("a)", 9), Ordinal("i)", 1))
    assert ordinals("•") == (Ordinal("•", 0),)


def test_steps_go_on_over_a_page_break_with_text_notices_and_figures_between_them(tmp_path: Path) -> None:
    source = (
        f"= Removing the cover\n{FILLER}\n\nTo remove the cover:\n+ Open the latch.\n+ Pull the plug.\n\n{FILLER}\n\n"
        "*WARNING:* The busbars are live.\n#pagebreak()\n#set enum(start: 3)\n+ Lift the cover.\n\nFigure 3: The cover\n\n"
        "#set enum(start: 4)\n+ Put it down."
    )
    blocks = _blocks(tmp_path, source)
    assert _steps(blocks) == [("1.", 0), ("2.", 0), ("3.", 0), ("4.", 0)]
    assert _n_groups(blocks) == 1
    (procedure,) = procedures(blocks)
    assert procedure.intro == "To remove the cover:"
    assert procedure.numbered
    assert blocks[procedure.first].text == procedure.intro
    assert blocks[procedure.last].text == "4. Put it down."


def test_sub_steps_are_nested_in_their_step(tmp_path: Path) -> None:
    numbering = '#set enum(numbering: (..n) => numbering(("1.", "a)").at(n.pos().len() - 1), n.pos().last()), full: true)'
    source = "+ Open.\n  + Left.\n  + Right.\n    - Gently.\n    - Slowly.\n+ Close.\n  - Check.\n+ Log it.\n"
    blocks = _blocks(tmp_path, f"{numbering}\n{source}")
    assert _steps(blocks) == [("1.", 0), ("a)", 1), ("b)", 1), ("•", 2), ("•", 2), ("2.", 0), ("•", 1), ("3.", 0)]
    assert _n_groups(blocks) == 1


def test_a_new_first_step_begins_a_new_procedure(tmp_path: Path) -> None:
    blocks = _blocks(tmp_path, f"To open:\n+ Pull.\n+ Lift.\n\n{FILLER}\n\nTo close:\n+ Lower.\n+ Push.")
    assert _n_groups(blocks) == 2
    assert [procedure.intro for procedure in procedures(blocks)] == ["To open:", "To close:"]


def test_numbers_set_apart_are_markers(tmp_path: Path) -> None:
    rows = "".join(f'#place(dx: 0pt, dy: {40 * row}pt)[{row + 1}.]#place(dx: 30pt, dy: {40 * row}pt)[#box(width: 300pt)[{FILLER[:120]}]]'
                   for row in range(4))  # fmt: skip
    blocks = _blocks(tmp_path, rows)
    assert _steps(blocks) == [("1.", 0), ("2.", 0), ("3.", 0), ("4.", 0)]
    assert _n_groups(blocks) == 1


def test_bullets_at_the_margin_of_a_step_belong_to_it_where_the_numbers_go_on() -> None:
    assert _placed(item("1."), item("•"), item("•"), item("2.")) == [("0", 0), ("0", 1), ("0", 1), ("0", 0)]
    assert _placed(item("•"), item("•"), item("", kind="paragraph", x0=40), item("•")) == [("0", 0), ("0", 0), ("1", 0)]


def test_the_same_style_set_in_is_a_list_within_and_the_outer_one_goes_on() -> None:
    placed = _placed(item("1."), item("1.", 80, 20), item("2.", 80, 40), item("2.", 50, 60), item("1.", 50, 80))
    assert placed == [("0", 0), ("0", 1), ("0", 1), ("0", 0), ("1", 0)]


def test_roman_steps_inside_lettered_ones_are_told_from_letters() -> None:
    placed = _placed(item("a)"), item("i)", 80, 20), item("ii)", 80, 40), item("b)", 50, 60), item("c)", 50, 80))
    assert placed == [("0", 0), ("0", 1), ("0", 1), ("0", 0), ("0", 0)]
    letters = [item(f"{letter})", 50, 20 * row) for row, letter in enumerate("abcdefghij")]
    assert _placed(*letters) == [("0", 0)] * 10


def test_a_list_in_the_next_column_does_not_nest() -> None:
    assert _placed(item("1.", 50, 500), item("2.", 50, 600), item("3.", 320, 60), item("1.", 320, 200)) == [("0", 0)] * 3 + [("1", 0)]


def test_a_heading_ends_a_list_but_not_a_numbering_that_goes_on() -> None:
    head = Block("", "heading", "Fitting", 1, (50, 0, 100, 10), ("4",))
    assert _placed(item("1."), item("2."), head, item("3."), item("4.")) == [("0", 0)] * 4
    assert _placed(item("1."), item("2."), head, item("1.")) == [("0", 0), ("0", 0), ("1", 0)]
    assert _placed(item("•"), head, item("•")) == [("0", 0), ("1", 0)]


def test_a_number_that_no_extractor_gave_does_not_tear_the_procedure() -> None:
    lost = item("", 60, 40, kind="paragraph")
    assert _placed(item("1."), item("2.", y0=20), lost, item("4.", y0=60)) == [("0", 0)] * 3


def test_decimal_numbers_inside_a_step_are_its_sub_steps() -> None:
    def text(number: str, y0: float) -> Block:
        return Block("", "paragraph", f"{number} Turn it.", 1, (50, y0, 300, y0 + 10), ("4",))

    blocks = group_lists([item("2."), text("2.1", 20), text("2.2", 40), item("3.", y0=60), text("9.1", 80)], "d")
    assert [(block.kind, block.marker, block.depth) for block in blocks] == [
        ("list_item", "2.", 0), ("list_item", "2.1", 1), ("list_item", "2.2", 1), ("list_item", "3.", 0), ("paragraph", "", 0),
    ]  # fmt: skip
    assert len({block.group for block in blocks if block.group}) == 1


def test_numbers_without_a_point_are_markers_where_they_count_up(tmp_path: Path) -> None:
    lines = ["To open it do this:", "1 Open the latch", "2 Pull the plug", "3 Lift the cover", "4 Put it down"]
    blocks = _blocks(tmp_path, f"{FILLER}\n\n" + " \\\n".join(lines) + f"\n\n{FILLER}")
    assert _steps(blocks) == [("1", 0), ("2", 0), ("3", 0), ("4", 0)]
    assert _n_groups(blocks) == 1
    assert [block.kind for block in blocks][:2] == ["paragraph", "paragraph"]


def test_two_numbers_at_the_beginning_of_lines_are_no_list(tmp_path: Path) -> None:
    blocks = _blocks(tmp_path, "The pack has \\\n1 Plug and \\\n2 Screws in each corner.")
    assert _steps(blocks) == []
