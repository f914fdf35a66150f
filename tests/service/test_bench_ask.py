"""The latency benchmark against a running service with twins for models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from http_twins import Twin, publish_build
from test_limits import running

from eval.bench_ask import is_loopback, main

ITEM = {
    "id": "q1",
    "question": "slow 0.02",
    "type": "lookup",
    "difficulty": "easy",
    "expect": "refuse",
    "evidence": [],
    "quotes": [],
    "facts": [],
}


def test_stages_and_statuses_are_measured_for_one_client_and_for_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish_build(tmp_path, "b1")
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps(ITEM | {"type": "out_of_domain"}) + "\n", "utf-8")
    with running(tmp_path, Twin(), queue_size=3) as url:
        assert main(["--url", url, "--gold", str(gold), "--n", "12", "--clients", "1", "12", "--json", str(tmp_path / "out.json")]) == 0
    one, many = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert one["statuses"] == {"200": 12}
    assert one["stages_ms"]["http"][0] >= 20
    assert one["stages_ms"]["rerank"] == [20.5, 20.5]
    assert set(many["statuses"]) == {"200", "503"}
    assert sum(many["statuses"].values()) == 12
    assert many["without_retry_after"] == 0
    assert "p95" in capsys.readouterr().out


def test_only_this_machine_is_asked_unless_it_is_meant(tmp_path: Path) -> None:
    assert all(is_loopback(url) for url in ("http://127.0.0.1:1", "http://[::1]:1", "http://localhost"))
    assert not any(is_loopback(url) for url in ("http://10.0.0.1", "http://example.org", "http://localhost.example.org"))
    with pytest.raises(SystemExit):
        main(["--url", "http://example.org", "--gold", str(tmp_path)])
    with pytest.raises(SystemExit):
        main(["--url", "http://127.0.0.1:9", "--gold", str(tmp_path), "--n", "999999"])
    assert main(["--url", "http://127.0.0.1:9", "--gold", str(tmp_path / "none.jsonl")]) == 2
