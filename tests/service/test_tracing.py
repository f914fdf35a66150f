"""One suite over all tracers, then what is particular to each: the file's lines, the Langfuse server's wire, a server that is down.

Langfuse is tried against the SDK's spans in memory and against a receiver on the loopback that checks path, key and bytes.
"""

from __future__ import annotations

import base64
import contextvars
import gzip
import json
import secrets
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.adapters.trace_fields import MAX_TEXT, plain, reportable
from service.adapters.tracer_jsonl import JsonLinesTracer
from service.adapters.tracer_langfuse import LangfuseTracer
from service.adapters.tracer_noop import NoopTracer
from service.core.errors import SettingsError
from service.core.ports import SpanKind, Tracer

TRACE = "0123456789abcdef0123456789abcdef"
DEAD = "http://127.0.0.1:9"  # the discard port: nobody listens


@dataclass
class Seen:
    """What a tracer reported, in one form: spans as (name, parent's name), everything as text."""

    spans: Callable[[], list[tuple[str, str | None]]]
    text: Callable[[], str]


def langfuse(content: bool = True, url: str = DEAD, exporter: Any = None) -> LangfuseTracer:
    """A tracer with a key of its own, because the SDK keeps one client for each."""
    return LangfuseTracer(url, "pk-" + secrets.token_hex(8), "sk-test", content=content, exporter=exporter)


def make(kind: str, folder: Path, *, content: bool = True) -> tuple[Tracer, Seen]:
    if kind == "noop":
        return NoopTracer(), Seen(lambda: [], lambda: "")
    if kind == "jsonl":
        path = folder / "traces.jsonl"

        def spans() -> list[tuple[str, str | None]]:
            found: list[tuple[str, str | None]] = []
            for line in (json.loads(line) for line in path.read_text("utf-8").splitlines()):
                if line["type"] == "trace":
                    names = {0: line["name"]} | {span["id"]: span["name"] for span in line["spans"]}
                    found += [(line["name"], None), *((span["name"], names[span["parent"]]) for span in line["spans"])]
            return found

        return JsonLinesTracer(path, content=content), Seen(spans, lambda: path.read_text("utf-8"))
    exporter = InMemorySpanExporter()

    def observations() -> list[tuple[str, str | None]]:
        finished = exporter.get_finished_spans()
        names = {span.context.span_id: span.name for span in finished if span.context}
        return [(span.name, names.get(span.parent.span_id) if span.parent else None) for span in finished]

    return langfuse(content, exporter=exporter), Seen(
        observations, lambda: "".join(span.to_json() for span in exporter.get_finished_spans())
    )


