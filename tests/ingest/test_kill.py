"""SIGKILL at any moment of an ingest run: the index opens each time, both stores hold the same chunks, nothing acknowledged is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pdfs import typst_pdf

from ingest.index import hash_ids
from ingest.run import published
from service import wire
from service.core.catalogue import source_file
from service.core.manifest import builds_dir, current_build_id
from service.core.settings import Settings, load


def start(folder: Path, settings: Settings) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ingest", "ingest", str(folder), "--home", str(settings.home), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check(settings: Settings, acknowledged: set[str], fingerprint: str) -> set[str]:
    """The index opens and is whole; the ids of its documents."""

    class Written:  # opening needs to know what vectors the reader makes, not to make any
        pass

    embedder = Written()
    embedder.fingerprint = fingerprint  # type: ignore[attr-defined]
    index = wire.open_index(settings, embedder)  # type: ignore[arg-type]
    try:
        dense, lexical = index.vectors.chunk_ids(), index.lexical.chunk_ids()
        assert dense == lexical
        assert hash_ids(dense) == index.manifest.chunk_ids_sha256
        assert {chunk.document_id for chunk in index.vectors.fetch(dense)} == set(index.documents)
    finally:
        index.close()
    assert acknowledged <= set(index.documents), "an acknowledged document is gone"
    assert all(source_file(settings.home, entry.document).is_file() for entry in published(settings.home))
    return set(index.documents)


def kill_rounds(tmp_path: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    settings = load({}, home=tmp_path / "home")
    fingerprint = wire.embedder_fingerprint(settings)
    folder = tmp_path / "manuals"
    folder.mkdir()
    keep = [
        typst_pdf(folder, f"= Kept {number}\nThe kept screw number {number} takes {number + 3} Nm.", f"keep{number}.pdf")
        for number in range(2)
    ]
    first = start(folder, settings)
    started = time.monotonic()
    assert first.wait(120) == 0
    first.communicate()
    whole_run_s = time.monotonic() - started
    acknowledged = check(settings, set(), fingerprint)
    assert len(acknowledged) == len(keep)
    for turn in range(rounds):
        typst_pdf(folder, f"= Changing\nTurn {turn} of the pump takes {turn} bar. " + "The hose is blue. " * 40, "changing.pdf")
        if chance.random() < 0.5:
            typst_pdf(folder, f"= New {turn}\nPart {turn} weighs {turn} kg.", f"new{turn}.pdf")
        run = start(folder, settings)
        time.sleep(chance.uniform(0.1, 1.1) * whole_run_s)
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=30)
        check(settings, acknowledged, fingerprint)
        for path in folder.glob("new*.pdf"):
            if chance.random() < 0.3:
                path.unlink()
    last = start(folder, settings)
    assert last.wait(120) == 0, last.communicate()
    last.communicate()
    assert check(settings, acknowledged, fingerprint) == {entry.document.document_id for entry in published(settings.home)}
    assert {entry.document.file for entry in published(settings.home)} == {path.name for path in folder.glob("*.pdf")}
    leftovers = [path.name for path in builds_dir(settings.home).iterdir() if path.name.startswith(".")]
    assert not leftovers
    assert current_build_id(settings.home) in {path.name for path in builds_dir(settings.home).iterdir()}


def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    kill_rounds(tmp_path, 2, seed=1)


@pytest.mark.slow
def test_twenty_five_kills_lose_nothing(tmp_path: Path) -> None:
    kill_rounds(tmp_path, 25, seed=20261120)
