"""Stated values and clues -> one value a field, with where it was taken from and how sure that is.

In: corrections by hand, what corpus.toml states, what parsing gave. Out: values and `Origin`s. Whoever is asked first and answers wins:
corrections, corpus.toml, then the surest clue of the document's own pages, its metadata, its file name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.metadata.dates import date_clues, file_date
from ingest.metadata.doc_type import doc_type_clues
from ingest.metadata.evidence import PDF_METADATA, TEXT, Clue, best, gather, squeeze
from ingest.metadata.manufacturer import agree, manufacturer_clues
from ingest.metadata.product import product_clues
from ingest.metadata.revision import revision_clues
from ingest.parsed import Parsed
from service.core.types import Origin

BY_HAND = "corrected by hand"
CORPUS = "corpus.toml"
LEAST = 0.4
"""A clue less sure than this is not used."""
FIELDS = ("manufacturer", "product", "doc_type", "revision", "date", "language", "family")


@dataclass(frozen=True, slots=True)
class Resolved:
    """`values` holds a text a field, a tuple of texts for `product`; an unknown field is empty. Origins stand for non-empty values and for
    those emptied by hand."""

    values: Mapping[str, Any]
    origins: tuple[Origin, ...]


def resolve(name: str, parsed: Parsed, given: Mapping[str, Any], corrected: Mapping[str, Any]) -> Resolved:
    """The metadata of one file: `given` by its owner, `corrected` by hand."""
    clues = _clues(name, parsed) | _named(parsed.metadata)
    values: dict[str, Any] = {}
    origins: list[Origin] = []
    for field in FIELDS:
        stated = [(BY_HAND, corrected[field])] if field in corrected else [(CORPUS, given[field])] if given.get(field) else []
        found = [clue for clue in clues.get(field, []) if clue.confidence >= LEAST]
        if stated:
            source, value = stated[0]
            values[field] = tuple(value) if field == "product" else str(value)
            origins.append(Origin(field, source, 1.0 if source == BY_HAND else 0.99))
        elif field == "product":
            values[field] = tuple(clue.value for clue in found)
            origins += [Origin(field, found[0].source, round(min(clue.confidence for clue in found), 2))] if found else []
        else:
            chosen = best(found)
            values[field] = chosen.value if chosen else ""
            origins += [Origin(field, chosen.source, round(chosen.confidence, 2))] if chosen else []
    return Resolved(values, tuple(origins))


def _named(metadata: Mapping[str, str]) -> dict[str, list[Clue]]:
    """What the file states under a field's own name, as Markdown's front matter and HTML's `<meta>` elements do (no PDF does)."""
    said = {field: " ".join(metadata.get(field, "").split()) for field in FIELDS}
    said["revision"] = said["revision"] or metadata.get("version", "")
    said["product"] = said["product"] or metadata.get("model", "")
    said["date"] = file_date(said["date"]) or (said["date"] if re.fullmatch(r"(?:19|20)\d\d(?:-\d\d)?", said["date"]) else "")
    said["language"] = said["language"][:2].lower() if re.match(r"[A-Za-z]{2}(?:[-_]|$)", said["language"]) else ""
    values = {field: value.split(", ") if field == "product" else [value] for field, value in said.items() if value}
    return {field: [Clue(value, PDF_METADATA, 0.95) for value in own if value] for field, own in values.items()}


def _clues(name: str, parsed: Parsed) -> dict[str, list[Clue]]:
    evidence = gather(name, parsed)
    makers = agree(manufacturer_clues(evidence))
    maker = best(makers)
    products = product_clues(evidence)
    if maker:  # the maker's own name is no product
        products = [clue for clue in products if re.search(r"\d", clue.value) or squeeze(clue.value) not in squeeze(maker.value)]
    return {
        "manufacturer": makers,
        "product": products,
        "doc_type": doc_type_clues(evidence),
        "revision": revision_clues(evidence),
        "date": date_clues(evidence),
        "language": [Clue(parsed.language, TEXT, 0.9)] if parsed.language else [],
    }
