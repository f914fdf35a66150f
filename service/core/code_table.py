"""Where each code of a build stands: `codes.json` beside the catalogue. In: occurrences at ingest. Out: exact lookup at question time.

A code is looked up by its key (`core.codes`), so a near miss is never a hit; what a code could be mistaken for is told apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path

from service.core.codes import Code, find_codes, near_misses
from service.core.errors import IndexUnavailable
from service.core.manifest import REINGEST, write_durably

MAX_PER_KEY = 64
"""Occurrences kept of one key, definitions first: a product's own name stands on every page of its manual."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A code in a chunk: `printed` as it stands there, `text` the row or sentence it belongs to, `defines` where that row or heading is
    about this code (it stands in the row's first cell, or opens the line), `page` physical."""

    key: str
    kind: str
    printed: str
    document_id: str
    chunk_id: str
    page: int
    defines: bool
    text: str


@dataclass(frozen=True, slots=True)
class CodeTable:
    """All codes of a build by key."""

    by_key: Mapping[str, tuple[Occurrence, ...]] = field(default_factory=dict)

    def find(self, key: str, document_ids: Iterable[str] | None = None) -> tuple[Occurrence, ...]:
        """Occurrences of exactly this code, definitions first; only in these documents where some are named."""
        wanted = None if document_ids is None else set(document_ids)
        return tuple(found for found in self.by_key.get(key, ()) if wanted is None or found.document_id in wanted)

    def known(self, text: str) -> tuple[Code, ...]:
        """The codes of a text that stand somewhere in the documents."""
        return tuple(code for code in find_codes(text) if code.key in self.by_key)

    def similar(self, key: str) -> list[str]:
        """Known keys one slip of the pen away from this one."""
        return near_misses(key, self.by_key)


def code_table(occurrences: Iterable[Occurrence]) -> CodeTable:
    """Occurrences in any order -> a table with at most MAX_PER_KEY of each key: definitions first, then by document and page."""
    by_key: dict[str, list[Occurrence]] = {}
    for found in occurrences:
        by_key.setdefault(found.key, []).append(found)
    return CodeTable(
        {
            key: tuple(sorted(own, key=lambda found: (not found.defines, found.document_id, found.page))[:MAX_PER_KEY])
            for key, own in sorted(by_key.items())
        }
    )


def write_codes(build: Path, table: CodeTable) -> None:
    """Write `codes.json` into a build folder, durably: one array an occurrence."""
    rows = [list(astuple(found)) for own in table.by_key.values() for found in own]
    write_durably(build / "codes.json", json.dumps(rows, ensure_ascii=False, separators=(",", ":")))


def read_codes(build: Path) -> CodeTable:
    """The codes of a build. Raises IndexUnavailable where the file is missing or damaged."""
    path = build / "codes.json"
    try:
        return code_table(Occurrence(*row) for row in json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise IndexUnavailable(f"{path} cannot be read ({error}). {REINGEST}") from error
