"""Runs in, one row a night and figure in a SQLite file out, and back as a trend. The same run recorded again changes nothing.

nights(run, began, gold, n, fingerprint, build_id, git_commit, gate, failed)    one row a run; `gate` passed | failed
figures(run, part, metric, value, low, high, n, n_valid)                        one row a run and figure; value NULL where none is valid
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.gate import Verdict
from eval.rows import Json, Run
from eval.stats import Figure

VERSION = 1
LOCK_WAIT_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS nights(
    run TEXT PRIMARY KEY, began TEXT NOT NULL, gold TEXT NOT NULL, n INTEGER NOT NULL, fingerprint TEXT NOT NULL, build_id TEXT,
    git_commit TEXT, gate TEXT NOT NULL, failed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS figures(
    run TEXT NOT NULL REFERENCES nights(run), part TEXT NOT NULL, metric TEXT NOT NULL, value REAL, low REAL, high REAL,
    n INTEGER NOT NULL, n_valid INTEGER NOT NULL, PRIMARY KEY(run, part, metric));
"""


class HistoryError(ValueError):
    """A history cannot be read or written; the text names the file and says why."""


@dataclass(frozen=True, slots=True)
class Night:
    """One night of the history. `figures` by (part, metric), as in a run's summary, and ("latency", ...) in milliseconds or pace."""

    run: str
    began: str
    gold: str
    passed: bool
    failed: tuple[str, ...]
    figures: dict[tuple[str, str], Figure]


def record(path: Path, name: str, began: str, run: Run, verdict: Verdict) -> None:
    """Put a complete run in, in one transaction; what stood there for a run of this name is replaced. Raises HistoryError."""
    config = run.config
    gate, failed = "passed" if verdict.passed else "failed", " ".join(check.metric for check in verdict.failures)
    night = (
        name,
        began,
        " + ".join(config["gold"]),
        len(run.rows),
        config["fingerprint"],
        config.get("build_id"),
        config.get("git_commit"),
    )
    with _opened(path) as database:
        database.execute("DELETE FROM figures WHERE run = ?", (name,))
        database.execute("INSERT OR REPLACE INTO nights VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*night, gate, failed))
        rows = [(name, part, metric, *(own[key] for key in Figure.__slots__)) for part, metric, own in _figures(run)]
        database.executemany("INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def trend(path: Path, *, gold: str | None = None) -> list[Night]:
    """Every night, the oldest first; with `gold` (file names joined by " + ") only those over that set. Raises HistoryError."""
    if not path.is_file():
        raise HistoryError(f"{path}: there is no history")
    with _opened(path) as database:
        figures: dict[str, dict[tuple[str, str], Figure]] = {}
        for run, part, metric, *values in database.execute("SELECT run, part, metric, value, low, high, n, n_valid FROM figures"):
            figures.setdefault(run, {})[part, metric] = Figure(*values)
        nights = list(database.execute("SELECT run, began, gold, gate, failed FROM nights ORDER BY began, run"))
    return [
        Night(run, began, own, gate == "passed", tuple(failed.split()), figures.get(run, {}))
        for run, began, own, gate, failed in nights
        if gold is None or gold == own
    ]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_WAIT_S)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, VERSION):
                raise HistoryError(f"{path}: this history has version {version}, this program knows {VERSION}")
            if not version:
                database.executescript(_SCHEMA + f"PRAGMA user_version = {VERSION};")
            with database:
                yield database
    except sqlite3.Error as error:
        raise HistoryError(f"{path}: no history that can be used ({error})") from error


def _figures(run: Run) -> Iterator[tuple[str, str, Json]]:
    for part, table in run.summary["figures"].items():
        for metric, own in table.items():
            yield part, metric, own
    pace, total = run.latency.get("pace") or {}, (run.latency.get("stages_ms") or {}).get("ask total") or {}
    for name, spread in (("pace", pace), ("ask total", total)):
        for share in ("p50", "p95"):
            count = int(spread.get("n") or 0)
            yield "latency", f"{name} {share}", {"value": spread.get(share), "low": None, "high": None, "n": count, "n_valid": count}
