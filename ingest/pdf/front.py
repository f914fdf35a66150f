"""The text of a document's first pages and of its last, line by line: what a title page, an imprint or a revision block tells.

In: the pages as read, running heads and feet still in place (revision and date often stand there). Out: lines, top to bottom, with
an empty one between two pages. Must not know what a line means: that is `ingest.metadata`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingest.pdf.lines import make_lines
from ingest.pdf.words import Page

N_PAGES = 4
_MAX_LINES = 80
_MAX_CHARS = 300
_GAP_EM = 3.0


def front_lines(pages: Sequence[Page]) -> tuple[str, ...]:
    """Lines of the first N_PAGES pages and of the last one, each page bounded."""
    picked = [*pages[:N_PAGES], *pages[N_PAGES:][-1:]]
    lines: list[str] = []
    for index, page in enumerate(picked):
        lines += [""] if index else []
        found = make_lines(page.words, _GAP_EM)
        kept = found if len(found) <= _MAX_LINES else [*found[: _MAX_LINES - 20], *found[-20:]]  # a foot is worth more than a middle
        lines += [line.text[:_MAX_CHARS] for line in kept]
    return tuple(lines)
