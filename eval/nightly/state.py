"""The nightly job's folder: one job at a time in it, and where a killed one goes on.

STATE/lock               held while a job runs; the lock dies with the process
STATE/night.json         the night under way or the last one: run, day, began, stages done, outcome
STATE/history.sqlite     every night (`eval.nightly.history`)
STATE/baseline.json      the accepted baseline of this folder, where there is one
STATE/runs/DAY-FINGERPRINT/    a night's run, with gate.json, compare.json, report.html and report.md
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from eval.rows import pretty
from service.core.manifest import write_durably


class Busy(RuntimeError):
    """Another nightly job holds the folder."""


@dataclass
class Night:
    """What is known of a night. `began` is in nanoseconds since the epoch; `exit_code` None until it is through."""

    run: str
    day: str
    began_ns: int
    stages: list[str] = field(default_factory=list)
    exit_code: int | None = None
    alerted: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths below STATE."""

    path: Path

    @property
    def history(self) -> Path:
        return self.path / "history.sqlite"

    @property
    def baseline(self) -> Path:
        return self.path / "baseline.json"

    def run(self, name: str) -> Path:
        """A night's run."""
        return self.path / "runs" / name

    def read(self) -> Night | None:
        """The night last written; None where there is none that can be read (it then begins anew, and nothing is lost by it)."""
        try:
            return Night(**json.loads((self.path / "night.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, night: Night) -> None:
        write_durably(self.path / "night.json", pretty(asdict(night)))


@contextmanager
def alone(path: Path) -> Iterator[Folder]:
    """The folder, made where it is not there, for this job alone. Raises Busy at once where another holds it, OSError."""
    path.mkdir(parents=True, exist_ok=True)
    with (path / "lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"Another nightly job is running in {path}: this one does nothing.") from None
        yield Folder(path)
