"""What the protocols of language models have in common: what an event can say, and reading JSON that nobody vouches for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import httpx

from service.adapters.server_sent import Event
from service.core.errors import ModelUnavailable, SettingsError

Stop = Literal["end", "length", "refused"]
Protocols = Literal["openai", "anthropic"]
_ANTHROPIC_HOST = re.compile(r"(?:^|[.-])anthropic\.")


@dataclass(frozen=True, slots=True)
class Said:
    """One event: more text; tokens read and written so far, where it tells; why the model stopped; whether its answer is
    complete ("ended"), and whether nothing more follows at all ("closed")."""

    text: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    stop: Stop | None = None
    ended: bool = False
    closed: bool = False


class Dialect(Protocol):
    """One protocol at one address."""

    url: httpx.URL
    headers: Mapping[str, str]

    def body(self, model: str, system: str, user: str, max_tokens: int) -> dict[str, Any]:
        """The request's body."""

    def read(self, event: Event) -> Said:
        """What an event says. Raises ModelUnavailable for what does not follow the protocol."""


def protocol_of(url: str, model: str) -> Protocols:
    """Which protocol is spoken at an address: told by its host or path, else by the model's name."""
    parsed = address(url)
    path = parsed.path.rstrip("/")
    if _ANTHROPIC_HOST.search(parsed.host) or path.endswith("/messages"):
        return "anthropic"
    if path.endswith("/chat/completions") or not model.startswith("claude"):
        return "openai"
    return "anthropic"


def address(url: str) -> httpx.URL:
    """A checked address. Raises SettingsError."""
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise SettingsError(f"EVDOCS_LLM_URL is no address: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SettingsError("EVDOCS_LLM_URL must start with http:// or https://.")
    return parsed


def field(value: Any) -> dict[str, Any]:
    """An object, from JSON text or as a part of one. Raises ModelUnavailable for anything else."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError) as error:
        raise ModelUnavailable("The LLM's answer is not JSON.") from error
    if not isinstance(found, dict):
        raise ModelUnavailable("The LLM's answer does not follow its protocol.")
    return found


def text(value: Any) -> str:
    """A text; "" for null. Raises ModelUnavailable for anything else."""
    if value is None or isinstance(value, str):
        return value or ""
    raise ModelUnavailable("The LLM's answer does not follow its protocol.")


def number(value: Any) -> int | None:
    """A count of tokens; None for anything else (servers differ in what they count)."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else None
