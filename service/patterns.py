"""The pattern files beside the models (`service/models/*.toml`): lists of regular expressions by name, one a line, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "models"


@lru_cache(maxsize=8)
def read_patterns(name: str) -> dict[str, Any]:
    """The tables and lists of `service/models/{name}.toml`."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def any_of(patterns: Iterable[str]) -> str:
    """One pattern that matches what any of these matches; nothing for none."""
    return f"(?:{'|'.join(patterns) or '(?!)'})"
