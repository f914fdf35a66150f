"""The index being served: `home/current` in, a leased Rag out; a new build takes over without a request being dropped.

A thread looks at `home/current` twice a second. A new build is opened beside the old one and swapped in; the old one is closed
when the last request that leased it has ended. A build that cannot be opened changes nothing but `warning`. It knows nothing
about HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from service.core.errors import EvdocsError, IndexUnavailable, ModelUnavailable
from service.core.manifest import current_build_id
from service.core.ports import Rag
from service.core.settings import Settings
from service.pipeline import Pipeline

POLL_S = 0.5
RETRY_S = 5.0
NO_INDEX = "There is no index yet. Run `evdocs ingest PATH...` with your documents; the service picks it up by itself."

Stamp = tuple[str, int, int] | None
log = logging.getLogger("evdocs.index")


@dataclass(slots=True)
class _Opened:
    """A Rag, how many requests use it, and whether it is to be closed when none does."""

    rag: Rag
    leases: int = 0
    retired: bool = False


class LiveIndex:
    """Keeps the newest usable build open. `start` begins loading in its own thread; `stop` closes everything.

    `try_out` is called with each new Rag before it takes over; what it raises keeps the Rag from being served.
    """

    def __init__(self, settings: Settings, pipeline: Pipeline, try_out: Callable[[Rag], None]) -> None:
        self._settings = settings
        self._pipeline = pipeline
        self._try_out = try_out
        self._lock = threading.Lock()
        self._current: _Opened | None = None
        self._models: Rag | None = None  # the last Rag: its models serve the next index even when there was none in between
        self._reason = "The models are being loaded."
        self._warning = ""
        self._seen: Stamp = None
        self._retry_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="evdocs-index", daemon=True)

    def start(self) -> None:
        """Begin loading and watching."""
        self._thread.start()

    def stop(self) -> Rag | None:
        """Stop watching, retire the index, and return the last Rag (its tracer is the caller's to close)."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        with self._lock:
            current, self._current = self._current, None
            self._reason = "The service is shutting down."
        if current is not None:
            self._retire(current)
        return self._models

    @property
    def ready(self) -> bool:
        """Whether questions can be answered."""
        return self._current is not None

    @property
    def warning(self) -> str:
        """Why a newer build is not being served; empty when all is well."""
        return self._warning

    def check(self) -> None:
        """Raise IndexUnavailable with the reason when there is nothing to answer from."""
        if self._current is None:
            raise IndexUnavailable(self._reason)

    @contextmanager
    def lease(self) -> Iterator[Rag]:
        """The newest Rag, kept open until the block ends. Raises IndexUnavailable with what to do about it."""
        with self._lock:
            if self._current is None:
                raise IndexUnavailable(self._reason)
            opened = self._current
            opened.leases += 1
        try:
            yield opened.rag
        finally:
            with self._lock:
                opened.leases -= 1
                close = opened.retired and opened.leases == 0
            if close:
                _close(opened)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            stamp = self._stamp()
            if stamp != self._seen or (self._retry_at and time.monotonic() >= self._retry_at):
                self._seen, self._retry_at = stamp, 0.0
                self._load(stamp)
            elif stamp is None and self._current is None:
                self._reason = NO_INDEX
            self._stopping.wait(POLL_S)

    def _stamp(self) -> Stamp:
        """What `current` says and which file says it: publishing replaces the file, so a repaired build is seen as well."""
        home = self._settings.home
        try:
            build_id = current_build_id(home)
            status = (home / "current").stat()
        except (OSError, UnicodeDecodeError):
            return None
        return (build_id, status.st_mtime_ns, status.st_ino) if build_id else None

    def _load(self, stamp: Stamp) -> None:
        current, models = self._current, self._models
        if stamp is None:
            self._drop()
            return
        if current is not None and current.rag.index.manifest.build_id == stamp[0]:
            self._warning = ""
            return
        try:
            if models is None:
                self._models = rag = self._pipeline.wire(self._settings)
            else:
                rag = replace(models, index=self._pipeline.open_index(self._settings, models.embedder))
            self._swap(rag)
        except (EvdocsError, OSError) as error:
            if not isinstance(error, EvdocsError) or error.retryable or isinstance(error, ModelUnavailable):
                self._retry_at = time.monotonic() + RETRY_S
            self._fail(str(error))
        except Exception:
            # Whatever an unforeseen build does to its reader, the watching goes on: the next build may be sound.
            self._fail("The index could not be opened for an unexpected reason; see the service's log.")
            log.exception("build %s", stamp[0])

    def _fail(self, reason: str) -> None:
        if self._current is None:
            self._reason = reason
            log.warning("not ready: %s", reason)
        else:
            self._warning = reason
            log.warning("still serving build %s: %s", self._current.rag.index.manifest.build_id, reason)

    def _drop(self) -> None:
        """Nothing is published (any more): the last document was removed, so it must not be cited either."""
        with self._lock:
            before, self._current = self._current, None
            self._reason, self._warning = NO_INDEX, ""
        if before is not None:
            log.info("the index was unpublished")
            self._retire(before)

    def _swap(self, rag: Rag) -> None:
        try:
            self._try_out(rag)
        except BaseException:
            rag.index.close()
            raise
        with self._lock:
            before, self._current = self._current, _Opened(rag)
            self._models, self._warning = rag, ""
        log.info(
            "serving build %s: %d documents, %d chunks",
            rag.index.manifest.build_id,
            rag.index.manifest.n_documents,
            rag.index.manifest.n_chunks,
        )
        if before is not None:
            self._retire(before)

    def _retire(self, opened: _Opened) -> None:
        with self._lock:
            opened.retired = True
            close = opened.leases == 0
        if close:
            _close(opened)


def _close(opened: _Opened) -> None:
    log.info("closing build %s", opened.rag.index.manifest.build_id)
    opened.rag.index.close()
