"""Reading order: columns, bands, captions and drawings."""

from __future__ import annotations

from pathlib import Path

from pdfs import FILLER, typst_pdf

from ingest.pdf.read import parse_pdf
from service.core.types import Block


def _blocks(folder: Path, source: str) -> list[Block]:
    return list(parse_pdf(typst_pdf(folder, source), "d", 10).blocks)


def _order(blocks: list[Block], *starts: str) -> list[int]:
    return [next(index for index, block in enumerate(blocks) if block.text.startswith(start)) for start in starts]


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    source = (
        "#columns(2)[Alpha begins. "
        + FILLER
        + "\n\nBeta follows. "
        + FILLER
        + "\n#colbreak()\nGamma starts the right side. "
        + FILLER
        + "]"
    )
    blocks = _blocks(tmp_path, source)
    assert [block.text.split()[0] for block in blocks] == ["Alpha", "Beta", "Gamma"]
    assert all(block.exact for block in blocks)


def test_a_heading_over_both_columns_parts_them_into_bands(tmp_path: Path) -> None:
    def band(name: str) -> str:
        return f"#block[#columns(2)[{name} left. {FILLER}\n#colbreak()\n{name} right. {FILLER}]]\n"

    source = band("Upper") + "= A wide heading that reaches over the gutter of the columns\n" + band("Lower")
    blocks = _blocks(tmp_path, source)
    order = _order(blocks, "Upper left", "Upper right", "A wide heading", "Lower left", "Lower right")
    assert order == sorted(order)
    assert all(block.exact for block in blocks)


def test_a_list_of_bullets_is_not_taken_for_two_columns(tmp_path: Path) -> None:
    source = "\n".join(f"- {FILLER[:150]}" for _ in range(5))
    blocks = _blocks(tmp_path, source)
    assert [block.kind for block in blocks] == ["list_item"] * 5


def test_a_figure_caption_is_a_figure_block_and_a_sentence_about_it_is_not(tmp_path: Path) -> None:
    source = (
        "#figure(rect(width: 100pt, height: 60pt), caption: [Position of the service plug])\nFigure 1 shows where the plug is. " + FILLER
    )
    blocks = _blocks(tmp_path, source)
    assert [(block.kind, block.text[:20]) for block in blocks] == [
        ("figure", "Figure 1: Position o"),
        ("paragraph", "Figure 1 shows where"),
    ]


def test_labels_of_a_drawing_do_not_break_the_text_around_it(tmp_path: Path) -> None:
    strokes = "".join(f"#place(dx: {10 * n}pt, dy: {5 * n}pt, line(start: (0pt, 0pt), end: (9pt, 30pt)))" for n in range(12))
    labels = "".join(f"#place(dx: {10 * n}pt, dy: {60 - 4 * n}pt, text(6pt)[P{n}])" for n in range(10))
    blocks = _blocks(
        tmp_path, "Before it. " + FILLER + "\n\n#block(height: 110pt, width: 100%)[" + strokes + labels + "]\nAfter it. " + FILLER
    )
    paragraphs = [block for block in blocks if block.kind == "paragraph"]
    assert [block.text.split()[0] for block in paragraphs] == ["Before", "After"]
    assert all(block.exact for block in paragraphs)
