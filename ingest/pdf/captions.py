"""Captions: does a text begin like one ("Table 4-2. Torques", "Figure 12: ...", "Abb. 3", "图 2")? A sentence that begins "Figure 13
shows ..." is none.
"""

from __future__ import annotations

import re

_NUMBER = r"(?:[A-H]?\d{1,3}(?:[-.–]\d{1,3}){0,2}[a-z]?|[A-H]|[IVX]{1,5})"
_END = r"(?:\s*[.:–—-](?=\s|$)|\s*$|\s+(?=[^a-z\s]))"
TABLE = re.compile(rf"^(?:(?i:table|tab\.|tabelle)\s*{_NUMBER}{_END}|表\s*\d)")
FIGURE = re.compile(rf"^(?:(?i:figure|fig\.?|abbildung|abb\.|bild)\s*{_NUMBER}{_END}|图\s*\d)")
MAX_CHARS = 300


def is_caption(text: str) -> bool:
    """Of a table or a figure."""
    return len(text) <= MAX_CHARS and bool(TABLE.match(text) or FIGURE.match(text))
