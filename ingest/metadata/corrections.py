"""What people corrected by hand (`evdocs docs set`): kept in `corrections.json` of the home folder, by the hash of the file.

In: field=value pairs. Out: validated values, durably stored. A correction holds for the bytes it was made for, whatever the file is called
and however often it is ingested again. An empty value says "there is none"; taking a correction back is another thing (`clear`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from service.core.errors import InvalidRequest
from service.core.manifest import write_durably

FIELDS = ("title", "manufacturer", "product", "doc_type", "revision", "date", "language", "family")
MAX_CHARS = 200
MAX_PRODUCTS = 20
Corrections = dict[str, dict[str, Any]]
"""SHA-256 of a file -> field -> value (`product`: a list)."""


def corrections_path(home: Path) -> Path:
    """Where corrections are kept."""
    return home / "corrections.json"


def read_corrections(home: Path) -> Corrections:
    """All corrections; none where there is no such file. Raises InvalidRequest where it is damaged: what people wrote is not
    thrown away in silence."""
    path = corrections_path(home)
    try:
        stored = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read ({error}). Repair it or move it away.") from error
    if not isinstance(stored, dict) or not all(isinstance(values, dict) and set(values) <= set(FIELDS) for values in stored.values()):
        raise InvalidRequest(f"{path} is not of the form this version writes. Repair it or move it away.")
    return stored


def correct(home: Path, sha256: str, changes: Mapping[str, Any], clear: Iterable[str]) -> None:
    """Store `changes` (from `parse_assignments`) for one file and take back those of the fields `clear`. Raises InvalidRequest."""
    stored = read_corrections(home)
    values = {name: value for name, value in stored.get(sha256, {}).items() if name not in _known(clear)} | dict(changes)
    stored = {key: kept for key, kept in {**stored, sha256: values}.items() if kept}
    home.mkdir(parents=True, exist_ok=True)
    write_durably(corrections_path(home), json.dumps(stored, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """["product=A,B", "revision=C"] -> {"product": ["A", "B"], "revision": "C"}. Raises InvalidRequest naming what is wrong."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign:
            raise InvalidRequest(f"{assignment!r} is not of the form field=value.")
        _known([name])
        text = " ".join(value.split())
        if len(text) > MAX_CHARS or not text.isprintable():
            raise InvalidRequest(f"{name}: at most {MAX_CHARS} printable characters.")
        if name == "product":
            values[name] = sorted({*values.get(name, []), *(item.strip() for item in text.split(",") if item.strip())})
            if len(values[name]) > MAX_PRODUCTS:
                raise InvalidRequest(f"product: at most {MAX_PRODUCTS}.")
        else:
            values[name] = _checked(name, text)
    return values


def _known(names: Iterable[str]) -> set[str]:
    names = set(names)
    if unknown := sorted(names - set(FIELDS)):
        raise InvalidRequest(f"There is no field {', '.join(unknown)}; fields are {', '.join(FIELDS)}.")
    return names


def _checked(name: str, text: str) -> str:
    if name == "title" and not text:
        raise InvalidRequest("title: must not be empty; --clear title takes a correction back.")
    if name == "date" and text and not _is_date(text):
        raise InvalidRequest("date: must be of the form 2021, 2021-03 or 2021-03-05.")
    if name == "language" and text and not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?", text):
        raise InvalidRequest("language: must be a language code like en, de or zh.")
    return re.sub(r"[\s-]+", "_", text.lower()) if name == "doc_type" else text


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", text):
        return False
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :])
    except ValueError:
        return False
    return True
