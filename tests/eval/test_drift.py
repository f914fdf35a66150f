"""Drift: what a log says of a request, the statistics worked by hand, and that it stays quiet where nothing moved."""

from __future__ import annotations

import json
import math
import random
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from eval.drift import LEAST, by_chance, compare, mixture, population, share, stability_index, table
from eval.run_rows import RowsError
from eval.traffic import Request, requests_of
from service.adapters.tracer_jsonl import JsonLinesTracer
from service.answer import Question, answer
from service.cli import main
from service.core.ports import Rag
from service.request_log import KINDS, kind_of, question_fields


def traffic(
    n: int, seed: int, *, refused: float = 0.2, sure: float = 0.7, slow: float = 1.0, steps: float = 0.3, strange: float = 0.1
) -> list[Request]:
    dice = random.Random(seed)
    made = []
    for _ in range(n):
        status = "refused" if dice.random() < refused else "answered"
        kind = "steps" if dice.random() < steps else dice.choice(["quantity", "other"])
        confidence = min(1.0, max(0.0, dice.gauss(sure, 0.15)))
        ms = slow * dice.uniform(150, 300)
        unknown = int(dice.random() < strange)
        made.append(Request(status, "not_in_documents" if status == "refused" else "", confidence, ms, False, kind, "en", 8, unknown))
    return made


def drifted(then: list[Request], now: list[Request]) -> set[str]:
    return {finding.name for finding in compare(then, now) if finding.drifted}


def test_the_stability_index_worked_by_hand() -> None:
    """Shares 1/2 1/2 and 1/4 3/4 with half a count added: 50.5/101 twice, 25.5/101 and 75.5/101."""
    p, q = 25.5 / 101, 75.5 / 101
    expected = (p - 0.5) * math.log(p / 0.5) + (q - 0.5) * math.log(q / 0.5)
    assert stability_index([50, 50], [25, 75]) == pytest.approx(expected)
    assert stability_index([50, 50], [50, 50]) == 0.0
    assert math.isfinite(stability_index([100, 0], [0, 100]))


def test_what_chance_gives_is_the_chi_square_of_the_tables() -> None:
    """Quantiles .95 of chi-square: 3.841 for 1, 16.919 for 9 degrees."""
    assert by_chance(2, 100, 100) == pytest.approx(3.841 * 0.02, rel=0.03)
    assert by_chance(10, 100, 100) == pytest.approx(16.919 * 0.02, rel=0.01)
    assert by_chance(1, 100, 100) == 0.0


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """56 of 70 against 48 of 80 (Newcombe 1998, table II): 0.2 [0.0524, 0.3339]."""
    found = share("x", [True] * 48 + [False] * 32, [True] * 56 + [False] * 14)
    assert found.statistic == "+0.200 [+0.052, +0.334]"
    assert found.drifted


def test_the_same_traffic_does_not_drift_in_any_of_forty_weeks() -> None:
    then = traffic(800, 0)
    assert [drifted(then, traffic(300, seed)) for seed in range(1, 41)] == [set()] * 40


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"refused": 0.4}, "refused"), ({"sure": 0.45}, "confidence"), ({"steps": 0.8}, "kind"), ({"strange": 0.35}, "with an unknown word"),
     ({"slow": 2.0}, "latency p95")],
)  # fmt: skip
def test_what_moved_is_named_and_nothing_else(changes: dict[str, float], name: str) -> None:
    found = drifted(traffic(800, 0), traffic(300, 1, **changes))
    assert name in found
    assert found <= {name, "latency p50"}


def test_too_few_requests_tell_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        compare(traffic(800, 0), traffic(LEAST - 1, 1))


def test_logs_of_older_versions_are_compared_in_what_they_tell() -> None:
    old = [replace(one, kind=None, language=None, n_words=None, n_unknown=None) for one in traffic(100, 1)]
    names = {finding.name: finding.statistic for finding in compare(traffic(100, 2), old)}
    assert names["kind"] == "not told"
    assert "with an unknown word" not in names
    assert "refused" in names


def test_numbers_that_are_all_the_same_have_one_bin() -> None:
    assert not population("x", [0.5] * 60, [0.5] * 60).drifted
    assert population("x", [0.5] * 60, [0.9] * 60).then == "median 0.50"
    assert mixture("x", [], ["a"]).statistic == "not told"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("what does P0A80 mean", "code"),
        ("how do I change the coolant pump?", "steps"),
        ("which torque for the lid", "quantity"),
        ("may I tow it on its rear wheels", "yes or no"),
        ("tell me about the orange cables", "other"),
        ("", "other"),
    ],
)
def test_a_question_has_one_kind_by_its_form(question: str, kind: str) -> None:
    assert kind_of(question) == kind
    assert kind in KINDS


