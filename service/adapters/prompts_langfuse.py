"""Prompts from Langfuse's prompt management, without ever keeping a question waiting.

The prompt is asked for once at start-up, for at most `START_S`, and then every `REFRESH_S` by a thread; in between, and whenever the
server is down, slow or gives something that cannot be a prompt, the last good one is used, at first the packaged one. Plain HTTP
(`GET /api/public/v2/prompts/NAME?label=...`, Basic auth) instead of the SDK: its `get_prompt` fetches when it is asked, with retries,
which blocks a request for seconds when the server is down.
"""

from __future__ import annotations

import logging
import threading
import time
from urllib.parse import quote

import httpx

from service.core.errors import SettingsError
from service.prompts import MAX_PROMPT_CHARS, Prompt, fault_of, packaged

START_S = 2.0
FETCH_S = 5.0
REFRESH_S = 60.0
MAX_BYTES = 8 * MAX_PROMPT_CHARS

log = logging.getLogger("evdocs.prompts")


class LangfusePrompts:
    """A PromptSource. Raises SettingsError where an address or key is missing."""

    def __init__(
        self, url: str, public_key: str, secret_key: str, name: str, label: str = "production", *, refresh_s: float = REFRESH_S
    ) -> None:
        if not (url and public_key and secret_key):
            raise SettingsError(
                "EVDOCS_LLM_PROMPT=langfuse:... needs EVDOCS_LANGFUSE_URL, EVDOCS_LANGFUSE_PUBLIC_KEY and EVDOCS_LANGFUSE_SECRET_KEY."
            )
        self._name, self._refresh_s = name, refresh_s
        self._url = f"{url.rstrip('/')}/api/public/v2/prompts/{quote(name, safe='')}"
        self._client = httpx.Client(auth=(public_key, secret_key), params={"label": label}, timeout=FETCH_S, follow_redirects=False)
        self._prompt = packaged()
        self._said = ""
        self._loaded, self._closed = threading.Event(), threading.Event()
        threading.Thread(target=self._refresh, name="evdocs-prompts", daemon=True).start()
        self._loaded.wait(START_S)

    def __call__(self) -> Prompt:
        """The newest prompt known."""
        return self._prompt

    def close(self) -> None:
        """Stop refreshing."""
        self._closed.set()

    def _refresh(self) -> None:
        while not self._closed.is_set():
            try:
                self._take(self._fetch())
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError) as error:
                self._keep(str(error) or type(error).__name__)
            self._loaded.set()
            self._closed.wait(self._refresh_s)
        self._client.close()

    def _fetch(self) -> object:
        """The reply's JSON. Raises ValueError for what is none, too large, or takes longer than FETCH_S in all."""
        until, read = time.monotonic() + FETCH_S, b""
        with self._client.stream("GET", self._url, headers={"Accept-Encoding": "identity"}) as reply:
            if reply.status_code != 200:
                raise ValueError(f"status {reply.status_code}")
            for piece in reply.iter_raw():
                read += piece
                if len(read) > MAX_BYTES or time.monotonic() > until:
                    raise ValueError("the reply is too large or too slow")
        return httpx.Response(200, content=read).json()

    def _take(self, body: object) -> None:
        text, version = (body.get("prompt"), body.get("version")) if isinstance(body, dict) else (None, None)
        if isinstance(text, list):  # a chat prompt: its system message
            text = next((turn.get("content") for turn in text if isinstance(turn, dict) and turn.get("role") == "system"), None)
        if not isinstance(text, str) or not isinstance(version, int):
            self._keep("it is no text prompt")
            return
        if fault := fault_of(text):
            self._keep(f"version {version}: {fault}")
            return
        found = Prompt(self._name, f"langfuse-{version}", text)
        if found != self._prompt:
            log.info("prompt %s is used now", found.label)
        self._prompt, self._said = found, ""

    def _keep(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            log.warning("prompt %s cannot be taken from Langfuse (%s); %s stays in use", self._name, reason, self._prompt.label)
