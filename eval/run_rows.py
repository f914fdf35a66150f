"""A finished run in, its rows out: a run's folder (see `eval.rows`) or one file of JSON lines.

For what is computed after a run (ragas, judges, Langfuse, drift): it reads rows as dicts and must not know how they came about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]
RESULTS, TIMINGS, CONFIG, LATENCY = "results.jsonl", "timings.jsonl", "run.json", "latency.json"


class RowsError(ValueError):
    """A run cannot be read; the text names the path and says why."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A run read back: its items' rows in order, and what is known of the run as a whole (gold file, build, commit, fingerprint)."""

    path: Path
    items: tuple[Row, ...]
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the run is called: its folder or file, without the ending."""
        return self.path.stem if self.path.is_file() else self.path.name

    @property
    def began_ns(self) -> int:
        """When the run began, or (where it does not say) when its results were last written; nanoseconds since the epoch."""
        started = self.config.get("started")
        try:
            return int(datetime.fromisoformat(str(started)).timestamp()) * 10**9
        except ValueError:
            results = self.path / RESULTS if self.path.is_dir() else self.path
            return results.stat().st_mtime_ns // 10**6 * 10**6

    def beside(self, name: str) -> Path:
        """Where a result of its own goes: into the run's folder, or next to its file as FILE.NAME."""
        return self.path / name if self.path.is_dir() else self.path.with_name(f"{self.path.stem}.{name}")


def read_rows(path: Path) -> Rows:
    """The run at `path`. Raises RowsError; also where it holds no item."""
    if path.is_dir():
        rows = _lines(path / RESULTS)
        timings = _lines(path / TIMINGS) if (path / TIMINGS).exists() else []
        by_id = {line.get("id"): line for line in timings}
        rows = [row | by_id.get(row.get("id"), {}) for row in rows]
        config = {**_object(path / LATENCY), **_object(path / CONFIG)}
    else:
        records = _lines(path)
        rows = [record for record in records if record.get("record") == "item"]
        config = next((record for record in records if record.get("record") == "summary"), {})
    items = tuple(row for row in rows if row.get("record", "item") == "item" and "id" in row and "question" in row)
    if not items:
        raise RowsError(f"{path}: no rows of a run")
    return Rows(path, items, config)


def answer_of(row: Mapping[str, Any]) -> str:
    """The answer given; "" for a refusal, a question back and an item that failed."""
    return str(row.get("answer") or "") if row.get("status") == "answered" and not row.get("error") else ""


def contexts_of(row: Mapping[str, Any], k: int) -> list[str]:
    """The texts of the first k hits, for the generator's view of what was retrieved; none where the run kept no texts."""
    return [str(hit["text"]) for hit in (row.get("hits") or ())[:k] if hit.get("text")]


def citations_of(row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The answer's citations."""
    return list(row.get("citations") or ()) if answer_of(row) else []


def _lines(path: Path) -> list[Row]:
    try:
        found = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]  # a text may hold U+2028
    except (OSError, ValueError) as error:
        raise RowsError(f"{path}: cannot be read ({error})") from error
    return [row for row in found if isinstance(row, dict)]


def _object(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RowsError(f"{path}: cannot be read ({error})") from error
    return value if isinstance(value, dict) else {}
