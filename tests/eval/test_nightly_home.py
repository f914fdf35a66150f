"""The nightly job over a real index: PDFs made here, the packaged models, a planted regression, a real kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from eval_cli import command
from eval_twins import build_pdf
from webhook import webhook

from eval.baseline import accept
from eval.nightly.history import trend
from eval.nightly.state import Folder
from eval.rows import RESULTS, SUMMARY, load_run

pytestmark = pytest.mark.slow

LINES = (
    ("Terminal screws", "Tighten the terminal screws of the pack to 7 Nm.", "Check the torque again after one week."),
    ("Main fuse", "The main fuse F12 has a rating of 350 A.", "Replace the main fuse only with the service plug pulled."),
    ("Coolant", "Fill the cooling circuit with 11 litres of coolant.", "The coolant pump delivers 25 litres a minute."),
    ("Storage", "Store the pack at 40 % charge.", "The store must not be warmer than 35 degrees."),
)
ASKED = (
    ("Which torque for the terminal screws of the pack?", 1, "7 Nm", LINES[0][1]),
    ("What rating has the main fuse F12?", 2, "350 A", LINES[1][1]),
    ("How many litres of coolant go into the cooling circuit?", 3, "11 litres", LINES[2][1]),
    ("At how much charge is the pack stored?", 4, "40 %", LINES[3][1]),
)
RULES = "delta = 0.6\nlatency_ratio = 1000\n[never]\nerrors = 0.0\ncitation_validity = 1.0\n[floors]\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of one manual, gold questions over it, and rules for so few of them."""
    root = tmp_path_factory.mktemp("nightly")
    (root / "corpus").mkdir()
    (root / "corpus" / "pack.pdf").write_bytes(build_pdf(LINES))
    fields = {"type": "lookup", "difficulty": "easy", "expect": "answer"}
    items = [
        {"id": f"p-{page}", "question": question, **fields, "evidence": [{"document": "pack.pdf", "pages": [page]}]}
        | {"quotes": [quote], "facts": [[fact]], "answer": fact}
        for question, page, fact, quote in ASKED
    ]
    items.append(
        {"id": "p-none", "question": "Who won the football match yesterday?", **fields, "type": "out_of_domain", "expect": "refuse"}
    )
    (root / "gold.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    (root / "rules.toml").write_text(RULES, "utf-8")
    return root


def _words(place: Path, *more: str, state: str = "state") -> Sequence[str]:
    words = ["nightly", "--home", str(place / "home"), "--corpus", str(place / "corpus"), "--gold", str(place / "gold.jsonl")]
    return [*words, "--state", str(place / state), "--rules", str(place / "rules.toml"), *more]


def test_two_nights_over_a_real_index_and_a_planted_regression(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(place / "state")
    assert command(*_words(place)) == 0
    assert "Ingest: 1 indexed." in capsys.readouterr().out
    (first,) = trend(folder.history)
    assert first.figures["retrieval", "hit@5"].value == 1.0
    accept(load_run(folder.run(first.run)), folder.baseline, "2026-01-01")

    assert command(*_words(place)) == 0
    said = capsys.readouterr().out
    assert "Ingest: 1 unchanged." in said
    assert "0 newly wrong, 0 newly right" in said
    assert trend(folder.history) == [first]

    with webhook() as hook:
        assert command(*_words(place, "--set", "refuse_below=1", "--webhook", hook.url)) == 1
        (body,) = hook.bodies
    assert {"joint", "answered_answerable"} <= set(body["failed"])
    assert body["newly_wrong"] == ["p-1", "p-2", "p-3", "p-4"]
    assert [one.passed for one in trend(folder.history)] == [True, False]
    page = (folder.run(body["run"]) / "report.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    assert "1 of 1 quotes marked" in page
    assert "2 nights" in page


def test_a_night_killed_with_signal_9_in_the_middle_of_its_run_ends_in_the_same_bytes(place: Path) -> None:
    assert command(*_words(place, state="whole")) == 0
    words = [sys.executable, "-m", "service.cli", "eval", *_words(place, state="killed")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    killed = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not _rows(place / "killed"):
        assert killed.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert _rows(place / "killed") < 5
    again = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "going on with it" in again.stdout
    runs = [Folder(place / name).run(trend(Folder(place / name).history)[0].run) for name in ("whole", "killed")]
    assert runs[0].name[10:] == runs[1].name[10:]  # the day may have changed in between
    for name in (RESULTS, SUMMARY, "gate.json"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes()


def _rows(state: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (state / "runs").glob(f"*/{RESULTS}")) if (state / "runs").is_dir() else 0
