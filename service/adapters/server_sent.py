"""Bytes as they come in, server-sent events out (HTML standard, section 9.2). It knows nothing of HTTP nor of what events mean."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.core.errors import ModelUnavailable

MAX_EVENT_CHARS = 1 << 18
_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event. `name` is "" where none was given, and "json" for a reply that is no stream but one JSON object."""

    name: str
    data: str


def server_sent_events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """Parse a stream as the HTML standard says (section 9.2.6); an event is also complete where the stream ends. Raises
    ModelUnavailable for an event of more than MAX_EVENT_CHARS characters, UnicodeDecodeError for what is not UTF-8."""
    name, n_chars = "", 0
    data: list[str] = []
    for line in _lines(pieces):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Event(name, "\n".join(data))
            name, data, n_chars = "", [], 0
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
            n_chars += len(value)
            if n_chars > MAX_EVENT_CHARS:
                raise ModelUnavailable("An event of the LLM's answer is too large.")
    if data:
        yield Event(name, "\n".join(data))


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines without their ends. A piece may end anywhere, also inside a character or between CR and LF."""
    decoder, held, n_held, first = codecs.getincrementaldecoder("utf-8")(), [""], 0, True
    for piece in _with_end(pieces):
        text = decoder.decode(piece or b"", final=piece is None)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        held.append(text)
        n_held += len(text)
        if "\n" in text or "\r" in text or held[-2].endswith("\r"):
            *lines, rest = _LINE_END.split("".join(held))
            yield from lines
            held, n_held = [rest], len(rest)
        if n_held > MAX_EVENT_CHARS:
            raise ModelUnavailable("An event of the LLM's answer is too large.")
    if n_held:
        yield "".join(held).removesuffix("\r")


def _with_end(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
    """The pieces, then None: a decoder has to be told that nothing follows."""
    yield from pieces
    yield None
