"""Records to plain JSON values and back: for the parse cache, the stores' payloads and the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from service.core.types import Block, Cell, Chunk, Document, Guard, Line, Origin, Part

_RARE = ("statement", "marker", "depth")


def to_plain(record: Block | Chunk | Document) -> dict[str, Any]:
    """The record as dicts, lists, strings and numbers; lines as [start, end, exact, x0, y0, x1, y1] and cells as
    [head, start, end, exact, column, span]. Fields that most blocks and parts leave at their default are left out there."""
    return _pack(asdict(record))


def _pack(fields: dict[str, Any]) -> dict[str, Any]:
    if "lines" in fields:
        fields["lines"] = [
            [line["start"], line["end"], int(line["exact"]), *(round(value, 1) for value in line["box"])] for line in fields["lines"]
        ]
    if "cells" in fields:
        fields["cells"] = [[*(cell[name] for name in ("head", "start", "end")), int(cell["exact"]), cell["column"], cell["span"]]
                           for cell in fields["cells"]]  # fmt: skip
        fields = {name: value for name, value in fields.items() if name not in _RARE or value}
    if "parts" in fields:
        fields["parts"] = [_pack(part) for part in fields["parts"]]
    return fields


def _box(values: Any) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = values
    return (float(x0), float(y0), float(x1), float(y1))


def _texts(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **value,
        "lines": tuple(Line(start, end, _box(box), bool(exact)) for start, end, exact, *box in value["lines"]),
        "cells": tuple(Cell(head, start, end, bool(exact), *place) for head, start, end, exact, *place in value["cells"]),
    }


def block_from_plain(value: Mapping[str, Any]) -> Block:
    """Inverse of `to_plain` for a Block."""
    return Block(**{**_texts(value), "box": _box(value["box"]), "section": tuple(value["section"])})


def chunk_from_plain(value: Mapping[str, Any]) -> Chunk:
    """Inverse of `to_plain` for a Chunk; keys that are no field of it (filter fields of a payload) are left out."""
    fields = {name: value[name] for name in Chunk.__dataclass_fields__ if name in value}
    fields["section"] = tuple(fields["section"])
    fields["parts"] = tuple(Part(**_texts(part)) for part in fields["parts"])
    fields["guards"] = tuple(Guard(**guard) for guard in fields.get("guards", ()))
    for name in ("group_ids", "codes"):
        fields[name] = tuple(fields.get(name, ()))
    return Chunk(**fields)


def document_from_plain(value: Mapping[str, Any]) -> Document:
    """Inverse of `to_plain` for a Document."""
    fields: dict[str, Any] = {name: tuple(item) if isinstance(item, list) else item for name, item in value.items()}
    fields["origins"] = tuple(Origin(**origin) for origin in fields.get("origins", ()))
    return Document(**fields)
