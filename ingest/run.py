"""One ingest run: paths in, a published build and a report out.

    paths -> sources -> hash -> (what changed?) -> parse in children -> chunk -> embed -> build -> publish -> prune

A run speaks for the paths it is given: their new files come in, changed ones are replaced, vanished ones go; every other
document stays as it is. One run at a time holds the home folder. Killing it anywhere leaves the published index serving, and
the next run takes up what was parsed and embedded already.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ingest.cache import ParseCache
from ingest.chunk import Chunker
from ingest.corpus import Corpus, read_corpus
from ingest.documents import describe
from ingest.index import complete_build, prune, write_build
from ingest.metadata.corrections import correct, parse_assignments, read_corrections
from ingest.metadata.family import Described, heading_keys, with_families
from ingest.parsed import PARSER_VERSION, Parsed
from ingest.plan import File, Plan, apply_corrections, build_id, carried, leave_out_failed, make_plan
from ingest.progress import Progress
from ingest.report import FileReport, Report
from ingest.tesseract import find_ocr
from ingest.worker import parse_in_child, parsed_from_plain, parsed_to_plain
from service import wire
from service.core.catalogue import Entry, find_entry, read_catalogue
from service.core.errors import EncryptedDocument, IndexUnavailable, IngestBusy, LimitExceeded, UnreadableDocument
from service.core.ids import document_id, sha256_text
from service.core.manifest import Manifest, builds_dir, current_build_id, publish, sync_dir, unpublish
from service.core.settings import Settings
from service.core.types import Chunk, Document

LOCK_WAIT_S = 60.0


def ingest(paths: Sequence[Path], settings: Settings, progress: Progress) -> Report:
    """Bring the index in line with `paths`. Raises InvalidRequest for paths that cannot be read as a corpus, IngestBusy, and
    errors of the stores and models; what is wrong with single files stands in the report."""
    corpus = read_corpus(paths)
    with _lock(settings.home):
        return _update(corpus, settings, progress)


def remove(document: str, settings: Settings, progress: Progress) -> Report:
    """Take one document (id, unique id prefix or file name) out of the index. Raises UnknownDocument."""
    with _lock(settings.home):
        return _update(Corpus((), ()), settings, progress, drop=find_entry(published(settings.home), document).document.document_id)


def set_fields(document: str, assignments: Sequence[str], clear: Sequence[str], settings: Settings, progress: Progress) -> Report:
    """Correct what is known of one document (id, unique id prefix or file name) by hand, and publish it; `clear` names fields whose
    correction is taken back. Raises InvalidRequest, UnknownDocument."""
    changes = parse_assignments(assignments)
    with _lock(settings.home):
        entry = find_entry(published(settings.home), document)
        correct(settings.home, entry.document.sha256, changes, clear)
        return _update(Corpus((), ()), settings, progress)


def published(home: Path) -> list[Entry]:
    """The entries of the published build; none where nothing (readable) is published."""
    current = current_build_id(home)
    try:
        return read_catalogue(builds_dir(home) / current) if current else []
    except IndexUnavailable:
        return []


def _update(corpus: Corpus, settings: Settings, progress: Progress, drop: str = "") -> Report:
    started = time.monotonic()
    home = settings.home
    cache = ParseCache(home / "cache", PARSER_VERSION)
    previous = published(home)
    plan = make_plan(corpus, previous, settings, cache, drop)
    corrections = read_corrections(home)
    apply_corrections(plan.files, corrections)
    timings: dict[str, float] = {}
    manifest = complete_build(settings, build_id(plan.files, settings)) if plan.files else None
    if plan.files and manifest is None:
        clock = time.monotonic()
        _parse(plan.files, cache, settings, progress)
        leave_out_failed(plan, previous, home)
        apply_corrections(plan.files, corrections)
        _parse(plan.files, cache, settings, progress)  # the earlier versions that step in
        timings["parse"] = time.monotonic() - clock
        manifest = complete_build(settings, build_id(plan.files, settings)) if plan.files else None
        if plan.files and manifest is None:
            manifest = _build(plan, settings, progress, timings)
    changed = (manifest.build_id if manifest else None) != current_build_id(home)
    if manifest and changed:
        _keep_copies(plan.files, home)
        publish(home, manifest.build_id)
        prune(settings)
    elif changed:
        unpublish(home)
    rows = tuple(_rows(plan, previous, published(home)))
    totals = (manifest.build_id, changed, manifest.n_documents, manifest.n_chunks) if manifest else ("", changed, 0, 0)
    return Report(rows, *totals, time.monotonic() - started, timings)


def _parse(files: Sequence[File], cache: ParseCache, settings: Settings, progress: Progress) -> None:
    """Fill in `parsed` or `error` where neither stands, from the cache or by parsing in child processes."""
    todo = [file for file in files if file.parsed is None and not file.error]
    if not todo:
        return
    sizes = [file.path.stat().st_size if file.path.exists() else 0 for file in todo]
    with progress.stage("reading", sum(sizes), "bytes") as advance, ThreadPoolExecutor(settings.parse_workers or settings.n_cores) as pool:
        for file, size, _ in zip(todo, sizes, pool.map(lambda file: _parse_one(file, cache, settings), todo), strict=True):
            advance(size, file.parsed.n_pages if file.parsed else 0)


def read_again(entry: Entry, settings: Settings) -> Parsed:
    """What parsing made of an indexed document: from the cache, else from its kept copy, parsed again in a child process. Raises
    UnreadableDocument."""
    file = carried(entry, settings.home)
    _parse_one(file, ParseCache(settings.home / "cache", PARSER_VERSION), settings)
    if file.parsed is None:
        raise UnreadableDocument(file.error)
    return file.parsed


def _parse_one(file: File, cache: ParseCache, settings: Settings) -> None:
    started = time.monotonic()
    scanned = f"{file.parse_key}-{sha256_text(find_ocr(settings).fingerprint)[:12]}"  # the text of a scan depends on who reads it
    plain = cache.get(file.parse_key) or cache.get(scanned)
    try:
        if plain is None:
            plain = parsed_to_plain(parse_in_child(file.path, document_id(file.sha256), settings))
            cache.put(scanned if plain["ocr_pages"] or plain["empty_pages"] else file.parse_key, plain)
        file.parsed = parsed_from_plain(plain)
    except (EncryptedDocument, LimitExceeded) as error:
        file.error = str(error)
    except UnreadableDocument as error:
        file.error = str(error)
        cache.put_failure(file.parse_key, file.error)  # the same bytes will fail the same way
    file.seconds = time.monotonic() - started


def _build(plan: Plan, settings: Settings, progress: Progress, timings: dict[str, float]) -> Manifest | None:
    """Chunk, embed and write a build; None where no file has any text."""
    clock = time.monotonic()
    embedder = wire.load_embedder(settings)
    n_tokens = min(settings.chunk_tokens, embedder.max_tokens)
    entries: list[Entry] = []
    chunks: list[Chunk] = []
    files = sorted(plan.files, key=lambda file: (file.name, file.sha256))
    for file, (document, heading) in zip(files, _describe(files), strict=True):
        assert file.parsed is not None  # unreadable files were left out before
        own = Chunker(document.document_id, heading, n_tokens, embedder.count_tokens).chunks(file.parsed.blocks)
        entries.append(Entry(replace(document, n_chunks=len(own)), file.given))
        chunks += own
    timings["chunk"] = time.monotonic() - clock
    if not chunks:
        return None
    clock = time.monotonic()
    with progress.stage("embedding", len(chunks), "chunks") as advance:
        manifest = write_build(settings, build_id(plan.files, settings), entries, chunks, embedder, advance)
    timings["index"] = time.monotonic() - clock
    return manifest


def _describe(files: Sequence[File]) -> list[tuple[Document, str]]:
    """Each file's record and the line that opens its chunks' context, the records related to one another."""
    described: list[Described] = []
    contexts: list[str] = []
    for file in files:
        assert file.parsed is not None
        aliases = tuple(sorted(file.aliases))
        document, context = describe(file.name, file.source, file.sha256, file.given, file.parsed, aliases, file.corrected)
        described.append(Described(document, file.given, heading_keys(file.parsed.blocks)))
        contexts.append(context)
    return list(zip(with_families(described), contexts, strict=True))


def _keep_copies(files: Sequence[File], home: Path) -> None:
    """Copy sources to home/files, durably, before anything that cites them is published."""
    folder = home / "files"
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        copy = folder / f"{file.sha256}.{file.kind}"
        if not copy.exists():
            draft = folder / f".{file.sha256}.{os.getpid()}"
            shutil.copyfile(file.path, draft)
            with draft.open("rb") as stream:
                os.fsync(stream.fileno())
            os.replace(draft, copy)
    sync_dir(folder)


def _rows(plan: Plan, previous: Sequence[Entry], now: Sequence[Entry]) -> Iterator[FileReport]:
    """A row a file this run speaks for."""
    documents = {entry.document.sha256: entry.document for entry in now}
    known = {entry.document.sha256 for entry in previous}
    for file in sorted(plan.files, key=lambda file: file.name):
        document = documents.get(file.sha256)
        if file.ours and document:
            yield FileReport(
                file.name, "unchanged" if file.sha256 in known else "indexed", document.document_id, document.n_pages, document.n_chunks,
                document.empty_pages, document.ocr_pages, document.warnings, "", file.seconds,
            )  # fmt: skip
    for file in plan.duplicates:
        yield FileReport(file.name, "duplicate", document_id(file.sha256))
    for entry in plan.removed:
        if entry.document.sha256 not in documents:
            yield FileReport(entry.document.file, "removed", entry.document.document_id)
    for file in plan.failed:
        yield FileReport(file.name, "failed", error=file.error, seconds=file.seconds)


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    """Hold the home folder; the lock dies with the process. Raises IngestBusy after LOCK_WAIT_S."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "ingest.lock").open("w") as handle:
        give_up = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise IngestBusy(f"Another ingest run holds {home}.") from None
                time.sleep(0.1)
        yield
