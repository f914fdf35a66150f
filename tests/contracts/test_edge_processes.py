"""One finished build, several readers: processes at once, killed ones, and a folder that stays as it was written."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from contract_stores import Corpus, fill_edge

from service.adapters.qdrant_edge import EdgeStore, EdgeWriter
from service.adapters.snapshot import copy_folder, sweep
from service.core.errors import IndexUnavailable, StoreUnavailable

READER = """
import sys, numpy as np
from pathlib import Path
from service.adapters.qdrant_edge import EdgeStore
store = EdgeStore(Path(sys.argv[1]))
vector = np.frombuffer(bytes.fromhex(sys.argv[2]), np.float32)
print("open", flush=True)
for line in sys.stdin:
    hits = store.search(vector, 10, {})
    print(*[hit.chunk_id for hit in hits], len(store.fetch([hits[0].chunk_id])), flush=True)
store.close()
"""


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where readers put their private copies."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def build(tmp_path: Path, corpus: Corpus, copies: Path) -> Path:
    fill_edge(tmp_path / "build", corpus).close()
    assert list(copies.iterdir()) == []
    return tmp_path / "build"


def start(build: Path, corpus: Corpus) -> subprocess.Popen[str]:
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(build), corpus.vectors[3].tobytes().hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    return reader


def ask(reader: subprocess.Popen[str]) -> str:
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write("\n")
    reader.stdin.flush()
    return reader.stdout.readline()


def end(reader: subprocess.Popen[str]) -> None:
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.close()
    assert reader.wait(20) == 0
    reader.stdout.close()


def fingerprint(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    """Inode, size, time of change and hash of every file."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (status.st_ino, status.st_size, status.st_mtime_ns, digest)
    return found


def test_two_processes_and_this_one_read_a_build_at_the_same_time_and_leave_it_as_it_was(build: Path, corpus: Corpus, copies: Path) -> None:
    before = fingerprint(build)
    here, one, two = EdgeStore(build), start(build, corpus), start(build, corpus)
    assert len(list(copies.iterdir())) == 3
    hits = here.search(corpus.vectors[3], 10, {})
    wanted = " ".join([hit.chunk_id for hit in hits] + ["1"]) + "\n"
    for _ in range(3):
        assert ask(one) == wanted
        assert ask(two) == wanted
    assert here.search(corpus.vectors[3], 10, {}) == hits
    end(one)
    assert ask(two) == wanted
    end(two)
    here.close()
    assert list(copies.iterdir()) == []
    assert fingerprint(build) == before


def test_two_stores_in_one_process_do_not_block_each_other(build: Path, corpus: Corpus) -> None:
    one, two = EdgeStore(build), EdgeStore(build)
    assert one.search(corpus.vectors[0], 5, {}) == two.search(corpus.vectors[0], 5, {})
    one.close()
    assert len(two.search(corpus.vectors[0], 5, {})) == 5
    two.close()


def test_a_killed_reader_harms_nobody_and_the_next_one_sweeps_its_copy(build: Path, corpus: Corpus, copies: Path) -> None:
    before = fingerprint(build)
    killed, alive = start(build, corpus), start(build, corpus)
    wanted = ask(alive)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert len(list(copies.iterdir())) == 2
    assert ask(alive) == wanted
    store = EdgeStore(build)
    assert len(list(copies.iterdir())) == 2  # the killed one's is gone, this one's is new
    assert ask(alive) == wanted
    store.close()
    end(alive)
    assert list(copies.iterdir()) == []
    assert fingerprint(build) == before


def test_a_store_dropped_without_close_leaves_no_copy(build: Path, copies: Path) -> None:
    store = EdgeStore(build)
    assert len(list(copies.iterdir())) == 1
    del store
    assert list(copies.iterdir()) == []


def test_sweeping_leaves_fresh_drafts_and_foreign_names_alone(copies: Path) -> None:
    fresh, old, foreign = copies / "evdocs-copy-fresh", copies / "evdocs-copy-old", copies / "something-else"
    for folder in (fresh, old, foreign):
        folder.mkdir()
    (copies / "evdocs-read-link").symlink_to(foreign)
    long_ago = time.time() - 7200
    os.utime(old, (long_ago, long_ago))
    assert sweep(copies) == [old]
    assert foreign.is_dir()
    assert fresh.is_dir()


def test_a_build_removed_under_a_reader_stays_readable_to_it(build: Path, corpus: Corpus) -> None:
    store = EdgeStore(build)
    hits = store.search(corpus.vectors[0], 5, {})
    shutil.rmtree(build)
    assert store.search(corpus.vectors[0], 5, {}) == hits
    assert [chunk.chunk_id for chunk in store.fetch([hit.chunk_id for hit in hits])] == [hit.chunk_id for hit in hits]
    store.close()


def test_a_copy_keeps_holes_and_bytes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    with (source / "deep" / "sparse").open("wb") as stream:
        stream.seek(3_000_000)
        stream.write(b"middle")
        stream.truncate(20_000_000)
    (source / "empty").touch()
    copy_folder(source, tmp_path / "target")
    copy = tmp_path / "target" / "deep" / "sparse"
    assert copy.read_bytes() == (source / "deep" / "sparse").read_bytes()
    assert copy.stat().st_blocks * 512 < 1_000_000
    assert (tmp_path / "target" / "empty").stat().st_size == 0


def test_an_unfinished_folder_is_no_index(tmp_path: Path, corpus: Corpus) -> None:
    writer = EdgeWriter(tmp_path / "half", corpus.vectors.shape[1])
    writer.write(corpus.chunks, corpus.vectors, corpus.documents)
    with pytest.raises(IndexUnavailable, match="evdocs ingest"):
        EdgeStore(tmp_path / "half")
    with pytest.raises(IndexUnavailable):
        EdgeStore(tmp_path / "missing")


@pytest.mark.parametrize(
    "victim", ["store.json", "edge_config.json", "segment.json", "chunk_0.mmap", "page_0.dat", "mutable_id_tracker.mappings"]
)
def test_a_missing_or_cut_file_is_found_when_opening(build: Path, victim: str, copies: Path) -> None:
    paths = list(build.rglob(victim))
    content = paths[0].read_bytes()
    paths[0].write_bytes(content[: len(content) // 2])
    with pytest.raises(IndexUnavailable):
        EdgeStore(build)
    paths[0].unlink()
    with pytest.raises(IndexUnavailable):
        EdgeStore(build)
    assert list(copies.iterdir()) == []


def test_a_file_of_the_right_size_and_wrong_content_is_reported_and_leaves_no_copy(build: Path, copies: Path) -> None:
    segment = next(build.rglob("segment.json"))
    segment.write_bytes(b"x" * segment.stat().st_size)
    with pytest.raises(StoreUnavailable, match="Edge"):
        EdgeStore(build)
    assert list(copies.iterdir()) == []


def test_vectors_of_another_shape_are_refused(tmp_path: Path, corpus: Corpus) -> None:
    writer = EdgeWriter(tmp_path / "edge", 12)
    with pytest.raises(ValueError, match="shape"):
        writer.write(corpus.chunks, corpus.vectors, corpus.documents)
