"""What a page is made of while it is laid out: lines of text, and regions that are not looked into.

Must not know how either was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingest.pdf.lines import TextLine
from service.core.types import Box


@dataclass(eq=False)
class Whole:
    """A region that keeps its place in the order and is not looked into: `owner` is a table, a notice box or a drawing."""

    box: Box
    owner: Any


Item = TextLine | Whole
