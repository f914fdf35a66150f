"""Bytes of a text file -> its text, or a typed error: byte order mark, UTF-8, what the file declares, then a guess.

Must not know Markdown from HTML.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path

import charset_normalizer

from service.core.errors import LimitExceeded, UnreadableDocument

MAX_BYTES = 16 << 20
_GUESS_BYTES = 128 << 10
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_DECLARED = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{2,40})", re.I)
_NEWLINE = re.compile(r"\r\n?|[\u2028\u2029\x85]")


def read_text(path: Path, declared: bool = False) -> str:
    """The text of a file, line breaks as "\\n"; `declared` believes a `<meta charset>`. Raises UnreadableDocument, LimitExceeded."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableDocument(f"{path.name}: cannot be opened ({error.strerror or error}).") from error
    if len(raw) > MAX_BYTES:
        raise LimitExceeded(f"{path.name}: more than {MAX_BYTES >> 20} MiB of text.")
    if not raw.strip():
        raise UnreadableDocument(f"{path.name}: the file is empty.")
    text = _NEWLINE.sub("\n", _decode(raw, declared))
    if not _is_text(text):
        raise UnreadableDocument(f"{path.name}: not a text file.")
    return text


def _decode(raw: bytes, declared: bool) -> str:
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return raw.decode(name, "replace")
    head = raw[:4096]
    for zeros, name in ((head[1::2], "utf-16-le"), (head[::2], "utf-16-be")):
        if len(zeros) > 8 and zeros.count(0) > 0.6 * len(zeros):
            return raw.decode(name, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(raw) > 1000 and raw[: error.start].count(b"\n") > 20 and error.end >= len(raw) - 3:
            return raw.decode("utf-8", "replace")  # UTF-8 cut off in its last character
    found = _DECLARED.search(head) if declared else None
    if found:
        try:
            return raw.decode(found.group(1).decode("ascii"), "replace")
        except LookupError:
            pass
    guess = charset_normalizer.from_bytes(raw[:_GUESS_BYTES]).best()
    return raw.decode(guess.encoding if guess else "cp1252", "replace")


def _is_text(text: str) -> bool:
    """Few control characters and few that could not be decoded."""
    sample = text[:200_000]
    odd = sum(character == "\ufffd" or (unicodedata.category(character) == "Cc" and character not in "\t\n\f\x0b") for character in sample)
    return "\x00" not in sample and odd <= 0.02 * len(sample) + 2
