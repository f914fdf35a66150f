"""What a run has to do, found out by hashing alone: which files are to be in the index, which are copies, refused or gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.cache import ParseCache
from ingest.corpus import Corpus, Source
from ingest.metadata import METADATA_VERSION
from ingest.metadata.corrections import Corrections
from ingest.parsed import PARSER_VERSION, Parsed
from ingest.tesseract import find_ocr
from service import wire
from service.core.catalogue import Entry, source_file
from service.core.formats import kind_of
from service.core.ids import sha256_file, sha256_text
from service.core.manifest import CHUNKER_VERSION, MANIFEST_FORMAT
from service.core.settings import Settings
from service.core.text import ANALYZER_VERSION


@dataclass(slots=True)
class File:
    """A file on its way into the index. `path` is where its bytes are read, `source` where its owner keeps it; `ours` says that
    this run speaks for it. `given` is what its owner states of it, `corrected` what was corrected by hand. `parsed` or `error` is filled
    in when it was read."""

    name: str
    path: Path
    source: str
    given: dict[str, Any]
    sha256: str = ""
    ours: bool = True
    aliases: list[str] = field(default_factory=list)
    parsed: Parsed | None = None
    error: str = ""
    seconds: float = 0.0
    corrected: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The format, as `Document.suffix` names it."""
        return kind_of(self.path.name) or self.path.suffix.lower().lstrip(".")

    @property
    def parse_key(self) -> str:
        """Names what parsing gives: the same bytes are another document as another kind of file."""
        return self.sha256 if self.kind == "pdf" else f"{self.sha256}.{self.kind}"


@dataclass(slots=True)
class Plan:
    """`files` are to be in the index, carried ones included; `removed` are entries that go."""

    files: list[File]
    duplicates: list[File]
    failed: list[File]
    removed: list[Entry]


def make_plan(corpus: Corpus, previous: Sequence[Entry], settings: Settings, failures: ParseCache, drop: str = "") -> Plan:
    """The plan for `corpus` over the published entries; `drop` is the id of one to take out."""
    plan = Plan([], [], [], [])
    by_hash: dict[str, File] = {}
    names: set[str] = set()
    present: set[str] = set()
    for entry in previous:
        where = Path(entry.document.source)
        if entry.document.document_id != drop and not corpus.speaks_for(where) and where.is_file():
            by_hash[entry.document.sha256] = carried(entry, settings.home)  # a copy that comes in now does not rename it
    for path in corpus.missing:
        plan.failed.append(File(path.name, path, str(path), {}, error=f"{path.name} is listed in corpus.toml but does not exist."))
    for source in corpus.sources:
        file = File(_name(source, corpus, names), source.path, str(source.path), source.metadata)
        names.add(file.name)
        present.add(file.source)
        file.error = _hash(file, settings) or failures.failure(file.parse_key) or ""
        if file.error:
            plan.failed.append(file)
        elif (first := by_hash.setdefault(file.sha256, file)) is not file:
            if file.name not in (first.name, *first.aliases):
                first.aliases.append(file.name)
            plan.duplicates.append(file)
    for entry in previous:
        where = Path(entry.document.source)
        if entry.document.document_id == drop or (corpus.speaks_for(where) and entry.document.source not in present):
            plan.removed.append(entry)
        elif not corpus.speaks_for(where) and entry.document.sha256 not in by_hash:
            by_hash[entry.document.sha256] = carried(entry, settings.home)
    plan.files = list(by_hash.values())
    plan.files += _fall_back(plan.failed, previous, set(by_hash), settings.home)
    return plan


def carried(entry: Entry, home: Path) -> File:
    """A published document that stays, read again (from the kept copy) only where settings changed."""
    document = entry.document
    return File(document.file, source_file(home, document), document.source, entry.given, document.sha256, False, list(document.aliases))


def _fall_back(failed: Sequence[File], previous: Sequence[Entry], taken: set[str], home: Path) -> list[File]:
    """A changed file that cannot be read leaves its indexed version in place: nothing acknowledged is lost."""
    files = []
    by_source = {entry.document.source: entry for entry in previous}
    for file in failed:
        entry = by_source.get(file.source)
        if entry and entry.document.sha256 not in taken and source_file(home, entry.document).is_file():
            taken.add(entry.document.sha256)
            files.append(carried(entry, home))
            file.error += " The version indexed before stays in the index."
    return files


def leave_out_failed(plan: Plan, previous: Sequence[Entry], home: Path) -> None:
    """Move files that turned out unreadable to `failed`, with their earlier versions in their place."""
    bad = [file for file in plan.files if file.error]
    plan.files = [file for file in plan.files if not file.error]
    plan.failed += bad
    plan.files += _fall_back(bad, previous, {file.sha256 for file in plan.files}, home)


def apply_corrections(files: Sequence[File], corrections: Corrections) -> None:
    """Give each file what was corrected by hand for its bytes."""
    for file in files:
        file.corrected = corrections.get(file.sha256, {})


def build_id(files: Sequence[File], settings: Settings) -> str:
    """Named after everything the build depends on: same bytes and same settings, same build."""
    what = {
        "format": MANIFEST_FORMAT,
        "versions": [PARSER_VERSION, CHUNKER_VERSION, ANALYZER_VERSION, METADATA_VERSION],
        "embedder": wire.embedder_fingerprint(settings),
        "ocr": find_ocr(settings).fingerprint,
        "chunk_tokens": settings.chunk_tokens,
        "store": [settings.qdrant_url, settings.qdrant_prefix],
        "files": sorted(
            [file.sha256, file.name, sorted(file.aliases), sorted(file.given.items()), sorted(file.corrected.items())] for file in files
        ),
    }
    return sha256_text(json.dumps(what, sort_keys=True))[:16]


def _hash(file: File, settings: Settings) -> str | None:
    """Fill in the hash; what is wrong with the file, or None."""
    try:
        size = file.path.stat().st_size
        if size > settings.max_upload_bytes:
            return f"{file.name} has {size} bytes, more than EVDOCS_MAX_UPLOAD_BYTES ({settings.max_upload_bytes})."
        file.sha256 = sha256_file(file.path)
    except OSError as error:
        return f"{file.name} cannot be read: {error.strerror}."
    return None


def _name(source: Source, corpus: Corpus, taken: set[str]) -> str:
    """The file's name; with its folders below the root where the name alone is taken."""
    if source.path.name not in taken:
        return source.path.name
    root = next((root for root in corpus.roots if root in source.path.parents), source.path.parent)
    return source.path.relative_to(root).as_posix()
