"""The command line on the sample corpus, as a person would call it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.core.settings import Settings


def evdocs(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False)


def test_ask_prints_an_answer_with_its_sources(sample_settings: Settings) -> None:
    done = evdocs("ask", "torque for the busbar screws between the modules?", "--home", str(sample_settings.home), COLUMNS="150")
    assert done.returncode == 0, done.stderr
    assert "15" in done.stdout
    assert "service-bulletin-sb-26-07.pdf p.1 (printed SB-1)" in done.stdout


def test_search_gives_json_with_every_stages_score(sample_settings: Settings) -> None:
    done = evdocs("search", "HB-5043", "-k", "3", "--json", "--filter", "doc_type=fault_codes", "--home", str(sample_settings.home))
    hits = json.loads(done.stdout)["hits"]
    assert [hit["file"] for hit in hits] == ["tarn19-bms-fault-codes.pdf"] * 3
    assert set(hits[0]["scores"]) == {"dense", "lexical", "fused", "rerank"}


def test_docs_list_and_show_tell_of_the_scanned_page(sample_settings: Settings) -> None:
    home = str(sample_settings.home)
    rows = json.loads(evdocs("docs", "list", "--json", "--home", home).stdout)
    assert len(rows) == 6
    assert "page 43 unreadable" in evdocs("docs", "list", "--home", home, COLUMNS="200").stdout
    assert json.loads(evdocs("docs", "show", "tarn19-hvb-service-manual.pdf", "--json", "--home", home).stdout)["empty_pages"] == [43]


def test_ingest_of_what_is_indexed_already_does_nothing(sample_settings: Settings) -> None:
    done = evdocs(
        "ingest", str(Path(__file__).parent.parent / "corpora" / "sample"), "--json", "--home", str(sample_settings.home), EVDOCS_OCR="off"
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["changed"], {file["status"] for file in report["files"]}) == (0, False, {"unchanged"})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", "x", "--filter", "colour=red"), "colour=red"),
        (("ask", " "), "question"),
        (("search", "x", "-k", "0"), "k"),
        (("ingest", "no-such-folder"), "no-such-folder"),
        (("docs", "show", "nothing"), "nothing"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = evdocs(*arguments, "--home", str(tmp_path))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_empty_home_says_what_to_run(tmp_path: Path) -> None:
    done = evdocs("ask", "x", "--home", str(tmp_path))
    assert (done.returncode, "evdocs ingest" in done.stderr) == (2, True)


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    done = evdocs("docs", "list", "--home", str(tmp_path), EVDOCS_K_DENS="5")
    assert (done.returncode, "EVDOCS_K_DENS" in done.stderr) == (2, True)
