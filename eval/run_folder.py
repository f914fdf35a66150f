"""Rows in, a run folder out that survives a kill at any moment: a line an item, flushed to the disk before the next one is begun.

The timing line is written before the result line; what has only one of the two is asked again. It must not know how items are asked.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eval.rows import LATENCY, RESULTS, RUN, SUMMARY, TIMINGS, Json, Run, RunError, line, load_run, pretty, split, whole_lines
from service.core.manifest import write_durably


class RunFolder:
    """One run being written. Use it as a context; `done` are the rows an earlier session left."""

    def __init__(self, path: Path, config: Json, *, fresh: bool = False) -> None:
        """Open or go on with the run of this configuration. Raises RunError where the folder holds another run (and `fresh` does not say
        that it may go) or something that is no run, OSError."""
        self.path, self.config = path, config
        if fresh and (path / RUN).is_file():
            shutil.rmtree(path)
        if (path / RUN).is_file():
            _compare(path, config)
        elif path.is_dir() and any(path.iterdir()):
            raise RunError(f"{path} holds files and is no run")
        path.mkdir(parents=True, exist_ok=True)
        if not (path / RUN).is_file():
            write_durably(path / RUN, pretty(config))
        self.done = self._recovered()

    def _recovered(self) -> list[Json]:
        """The rows that are whole, after cutting both files to them."""
        results, timings = whole_lines(self.path / RESULTS), whole_lines(self.path / TIMINGS)
        n = min(len(results), len(timings))
        for name, lines in ((RESULTS, results), (TIMINGS, timings)):
            with (self.path / name).open("a+b") as stream:
                stream.truncate(sum(len(one) + 1 for one in lines[:n]))
        run = load_run(self.path)
        return run.rows

    def __enter__(self) -> Self:
        self._streams = [(self.path / name).open("a", encoding="utf-8", errors="surrogatepass") for name in (TIMINGS, RESULTS)]
        return self

    def append(self, row: Mapping[str, Any]) -> Json:
        """Write one row; it is on disk when this returns. Gives the row as it will be read back."""
        result, timing = split(row)
        for stream, record in zip(self._streams, (timing, result), strict=True):
            stream.write(line(record))
            stream.flush()
            os.fsync(stream.fileno())
        return {**json.loads(line(result)), **timing}

    def finish(self, summary: Json, latency: Json) -> Run:
        """Write what the run comes to."""
        write_durably(self.path / LATENCY, pretty(latency))
        write_durably(self.path / SUMMARY, pretty(summary))
        return load_run(self.path)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for stream in self._streams:
            stream.close()


def _compare(path: Path, config: Json) -> None:
    found = load_run(path).config
    if found.get("fingerprint") == config["fingerprint"]:
        return
    differing = sorted(name for name in {*found, *config} - {"fingerprint"} if found.get(name) != config.get(name))
    raise RunError(f"{path} holds a run that differs in {', '.join(differing)}: name another folder, or replace it with --fresh")
