"""Sockets in, requests out: uvicorn's HTTP/1.1 protocol with the deadlines it lacks.

A connection must deliver a whole request (head and body) within a time, and must take its response. When there are too many
connections, the one that has been waiting longest without a request gives way; where all are busy, the new one is answered 503.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.core.settings import Settings

UPLOAD_PATH = "/v1/documents"
_RECEIVING = (h11.IDLE, h11.SEND_BODY)
_PROBLEM = {
    "type": "about:blank",
    "title": "Service Unavailable",
    "status": 503,
    "detail": "Too many connections are open.",
}


async def _busy(scope: Any, receive: Any, send: Any) -> None:
    """The application a connection gets when there are too many."""
    body = json.dumps(_PROBLEM).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"1"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def protocol(settings: Settings) -> type[H11Protocol]:
    """The protocol class for uvicorn's `http` option, with these settings' limits."""

    class DeadlineProtocol(H11Protocol):
        receive_timer: asyncio.TimerHandle | None = None
        send_timer: asyncio.TimerHandle | None = None
        waiting_since = 0.0
        is_upload = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.waiting_since = time.monotonic()
            if len(self.connections) > settings.max_connections and not self._make_room():
                self.app = _busy
            self._expect(settings.receive_timeout_s)

        def _make_room(self) -> bool:
            """Close the connection that has been waiting longest without a request being worked on."""
            idle = [other for other in self.connections if isinstance(other, DeadlineProtocol) and other is not self and other.is_idle]
            if idle:
                min(idle, key=lambda other: other.waiting_since).transport.abort()
            return bool(idle)

        @property
        def is_idle(self) -> bool:
            """No request of this connection is being worked on."""
            return not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.transport.is_closing() or self.conn.their_state not in _RECEIVING:
                self._received()
            elif self.receive_timer is None:
                self._expect(settings.receive_timeout_s)
            if self.conn.their_state is h11.SEND_BODY and not self.is_upload and self.scope["path"] == UPLOAD_PATH:
                self.is_upload = True
                self._expect(settings.upload_timeout_s)

        def on_response_complete(self) -> None:
            self.waiting_since = time.monotonic()
            super().on_response_complete()

        def _expect(self, seconds: float) -> None:
            if self.receive_timer is not None:
                self.receive_timer.cancel()
            self.receive_timer = self.loop.call_later(seconds, self._too_slow)

        def _received(self) -> None:
            self.is_upload = False
            if self.receive_timer is not None:
                self.receive_timer.cancel()
                self.receive_timer = None

        def _too_slow(self) -> None:
            self.transport.abort()

        def pause_writing(self) -> None:
            super().pause_writing()
            self.send_timer = self.loop.call_later(settings.upload_timeout_s, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self.send_timer is not None:
                self.send_timer.cancel()
                self.send_timer = None

        def connection_lost(self, exc: Exception | None) -> None:
            self._received()
            if self.send_timer is not None:
                self.send_timer.cancel()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            body = json.dumps({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": msg}).encode()
            headers = [("content-type", "application/problem+json"), ("content-length", str(len(body))), ("connection", "close")]
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                    self.transport.write(self.conn.send(event) or b"")
            self.transport.close()

    return DeadlineProtocol
