"""`evdocs eval check`: every kind of fault in a gold file is found, and a clean file is clean."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from eval_twins import gold, plain

from eval.check import check_gold
from eval.cli import register


def test_a_clean_item_has_no_fault(pack_pdf: Path) -> None:
    assert check_gold([gold()], pack_pdf.parent) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"quotes": ["Tighten the terminal screws to 8 Nm."], "facts": [["8 Nm"]]}, "stands on none of its pages"),
        ({"evidence": [{"document": "pack.pdf", "pages": [2]}]}, "stands on none of its pages"),
        ({"evidence": [{"document": "pack.pdf", "pages": [1, 3]}]}, "pack.pdf has no page 3, only 2"),
        ({"also": [{"document": "pack.pdf", "pages": [9]}]}, "pack.pdf has no page 9, only 2"),
        ({"evidence": [{"document": "gone.pdf", "pages": [1]}]}, "gone.pdf: the file cannot be had"),
        ({"evidence": [{"document": "../pdf/pack.pdf", "pages": [1]}]}, "is no file name"),
        ({"facts": [["9 Nm", "nine Nm"]]}, "the fact '9 Nm' stands neither in the quotes nor in the reference answer"),
        ({"quotes": []}, "evidence without a quote"),
        (
            {"evidence": [{"document": "pack.pdf", "pages": [1]}, {"document": "pack.pdf", "pages": [2]}]},
            "no quote stands on pack.pdf p.2",
        ),
    ],
)
def test_each_fault_is_named_with_line_and_id(pack_pdf: Path, change: dict[str, Any], fault: str) -> None:
    faults = check_gold([gold(**change)], pack_pdf.parent)
    assert any(line.startswith("line 0, t-1: ") and fault in line for line in faults)


def test_the_same_question_twice_is_a_fault(pack_pdf: Path) -> None:
    twins = [gold(), gold(id="t-2", question="which torque for the  Terminal screws?")]
    assert check_gold(twins, pack_pdf.parent) == ["line 0, t-2: the same question as t-1"]


def test_exit_codes_of_the_command(pack_pdf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())

    def run(path: Path, folder: Path) -> int:
        args = parser.parse_args(["eval", "check", "--gold", str(path), "--pdf", str(folder)])
        return int(args.run(args))

    clean, faulty = tmp_path / "clean.jsonl", tmp_path / "faulty.jsonl"
    clean.write_text(json.dumps(plain(gold())))
    faulty.write_text(json.dumps(plain(gold(quotes=["never said"]))))
    assert run(clean, pack_pdf.parent) == 0
    assert "clean.jsonl: 1 items, 0 faults" in capsys.readouterr().out
    assert run(faulty, pack_pdf.parent) == 1
    assert "line 1, t-1: the quote 'never said'" in capsys.readouterr().out
    assert run(tmp_path / "none.jsonl", pack_pdf.parent) == 2
    assert run(clean, tmp_path / "nowhere") == 2


def test_the_gold_questions_over_the_sample_corpus_are_clean() -> None:
    from eval.items import load_golds

    root = Path(__file__).parents[2]
    items = load_golds([root / "eval" / "gold" / name for name in ("sample.jsonl", "sample_filters.jsonl")])
    assert len(items) >= 800
    assert sum(bool(item.filters) for item in items) >= 10
    assert check_gold(items, root / "corpora" / "sample") == []


def test_the_development_gold_is_clean_where_it_is_there() -> None:
    folder = Path(__file__).parents[3] / "shared" / "dev"
    if not folder.is_dir():
        pytest.skip("the development set is not on this machine")
    from eval.items import load_gold

    assert check_gold(load_gold(folder / "gold.jsonl"), folder / "pdf") == []
