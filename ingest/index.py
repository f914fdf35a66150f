"""Documents with their chunks in, a complete build out: vectors, token vectors, BM25, catalogue, codes, words, and last the manifest.

A build is written under a private name, checked (its stores hold the same chunk ids), renamed into place and only then
published; a crash before that leaves the published index untouched.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ingest.cache import VectorCache
from ingest.codes import with_codes
from ingest.parsed import PARSER_VERSION
from ingest.words import words_of
from service import wire
from service.core.catalogue import Entry, read_catalogue, source_file, write_catalogue
from service.core.code_table import code_table, write_codes
from service.core.errors import IndexUnavailable, StoreUnavailable
from service.core.ids import sha256_text
from service.core.manifest import CHUNKER_VERSION, Manifest, builds_dir, current_build_id, read_manifest, sync_dir, write_manifest
from service.core.ports import Embedder
from service.core.settings import Settings
from service.core.text import ANALYZER_VERSION
from service.core.types import Chunk, Document
from service.core.words import write_words

BATCH = 64  # chunks embedded and kept at a time: at most this much is computed again after a kill


def write_build(
    settings: Settings, build_id: str, entries: Sequence[Entry], chunks: Sequence[Chunk], embedder: Embedder, advance: Callable[[int], None]
) -> Manifest:
    """Write build `build_id` and return its manifest; the caller publishes it. `advance(n)` is told of every n chunks embedded."""
    draft = builds_dir(settings.home) / f".{build_id}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    documents = {entry.document.document_id: entry.document for entry in entries}
    chunks, occurrences = with_codes(chunks)
    _write_vectors(settings, draft, build_id, chunks, documents, embedder, advance)
    wire.write_lexical(settings, draft, chunks, documents)
    write_catalogue(draft, entries)
    write_codes(draft, code_table(occurrences))
    write_words(draft, words_of(chunks))
    manifest = Manifest(
        build_id=build_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        embedder=embedder.fingerprint,
        dimensions=embedder.dimensions,
        late_dimensions=embedder.late_dimensions,
        analyzer=ANALYZER_VERSION,
        chunker=CHUNKER_VERSION,
        parser=PARSER_VERSION,
        store="qdrant" if settings.qdrant_url else "edge",
        collection=wire.collection_name(settings, build_id) if settings.qdrant_url else "",
        n_documents=len(entries),
        n_chunks=len(chunks),
        chunk_ids_sha256=hash_ids(chunk.chunk_id for chunk in chunks),
    )
    _check_stores(settings, draft, manifest)
    write_manifest(draft, manifest)
    final = builds_dir(settings.home) / build_id
    shutil.rmtree(final, ignore_errors=True)  # an unpublished leftover of the same name
    os.replace(draft, final)
    sync_dir(final.parent)
    return manifest


def _write_vectors(
    settings: Settings,
    draft: Path,
    build_id: str,
    chunks: Sequence[Chunk],
    documents: Mapping[str, Document],
    embedder: Embedder,
    advance: Callable[[int], None],
) -> None:
    """Read every chunk once; its vector goes to the vector store, its token vectors beside."""
    writer = wire.new_vector_writer(settings, draft, build_id, embedder.dimensions, embedder.late_dimensions)
    late = wire.new_late_writer(settings, draft, build_id, embedder.late_dimensions)
    cache = VectorCache(settings.home / "cache", embedder)
    try:
        for at in range(0, len(chunks), BATCH):
            batch = chunks[at : at + BATCH]
            read, _ = cache.read([chunk.indexed_text for chunk in batch])
            writer.write(batch, read.vectors, documents)
            if late is not None:
                late.write(batch, read.tokens)
            advance(len(batch))
        writer.finish()
        if late is not None:
            late.finish()
    finally:
        cache.close()


def hash_ids(chunk_ids: Iterable[str]) -> str:
    """SHA-256 of the sorted ids, joined by line breaks."""
    return sha256_text("\n".join(sorted(chunk_ids)))


def _check_stores(settings: Settings, draft: Path, manifest: Manifest) -> None:
    """Every store must hold exactly the chunks that were made, or the build is not worth publishing."""
    stores = wire.open_stores(settings, draft, manifest)
    try:
        held = {"vector store": stores.vectors.chunk_ids(), "BM25 index": stores.lexical.chunk_ids()}
        if stores.late is not None:
            held["late index"] = stores.late.chunk_ids()
        for name, ids in held.items():
            if hash_ids(ids) != manifest.chunk_ids_sha256:
                raise IndexUnavailable(
                    f"The {name} of build {manifest.build_id} holds {len(ids)} chunks, {manifest.n_chunks} were written to it."
                )
    finally:
        stores.close()


def complete_build(settings: Settings, build_id: str) -> Manifest | None:
    """The manifest of a build that is whole, on disk and (where it is on a server) there, or None."""
    build = builds_dir(settings.home) / build_id
    try:
        manifest = read_manifest(build)
        if manifest.collection:
            wire.open_stores(settings, build, manifest).close()
    except (IndexUnavailable, StoreUnavailable):
        return None
    return manifest


def prune(settings: Settings) -> None:
    """Remove drafts of dead runs, builds beyond `keep_builds`, and copies of files no kept build needs."""
    home = settings.home
    current = current_build_id(home)
    builds: list[tuple[float, Path]] = []
    for path in builds_dir(home).iterdir():
        if path.name.startswith("."):
            shutil.rmtree(path, ignore_errors=True)
        else:
            builds.append((path.stat().st_mtime, path))
    builds.sort(key=lambda item: (item[1].name == current, item[0]), reverse=True)
    for _, path in builds[settings.keep_builds :]:
        shutil.rmtree(path, ignore_errors=True)
    kept = [path for _, path in builds[: settings.keep_builds]]
    needed = {source_file(home, entry.document).name for path in kept for entry in _entries(path)}
    for file in (home / "files").glob("[!.]*"):
        if file.name not in needed:
            file.unlink(missing_ok=True)
    wire.drop_old_collections(settings, {path.name for path in kept})


def _entries(build: Path) -> list[Entry]:
    try:
        return read_catalogue(build)
    except IndexUnavailable:
        return []
