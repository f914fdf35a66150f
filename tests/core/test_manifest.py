"""Manifest, catalogue, ids and codec: what a build is, and when it exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.core import errors
from service.core.catalogue import Entry, find_entry, read_catalogue, write_catalogue
from service.core.codec import block_from_plain, chunk_from_plain, document_from_plain, to_plain
from service.core.ids import chunk_id
from service.core.manifest import (
    Manifest,
    builds_dir,
    check_compatible,
    current_build_id,
    publish,
    read_manifest,
    unpublish,
    write_manifest,
)
from service.core.types import Block, Cell, Chunk, Document, Line, Part

MANIFEST = Manifest("b1", "2026-01-01T00:00:00+00:00", "minilm-1", 384, "1", "1", "1", "edge", "", 1, 2, "0" * 64)
DOCUMENT = Document("0123456789abcdef", "f" * 64, "a.pdf", "A", 3, product=("X", "Y"), page_labels=("i", "1", ""), empty_pages=(3,))


def a_build(home: Path, build_id: str = "b1") -> Path:
    build = builds_dir(home) / build_id
    build.mkdir(parents=True)
    return build


def test_a_build_without_manifest_cannot_be_published(tmp_path: Path) -> None:
    a_build(tmp_path)
    with pytest.raises(errors.IndexUnavailable):
        publish(tmp_path, "b1")
    assert current_build_id(tmp_path) is None


def test_publishing_and_unpublishing_move_the_one_pointer(tmp_path: Path) -> None:
    write_manifest(a_build(tmp_path), MANIFEST)
    publish(tmp_path, "b1")
    assert current_build_id(tmp_path) == "b1"
    assert read_manifest(builds_dir(tmp_path) / "b1") == MANIFEST
    unpublish(tmp_path)
    assert current_build_id(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 99}', '"x"'])
def test_a_damaged_manifest_is_an_unavailable_index(tmp_path: Path, text: str) -> None:
    build = a_build(tmp_path)
    (build / "manifest.json").write_text(text)
    with pytest.raises(errors.IndexUnavailable):
        read_manifest(build)


@pytest.mark.parametrize("other", [{"embedder": "e5"}, {"analyzer": "2"}, {"chunker": "2"}])
def test_an_index_built_otherwise_is_refused_and_says_what_to_run(other: dict[str, str]) -> None:
    wanted = {"embedder": "minilm-1", "analyzer": "1", "chunker": "1"}
    check_compatible(MANIFEST, **wanted)
    with pytest.raises(errors.IndexIncompatible, match="evdocs ingest"):
        check_compatible(MANIFEST, **(wanted | other))


def test_the_catalogue_comes_back_as_written(tmp_path: Path) -> None:
    build = a_build(tmp_path)
    entries = [Entry(DOCUMENT, {"title": "A", "product": ["X", "Y"]})]
    write_catalogue(build, entries)
    assert read_catalogue(build) == entries
    assert find_entry(entries, "01234567") == entries[0] == find_entry(entries, "a.pdf")
    with pytest.raises(errors.UnknownDocument):
        find_entry(entries, "0123")


def test_records_survive_the_way_to_json_and_back() -> None:
    line, cell = Line(0, 4, (1.0, 2.0, 3.5, 4.0)), Cell("Torque (Nm)", 0, 4)
    block = Block("d-0", "table_row", "M8 7", 2, (1.0, 2.0, 3.5, 4.0), ("4", "4.2"), (line,), (cell,), "t1", "Table 1", None, False)
    part = Part(0, 4, 2, "table_row", (line,), (cell,), None, False)
    chunk = Chunk("id", "d", 0, "M8 7", "A", ("4", "4.2"), 2, 2, "table_row", (part,), 9, "t1", "", "n")
    assert block_from_plain(to_plain(block)) == block
    assert chunk_from_plain(to_plain(chunk)) == chunk
    assert document_from_plain(to_plain(DOCUMENT)) == DOCUMENT


def test_chunk_ids_depend_on_document_place_and_text() -> None:
    ids = {chunk_id("d", 0, "x"), chunk_id("d", 1, "x"), chunk_id("e", 0, "x"), chunk_id("d", 0, "y")}
    assert len(ids) == 4
    assert chunk_id("d", 0, "x") in ids


def test_printed_labels_are_found_by_physical_page() -> None:
    assert [DOCUMENT.page_label(page) for page in (0, 1, 2, 3, 4)] == [None, "i", "1", None, None]
