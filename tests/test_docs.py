"""The README says what is true: every setting, every file, every command, the two make targets, the length."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.terminal import setting_rows

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CODE = (
    "service",
    "service/core",
    "service/adapters",
    "service/query",
    "service/extract",
    "ingest",
    "eval",
    "eval/nightly",
    "eval/report_html",
)


def tree_names() -> dict[str, list[str]]:
    """Folder -> Python files the README's tree names in it."""
    named: dict[str, list[str]] = {}
    folder = ""
    for line in README.split("## The tree")[1].splitlines():
        if match := re.match(r"    (service|ingest|eval|corpora|tests)/", line):
            folder = match.group(1)
        elif match := re.match(r"      (core|adapters|query|extract)/", line):
            folder = f"service/{match.group(1)}"
        elif match := re.match(r"      (nightly|report_html)/\s+((?:\S+\.py\s?)+)", line):
            named[f"eval/{match.group(1)}"] = match.group(2).split()
        elif re.match(r"      \S", line) and folder.startswith("service/"):
            folder = "service"
        files = re.match(r"\s+((?:\S+\.py\s?)+)", line)
        if files:
            named.setdefault(folder, []).extend(files.group(1).split())
    return named


@pytest.mark.parametrize("folder", CODE)
def test_the_tree_names_every_module_and_no_other(folder: str) -> None:
    on_disk = sorted(path.name for path in (ROOT / folder).glob("*.py") if path.name != "__init__.py")
    assert sorted(tree_names()[folder]) == on_disk


def test_every_setting_stands_in_the_table_with_its_default_and_sentence() -> None:
    rows = re.findall(r"^\| `(EVDOCS_\w+)` \| (?:`(.*?)`)? \| (.+) \|$", README, re.MULTILINE)
    assert rows == setting_rows()


def test_the_readme_is_at_most_200_lines() -> None:
    assert len(README.splitlines()) <= 200


def test_every_make_target_named_exists_and_the_two_commands_are_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"make ([a-z-]+)", README))
    assert {"demo", "test"} <= named <= targets


def test_every_command_named_is_one() -> None:
    named = set(re.findall(r"^    evdocs (\w+)", README, re.MULTILINE))
    told = subprocess.run([sys.executable, "-m", "service.cli", "--help"], capture_output=True, text=True, check=True).stdout
    assert named
    assert all(re.search(rf"^    {name} ", told, re.MULTILINE) for name in named), told


def test_the_answer_shown_is_what_the_sample_corpus_says() -> None:
    quotes = re.findall(r"“(.+?)”", README.split("## Commands")[0])
    gold = [json.loads(line) for line in (ROOT / "eval" / "gold" / "sample.jsonl").read_text("utf-8").splitlines()]
    assert quotes
    assert any(fact in README for item in gold for spellings in item["facts"] for fact in spellings if len(fact) > 5)


def test_no_lock_line_is_anything_but_name_and_version() -> None:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    assert "torch==2.13.0" in lines
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._!-]+", line) for line in lines)


def test_every_top_level_dependency_is_locked() -> None:
    import tomllib

    locked = {line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(item for extra in project["optional-dependencies"].values() for item in extra)]
    assert {re.split(r"[<>=\[ ]", item)[0].lower() for item in wanted} <= locked
