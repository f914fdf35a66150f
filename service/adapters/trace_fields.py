"""What a stage reports in, what may leave the process out: plain JSON values, bounded, and without content where that is switched off.

Shared by the tracers, so that "content off" means the same for each: timings, counts, model names and words from fixed lists.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any

MAX_TEXT = 8000  # characters of one string
MAX_ITEMS = 200  # of one list or mapping
MAX_DEPTH = 6
_WITHOUT_CONTENT = ("usage", "cost", "model", "prompt", "level")
_WORDS = ("status", "reason", "mode", "degraded", "generator", "faults", "kind", "language")  # metadata whose values come from fixed lists


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """`value` as JSON values: unknown objects by their name, long texts and lists cut, what is no number as null."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value[:MAX_TEXT].encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return type(value).__name__
    if isinstance(value, Mapping):
        return {str(key)[:200]: plain(item, depth - 1) for key, item in list(value.items())[:MAX_ITEMS]}
    if isinstance(value, Sequence | Set) and not isinstance(value, bytes | bytearray):
        return [plain(item, depth - 1) for item in list(value)[:MAX_ITEMS]]
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "size", 0) == 1:
        return plain(item(), depth - 1)  # a numpy scalar
    return type(value).__name__


def reportable(fields: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    """The fields of a span that may be reported."""
    if content:
        return {name: plain(value) for name, value in fields.items()}
    kept = {name: plain(fields[name]) for name in _WITHOUT_CONTENT if name in fields}
    metadata = fields.get("metadata")
    if isinstance(metadata, Mapping):
        figures = {name: plain(value) for name, value in metadata.items() if isinstance(value, bool | int | float) or name in _WORDS}
        kept |= {"metadata": figures} if figures else {}
    return kept


def error_text(error: BaseException, *, content: bool) -> str:
    """What an exception says; only its class where content is off (messages quote what they are about)."""
    name = type(error).__name__
    return f"{name}: {error}"[:500] if content and str(error) else name
