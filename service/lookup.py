"""One code in, every place it stands out: exactly this code, definitions first; similar ones are named, never passed off as it.

Needs no model and no store: only the codes of the published build and its catalogue.
"""

from __future__ import annotations

from typing import Any

from service.core.catalogue import read_catalogue
from service.core.code_table import Occurrence, read_codes
from service.core.codes import find_codes
from service.core.errors import IndexUnavailable, InvalidRequest
from service.core.manifest import builds_dir, current_build_id
from service.core.settings import Settings
from service.core.types import Document

MAX_CHARS = 200


def lookup(settings: Settings, text: str) -> dict[str, Any]:
    """{"codes": keys asked for, "found": [occurrence...], "similar": keys one slip away from those not found}. A text that is no code
    by its form ("PreCharge") is looked up as it is. Raises InvalidRequest, IndexUnavailable."""
    text = text.strip()
    if not text or len(text) > MAX_CHARS:
        raise InvalidRequest(f"A code has 1 to {MAX_CHARS} characters.")
    build_id = current_build_id(settings.home)
    if build_id is None:
        raise IndexUnavailable(f"Nothing is indexed in {settings.home}. Run `evdocs ingest PATH`.")
    build = builds_dir(settings.home) / build_id
    table = read_codes(build)
    documents = {entry.document.document_id: entry.document for entry in read_catalogue(build)}
    keys = list(dict.fromkeys(code.key for code in find_codes(text))) or [text.casefold()]
    found = [_view(occurrence, documents[occurrence.document_id]) for key in keys for occurrence in table.find(key)]
    similar = sorted({other for key in keys if not table.find(key) for other in table.similar(key)})
    return {"codes": keys, "found": found, "similar": similar}


def _view(occurrence: Occurrence, document: Document) -> dict[str, Any]:
    return {
        "code": occurrence.printed,
        "kind": occurrence.kind,
        "defines": occurrence.defines,
        "document_id": document.document_id,
        "file": document.file,
        "page": occurrence.page,
        "page_label": document.page_label(occurrence.page),
        "chunk_id": occurrence.chunk_id,
        "text": occurrence.text,
    }
