"""Paths to sources: what is found, what is refused, and what a run speaks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.corpus import read_corpus
from service.core.errors import InvalidRequest

TOML = """
[[document]]
file = "manuals/a.pdf"
title = "Manual A"
product = "Tarn 19"
date = 2026-03-01

[[document]]
file = "gone.pdf"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "manuals").mkdir()
    for name in ("manuals/a.pdf", "manuals/B.PDF", "notes.rst", ".hidden.pdf", ".hidden.md", "~$draft.docx"):
        (tmp_path / name).write_bytes(b"%PDF-1.4")
    return tmp_path


def test_a_folder_gives_its_pdfs_at_any_depth(folder: Path) -> None:
    assert [source.path.name for source in read_corpus([folder]).sources] == ["B.PDF", "a.pdf"]


def test_a_folder_gives_documents_of_every_kind_a_readme_among_them(folder: Path) -> None:
    names = ["README.md", "guide.HTM", "letter.docx", "notes.txt", "old.markdown", "page.html"]
    for name in names:
        (folder / name).write_text("x")
    assert [source.path.name for source in read_corpus([folder]).sources if source.path.parent == folder] == names


def test_a_toml_gives_the_files_it_names_and_what_it_says_of_them(folder: Path) -> None:
    (folder / "corpus.toml").write_text(TOML)
    corpus = read_corpus([folder / "corpus.toml"])
    assert [(source.path.name, source.metadata) for source in corpus.sources] == [
        ("a.pdf", {"title": "Manual A", "product": ["Tarn 19"], "date": "2026-03-01"})
    ]
    assert [path.name for path in corpus.missing] == ["gone.pdf"]


def test_a_folder_with_a_toml_gives_all_its_files_with_what_is_said_of_them(folder: Path) -> None:
    (folder / "corpus.toml").write_text(TOML)
    corpus = read_corpus([folder])
    assert {source.path.name: source.metadata.get("title") for source in corpus.sources} == {"a.pdf": "Manual A", "B.PDF": None}
    assert [path.name for path in corpus.missing] == ["gone.pdf"]


def test_a_run_speaks_for_what_it_was_given_and_nothing_else(folder: Path) -> None:
    corpus = read_corpus([folder / "manuals"])
    assert corpus.speaks_for(folder / "manuals" / "removed.pdf")
    assert not corpus.speaks_for(folder / "other.pdf")
    assert not read_corpus([folder / "manuals" / "a.pdf"]).speaks_for(folder / "manuals" / "B.PDF")


@pytest.mark.parametrize("name", ["nothing.pdf", "notes.rst"])
def test_a_path_that_is_no_document_is_refused_by_name(folder: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match=name):
        read_corpus([folder / name])


@pytest.mark.parametrize(
    "text",
    [
        "[[document",
        "document = 3",
        "[[document]]\ntitle = 'x'",
        "[[document]]\nfile = 'a.pdf'\ntitle = 3",
        "[[document]]\nfile = 'a.pdf'\nproduct = [1]",
        f"[[document]]\nfile = 'a.pdf'\ntitle = '{'x' * 501}'",
    ],
)
def test_a_malformed_toml_is_refused_with_a_reason(folder: Path, text: str) -> None:
    (folder / "corpus.toml").write_text(text)
    with pytest.raises(InvalidRequest, match=r"corpus\.toml"):
        read_corpus([folder / "corpus.toml"])
