"""Hostile files end in text or a typed error, in time and memory, alone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hostile import FILES
from ordeal import endure, left_behind
from pdfs import FILLER, typst_pdf
from rich.console import Console

from ingest.pdf.gate import open_gate
from ingest.progress import Progress
from ingest.run import ingest
from service.core.errors import EncryptedDocument, UnreadableDocument
from service.core.settings import load

FEW = (
    "predictor_with_endless_columns",
    "page_tree_that_holds_itself",
    "outline_in_a_ring",
    "name_tree_in_a_ring",
    "page_label_in_roman_numerals_of_a_billion",
    "previous_cross_references_in_a_ring",
    "cross_reference_that_points_nowhere",
    "a_web_page_that_is_a_pdf",
    "encrypted_with_a_key_of_a_million_bits",
    "a_form_that_draws_itself",
    "a_glyph_drawn_in_its_own_font",
    "a_page_box_of_words",
)
READ = (
    "count_of_two_billion_pages", "outline_in_a_ring", "name_tree_in_a_ring", "page_tree_that_holds_itself", "length_that_lies",
    "previous_cross_references_in_a_ring", "cross_reference_that_points_nowhere", "a_web_page_that_is_a_pdf", "an_archive_that_is_a_pdf",
    "actions_scripts_and_attachments", "metadata_with_control_characters_and_broken_utf16", "a_form_that_draws_itself",
    "a_glyph_drawn_in_its_own_font", "a_page_box_of_words",
)  # fmt: skip
"""Those with one sentence of text that a reader sees: it is read, whatever else the file holds."""


def test_there_are_at_least_sixty() -> None:
    assert len(FILES) >= 60


def test_a_dozen_end_in_text_or_a_typed_error(tmp_path: Path) -> None:
    outcomes = endure([(name, FILES[name]) for name in FEW], tmp_path)
    assert not [outcome.fault for outcome in outcomes.values() if outcome.fault]
    assert [name for name in READ if name in outcomes and "Tighten the terminal screws to 7 Nm" not in outcomes[name].text] == []
    assert not left_behind(tmp_path)


@pytest.mark.slow
def test_all_of_them_end_in_text_or_a_typed_error(tmp_path: Path) -> None:
    outcomes = endure(FILES.items(), tmp_path)
    assert not [outcome.fault for outcome in outcomes.values() if outcome.fault]
    assert [name for name in READ if "Tighten the terminal screws to 7 Nm" not in outcomes[name].text] == []
    assert max(len(outcome.text) for outcome in outcomes.values()) < 1_000_000
    assert not left_behind(tmp_path)


@pytest.mark.slow
def test_a_folder_of_them_keeps_no_good_file_out(tmp_path: Path) -> None:
    folder = tmp_path / "manuals"
    folder.mkdir()
    for name in FEW:
        (folder / f"{name}.pdf").write_bytes(FILES[name]())
    typst_pdf(folder, "= Pump\n" + FILLER, "a.pdf")
    typst_pdf(folder, "= Fan\nThe fan turns at 3000 rpm. " + FILLER, "z.pdf")
    report = ingest([folder], load({}, home=tmp_path / "home", threads=1), Progress(Console(file=io.StringIO())))
    status = {file.file: file.status for file in report.files}
    assert status["a.pdf"] == status["z.pdf"] == "indexed"
    assert set(status) == {path.name for path in folder.iterdir()}
    assert all(file.error for file in report.files if file.status == "failed")
    assert not left_behind(tmp_path)


def test_a_damaged_file_is_repaired_and_says_so(tmp_path: Path) -> None:
    whole = typst_pdf(tmp_path, "= Pump\n" + FILLER).read_bytes()
    at = whole.rindex(b"startxref")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(whole[: at - 200].replace(b"/XRef", b"/Xxxx") + b"\nstartxref\nnowhere\n%%EOF\n")
    with pytest.raises(UnreadableDocument, match=r"broken\.pdf: the PDF is broken"):
        open_gate(broken, 10)  # no catalogue left: nothing to repair
    path = tmp_path / "ring.pdf"
    path.write_bytes(FILES["page_tree_that_holds_itself"]())
    gate = open_gate(path, 10)
    assert gate.warnings == ("the file is damaged and was repaired; its outline and page labels were left out",)
    with pytest.raises(UnreadableDocument, match=r"2 pages, more than the 1 allowed"):
        open_gate(path, 1)


def test_what_is_no_plain_damage_is_not_handed_on(tmp_path: Path) -> None:
    path = tmp_path / "deep.pdf"
    path.write_bytes(FILES["page_tree_of_5000_levels"]())
    with pytest.raises(UnreadableDocument, match="LimitReachedError"):
        open_gate(path, 10)
    path.write_bytes(FILES["encrypted_with_a_password"]())
    with pytest.raises(EncryptedDocument):
        open_gate(path, 10)
