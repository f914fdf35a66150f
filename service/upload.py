"""A multipart request body in, one durable document under `home/uploads` out, without the whole of it ever being in memory.

What the file *is* is told by its name's suffix, and its first bytes must agree; a declared type counts for nothing, and a PDF needs no
suffix. It knows nothing about what happens to it next.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from service.core.errors import InvalidRequest, StoreUnavailable
from service.core.formats import FORMATS, kind_of, supported
from service.core.manifest import sync_dir

PDF_MAGIC = b"%PDF-"
MAGIC_WITHIN = 1024  # bytes of leading junk that PDF readers accept (ISO 32000-1, annex H, note 13)
MAX_NAME_BYTES = 200
_ZIP_MAGIC = b"PK\x03\x04"
_NO_TEXT = (PDF_MAGIC, _ZIP_MAGIC, b"\xd0\xcf\x11\xe0")
_TEXTS = ("md", "html", "txt")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file: where it stands, the name its sender gave it (made safe), its length and hash."""

    path: Path
    name: str
    n_bytes: int
    sha256: str


def safe_name(given: str, kind: str = "pdf") -> str:
    """A plain file name ending in the suffix of its kind: no folders, no control characters, at most 200 bytes."""
    name = re.split(r"[/\\]", given)[-1]
    own = next((suffix for suffix in FORMATS[kind].suffixes if name.lower().endswith(suffix)), "")
    stem = _UNSAFE.sub("_", name.removesuffix(name[len(name) - len(own) :]) if own else name)
    stem = stem.encode("utf-8", "replace")[: MAX_NAME_BYTES - len(kind) - 1].decode("utf-8", "ignore").strip(" .")
    return f"{stem or 'document'}.{kind}"


def kind_of_upload(name: str, head: bytes) -> str:
    """The kind of a file that is called `name` and begins with `head`. Raises HTTPException 415 where they do not agree."""
    kind = kind_of(name)
    if kind in (None, "pdf") and PDF_MAGIC in head:
        return "pdf"
    if kind is None:
        raise HTTPException(415, f"The file is of no kind that can be read. These can: {supported()}.")
    if kind == "pdf":
        raise HTTPException(415, "The file is no PDF: it does not begin with %PDF-.")
    if kind == "docx" and not head.startswith(_ZIP_MAGIC):
        raise HTTPException(415, "The file is no Word document: it is not packed like one.")
    if kind in _TEXTS and not _is_text(head):
        raise HTTPException(415, f"The file is no {FORMATS[kind].name}: it does not begin with text.")
    return kind


def _is_text(head: bytes) -> bool:
    """Whether a file may begin so: not with the magic of a PDF, ZIP or old Office file, and without NUL bytes but for UTF-16 and -32."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"))
    return bool(head.strip()) and not head.startswith(_NO_TEXT) and (wide or b"\x00" not in head)


class _Parts:
    """Callbacks of the multipart parser: collects the bytes of the one part that carries a file name."""

    def __init__(self, boundary: bytes) -> None:
        self.filename: str | None = None
        self.complete = False
        self.pending: list[bytes] = []
        self._header = self._value = self._disposition = b""
        self._in_file = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._on_field,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._on_part_end,
            },
        )

    def feed(self, received: bytes) -> list[bytes]:
        """The file's bytes in this piece of the body."""
        self.pending = []
        try:
            self._parser.write(received)
        except FormParserError as error:
            raise HTTPException(400, "The body is no valid multipart form.") from error
        return self.pending

    def _begin(self) -> None:
        self._header = self._value = self._disposition = b""

    def _on_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"filename")
        if name is None:
            return
        if self.filename is not None:
            raise InvalidRequest("Send one file a request.")
        self.filename = name.decode("utf-8", "replace")
        self._in_file = True

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.pending.append(data[start:end])

    def _on_part_end(self) -> None:
        self.complete = self.complete or self._in_file
        self._in_file = False


async def receive(body: AsyncIterator[bytes], content_type: str, folder: Path) -> Upload:
    """Store the file of a multipart body as `folder/<hash>/<name>`; it survives a power cut once this returns.

    Raises HTTPException 415 for another content type or a file that is no document, 400 for a broken body, InvalidRequest where there is
    no file in it, StoreUnavailable where the disk refuses. Nothing is left behind then.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise HTTPException(415, "Send the document as multipart/form-data, in a part with a file name.")
    try:
        parts = _Parts(options[b"boundary"])
    except FormParserError as error:
        raise HTTPException(400, "The multipart boundary is too long.") from error
    draft = folder / f".partial-{secrets.token_hex(8)}"
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        with draft.open("wb") as stream:
            n_bytes, sha256, form = await _store(body, parts, stream)
        return await asyncio.to_thread(_keep, draft, folder / sha256[:16], safe_name(parts.filename or "", form), n_bytes, sha256)
    except OSError as error:
        raise StoreUnavailable(f"The upload cannot be stored: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


async def _store(body: AsyncIterator[bytes], parts: _Parts, stream: BinaryIO) -> tuple[int, str, str]:
    """Write the file's bytes, synced; its length, hash and kind."""
    digest, n_bytes, head = hashlib.sha256(), 0, b""
    async for received in body:
        for piece in parts.feed(received):
            if len(head) < MAGIC_WITHIN:
                head += piece[: MAGIC_WITHIN - len(head)]
                if len(head) >= MAGIC_WITHIN:
                    kind_of_upload(parts.filename or "", head)
            digest.update(piece)
            n_bytes += len(piece)
            await asyncio.to_thread(stream.write, piece)
    if not parts.complete:
        raise InvalidRequest("There is no complete file in the body: send it in a part with a file name.")
    kind = kind_of_upload(parts.filename or "", head)
    await asyncio.to_thread(_sync, stream)
    return n_bytes, digest.hexdigest(), kind


def _sync(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _keep(draft: Path, folder: Path, name: str, n_bytes: int, sha256: str) -> Upload:
    folder.mkdir(exist_ok=True)
    os.replace(draft, folder / name)
    sync_dir(folder)
    sync_dir(folder.parent)
    return Upload(folder / name, name, n_bytes, sha256)


def sweep(folder: Path) -> None:
    """Remove what interrupted uploads left behind."""
    for draft in folder.glob(".partial-*"):
        draft.unlink(missing_ok=True)
