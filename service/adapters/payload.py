"""Chunks and documents as the payload of a stored point, and back; and the filter rules every store shares.

In: records and filters. Out: plain JSON values, and a canonical form of the filters. It must not know any store.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.core.codec import chunk_from_plain, to_plain
from service.core.errors import InvalidRequest
from service.core.types import FILTER_FIELDS, Chunk, Document, Filters, Hit

_PACKED = ("parts", "guards", "group_ids")
SCORE_DECIMALS = 6
"""Scores are compared at this many decimals: further down, a sum of a few hundred float32 products is rounding noise, which
differs between engines, and would decide ties by chance."""


def filter_values(document: Document) -> dict[str, list[str]]:
    """Filter field -> the document's values of it (a list everywhere: `product` has several)."""
    fields = {name: getattr(document, name) for name in FILTER_FIELDS}
    return {name: list(value) if isinstance(value, tuple) else [value] for name, value in fields.items()}


def to_payload(chunk: Chunk, document: Document) -> dict[str, Any]:
    """The whole chunk, so that a store alone can give it back, and the filter fields of its document."""
    fields = filter_values(document)
    fields.pop("document_id")  # the chunk carries its own, a plain string, which filters as well
    plain = to_plain(chunk)
    # Nobody filters by the parts, and as one string their hundreds of numbers cost a store a third of the time.
    packed = {name: json.dumps(plain[name], separators=(",", ":")) for name in _PACKED}
    return plain | fields | packed


def from_payload(payload: Mapping[str, Any]) -> Chunk:
    """Inverse of `to_payload` for the chunk."""
    return chunk_from_plain({**payload, **{name: json.loads(payload[name]) for name in _PACKED}})


def check_filters(filters: Filters) -> bool:
    """Whether any chunk could match: a field with no accepted value matches none. Raises InvalidRequest on an unknown field."""
    unknown = sorted(set(filters) - set(FILTER_FIELDS))
    if unknown:
        raise InvalidRequest(f"Unknown filter {', '.join(unknown)}. Filters are {', '.join(FILTER_FIELDS)}.")
    return all(filters.values())


def known_ids(chunk_ids: Iterable[str]) -> list[str]:
    """Those that have the canonical form of a UUID; nothing else can be stored, and stores reject it as an error."""
    return [chunk_id for chunk_id in chunk_ids if _is_uuid(chunk_id)]


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def ranked(hits: Iterable[Hit], k: int) -> list[Hit]:
    """The k best, best first, ties by chunk id."""
    return sorted(hits, key=lambda hit: (-round(hit.score, SCORE_DECIMALS), hit.chunk_id))[:k]


def ties_reach_beyond(hits: Sequence[Hit], k: int, limit: int) -> bool:
    """Whether a store that returned its `limit` best may hold more chunks that tie with the k-th: then ask for more."""
    if len(hits) < limit or k < 1:
        return False
    scores = sorted((round(hit.score, SCORE_DECIMALS) for hit in hits), reverse=True)
    return scores[-1] >= scores[k - 1]
