"""Running heads, feet, numbers, stamps and watermarks go; table heads, headings and footnotes stay; every page gets its printed number."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pypdfium2 as pdfium
import pytest
from pdfs import FILLER, typst_pdf
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from ingest.parsed import Parsed
from ingest.pdf.furniture import find_furniture
from ingest.pdf.page_labels import page_labels, printed_labels
from ingest.pdf.read import parse_pdf
from ingest.pdf.words import read_page

BREAK = "\n#pagebreak()\n"


def parse(folder: Path, source: str) -> Parsed:
    return parse_pdf(typst_pdf(folder, source), "d", 100)


def texts(parsed: Parsed) -> str:
    return " | ".join(block.text for block in parsed.blocks)


def pages(n: int, first: int = 1) -> str:
    """Body text that differs from page to page."""
    return BREAK.join(
        f"Module {chr(64 + page)} is part of the pack. {FILLER}\n\nIt weighs {page * 7} kg." for page in range(first, first + n)
    )


def test_heads_of_left_and_right_pages_and_changing_chapters_are_gone(tmp_path: Path) -> None:
    head = """#set page(header: context {
      let n = counter(page).get().first()
      if calc.odd(n) [#h(1fr) Tarn 19 workshop manual] else [Chapter of page #n #h(1fr) Depot works]
    }, footer: context align(center, counter(page).display("1")))
    """
    parsed = parse(tmp_path, head + pages(8))
    assert "Tarn 19 workshop" not in texts(parsed)
    assert "Depot works" not in texts(parsed)
    assert "Chapter of page" not in texts(parsed)
    assert "It weighs 56 kg." in texts(parsed)
    assert parsed.page_labels == tuple(map(str, range(1, 9)))


ROWS = ", ".join(f"[P0A{n:02}], [Contactor {n} is stuck], [Replace contactor {n}]" for n in range(150))


@pytest.mark.parametrize(
    "source",
    [
        "#table(columns: (1fr, 2fr, 2fr), table.header([Code], [Meaning], [Remedy]), ROWS)",
        "#set page(header: [Tarn 19 manual])\n#table(columns: (1fr, 2fr, 2fr), table.header([Code], [Meaning], [Remedy]), ROWS)",
        "#set page(margin: 45pt)\n#table(columns: (1fr, 2fr, 2fr), stroke: none, table.header([Code], [Meaning], [Remedy]), ROWS)",
        "#set page(margin: 60pt, header: [Tarn 19])\n#table(columns: 3, stroke: none, table.header([Code], [Meaning], [Remedy]), ROWS)",
        "#set page(margin: 45pt)\n#table(columns: 4, stroke: none, table.header([No.], [Address], [Min], [Max]), NUMBERS)",
    ],
)
def test_heads_and_rows_of_a_table_that_goes_on_are_no_furniture(tmp_path: Path, source: str) -> None:
    numbers = ", ".join(f"[{n}], [{n * 8}], [0], [{n % 10}]" for n in range(150))
    path = typst_pdf(tmp_path, source.replace("ROWS", ROWS).replace("NUMBERS", numbers))
    document = pdfium.PdfDocument(path)
    pages = [read_page(document[index], index + 1) for index in range(len(document))]
    document.close()
    assert len(pages) >= 3
    gone = {line.text for own in find_furniture(pages).lines for line in own}
    assert gone == ({"Tarn 19 manual", "Tarn 19"} & {word for word in ("Tarn 19 manual", "Tarn 19") if f"[{word}]" in source})


def test_a_section_title_set_again_on_each_of_its_pages_stays_once(tmp_path: Path) -> None:
    title = '#text(16pt, weight: "bold")[{}]\n\n'
    body = pages(9).split(BREAK)
    source = BREAK.join(title.format("OPERATION" if page < 4 else "MAINTENANCE") + text for page, text in enumerate(body))
    parsed = parse(tmp_path, '#set page(header: [Tarn 19 manual #v(12pt)], numbering: "1")\n' + source)
    assert texts(parsed).count("OPERATION") == 1
    assert texts(parsed).count("MAINTENANCE") == 1
    assert [block.page for block in parsed.blocks if block.text in ("OPERATION", "MAINTENANCE")] == [1, 5]


def test_headings_at_the_top_of_pages_stay(tmp_path: Path) -> None:
    source = BREAK.join(f"= {name}\n{FILLER}" for name in ("Safety", "Tools", "Charging", "Faults", "Storage"))
    parsed = parse(tmp_path, '#set page(header: [Tarn 19 manual #h(1fr) Depot], numbering: "1 / 1")\n' + source)
    assert [block.text for block in parsed.blocks if block.kind == "heading"] == ["Safety", "Tools", "Charging", "Faults", "Storage"]
    assert "Tarn" not in texts(parsed)


def test_footnotes_of_one_wording_stay_and_download_stamps_go(tmp_path: Path) -> None:
    note = "#footnote[See the document about programming the controller for more details.]"
    body = pages(12).split(BREAK)
    source = BREAK.join(text + (note if page in (2, 5, 8) else "") for page, text in enumerate(body))
    stamp = "#set page(footer: text(7pt)[Downloaded by user 4711 from the dealer portal. Uncontrolled when printed.])\n"
    parsed = parse(tmp_path, stamp + source)
    assert texts(parsed).count("programming the controller") == 3
    assert "Downloaded" not in texts(parsed)


@pytest.mark.parametrize("mark", ["text(90pt, fill: luma(215))[DRAFT]", "rotate(45deg, text(80pt, fill: luma(215))[CONFIDENTIAL])"])
@pytest.mark.parametrize("n_pages", [1, 4])
def test_watermarks_are_in_no_block_and_cut_no_text(tmp_path: Path, mark: str, n_pages: int) -> None:
    parsed = parse(tmp_path, f"#set page(background: {mark})\n" + pages(n_pages))
    assert "DRAFT" not in texts(parsed)
    assert "CONFIDENTIAL" not in texts(parsed)
    assert [block.text for block in parsed.blocks if block.page == 1] == [f"Module A is part of the pack. {FILLER}", "It weighs 7 kg."]


def test_a_large_grey_title_is_no_watermark(tmp_path: Path) -> None:
    parsed = parse(tmp_path, f"#text(40pt, fill: luma(130))[Tarn 19]\n\n{FILLER}")
    assert "Tarn 19" in texts(parsed)


def test_on_one_page_the_number_and_the_line_of_rights_are_gone(tmp_path: Path) -> None:
    foot = "#set page(footer: text(7pt)[© 2024 Depot works. All rights reserved. #h(1fr) Page 1 of 1])\n"
    parsed = parse(tmp_path, foot + pages(1))
    assert [block.text for block in parsed.blocks] == [f"Module A is part of the pack. {FILLER}", "It weighs 7 kg."]
    assert parsed.page_labels == ("1",)


def test_pages_said_to_be_blank_have_no_blocks(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path, pages(1) + BREAK + "#v(1fr) #align(center)[This page is intentionally left blank.] #v(1fr)" + BREAK + pages(1, 2)
    )
    assert {block.page for block in parsed.blocks} == {1, 3}


def test_roman_front_matter_and_arabic_body_are_both_read(tmp_path: Path) -> None:
    front = '#set page(numbering: "i")\n' + pages(3) + '\n#set page(numbering: "1")\n#counter(page).update(1)\n' + pages(4, 4)
    assert parse(tmp_path, front).page_labels == ("i", "ii", "iii", "1", "2", "3", "4")


def test_chapter_numbers_are_read(tmp_path: Path) -> None:
    numbers = [(chapter, page) for chapter in (1, 2) for page in (1, 2, 3)]
    source = [f"#set page(footer: [Tarn 19 #h(1fr) {chapter}-{page}])\n{pages(1, 3 * chapter + page)}" for chapter, page in numbers]
    assert parse(tmp_path, "\n".join(source)).page_labels == ("1-1", "1-2", "1-3", "2-1", "2-2", "2-3")


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        ([["Manual 2019"], ["2 | Manual 2019"], ["Manual 2019 | 3"], ["4 | Manual 2019"]], ["", "2", "3", "4"]),
        ([["- 5 -"], ["- 6 -"], [], ["- 8 -"]], ["5", "6", "7", "8"]),
        ([["1/2"], ["2/2"], ["1/2"], ["2/2"], ["1/2"], ["2/2"]], ["", "", "", "", "", ""]),
        ([["W H I T E | 8"], ["W H I T E | 9"], ["W H I T E | 1 0"], ["W H I T E | 1 1"]], ["8", "9", "10", "11"]),
        ([["第 1 页 共 3 页"], ["第 2 页 共 3 页"], ["第 3 页 共 3 页"]], ["1", "2", "3"]),
        ([["Rev. 1.2"], ["Rev. 1.2"], ["Rev. 1.2"]], ["", "", ""]),
        ([["Addendum-Page 1"], ["Addendum-Page 2"], ["Addendum-Page 3"]], ["1", "2", "3"]),
    ],
)
def test_a_number_that_goes_up_from_page_to_page_is_the_page_number(lines: list[list[str]], labels: list[str]) -> None:
    assert printed_labels(lines) == labels


@pytest.mark.parametrize(
    ("declared", "printed", "kept"),
    [
        (["i", "ii", "1", "2"], ["", "", "1", "2"], ("i", "ii", "1", "2")),
        (["1", "2", "3", "4"], ["", "", "1", "2"], ("", "", "1", "2")),
        (["4-1", "4-2"], ["", ""], ("4-1", "4-2")),
        ([], ["1", "2"], ("1", "2")),
        (["C" * 300, "1", "2"], ["", "1", "2"], ("", "1", "2")),
    ],
)
def test_declared_labels_hold_unless_the_pages_print_others(declared: list[str], printed: list[str], kept: tuple[str, ...]) -> None:
    assert page_labels(declared, printed) == kept


def test_printed_numbers_win_over_labels_that_only_count_the_pages(tmp_path: Path) -> None:
    path = typst_pdf(tmp_path, "#set page(footer: context align(center, str(counter(page).get().first() + 40)))\n" + pages(4))
    writer = pypdf.PdfWriter(clone_from=path)
    label = DictionaryObject({NameObject("/S"): NameObject("/D"), NameObject("/P"): TextStringObject("")})
    writer.root_object[NameObject("/PageLabels")] = DictionaryObject({NameObject("/Nums"): ArrayObject([NumberObject(0), label])})
    writer.write(tmp_path / "counted.pdf")
    assert parse_pdf(tmp_path / "counted.pdf", "d", 10).page_labels == ("41", "42", "43", "44")
