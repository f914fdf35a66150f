"""One POST in, its reply as server-sent events (or one JSON object) out: one deadline over all tries, retries, limits.

A try is read in a thread of its own and handed over in pieces, so that nothing can hold the caller beyond the deadline: no resolver, no
server that sends a byte a second, no half-open connection. A try that is given up is hung up on at once, and the model behind it stops
writing. Must not know what the events mean.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from queue import Empty, SimpleQueue
from typing import Any

import httpx

from service.adapters.server_sent import Event, server_sent_events
from service.core.errors import DeadlineExceeded, ModelUnavailable

CONNECT_S = 5.0
MAX_REPLY_BYTES = 1 << 20
MAX_ERROR_BYTES = 4096
WORTH_TRYING_S = 0.25  # a further try is not begun with less time left
FIRST_WAIT_S = 0.3  # before the second try; doubled for each further one
_TOO_LONG = "The LLM took too long."


@dataclass(frozen=True, slots=True)
class _Head:
    status: int
    headers: httpx.Headers


class _Retryable(Exception):
    """The server may recover; `wait_s` is what it asked to wait, if it did."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class EventClient:
    """POSTs to one address. `first_byte_s` bounds the time until a reply's first byte; `retries` are further tries after a lost
    connection, a 429 or a 5xx, never after another 4xx, and never once a reply has begun."""

    def __init__(self, url: httpx.URL, headers: Mapping[str, str], *, first_byte_s: float = 10.0, retries: int = 2) -> None:
        self._url = url
        self._first_byte_s, self._retries = first_byte_s, retries
        self._client = httpx.Client(
            headers={**headers, "Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"},
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),  # a kept connection may be dead; a model call pays anew
        )

    def events(self, body: Mapping[str, Any], give_up: float) -> Generator[Event, None, None]:
        """The reply's events. `give_up` is a time.monotonic() value. Raises DeadlineExceeded and ModelUnavailable."""
        for attempt in range(self._retries + 1):
            reply = _Try(self._client, self._url, body, give_up)
            try:
                head = self._head(reply, give_up)
            except _Retryable as error:
                reply.hang_up()
                _wait(error, attempt, self._retries, give_up)
                continue
            except BaseException:
                reply.hang_up()
                raise
            try:
                yield from _events(head, reply.pieces(give_up, time.monotonic() + self._first_byte_s))
            finally:
                reply.hang_up()
            return

    def _head(self, reply: _Try, give_up: float) -> _Head:
        """Status and headers of a reply that is worth reading."""
        try:
            head = reply.head(min(give_up, time.monotonic() + self._first_byte_s))
        except (httpx.NetworkError, httpx.ConnectTimeout, httpx.RemoteProtocolError) as error:
            raise _Retryable(f"The LLM cannot be reached: {_text(error)}.") from error
        except (httpx.HTTPError, OSError) as error:
            raise ModelUnavailable(f"The LLM cannot be asked: {_text(error)}.") from error
        if head.status == 200:
            return head
        said = f"The LLM answered with status {head.status}{reply.complaint(give_up)}."
        if head.status == 429 or head.status >= 500:
            raise _Retryable(said, retry_after_s(head.headers))
        raise ModelUnavailable(said)


