"""The nightly job over a system of rules: every stage, one row a night, a kill anywhere, one at a time, an alert when the gate fails."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eval_twins import Double, Json, gold, plain, refusal, reply
from langfuse_receiver import KEYS, langfuse_receiver
from webhook import webhook

from eval.baseline import accept
from eval.nightly import job
from eval.nightly.alert import alert
from eval.nightly.history import HistoryError, trend
from eval.nightly.job import Plan, night
from eval.nightly.state import Folder
from eval.rows import LATENCY, RESULTS, SUMMARY, load_run

RULES = "delta = 0.5\nlatency_ratio = 1000\n[never]\nerrors = 0.0\n[floors]\n"
STAGES = ("changes_since", "record", "markdown")


class Killed(BaseException):
    """What a kill looks like from inside: nothing catches it."""


@pytest.fixture
def answers() -> dict[str, Json]:
    """Question -> reply of the system; anything else is answered right."""
    return {}


@pytest.fixture
def plan(tmp_path: Path, pack_pdf: Path, answers: dict[str, Json], monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A night over eight items, asked of a system of rules."""
    path = tmp_path / "gold.jsonl"
    items = [gold(id=f"n-{place}", question=f"question {place}?") for place in range(8)]
    path.write_text("".join(json.dumps(plain(item)) + "\n" for item in items), "utf-8")
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    monkeypatch.setattr(job, "open_system", lambda *given: Double(pack_pdf, lambda question: answers.get(question) or reply()))
    return Plan(gold=(path,), state=tmp_path / "state", home=tmp_path / "home", rules=tmp_path / "rules.toml")


def _with(plan: Plan, **changes: Any) -> Plan:
    return Plan(**{**{name: getattr(plan, name) for name in Plan.__slots__}, **changes})


def _quiet(plan: Plan) -> tuple[int, str]:
    said: list[str] = []
    return night(plan, said.append), "\n".join(said)


def _accept(plan: Plan) -> None:
    """Make the last night the baseline."""
    folder = Folder(plan.state)
    known = folder.read()
    assert known is not None
    accept(load_run(folder.run(known.run)), folder.baseline, "2026-01-01")


def test_a_night_leaves_run_gate_history_and_both_reports_and_says_what_it_skipped(plan: Plan) -> None:
    code, said = _quiet(plan)
    assert code == 0, said
    folder = Folder(plan.state)
    (known,) = trend(folder.history)
    assert known.passed
    assert known.figures["refusals", "joint"].value == 1.0
    assert known.figures["latency", "pace p50"].n == 0  # the rules of this system take no time
    run = folder.run(known.run)
    assert {path.name for path in run.iterdir()} >= {RESULTS, SUMMARY, LATENCY, "gate.json", "report.html", "report.md"}
    assert "no --corpus" in said
    assert "Baseline: none, only rules and floors count" in said
    assert "Langfuse: skipped" in said


def test_the_same_night_again_asks_nothing_and_the_history_keeps_one_row(plan: Plan) -> None:
    _quiet(plan)
    first = trend(Folder(plan.state).history)
    code, said = _quiet(plan)
    assert code == 0
    assert "nothing is asked again" in said
    assert trend(Folder(plan.state).history) == first


