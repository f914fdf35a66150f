"""A private copy of a finished folder, for a library that insists on writing and locking what it reads.

In: an immutable folder. Out: a copy in the system's temporary folder that lives as long as its owner. Copies are sparse
(Edge reserves far more than it fills) and are swept by the next reader when their owner was killed. It must not know what
is in the folder.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_READY = "evdocs-read-"
_DRAFT = "evdocs-copy-"
_ABANDONED_S = 3600.0  # a draft this old has no living owner: copying takes seconds


class Snapshot:
    """A locked copy of `source` at `path`; `close` removes it. The lock is the kernel's, so it ends with the process."""

    def __init__(self, source: Path, *, skip: Callable[[Path], bool] = lambda _: False) -> None:
        """Copy every file of `source` for which `skip` (given the path relative to it) is false. Raises OSError."""
        root = Path(tempfile.gettempdir())
        sweep(root)
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=root))
        self._lock = os.open(draft / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            copy_folder(source, draft / "copy", skip)
            # Only now does it get a name that sweepers look at: whatever they find there is locked, or its owner is dead.
            self._folder = draft.with_name(_READY + draft.name.removeprefix(_DRAFT))
            draft.rename(self._folder)
        except OSError:
            os.close(self._lock)
            shutil.rmtree(draft, ignore_errors=True)
            raise
        self._open = True

    @property
    def path(self) -> Path:
        """Where the copy stands."""
        return self._folder / "copy"

    def close(self) -> None:
        """Remove the copy and give up the lock; calling it twice is harmless."""
        if self._open:
            self._open = False
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)


def sweep(root: Path) -> list[Path]:
    """Remove copies in `root` that belong to this user and whose owner is gone. Returns what was removed."""
    removed = []
    for folder in [*root.glob(_READY + "*"), *root.glob(_DRAFT + "*")]:
        if _abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
    return removed


def _abandoned(folder: Path) -> bool:
    try:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return False
        if folder.name.startswith(_DRAFT):
            return time.time() - status.st_mtime > _ABANDONED_S
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:  # removed meanwhile by its owner or by another sweeper
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(handle)


def copy_folder(source: Path, target: Path, skip: Callable[[Path], bool] = lambda _: False) -> None:
    """Copy a folder's files, holes kept as holes."""
    for folder, _, names in os.walk(source, onerror=_raise):
        here = Path(folder)
        inside = target / here.relative_to(source)
        inside.mkdir(parents=True, exist_ok=True)
        for name in names:
            if not skip((here / name).relative_to(source)):
                _copy_sparse(here / name, inside / name)


def _raise(error: OSError) -> None:
    raise error


def _copy_sparse(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        os.ftruncate(writer.fileno(), size)
        end = 0
        while end < size:
            try:
                start = os.lseek(reader.fileno(), end, os.SEEK_DATA)
            except OSError:  # ENXIO: only a hole is left
                break
            end = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            os.lseek(writer.fileno(), start, os.SEEK_SET)
            while start < end:
                start += os.sendfile(writer.fileno(), reader.fileno(), start, end - start)
