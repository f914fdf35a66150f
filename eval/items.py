"""Gold items: JSON lines in, frozen records out, or one clear error naming file and line.

The form is that of the project's evaluation definitions: evidence is (document file, pages, quotes), never a chunk id, so labels
survive a new chunker. This module must not know how questions are answered or scored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.core.types import FILTER_FIELDS

TYPES = ("lookup", "table", "procedure", "code", "safety", "compare", "figure", "unanswerable", "out_of_domain", "injection", "unsafe")
EXPECTATIONS = ("answer", "refuse", "refuse_or_warn", "answer_real_part")
DIFFICULTIES = ("easy", "medium", "hard")
KEYS = frozenset(
    (
        "id",
        "question",
        "type",
        "difficulty",
        "expect",
        "evidence",
        "quotes",
        "facts",
        "answer",
        "also",
        "note",
        "about",
        "notices",
        "reason",
        "filters",
        "draft",
    )
)  # `about`: the document an unanswerable question is about; `notices`: safety notices owed; `reason`: refusal reason owed;
# `filters`: those of the HTTP API the question is asked under, field -> values; `draft`: written by `evdocs eval add`, not reviewed


class GoldError(ValueError):
    """A gold file cannot be used; the text starts with file and line."""


@dataclass(frozen=True, slots=True)
class Place:
    """One evidence part: any of these physical, 1-based pages of the document (a file name) holds it."""

    document: str
    pages: tuple[int, ...]

    def holds(self, file: str, page: int, page_end: int) -> bool:
        """Whether pages [page, page_end] of `file` touch one of these pages."""
        return file == self.document and any(page <= own <= page_end for own in self.pages)


@dataclass(frozen=True, slots=True)
class GoldItem:
    """One question with what is owed. `facts` holds, per fact, its accepted spellings; `also` are places that hold the same
    answer as the evidence and count as alternatives to it."""

    item_id: str
    question: str
    type: str
    difficulty: str
    expect: str
    evidence: tuple[Place, ...] = ()
    also: tuple[Place, ...] = ()
    quotes: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    answer: str = ""
    note: str = ""
    about: str = ""
    notices: tuple[str, ...] = ()
    reason: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    draft: bool = False
    line: int = 0

    @property
    def answerable(self) -> bool:
        """Counts in the retrieval and answer figures. `answer_real_part` items are injections and are reported apart."""
        return self.expect == "answer"

    @property
    def cluster(self) -> str:
        """The document it is about (resampled as a whole in bootstraps), or its own id where there is none."""
        return self.evidence[0].document if self.evidence else self.about or self.item_id

    @property
    def documents(self) -> tuple[str, ...]:
        """The evidence's file names, each once, in order."""
        return tuple(dict.fromkeys(place.document for place in self.evidence))


def load_gold(path: Path) -> list[GoldItem]:
    """Every item of a gold file, in order. Raises GoldError at the first line that is not usable, and on an empty file."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError(f"{path}: cannot be read ({error})") from error
    items: list[GoldItem] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = parse_item(json.loads(line), number)
        except ValueError as error:
            raise GoldError(f"{path}:{number}: {error}") from error
        if item.item_id in seen:
            raise GoldError(f"{path}:{number}: id {item.item_id!r} stands in line {seen[item.item_id]} already")
        seen[item.item_id] = number
        items.append(item)
    if not items:
        raise GoldError(f"{path}: no items")
    return items


def load_golds(paths: Sequence[Path]) -> list[GoldItem]:
    """Several files as one set. Raises GoldError, also where an id stands in two of them."""
    items: list[GoldItem] = []
    for path in paths:
        known = {item.item_id for item in items}
        own = load_gold(path)
        if twice := next((item for item in own if item.item_id in known), None):
            raise GoldError(f"{path}:{twice.line}: id {twice.item_id!r} stands in another of the files already")
        items += own
    return items


def parse_item(fields: Any, line: int = 0) -> GoldItem:
    """One item from its decoded JSON. Raises ValueError saying what is wrong."""
    if not isinstance(fields, dict):
        raise ValueError("an item is a JSON object")
    if unknown := sorted(set(fields) - KEYS):
        raise ValueError(f"unknown keys {', '.join(unknown)}")
    item = GoldItem(
        item_id=_text(fields, "id", needed=True),
        question=_text(fields, "question", needed=True),
        type=_choice(fields, "type", TYPES),
        difficulty=_choice(fields, "difficulty", DIFFICULTIES),
        expect=_choice(fields, "expect", EXPECTATIONS),
        evidence=_places(fields, "evidence"),
        also=_places(fields, "also"),
        quotes=_texts(fields.get("quotes", []), "quotes"),
        facts=tuple(_texts(fact, "facts", at_least=1) for fact in _list(fields.get("facts", []), "facts")),
        answer=_text(fields, "answer"),
        note=_text(fields, "note"),
        about=_text(fields, "about"),
        notices=_texts(fields.get("notices", []), "notices"),
        reason=_text(fields, "reason"),
        filters=_filters(fields.get("filters", {})),
        draft=_flag(fields, "draft"),
        line=line,
    )
    if item.expect in ("answer", "answer_real_part"):
        if not item.evidence:
            raise ValueError(f"{item.item_id} expects an answer and has no evidence")
        if not item.facts:
            raise ValueError(f"{item.item_id} expects an answer and has no facts")
    return item


def _text(fields: Mapping[str, Any], key: str, *, needed: bool = False) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str) or (needed and not value.strip()):
        raise ValueError(f"{key} must be {'a non-empty' if needed else 'a'} string")
    return value


def _flag(fields: Mapping[str, Any], key: str) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise ValueError(f"{key} must be true or false")
    return value


def _choice(fields: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str:
    value = _text(fields, key, needed=True)
    if value not in known:
        raise ValueError(f"unknown {key} {value!r}; known: {', '.join(known)}")
    return value


def _list(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{key} must be a list")
    return value


def _texts(value: Any, key: str, *, at_least: int = 0) -> tuple[str, ...]:
    texts = _list(value, key)
    if len(texts) < at_least or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"{key} must hold non-empty strings")
    return tuple(texts)


def _filters(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict) or not set(value) <= set(FILTER_FIELDS):
        raise ValueError(f"filters must be an object with fields of {', '.join(FILTER_FIELDS)}")
    return {name: _texts([given] if isinstance(given, str) else given, f"filters {name}", at_least=1) for name, given in value.items()}


def _places(fields: Mapping[str, Any], key: str) -> tuple[Place, ...]:
    places = []
    for value in _list(fields.get(key, []), key):
        if not isinstance(value, dict) or set(value) != {"document", "pages"}:
            raise ValueError(f"{key} must hold objects with document and pages")
        pages = _list(value["pages"], f"{key} pages")
        if not pages or not all(type(page) is int and page >= 1 for page in pages):
            raise ValueError(f"{key} pages must be whole numbers from 1")
        places.append(Place(_text(value, "document", needed=True), tuple(pages)))
    return tuple(places)
