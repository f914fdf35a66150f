"""How far a run is: a bar with rate and ETA on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

Advance = Callable[..., None]


class Progress:
    """Stages of a run on a console. `advance(n, pages)` moves the bar by n units and counts pages for the rate shown."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        """A bar over `total` units; units of bytes are weighed, not shown."""
        rate = TextColumn("{task.fields[rate]}")
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            rate,
            TimeElapsedColumn(),
            TextColumn("ETA"),
        )
        with Bar(*columns, TimeRemainingColumn(), console=self._console, transient=False, disable=not self._console.is_terminal) as bar:
            task = bar.add_task(name, total=total, rate="")
            seen = 0

            def advance(amount: int, pages: int = 0) -> None:
                nonlocal seen
                seen += pages if unit == "bytes" else amount
                elapsed = bar.tasks[0].elapsed or 0.001
                bar.update(task, advance=amount, rate=f"{seen} {'pages' if unit == 'bytes' else unit}, {seen / elapsed:.0f}/s")

            yield advance
