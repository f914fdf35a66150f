"""Codes in chunks: which row or line defines each, and `evdocs lookup` over an ingested manual."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdfs import FILLER, typst_pdf
from rich.console import Console

from ingest.codes import with_codes
from ingest.progress import Progress
from ingest.run import ingest
from service.core.settings import load
from service.core.types import Cell, Chunk, Part
from service.lookup import lookup

MANUAL = f"""
= Faults
{FILLER}
#table(columns: (60pt, 150pt, 150pt), [Code], [Meaning], [Remedy],
  [P0A80], [Pack worn out], [Replace the pack],
  [P0A08], [Converter status], [Check the 12 V supply])
= Connector
#table(columns: (60pt, 200pt), [Pin], [Signal], [7], [HVIL_OUT], [14], [CAN_H])
After P0A80 the contactors stay open. {FILLER}
"""


def chunk_of(text: str, *parts: Part) -> Chunk:
    return Chunk("c1", "d1", 0, text, "", (), 1, 1, "paragraph", parts, 10)


def test_a_row_defines_the_code_in_its_first_cell_and_only_mentions_the_others() -> None:
    text = "P0A80 Pack worn out, see P0A08"
    row = Part(0, len(text), 4, "table_row", cells=(Cell("Code", 0, 5), Cell("Meaning", 6, len(text), column=1)))
    (chunk,), found = with_codes([chunk_of(text, row)])
    assert chunk.codes == ("p0a08", "p0a80")
    assert {(item.key, item.defines, item.page) for item in found} == {("p0a80", True, 4), ("p0a08", False, 4)}


def test_a_bare_number_takes_its_name_from_the_column_head() -> None:
    text = "14 CAN_H"
    row = Part(0, len(text), 2, "table_row", cells=(Cell("Pin", 0, 2), Cell("Signal", 3, 8, column=1)))
    _, found = with_codes([chunk_of(text, row)])
    assert {(item.key, item.defines) for item in found} == {("pin:14", True), ("can_h", True)}


def test_a_line_that_opens_with_a_code_defines_it_and_a_sentence_about_it_does_not() -> None:
    opens, mentions = "E07: contactor welded", "Reset after E07 is gone"
    text = f"{opens}\n{mentions}"
    parts = (Part(0, len(opens), 1, "paragraph"), Part(len(opens) + 1, len(text), 1, "paragraph"))
    _, found = with_codes([chunk_of(text, *parts)])
    assert [item.defines for item in found if item.key == "e07"] == [True, False]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codes")
    typst_pdf(folder, MANUAL, "faults.pdf")
    report = ingest([folder / "faults.pdf"], load(home=folder / "home"), Progress(Console(quiet=True)))
    assert report.exit_code == 0
    return folder / "home"


def test_lookup_gives_the_definition_row_first(home: Path) -> None:
    body = lookup(load(home=home), "p0a80")
    assert body["found"][0]["defines"]
    assert "Pack worn out" in body["found"][0]["text"]
    assert {item["code"] for item in body["found"]} == {"P0A80"}


def test_lookup_never_passes_off_a_near_miss(home: Path) -> None:
    body = lookup(load(home=home), "P0A88")
    assert body["found"] == []
    assert body["similar"] == ["p0a08", "p0a80"]


def test_lookup_finds_pins_by_number(home: Path) -> None:
    assert "CAN_H" in lookup(load(home=home), "pin 14")["found"][0]["text"]
