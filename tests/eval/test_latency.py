"""Times of a run: by stage, and against the machine's own speed."""

from __future__ import annotations

import time

import pytest
from eval_twins import Json, hit

from eval.latency import latency, pace, peak_bytes
from eval.pace import reference_ms


def row(ask_ms: float, reference: float = 4.0, **fields: object) -> Json:
    """A row in which an answer took this long."""
    times = {"ask": {"answer": ask_ms / 2, "total": ask_ms}, "search": {}, "client": {"ask": ask_ms}}
    return {"error": None, "hits": [hit(1)], "timings_ms": times, "reference_ms": reference} | fields


def test_the_pace_is_the_median_answer_in_units_of_the_reference_work() -> None:
    assert pace([row(100), row(200), row(900)])["p50"] == 50.0
    slower_machine = pace([row(300, 12.0), row(600, 12.0), row(2700, 12.0)])
    assert slower_machine["p50"] == 50.0
    assert (slower_machine["n"], slower_machine["reference_ms"]) == (3, 12.0)


def test_failures_and_screened_questions_do_not_make_a_run_fast() -> None:
    screened = row(1.0) | {"timings_ms": {"ask": {"answer": 0.0, "total": 1.0}, "search": {}, "client": {"ask": 1.0}}}
    assert pace([row(100), row(1.0, error="boom"), screened, row(1.0, hits=[])])["p50"] == 25.0
    assert pace([row(1.0, error="boom")]) == {"p50": None, "p95": None, "reference_ms": None, "n": 0}


def test_every_stage_has_its_median_and_what_did_not_run_is_not_counted() -> None:
    stages = latency([row(100), row(200), row(1.0) | {"timings_ms": {"ask": None, "search": None, "client": {}}}])["stages_ms"]
    assert stages["ask answer"] == {"p50": 75.0, "p95": pytest.approx(97.5), "n": 2}
    assert set(stages) == {"ask answer", "ask total", "client ask"}


def test_the_reference_work_is_a_few_milliseconds_and_the_peak_is_real() -> None:
    start = time.perf_counter()
    best = min(reference_ms() for _ in range(5))
    assert 0.1 < best < 1000 * (time.perf_counter() - start)
    assert peak_bytes() > 10_000_000
