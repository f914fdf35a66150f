"""A run's folder: the same bytes again, whatever happened in between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from eval_twins import Double, Json, gold, refusal, reply

from eval.items import GoldItem
from eval.rows import RESULTS, SUMMARY, TIMINGS, Run, RunError, load_run, merged, rounded, split
from eval.run_command import configuration, perform
from eval.run_folder import RunFolder

ITEMS = [gold(id=f"t-{place}", question=f"question {place}?") for place in range(6)]


class Killed(BaseException):
    """What a kill looks like from inside: nothing catches it."""


def _answers(question: str) -> Json:
    return refusal() if "4" in question else reply()


def _run(pdf: Path, out: Path, items: list[GoldItem] = ITEMS, *, clients: int = 1, fresh: bool = False) -> Run:
    system = Double(pdf, _answers)
    return perform(system, items, configuration(system, items, ["g"], "extractive"), out, clients=clients, fresh=fresh, quiet=True)


def _bytes(run: Path) -> tuple[bytes, bytes]:
    return (run / RESULTS).read_bytes(), (run / SUMMARY).read_bytes()


def test_a_rerun_writes_the_same_bytes_however_many_clients_ask(pack_pdf: Path, tmp_path: Path) -> None:
    _run(pack_pdf, tmp_path / "a")
    _run(pack_pdf, tmp_path / "b", clients=3)
    assert _bytes(tmp_path / "a") == _bytes(tmp_path / "b")
    assert len(load_run(tmp_path / "a").rows) == 6
    assert b"timings_ms" not in (tmp_path / "a" / RESULTS).read_bytes()
    assert b"trace_id" not in (tmp_path / "a" / RESULTS).read_bytes()


def test_a_run_killed_half_way_goes_on_and_comes_to_the_same_bytes(pack_pdf: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> Json:
        if len(asked) == 3:
            raise Killed
        asked.append(question)
        return _answers(question)

    _run(pack_pdf, tmp_path / "whole")
    system = Double(pack_pdf, ask)
    with pytest.raises(Killed):
        perform(system, ITEMS, configuration(system, ITEMS, ["g"], "extractive"), tmp_path / "cut", quiet=True)
    kept = load_run(tmp_path / "cut")
    assert 1 <= len(kept.rows) <= 3
    assert not kept.complete
    went_on = _run(pack_pdf, tmp_path / "cut")
    assert went_on.latency["n_asked"] == 6 - len(kept.rows)
    assert _bytes(tmp_path / "cut") == _bytes(tmp_path / "whole")


@pytest.mark.parametrize("cut", [(RESULTS, 5), (TIMINGS, 5), (RESULTS, 0), (TIMINGS, 0)])
def test_a_torn_last_line_is_asked_again(pack_pdf: Path, tmp_path: Path, cut: tuple[str, int]) -> None:
    _run(pack_pdf, tmp_path / "run")
    before = _bytes(tmp_path / "run")
    name, left_over = cut
    lines = (tmp_path / "run" / name).read_bytes().splitlines(keepends=True)
    (tmp_path / "run" / name).write_bytes(b"".join(lines[:-1]) + lines[-1][:left_over])
    assert _run(pack_pdf, tmp_path / "run").latency["n_asked"] == 1
    assert _bytes(tmp_path / "run") == before


def test_a_complete_run_is_not_asked_again(pack_pdf: Path, tmp_path: Path) -> None:
    _run(pack_pdf, tmp_path / "run")
    assert _run(pack_pdf, tmp_path / "run").latency["n_asked"] == 0


def test_a_run_of_another_configuration_is_left_alone_and_what_differs_is_named(pack_pdf: Path, tmp_path: Path) -> None:
    _run(pack_pdf, tmp_path / "run")
    with pytest.raises(RunError, match=r"differs in gold_sha256, n: name another folder, or replace it with --fresh"):
        _run(pack_pdf, tmp_path / "run", ITEMS[:3])
    assert len(load_run(tmp_path / "run").rows) == 6
    assert len(_run(pack_pdf, tmp_path / "run", ITEMS[:3], fresh=True).rows) == 3


def test_a_folder_of_other_files_is_never_written_to_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear")
    with pytest.raises(RunError, match="holds files and is no run"):
        RunFolder(tmp_path / "letters", {"fingerprint": "x"}, fresh=True)
    assert (tmp_path / "letters" / "letter.txt").read_text() == "dear"


def test_a_folder_that_is_no_run_or_of_another_format_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run that can be read"):
        load_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(RunError, match="format 99"):
        load_run(tmp_path)


def test_a_row_is_split_into_what_stays_and_what_differs_between_reruns() -> None:
    row = {"id": "a", "confidence": 0.1234567, "n": 3, "right": True, "trace_id": "t", "timings_ms": {"ask": None}, "reference_ms": 4.2}
    result, timing = split(row)
    assert result == {"id": "a", "confidence": 0.12346, "n": 3, "right": True}
    assert timing == {"id": "a", "trace_id": "t", "timings_ms": {"ask": None}, "reference_ms": 4.2}
    assert merged(result, timing) == row | {"confidence": 0.12346}


def test_rounding_leaves_no_minus_zero_and_no_integer_touched() -> None:
    assert str(rounded([-1e-9, 2, "x", None, {"a": (1.000001,)}])) == "[0.0, 2, 'x', None, {'a': [1.0]}]"
