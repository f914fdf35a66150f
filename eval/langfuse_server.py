"""Langfuse's public HTTP API as the evaluation needs it: Basic auth, bounded retries, every failure a typed one with a plain sentence.

The SDK's queues lose what they cannot send in silence, and its experiment runner drops failed items; here each call is made, answered and
counted. It must not know what is sent.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

TRIES = 3
TIMEOUT_S = 10.0
FIRST_WAIT_S = 0.3
PAGE = 100
OTLP = "/api/public/otel/v1/traces"


class LangfuseFailed(RuntimeError):
    """A call failed; the text says which and why."""


class LangfuseDown(LangfuseFailed):
    """Nobody answers at the address, or only with 5xx."""


class LangfuseServer:
    """One project of one server. `sleep` is replaced in tests."""

    def __init__(self, url: str, public_key: str, secret_key: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, auth=(public_key, secret_key), timeout=TIMEOUT_S, trust_env=False)
        self._sleep = sleep

    def post(self, path: str, body: Any) -> Any:
        """JSON there, JSON back. Raises LangfuseDown, LangfuseFailed."""
        return self._json(self._reply("POST", path, json=body))

    def get(self, path: str, params: Mapping[str, Any]) -> Any:
        """JSON back. Raises LangfuseDown, LangfuseFailed."""
        return self._json(self._reply("GET", path, params=dict(params)))

    def post_spans(self, serialized: bytes) -> None:
        """An OTLP request, protobuf. Raises LangfuseDown, LangfuseFailed."""
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "x-langfuse-ingestion-version": "4"}
        self._reply("POST", OTLP, content=gzip.compress(serialized), headers=headers)

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Every record of a list, numbered pages or by cursor. Raises LangfuseDown, LangfuseFailed."""
        page, cursor = 1, None
        while True:
            where = {"cursor": cursor} if cursor else {} if page == 1 else {"page": page}
            found = self.get(path, {**params, "limit": PAGE, **where})
            records, meta = found.get("data") or [], found.get("meta") or {}
            yield from records
            cursor = meta.get("cursor")
            if not cursor and page >= int(meta.get("totalPages") or 1):
                return
            page += 1

    def close(self) -> None:
        """Release connections."""
        self._client.close()

    def _reply(self, method: str, path: str, **sent: Any) -> httpx.Response:
        fault: LangfuseFailed = LangfuseDown(self.url)
        for attempt in range(TRIES):
            if attempt:
                self._sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
            try:
                reply = self._client.request(method, path, **sent)
            except httpx.HTTPError as error:
                fault = LangfuseDown(f"{self.url} cannot be reached: {str(error) or type(error).__name__}")
                continue
            if reply.status_code < 300:
                return reply
            said = f"{method} {path}: HTTP {reply.status_code} {' '.join(reply.text.split())[:200]}".rstrip()
            if reply.status_code in (401, 403):
                raise LangfuseFailed(f"{self.url} does not take the keys: HTTP {reply.status_code}")
            if reply.status_code != 429 and reply.status_code < 500:
                raise LangfuseFailed(said)
            fault = LangfuseDown(said)
        raise fault

    @staticmethod
    def _json(reply: httpx.Response) -> Any:
        try:
            return reply.json()
        except ValueError as error:
            raise LangfuseFailed(f"{reply.request.url.path}: the reply is no JSON") from error
