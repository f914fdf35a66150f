"""A saved answer is held against the index of today: its quotes are there, have moved, or are gone."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.answer import Question, answer
from service.app import create_app
from service.bodies import SavedAnswer
from service.cli import main
from service.core.ports import Rag
from service.core.settings import Settings
from service.recheck import recheck
from service.views import answer_view

QUESTION = "how do I do the coolant pressure test, and what loss is allowed?"


@pytest.fixture(scope="module")
def saved(sample_rag: Rag) -> dict[str, Any]:
    """An answer as `POST /v1/ask` gave it, through JSON."""
    made = answer(sample_rag, Question(QUESTION), trace_id=uuid.uuid4().hex, deadline=time.monotonic() + 60)
    assert made.status == "answered"
    body: dict[str, Any] = json.loads(json.dumps(answer_view(made, sample_rag, "0" * 32, 1.0)))
    return body


def states(saved: dict[str, Any], rag: Rag) -> tuple[bool, list[str]]:
    body = recheck(SavedAnswer.model_validate(saved), rag.index)
    return body["verified"], [item["state"] for item in body["citations"]]


def changed(saved: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The answer with its first citation changed."""
    first, *rest = saved["citations"]
    return saved | {"citations": [first | fields, *rest]}


def test_every_quote_of_a_fresh_answer_is_still_there(saved: dict[str, Any], sample_rag: Rag) -> None:
    verified, found = states(saved, sample_rag)
    assert verified
    assert set(found) == {"there"}


def test_a_quote_on_another_page_has_moved_and_the_page_is_told(saved: dict[str, Any], sample_rag: Rag) -> None:
    page = saved["citations"][0]["page"]
    body = recheck(SavedAnswer.model_validate(changed(saved, page=page + 1)), sample_rag.index)
    first = body["citations"][0]
    assert (body["verified"], first["state"], first["pages"]) == (False, "moved", [page])
    assert f"page {page}" in first["message"]


def test_a_changed_quote_is_gone(saved: dict[str, Any], sample_rag: Rag) -> None:
    quote = saved["citations"][0]["quote"]
    assert states(changed(saved, quote=quote + " or any other value"), sample_rag)[1][0] == "gone"


def test_a_number_cut_out_of_a_longer_one_is_no_quote(sample_rag: Rag) -> None:
    document = next(one for one in sample_rag.index.documents.values() if one.doc_type == "bulletin")
    citation = {"marker": 1, "document_id": document.document_id, "file": document.file, "page": 1, "quote": "5 N·m"}
    assert states({"answer": "5 N·m [1]", "citations": [citation]}, sample_rag)[1] == ["gone"], "the bulletin says 15 N·m"


def test_a_document_that_is_not_indexed_any_more_is_named(saved: dict[str, Any], sample_rag: Rag) -> None:
    body = recheck(SavedAnswer.model_validate(changed(saved, document_id="0" * 16, file="thrown-away.pdf")), sample_rag.index)
    assert (body["verified"], body["citations"][0]["state"]) == (False, "no_document")
    assert "thrown-away.pdf" in body["citations"][0]["message"]


def test_a_new_version_of_a_file_is_found_by_its_name(saved: dict[str, Any], sample_rag: Rag) -> None:
    body = recheck(SavedAnswer.model_validate(changed(saved, document_id="0" * 16)), sample_rag.index)
    assert body["citations"][0]["state"] == "there"
    assert "has changed" in body["citations"][0]["message"]


def test_a_marker_that_resolves_to_nothing_and_a_number_that_was_altered_do_not_stand(saved: dict[str, Any], sample_rag: Rag) -> None:
    lost = recheck(SavedAnswer.model_validate(saved | {"answer": saved["answer"] + "\nMore [99]."}), sample_rag.index)
    assert (lost["verified"], lost["unresolved_markers"]) == (False, [99])
    altered = recheck(SavedAnswer.model_validate(saved | {"answer": "Fill to 7777 bar. [1]"}), sample_rag.index)
    assert not altered["verified"]
    assert altered["verification"] == {"sentences": 1, "numbers": 1, "numbers_verified": 0}


def test_the_command_says_so_and_exits_with_1_where_it_does_not_stand(
    saved: dict[str, Any], sample_settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, broken = (tmp_path / name for name in ("good.json", "bad.json", "broken.json"))
    good.write_text(json.dumps(saved), "utf-8")
    bad.write_text(json.dumps(changed(saved, page=99)), "utf-8")
    broken.write_text('{"answer": 5}', "utf-8")
    home = str(sample_settings.home)
    assert main(["verify", str(good), "--home", home]) == 0
    assert "The answer still stands" in capsys.readouterr().out
    assert main(["verify", str(bad), "--home", home, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["citations"][0]["state"] == "moved"
    assert main(["verify", str(broken), "--home", home]) == 2
    assert "is no saved answer" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "none.json"), "--home", home]) == 2


async def test_the_api_checks_a_saved_answer_and_turns_down_what_is_none(saved: dict[str, Any], sample_settings: Settings) -> None:
    app = create_app(sample_settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        until = time.monotonic() + 60
        while not app.state.evdocs.live.ready and time.monotonic() < until:
            time.sleep(0.05)
        found = await client.post("/v1/verify", json=saved)
        assert (found.status_code, found.json()["verified"]) == (200, True)
        assert (await client.post("/v1/verify", json={"answer": "x"})).status_code == 422
        many = {"answer": "x", "citations": [{"marker": 1, "document_id": "d", "page": 1, "quote": "q"}] * 201}
        assert (await client.post("/v1/verify", json=many)).status_code == 422
