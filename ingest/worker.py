"""A file parsed in a child process with memory, CPU and time limits: a hostile file can cost its own child, nothing more.

In: a path and the settings. Out: `Parsed`, or UnreadableDocument / EncryptedDocument / LimitExceeded naming file and cause. The
child (`python -m ingest.worker JOB`, a JSON object) writes the result as JSON into a file of its own folder, and has nothing else to
write to but a pipe that says when OCR begins and ends: what parsers print goes nowhere. It ends with its parent, and takes Tesseract,
a process of its own, along: it watches its standard input, which closes when the parent dies. Must not parse anything in the parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.parsed import Parsed, parsed_from_plain, parsed_to_plain
from ingest.tesseract import Ocr, find_ocr
from service.core.errors import EncryptedDocument, LimitExceeded, UnreadableDocument

if TYPE_CHECKING:
    from service.core.settings import Settings

__all__ = ["parse_in_child", "parsed_from_plain", "parsed_to_plain"]

MAX_RESULT_BYTES = 1 << 30
OCR_CPU_S = 4
"""CPU seconds a page read by OCR adds for drawing it; Tesseract's own are counted in its own process."""
_ERRORS = {kind.__name__: kind for kind in (UnreadableDocument, EncryptedDocument, LimitExceeded)}
_PR_SET_PDEATHSIG = 1
_MIB = 1 << 20
_BEGINS, _ENDS = b"b", b"e"


def parse_in_child(path: Path, document_id: str, settings: Settings) -> Parsed:
    """Parse one file under the limits of `settings`. Any number of threads may call it at once. Raises UnreadableDocument,
    EncryptedDocument or LimitExceeded."""
    ocr = find_ocr(settings)
    with tempfile.TemporaryDirectory(prefix="evdocs-parse-") as folder:
        result, noise = Path(folder, "result.json"), Path(folder, "stderr.txt")
        job = {
            "path": str(path.resolve()),
            "document_id": document_id,
            "result": str(result),
            "max_pages": settings.max_pages,
            "memory_bytes": settings.parse_memory_bytes,
            "cpu_s": settings.parse_cpu_s,
            "ocr": ocr.to_plain(),
        }
        code = _run(job, noise, settings.parse_timeout_s, ocr)
        if code is None:
            raise LimitExceeded(
                f"{path.name}: parsing took longer than {settings.parse_timeout_s:g} s (EVDOCS_PARSE_TIMEOUT_S) and was ended."
            )
        value = _read_result(result)
        if value is None:
            raise _died(path.name, code, noise, settings)
    if "error" in value:
        raise _ERRORS.get(value["error"], UnreadableDocument)(value["message"])
    return parsed_from_plain(value["parsed"])


def _run(job: dict[str, Any], noise: Path, timeout_s: float, ocr: Ocr) -> int | None:
    """The child's exit code, or None where the time ran out. The child and all it started are gone on return."""
    root = str(Path(__file__).resolve().parent.parent)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1", "PYTHONPATH": root,
                   "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(noise.parent)}  # fmt: skip
    listen, tell = os.pipe()
    try:
        with noise.open("wb") as stderr:
            child = subprocess.Popen(
                [sys.executable, "-m", "ingest.worker", json.dumps({**job, "tell": tell})],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr, env=environment, start_new_session=True, pass_fds=(tell,),
            )  # fmt: skip
    except OSError:
        os.close(listen)
        raise
    finally:
        os.close(tell)
    try:
        return _wait(child, listen, timeout_s, ocr)
    finally:
        os.close(listen)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        if child.stdin is not None:
            child.stdin.close()


