"""Paths in, sources out: which files are to be indexed, and what is known of each before it is opened.

A path is a file, a folder (searched recursively for files of the kinds in `service.core.formats`, hidden files and Word's lock files left
out; a `corpus.toml` in it adds what it says of the files) or a `corpus.toml` with
`[[document]]` tables (only the files it names). Nothing is parsed here.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.core.errors import InvalidRequest
from service.core.formats import kind_of, supported

METADATA = ("title", "manufacturer", "product", "doc_type", "revision", "date", "language", "family", "supersedes", "supersedes_scope")
_LISTS = ("product", "supersedes")
MAX_FIELD = 500


@dataclass(frozen=True, slots=True)
class Source:
    """One file to index; `metadata` holds what a corpus.toml says of it (METADATA fields)."""

    path: Path
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Corpus:
    """`sources` are the files found. `roots` are the files and folders this run speaks for: a document indexed from inside one of
    them that is no longer found has been removed. `missing` are files a corpus.toml names that do not exist."""

    sources: tuple[Source, ...]
    roots: tuple[Path, ...]
    missing: tuple[Path, ...] = ()

    def speaks_for(self, path: Path) -> bool:
        """Whether `path` lies at or under one of the roots."""
        return any(path == root or root in path.parents for root in self.roots)


def read_corpus(paths: Iterable[Path]) -> Corpus:
    """The sources of these paths, sorted by path, each once. Raises InvalidRequest for a path that does not exist, is of another
    kind, or for a malformed corpus.toml."""
    sources: dict[Path, Source] = {}
    roots: list[Path] = []
    missing: list[Path] = []
    for given in paths:
        path = Path(os.path.abspath(given))
        if path.is_dir():
            roots.append(path)
            for found in sorted(_walk(path)):
                sources.setdefault(found, Source(found))
            for listed in _read_toml(path / "corpus.toml") if (path / "corpus.toml").is_file() else ():
                if listed.path in sources:
                    sources[listed.path] = listed
                elif not listed.path.is_file():
                    missing.append(listed.path)
        elif path.suffix.lower() == ".toml" and path.is_file():
            roots.append(path.parent)
            for source in _read_toml(path):
                if source.path.is_file():
                    sources[source.path] = source
                else:
                    missing.append(source.path)
        elif path.is_file() and kind_of(path.name):
            roots.append(path)
            sources.setdefault(path, Source(path))
        elif path.exists():
            raise InvalidRequest(f"{given} is neither a folder, a corpus.toml nor a document of a kind that can be read: {supported()}.")
        else:
            raise InvalidRequest(f"{given} does not exist.")
    return Corpus(tuple(sources[path] for path in sorted(sources)), tuple(roots), tuple(missing))


def _walk(folder: Path) -> Iterable[Path]:
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            path = Path(directory, name)
            if not name.startswith((".", "~$")) and kind_of(name) and path.is_file():
                yield path


def _read_toml(path: Path) -> Iterable[Source]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name}: {error}") from error
    tables = content.get("document", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InvalidRequest(f"{path.name}: `document` must be a list of [[document]] tables.")
    for number, table in enumerate(tables, 1):
        file = table.get("file")
        if not isinstance(file, str) or not file:
            raise InvalidRequest(f"{path.name}: document {number} has no `file`.")
        yield Source(Path(os.path.abspath(path.parent / file)), _metadata(table, f"{path.name}: {file}"))


def _metadata(table: dict[str, Any], where: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for name in METADATA:
        value = table.get(name)
        if value is None or value == "" or value == []:
            continue
        if name in _LISTS:
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, list) or not all(isinstance(item, str) and len(item) <= MAX_FIELD for item in values):
                raise InvalidRequest(f"{where}: `{name}` must be a list of texts of at most {MAX_FIELD} characters.")
            metadata[name] = sorted(set(values))
        elif not isinstance(value, str) and name != "date":
            raise InvalidRequest(f"{where}: `{name}` must be a text.")
        elif len(str(value)) > MAX_FIELD:
            raise InvalidRequest(f"{where}: `{name}` is longer than {MAX_FIELD} characters.")
        else:
            metadata[name] = str(value)
    return metadata
