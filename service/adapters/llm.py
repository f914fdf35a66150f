"""A language model as a Writer: question and passages in, sentences with [n] markers out, whichever protocol it speaks.

Streams, so that a deadline also ends an answer that trickles, and a cut answer is told from a whole one. Whatever goes wrong becomes
ModelUnavailable or DeadlineExceeded. A server that failed several times in a row is left alone for a while, so that the questions of that
time are answered extractively at once.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from service.adapters.dialect import Dialect, Said, Stop
from service.adapters.event_stream import EventClient
from service.core.errors import DeadlineExceeded, ModelUnavailable, SettingsError
from service.core.types import Draft, Passage, Restated, Usage, Writing
from service.prompts import FOLLOWUP, NO_ANSWER, Asked, PromptSource, asked, packaged, restating, shown
from service.sentences import sentence_spans

MAX_CHARACTERS = 8_000  # of an answer
MAX_THOUGHT_CHARACTERS = 200_000  # of an answer and what the model thought aloud before it
RESTATED_TOKENS = 400  # of a question made whole; a model that thinks aloud first may need more, and then the rules decide
FAILURES = 3  # in a row, before a server is left alone
REST_S = 30.0
CHARS_PER_TOKEN = 4  # where a server does not count
_THOUGHTS = re.compile(r"\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_MARKDOWN = re.compile(r"\*\*|__|`|^#{1,6} |^[-*•] (?=\S)", re.MULTILINE)
_MARKERS = re.compile(r"(?:\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])+")
_LAST_MARKERS = re.compile(r"((?:\[\d{1,3}(?:\s*,\s*\d{1,3})*\]\s*)+)[.!?]?\s*$")


@dataclass(frozen=True, slots=True)
class Asking:
    """How one model is asked. `price` is that of a million (input, output) tokens; `options` are merged into the request's body, None
    removes a field."""

    model: str
    timeout_s: float = 20.0
    first_byte_s: float = 10.0
    retries: int = 2
    max_tokens: int = 1000
    options: Mapping[str, Any] = field(default_factory=dict)
    price: tuple[float, float] = (0.0, 0.0)


class LlmWriter:
    """A Writer. Raises SettingsError where key or options cannot be sent."""

    def __init__(self, dialect: Dialect, prompts: PromptSource, asking: Asking) -> None:
        if any(not (value.isascii() and value.isprintable()) for value in dialect.headers.values()):
            raise SettingsError("EVDOCS_LLM_API_KEY holds characters that no key has.")
        self._dialect, self._prompts, self._asking = dialect, prompts, asking
        self._client = EventClient(dialect.url, dialect.headers, first_byte_s=asking.first_byte_s, retries=asking.retries)
        self._fuse = _Fuse()

    @property
    def model(self) -> str:
        """The model's name."""
        return self._asking.model or "default"

    @property
    def fingerprint(self) -> str:
        """Model and the prompt in use."""
        return f"{self.model}+{self._prompts().label}"

    def write(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Writing:
        """A whole answer within the shorter of `deadline_s` and the time set for it. Raises ModelUnavailable, DeadlineExceeded."""
        self._fuse.check()
        give_up = time.monotonic() + min(self._asking.timeout_s, deadline_s)
        prompt = self._prompts()
        put = asked(prompt, question, passages)
        try:
            told = self._told(put, give_up)
        except (ModelUnavailable, DeadlineExceeded):
            self._fuse.failed()
            raise
        self._fuse.held()
        text = put.unmarked(_THOUGHTS.sub("", told.text, count=1))
        if len(text) > MAX_CHARACTERS:
            raise ModelUnavailable(f"The LLM wrote more than {MAX_CHARACTERS} characters.")
        label = f"{self.model}+{prompt.label}"
        return Writing(drafts(text), told.stop, self._usage(told, put), label, (prompt.name, prompt.version))

    def restate(self, question: str, history: Sequence[tuple[str, str]], deadline_s: float) -> Restated:
        """The question made whole, by the packaged prompt. A server that is too slow for this may still write an answer, so that only one
        that fails counts for leaving it alone. Raises ModelUnavailable, DeadlineExceeded."""
        self._fuse.check()
        put = restating(packaged(FOLLOWUP), question, history)
        try:
            told = self._told(put, time.monotonic() + deadline_s, min(RESTATED_TOKENS, self._asking.max_tokens))
        except ModelUnavailable:
            self._fuse.failed()
            raise
        self._fuse.held()
        if told.stop != "end":
            raise ModelUnavailable("The LLM did not finish the question.")
        text = put.unmarked(_THOUGHTS.sub("", told.text, count=1)).strip()
        return Restated("\n".join(shown(line) for line in text.splitlines() if line.strip()), self._usage(told, put))

    def _told(self, put: Asked, give_up: float, max_tokens: int = 0) -> _Told:
        body = self._dialect.body(self._asking.model, put.system, put.user, max_tokens or self._asking.max_tokens) | dict(
            self._asking.options
        )
        told = _Told()
        with closing(self._client.events({name: value for name, value in body.items() if value is not None}, give_up)) as events:
            try:
                for event in events:
                    told.add(self._dialect.read(event))
                    if told.closed:
                        break
            except (ModelUnavailable, DeadlineExceeded):
                if not told.ended:  # what fails after the last word fails nothing: only the count of tokens is missing
                    raise
        if not told.ended:
            raise ModelUnavailable("The LLM's answer was cut off.")
        return told

    def _usage(self, told: _Told, put: Asked) -> Usage:
        """Tokens as the server counts them; where it does not, by their usual length."""
        read, written = told.input_tokens, told.output_tokens
        read = (len(put.system) + len(put.user)) // CHARS_PER_TOKEN if read is None else read
        written = len(told.text) // CHARS_PER_TOKEN if written is None else written
        price = self._asking.price
        return Usage(read, written, (read * price[0] + written * price[1]) / 1e6)


@dataclass(slots=True)
class _Told:
    """What the events said so far."""

    pieces: list[str] = field(default_factory=list)
    n_chars: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    stop: Stop = "end"
    ended: bool = False
    closed: bool = False

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def add(self, said: Said) -> None:
        self.pieces.append(said.text)
        self.n_chars += len(said.text)
        if self.n_chars > MAX_THOUGHT_CHARACTERS:
            raise ModelUnavailable(f"The LLM wrote more than {MAX_THOUGHT_CHARACTERS} characters.")
        self.input_tokens = self.input_tokens if said.input_tokens is None else said.input_tokens
        self.output_tokens = self.output_tokens if said.output_tokens is None else said.output_tokens
        self.stop = said.stop or self.stop
        self.ended, self.closed = self.ended or said.ended, self.closed or said.closed


class _Fuse:
    """Opens after FAILURES failures in a row, for REST_S; then one question tries again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_failed = 0
        self._rest_until = 0.0

    def check(self) -> None:
        """Raises ModelUnavailable while the server is left alone."""
        with self._lock:
            if self._n_failed < FAILURES:
                return
            left_s = self._rest_until - time.monotonic()
            if left_s > 0:
                raise ModelUnavailable(f"The LLM failed {self._n_failed} times in a row and is left alone for {left_s:.0f} s more.")
            self._rest_until = time.monotonic() + REST_S

    def failed(self) -> None:
        with self._lock:
            self._n_failed += 1
            self._rest_until = time.monotonic() + REST_S

    def held(self) -> None:
        with self._lock:
            self._n_failed = 0


def drafts(text: str) -> tuple[Draft, ...]:
    """The sentences of an answer, each with the markers that follow its full stop, or else those of the next sentence on its line: a step
    of several sentences is marked once, and each of them has to stand on what is cited. None where it says NO ANSWER. Markdown a model
    adds although it is told not to is taken off, an address in it is not: that sentence is to fail."""
    plain = _MARKDOWN.sub("", "\n".join(shown(line) for line in text.splitlines())).strip()
    if plain.upper().startswith(NO_ANSWER):
        return ()
    return tuple(Draft(sentence) for line in plain.split("\n") for sentence in _sentences(line))


def _sentences(line: str) -> list[str]:
    made: list[str] = []
    for start, end in sentence_spans(line):
        sentence = line[start:end]
        markers = _MARKERS.match(sentence)
        if markers and made:
            made[-1] += f" {markers.group().strip()}"
            sentence = sentence[markers.end() :].strip()
        if sentence:
            made.append(sentence)
    for at in range(len(made) - 2, -1, -1):
        markers = _LAST_MARKERS.search(made[at + 1])
        if markers and not _LAST_MARKERS.search(made[at]):
            made[at] += f" {markers.group(1).strip()}"
    return made


def options_of(text: str) -> dict[str, Any]:
    """`EVDOCS_LLM_OPTIONS` as an object. Raises SettingsError."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"EVDOCS_LLM_OPTIONS is not JSON: {error}") from error
    if not isinstance(found, dict) or {"messages", "system", "stream"} & found.keys():
        raise SettingsError("EVDOCS_LLM_OPTIONS must be a JSON object without messages, system and stream.")
    return found


def price_of(text: str) -> tuple[float, float]:
    """ "0.15,0.60" -> (0.15, 0.6); "" -> no price."""
    read, _, written = text.partition(",")
    return float(read or 0), float(written or 0)
