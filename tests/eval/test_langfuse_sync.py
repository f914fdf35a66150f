"""A run sent to Langfuse over real HTTP: everything arrives, once, under the right keys; what does not is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langfuse_receiver import KEYS, Receiver, langfuse_receiver

from eval.langfuse_records import Experiment, scores
from eval.langfuse_server import LangfuseServer
from eval.langfuse_sync import Synced, server_of, sync, table
from eval.run_rows import Row
from service.cli import main
from service.core.settings import load

DEAD = "http://127.0.0.1:9"
BEGAN_NS = 1_790_000_000 * 10**9


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with langfuse_receiver() as made:
        yield made


def row(number: int, **fields: Any) -> Row:
    standard = {
        "record": "item",
        "id": f"t-{number}",
        "question": f"Which torque for screw {number}?",
        "type": "lookup",
        "expect": "answer",
    }
    metrics = {"hit@1": True, "mrr@10": 0.5, "citation_precision": None, "as_expected": number % 3 > 0}
    asked = {
        "status": "answered",
        "answer": "To 7 Nm. [1]",
        "citations": [{"marker": 1, "file": "p.pdf", "page": 1, "quote": "to 7 Nm", "score": 1.0}],
    }
    timed = {"trace_id": f"{number + 1:032x}", "timings_ms": {"client": {"ask": 12.5}}, "error": None}
    return (
        standard
        | {"metrics": metrics, "support": {"n": 1, "supported": 1}, "expected": "7 Nm", "facts": [["7 Nm"]]}
        | asked
        | timed
        | fields
    )


def send(receiver: Receiver, rows: list[Row], keys: tuple[str, str] = KEYS, **options: Any) -> Synced:
    server = LangfuseServer(receiver.url, *keys, sleep=lambda s: None)
    try:
        return sync(server, "sample", "night-1", rows, began_ns=BEGAN_NS, check_s=0.0, **options)
    finally:
        server.close()


@pytest.mark.parametrize("n", [120, pytest.param(800, marks=pytest.mark.slow)])
def test_every_item_arrives_with_its_trace_and_all_its_scores(receiver: Receiver, n: int) -> None:
    rows = [row(number) for number in range(n)]
    synced = send(receiver, rows)
    assert synced.said == ()
    held = {kind: (count.sent, count.held) for kind, count in synced.counts.items()}
    assert held == {"dataset items": (n, n), "traces": (n, n), "scores": (6 * n, 6 * n)}
    assert (len(receiver.items), len(receiver.spans), len(receiver.scores)) == (n, n, 6 * n)
    span = receiver.spans[rows[7]["trace_id"], Experiment("sample", "", "night-1", 0).span_id(rows[7])]
    assert span["langfuse.experiment.item.id"] == "sample:t-7"
    assert span["langfuse.experiment.dataset.id"] == receiver.datasets["sample"]["id"]
    assert json.loads(span["langfuse.observation.input"]) == {"question": "Which torque for screw 7?"}
    own = [score for score in receiver.scores.values() if score["traceId"] == rows[7]["trace_id"]]
    assert {score["name"]: score["value"] for score in own} == {
        **{"hit@1": 1.0, "mrr@10": 0.5, "as_expected": 1.0, "groundedness": 1.0, "failed": 0.0, "ask_ms": 12.5}
    }


def test_sending_a_run_again_changes_nothing(receiver: Receiver) -> None:
    rows = [row(n) for n in range(12)]
    send(receiver, rows)
    before = [dict(kept) for kept in (receiver.items, receiver.spans, receiver.scores)]
    assert send(receiver, rows).lost == 0
    assert [receiver.items, receiver.spans, receiver.scores] == before


def test_another_run_of_the_same_gold_set_shares_the_dataset_and_nothing_else(receiver: Receiver) -> None:
    rows = [row(n) for n in range(5)]
    send(receiver, rows)
    server = LangfuseServer(receiver.url, *KEYS)
    again = [row(n, trace_id=f"{n + 100:032x}") for n in range(5)]
    assert sync(server, "sample", "night-2", again, began_ns=BEGAN_NS, check_s=0.0).lost == 0
    server.close()
    assert (len(receiver.items), len(receiver.spans), len(receiver.scores)) == (5, 10, 60)


def test_failed_items_are_sent_like_the_others(receiver: Receiver) -> None:
    rows = [
        row(0),
        row(1, error="ask: HTTP 504", trace_id=None, answer=None, status=None, support={"n": 0, "supported": 0}, citations=None),
    ]
    assert send(receiver, rows).counts["traces"].held == 2
    failed = [score for score in receiver.scores.values() if score["name"] == "failed"]
    assert sorted(score["value"] for score in failed) == [0.0, 1.0]
    levels = [span.get("langfuse.observation.level") for span in receiver.spans.values()]
    assert levels.count("ERROR") == 1


def test_with_content_off_no_question_and_no_answer_leaves(receiver: Receiver) -> None:
    send(receiver, [row(1)], content=False)
    told = json.dumps([receiver.items, [*receiver.spans.values()], receiver.scores])
    assert "torque" not in told
    assert "7 Nm" not in told
    assert "t-1" in told


def test_rejected_scores_are_said_and_counted(receiver: Receiver) -> None:
    receiver.lose_scores = 3
    synced = send(receiver, [row(n) for n in range(4)])
    assert synced.counts["scores"].lost == 3
    assert any("3 scores rejected" in line for line in synced.said)
    assert any("3 of 24 scores are not there" in line for line in table(synced))


def test_a_server_that_stumbles_is_asked_again(receiver: Receiver) -> None:
    receiver.fail = lambda method, path, number: 503 if [one[1] for one in receiver.requests].count(path) <= 2 else 0
    synced = send(receiver, [row(n) for n in range(10)])
    assert synced.said == ()
    assert synced.lost == 0


def test_a_server_that_breaks_half_way_leaves_a_count_of_what_went(receiver: Receiver) -> None:
    receiver.fail = lambda method, path, number: 500 if path.endswith("traces") else 0
    synced = send(receiver, [row(n) for n in range(5)])
    assert synced.counts["dataset items"].sent == 5
    assert "traces" not in synced.counts
    assert any("HTTP 500" in line and "The run itself is whole" in line for line in synced.said)


def test_wrong_keys_are_said_at_once(receiver: Receiver) -> None:
    synced = send(receiver, [row(1)], ("pk-test", "sk-wrong"))
    assert "does not take the keys: HTTP 401" in synced.said[0]
    assert len(receiver.requests) == 1


def test_a_server_that_is_down_and_one_that_is_not_there_harm_nothing() -> None:
    server = LangfuseServer(DEAD, *KEYS, sleep=lambda s: None)
    assert "cannot be reached" in sync(server, "sample", "night-1", [row(1)], began_ns=BEGAN_NS).said[0]
    server.close()
    assert server_of(load({})) is None
    assert "skipped" in sync(None, "sample", "night-1", [row(1)], began_ns=BEGAN_NS).said[0]


def test_a_value_that_is_no_number_is_never_sent() -> None:
    with pytest.raises(ValueError, match="mrr@10"):
        list(scores(Experiment("s", "d", "r", 0), 0, row(1, metrics={"mrr@10": float("nan")})))


def test_the_command_sends_a_run_and_its_exit_code_tells_loss_from_absence(
    receiver: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "night.jsonl"
    path.write_text("".join(json.dumps(row(n)) + "\n" for n in range(3)))
    assert main(["eval", "langfuse", str(path)]) == 0
    assert "skipped" in capsys.readouterr().out
    for name, value in (("URL", receiver.url), ("PUBLIC_KEY", KEYS[0]), ("SECRET_KEY", KEYS[1])):
        monkeypatch.setenv(f"EVDOCS_LANGFUSE_{name}", value)
    assert main(["eval", "langfuse", str(path), "--dataset", "sample"]) == 0
    assert "18 scores sent, 18 held" in capsys.readouterr().out
    monkeypatch.setenv("EVDOCS_LANGFUSE_URL", DEAD)
    assert main(["eval", "langfuse", str(path)]) == 0
    assert "cannot be reached" in capsys.readouterr().out
    assert main(["eval", "langfuse", str(tmp_path / "none")]) == 2
