"""Servers on loopback that speak the two protocols of language models, and every way they can go wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Piece = bytes | float
"""Bytes to send, or seconds to wait."""


@dataclass(frozen=True)
class Reply:
    """What a server answers; it hangs up afterwards. Without `length` the body ends with the connection."""

    pieces: Sequence[Piece] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/event-stream"})
    before: bytes | None = None
    """Sent instead of a status line and headers."""


Script = Callable[[dict[str, Any]], Reply]
"""The request's body to the reply."""


class ModelServer:
    """A server whose `script` decides; it keeps what it was sent."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self.script: Script = lambda body: Reply(status=500)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.hung_up = threading.Event()
        kept = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                kept.headers.append({name.lower(): value for name, value in self.headers.items()})
                kept.paths.append(self.path)
                try:
                    self._send(kept.script(kept.bodies[-1]))
                except (BrokenPipeError, ConnectionResetError):
                    kept.hung_up.set()

            def _send(self, reply: Reply) -> None:
                self.close_connection = True
                if reply.before is not None:
                    self.wfile.write(reply.before)
                else:
                    self.send_response(reply.status)
                    for name, value in reply.headers.items():
                        self.send_header(name, value)
                    self.end_headers()
                for piece in reply.pieces:
                    if isinstance(piece, float):
                        time.sleep(piece)
                    else:
                        self.wfile.write(piece)
                        self.wfile.flush()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def says(self, *texts: str, **end: Any) -> None:
        """Answer every request with this text."""
        self.script = lambda body: Reply(self.spoken(*texts, **end))

    def spoken(self, *texts: str, stop: str = "", tokens: tuple[int, int] | None = (120, 30)) -> list[Piece]:
        """The events of an answer that comes in these pieces. `stop` is the protocol's own word for why it ended."""
        return (openai_events if self.protocol == "openai" else anthropic_events)(texts, stop, tokens)

    def system_of(self, n: int = -1) -> str:
        """The system message of a request."""
        body = self.bodies[n]
        return str(body["messages"][0]["content"] if self.protocol == "openai" else body["system"])

    def user_of(self, n: int = -1) -> str:
        """The user's message of a request."""
        return str(self.bodies[n]["messages"][-1]["content"])

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def model_server(protocol: str) -> Iterator[ModelServer]:
    server = ModelServer(protocol)
    try:
        yield server
    finally:
        server.close()


