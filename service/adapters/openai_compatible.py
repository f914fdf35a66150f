"""The OpenAI chat-completions protocol (OpenAI, Azure, vLLM, Ollama, llama.cpp): a prompt in, a request; an event in, what it says out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from service.adapters.dialect import Said, Stop, address, field, number, text
from service.adapters.server_sent import Event
from service.core.errors import ModelUnavailable

_AZURE = re.compile(r"\.azure\.(?:com|us|cn)$")
_VERSION = re.compile(r"/v\d+[a-z]*\d*(?:/|$)")
_STOPS: dict[str, Stop] = {"length": "length", "content_filter": "refused"}


class OpenAICompatible:
    """`url` is the base address with or without /v1, one of Azure's deployments, or the whole address of chat completions; what it
    says after "?" (Azure's api-version) is kept."""

    def __init__(self, url: str, api_key: str) -> None:
        """Raises SettingsError where the address cannot be one."""
        self.url = _chat(address(url))
        azure = bool(_AZURE.search(self.url.host)) or "api-version" in self.url.params
        name, value = ("api-key", api_key) if azure else ("Authorization", f"Bearer {api_key}")
        self.headers: Mapping[str, str] = {name: value} if api_key else {}

    def body(self, model: str, system: str, user: str, max_tokens: int) -> dict[str, Any]:
        """The request."""
        asked = {"messages": [{"role": "system", "content": system}, {"role": "user", "content": user}]}
        options = {"stream": True, "stream_options": {"include_usage": True}, "temperature": 0, "max_tokens": max_tokens}
        return {**({"model": model} if model else {}), **asked, **options}

    def read(self, event: Event) -> Said:
        """What an event, or a reply that is no stream, says. Raises ModelUnavailable for what does not follow the protocol."""
        if event.data.strip() == "[DONE]":
            return Said(ended=True, closed=True)
        body = field(event.data)
        if body.get("error"):
            raise ModelUnavailable("The LLM reports an error instead of an answer.")
        choices = body.get("choices")
        if not isinstance(choices, list):
            raise ModelUnavailable("The LLM's answer does not follow the chat-completions protocol.")
        usage = field(body.get("usage") or {})
        tokens = number(usage.get("prompt_tokens")), number(usage.get("completion_tokens"))
        if not choices:  # the last event of a stream tells the usage alone; Azure's first one tells what its filter thinks of the question
            return Said(input_tokens=tokens[0], output_tokens=tokens[1])
        choice = field(choices[0])
        said = field(choice.get("message") or choice.get("delta") or {})
        reason = choice.get("finish_reason")
        stop = _STOPS.get(str(reason), "end") if reason is not None else None
        if said.get("refusal"):
            stop = "refused"
        return Said(text(said.get("content")), *tokens, stop=stop, ended=stop is not None, closed=event.name == "json")


def _chat(url: httpx.URL) -> httpx.URL:
    path = url.path.rstrip("/")
    if path.endswith("/chat/completions"):
        return url
    if _VERSION.search(path) or "/deployments/" in path:
        return url.copy_with(path=f"{path}/chat/completions")
    if _AZURE.search(url.host):
        return url.copy_with(path=f"{path.removesuffix('/openai')}/openai/v1/chat/completions")
    return url.copy_with(path=f"{path}/v1/chat/completions")
