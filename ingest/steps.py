"""Which list items belong to one list, also over page breaks and with paragraphs or notices between them.

In: list paragraphs in reading order. Out: a group id for each. Must not know where the ids come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ingest.pdf.layout import Paragraph


@dataclass
class ListRun:
    """The list that is open. A heading stops it; a paragraph only pauses it: numbering may go on after it."""

    _group: str = ""
    _number: int = 0
    _paused: bool = False
    _bullet_open: bool = False

    def stop(self) -> None:
        """The list is over."""
        self._group, self._number, self._paused, self._bullet_open = "", 0, False, False

    def pause(self, paragraph: Paragraph) -> None:
        """Text that is no item stands here."""
        self._paused = True

    def group(self, item: Paragraph, new_group: Callable[[], str]) -> str:
        """The item's group: the open list's where it goes on with it, else a new one."""
        number = step_number(item.marker)
        if not self._group:
            goes_on = False
        elif number is None:
            goes_on = not self._paused or self._number > 0
        else:
            goes_on = number == self._number + 1 or (number == 1 and not self._paused and self._number == 0)
        if number is None and self._paused and self._number == 0:
            goes_on = False
        if not goes_on:
            self._group = new_group()
            self._number = 0
        if number is not None:
            self._number = number
        self._paused = False
        return self._group


def step_number(marker: str) -> int | None:
    """3 of "3." or "(3)" or "Step 3:"; None for bullets and letters (sub-steps)."""
    match = re.search(r"\d{1,2}", marker)
    return int(match.group()) if match else None
