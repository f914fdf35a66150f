"""The documents of a build, beside its manifest: `catalogue.json`, a list of entries sorted by file name and id.

An entry is a Document and `given`, the metadata its owner stated (corpus.toml), apart from what was read out of the file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.core.codec import document_from_plain, to_plain
from service.core.errors import IndexUnavailable, UnknownDocument
from service.core.manifest import REINGEST, write_durably
from service.core.types import Document


@dataclass(frozen=True, slots=True)
class Entry:
    """One document of a build and the metadata stated for it."""

    document: Document
    given: dict[str, Any] = field(default_factory=dict)


def write_catalogue(build: Path, entries: Sequence[Entry]) -> None:
    """Write `catalogue.json` into a build folder, durably."""
    rows = [{**to_plain(entry.document), "given": entry.given} for entry in entries]
    write_durably(build / "catalogue.json", json.dumps(rows, ensure_ascii=False, indent=0))


def read_catalogue(build: Path) -> list[Entry]:
    """The entries of a build. Raises IndexUnavailable where they are missing or damaged."""
    path = build / "catalogue.json"
    try:
        rows = json.loads(path.read_text("utf-8"))
        return [Entry(document_from_plain({key: value for key, value in row.items() if key != "given"}), row["given"]) for row in rows]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise IndexUnavailable(f"{path} cannot be read ({error}). {REINGEST}") from error


def source_file(home: Path, document: Document) -> Path:
    """Where the bytes of an indexed document are kept, for downloads and page images."""
    return home / "files" / f"{document.sha256}.{document.suffix}"


def find_entry(entries: Sequence[Entry], wanted: str) -> Entry:
    """The entry with this id, unique id prefix (8 or more digits) or file name. Raises UnknownDocument."""
    for entry in entries:
        if wanted in (entry.document.document_id, entry.document.file):
            return entry
    close = [entry for entry in entries if len(wanted) >= 8 and entry.document.document_id.startswith(wanted)]
    if len(close) != 1:
        raise UnknownDocument(f"No document {wanted!r} is indexed. `evdocs docs list` shows what is.")
    return close[0]
