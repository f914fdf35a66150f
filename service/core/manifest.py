"""The manifest: what a build was made of and with what. It is written last, so a build without one does not exist.

    home/builds/<build_id>/manifest.json    one immutable build (its stores stand beside it)
    home/current                            the id of the published build; replaced by one atomic rename

`current` is the single pointer to all stores: dense, lexical and late can never disagree, and a crash anywhere leaves the old
index serving.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from service.core.errors import IndexIncompatible, IndexUnavailable

MANIFEST_FORMAT = 2
CHUNKER_VERSION = "4"  # how `ingest.chunk` cuts and names chunks: readers rely on it, so it is part of the contract
REINGEST = "Run `evdocs ingest` on your documents again with the current settings to rebuild it."


@dataclass(frozen=True, slots=True)
class Manifest:
    """`store` is "edge" or "qdrant"; `collection` names the server's collection (embedded: ""). `late_dimensions` is the length of a
    token's vector, 0 where the embedder has none: then there is no late index. `chunk_ids_sha256` is the hash of the sorted chunk ids,
    joined by line breaks, that every store holds."""

    build_id: str
    created_at: str
    embedder: str
    dimensions: int
    analyzer: str
    chunker: str
    parser: str
    store: str
    collection: str
    n_documents: int
    n_chunks: int
    chunk_ids_sha256: str
    late_dimensions: int = 0
    format: int = MANIFEST_FORMAT


def builds_dir(home: Path) -> Path:
    """Where builds live."""
    return home / "builds"


def current_build_id(home: Path) -> str | None:
    """Id of the published build, or None where nothing was ever published."""
    try:
        return (home / "current").read_text("ascii").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_manifest(build: Path) -> Manifest:
    """The manifest of a build folder. Raises IndexUnavailable where it is missing or damaged."""
    path = build / "manifest.json"
    try:
        fields = json.loads(path.read_text("utf-8"))
        if fields.get("format") != MANIFEST_FORMAT:
            raise IndexIncompatible(
                f"The index {build.name} has format {fields.get('format')}, this version reads {MANIFEST_FORMAT}. {REINGEST}"
            )
        return Manifest(**fields)
    except FileNotFoundError as error:
        raise IndexUnavailable(f"There is no complete index in {build}. {REINGEST}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise IndexUnavailable(f"{path} is damaged ({error}). {REINGEST}") from error


def check_compatible(manifest: Manifest, *, embedder: str, analyzer: str, chunker: str) -> None:
    """Refuse an index written with another embedder, analyzer or chunker than the reader has: its ids, vectors or terms would
    not mean the same. Raises IndexIncompatible naming what differs and what to run."""
    wanted = {"embedder": embedder, "analyzer": analyzer, "chunker": chunker}
    differing = [f"{name} {getattr(manifest, name)!r}, now {value!r}" for name, value in wanted.items() if getattr(manifest, name) != value]
    if differing:
        raise IndexIncompatible(f"The index was built with {'; '.join(differing)}. {REINGEST}")


def write_durably(path: Path, text: str) -> None:
    """Replace a file's content in one atomic rename; it survives a power cut once this returns."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(draft, path)
    sync_dir(path.parent)


def sync_dir(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_manifest(build: Path, manifest: Manifest) -> None:
    """Complete a build: from here on it can be published."""
    write_durably(build / "manifest.json", json.dumps(asdict(manifest), indent=1, sort_keys=True))


def publish(home: Path, build_id: str) -> None:
    """Point readers at a complete build."""
    read_manifest(builds_dir(home) / build_id)
    write_durably(home / "current", build_id + "\n")


def unpublish(home: Path) -> None:
    """Leave readers without an index: the last document was removed."""
    (home / "current").unlink(missing_ok=True)
    sync_dir(home)
