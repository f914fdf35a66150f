"""Safety notices: their words, their boxes in all the forms manuals have, and sentences and tables that only look like them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import FILLER, typst_pdf

from ingest.notices import level_of_line, level_of_text
from ingest.pdf.read import parse_pdf
from service.core.types import Block

LIVE = "Touching live parts kills. Pull the service plug and wait five minutes."
MEASURE = "Measure at both terminals before you touch the busbars."
OWN_LINE = f"{LIVE} \\ {MEASURE}"


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
        ("【小心】请勿短路。", "caution"),
        ("提示 请先充电。", "notice"),
        ("AVERTISSEMENT : débrancher d'abord.", "warning"),
        ("Peligro: alta tensión.", "danger"),
        ("Important note: the cap stays on.", "notice"),
        ("Wichtiger Hinweis: Kappe nicht abnehmen.", "notice"),
        ("WARNING – Hot surface.", "warning"),
        ("Note 2: Measured at 25 °C.", "notice"),
        ("DANGER of electric shock.", "danger"),
        ("DANGER HIGH VOLTAGE", "danger"),
        ("⚠ Do not open the case.", "warning"),
        ("⚡ Lebensgefahr im Gehäuse.", "danger"),
        ("CAUTI ON: Hot.", "caution"),
        ("Please note: it is closed.", "notice"),
    ],
)
def test_a_signal_word_gives_the_level(text: str, level: str) -> None:
    assert level_of_text(text) == level


@pytest.mark.parametrize(
    "text",
    [
        "Note that the lamp is off.", "Warning lamps are yellow.", "Danger zones are marked.", "Notebook: closed.", "注意事项如下",
        "WARNING LAMPS", "WARNING lamp on", "Warning Status (EW):", "IMPORTANT NOTICE AND DISCLAIMER", "Caution is advised here.",
        "(Note 1)", "HIGH VOLTAGE MEASUREMENT", "Attention to layout is critical.", "警告灯亮", "NOTE that it is closed.", "Warning - 5",
        "Please note that it is closed.", "High voltage",
    ],
)  # fmt: skip
def test_a_sentence_or_title_that_begins_with_such_a_word_is_no_notice(text: str) -> None:
    assert level_of_text(text) is None


def test_a_line_of_nothing_but_the_word_is_recognised() -> None:
    assert level_of_line("⚠ WARNING") == "warning"
    assert level_of_line("GEFAHR / DANGER") == "danger"
    assert level_of_line("WAR- NUNG") == "warning"
    assert level_of_line("DANGE R") == "danger"
    assert level_of_line("WARNING LAMP") is None


def test_a_plural_is_a_title_unless_a_box_or_a_colon_sets_it_off() -> None:
    assert level_of_line("Notes") is None
    assert level_of_line("Notes:") == "notice"
    assert level_of_line("Warnings", boxed=True) == "warning"


def _notices(folder: Path, source: str) -> tuple[list[tuple[str | None, str]], list[Block]]:
    blocks = list(parse_pdf(typst_pdf(folder, source), "d", 10).blocks)
    return [(block.level, block.text) for block in blocks if block.kind == "notice"], blocks


_FORMS = {
    "framed": f"#rect(width: 100%, inset: 8pt)[*DANGER* \\ {OWN_LINE}]",
    "framed, two paragraphs": f"#rect(width: 100%, inset: 8pt)[*DANGER* \n\n {LIVE}\n\n{MEASURE}]",
    "shaded": f"#block(fill: luma(230), width: 100%, inset: 8pt)[*DANGER!* {LIVE}\n\n{MEASURE}]",
    "bar at the left": f"#block(stroke: (left: 3pt + red), inset: (left: 9pt, y: 2pt))[*DANGER* \\ {LIVE}\n\n{MEASURE}]",
    "bar on top": "#block(fill: red, width: 100%, inset: 5pt, below: 0pt)[#text(fill: white)[*DANGER*]]"
    f"#block(stroke: 1pt + red, width: 100%, inset: 7pt, above: 0pt)[{LIVE}\n\n{MEASURE}]",
    "between rules": f"#block(stroke: (top: 1pt, bottom: 1pt), inset: (y: 6pt))[#align(center)[*DANGER*] {LIVE}\n\n{MEASURE}]",
    "two cells": f"#table(columns: (80pt, 1fr), inset: 6pt, align: horizon, [*DANGER*], [{LIVE}\n\n{MEASURE}])",
    "table of two rows": f"#table(columns: (40pt, 1fr), inset: 6pt, [!], [*DANGER*], [], [{LIVE}\n\n{MEASURE}])",
    "beside its text": f"#grid(columns: (80pt, 1fr), align: horizon, [*DANGER*], [{LIVE} {MEASURE} {LIVE}])",
    "set in": f"#pad(left: 40pt)[*DANGER*\n\n{LIVE}\n\n{MEASURE}]",
    "sign before the word": "#grid(columns: (34pt, 1fr), align: horizon, polygon.regular(fill: red, size: 20pt),"
    f"[*DANGER*\n\n{LIVE} {MEASURE}])",
    "beside the first line": f"#rect(width: 100%, inset: 8pt)[*DANGER* #h(30pt) {LIVE} {MEASURE} {LIVE} {MEASURE}]",
}


@pytest.mark.parametrize("form", _FORMS)
def test_each_form_of_a_notice_is_one_block_with_its_whole_text(tmp_path: Path, form: str) -> None:
    found, blocks = _notices(tmp_path, f"= Opening the pack\n{FILLER}\n\n{_FORMS[form]}\n\n{FILLER}\n\n+ Open the cover.\n+ Close it.")
    assert [level for level, _ in found] == ["danger"]
    text = found[0][1]
    assert text.replace("!", "").startswith("DANGER Touching live parts")
    assert MEASURE in text
    assert [block.kind for block in blocks] == ["heading", "paragraph", "notice", "paragraph", "list_item", "list_item"]
    assert blocks[2].section == ("Opening the pack",)


def test_a_framed_notice_can_be_quoted(tmp_path: Path) -> None:
    _, blocks = _notices(tmp_path, f"{FILLER}\n\n{_FORMS['framed']}")
    assert blocks[-1].exact


def test_a_word_on_its_own_line_takes_the_paragraph_below_and_no_more(tmp_path: Path) -> None:
    found, blocks = _notices(tmp_path, f"{FILLER}\n\n*WARNING*\n\nThe busbars stay live for five minutes.\n\n{FILLER}")
    assert found == [("warning", "WARNING The busbars stay live for five minutes.")]
    assert len(blocks) == 3


def test_bullets_that_a_notice_announces_belong_to_it(tmp_path: Path) -> None:
    source = f"{FILLER}\n\n*CAUTION:* Before you begin:\n\n- wear gloves,\n- wear goggles.\n\n{FILLER}"
    found, blocks = _notices(tmp_path, source)
    assert found == [("caution", "CAUTION: Before you begin: wear gloves, wear goggles.")]
    assert [block.kind for block in blocks] == ["paragraph", "notice", "paragraph"]


def test_a_notice_on_the_next_line_of_a_step_is_a_block_of_its_own(tmp_path: Path) -> None:
    found, blocks = _notices(tmp_path, "+ Open the cover. \\ *WARNING:* The busbars are live.\n+ Pull the plug.")
    assert found == [("warning", "WARNING: The busbars are live.")]
    assert [block.kind for block in blocks] == ["list_item", "notice", "list_item"]
    assert len({block.group for block in blocks if block.kind == "list_item"}) == 1


def test_several_notices_in_one_frame_are_told_apart(tmp_path: Path) -> None:
    box = f"#rect(width: 100%, inset: 8pt)[*DANGER*\n\n{LIVE}\n\n*NOTICE*\n\nDo not lift the pack at its plugs.]"
    found, _ = _notices(tmp_path, f"{FILLER}\n\n{box}\n\n{FILLER}")
    assert found == [("danger", f"DANGER {LIVE}"), ("notice", "NOTICE Do not lift the pack at its plugs.")]


def test_a_notice_over_a_page_break_keeps_its_level(tmp_path: Path) -> None:
    found, _ = _notices(tmp_path, f"{FILLER}\n\n*WARNING*\n#pagebreak()\nThe busbars stay live for five minutes.\n\n{FILLER}")
    assert found == [("warning", "WARNING"), ("warning", "The busbars stay live for five minutes.")]


_TABLES = {
    "columns named so": "3, [*Code*], [*Warning*], [*Note*], [P1], [Cell voltage low], [Charge], [P2], [Hot], [Wait]",
    "a column of severities": "3, [*Code*], [*Severity*], [*Meaning*], [E1], [Warning], [Voltage is low], [E2], [Danger], [Hot]",
    "severities first": "3, [Warning], [E1], [Cell voltage is low], [Danger], [E2], [Isolation lost], [Note], [E3], [Log full]",
    "states": "2, [*Lamp*], [*State*], [Warning], [yellow], [Danger], [red]",
}


@pytest.mark.parametrize("form", _TABLES)
def test_a_table_that_uses_the_words_is_a_table(tmp_path: Path, form: str) -> None:
    found, blocks = _notices(tmp_path, f"{FILLER}\n\n#table(columns: {_TABLES[form]})\n\n{FILLER}")
    assert found == []
    assert any(block.kind == "table_row" for block in blocks)


def test_two_columns_of_text_are_no_signal_word_beside_its_text(tmp_path: Path) -> None:
    source = f"#columns(2)[{FILLER}\n\n*WARNING*\n\nThe busbars stay live.\n\n{FILLER}\n#colbreak()\n{FILLER} {FILLER} {FILLER}]"
    found, _ = _notices(tmp_path, source)
    assert found == [("warning", "WARNING The busbars stay live.")]


def test_a_large_title_that_is_such_a_word_heads_a_section(tmp_path: Path) -> None:
    found, blocks = _notices(tmp_path, f"= Important\n{FILLER}\n\n= Notes\n{FILLER}")
    assert found == []
    assert [block.kind for block in blocks] == ["heading", "paragraph", "heading", "paragraph"]


def test_a_box_broken_over_a_page_goes_on_as_a_notice_of_its_level(tmp_path: Path) -> None:
    box = f"#rect(width: 100%, inset: 8pt)[*DANGER* \n\n{LIVE}]#pagebreak()#rect(width: 100%, inset: 8pt)[{MEASURE}]"
    found, blocks = _notices(tmp_path, f"#v(580pt)\n{box}\n\n{FILLER}\n\n#rect(width: 100%, inset: 8pt)[Part number 12-345.]")
    assert found == [("danger", f"DANGER {LIVE}"), ("danger", MEASURE)]
    assert any("Part number" in block.text and block.kind == "paragraph" for block in blocks)


def test_a_box_at_the_head_of_a_page_is_no_notice_where_none_ended_the_page_before(tmp_path: Path) -> None:
    found, _ = _notices(tmp_path, f"{_FORMS['framed']}\n\n{FILLER}#pagebreak()#rect(width: 100%, inset: 8pt)[{MEASURE}]")
    assert [level for level, _ in found] == ["danger"]