class _Try:
    """One request and its reply, read in a thread."""

    def __init__(self, client: httpx.Client, url: httpx.URL, body: Mapping[str, Any], give_up: float) -> None:
        self._client, self._url, self._body = client, url, body
        self._left_s = max(0.01, give_up - time.monotonic())
        self._pieces: SimpleQueue[_Head | bytes | BaseException | None] = SimpleQueue()
        self._gone = threading.Event()
        self._socket: socket.socket | None = None
        threading.Thread(target=self._read, name="evdocs-llm", daemon=True).start()

    def head(self, until: float) -> _Head:
        """Status and headers, once they are there."""
        head = self._next(until)
        if not isinstance(head, _Head):
            raise ModelUnavailable("The LLM's answer does not begin with a status.")
        return head

    def pieces(self, give_up: float, first_until: float) -> Iterator[bytes]:
        """The body as it comes."""
        n_bytes, until = 0, min(give_up, first_until)
        try:
            while isinstance(piece := self._next(until), bytes):
                n_bytes, until = n_bytes + len(piece), give_up
                if n_bytes > MAX_REPLY_BYTES:
                    raise ModelUnavailable(f"The LLM's answer is larger than {MAX_REPLY_BYTES} bytes.")
                yield piece
        except (httpx.HTTPError, OSError) as error:
            raise ModelUnavailable(f"The LLM's answer broke off: {_text(error)}.") from error

    def complaint(self, give_up: float) -> str:
        """What the body of an error says, for the log of whoever has to mend it; "" where it says nothing readable."""
        read = b""
        try:
            while len(read) < MAX_ERROR_BYTES and isinstance(piece := self._next(min(give_up, time.monotonic() + 1.0)), bytes):
                read += piece
            error = json.loads(read)["error"]
            message = error if isinstance(error, str) else error["message"]
        except (httpx.HTTPError, OSError, DeadlineExceeded, ValueError, KeyError, TypeError, RecursionError):
            return ""
        return ": " + "".join(char for char in str(message)[:200] if char.isprintable()).rstrip(".")

    def hang_up(self) -> None:
        """Nobody reads on: the connection is closed, which also ends the thread."""
        self._gone.set()
        self._shut(self._socket)

    def _next(self, until: float) -> _Head | bytes | None:
        try:
            piece = self._pieces.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            raise DeadlineExceeded(_TOO_LONG) from None
        if time.monotonic() > until:
            raise DeadlineExceeded(_TOO_LONG)  # also where pieces come faster than they are read
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def _read(self) -> None:
        timeout = httpx.Timeout(self._left_s, connect=min(CONNECT_S, self._left_s))
        try:
            with self._client.stream("POST", self._url, json=self._body, timeout=timeout, extensions={"trace": self._on_trace}) as reply:
                self._pieces.put(_Head(reply.status_code, reply.headers))
                n_bytes = 0
                for piece in reply.iter_raw():
                    n_bytes += len(piece)
                    self._pieces.put(piece)
                    if self._gone.is_set() or n_bytes > MAX_REPLY_BYTES:
                        return
            self._pieces.put(None)
        except httpx.ReadTimeout:
            self._pieces.put(DeadlineExceeded(_TOO_LONG))
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the reply
            self._pieces.put(error)

    def _on_trace(self, name: str, details: Mapping[str, Any]) -> None:
        """httpcore tells each step; the connection's socket is kept, so that another thread can hang up."""
        if name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = details["return_value"].get_extra_info("socket")
            if self._gone.is_set():
                self._shut(self._socket)

    @staticmethod
    def _shut(connection: socket.socket | None) -> None:
        if connection is not None:
            with contextlib.suppress(OSError):  # closed already
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # also below TLS: wakes a thread that waits in recv


def _text(error: Exception) -> str:
    return (str(error) or type(error).__name__).rstrip(".")


def _wait(error: _Retryable, attempt: int, retries: int, give_up: float) -> None:
    """Wait before the next try. Raises ModelUnavailable where there is none left, or not in time."""
    wait_s = FIRST_WAIT_S * 2**attempt * random.uniform(0.8, 1.2) if error.wait_s is None else error.wait_s
    if attempt == retries:
        raise ModelUnavailable(str(error)) from error
    if time.monotonic() + wait_s + WORTH_TRYING_S > give_up:
        raise ModelUnavailable(f"{error} It is to be asked again in {wait_s:.1f} s, and there is not that much time left.") from error
    time.sleep(wait_s)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds a reply asks to wait: `Retry-After` in seconds or as a date (RFC 9110), or `retry-after-ms`; None where it does not say."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "").strip()
        if not value:
            return None
        if re.fullmatch(r"\d+(?:\.\d+)?", value):
            return float(value)
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _events(head: _Head, pieces: Iterator[bytes]) -> Iterator[Event]:
    """The events of a reply, by its content type. A server that does not name one is taken to stream."""
    kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
    if head.headers.get("content-encoding", "identity").lower() != "identity":
        raise ModelUnavailable("The LLM's answer is compressed although that was not asked for.")
    try:
        if kind == "application/json":
            yield Event("json", b"".join(pieces).decode("utf-8"))
        elif kind in ("text/event-stream", ""):
            yield from server_sent_events(pieces)
        else:
            raise ModelUnavailable(f"The LLM answered with {kind!r}, not with an event stream.")
    except UnicodeDecodeError as error:
        raise ModelUnavailable("The LLM's answer is not UTF-8.") from error
