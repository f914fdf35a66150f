"""The gate: pypdf looks at a file before any other parser does -> outline, page labels, metadata; or a typed error.

In: a path. Out: a `Gate`. pypdf is first because it survived every hostile file we tried with a typed error, under the limits
set here, where pdfium and pdfminer did not. Where it gives up on plain damage, pdfium is let at the file, which repairs more. Must
not read page text.
"""

from __future__ import annotations

import contextlib
import logging
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from pypdf.errors import FileNotDecryptedError, ParseError, PdfReadError, PyPdfError
from pypdf.generic import Destination

from service.core.errors import EncryptedDocument, LimitExceeded, UnreadableDocument

MAX_OUTLINE = 5000
_FIELDS = {"/Title": "title", "/Author": "author", "/Subject": "subject", "/Keywords": "keywords", "/Creator": "creator",
           "/Producer": "producer", "/CreationDate": "created", "/ModDate": "modified"}  # fmt: skip
BROKEN = (
    PyPdfError, ValueError, TypeError, LookupError, AttributeError, RecursionError, AssertionError, NotImplementedError, OSError,
    ArithmeticError, EOFError,
)  # fmt: skip
"""What pypdf raises on malformed files (read from its source and met in fuzzing)."""
_DAMAGE = (PdfReadError, ParseError, ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""Those of damage that pdfium may repair: a broken cross-reference table, a lost trailer. Not: a limit reached, a loop."""


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark: `level` from 0, `page` 1-based, `top` in points below the page's upper edge (0 where unknown)."""

    level: int
    title: str
    page: int
    top: float


@dataclass(frozen=True, slots=True)
class Gate:
    """What pypdf knows of a file. `page_labels` is empty where the file declares none. `has_layers`: some of its layers may be off."""

    n_pages: int
    outline: tuple[OutlineEntry, ...]
    page_labels: tuple[str, ...]
    metadata: dict[str, str]
    warnings: tuple[str, ...]
    has_layers: bool = False


def open_gate(path: Path, max_pages: int) -> Gate:
    """Raises UnreadableDocument, EncryptedDocument or LimitExceeded, each naming the file and the cause."""
    name = path.name
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        raise UnreadableDocument(f"{name}: cannot be opened ({error.strerror or error}).") from error
    if not head:
        raise UnreadableDocument(f"{name}: the file is empty.")
    if b"%PDF-" not in head:
        raise UnreadableDocument(f"{name}: not a PDF file (no %PDF header).")
    try:
        return _read(path, max_pages)
    except BROKEN as error:
        damage = f"{type(error).__name__}: {str(error)[:200]}"
        gate = _repaired(path, max_pages) if isinstance(error, _DAMAGE) and not isinstance(error, FileNotDecryptedError) else None
        if gate is None:
            raise UnreadableDocument(f"{name}: the PDF is broken ({damage}).") from error
        return gate


def _repaired(path: Path, max_pages: int) -> Gate | None:
    """The gate of a file whose structure is damaged, as pdfium repairs it, without outline and labels; None where it cannot either."""
    try:
        with contextlib.closing(pdfium.PdfDocument(path)) as document:
            n_pages = len(document)
    except pdfium.PdfiumError as error:
        if error.err_code == pdfium_c.FPDF_ERR_PASSWORD:
            raise EncryptedDocument(f"{path.name}: encrypted, a password is needed to read it.") from error
        return None
    if n_pages == 0:
        return None
    _check_size(path, n_pages, max_pages)
    return Gate(n_pages, (), (), {}, ("the file is damaged and was repaired; its outline and page labels were left out",))


def _check_size(path: Path, n_pages: int, max_pages: int) -> None:
    if n_pages > max_pages:
        raise LimitExceeded(f"{path.name}: {n_pages} pages, more than the {max_pages} allowed (EVDOCS_MAX_PAGES).")


def _read(path: Path, max_pages: int) -> Gate:
    with path.open("rb") as stream:  # given a path, pypdf reads all of the file into memory
        return _gate(path, pypdf.PdfReader(stream, strict=False), max_pages)


def _gate(path: Path, reader: pypdf.PdfReader, max_pages: int) -> Gate:
    if reader.is_encrypted and not reader.decrypt(""):
        raise EncryptedDocument(f"{path.name}: encrypted, a password is needed to read it.")
    n_pages = len(reader.pages)
    if n_pages == 0:
        raise UnreadableDocument(f"{path.name}: the PDF has no pages.")
    _check_size(path, n_pages, max_pages)
    warnings: list[str] = []
    outline: tuple[OutlineEntry, ...] = ()
    labels: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    try:
        outline = tuple(islice(_walk(reader, reader.outline, 0), MAX_OUTLINE))
    except BROKEN as error:
        warnings.append(f"the outline is broken and was left out ({type(error).__name__})")
    try:
        if "/PageLabels" in reader.root_object:
            labels = tuple(str(label) for label in reader.page_labels)
    except BROKEN as error:
        warnings.append(f"the page labels are broken and were left out ({type(error).__name__})")
    with contextlib.suppress(*BROKEN):
        metadata = _metadata(reader)
    return Gate(n_pages, outline, labels if len(labels) == n_pages else (), metadata, tuple(warnings), _has_layers(reader))


def _has_layers(reader: pypdf.PdfReader) -> bool:
    """Whether the file has layers (optional content) that its default view does not all show."""
    try:
        layers = reader.root_object["/OCProperties"]["/D"]  # type: ignore[index]
        return bool(layers.get("/OFF") or layers.get("/AS")) or layers.get("/BaseState", "/ON") != "/ON"
    except BROKEN:
        return False


def _metadata(reader: pypdf.PdfReader) -> dict[str, str]:
    fields: Mapping[str, Any] = reader.metadata or {}
    values = {name: re.sub(r"\s+", " ", str(fields[key])).strip()[:500] for key, name in _FIELDS.items() if fields.get(key) is not None}
    return {name: value for name, value in values.items() if value}


def _walk(reader: pypdf.PdfReader, entries: list[Any], level: int) -> Iterator[OutlineEntry]:
    if level > 12:
        return
    for entry in entries:
        if isinstance(entry, list):
            yield from _walk(reader, entry, level + 1)
        elif isinstance(entry, Destination):
            with contextlib.suppress(*BROKEN):
                found = _entry(reader, entry, level)
                if found is not None:
                    yield found


def _entry(reader: pypdf.PdfReader, entry: Destination, level: int) -> OutlineEntry | None:
    index = reader.get_destination_page_number(entry)
    title = re.sub(r"[\s\x00-\x1f]+", " ", str(entry.title)).strip()
    if index is None or index < 0 or not title:
        return None
    top = 0.0
    if entry.top is not None:
        with contextlib.suppress(*BROKEN):
            top = float(reader.pages[index].cropbox.top) - float(entry.top)
    return OutlineEntry(level, title, index + 1, top if math.isfinite(top) and top > 0 else 0.0)
