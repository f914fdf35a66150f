"""The HTTP contract over ASGI: fields, errors, strict bodies, keys, the page. Models are twins, everything else is real."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from http_twins import SENTENCE, Twin, publish_build, wait_until
from pydantic import SecretStr

from service import api
from service.app import STATUS, create_app
from service.bodies import FilterField
from service.core import errors
from service.core.settings import Settings
from service.core.types import FILTER_FIELDS

ANSWER_FIELDS = {
    "status", "answer", "citations", "notices", "refusal", "confidence", "mode", "verification", "degraded", "trace_id", "timings_ms",
    "models", "index",
}  # fmt: skip
CITATION_FIELDS = {"marker", "document_id", "file", "title", "revision", "page", "page_label", "section", "quote", "boxes", "score"}
TIMINGS = {"embed", "dense", "lexical", "fuse", "rerank", "answer", "total"}
WEB = Path(api.__file__).parent / "web"


@asynccontextmanager
async def serving(home: Path, twin: Twin, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a service whose index, if one is published, is open."""
    app = create_app(Settings(home=home, **settings), twin.pipeline)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        if (home / "current").exists():
            await asyncio.to_thread(wait_until, lambda: app.state.evdocs.live.ready)
        yield client


@pytest.fixture
def twin() -> Twin:
    return Twin()


@pytest.fixture
async def client(tmp_path: Path, twin: Twin) -> AsyncIterator[httpx.AsyncClient]:
    publish_build(tmp_path, "b1")
    async with serving(tmp_path, twin) as made:
        yield made


def events_of(text: str) -> list[tuple[str, Any]]:
    """Server-sent events as (name, object)."""
    found = re.findall(r"^event: (.*)\ndata: (.*)\n$", text, flags=re.MULTILINE)
    return [(name, json.loads(data)) for name, data in found]


def is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check that a response is a problem document of this status; the document."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "trace_id"} <= set(body)
    assert body["status"] == status
    assert body["trace_id"] == response.headers["x-trace-id"]
    return body


# Answers