def asked(rag: Rag, path: Path, questions: list[str], *, content: bool) -> str:
    """The log of these questions."""
    tracer = JsonLinesTracer(path, content=content)
    for number, question in enumerate(questions):
        answer(replace(rag, tracer=tracer), Question(question), trace_id=f"{number:032x}", deadline=time.monotonic() + 60)
    tracer.close()
    return path.read_text("utf-8")


def test_a_log_without_content_is_enough_and_holds_no_word_of_the_question(sample_rag: Rag, tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    text = asked(
        sample_rag,
        path,
        ["Which torque for the grumblewick screws of the string enclosure?", "who won the football match yesterday"],
        content=False,
    )
    for private in ("grumblewick", "football", "torque", "quote"):
        assert private not in text
    first, second = requests_of(path, lambda question: {})
    assert (first.kind, first.language, first.n_unknown) == ("quantity", "en", 1)
    assert first.n_words == 9
    assert (second.status, second.reason) == ("refused", "out_of_scope")
    assert first.confidence is not None
    assert first.total_ms is not None


def test_a_run_is_read_in_the_form_of_a_log(sample_rag: Rag, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    rows: list[dict[str, Any]] = [
        {
            "record": "item",
            "id": "a",
            "question": "how do I bleed the circuit",
            "status": "answered",
            "confidence": 0.8,
            "timings_ms": {"ask": {"total": 200.0}},
        },
        {
            "record": "item",
            "id": "b",
            "question": "which torque",
            "status": "refused",
            "refusal": {"reason": "ambiguous"},
            "confidence": 0.1,
            "error": None,
        },
        {"record": "item", "id": "c", "question": "which torque", "error": "HTTP 500"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = requests_of(path, lambda question: question_fields(question, sample_rag.index))
    assert [one.status for one in found] == ["answered", "refused", "failed"]
    assert found[0].kind == "steps"
    assert found[0].total_ms == 200.0
    assert found[1].reason == "ambiguous"
    assert found[2].confidence is None


def log(path: Path, requests: list[Request]) -> Path:
    """A log as the service writes it, with a score and a torn line in it."""
    lines = [{"type": "score", "trace_id": "0", "name": "helpful", "value": 1.0}]
    for one in requests:
        told = {
            "status": one.status,
            "confidence": one.confidence,
            "reason": one.reason,
            "kind": one.kind,
            "language": "en",
            "n_words": 8,
            "n_unknown": one.n_unknown,
            "degraded": [],
        }
        lines.append(
            {"type": "trace", "trace_id": "0", "name": "ask", "at": datetime.now(UTC).isoformat(), "metadata": told, "ms": one.total_ms}
        )  # type: ignore[dict-item]
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines) + '{"type":"trace","na')
    return path


def test_the_command_compares_two_logs_and_its_exit_code_says_whether_something_drifted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    then = log(tmp_path / "then.jsonl", traffic(400, 0))
    same = log(tmp_path / "same.jsonl", traffic(200, 1))
    worse = log(tmp_path / "worse.jsonl", traffic(200, 2, refused=0.5))
    few = log(tmp_path / "few.jsonl", traffic(10, 2))
    base = ["eval", "drift", str(then), "--home", str(tmp_path), "--log"]
    assert main([*base, str(same)]) == 0
    assert "nothing has drifted" in capsys.readouterr().out
    assert main([*base, str(worse)]) == 1
    assert "drifted: refused" in capsys.readouterr().out
    assert main([*base, str(few)]) == 0
    assert "too few" in capsys.readouterr().out
    assert main([*base, str(tmp_path / "none.jsonl")]) == 2
    assert main([*base, str(same), "--days", "0"]) == 0


def test_a_path_that_is_neither_log_nor_run_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("hello")
    with pytest.raises(RowsError, match=r"x\.txt"):
        requests_of(path, lambda question: {})


def test_the_table_marks_what_drifted() -> None:
    lines = list(table(compare(traffic(800, 0), traffic(300, 1, refused=0.5)), 800, 300))
    assert any(line.startswith("DRIFTED  refused") for line in lines)
    assert lines[-1] == "drifted: refused"
