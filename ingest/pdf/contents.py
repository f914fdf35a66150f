"""Contents pages, lists of figures and indexes: recognised, so that they stay out of retrieval.

In: a page's items. Out: whether the page is one. A contents line ends in a page number after dots or a wide gap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.pdf.columns import Whole
from ingest.pdf.layout import Paragraph
from ingest.pdf.tables import Table, row_text

_LEADER = re.compile(r"(?:\.\s?){4,}\s*(?:[A-Z]?\d{0,3}[-–.]?\d{1,4}|[ivxlc]{1,6})\s*$|(?:[.…_]\s?){8,}", re.I)
_NUMBER_END = re.compile(r"\s(?:\d{1,3}|[ivx]{1,5}|\d{1,2}-\d{1,3})$", re.I)
_TITLE = re.compile(r"^(?:table of )?contents$|^inhalt(?:sverzeichnis)?$|^list of (?:figures|tables)$|^index$|^目\s*录$", re.I)


def is_contents_page(items: Sequence[Paragraph | Whole]) -> bool:
    """Most lines are contents lines, or half of them below a title that says so."""
    lines: list[str] = []
    for item in items:
        if isinstance(item, Paragraph):
            lines += [line.text for line in item.lines]
        elif isinstance(item.owner, Table):
            lines += [row_text(row, [])[0] for row in item.owner.rows]
    if len(lines) < 3:
        return False
    n_leaders = sum(bool(_LEADER.search(line)) for line in lines)
    titled = any(_TITLE.match(line.strip()) for line in lines[:6])
    n_numbers = sum(bool(_NUMBER_END.search(line)) for line in lines)
    return (n_leaders >= 5 and n_leaders >= 0.5 * len(lines)) or (titled and max(n_leaders, n_numbers) >= max(3, 0.5 * len(lines)))