async def test_an_answer_has_every_field_of_the_contract(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/ask", json={"question": "torque?"})
    body = response.json()
    assert response.status_code == 200
    assert set(body) == ANSWER_FIELDS
    assert set(body["citations"][0]) == CITATION_FIELDS
    assert body["citations"][0]["boxes"] == [[40.0, 60.0, 200.0, 84.0]]
    assert set(body["timings_ms"]) == TIMINGS
    assert body["timings_ms"]["rerank"] == 20.5
    assert body["models"] == {"embedder": "twin", "reranker": "twin", "generator": "twin"}
    assert body["index"] == {"build_id": "b1", "documents": 1, "chunks": 1}
    assert body["notices"] == [{"level": "danger", "text": "High voltage.", "marker": 1}]
    assert re.fullmatch("[0-9a-f]{32}", body["trace_id"])
    assert response.headers["x-trace-id"] == body["trace_id"]


async def test_a_refusal_is_a_result_with_reason_and_nearest_places(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/ask", json={"question": "refuse"})
    body = response.json()
    assert response.status_code == 200
    assert (body["status"], body["answer"], body["degraded"]) == ("refused", "", ["rerank"])
    assert body["refusal"]["reason"] == "not_in_documents"
    assert set(body["refusal"]["nearest"][0]) == CITATION_FIELDS


async def test_everything_asked_reaches_the_pipeline(client: httpx.AsyncClient, twin: Twin) -> None:
    asked = {
        "question": "torque?", "filters": {"product": "T1", "language": ["de", "en", "de"]}, "mode": "extractive",
        "user_id": "u", "session_id": "s",
        "history": [{"question": "q", "answer": "a"}],
    }  # fmt: skip
    assert (await client.post("/v1/ask", json=asked)).status_code == 200
    question = twin.questions[0]
    assert question.filters == {"product": ("T1",), "language": ("de", "en")}
    assert (question.mode, question.user_id, question.session_id, question.history) == ("extractive", "u", "s", (("q", "a"),))


async def test_a_stream_is_tokens_and_citations_and_then_the_whole_answer(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/ask", json={"question": "torque?", "stream": True})
    events = events_of(response.text)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert [name for name, _ in events] == ["token", "citation", "answer"]
    assert events[0][1] == {"text": f"{SENTENCE} [1]"}
    assert set(events[1][1]) == CITATION_FIELDS
    assert set(events[2][1]) == ANSWER_FIELDS
    assert events[2][1]["trace_id"] == response.headers["x-trace-id"]


async def test_a_quiet_stream_is_kept_open_by_comments(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "HEARTBEAT_S", 0.005)
    response = await client.post("/v1/ask", json={"question": "slow 0.3", "stream": True})
    assert ": heartbeat\n\n" in response.text
    assert events_of(response.text)[-1][0] == "answer"


async def test_an_error_before_the_first_event_of_a_stream_is_an_ordinary_response(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/ask", json={"question": "fail store", "stream": True})
    assert is_problem(response, 503)["detail"] == "The store does not answer."


async def test_an_error_in_a_stream_that_has_begun_is_an_error_event(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/ask", json={"question": "fail late", "stream": True})
    events = events_of(response.text)
    assert [name for name, _ in events] == ["token", "error"]
    assert (events[1][1]["status"], events[1][1]["detail"]) == (503, "The store went away.")


async def test_search_gives_every_stage_score_and_null_for_what_is_no_number(client: httpx.AsyncClient, twin: Twin) -> None:
    body = (await client.post("/v1/search", json={"question": "torque?", "k": 3})).json()
    (hit,) = body["hits"]
    assert {"chunk_id", "document_id", "file", "page", "page_end", "section", "kind", "text", "scores"} <= set(hit)
    assert hit["scores"] == {"dense": 0.5, "lexical": None, "fused": 0.03, "rerank": 1.5}
    assert hit["page_label"] == "4-2"
    assert set(body["timings_ms"]) == TIMINGS
    assert twin.tracer.traces == [("search", body["trace_id"])]


async def test_feedback_is_a_score_on_the_trace(client: httpx.AsyncClient, twin: Twin) -> None:
    trace_id = "0123456789abcdef" * 2
    response = await client.post("/v1/feedback", json={"trace_id": trace_id, "helpful": False, "comment": "wrong page"})
    assert response.status_code == 202
    assert twin.tracer.scores == [(trace_id, "helpful", 0.0, "wrong page")]
    for wrong in ({"trace_id": "xyz", "helpful": True}, {"trace_id": trace_id, "helpful": 1}, {"trace_id": trace_id}):
        is_problem(await client.post("/v1/feedback", json=wrong), 422)


# Errors


def test_every_error_of_the_project_has_a_status() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EvdocsError)]
    assert len(classes) >= 14
    assert set(STATUS) == set(classes)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe{}", 400),
        (b"[" * 50_000, 400),
        (b'{"question": "a\x00b"}', 400),
        (b"null", 422),
        (b"{}", 422),
        (b'{"question": ""}', 422),
        (b'{"question": "  \\n "}', 422),
        (b'{"question": NaN}', 422),
        (b'{"question": 5}', 422),
        (b'{"question": "a\\u0000b"}', 422),
        (b'{"question": "a\\u009bb"}', 422),
        (b'{"question": "a\\ud800b"}', 422),
        (b'{"question": "\\udc00"}', 422),
        (b'{"question": "q", "unknown": 1}', 422),
        (b'{"question": "q", "stream": "yes"}', 422),
        (b'{"question": "q", "mode": "magic"}', 422),
        (b'{"question": "q", "filters": {"file": "x"}}', 422),
        (b'{"question": "q", "filters": {"product": 1}}', 422),
        (b'{"question": "q", "filters": {"product": []}}', 422),
        (b'{"question": "q", "filters": {"product": [["x"]]}}', 422),
        (b'{"question": "q", "filters": []}', 422),
        (b'{"question": "q", "history": [{"question": "q"}]}', 422),
        (json.dumps({"question": "x" * 2001}).encode(), 422),
        (json.dumps({"question": "q", "filters": {"product": ["x"] * 51}}).encode(), 422),
        (json.dumps({"question": "q", "filters": {"product": "x" * 201}}).encode(), 422),
        (json.dumps({"question": "q", "history": [{"question": "q", "answer": "a"}] * 21}).encode(), 422),
    ],
)  # fmt: skip
async def test_what_is_no_proper_question_is_refused(client: httpx.AsyncClient, twin: Twin, raw: bytes, status: int) -> None:
    body = is_problem(await client.post("/v1/ask", content=raw, headers={"content-type": "application/json"}), status)
    assert body["detail"]
    assert twin.asked == []


@pytest.mark.parametrize("k", ["0", "101", "NaN", "Infinity", "1e999", "5.5", '"5"', "true", "null"])
async def test_k_is_a_whole_number_from_1_to_100(client: httpx.AsyncClient, k: str) -> None:
    raw = f'{{"question": "q", "k": {k}}}'
    is_problem(await client.post("/v1/search", content=raw, headers={"content-type": "application/json"}), 422)


@pytest.mark.parametrize("question", ["x" * 2000, "Zeilen\nund\tTabs", "Ω µ 扭矩 🔋", "a\u200bb"])
async def test_any_readable_text_may_be_asked(client: httpx.AsyncClient, twin: Twin, question: str) -> None:
    assert (await client.post("/v1/ask", json={"question": question})).status_code == 200
    assert twin.asked == [question]


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/json; charset=utf-16"])
async def test_a_body_not_declared_as_json_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    is_problem(await client.post("/v1/ask", content=b'{"question": "q"}', headers={"content-type": kind}), 415)


async def test_unknown_paths_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    is_problem(await client.get("/v2/ask"), 404)
    is_problem(await client.get("/web/%2e%2e/app.py"), 404)
    is_problem(await client.get("/web/..%2fapp.py"), 404)
    assert is_problem(await client.put("/v1/ask"), 405)["title"] == "Method Not Allowed"


async def test_an_unexpected_error_tells_its_trace_id_and_nothing_else(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/ask", json={"question": "fail bug"})
    is_problem(response, 500)
    assert "secret" not in response.text
    assert (await client.get("/healthz")).status_code == 200


async def test_long_bodies_are_refused_declared_or_not(client: httpx.AsyncClient, twin: Twin) -> None:
    long = b'{"question": "' + b"x" * 70_000 + b'"}'

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(long), 10_000):
            yield long[start : start + 10_000]

    headers = {"content-type": "application/json"}
    is_problem(await client.post("/v1/ask", content=long, headers=headers), 413)
    is_problem(await client.post("/v1/ask", content=in_pieces(), headers=headers), 413)
    assert twin.asked == []


def test_the_filter_fields_are_those_of_the_core() -> None:
    assert get_args(FilterField) == FILTER_FIELDS


# Who may, and where from


async def test_with_keys_set_only_health_and_the_page_are_open(tmp_path: Path, twin: Twin) -> None:
    publish_build(tmp_path, "b1")
    async with serving(tmp_path, twin, api_keys=SecretStr("first-key, zweiter-schlüssel")) as client:
        for path in ("/healthz", "/readyz", "/", "/web/page.js"):
            assert (await client.get(path)).status_code == 200, path
        for authorization in (None, "Bearer wrong", "Basic first-key", "first-key", "Bearer", "Bearer first-key, zweiter-schlüssel"):
            headers = {"authorization": authorization.encode()} if authorization else {}
            refused = await client.get("/v1/documents", headers=headers)
            is_problem(refused, 401)
            assert refused.headers["www-authenticate"] == "Bearer"
        for key in ("first-key", "zweiter-schlüssel"):
            assert (await client.get("/v1/documents", headers={"authorization": f"Bearer {key}".encode()})).status_code == 200


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}])
async def test_a_page_of_another_site_cannot_change_or_ask_anything(client: httpx.AsyncClient, twin: Twin, headers: dict[str, str]) -> None:
    is_problem(await client.post("/v1/ask", json={"question": "q"}, headers=headers), 403)
    is_problem(await client.post("/v1/documents", files={"file": ("a.pdf", b"%PDF-")}, headers=headers), 403)
    assert twin.asked == []
    assert (await client.post("/v1/ask", json={"question": "q"}, headers={"origin": "http://testserver"})).status_code == 200