def user_message(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def event(value: Any, name: str = "") -> bytes:
    """One server-sent event."""
    return (
        f"event: {name}\n" if name else ""
    ).encode() + f"data: {json.dumps(value) if not isinstance(value, str) else value}\n\n".encode()


def openai_events(texts: Sequence[str], stop: str = "", tokens: tuple[int, int] | None = (120, 30)) -> list[Piece]:
    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        return event({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    usage = [event({"choices": [], "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}})] if tokens else []
    return [chunk({"role": "assistant", "content": ""}), *(chunk({"content": text}) for text in texts), chunk({}, stop or "stop"), *usage,
            event("[DONE]")]  # fmt: skip


def anthropic_events(texts: Sequence[str], stop: str = "", tokens: tuple[int, int] | None = (120, 30)) -> list[Piece]:
    def named(kind: str, **fields: Any) -> bytes:
        return event({"type": kind, **fields}, kind)

    read, written = ({"input_tokens": tokens[0], "output_tokens": 1}, {"output_tokens": tokens[1]}) if tokens else ({}, {})
    return [
        named("message_start", message={"type": "message", "role": "assistant", "content": [], "usage": read}),
        named("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        named("ping"),
        *(named("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in texts),
        named("content_block_stop", index=0),
        named("message_delta", delta={"stop_reason": stop or "end_turn"}, usage=written),
        named("message_stop"),
    ]


def whole(protocol: str, text: str) -> bytes:
    """The reply of a server that does not stream."""
    if protocol == "openai":
        usage = {"prompt_tokens": 120, "completion_tokens": 30}
        return json.dumps({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage}).encode()
    usage = {"input_tokens": 120, "output_tokens": 30}
    return json.dumps({"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "usage": usage}).encode()


JSON_TYPE = {"Content-Type": "application/json"}
STREAM_TYPE = {"Content-Type": "text/event-stream"}
ERROR = {"error": {"type": "overloaded_error", "message": "Overloaded"}}


def failures(server: ModelServer) -> dict[str, tuple[Reply, str]]:
    """Every way a server can fail: its reply, and the part that `degraded` is to name."""
    return {
        **{name: (reply, "llm_deadline") for name, reply in _slow(server).items()},
        **{name: (reply, "llm") for name, reply in (_refusing() | _broken(server)).items()},
        **{name: (reply, "llm_no_answer") for name, reply in _without_answer(server).items()},
        **{name: (reply, "llm_unsupported") for name, reply in _unproved(server).items()},
    }


def _good(server: ModelServer) -> tuple[list[Piece], list[Piece]]:
    """The beginning of a right answer, up to its first words, and the rest."""
    good, n_start = server.spoken("Tighten the terminal ", "screws to 7 Nm. [1]"), 2 if server.protocol == "openai" else 4
    return good[:n_start], good[n_start:]


def _trickle(raw: bytes, size: int = 1) -> list[Piece]:
    return [piece for at in range(0, len(raw), size) for piece in (raw[at : at + size], 0.05)]


def _slow(server: ModelServer) -> dict[str, Reply]:
    start, end = _good(server)
    return {
        "silent before the first byte": Reply([30.0]),
        "silent after the first byte": Reply([b": wait\n\n", 30.0]),
        "silent in mid-sentence": Reply([*start, 30.0]),
        "a byte at a time": Reply(_trickle(b"".join(piece for piece in (*start, *end) if isinstance(piece, bytes)))),
        "headers that never end": Reply(_trickle(b"x: y\r\n" * 600, 6), before=b"HTTP/1.1 200 OK\r\n"),
    }


def _refusing() -> dict[str, Reply]:
    error = json.dumps(ERROR).encode()
    return {
        "too many requests": Reply([error], 429, JSON_TYPE),
        "too many requests, come back tomorrow": Reply(status=429, headers={"Retry-After": "86400"}),
        "server error": Reply(status=500),
        "overloaded": Reply([error], 529, JSON_TYPE),
        "wrong key": Reply([error], 401, JSON_TYPE),
        "unknown model": Reply(status=404),
        "elsewhere": Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}),
        "no HTTP": Reply(before=b"220 mail.example ESMTP\r\n"),
        "hung up before a status": Reply(before=b""),
    }


def _broken(server: ModelServer) -> dict[str, Reply]:
    start, end = _good(server)
    assert isinstance(end[0], bytes)
    return {
        "hung up in mid-stream": Reply([*start, end[0]]),
        "cut inside an event": Reply([*start, end[0][:-20]]),
        "less than was announced": Reply(start, headers={**STREAM_TYPE, "Content-Length": "99999"}),
        "not JSON": Reply([*start, event("{not json")]),
        "JSON of another shape": Reply([event("[1, 2]")]),
        "nested without end": Reply([event("[" * 100_000)]),
        "an object that says nothing known": Reply([event({"hello": "world"})]),
        "not UTF-8": Reply([b"data: \xff\xfe\n\n"]),
        "an error in the stream": Reply([*start, event({"type": "error", **ERROR}, "error")]),
        "empty": Reply([]),
        "HTML": Reply([b"<html>log in</html>"], headers={"Content-Type": "text/html"}),
        "half a JSON object": Reply([whole(server.protocol, "Tighten")[:-9]], headers=JSON_TYPE),
        "compressed": Reply([b"\x1f\x8b"], headers={**STREAM_TYPE, "Content-Encoding": "gzip"}),
        "huge": Reply([event("x" * 1000)] * 3000),
        "one huge event": Reply([b"data: " + b"x" * 900_000]),
        "a flood of words": Reply(server.spoken(*["word " * 1000] * 10)),
    }


def _without_answer(server: ModelServer) -> dict[str, Reply]:
    return {
        "nothing said": Reply(server.spoken()),
        "NO ANSWER": Reply(server.spoken("NO ", "ANSWER")),
        "will not say": Reply(server.spoken("", stop="content_filter" if server.protocol == "openai" else "refusal")),
    }


def _unproved(server: ModelServer) -> dict[str, Reply]:
    cut = "length" if server.protocol == "openai" else "max_tokens"
    return {
        "cut at the limit of tokens": Reply(server.spoken("Tighten the terminal screws to 7 Nm. [1]", stop=cut)),
        "another number": Reply(server.spoken("Tighten the terminal screws to 9 Nm. [1]")),
        "invented markers": Reply(server.spoken("Tighten the terminal screws to 7 Nm. [77]")),
        "no markers": Reply(server.spoken("Tighten the terminal screws to 7 Nm.")),
    }


class _Unasked(ModelServer):
    def __init__(self) -> None:
        self.protocol = "openai"


FAILURES = tuple(failures(_Unasked()))
