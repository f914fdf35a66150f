"""A prompt to a language model and its whole reply back, for judges: the service's own client, in whichever protocol the model speaks.

It must not know what is judged. Retries, limits and deadlines are those of the service's settings (EVDOCS_LLM_*).
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass

from service.adapters.dialect import Dialect
from service.adapters.event_stream import EventClient
from service.adapters.llm import CHARS_PER_TOKEN, Asking
from service.core.errors import DeadlineExceeded, ModelUnavailable, SettingsError
from service.core.settings import Settings

MAX_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class Completion:
    """A reply, the tokens it took and what they cost (0 where no price is set)."""

    text: str
    input_tokens: int
    output_tokens: int
    cost: float


class ModelClient:
    """One model at one address. Raises SettingsError where the key cannot be sent."""

    def __init__(self, dialect: Dialect, asking: Asking) -> None:
        if any(not (value.isascii() and value.isprintable()) for value in dialect.headers.values()):
            raise SettingsError("EVDOCS_LLM_API_KEY holds characters that no key has.")
        self._dialect, self._asking = dialect, asking
        self._client = EventClient(dialect.url, dialect.headers, first_byte_s=asking.first_byte_s, retries=asking.retries)

    @property
    def model(self) -> str:
        """The model's name."""
        return self._asking.model or "default"

    def ask(self, system: str, user: str) -> Completion:
        """A whole reply. Raises ModelUnavailable (also for one that is cut off or refused) and DeadlineExceeded."""
        asking = self._asking
        body = self._dialect.body(asking.model, system, user, asking.max_tokens) | dict(asking.options)
        pieces: list[str] = []
        n_chars, read, written, stop, ended = 0, None, None, None, False
        give_up = time.monotonic() + asking.timeout_s
        with closing(self._client.events({name: value for name, value in body.items() if value is not None}, give_up)) as events:
            try:
                for event in events:
                    said = self._dialect.read(event)
                    pieces.append(said.text)
                    n_chars += len(said.text)
                    if n_chars > MAX_CHARACTERS:
                        raise ModelUnavailable(f"The judge wrote more than {MAX_CHARACTERS} characters.")
                    read, written = said.input_tokens or read, said.output_tokens or written
                    stop, ended = said.stop or stop, ended or said.ended
                    if said.closed:
                        break
            except (ModelUnavailable, DeadlineExceeded):
                if not ended:  # what fails after the last word fails nothing
                    raise
        if not ended or stop != "end":
            raise ModelUnavailable(f"The judge's reply is not whole ({stop or 'cut off'}).")
        return self._completion("".join(pieces), len(system) + len(user), read, written)

    def _completion(self, text: str, n_put: int, read: int | None, written: int | None) -> Completion:
        read = n_put // CHARS_PER_TOKEN if read is None else read
        written = len(text) // CHARS_PER_TOKEN if written is None else written
        price = self._asking.price
        return Completion(text, read, written, (read * price[0] + written * price[1]) / 1e6)


def client_of(settings: Settings, model: str = "") -> ModelClient:
    """The configured model, or `model` at the same address. Raises SettingsError where none is configured."""
    from service.wire import load_model

    if not settings.llm_url:
        raise SettingsError("No LLM judge is configured: set EVDOCS_LLM_URL and EVDOCS_LLM_MODEL (and EVDOCS_LLM_API_KEY).")
    return ModelClient(*load_model(settings, model or settings.llm_model, settings.llm_price))
