"""Files put through the child process under the limits the project promises: 30 seconds and 1 GiB each, two at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ingest.parsed import Parsed
from ingest.worker import parse_in_child
from service.core.errors import UnreadableDocument
from service.core.settings import Settings

MOST_S = 30.0
LIMITS = Settings(parse_timeout_s=20, parse_cpu_s=20, parse_memory_bytes=1 << 30, ocr_max_pages=2, ocr_timeout_s=3)


@dataclass(frozen=True)
class Outcome:
    """How one file ended: `parsed` or a typed error's text, in `seconds`."""

    name: str
    seconds: float
    parsed: Parsed | None
    error: str

    @property
    def fault(self) -> str:
        """What must not be: too long, or an exception nobody thought of."""
        if self.seconds > MOST_S:
            return f"{self.name} took {self.seconds:.0f} s"
        if self.parsed is None and (self.name not in self.error or "the parser failed" in self.error):
            return f"{self.name}: {self.error}"
        return ""

    @property
    def text(self) -> str:
        return " ".join(block.text for block in self.parsed.blocks) if self.parsed else ""


def endure(files: Iterable[tuple[str, Callable[[], bytes]]], folder: Path) -> dict[str, Outcome]:
    """Outcomes by name. Each file is built when its turn comes."""

    def one(item: tuple[str, Callable[[], bytes]]) -> Outcome:
        name, build = item
        path = folder / f"{name}.pdf"
        path.write_bytes(build())
        parsed, error, started = None, "", time.monotonic()
        try:
            parsed = parse_in_child(path, "d", LIMITS)
        except UnreadableDocument as refusal:
            error = str(refusal)
        path.unlink()
        return Outcome(name, time.monotonic() - started, parsed, error)

    with ThreadPoolExecutor(2) as pool:
        return {outcome.name: outcome for outcome in pool.map(one, files)}


def left_behind(folder: Path) -> list[str]:
    """Command lines of live processes that name the folder, this one apart."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command.decode("utf-8", "replace"))
    return found
