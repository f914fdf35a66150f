"""What was computed once for a content hash: parsed files (JSON, gzip) and vectors (SQLite). Losing it costs time, nothing else.

Writes are atomic and keyed by everything the value depends on, so a killed run leaves only whole entries and the next one
goes on from there.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.core.ids import sha256_text
from service.core.late import Read, TokenVectors
from service.core.manifest import write_durably
from service.core.ports import Embedder

_Row = list[bytes]
_NO_TOKENS = TokenVectors(np.zeros(0, np.int32), np.zeros((0, 0), np.int8))


class ParseCache:
    """Parsed files as plain JSON values, by file hash and parser version."""

    def __init__(self, folder: Path, parser_version: str) -> None:
        self._folder = folder / f"parsed-{parser_version}"
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, sha256: str) -> dict[str, Any] | None:
        """The stored value, or None (also for an entry that cannot be read)."""
        try:
            with gzip.open(self._folder / f"{sha256}.json.gz", "rt", encoding="utf-8") as stream:
                value: dict[str, Any] = json.load(stream)
                return value
        except (OSError, EOFError, ValueError):
            return None

    def put(self, sha256: str, value: dict[str, Any]) -> None:
        """Store a value."""
        draft = self._folder / f".{sha256}.{os.getpid()}"
        with gzip.open(draft, "wt", encoding="utf-8", compresslevel=4) as stream:
            json.dump(value, stream, ensure_ascii=False)
        os.replace(draft, self._folder / f"{sha256}.json.gz")

    def failure(self, sha256: str) -> str | None:
        """Why this file could not be parsed before, or None."""
        try:
            return (self._folder / f"{sha256}.failed").read_text("utf-8")
        except OSError:
            return None

    def put_failure(self, sha256: str, cause: str) -> None:
        """Remember that these bytes cannot be parsed."""
        write_durably(self._folder / f"{sha256}.failed", cause)


class VectorCache:
    """What the embedder made of passages, by text hash, one SQLite file an embedder."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self._db = sqlite3.connect(folder / f"vectors-{sha256_text(embedder.fingerprint)[:16]}.sqlite")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS passages "
            "(key TEXT PRIMARY KEY, vector BLOB NOT NULL, token_ids BLOB NOT NULL, token_vectors BLOB NOT NULL) WITHOUT ROWID"
        )

    def read(self, texts: Sequence[str]) -> tuple[Read, int]:
        """What `read_passages` gives for the texts, and how many had to be computed. What is computed is kept at once."""
        keys = [sha256_text(text) for text in texts]
        known: dict[str, _Row] = {}
        for at in range(0, len(keys), 500):
            batch = keys[at : at + 500]
            marks = ",".join("?" * len(batch))
            found = self._db.execute(f"SELECT key, vector, token_ids, token_vectors FROM passages WHERE key IN ({marks})", batch)
            known |= {key: row for key, *row in found}
        wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if wanted:
            fresh = dict(zip(wanted, self._rows(self._embedder.read_passages(list(wanted.values()))), strict=True))
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO passages VALUES (?, ?, ?, ?)", [(key, *row) for key, row in fresh.items()])
            known |= fresh
        return self._from_rows([known[key] for key in keys]), len(wanted)

    def _rows(self, made: Read) -> Iterator[_Row]:
        tokens = made.tokens if self._embedder.late_dimensions else [_NO_TOKENS] * len(made.vectors)
        for vector, text in zip(made.vectors, tokens, strict=True):
            yield [vector.astype("<f4").tobytes(), text.ids.astype("<i4").tobytes(), text.vectors.tobytes()]

    def _from_rows(self, rows: Sequence[_Row]) -> Read:
        vectors = np.empty((len(rows), self._embedder.dimensions), dtype=np.float32)
        for at, row in enumerate(rows):
            vectors[at] = np.frombuffer(row[0], dtype="<f4")
        width = self._embedder.late_dimensions
        if not width:
            return Read(vectors, ())
        return Read(
            vectors,
            tuple(TokenVectors(np.frombuffer(ids, "<i4"), np.frombuffer(text, np.int8).reshape(-1, width)) for _, ids, text in rows),
        )

    def close(self) -> None:
        """Close the file."""
        self._db.close()