def test_another_day_is_another_row_with_the_same_figures(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    _quiet(plan)
    _accept(plan)
    monkeypatch.setattr(job.time, "strftime", lambda form, when: "2099-01-01" if form == "%Y-%m-%d" else "2099-01-01T02:00:00Z")
    code, said = _quiet(plan)
    assert code == 0, said
    first, second = trend(Folder(plan.state).history)
    assert second.run.startswith("2099-01-01-")
    quality = [{key: value for key, value in one.figures.items() if key[0] != "latency"} for one in (first, second)]
    assert quality[0] == quality[1]
    assert "2 nights" in (Folder(plan.state).run(second.run) / "report.html").read_text("utf-8")


def test_a_planted_regression_fails_the_gate_and_the_webhook_hears_of_it_once(plan: Plan, answers: dict[str, Json], fast: None) -> None:
    _quiet(plan)
    _accept(plan)
    _spoil(plan, answers)
    with webhook(503, 200) as hook:
        code, said = _quiet(_with(plan, webhook=hook.url))
        assert code == 1, said
        first, second = hook.bodies
        assert first == second  # the first was turned away
        assert "Alert: sent to 127.0.0.1." in said
        assert (first["event"], first["status"]) == ("evdocs.nightly", "gate failed")
        assert "joint" in first["failed"]
        assert first["newly_wrong"] == [f"n-{place}" for place in range(8)]
        assert _quiet(_with(plan, webhook=hook.url))[0] == 1
        assert len(hook.bodies) == 2
    assert [one.passed for one in trend(Folder(plan.state).history)] == [False]  # the same day and index: the same night
    markdown = (Folder(plan.state).run(first["run"]) / "report.md").read_text("utf-8")
    assert "8 worse, 0 better" in markdown


def _spoil(plan: Plan, answers: dict[str, Json]) -> None:
    """Let everything be refused, and the same night be asked anew."""
    folder = Folder(plan.state)
    known = folder.read()
    assert known is not None
    answers |= {f"question {place}?": refusal() for place in range(8)}
    for path in folder.run(known.run).iterdir():
        path.unlink()


def test_a_webhook_that_fails_is_said_and_the_gates_exit_code_stands(plan: Plan, answers: dict[str, Json], fast: None) -> None:
    _quiet(plan)
    _accept(plan)
    _spoil(plan, answers)
    with webhook(500) as hook:
        code, said = _quiet(_with(plan, webhook=hook.url))
        assert code == 1
        assert "Alert: NOT sent, 127.0.0.1 answered with HTTP 500 (3 of 3 tries)" in said
        assert "s3cret" not in said
        assert len(hook.bodies) == 3
        _quiet(_with(plan, webhook=hook.url))
        assert len(hook.bodies) == 6  # nobody has heard of it yet


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr("eval.nightly.alert.WAIT_S", (0.0, 0.0))


def test_a_second_job_says_so_and_does_nothing(plan: Plan) -> None:
    plan.state.mkdir()
    with (plan.state / "lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        code, said = _quiet(plan)
    assert code == 3
    assert "Another nightly job is running" in said
    assert [path.name for path in plan.state.iterdir()] == ["lock"]
    assert _quiet(plan)[0] == 0


def test_the_packaged_baseline_counts_where_it_is_of_these_questions(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Compared with" not in _quiet(plan)[1]  # the packaged one knows none of them
    _accept(plan)
    packaged = Folder(plan.state).baseline.rename(plan.state / "packaged.json")
    monkeypatch.setattr(job, "PACKAGED", packaged)
    assert "Compared with the baseline: 8 items, 0 newly wrong, 0 newly right." in _quiet(plan)[1]
    assert "Compared with" not in _quiet(_with(plan, baseline=Path("none")))[1]


def test_a_night_begun_long_ago_is_not_gone_on_with(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(job, "judge", _kill)
        with pytest.raises(Killed):
            night(plan, lambda text: None)
    begun = Folder(plan.state).read()
    assert begun is not None
    Folder(plan.state).write(replace(begun, began_ns=begun.began_ns - job.FRESH_NS))
    monkeypatch.setattr(job.time, "strftime", lambda form, when: "2099-01-01")
    code, said = _quiet(plan)
    assert (code, "8 of 8 items asked" in said) == (0, True)


def test_the_night_goes_to_langfuse_where_it_is_set_up_and_again_without_doubles(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    with langfuse_receiver() as kept:
        for name, value in (("URL", kept.url), ("PUBLIC_KEY", KEYS[0]), ("SECRET_KEY", KEYS[1])):
            monkeypatch.setenv(f"EVDOCS_LANGFUSE_{name}", value)
        said = _quiet(plan)[1]
        held = (len(kept.items), len(kept.spans), len(kept.scores))
        assert "8 traces sent, 8 held" in said
        assert held[0] == 8
        _quiet(plan)
        assert (len(kept.items), len(kept.spans), len(kept.scores)) == held


def test_a_langfuse_that_is_down_is_said_and_changes_nothing(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("URL", "http://127.0.0.1:9"), ("PUBLIC_KEY", "a"), ("SECRET_KEY", "b")):
        monkeypatch.setenv(f"EVDOCS_LANGFUSE_{name}", value)
    code, said = _quiet(plan)
    assert code == 0
    assert "Langfuse: not everything was sent" in said


def test_old_runs_leave_the_disk_and_stay_in_the_history(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 4):
        monkeypatch.setattr(job.time, "strftime", lambda form, when, day=day: f"2099-01-0{day}")
        assert _quiet(_with(plan, keep=2))[0] == 0
    assert sorted(path.name[:10] for path in (plan.state / "runs").iterdir()) == ["2099-01-02", "2099-01-03"]
    assert len(trend(Folder(plan.state).history)) == 3


@pytest.mark.parametrize("stage", STAGES)
def test_a_night_killed_at_any_stage_comes_to_the_same_when_started_again(
    plan: Plan, stage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _quiet(plan)
    _accept(plan)
    baseline = Folder(plan.state).baseline
    whole = _with(plan, state=tmp_path / "whole", baseline=baseline)
    assert _quiet(whole)[0] == 0
    again = _with(plan, state=tmp_path / "again", baseline=baseline)
    with monkeypatch.context() as patch:
        patch.setattr(job, stage, _kill)
        with pytest.raises(Killed):
            night(again, lambda text: None)
    assert _quiet(again)[0] == 0
    assert _left(again) == _left(whole)


def _kill(*given: object, **named: object) -> None:
    raise Killed


def _left(plan: Plan) -> tuple[object, ...]:
    folder = Folder(plan.state)
    (known,) = trend(folder.history)
    run = folder.run(known.run)
    state = folder.read()
    assert state is not None
    figures = {key: value for key, value in known.figures.items() if key[0] != "latency"}
    files = tuple((run / name).read_bytes() for name in (RESULTS, SUMMARY, "gate.json", "compare.json"))
    return known.run, known.passed, figures, files, set(state.stages) >= {"gate", "history", "report", "langfuse", "end"}, state.exit_code


def test_a_run_killed_in_the_middle_goes_on_under_its_own_day(plan: Plan, monkeypatch: pytest.MonkeyPatch, pack_pdf: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> Json:
        if len(asked) == 5:
            raise Killed
        asked.append(question)
        return reply()

    with monkeypatch.context() as patch:
        patch.setattr(job, "open_system", lambda *given: Double(pack_pdf, ask))
        with pytest.raises(Killed):
            night(plan, lambda text: None)
    begun = Folder(plan.state).read()
    assert begun is not None
    kept = len(load_run(Folder(plan.state).run(begun.run)).rows)
    assert 1 <= kept <= 5
    monkeypatch.setattr(job.time, "strftime", lambda form, when: "2099-01-01")  # midnight has passed
    code, said = _quiet(plan)
    assert code == 0
    assert f"{8 - kept} of 8 items asked" in said
    assert [one.run for one in trend(Folder(plan.state).history)] == [begun.run]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda plan: plan.gold[0].write_text("{}", "utf-8"), "gold.jsonl:1"),
        (lambda plan: plan.rules.write_text("delta = ", "utf-8"), "no rules that can be read"),
        (lambda plan: (plan.state.mkdir(), (plan.state / "history.sqlite").write_text("no database" * 100)), "no history that can be used"),
        (lambda plan: (plan.state.mkdir(), (plan.state / "baseline.json").write_text("{}")), "no baseline that can be read"),
    ],
)
def test_what_cannot_run_is_said_with_code_2_and_alerts(plan: Plan, spoil: Callable[[Plan], object], why: str) -> None:
    spoil(plan)
    with webhook() as hook:
        code, said = _quiet(_with(plan, webhook=hook.url))
    assert code == 2
    assert why in said
    assert [body["status"] for body in hook.bodies] == ["could not run"]


def test_an_alert_is_tried_again_only_where_that_may_help() -> None:
    waits: list[float] = []
    with webhook(500, 429, 200) as hook:
        assert alert(hook.url, {}, sleep=waits.append).delivered
        assert (len(hook.bodies), waits) == (3, [1.0, 4.0])
    for status in (404, 302):
        with webhook(status) as hook:
            told = alert(hook.url, {}, sleep=waits.append)
            assert (told.delivered, len(hook.bodies)) == (False, 1)
            assert f"HTTP {status}" in told.said
    assert not alert("ftp://host/x", {}).delivered
    assert not alert("http://127.0.0.1:9/", {}, sleep=waits.append).delivered


def test_a_history_that_is_not_there_or_of_a_later_version_is_an_error(tmp_path: Path) -> None:
    import sqlite3

    with pytest.raises(HistoryError, match="there is no history"):
        trend(tmp_path / "none.sqlite")
    database = sqlite3.connect(tmp_path / "new.sqlite")
    database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(HistoryError, match="version 9"):
        trend(tmp_path / "new.sqlite")
