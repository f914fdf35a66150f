"""`evdocs docs set`: corrections by hand are checked, kept by the hash of the file, applied at once and again at every ingest."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from pdfs import typst_pdf
from rich.console import Console

from ingest.metadata.corrections import corrections_path, parse_assignments, read_corrections
from ingest.progress import Progress
from ingest.run import ingest, published, set_fields
from service.cli import main
from service.core.errors import InvalidRequest, UnknownDocument
from service.core.manifest import current_build_id
from service.core.settings import Settings, load
from service.core.types import Document
from service.views import document_summary, document_view


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("revision", "field=value"),
        ("colour=red", "no field colour"),
        ("date=2021-02-30", "date"),
        ("date=March", "date"),
        ("language=English", "language"),
        ("title=", "title"),
        ("revision=" + "x" * 201, "200"),
        ("revision=a\x00b", "printable"),
        ("product=" + ",".join(f"P{number}" for number in range(21)), "at most 20"),
    ],
)
def test_what_is_no_correction_is_refused_and_named(assignment: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        parse_assignments([assignment])


def test_assignments_become_values() -> None:
    values = parse_assignments(["product=B, A", "product=C", "doc_type=Service Manual", "date=2021-03", "revision=", "language=zh-Hant"])
    assert values == {"product": ["A", "B", "C"], "doc_type": "service_manual", "date": "2021-03", "revision": "", "language": "zh-Hant"}


def test_a_damaged_corrections_file_is_not_thrown_away(tmp_path: Path) -> None:
    corrections_path(tmp_path).write_text("{")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_corrections(tmp_path)
    corrections_path(tmp_path).write_text('{"ab": {"colour": "red"}}')
    with pytest.raises(InvalidRequest, match="form"):
        read_corrections(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manuals")
    body = "\n".join(f"= {word}\n{word} the pump as the plan shows, with care." for word in ("Mounting", "Wiring", "Starting"))
    typst_pdf(folder, "#text(20pt)[Pump PX100 Manual]\\ Revision 1\n" + body, "px100-manual-old.pdf")
    typst_pdf(folder, "#text(20pt)[Pump PX100 Manual]\\ Revision 2\n" + body + " Mind the seal.", "px100-manual.pdf")
    return folder


@pytest.fixture(scope="module")
def indexed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("indexed")
    ingest([folder], load({}, home=home, threads=1), progress())
    return home


@pytest.fixture
def settings(indexed: Path, tmp_path: Path) -> Settings:
    """A home folder of its own, with both manuals in it."""
    shutil.copytree(indexed, tmp_path / "home")
    return load({}, home=tmp_path / "home", threads=1)


def progress() -> Progress:
    return Progress(Console(file=io.StringIO()))


def document(settings: Settings, file: str) -> Document:
    return next(entry.document for entry in published(settings.home) if entry.document.file == file)


def test_a_correction_is_applied_at_once_kept_at_the_next_ingest_and_taken_back(folder: Path, settings: Settings) -> None:
    old, new = document(settings, "px100-manual-old.pdf"), document(settings, "px100-manual.pdf")
    assert (old.revision, new.revision, old.superseded_by, new.superseded_by) == ("1", "2", new.document_id, "")
    first_build = current_build_id(settings.home)

    set_fields("px100-manual-old.pdf", ["revision=3", "product=PX300"], [], settings, progress())
    old, new = document(settings, "px100-manual-old.pdf"), document(settings, "px100-manual.pdf")
    assert (old.revision, old.product) == ("3", ("PX300",))
    assert {origin.field: (origin.source, origin.confidence) for origin in old.origins}["revision"] == ("corrected by hand", 1.0)
    assert new.superseded_by == ""  # another product now: no revision of it any more
    assert current_build_id(settings.home) != first_build

    assert not ingest([folder], settings, progress()).changed
    (folder / "px100-manual-old.pdf").rename(folder / "renamed.pdf")
    ingest([folder], settings, progress())
    assert document(settings, "renamed.pdf").revision == "3"

    set_fields("renamed.pdf", [], ["revision", "product"], settings, progress())
    assert document(settings, "renamed.pdf").revision == "1"
    assert read_corrections(settings.home) == {}
    with pytest.raises(UnknownDocument):
        set_fields("nobody.pdf", ["revision=1"], [], settings, progress())


def test_the_command_line_and_the_api_tell_where_each_field_comes_from(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    home = ["--home", str(settings.home)]
    assert main(["docs", "set", "px100-manual.pdf", "manufacturer=Acme", *home]) == 0
    shown = capsys.readouterr().out
    assert "Acme   (corrected by hand, 1)" in shown
    assert "(title page, 0.95)" in shown
    assert main(["docs", "show", "px100-manual.pdf", "--json", *home]) == 0
    assert {"field": "manufacturer", "source": "corrected by hand", "confidence": 1.0} in json.loads(capsys.readouterr().out)["origins"]
    assert main(["docs", "list", *home]) == 0
    assert "1 (superseded)" in capsys.readouterr().out
    assert main(["docs", "set", "px100-manual.pdf", "colour=red", *home]) != 0
    assert main(["docs", "set", "px100-manual.pdf", *home]) != 0
    view = document_view(document(settings, "px100-manual-old.pdf"))
    assert {origin["field"] for origin in view["origins"]} >= {"title", "revision", "superseded_by"}
    assert "origins" not in document_summary(document(settings, "px100-manual-old.pdf"))
