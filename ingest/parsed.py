"""What parsing a file gives, and its form as plain JSON values (for the pipe from the child process and for the cache).

Must not import a PDF parser: the parent process reads this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.core.codec import block_from_plain, to_plain
from service.core.types import Block

PARSER_VERSION = "6"
_TUPLES = ("page_labels", "empty_pages", "warnings", "ocr_pages", "front")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file gave. `page_labels[i]` is the printed number of page i + 1 ("" unknown); `empty_pages` (1-based) show something
    but have no usable text, neither a layer of their own nor by OCR; `ocr_pages` were read by OCR. `front` is the text of the first
    pages, line by line, for what a title page tells. `warnings` are sentences for the report; `timings_s` is seconds by stage."""

    n_pages: int
    blocks: tuple[Block, ...]
    page_labels: tuple[str, ...]
    empty_pages: tuple[int, ...]
    title: str
    metadata: dict[str, str]
    language: str
    warnings: tuple[str, ...]
    timings_s: dict[str, float]
    ocr_pages: tuple[int, ...] = ()
    front: tuple[str, ...] = ()


def parsed_to_plain(parsed: Parsed) -> dict[str, Any]:
    """Dicts, lists, strings and numbers only."""
    fields = {name: getattr(parsed, name) for name in Parsed.__dataclass_fields__}
    fields |= {name: list(fields[name]) for name in _TUPLES}
    fields["blocks"] = [to_plain(block) for block in parsed.blocks]
    return fields


def parsed_from_plain(value: Mapping[str, Any]) -> Parsed:
    """Inverse of `parsed_to_plain`. Raises KeyError or TypeError where the value is not of that form."""
    fields = {name: value[name] for name in Parsed.__dataclass_fields__}
    fields |= {name: tuple(fields[name]) for name in _TUPLES}
    fields["blocks"] = tuple(block_from_plain(block) for block in fields["blocks"])
    return Parsed(**fields)
