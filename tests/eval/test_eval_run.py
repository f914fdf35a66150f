"""Runs from gold file to figures: over a real port, and with a double in this process."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eval_cli import command
from eval_twins import Double, Json, TwinService, cite, gold, plain, refusal, reply

from eval import report
from eval.client import CallFailed, HttpSystem, Unreachable, wait_s
from eval.items import GoldItem
from eval.rows import load_run
from eval.run import known_names, missing_documents, rows_of
from eval.run_command import run_settings
from eval.version import git_commit
from ingest.cli import register as register_ingest
from service.core.settings import Settings

UNANSWERABLE: dict[str, Any] = {"expect": "refuse", "type": "unanswerable", "evidence": [], "facts": [], "quotes": []}
Serve = Callable[..., TwinService]


def _gold_file(path: Path, *items: GoldItem) -> Path:
    path.write_text("\n".join(json.dumps(plain(item)) for item in items), "utf-8")
    return path


def test_a_run_over_http_writes_a_row_an_item_and_a_summary(serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def ask(question: str) -> tuple[int, dict[str, str], Json]:
        if "crash" in question:
            return 500, {}, {"title": "Broken", "detail": "it broke"}
        return 200, {}, refusal() if "moon" in question else reply()

    service = serve(ask)
    items = [gold(id="a"), gold(id="b", question="crash"), gold(id="c", question="moon?", **UNANSWERABLE)]
    out = tmp_path / "run"
    assert command("run", "--gold", str(_gold_file(tmp_path / "g.jsonl", *items)), "--system", service.url, "--out", str(out)) == 0
    run = load_run(out)
    rows, summary = run.rows, run.summary
    assert [(row["id"], row["error"]) for row in rows] == [("a", None), ("b", "/v1/ask: HTTP 500 it broke"), ("c", None)]
    assert rows[0]["citation_checks"][0] == {"marker": 1, "file": "pack.pdf", "page": 1, "form": "blanks", "fault": ""}
    assert rows[0]["hits"][0]["page"] == 1
    assert (summary["n"], summary["n_answerable"], summary["n_errors"], rows[0]["index"]["build_id"]) == (3, 2, 1, "b1")
    assert rows[0]["searches"] is None
    correct = summary["figures"]["answers"]["correct"]
    assert (correct["value"], correct["n"], correct["n_valid"]) == (0.5, 2, 2)
    assert summary["figures"]["citations"]["citation_validity"]["value"] == 1.0
    assert summary["figures"]["refusals"]["recall"]["value"] == 1.0
    assert summary["figures"]["answers"]["notice_recall"]["n_valid"] == 0
    printed = capsys.readouterr().out
    assert "b (lookup) want pack.pdf p.1 | got ERROR /v1/ask: HTTP 500 it broke" in printed


def test_a_busy_service_is_asked_again_after_the_time_it_names(serve: Serve) -> None:
    states = iter([(429, {"Retry-After": "3"}, {}), (503, {}, {}), (200, {}, reply())])
    service = serve(lambda question: next(states))
    waits: list[float] = []
    system = HttpSystem(service.url, sleep=waits.append)
    assert system.ask("?", {}, "extractive")["status"] == "answered"
    assert waits == [3.0, 1.0]
    system.close()


def test_a_service_that_stays_busy_becomes_an_error(serve: Serve) -> None:
    service = serve(lambda question: (503, {"Retry-After": "0"}, {"title": "Overloaded"}))
    system = HttpSystem(service.url, sleep=lambda seconds: None)
    with pytest.raises(CallFailed, match="HTTP 503 Overloaded"):
        system.ask("?", {}, "extractive")
    assert sum(path == "/v1/ask" for _, path in service.requests) == 9
    system.close()


def test_waits_are_bounded_and_survive_nonsense() -> None:
    assert wait_s("3600", 0) == 20.0
    assert wait_s("-1", 0) == 0.0
    assert wait_s("Wed, 21 Oct 2026 07:28:00 GMT", 2) == 2.0


def test_no_service_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _gold_file(tmp_path / "g.jsonl", gold())
    assert command("run", "--gold", str(path), "--system", "http://127.0.0.1:1") == 2
    assert "does not answer" in capsys.readouterr().err


def test_a_reply_that_is_no_list_of_documents_is_unreachable(serve: Serve) -> None:
    service = serve(lambda question: (200, {}, reply()), documents={"x": 1})
    system = HttpSystem(service.url)
    with pytest.raises(Unreachable, match="no list"):
        system.documents()
    system.close()


@pytest.mark.parametrize("words", [("--limit", "0"), ("--clients", "0")])
def test_senseless_numbers_and_bad_gold_are_exit_code_2(tmp_path: Path, words: tuple[str, str]) -> None:
    path = _gold_file(tmp_path / "g.jsonl", gold())
    assert command("run", "--gold", str(path), *words) == 2
    assert command("run", "--gold", str(tmp_path / "none.jsonl")) == 2


def test_a_home_without_an_index_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _gold_file(tmp_path / "g.jsonl", gold())
    assert command("run", "--gold", str(path), "--home", str(tmp_path / "empty")) == 2
    assert "evdocs eval:" in capsys.readouterr().err


def test_items_whose_documents_are_not_indexed_are_not_asked_and_fail(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = serve(lambda question: (200, {}, refusal()))
    items = [
        gold(id="a", evidence=[{"document": "gone.pdf", "pages": [1]}]),
        gold(id="b", about="gone.pdf", **UNANSWERABLE),
        gold(id="c", **UNANSWERABLE),
    ]
    assert (
        command("run", "--gold", str(_gold_file(tmp_path / "g.jsonl", *items)), "--system", service.url, "--out", str(tmp_path / "o")) == 0
    )
    rows = load_run(tmp_path / "o").rows
    assert [row["error"] for row in rows] == ["not indexed: gone.pdf", "not indexed: gone.pdf", None]
    assert [row["metrics"]["as_expected"] for row in rows] == [False, False, True]
    assert sum(path == "/v1/ask" for _, path in service.requests) == 1
    assert "2 items need documents that are not indexed; they count as failed: gone.pdf." in capsys.readouterr().out


def test_a_document_is_known_by_the_names_of_its_copies(pack_pdf: Path) -> None:
    names = known_names(Double(pack_pdf).documents())
    item = gold(evidence=[{"document": "pack-copy.pdf", "pages": [1]}])
    assert missing_documents(item, names) == []
    (row,) = rows_of(Double(pack_pdf), [item])
    assert row["metrics"]["hit@1"]
    assert row["metrics"]["cites_gold_page"]


def test_an_alternative_document_is_enough(pack_pdf: Path) -> None:
    item = gold(evidence=[{"document": "gone.pdf", "pages": [1]}], also=[{"document": "pack.pdf", "pages": [1]}])
    (row,) = rows_of(Double(pack_pdf), [item])
    assert (row["error"], row["metrics"]["hit@1"], row["metrics"]["citation_recall"]) == (None, True, 1.0)


def test_a_crash_and_a_malformed_reply_become_rows(pack_pdf: Path) -> None:
    def ask(question: str) -> Json:
        if question == "crash":
            raise RuntimeError("boom")
        return reply(citations=[{"marker": "x"}]) if question == "odd" else reply()

    rows = list(rows_of(Double(pack_pdf, ask), [gold(id="a", question="crash"), gold(id="b", question="odd"), gold(id="c")]))
    assert [row["error"] is None for row in rows] == [False, False, True]
    assert "RuntimeError boom" in rows[0]["error"]
    assert "cannot be scored" in rows[1]["error"]
    assert rows[0]["metrics"]["hit@1"]
    assert not rows[0]["metrics"]["correct"]
    assert report.failed(rows) == rows[:2]


def test_several_clients_keep_the_order_of_the_items(pack_pdf: Path) -> None:
    items = [gold(id=str(place)) for place in range(20)]
    assert [row["id"] for row in rows_of(Double(pack_pdf), items, clients=4)] == [item.item_id for item in items]


def test_figures_count_every_item_and_pool_citations(pack_pdf: Path) -> None:
    def ask(question: str) -> Json:
        wrong = reply("Tighten to 8 Nm [1][2].", [cite(1), cite(2, page=2)])
        return {"good": reply(), "wrong": wrong, "no": refusal()}[question]

    items = [gold(id=name, question=name) for name in ("good", "wrong", "no")]
    items += [gold(id="u1", question="no", **UNANSWERABLE), gold(id="u2", question="good", **UNANSWERABLE)]
    rows = list(rows_of(Double(pack_pdf, ask), items))
    tables = report.figures(rows)
    assert tables["retrieval"]["hit@1"].value == 1.0
    assert (tables["answers"]["fact_recall"].value, tables["answers"]["fact_recall"].n) == (pytest.approx(1 / 3), 3)
    assert (tables["citations"]["citation_precision"].value, tables["citations"]["citation_precision"].n_valid) == (0.75, 2)
    # good [1], wrong [1] and [2], u2 [1]: one quote of four is not on its page
    assert (tables["citations"]["citation_validity"].value, tables["citations"]["citation_validity"].n) == (0.75, 4)
    assert tables["citations"]["number_precision"].value == pytest.approx(2 / 3)
    refusals = tables["refusals"]
    assert (refusals["precision"].value, refusals["recall"].value, refusals["over_refusal"].value) == (0.5, 0.5, pytest.approx(1 / 3))
    assert (refusals["f1"].value, refusals["f1"].n_valid) == (0.5, 3)
    assert refusals["joint"].value == pytest.approx(2 / 5)
    assert (tables["calibration"]["ece"].n_valid, tables["calibration"]["risk@80%"].value) == (3, pytest.approx(2 / 3))
    assert report.broken_rules(rows) == [
        "wrong: [2] pack.pdf p.2: the quote does not stand on that page",
        "wrong: number not in a quote its sentence cites: 8 nm",
    ]


def test_markdown_goes_to_standard_output_alone(serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service = serve(lambda question: (200, {}, reply()))
    assert command("run", "--gold", str(_gold_file(tmp_path / "g.jsonl", gold())), "--system", service.url, "--markdown") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("g.jsonl: 1 items, 1 answerable")
    assert "| hit@1 | 1.000 | 1 of 1 | 0.207 - 1.000 w | 1 |" in printed
    assert "━" not in printed


def test_the_commit_is_read_from_the_repository_files(tmp_path: Path) -> None:
    folder = tmp_path / "repo" / "deep"
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    folder.mkdir()
    head = tmp_path / "repo" / ".git" / "HEAD"
    head.write_text("ref: refs/heads/main\n")
    assert git_commit(folder) is None
    (tmp_path / "repo" / ".git" / "packed-refs").write_text("# pack-refs\nabc123 refs/heads/main\n")
    assert git_commit(folder) == "abc123"
    head.write_text("def456\n")
    assert git_commit(folder) == "def456"


def test_a_run_in_this_process_over_a_real_index(pack_pdf: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    register_ingest(parser.add_subparsers())
    home = str(tmp_path / "home")
    args = parser.parse_args(["ingest", str(pack_pdf), "--home", home])
    assert args.run(args) == 0
    items = [
        gold(id="a"),
        gold(id="b", question="What rating has fuse F12?", facts=[["350 A"]], evidence=[{"document": "pack.pdf", "pages": [2]}]),
    ]
    out = tmp_path / "run"
    assert command("run", "--gold", str(_gold_file(tmp_path / "g.jsonl", *items)), "--home", home, "--out", str(out)) == 0
    run = load_run(out)
    rows, summary = run.rows, run.summary
    assert [row["error"] for row in rows] == [None, None]
    assert summary["figures"]["retrieval"]["hit@5"]["value"] == 1.0
    assert {check["fault"] for row in rows for check in (*row["citation_checks"], *row["nearest_checks"])} == {""}
    assert summary["run"]["build_id"] == (tmp_path / "home" / "current").read_text().strip()
    assert len(summary["run"]["system"]["settings"]["fingerprint"]) == 16
    again = tmp_path / "again"
    assert command("run", "--gold", str(tmp_path / "g.jsonl"), "--home", home, "--out", str(again), "--clients", "2") == 0
    assert all((out / name).read_bytes() == (again / name).read_bytes() for name in ("run.json", "results.jsonl", "summary.json"))
    assert set(rows[0]["searches"]) == {"dense", "lexical", "exact", "late", "fused", "rerank"}
    assert rows[0]["metrics"]["rerank.hit@10"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mode", "llm"), "No language model is set up"),
        (("--set", "k_dence=3"), "not 'k_dence'"),
        (("--set", "k_dense=0"), "EVDOCS_K_DENSE"),
        (("--system", "http://127.0.0.1:1", "--set", "k_dense=3"), "settings of its own"),
    ],
)
def test_a_run_that_cannot_be_as_asked_says_so(
    sample_settings: Settings, tmp_path: Path, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _gold_file(tmp_path / "g.jsonl", gold())
    assert command("run", "--gold", str(path), "--home", str(sample_settings.home), *words) == 2
    assert said in capsys.readouterr().err


def test_time_budgets_are_raised_and_said_unless_they_are_set() -> None:
    settings, raised = run_settings(None, {})
    assert (settings.rerank_budget_s, settings.deadline_s, raised) == (60.0, 600.0, {"rerank_budget_s": 60.0, "deadline_s": 600.0})
    settings, raised = run_settings(None, {"rerank_budget_s": "1.5"})
    assert (settings.rerank_budget_s, raised) == (1.5, {"deadline_s": 600.0})
