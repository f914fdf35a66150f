"""Safety notices: their words, their boxes, and sentences that only look like them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import FILLER, typst_pdf

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.read import parse_pdf


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("DANGER! High voltage inside.", "danger"),
        ("Warning: hot surface.", "warning"),
        ("CAUTION Wear gloves.", "caution"),
        ("Note: the lamp is off.", "notice"),
        ("ATTENTION: disconnect first.", "warning"),
        ("⚠ WARNING Disconnect first.", "warning"),
        ("GEFAHR: Hochspannung.", "danger"),
        ("VORSICHT! Heiße Teile.", "caution"),
        ("Achtung: Stecker ziehen.", "warning"),
        ("Hinweis: Siehe Kapitel 3.", "notice"),
        ("警告：请断开电源。", "warning"),
        ("注意: 防止短路。", "caution"),
        ("危险！高压。", "danger"),
    ],
)
def test_a_signal_word_gives_the_level(text: str, level: str) -> None:
    assert level_of_text(text) == level


@pytest.mark.parametrize(
    "text", ["Note that the lamp is off.", "Warning lamps are yellow.", "Danger zones are marked.", "Notebook: closed.", "注意事项如下"]
)
def test_a_sentence_that_begins_with_such_a_word_is_no_notice(text: str) -> None:
    assert level_of_text(text) is None


def test_a_line_of_nothing_but_the_word_is_recognised() -> None:
    assert level_of_line("⚠ WARNING") == "warning"
    assert level_of_line("WARNING LAMP") is None


def test_a_box_is_one_notice_with_its_level(tmp_path: Path) -> None:
    text = "Touching live parts kills. Pull the service plug and wait five minutes. \\ Measure before you touch."
    box = f"#rect(width: 100%, inset: 8pt)[*DANGER* \\ {text}]"
    blocks = parse_pdf(typst_pdf(tmp_path, f"= Opening the pack\n{FILLER}\n\n{box}\n\n{FILLER}"), "d", 10).blocks
    assert [block.kind for block in blocks] == ["heading", "paragraph", "notice", "paragraph"]
    notice = blocks[2]
    assert notice.level == "danger"
    assert notice.text.startswith("DANGER Touching live parts kills.")
    assert notice.text.endswith("Measure before you touch.")
    assert notice.section == ("Opening the pack",)
    assert notice.exact


def test_a_word_on_its_own_line_takes_the_paragraph_below(tmp_path: Path) -> None:
    blocks = parse_pdf(typst_pdf(tmp_path, f"{FILLER}\n\n*WARNING*\n\nThe busbars stay live for five minutes.\n\n{FILLER}"), "d", 10).blocks
    notices = [block for block in blocks if block.kind == "notice"]
    assert [(notice.level, notice.text) for notice in notices] == [("warning", "WARNING The busbars stay live for five minutes.")]
    assert len(blocks) == 3
