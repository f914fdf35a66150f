"""The child process: results, limits, noise, and that nothing outlives its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pdfs import FILLER, bomb_pdf, encrypted_pdf, typst_pdf

import ingest
from ingest.pdf.read import parse_pdf
from ingest.tesseract import NO_OCR
from ingest.worker import parse_in_child, parsed_to_plain
from service.core.errors import EncryptedDocument, LimitExceeded, UnreadableDocument
from service.core.settings import Settings

ROOT = str(Path(ingest.__file__).parent.parent)


def _children_of(mark: str) -> list[int]:
    """Live processes with `mark` in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if b"ingest.worker" in command and mark.encode() in command and state != "Z":
                found.append(int(entry.name))
    return found


def _gone(mark: str, within_s: float = 5.0) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not _children_of(mark):
            return True
        time.sleep(0.05)
    return False


def test_the_child_gives_what_parsing_in_process_gives(tmp_path: Path) -> None:
    path = typst_pdf(tmp_path, "= Cooling\n" + FILLER)
    here, there = parsed_to_plain(parse_pdf(path, "abc", 10)), parsed_to_plain(parse_in_child(path, "abc", Settings()))
    assert {**here, "timings_s": {}} == {**there, "timings_s": {}}
    assert set(there["timings_s"]) == {"gate", "words", "ocr", "tables", "layout", "check"}


def test_threads_parse_at_the_same_time_without_mixing_results(tmp_path: Path) -> None:
    paths = [typst_pdf(tmp_path, f"= Part {n}\n{FILLER}", f"{n}.pdf") for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda path: parse_in_child(path, path.stem, Settings()), paths))
    assert [result.blocks[0].text for result in results] == [f"Part {n}" for n in range(4)]
    assert [result.blocks[0].block_id for result in results] == [f"{n}-0" for n in range(4)]


def test_errors_of_the_child_arrive_with_their_type(tmp_path: Path) -> None:
    with pytest.raises(EncryptedDocument, match=r"locked\.pdf"):
        parse_in_child(encrypted_pdf(tmp_path, "secret"), "d", Settings())
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4\n" + os.urandom(3000))
    with pytest.raises(UnreadableDocument, match=r"broken\.pdf"):
        parse_in_child(broken, "d", Settings())


def test_a_timeout_is_said_and_leaves_no_process(tmp_path: Path) -> None:
    path = bomb_pdf(tmp_path, 60_000_000, "slow-file.pdf")
    start = time.monotonic()
    with pytest.raises(LimitExceeded, match=r"slow-file\.pdf: parsing took longer than 0.7 s"):
        parse_in_child(path, "d", Settings(parse_timeout_s=0.7))
    assert time.monotonic() - start < 5
    assert _gone("slow-file.pdf")


def test_a_file_that_needs_too_much_memory_or_time_is_stopped(tmp_path: Path) -> None:
    path = bomb_pdf(tmp_path, 400_000_000)
    with pytest.raises(UnreadableDocument, match=r"bomb\.pdf"):
        parse_in_child(path, "d", Settings(parse_memory_bytes=512 * 1024**2, parse_cpu_s=3, parse_timeout_s=15))
    assert _gone("bomb.pdf")


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    path = bomb_pdf(tmp_path, 60_000_000, "orphan-file.pdf")
    code = (
        "from pathlib import Path; from ingest.worker import parse_in_child; from service.core.settings import Settings\n"
        f"parse_in_child(Path({str(path)!r}), 'd', Settings())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while not _children_of("orphan-file.pdf") and time.monotonic() < end:
        time.sleep(0.02)
    assert _children_of("orphan-file.pdf")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert _gone("orphan-file.pdf")


def test_an_error_nobody_thought_of_ends_the_child_with_its_name_and_no_crash() -> None:
    job = {"path": "x.pdf", "ocr": NO_OCR.to_plain(), "memory_bytes": 1 << 31, "cpu_s": "many"}
    child = subprocess.Popen(
        [sys.executable, "-m", "ingest.worker", json.dumps(job)], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )  # its input stays open: the thread that watches it must not stand in the way
    assert child.stderr is not None
    assert child.stdin is not None
    said = child.stderr.read().decode()
    assert child.wait(20) == 1
    assert said.strip().splitlines()[-1].startswith("TypeError")
    child.stdin.close()
    child.stderr.close()