# State


async def test_without_an_index_it_lives_says_what_to_run_and_becomes_ready_when_one_is_published(tmp_path: Path, twin: Twin) -> None:
    async with serving(tmp_path, twin) as client:
        assert (await client.get("/healthz")).json()["status"] == "alive"
        await asyncio.sleep(0.05)
        assert "evdocs ingest" in is_problem(await client.get("/readyz"), 503)["detail"]
        refused = await client.post("/v1/ask", json={"question": "q"})
        is_problem(refused, 503)
        assert int(refused.headers["retry-after"]) >= 1
        publish_build(tmp_path, "b1")
        async with asyncio.timeout(5):
            while (response := await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.02)
        assert response.json() == {
            "status": "ready",
            "models": {"embedder": "twin", "reranker": "twin", "generator": "twin"},
            "index": {"build_id": "b1", "documents": 1, "chunks": 1},
            "warning": None,
        }
        assert (await client.post("/v1/ask", json={"question": "q"})).status_code == 200


async def test_metrics_count_requests_refusals_and_stages(client: httpx.AsyncClient) -> None:
    for question in ("torque?", "refuse", "refuse"):
        await client.post("/v1/ask", json={"question": question})
    await client.get("/no/such/path")
    response = await client.get("/metrics")
    lines = response.text.splitlines()
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'evdocs_requests_total{method="POST",route="/v1/ask",status="200"} 3' in lines
    assert 'evdocs_requests_total{method="GET",route="none",status="404"} 1' in lines
    assert 'evdocs_refusals_total{reason="not_in_documents"} 2' in lines
    assert 'evdocs_degraded_total{part="rerank"} 2' in lines
    assert 'evdocs_stage_seconds_bucket{stage="rerank",le="0.025"} 1' in lines
    assert {"evdocs_queue_length 0", "evdocs_ready 1", "evdocs_chunks 1"} <= set(lines)
    for line in lines:
        assert re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{(\w+=\"[^\"]*\",?)+\})? [0-9.e+]+", line), line


# The page


async def test_the_page_is_served_with_headers_that_let_nothing_else_in(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await client.get(path)).status_code == 200, path


@pytest.mark.parametrize("file", sorted(path.name for path in WEB.iterdir()))
def test_the_page_asks_no_other_server_and_makes_no_markup_of_text(file: str) -> None:
    text = (WEB / file).read_text("utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|style=|onclick=", text)


async def test_the_openapi_description_names_the_bodies(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert "question" in paths["/v1/ask"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
