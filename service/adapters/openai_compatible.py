"""An LLM behind the OpenAI chat-completions protocol (OpenAI, Azure, vLLM, Ollama, llama.cpp): question and passages in, sentences out.

Streams, so that the deadline also ends an answer that trickles. Whatever goes wrong becomes ModelUnavailable or DeadlineExceeded; the
caller then gives the extractive answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import httpx

from service.core.errors import DeadlineExceeded, ModelUnavailable
from service.core.types import Draft, Passage
from service.prompts import NO_ANSWER, PROMPT_VERSION, messages
from service.sentences import sentence_spans

MAX_TOKENS = 700
MAX_CHARACTERS = 8000
RETRIES = 1


class OpenAICompatibleGenerator:
    """A Generator over HTTP. `url` is the base address, with or without /v1; `timeout_s` bounds one whole answer."""

    def __init__(self, url: str, model: str, api_key: str, timeout_s: float) -> None:
        """Raises ModelUnavailable where the address cannot be one."""
        base = url.rstrip("/")
        try:
            self._url = httpx.URL(f"{base}/chat/completions" if base.endswith("/v1") else f"{base}/v1/chat/completions")
        except httpx.InvalidURL as error:
            raise ModelUnavailable(f"EVDOCS_LLM_URL is no address: {error}") from error
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ModelUnavailable("EVDOCS_LLM_URL must start with http:// or https://.")
        self._model, self._timeout_s = model, timeout_s
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(timeout_s, connect=min(5.0, timeout_s)), follow_redirects=False)

    @property
    def fingerprint(self) -> str:
        """Model and prompt version."""
        return f"{self._model or 'default'}-prompt{PROMPT_VERSION}"

    def stream(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Iterator[Draft]:
        """Sentences with [n] markers, as they are complete. Nothing at all where the model finds no answer."""
        give_up = time.monotonic() + min(self._timeout_s, deadline_s)
        body = {"messages": messages(question, passages), "stream": True, "temperature": 0, "max_tokens": MAX_TOKENS}
        if self._model:
            body["model"] = self._model
        held = ""
        for piece in self._pieces(body, give_up):
            held += piece
            if held.strip().upper().startswith(NO_ANSWER):
                return
            *done, held = _split(held)
            yield from (Draft(sentence) for sentence in done)
        if held.strip():
            yield Draft(held.strip())

    def _pieces(self, body: dict[str, object], give_up: float) -> Iterator[str]:
        """The text as it streams; tried again once where nothing had come yet and the server may recover."""
        for attempt in range(RETRIES + 1):
            try:
                yield from self._once(body, give_up)
                return
            except _Retryable as error:
                if attempt == RETRIES or time.monotonic() + 0.5 > give_up:
                    raise ModelUnavailable(str(error)) from error
                time.sleep(0.3)

    def _once(self, body: dict[str, object], give_up: float) -> Iterator[str]:
        n_characters = 0
        try:
            with self._client.stream("POST", self._url, json=body) as reply:
                if reply.status_code in (429, 500, 502, 503, 504):
                    raise _Retryable(f"The LLM answered with status {reply.status_code}.")
                if reply.status_code != 200:
                    raise ModelUnavailable(f"The LLM answered with status {reply.status_code}.")
                finished = False
                for line in reply.iter_lines():
                    if time.monotonic() > give_up:
                        raise DeadlineExceeded("The LLM took too long.")
                    if not line.startswith("data:"):
                        continue
                    data = line[5:].strip()
                    if data == "[DONE]":
                        finished = True
                        break
                    text, ended = _delta(data)
                    finished = finished or ended
                    n_characters += len(text)
                    if n_characters > MAX_CHARACTERS:
                        raise ModelUnavailable(f"The LLM wrote more than {MAX_CHARACTERS} characters.")
                    yield text
                if not finished:
                    raise ModelUnavailable("The LLM's answer was cut off.")
        except httpx.TimeoutException as error:
            raise DeadlineExceeded("The LLM took too long.") from error
        except httpx.ConnectError as error:
            raise _Retryable(f"The LLM cannot be reached: {error}") from error
        except (httpx.HTTPError, UnicodeDecodeError) as error:
            raise ModelUnavailable(f"The LLM's answer broke off: {error}") from error


class _Retryable(Exception):
    """Nothing had come yet and the server may recover."""


def _delta(data: str) -> tuple[str, bool]:
    """(text, whether the model says it is done) of one event. Raises ModelUnavailable for what is not the protocol."""
    try:
        choice = json.loads(data)["choices"][0]
        return str(choice.get("delta", {}).get("content") or ""), choice.get("finish_reason") is not None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelUnavailable("The LLM's answer does not follow the chat-completions protocol.") from error


def _split(text: str) -> list[str]:
    """Complete sentences, then what may still grow. A sentence is complete when another has begun after its markers."""
    lines = text.split("\n")
    whole = [part for line in lines[:-1] for part in _sentences(line)]
    *done, last = _sentences(lines[-1]) or [""]
    return [*whole, *done, last if lines[-1] == lines[-1].rstrip() else last + " "]


def _sentences(line: str) -> list[str]:
    """Sentences of a line, each with the markers that follow its full stop."""
    made: list[str] = []
    for start, end in sentence_spans(line):
        sentence = line[start:end]
        while sentence.startswith("[") and made and "]" in sentence:
            marker, _, sentence = sentence.partition("]")
            made[-1] += f" {marker}]"
            sentence = sentence.strip()
        if sentence:
            made.append(sentence)
    return made