@pytest.fixture(params=["noop", "jsonl", "langfuse"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def one_request(tracer: Tracer) -> None:
    """A request like a real one."""
    with tracer.trace("ask", trace_id=TRACE, user_id="ann@example.com", session_id="séance") as root:
        root.update(input="what torque?")
        with tracer.span("embed", "embedding", model="minilm"):
            pass
        with tracer.span("retrieve", "retriever") as outer, tracer.span("rerank", "reranker", metadata={"n": 20}):
            outer.update(output=["chunk-77"])
        with tracer.span("answer", "generation") as span:
            span.update(output="7 Nm", model="extractive-1", usage={"input": 10}, level="warning")
        root.update(output="7 Nm", metadata={"status": "answered", "confidence": 0.5, "note": "private"})


# The suite every tracer passes


def test_stages_nest_inside_the_trace_they_belong_to(kind: str, tmp_path: Path) -> None:
    tracer, seen = make(kind, tmp_path)
    one_request(tracer)
    one_request(tracer)
    tracer.close()
    once = [("answer", "ask"), ("ask", None), ("embed", "ask"), ("rerank", "retrieve"), ("retrieve", "ask")]
    assert sorted(seen.spans(), key=str) == ([] if kind == "noop" else sorted(once * 2, key=str))


def test_exceptions_pass_through_and_are_reported(kind: str, tmp_path: Path) -> None:
    tracer, seen = make(kind, tmp_path)
    with pytest.raises(ValueError, match="lost page"), tracer.trace("ask", trace_id=TRACE), tracer.span("cite", "span"):
        raise ValueError("lost page 7")
    with tracer.trace("after", trace_id=TRACE), tracer.span("embed", "embedding"):
        pass
    tracer.close()
    if kind != "noop":
        assert "ValueError: lost page 7" in seen.text()
        assert ("embed", "after") in seen.spans(), "the failed trace must not stay open"


def test_nothing_a_stage_reports_can_hurt_the_request(kind: str, tmp_path: Path) -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("do not print me")

        __repr__ = __str__

    loop: list[Any] = []
    loop.append(loop)
    tracer, _ = make(kind, tmp_path)
    with tracer.trace("ask", trace_id="not hexadecimal", user_id="ä" * 500) as root:
        for value in (
            Hostile(),
            loop,
            {1: {2: object()}},
            float("nan"),
            np.float32(1.5),
            np.arange(5),
            b"bytes",
            "\ud800",
            "x" * 10**6,
            10**400,
        ):
            root.update(input=value, output=[value], metadata={"v": value}, usage={"v": value})
        root.update(level="odd", model=Hostile(), nonsense=1)
    tracer.close()


def test_late_and_lonely_calls_do_nothing(kind: str, tmp_path: Path) -> None:
    tracer, seen = make(kind, tmp_path)
    with tracer.span("lonely", "span") as span:
        span.update(output="nobody's")
    with tracer.trace("ask", trace_id=TRACE) as root, tracer.span("embed", "embedding") as stage:
        pass
    root.update(output="too late")
    stage.update(output="too late")
    tracer.close()
    tracer.close()
    tracer.score(TRACE, "helpful", 1.0)
    with tracer.trace("after", trace_id=TRACE), tracer.span("embed", "embedding"):
        pass
    assert "too late" not in seen.text()
    assert {name for name, _ in seen.spans()} <= {"ask", "embed"}


def test_stages_of_another_thread_belong_to_its_own_trace_or_a_handed_on_one(kind: str, tmp_path: Path) -> None:
    tracer, seen = make(kind, tmp_path)

    def stage(name: str) -> None:
        with tracer.span(name, "span"):
            pass

    with tracer.trace("ask", trace_id=TRACE):
        context = contextvars.copy_context()
        for target in (lambda: stage("stranger"), lambda: context.run(stage, "helper")):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    tracer.close()
    if kind != "noop":
        assert sorted(seen.spans(), key=str) == [("ask", None), ("helper", "ask")]


def test_with_content_off_only_figures_and_fixed_words_are_reported(kind: str, tmp_path: Path) -> None:
    tracer, seen = make(kind, tmp_path, content=False)
    one_request(tracer)
    with pytest.raises(ValueError, match="quotes"), tracer.trace("ask", trace_id=TRACE), tracer.span("cite", "span"):
        raise ValueError("quotes the question")
    tracer.score(TRACE, "helpful", 0.0, "the customer Ann said")
    tracer.close()
    text = seen.text()
    for private in ("torque", "7 Nm", "ann@", "séance", "chunk-77", "private", "quotes the question", "Ann said"):
        assert private not in text, private
    if kind != "noop":
        assert "ValueError" in text
        assert "answered" in text


# Fields


def test_fields_become_bounded_plain_values() -> None:
    assert plain({"a": (1, 2.5, None, True), "b": {"x"}}) == {"a": [1, 2.5, None, True], "b": ["x"]}
    assert plain(np.float32(1.5)) == 1.5
    assert plain(np.int64(7)) == 7
    assert plain(float("inf")) is None
    assert len(plain("x" * 10**6)) == MAX_TEXT
    assert len(plain(list(range(10**5)))) == 200
    json.dumps(plain({"deep": [[[[[[[[object()]]]]]]]]}))
    assert reportable({"input": "q", "metadata": {"n": 3, "status": "refused", "text": "q"}}, content=False) == {
        "metadata": {"n": 3, "status": "refused"}
    }


# Lines of JSON


def test_a_line_of_the_file_tells_a_whole_trace(tmp_path: Path) -> None:
    tracer, _ = make("jsonl", tmp_path)
    one_request(tracer)
    tracer.score(TRACE, "helpful", 1.0, "good")
    tracer.close()
    path = tmp_path / "traces.jsonl"
    trace, score = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert (trace["trace_id"], trace["user_id"], trace["input"], trace["output"]) == (TRACE, "ann@example.com", "what torque?", "7 Nm")
    assert [span["name"] for span in trace["spans"]] == ["embed", "retrieve", "rerank", "answer"]
    assert all(0 <= span["start_ms"] <= trace["ms"] and span["ms"] >= 0 for span in trace["spans"])
    assert score == {"type": "score", "trace_id": TRACE, "name": "helpful", "value": 1.0, "comment": "good"}
    assert path.stat().st_mode & 0o077 == 0, "other users could read what was asked"


def test_the_file_is_rotated_and_no_line_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    tracer = JsonLinesTracer(path, rotate_bytes=3000)
    for _ in range(20):
        one_request(tracer)
    tracer.close()
    kept = [path.with_name("traces.jsonl.1"), *([path] if path.exists() else [])]
    for file in kept:
        assert file.stat().st_size < 5000
        for line in file.read_text("utf-8").splitlines():
            assert json.loads(line)["trace_id"] == TRACE


def test_a_disk_that_refuses_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    tracer = JsonLinesTracer(tmp_path / "file" / "traces.jsonl")
    one_request(tracer)
    tracer.close()
    assert tracer.dropped == 1


# Langfuse


def test_langfuse_gets_its_own_types_names_and_ids(tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    tracer = langfuse(exporter=exporter)
    one_request(tracer)
    tracer.close()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    types = {name: (span.attributes or {})["langfuse.observation.type"] for name, span in spans.items()}
    assert types == {"ask": "chain", "embed": "embedding", "retrieve": "retriever", "rerank": "span", "answer": "generation"}
    for span in spans.values():
        attributes = span.attributes or {}
        assert span.context is not None
        assert f"{span.context.trace_id:032x}" == TRACE
        assert attributes["user.id"] == "ann@example.com"
        assert str(attributes["session.id"]).startswith("sha256-"), "Langfuse drops what is not ASCII"
        assert attributes["langfuse.trace.name"] == "ask"
    answer = dict(spans["answer"].attributes or {})
    assert answer["langfuse.observation.model.name"] == "extractive-1"
    assert json.loads(str(answer["langfuse.observation.usage_details"])) == {"input": 10}
    assert answer["langfuse.observation.level"] == "WARNING"
    assert dict(spans["ask"].attributes or {})["langfuse.observation.input"] == "what torque?"


def test_langfuse_gets_cost_and_the_link_to_its_own_prompt(tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    tracer = langfuse(exporter=exporter)
    with tracer.trace("ask", trace_id=TRACE):
        for name, version in (("managed", "langfuse-7"), ("packaged", "2")):
            with tracer.span(name, "generation") as span:
                span.update(cost=0.25, prompt={"name": "answer", "version": version})
    tracer.close()
    spans = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
    assert json.loads(str(spans["managed"]["langfuse.observation.cost_details"])) == {"total": 0.25}
    assert spans["managed"]["langfuse.observation.prompt.name"] == "answer"
    assert spans["managed"]["langfuse.observation.prompt.version"] == 7
    assert "langfuse.observation.prompt.name" not in spans["packaged"], "the server knows no such version"


def test_langfuse_without_its_settings_says_which() -> None:
    with pytest.raises(SettingsError, match="EVDOCS_LANGFUSE_SECRET_KEY"):
        LangfuseTracer(DEAD, "pk", "")


@dataclass
class Receiver:
    """A stand-in for the Langfuse server that keeps what it is sent."""

    url: str
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_langfuse_is_sent_over_the_wire(receiver: Receiver) -> None:
    tracer = LangfuseTracer(receiver.url + "/", "pk-wire", "sk-wire")
    one_request(tracer)
    tracer.score(TRACE, "helpful", 1.0, "good")
    tracer.close()
    by_path = {path: (headers, body) for path, headers, body in receiver.requests}
    assert set(by_path) == {"/api/public/otel/v1/traces", "/api/public/scores"}
    for headers, _ in by_path.values():
        assert headers["authorization"] == "Basic " + base64.b64encode(b"pk-wire:sk-wire").decode()
    headers, body = by_path["/api/public/otel/v1/traces"]
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["x-langfuse-ingestion-version"] == "4"
    spans = gzip.decompress(body)
    for expected in (b"ask", b"rerank", b"what torque?", bytes.fromhex(TRACE)):
        assert expected in spans
    (score,) = json.loads(by_path["/api/public/scores"][1])
    assert (score["traceId"], score["name"], score["value"], score["comment"]) == (TRACE, "helpful", 1.0, "good")


def test_a_langfuse_server_that_is_down_is_not_felt() -> None:
    tracer, times_ms = langfuse(), []
    for _ in range(300):
        started = time.perf_counter()
        one_request(tracer)
        tracer.score(TRACE, "helpful", 1.0)
        times_ms.append((time.perf_counter() - started) * 1000)
    started = time.monotonic()
    tracer.close()
    assert time.monotonic() - started < 3.5
    assert statistics.median(times_ms) < 10, "a trace of five spans"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "silent"])
def test_the_process_ends_although_langfuse_never_answers(address: str) -> None:
    silent = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # accepts connections, answers nothing
    url = f"http://127.0.0.1:{silent.server_address[1]}" if address == "silent" else address
    script = (
        "import sys, time\nfrom service.adapters.tracer_langfuse import LangfuseTracer\n"
        f"tracer = LangfuseTracer({url!r}, 'pk', 'sk')\n"
        "with tracer.trace('ask', trace_id='0' * 31 + '1'), tracer.span('embed', 'embedding'):\n    pass\n"
        "tracer.score('0' * 31 + '1', 'helpful', 1.0)\nbegan = time.monotonic()\ntracer.close()\nprint(time.monotonic() - began)"
    )
    try:
        started = time.monotonic()
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
        after_close_s = time.monotonic() - started
    finally:
        silent.server_close()
    assert float(done.stdout) < 3.5
    assert after_close_s < 15, "importing and closing, nothing more"


@pytest.mark.parametrize("kind_of_span", ["chain", "retriever", "embedding", "reranker", "generation", "guardrail", "span"])
def test_every_kind_of_span_is_known_to_every_tracer(kind: str, tmp_path: Path, kind_of_span: SpanKind) -> None:
    tracer, seen = make(kind, tmp_path)
    with tracer.trace("ask", trace_id=TRACE), tracer.span("stage", kind_of_span):
        pass
    tracer.close()
    assert ("stage", "ask") in seen.spans() or kind == "noop"
