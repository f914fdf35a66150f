"""Anthropic's Messages protocol: a prompt in, a request; an event in, what it says out. Over plain HTTP, so nothing more is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from service.adapters.dialect import Said, Stop, address, field, number, text
from service.adapters.server_sent import Event
from service.core.errors import ModelUnavailable

VERSION = "2023-06-01"
_STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
}


class Anthropic:
    """`url` is the base address with or without /v1, or the whole address of messages."""

    def __init__(self, url: str, api_key: str) -> None:
        """Raises SettingsError where the address cannot be one."""
        self.url = _messages(address(url))
        self.headers: Mapping[str, str] = {"anthropic-version": VERSION, **({"x-api-key": api_key} if api_key else {})}

    def body(self, model: str, system: str, user: str, max_tokens: int) -> dict[str, Any]:
        """The request."""
        messages = [{"role": "user", "content": user}]
        return {"model": model, "system": system, "messages": messages, "stream": True, "temperature": 0, "max_tokens": max_tokens}

    def read(self, event: Event) -> Said:
        """What an event, or a reply that is no stream, says. Raises ModelUnavailable for what does not follow the protocol."""
        body = field(event.data)
        kind = body.get("type")
        if kind == "error":
            raise ModelUnavailable("The LLM reports an error instead of an answer.")
        if kind == "message":
            return self._whole(body)
        if kind == "message_start":
            return Said(input_tokens=_read(field(field(body.get("message")).get("usage") or {})))
        if kind == "content_block_delta":
            delta = field(body.get("delta"))
            return Said(text(delta.get("text")) if delta.get("type") == "text_delta" else "")
        if kind == "message_delta":
            usage = field(body.get("usage") or {})
            return Said(output_tokens=number(usage.get("output_tokens")), stop=_stop(field(body.get("delta")).get("stop_reason")))
        if kind == "message_stop":
            return Said(ended=True, closed=True)
        if isinstance(kind, str):
            return Said()  # ping, beginnings and ends of blocks, and what may come (versioning policy: unknown events are to be ignored)
        raise ModelUnavailable("The LLM's answer does not follow the Messages protocol.")

    @staticmethod
    def _whole(body: Mapping[str, Any]) -> Said:
        blocks, usage = body.get("content"), field(body.get("usage") or {})
        if not isinstance(blocks, list):
            raise ModelUnavailable("The LLM's answer does not follow the Messages protocol.")
        said = "".join(text(block.get("text")) for block in map(field, blocks) if block.get("type") == "text")
        return Said(said, _read(usage), number(usage.get("output_tokens")), _stop(body.get("stop_reason")), ended=True, closed=True)


def _read(usage: Mapping[str, Any]) -> int | None:
    """Tokens read, those of the prompt cache too."""
    parts = [number(usage.get(name)) for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    return None if parts[0] is None else sum(part or 0 for part in parts)


def _stop(reason: Any) -> Stop | None:
    return None if reason is None else _STOPS.get(str(reason), "refused")  # tool_use, pause_turn: no answer either


def _messages(url: httpx.URL) -> httpx.URL:
    path = url.path.rstrip("/")
    if path.endswith("/messages"):
        return url
    return url.copy_with(path=f"{path}/messages" if path.endswith("/v1") else f"{path}/v1/messages")
