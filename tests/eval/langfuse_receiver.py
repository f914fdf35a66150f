"""A stand-in for a Langfuse server on the loopback: it checks the keys, takes datasets, spans and scores, upserts by id, and can be asked
what it holds. It answers as the API of server 4.59 and SDK 5 describes; `fail` makes it reject, lose or break what it is sent."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KEYS = ("pk-test", "sk-test")
Json = dict[str, Any]


@dataclass
class Receiver:
    """What was sent. `fail` is called with method, path and number of the request, and gives an HTTP status to answer instead, or 0."""

    url: str = ""
    fail: Callable[[str, str, int], int] = lambda method, path, number: 0
    lose_scores: int = 0
    datasets: dict[str, Json] = field(default_factory=dict)
    items: dict[str, Json] = field(default_factory=dict)
    spans: dict[tuple[str, str], Json] = field(default_factory=dict)
    scores: dict[str, Json] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, path: str, headers: Json, body: bytes) -> tuple[int, Json]:
        """The reply to a POST."""
        if path == "/api/public/otel/v1/traces":
            assert headers["content-type"] == "application/x-protobuf"
            assert headers["x-langfuse-ingestion-version"] == "4"
            self._take_spans(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
            return 200, {}
        sent = json.loads(body)
        if path == "/api/public/v2/datasets":
            return 200, self.datasets.setdefault(sent["name"], {"id": f"ds-{len(self.datasets)}", **sent})
        if path == "/api/public/dataset-items":
            if sent["datasetName"] not in self.datasets:
                return 404, {"message": "Dataset not found"}
            self.items[sent["id"]] = sent
            return 200, sent
        if path == "/api/public/scores":
            return self._take_scores(sent)
        return 404, {"message": "no such route"}

    def _take_spans(self, body: bytes) -> None:
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    attributes = {one.key: one.value.string_value for one in span.attributes}
                    self.spans[span.trace_id.hex(), span.span_id.hex()] = {
                        "name": span.name,
                        "start": span.start_time_unix_nano,
                        **attributes,
                    }

    def _take_scores(self, sent: list[Json]) -> tuple[int, Json]:
        taken = sent[self.lose_scores :]
        self.lose_scores = max(0, self.lose_scores - len(sent))
        self.scores |= {score["id"]: score for score in taken}
        errors = [{"message": "invalid"}] * (len(sent) - len(taken))
        return 207, {"accepted": len(taken), "rejected": len(errors), "errors": errors}

    def get(self, path: str, asked: dict[str, str]) -> tuple[int, Json]:
        """The reply to a GET, in pages."""
        limit = int(asked["limit"])
        if path == "/api/public/dataset-items":
            held = [one for one in self.items.values() if one["datasetName"] == asked["datasetName"]]
            page = int(asked.get("page", 1))
            meta = {"page": page, "limit": limit, "totalItems": len(held), "totalPages": -(-len(held) // limit)}
            return 200, {"data": held[(page - 1) * limit : page * limit], "meta": meta}
        if path == "/api/public/experiment-items":
            assert asked["fromStartTime"].endswith("Z")
            held = [one for one in self._experiment_items() if one["experimentId"] == asked["experimentId"]]
            start = int(asked.get("cursor", 0))
            more = {"cursor": str(start + limit)} if start + limit < len(held) else {}
            return 200, {"data": held[start : start + limit], "meta": more}
        return 404, {"message": "no such route"}

    def _experiment_items(self) -> Iterator[Json]:
        by_trace: dict[str, list[Json]] = {}
        for score in self.scores.values():
            by_trace.setdefault(score["traceId"], []).append(score)
        for (trace_id, _), span in self.spans.items():
            if "langfuse.experiment.id" in span:
                item = span["langfuse.experiment.item.id"]
                yield {
                    "traceId": trace_id,
                    "experimentId": span["langfuse.experiment.id"],
                    "experimentItemId": item,
                    "scores": by_trace.get(trace_id, []),
                }


@contextmanager
def langfuse_receiver() -> Iterator[Receiver]:
    kept = Receiver()
    wanted = "Basic " + base64.b64encode(":".join(KEYS).encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._answer("POST", lambda path, _: kept.post(path, headers, body))

        def do_GET(self) -> None:
            self._answer("GET", kept.get)

        def _answer(self, method: str, reply: Callable[[str, dict[str, str]], tuple[int, Json]]) -> None:
            parts = urlsplit(self.path)
            with kept.lock:
                kept.requests.append((method, parts.path))
                status = kept.fail(method, parts.path, len(kept.requests))
                if self.headers.get("Authorization") != wanted:
                    self._send(401, {"message": "Invalid credentials"})
                elif status:
                    self._send(status, {"message": "failing"})
                else:
                    self._send(*reply(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}))

        def _send(self, status: int, body: Json) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
