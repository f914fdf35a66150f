"""What was computed once for a content hash: parsed files (JSON, gzip) and vectors (SQLite). Losing it costs time, nothing else.

Writes are atomic and keyed by everything the value depends on, so a killed run leaves only whole entries and the next one
goes on from there.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.core.ids import sha256_text
from service.core.manifest import write_durably
from service.core.ports import Embedder, Vectors


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
    """Passage vectors by text hash, one SQLite file an embedder."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._embedder = embedder
        self._db = sqlite3.connect(folder / f"vectors-{sha256_text(embedder.fingerprint)[:16]}.sqlite")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID")

    def embed(self, texts: Sequence[str]) -> tuple[Vectors, int]:
        """(n, dimensions) vectors of the texts and how many had to be computed. What is computed is kept at once."""
        keys = [sha256_text(text) for text in texts]
        known: dict[str, bytes] = {}
        for at in range(0, len(keys), 500):
            batch = keys[at : at + 500]
            marks = ",".join("?" * len(batch))
            known |= dict(self._db.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", batch))
        wanted = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if wanted:
            fresh = self._embedder.embed_passages(list(wanted.values()))
            rows = {key: vector.astype("<f4").tobytes() for key, vector in zip(wanted, fresh, strict=True)}
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows.items())
            known |= rows
        vectors = np.empty((len(keys), self._embedder.dimensions), dtype=np.float32)
        for row, key in enumerate(keys):
            vectors[row] = np.frombuffer(known[key], dtype="<f4")
        return vectors, len(wanted)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