def _wait(child: subprocess.Popen[bytes], listen: int, timeout_s: float, ocr: Ocr) -> int | None:
    """The child's exit code, None where it took longer than `timeout_s`. The clock stands while a page is read by OCR, which may take
    `ocr.page_timeout_s` (and a little: the child ends it itself), for `ocr.max_pages` pages."""
    left_s, began, n_pages = timeout_s, time.monotonic(), 0
    reading = False
    while True:
        used = time.monotonic() - began
        patience = (ocr.page_timeout_s + 10 if reading else left_s) - used
        if patience <= 0:
            return None
        ready, _, _ = select.select([listen], [], [], patience)
        if not ready:
            continue
        said = os.read(listen, 1)
        if not said:
            break
        now = time.monotonic()
        if said == _BEGINS and not reading and n_pages < ocr.max_pages:
            left_s -= now - began
            reading, began, n_pages = True, now, n_pages + 1
        elif said == _ENDS and reading:
            reading, began = False, now
    with contextlib.suppress(subprocess.TimeoutExpired):
        return child.wait(max(1.0, left_s))
    return None


def _read_result(result: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(result.read_text("utf-8", "surrogatepass"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _died(name: str, code: int, noise: Path, settings: Settings) -> UnreadableDocument:
    """What to tell where the child left no result."""
    if code == -signal.SIGXCPU or code == -signal.SIGKILL:
        return LimitExceeded(f"{name}: parsing took more than {settings.parse_cpu_s} s of CPU time (EVDOCS_PARSE_CPU_S) and was ended.")
    with noise.open("rb") as stream:
        stream.seek(max(0, noise.stat().st_size - 4000))
        tail = stream.read().decode("utf-8", "replace").strip().splitlines()
    last = tail[-1][:200] if tail else ""
    limit = _memory(settings.parse_memory_bytes)
    if "MemoryError" in last or "cannot allocate" in last.casefold():
        return LimitExceeded(f"{name}: parsing needs more memory than {limit}.")
    if code < 0:
        return LimitExceeded(f"{name}: the parser crashed ({signal.Signals(-code).name}), most likely for want of memory within {limit}.")
    return UnreadableDocument(f"{name}: the parser failed ({last or f'exit code {code}'}).")


def _memory(n_bytes: int) -> str:
    return f"{n_bytes // _MIB} MiB (EVDOCS_PARSE_MEMORY_BYTES)"


def _limit(memory_bytes: int, cpu_s: int, ocr: Ocr) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_RESULT_BYTES, MAX_RESULT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 2 + OCR_CPU_S * ocr.max_pages))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _die_with_parent(*, alone: bool) -> None:
    """End when the parent does. The kernel's signal strikes this process only and before it can do anything, so it is asked for only
    where there is no Tesseract to take along (`alone`)."""
    if alone and sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.read(0, 1):  # not `sys.stdin`: a thread that holds its lock makes the interpreter abort when it ends
            pass
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _ticker(tell: int) -> Callable[[bool], None]:
    """What to call when OCR of a page begins and ends: the parent is told, and the CPU limit rises."""

    def tick(begins: bool) -> None:
        os.write(tell, _BEGINS if begins else _ENDS)
        if begins:
            soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (min(soft + OCR_CPU_S, hard), hard))

    return tick


def main(arguments: list[str]) -> int:
    """The child: one argument, the job as JSON (path, document_id, result, max_pages, memory_bytes, cpu_s, ocr, tell)."""
    job = json.loads(arguments[0])
    path, ocr, memory_bytes = Path(job["path"]), Ocr.from_plain(job["ocr"]), job["memory_bytes"]
    _die_with_parent(alone=not ocr.version)
    _limit(memory_bytes, job["cpu_s"], ocr)
    try:
        from ingest.parse import parse  # under the limits: importing the parsers counts too

        value: dict[str, Any] = {"parsed": parsed_to_plain(parse(path, job["document_id"], job["max_pages"], ocr, _ticker(job["tell"])))}
    except UnreadableDocument as error:
        value = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        value = {"error": "LimitExceeded", "message": f"{path.name}: parsing needs more memory than {_memory(memory_bytes)}."}
    draft = Path(f"{job['result']}.draft")
    with draft.open("w", encoding="utf-8", errors="surrogatepass") as stream:
        json.dump(value, stream, ensure_ascii=False)
    draft.replace(job["result"])
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
