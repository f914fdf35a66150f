"""Grids of settings: what is run, what is not run again, and what no other combination beats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eval_cli import command
from eval_twins import gold, plain

from eval.rows import load_run
from eval.sweep import GridError, Point, frontier, read_sweep


def _point(quality: float | None, pace: float | None) -> Point:
    return Point({}, {"joint": quality}, pace)


def test_the_frontier_holds_what_no_other_point_beats() -> None:
    points = [_point(0.8, 10.0), _point(0.7, 5.0), _point(0.7, 6.0), _point(0.9, 40.0), _point(0.8, 11.0), _point(None, 1.0)]
    assert frontier(points, "joint") == [True, True, False, True, False, False]
    assert frontier([_point(0.8, 10.0), _point(0.8, 10.0)], "joint") == [True, True]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('gold = ["g"]\nhome = "h"\n[grid]\nno_such_setting = [1]', "no settings to sweep: no_such_setting"),
        ('gold = ["g"]\nhome = "h"\n[grid]\nrrf_k = 20', "a list of values"),
        ('gold = ["g"]\nhome = "h"\n[grid]\nchunk_tokens = [128]', "needs `documents`"),
        ('gold = ["g"]\n[grid]\nrrf_k = [20]', "needs `documents`"),
        ('home = "h"\n[grid]\nrrf_k = [20]', "needs `gold`"),
        ('gold = ["g"]\nhome = "h"\nevery = 0\n[grid]\nrrf_k = [20]', "`every` starts at 1"),
        ('gold = ["g"]\nhome = "h"\nspeed = 1\n[grid]\nrrf_k = [20]', "unknown keys speed"),
        (f'gold = ["g"]\nhome = "h"\n[grid]\nrrf_k = {list(range(1, 502))}', "501 combinations, at most 500"),
        ("gold = [", "cannot be read"),
    ],
)
def test_a_grid_that_cannot_be_run_says_why(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "grid.toml").write_text(text)
    with pytest.raises(GridError, match=fault):
        read_sweep(tmp_path / "grid.toml")


def test_a_sweep_indexes_runs_and_compares_and_does_nothing_twice(
    pack_pdf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gold_file, out = tmp_path / "g.jsonl", tmp_path / "out"
    gold_file.write_text("".join(json.dumps(plain(gold(id=name))) + "\n" for name in "ab"))
    grid = f'gold = ["{gold_file}"]\ndocuments = ["{pack_pdf}"]\nevery = 2\n[grid]\nchunk_tokens = [64, 128]\nreranker = ["none"]\n'
    (tmp_path / "grid.toml").write_text(grid)
    assert command("sweep", str(tmp_path / "grid.toml"), "--out", str(out), "--markdown") == 0
    printed = capsys.readouterr().out
    assert "| chunk_tokens | reranker | hit@1 |" in printed
    assert "*" in printed
    runs = sorted((out / "runs").iterdir())
    assert len(runs) == 2
    assert len({load_run(run).config["build_id"] for run in runs}) == 2
    assert {load_run(run).config["n"] for run in runs} == {1}
    written = [(run / "results.jsonl").stat().st_mtime_ns for run in runs]
    assert command("sweep", str(tmp_path / "grid.toml"), "--out", str(out), "--markdown") == 0
    assert capsys.readouterr().out == printed
    assert [(run / "results.jsonl").stat().st_mtime_ns for run in runs] == written


def test_a_combination_that_cannot_be_run_is_shown_with_its_fault(
    pack_pdf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "g.jsonl").write_text(json.dumps(plain(gold())) + "\n")
    grid = f'gold = ["{tmp_path / "g.jsonl"}"]\ndocuments = ["{pack_pdf}"]\n[grid]\nreranker = ["no-such-folder"]\n'
    (tmp_path / "grid.toml").write_text(grid)
    assert command("sweep", str(tmp_path / "grid.toml"), "--out", str(tmp_path / "out"), "--markdown") == 1
    assert "no-such-folder" in capsys.readouterr().out
