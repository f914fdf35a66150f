"""A page -> words as a reader reads them: scripts, symbols, odd encodings, spacing, double strikes, turned text."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pypdf
import pypdfium2 as pdfium
import pytest
from pdfs import FILLER, content_pdf, typst_pdf
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject

from ingest.pdf.glyph_names import GlyphNames
from ingest.pdf.read import parse_pdf
from ingest.pdf.repair import is_spaced_word, raised, repaired_char, repaired_text, symbol_table
from ingest.pdf.words import Page, read_page
from service.core.text import quote_key
from service.core.types import Block


def page_of(path: Path, number: int = 1) -> Page:
    document = pdfium.PdfDocument(path)
    try:
        return read_page(document[number - 1], number)
    finally:
        document.close()


def hand_set(folder: Path, operators: str) -> list[str]:
    """The words of a page with these operators between BT and ET, at (72, 700) in Helvetica 10."""
    return [word.text for word in page_of(content_pdf(folder, f"BT /F1 10 Tf 72 700 Td {operators} ET")).words]


@pytest.mark.parametrize(
    ("operators", "words"),
    [
        ("(16 mm) Tj 4 Ts /F1 6 Tf (2) Tj 0 Ts /F1 10 Tf ( copper) Tj", ["16", "mm²", "copper"]),
        ("(5 x 10) Tj 4 Ts /F1 6 Tf (-3) Tj 0 Ts /F1 10 Tf ( Ohm) Tj", ["5", "x", "10⁻³", "Ohm"]),
        ("(9 m/s) Tj 4 Ts /F1 6 Tf (2) Tj 0 Ts /F1 10 Tf (, at most) Tj", ["9", "m/s²,", "at", "most"]),
        ("(450 V) Tj 4 Ts /F1 6 Tf (1\\)) Tj 0 Ts /F1 10 Tf ( per pack) Tj", ["450", "V¹⁾", "per", "pack"]),
        ("(the 1) Tj 4 Ts /F1 6 Tf (st) Tj 0 Ts /F1 10 Tf ( pass) Tj", ["the", "1st", "pass"]),
        ("(CO) Tj -2 Ts /F1 6 Tf (2) Tj 0 Ts /F1 10 Tf ( and V) Tj -2 Ts /F1 6 Tf (DD) Tj", ["CO2", "and", "VDD"]),
    ],
)
def test_raised_digits_become_superscripts_and_lowered_ones_stay_with_their_word(tmp_path: Path, operators: str, words: list[str]) -> None:
    assert hand_set(tmp_path, operators) == words


def test_superscripts_drawn_at_the_end_of_the_page_stand_with_their_word(tmp_path: Path) -> None:
    plain = "BT /F1 10 Tf 72 700 Td (Cross-section 16 mm) Tj 0 -14 Td (Next line of text) Tj ET"
    end = page_of(content_pdf(tmp_path, plain)).words[2].x1
    late = content_pdf(tmp_path, f"{plain} BT /F1 6 Tf 1 0 0 1 {end} 704 Tm (2) Tj ET")
    assert [word.text for word in page_of(late).words] == ["Cross-section", "16", "mm²", "Next", "line", "of", "text"]


def test_a_block_with_superscripts_is_a_verbatim_text(tmp_path: Path) -> None:
    source = "Use cable of at least 16 mm#super[2] and keep the leak below 5 x 10#super[-3] mbar per second in all of the circuit."
    (block,) = parse_pdf(typst_pdf(tmp_path, source), "d", 1).blocks
    assert "16 mm² and" in block.text
    assert "10⁻³ mbar" in block.text
    assert block.exact
    assert quote_key("mm²") == quote_key("mm2")


@pytest.mark.parametrize(
    "spacing", ["(W A R N I N G) Tj", "4 Tc (WARNING) Tj 0 Tc", "[(W) -400 (A) -400 (R) -400 (N) -400 (I) -400 (N) -400 (G)] TJ"]
)
def test_a_word_set_with_wide_spacing_is_one_word(tmp_path: Path, spacing: str) -> None:
    assert hand_set(tmp_path, f"{spacing} 0 -14 Td (Read this) Tj") == ["WARNING", "Read", "this"]


@pytest.mark.parametrize("letters", ["A B C D E", "X X X X X", "L N P", "0 1 0 1 0 1", "R S T V W"])
def test_single_letters_that_are_no_word_stay_apart(tmp_path: Path, letters: str) -> None:
    assert hand_set(tmp_path, f"({letters}) Tj") == letters.split()
    assert not is_spaced_word(letters.split())


@pytest.mark.parametrize("second", ["0.3 0 Td (Fuse box) Tj", "0.8 -0.8 Td (Fuse box) Tj", "0 0 Td (Fuse box) Tj 0.2 0 Td (Fuse box) Tj"])
def test_text_struck_twice_for_bold_or_shadow_is_read_once(tmp_path: Path, second: str) -> None:
    assert hand_set(tmp_path, f"(Fuse box) Tj {second}") == ["Fuse", "box"]


def test_letters_struck_twice_one_by_one_are_read_once(tmp_path: Path) -> None:
    struck = " ".join(
        f"1 0 0 1 {72 + 7 * place} 700 Tm ({char}) Tj 1 0 0 1 {72.2 + 7 * place} 700 Tm ({char}) Tj" for place, char in enumerate("FUSED")
    )
    assert hand_set(tmp_path, struck) == ["FUSED"]


def test_double_letters_of_one_glyph_are_kept() -> None:
    assert repaired_char("ﬀ", None) == "ff"


@pytest.mark.parametrize(
    ("char", "font", "sign"),
    [
        ("\uf057", "SymbolMT", "Ω"), ("\uf06d", "Symbol", "μ"), ("\uf0b0", "Symbol", "°"), ("\uf0b1", "Symbol", "±"),
        ("\uf0a3", "Symbol", "≤"), ("\uf0b3", "Symbol", "≥"), ("\uf0ae", "Symbol", "→"), ("m", "SymbolMT", "μ"),
        ("\uf0fc", "Wingdings-Regular", "✓"), ("\uf0a8", "Wingdings", "□"), ("\uf0fe", "Wingdings", "☑"), ("l", "Wingdings", "l"),
        ("\uf0b0", "Unknown", "°"), ("m", "Helvetica", "m"), ("ﬁ", "Helvetica", "fi"), ("\uf8e9", "Symbol", "©"),
    ],
)  # fmt: skip
def test_codes_of_symbol_fonts_become_the_sign_they_show(char: str, font: str, sign: str) -> None:
    assert repaired_char(char, symbol_table(font)) == sign


def test_symbol_text_of_a_real_page_is_read(tmp_path: Path) -> None:
    path = content_pdf(
        tmp_path, "BT /F1 10 Tf 72 700 Td (10 ) Tj /F2 10 Tf (W) Tj /F1 10 Tf ( at 25 ) Tj /F2 10 Tf (\\260) Tj /F1 10 Tf (C) Tj ET"
    )
    writer = pypdf.PdfWriter(clone_from=path)
    fonts = writer.pages[0]["/Resources"]["/Font"]
    fonts[NameObject("/F2")] = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Symbol"),
        }
    )
    writer.write(tmp_path / "symbol.pdf")
    assert " ".join(word.text for word in page_of(tmp_path / "symbol.pdf").words) == "10 \u2126 at 25 °C"


@pytest.mark.parametrize(
    ("broken", "whole"),
    [("25 Â°C", "25 °C"), ("10 â€“ 30", "10 – 30"), ("ÃœberprÃ¼fen", "Überprüfen"), ("5 Âµm", "5 µm"), ("donâ€™t", "don’t"),
     ("CAFÉ®", "CAFÉ®"), ("Größe", "Größe"), ("naïve", "naïve")],
)  # fmt: skip
def test_utf8_read_as_windows_1252_is_read_again(broken: str, whole: str) -> None:
    assert repaired_text(broken) == whole


def test_a_mended_block_is_verbatim_too(tmp_path: Path) -> None:
    (block,) = parse_pdf(
        typst_pdf(tmp_path, "Charge the pack between 0 Â°C and 45 Â°C only â€“ never below that range of temperature."), "d", 1
    ).blocks
    assert "between 0 °C and 45 °C only – never" in block.text
    assert block.exact


def test_only_digits_and_signs_are_raised() -> None:
    assert (raised("2"), raised("-3"), raised("(1)"), raised("th"), raised("a2")) == ("²", "⁻³", "⁽¹⁾", "th", "a2")


def test_glyphs_without_unicode_are_read_by_their_names(tmp_path: Path) -> None:
    path = content_pdf(tmp_path, "BT /F1 10 Tf 72 700 Td (The So\\037ware is written to the controller at the first start.) Tj ET")
    writer = pypdf.PdfWriter(clone_from=path)
    font = writer.pages[0]["/Resources"]["/Font"]["/F1"]
    font[NameObject("/Encoding")] = DictionaryObject(
        {NameObject("/Type"): NameObject("/Encoding"), NameObject("/Differences"): ArrayObject([NumberObject(31), NameObject("/f_t")])}
    )
    writer.write(tmp_path / "named.pdf")
    names = GlyphNames(tmp_path / "named.pdf")
    with contextlib.closing(names):
        assert (names.letters(1, "Helvetica", 31), names.letters(1, "Helvetica", 30), names.letters(1, "Other", 31)) == ("ft", "", "")
    (block,) = parse_pdf(tmp_path / "named.pdf", "d", 1).blocks
    assert block.text.replace("Soft ware", "Software") == "The Software is written to the controller at the first start."


def test_a_soft_hyphen_at_a_line_end_is_mended(tmp_path: Path) -> None:
    source = (
        '#set text(hyphenate: true, lang: "en")\n#set page(width: 260pt)\n'
        + "Disconnect the high-voltage interlock before unscrewing the cover. " * 4
    )
    (block,) = parse_pdf(typst_pdf(tmp_path, source), "d", 1).blocks
    assert block.text.replace("- ", "-").count("high-voltage") == 4
    assert "\xad" not in block.text
    assert block.exact


TABLE = "#table(columns: 3, [Screw], [Size], [Torque], [Terminal], [M8], [7 Nm], [Cover], [M4], [1.2 Nm], [Bracket], [M6], [4 Nm])"


def rotated(folder: Path, angle: int) -> list[Block]:
    """A page whose text is turned counter-clockwise by `angle` on an upright sheet."""
    source = f"#rotate(-{angle}deg, reflow: true)[#block(width: 400pt)[{FILLER}\n\n{TABLE}\n\n{FILLER}]]"
    return list(parse_pdf(typst_pdf(folder, source), "d", 1).blocks)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_a_page_whose_text_is_turned_reads_like_an_upright_one(tmp_path: Path, angle: int) -> None:
    blocks = rotated(tmp_path, angle)
    assert [block.text for block in blocks] == [block.text for block in rotated(tmp_path, 0)]
    assert [block.kind for block in blocks] == ["paragraph", "table", "table_row", "table_row", "table_row", "paragraph"]


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_boxes_of_turned_text_stand_on_the_displayed_page(tmp_path: Path, angle: int) -> None:
    path = typst_pdf(tmp_path, f"#rotate(-{angle}deg, reflow: true)[#block(width: 400pt)[{FILLER}]]")
    (block,) = parse_pdf(path, "d", 1).blocks
    document = pdfium.PdfDocument(path)
    text_page = document[0].get_textpage()
    for line in block.lines:
        x0, y0, x1, y1 = line.box
        shown = text_page.get_text_bounded(left=x0 - 1, bottom=842 - y1 - 1, right=x1 + 1, top=842 - y0 + 1)
        assert quote_key(block.text[line.start : line.end]) in quote_key(shown)
    document.close()


def test_a_table_on_its_side_is_read_below_its_upright_heading(tmp_path: Path) -> None:
    source = f"= Torques\nTighten crosswise.\n\n#rotate(-90deg, reflow: true)[#block(width: 500pt)[{FILLER}\n\n{TABLE}]]"
    blocks = parse_pdf(typst_pdf(tmp_path, source), "d", 1).blocks
    assert [block.text for block in blocks][:2] == ["Torques", "Tighten crosswise."]
    rows = [block for block in blocks if block.kind == "table_row"]
    assert [row.text for row in rows] == ["Terminal M8 7 Nm", "Cover M4 1.2 Nm", "Bracket M6 4 Nm"]
    for row in rows:
        assert 0 < row.box[0] < row.box[2] < 595
        assert row.box[3] - row.box[1] > row.box[2] - row.box[0]


def test_text_up_the_margin_is_in_no_block(tmp_path: Path) -> None:
    source = f"#place(dx: -45pt, dy: 80pt, rotate(-90deg, reflow: true)[Chapter 4 TARN-4711])\n{FILLER}\n\n{FILLER}"
    path = typst_pdf(tmp_path, source)
    assert [word.text for word in page_of(path).aside[90]] == ["Chapter", "4", "TARN-4711"]
    assert [block.text for block in parse_pdf(path, "d", 1).blocks] == [FILLER, FILLER]
