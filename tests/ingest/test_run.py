"""Whole ingest runs on real PDFs, real MiniLM, a real Edge shard and BM25 index."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from pdfs import encrypted_pdf, scanned_pdf, typst_pdf
from rich.console import Console

from ingest.progress import Progress
from ingest.report import Report, print_report
from ingest.run import ingest, published, remove
from service import wire
from service.core.catalogue import source_file
from service.core.errors import IndexIncompatible, UnknownDocument
from service.core.manifest import builds_dir, current_build_id
from service.core.settings import Settings, load


@pytest.fixture
def manuals(tmp_path: Path) -> Path:
    folder = tmp_path / "manuals"
    folder.mkdir()
    typst_pdf(folder, "= Pump manual\nTighten the pump screws with 9 Nm. The pump runs at 12 V.", "pump.pdf")
    typst_pdf(folder, "= Fan manual\nThe fan turns at 3000 rpm. Replace the fan belt every year.", "fan.pdf")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({}, home=tmp_path / "home", threads=1)


def run(settings: Settings, *paths: Path) -> Report:
    return ingest(paths, settings, Progress(Console(file=io.StringIO())))


def statuses(report: Report) -> dict[str, str]:
    return {file.file: file.status for file in report.files}


def ids_in_stores(settings: Settings) -> tuple[list[str], list[str]]:
    index = wire.open_index(settings, wire.load_embedder(settings))
    try:
        return index.vectors.chunk_ids(), index.lexical.chunk_ids()
    finally:
        index.close()


def test_a_second_run_does_nothing(manuals: Path, settings: Settings) -> None:
    first = run(settings, manuals)
    assert statuses(first) == {"fan.pdf": "indexed", "pump.pdf": "indexed"}
    assert first.changed
    assert first.exit_code == 0
    again = run(settings, manuals)
    assert statuses(again) == {"fan.pdf": "unchanged", "pump.pdf": "unchanged"}
    assert not again.changed
    assert again.build_id == first.build_id


def test_changed_added_and_removed_files_are_followed_in_both_stores(manuals: Path, settings: Settings) -> None:
    run(settings, manuals)
    before = {entry.document.file: entry.document.document_id for entry in published(settings.home)}
    typst_pdf(manuals, "= Pump manual\nTighten the pump screws with 11 Nm.", "pump.pdf")
    typst_pdf(manuals, "= Hose manual\nThe hose holds 4 bar.", "hose.pdf")
    (manuals / "fan.pdf").unlink()
    report = run(settings, manuals)
    assert statuses(report) == {"hose.pdf": "indexed", "pump.pdf": "indexed", "fan.pdf": "removed"}
    after = {entry.document.file: entry.document for entry in published(settings.home)}
    assert set(after) == {"hose.pdf", "pump.pdf"}
    assert after["pump.pdf"].document_id != before["pump.pdf"]
    dense, lexical = ids_in_stores(settings)
    assert dense == lexical
    assert len(dense) == report.n_chunks


def test_other_folders_documents_stay(manuals: Path, settings: Settings, tmp_path: Path) -> None:
    run(settings, manuals)
    other = tmp_path / "other"
    other.mkdir()
    typst_pdf(other, "= Valve manual\nThe valve opens at 2 bar.", "valve.pdf")
    report = run(settings, other)
    assert statuses(report) == {"valve.pdf": "indexed"}
    assert report.n_documents == 3
    shutil.rmtree(manuals)
    typst_pdf(other, "= Valve manual\nThe valve opens at 3 bar.", "valve.pdf")
    assert run(settings, other).n_documents == 3, "what this run does not speak for is kept from its own copy"
    assert all(source_file(settings.home, entry.document).is_file() for entry in published(settings.home))


def test_copies_of_one_file_are_indexed_once(manuals: Path, settings: Settings) -> None:
    shutil.copy(manuals / "pump.pdf", manuals / "pump-copy.pdf")
    report = run(settings, manuals)
    assert sorted(statuses(report).values()) == ["duplicate", "indexed", "indexed"]
    assert report.n_documents == 2


def test_a_copy_from_elsewhere_does_not_rename_what_is_indexed(manuals: Path, settings: Settings, tmp_path: Path) -> None:
    (manuals / "corpus.toml").write_text('[[document]]\nfile = "pump.pdf"\ntitle = "Pump P9"\n')
    run(settings, manuals)
    (tmp_path / "other").mkdir()
    shutil.copy(manuals / "pump.pdf", tmp_path / "other" / "upload.pdf")
    assert statuses(run(settings, tmp_path / "other")) == {"upload.pdf": "duplicate"}
    document = next(entry.document for entry in published(settings.home) if entry.document.title == "Pump P9")
    assert (document.file, document.aliases) == ("pump.pdf", ("upload.pdf",))


def test_files_that_cannot_be_read_are_named_and_the_others_come_in(manuals: Path, settings: Settings) -> None:
    encrypted_pdf(manuals, "secret", "locked.pdf")
    (manuals / "plain.pdf").unlink()
    (manuals / "broken.pdf").write_bytes(b"%PDF-1.7\nthis is not a document")
    (manuals / "empty.pdf").write_bytes(b"")
    scanned_pdf(manuals, "scan.pdf")
    settings = settings.model_copy(update={"ocr": "off"})
    report = run(settings, manuals)
    assert statuses(report) == {"fan.pdf": "indexed", "pump.pdf": "indexed", "scan.pdf": "indexed",
                                "broken.pdf": "failed", "empty.pdf": "failed", "locked.pdf": "failed"}  # fmt: skip
    assert report.exit_code == 1
    errors = {file.file: file.error for file in report.files if file.error}
    assert all(name in error for name, error in errors.items())
    assert "password" in errors["locked.pdf"]
    assert next(file for file in report.files if file.file == "scan.pdf").empty_pages == (1,)
    again = run(settings, manuals)
    assert not again.changed
    assert again.exit_code == 1
    console = Console(file=io.StringIO(), width=120)
    print_report(report, console)
    assert "locked.pdf" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_changed_file_that_cannot_be_read_leaves_its_earlier_version(manuals: Path, settings: Settings) -> None:
    run(settings, manuals)
    (manuals / "pump.pdf").write_bytes(b"%PDF-1.7\nspoiled")
    report = run(settings, manuals)
    assert statuses(report)["pump.pdf"] == "failed"
    assert "stays in the index" in next(file.error for file in report.files if file.error)
    assert {entry.document.file for entry in published(settings.home)} == {"pump.pdf", "fan.pdf"}


def test_a_run_that_finds_nothing_exits_2_and_touches_nothing(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "void").mkdir()
    report = run(settings, tmp_path / "void")
    assert report.exit_code == 2
    assert current_build_id(settings.home) is None


def test_a_document_can_be_removed_and_the_last_one_too(manuals: Path, settings: Settings) -> None:
    run(settings, manuals)
    progress = Progress(Console(file=io.StringIO()))
    assert remove("fan.pdf", settings, progress).n_documents == 1
    with pytest.raises(UnknownDocument):
        remove("fan.pdf", settings, progress)
    report = remove("pump.pdf", settings, progress)
    assert (report.n_documents, report.changed, report.exit_code) == (0, True, 0)
    assert current_build_id(settings.home) is None


def test_metadata_of_a_corpus_toml_reaches_the_documents_and_a_change_of_it_is_followed(manuals: Path, settings: Settings) -> None:
    toml = manuals / "corpus.toml"
    toml.write_text('[[document]]\nfile = "pump.pdf"\ntitle = "Pump P9"\nproduct = ["P9"]\nrevision = "B"\n')
    first = run(settings, manuals)
    document = next(entry.document for entry in published(settings.home) if entry.document.file == "pump.pdf")
    assert (document.title, document.product, document.revision) == ("Pump P9", ("P9",), "B")
    toml.write_text(toml.read_text().replace('"B"', '"C"'))
    assert run(settings, manuals).build_id != first.build_id


def test_old_builds_and_copies_are_pruned(manuals: Path, settings: Settings) -> None:
    for torque in range(4):
        typst_pdf(manuals, f"= Pump manual\nTighten the pump screws with {torque} Nm.", "pump.pdf")
        run(settings, manuals)
    assert len(list(builds_dir(settings.home).iterdir())) == settings.keep_builds
    assert len(list((settings.home / "files").iterdir())) == 1 + settings.keep_builds


def test_an_index_of_another_embedder_is_refused(manuals: Path, settings: Settings) -> None:
    run(settings, manuals)

    class Other:
        fingerprint = "other-1"

    with pytest.raises(IndexIncompatible, match="evdocs ingest"):
        wire.open_index(settings, Other())  # type: ignore[arg-type]
