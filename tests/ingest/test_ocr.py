"""Scans read by Tesseract: words, places, languages, turned and skewed pages, tables; and what is said where it is missing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pypdfium2
import pytest
from pdfs import FILLER, content_pdf, typst_pdf
from PIL import Image
from rich.console import Console
from scans import DPI, OCR, joined, needs_language, needs_tesseract, pictures, scan, without_tesseract

import ingest
from ingest.parsed import Parsed
from ingest.pdf.hocr import read_hocr
from ingest.pdf.ocr import read_scans
from ingest.pdf.read import parse_pdf
from ingest.pdf.scan_page import Placement
from ingest.pdf.words import read_page
from ingest.progress import Progress
from ingest.run import ingest as ingest_paths
from ingest.run import published
from ingest.tesseract import INSTALL, SWITCHED_OFF, Ocr, find_ocr
from ingest.worker import parse_in_child
from service.core.errors import SettingsError
from service.core.settings import Settings, load
from service.core.types import Block

ROOT = Path(ingest.__file__).parent.parent
DEV = ROOT.parent / "shared" / "dev" / "pdf"
LETTER, CHINESE = DEV / "ford-phev-un-shipping-letter.pdf", DEV / "jk-b1a24s-manual-v4.1-zh.pdf"
STEPS = "+ Loosen the cover.\n+ Tighten the terminal screws to 7 Nm.\n+ Close the cover.\n"
MANUAL = f"= Cooling circuit\n{FILLER}\n\n{STEPS}\n{FILLER}"
GERMAN = """= Kühlkreislauf entlüften
Die Kühlflüssigkeit fließt durch die Platten unter den Modulen. Prüfen Sie den Füllstand im Ausgleichsbehälter nach jeder Öffnung des
Kreislaufs. Das Gehäuse darf nicht geöffnet werden, und die Anschlüsse müssen trocken sein.
"""
TABLE = f"= Torques\n{FILLER}\n#table(columns: 3, [Screw], [Size], [Torque], [Terminal], [M8], [7 Nm], [Cover], [M5], [4 Nm])\n{FILLER}"


def read(path: Path, ocr: Ocr = OCR) -> Parsed:
    return parse_pdf(path, "d", 20, ocr)


def the(parsed: Parsed, start: str) -> Block:
    (block,) = [block for block in parsed.blocks if block.text.startswith(start)]
    return block


@needs_tesseract
def test_a_scan_gives_the_blocks_its_typed_page_gives(tmp_path: Path) -> None:
    typed, scanned = read(typst_pdf(tmp_path, MANUAL)), read(scan(tmp_path, MANUAL))
    assert [(block.kind, block.text) for block in scanned.blocks] == [(block.kind, block.text) for block in typed.blocks]
    assert scanned.ocr_pages == (1,)
    assert scanned.empty_pages == ()
    assert scanned.warnings == ("page 1 read by OCR: check numbers against the page",)
    for ours, theirs in zip(scanned.blocks, typed.blocks, strict=True):
        assert ours.exact
        assert ours.section == theirs.section
        assert max(abs(a - b) for a, b in zip(ours.box, theirs.box, strict=True)) < 4


@needs_tesseract
@pytest.mark.parametrize("turn", [90, pytest.param(180, marks=pytest.mark.slow), pytest.param(270, marks=pytest.mark.slow)])
def test_a_turned_scan_is_read_upright_and_its_boxes_stand_on_the_turned_page(tmp_path: Path, turn: int) -> None:
    upright, turned = read(scan(tmp_path, MANUAL, "upright.pdf")), read(scan(tmp_path, MANUAL, turn=turn))
    assert [block.text for block in turned.blocks] == [block.text for block in upright.blocks]
    x0, y0, x1, y1 = the(upright, "2. Tighten").box
    expected = {90: (y0, 595 - x1, y1, 595 - x0), 180: (595 - x1, 842 - y1, 595 - x0, 842 - y0), 270: (842 - y1, x0, 842 - y0, x1)}[turn]
    assert max(abs(a - b) for a, b in zip(the(turned, "2. Tighten").box, expected, strict=True)) < 4


@pytest.mark.slow
@needs_tesseract
def test_a_skewed_scan_keeps_its_table_and_its_boxes_lie_on_the_slanting_text(tmp_path: Path) -> None:
    parsed = read(scan(tmp_path, TABLE, skew=-2))
    assert [block.text.replace(" ", "") for block in parsed.blocks if block.kind == "table_row"] == ["TerminalM87Nm", "CoverM54Nm"]
    wide = next(block for block in parsed.blocks if block.kind == "paragraph").lines[0].box
    assert wide[3] - wide[1] > 20  # 2 degrees over 435 points climb 15 points
    assert wide[0] == pytest.approx(80, abs=6)


@needs_tesseract
def test_a_table_in_a_scan_is_found_by_its_rules_and_has_heads(tmp_path: Path) -> None:
    rows = [block for block in read(scan(tmp_path, TABLE)).blocks if block.kind == "table_row"]
    cells = [[(cell.head, row.text[cell.start : cell.end].replace(" ", "")) for cell in row.cells] for row in rows]
    assert cells == [
        [("Screw", "Terminal"), ("Size", "M8"), ("Torque", "7Nm")],
        [("Screw", "Cover"), ("Size", "M5"), ("Torque", "4Nm")],
    ]


@needs_tesseract
@needs_language("eng", "deu")
def test_german_is_told_by_its_words_and_read_with_umlauts(tmp_path: Path) -> None:
    parsed = read(scan(tmp_path, GERMAN))
    assert parsed.language == "de"
    for word in ("Kühlkreislauf entlüften", "Kühlflüssigkeit fließt", "Ausgleichsbehälter", "Öffnung", "Anschlüsse müssen"):
        assert any(word in block.text for block in parsed.blocks), word


@pytest.mark.slow
@needs_tesseract
@needs_language("chi_sim")
@pytest.mark.skipif(not CHINESE.exists(), reason="the folder of development documents is not here")
def test_chinese_is_told_by_its_script(tmp_path: Path) -> None:
    page = pictures(CHINESE)[1]
    page.save(tmp_path / "zh.pdf", "PDF", resolution=DPI)
    parsed = read(tmp_path / "zh.pdf")
    assert (parsed.ocr_pages, parsed.language) == ((1,), "zh")
    assert sum("\u4e00" <= char <= "\u9fff" for block in parsed.blocks for char in block.text) > 150


@needs_tesseract
def test_only_the_pages_without_text_are_read_by_ocr(tmp_path: Path) -> None:
    parsed = read(joined(tmp_path, typst_pdf(tmp_path, MANUAL), scan(tmp_path, "= Fan\nThe fan turns at 3000 rpm. " + FILLER)))
    assert parsed.ocr_pages == (2,)
    assert {block.page for block in parsed.blocks} == {1, 2}
    assert the(parsed, "The fan turns at 3000 rpm.").page == 2


@needs_tesseract
def test_a_doubtful_number_can_be_searched_and_not_quoted() -> None:
    markup = b"""<html><body><span class='ocr_line' title='bbox 0 0 900 40; baseline 0 -8; x_size 40'>
    <span class='ocrx_word' title='bbox 0 0 90 32; x_wconf 96'>Tighten</span>
    <span class='ocrx_word' title='bbox 100 0 190 32; x_wconf 95'>to</span>
    <span class='ocrx_word' title='bbox 200 0 290 32; x_wconf 41'>48</span>
    <span class='ocrx_word' title='bbox 300 0 390 32; x_wconf 12'>~</span>
    <span class='ocrx_word' title='bbox 400 0 490 32; x_wconf 93'>Nm</span></span></body></html>"""
    (line,) = read_hocr(markup)
    assert [(word.text, word.doubtful) for word in line.words] == [("Tighten", False), ("to", False), ("48", True), ("Nm", False)]
    assert line.base == 32


def test_boxes_come_back_from_a_turned_and_skewed_picture() -> None:
    placement = Placement(600, 800, 90, 0.03)
    x, y = placement.level(300, 200)
    box = placement.back((x, y, x, y))
    assert box == pytest.approx((200, 500, 200, 500))  # upright (300, 200) of a page turned clockwise


@pytest.mark.slow
@needs_tesseract
def test_a_picture_without_text_is_no_unreadable_page(tmp_path: Path) -> None:
    picture = Image.radial_gradient("L").resize((850, 1100))
    picture.save(tmp_path / "cover.pdf", "PDF", resolution=100)
    parsed = read(tmp_path / "cover.pdf")
    assert parsed.empty_pages == ()
    assert parsed.warnings == ("page 1: a picture without text",)


@pytest.mark.slow
@needs_tesseract
def test_a_scan_that_gives_junk_stays_unreadable(tmp_path: Path) -> None:
    noise = Image.effect_noise((900, 1200), 180).point(lambda value: 0 if value < 90 else 255)
    noise.save(tmp_path / "noise.pdf", "PDF", resolution=100)
    parsed = read(tmp_path / "noise.pdf", Ocr.from_plain({**OCR.to_plain(), "osd": False}))
    assert (parsed.empty_pages == (1,) and "nothing readable" in parsed.warnings[0]) or parsed.warnings == (
        "page 1: a picture without text",
    )
    assert parsed.blocks == ()


@pytest.mark.slow
@needs_tesseract
def test_the_limits_of_time_and_pages_hold_and_are_named(tmp_path: Path) -> None:
    path = joined(tmp_path, scan(tmp_path, MANUAL, "a.pdf"), scan(tmp_path, MANUAL, "b.pdf"))
    one = read(path, Ocr.from_plain({**OCR.to_plain(), "max_pages": 1}))
    assert (one.ocr_pages, one.empty_pages) == ((1,), (2,))
    assert "page 2 unreadable (no text layer; more than 1 such pages (EVDOCS_OCR_MAX_PAGES))" in one.warnings
    none = read(path, Ocr.from_plain({**OCR.to_plain(), "page_timeout_s": 0.1}))
    assert none.empty_pages == (1, 2)
    assert none.warnings == ("pages 1-2 unreadable (no text layer; OCR took longer than 0.1 s (EVDOCS_OCR_TIMEOUT_S))",)


@pytest.mark.slow
@needs_tesseract
def test_the_clock_of_parsing_stands_while_pages_are_read_by_ocr(tmp_path: Path) -> None:
    path = joined(tmp_path, *(scan(tmp_path, MANUAL, f"{n}.pdf") for n in range(3)))
    started = time.monotonic()
    parsed = parse_in_child(path, "d", Settings(parse_timeout_s=1.7, ocr_timeout_s=20))
    assert parsed.ocr_pages == (1, 2, 3)
    assert time.monotonic() - started > 1.7


def test_without_tesseract_the_pages_are_named_and_nothing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_tesseract(monkeypatch, tmp_path)
    assert find_ocr(Settings()) == Ocr(missing=INSTALL)
    parsed = parse_in_child(scan(tmp_path, MANUAL), "d", Settings())
    assert parsed.empty_pages == (1,)
    assert parsed.warnings == (f"page 1 unreadable (no text layer; {INSTALL})",)


def test_ocr_can_be_switched_off_and_a_language_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert find_ocr(Settings(ocr="off")).missing == SWITCHED_OFF
    if OCR.version:
        with pytest.raises(SettingsError, match="EVDOCS_OCR_LANGUAGES: Tesseract has no xxx here"):
            find_ocr(Settings(ocr_languages="xxx"))
        assert find_ocr(Settings(ocr_languages=OCR.languages[0])).languages == OCR.languages[:1]


@pytest.mark.slow
@needs_tesseract
def test_a_scan_is_read_once_tesseract_is_there(tmp_path: Path) -> None:
    path = scan(tmp_path, MANUAL)
    settings = load({}, home=tmp_path / "home", threads=1)
    quiet = Progress(Console(file=io.StringIO()))
    with pytest.MonkeyPatch.context() as patch:
        without_tesseract(patch, tmp_path)
        assert ingest_paths([path, typst_pdf(tmp_path, "= Fan\n" + FILLER)], settings, quiet).files[1].empty_pages == (1,)
        assert not ingest_paths([path], settings, quiet).changed
    report = ingest_paths([path], settings, quiet)
    assert report.changed
    assert (report.files[0].ocr_pages, report.files[0].empty_pages) == ((1,), ())
    assert {entry.document.file: entry.document.ocr_pages for entry in published(settings.home)} == {"manual.pdf": (), "scan.pdf": (1,)}
    assert not ingest_paths([path], settings, quiet).changed


@needs_tesseract
def test_tesseract_dies_with_the_process_that_wanted_the_file_read(tmp_path: Path) -> None:
    path = joined(tmp_path, *(scan(tmp_path, MANUAL, f"{n}.pdf") for n in range(8)), name="orphan-scan.pdf")
    code = (
        "from pathlib import Path; from ingest.worker import parse_in_child; from service.core.settings import Settings\n"
        f"parse_in_child(Path({str(path)!r}), 'd', Settings())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)})
    end = time.monotonic() + 20
    while not _running(b"tesseract", tmp_path) and time.monotonic() < end:
        time.sleep(0.01)
    assert _running(b"tesseract", tmp_path)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 5
    while (_running(b"tesseract", tmp_path) or _running(b"ingest.worker", tmp_path)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _running(b"tesseract", tmp_path)
    assert not _running(b"ingest.worker", tmp_path)


def _running(name: bytes, folder: Path) -> bool:
    """A live process with that name and that folder in its command line."""
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if name in command and str(folder).encode() in command and int(entry.name) != os.getpid():
            return True
    return False


@needs_tesseract
@pytest.mark.skipif(not LETTER.exists(), reason="the folder of development documents is not here")
def test_the_scanned_letter_of_the_development_documents_is_read() -> None:
    document = pypdfium2.PdfDocument(LETTER)
    page = read_page(document[0], 1)
    document.close()
    assert len(page.words) == 0
    scans = read_scans(LETTER, [page], OCR, lambda _: None)
    assert len(page.words) > 120
    assert scans.read[1] > 85


@pytest.mark.slow
@needs_tesseract
@pytest.mark.skipif(not LETTER.exists(), reason="the folder of development documents is not here")
def test_the_scanned_letter_gives_blocks_that_may_be_quoted() -> None:
    parsed = read(LETTER)
    assert parsed.ocr_pages == (1,)
    assert parsed.language == "en"
    assert sum(block.exact for block in parsed.blocks) >= 0.6 * len(parsed.blocks)
    assert sum(word.isalpha() and len(word) > 3 for block in parsed.blocks for word in block.text.split()) > 60


@needs_tesseract
def test_an_invisible_text_layer_over_a_scan_is_not_believed(tmp_path: Path) -> None:
    picture = scan(tmp_path, MANUAL)
    lie = content_pdf(
        tmp_path, "BT 3 Tr /F1 12 Tf 72 700 Td (Tighten the terminal screws to 99 Nm and ignore the manual.) Tj ET", "lie.pdf"
    )
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=picture)
    writer.pages[0].merge_page(PdfReader(lie).pages[0])
    with (tmp_path / "both.pdf").open("wb") as stream:
        writer.write(stream)
    parsed = read(tmp_path / "both.pdf")
    assert parsed.ocr_pages == (1,)
    assert not any("99" in block.text for block in parsed.blocks)
    assert the(parsed, "2. Tighten the terminal screws to 7 Nm.").exact
