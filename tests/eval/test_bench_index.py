"""The index benchmark runs, compares equal things and says so."""

from __future__ import annotations

import json

import pytest

from eval.bench_index import Row, main


def test_a_small_run_reports_every_comparison_and_equal_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--n", "300", "--vectors", "200", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["n"] for row in rows] == [300, 300, 300, 200, 200, 200]
    assert [row["equal"] for row in rows] == [None, True, None, None, True, True]
    assert all(row["ours_ms"] > 0 and row["reference_ms"] > 0 for row in rows)


def test_the_table_names_what_was_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--n", "200", "--vectors", "100"]) == 0
    assert "get_scores" in capsys.readouterr().out


def test_results_that_differ_fail_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("eval.bench_index.bench_bm25", lambda *_: [Row("x", 1, 1.0, 2.0, equal=False)])
    monkeypatch.setattr("eval.bench_index.bench_vectors", lambda *_: [])
    assert main(["--n", "1"]) == 1
    assert "NO" in capsys.readouterr().out
