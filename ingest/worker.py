"""A file parsed in a child process with memory, CPU and time limits: a hostile file can cost its own child, nothing more.

In: a path and the settings. Out: `Parsed`, or UnreadableDocument / EncryptedDocument / LimitExceeded naming file and cause. The
child (`python -m ingest.worker`) reads its job from the command line, writes the result as JSON into a file of its own folder, and
has nothing else to write to: what parsers print goes nowhere. It ends with its parent: it watches its standard input, which
closes when the parent dies, and on Linux asks the kernel for a signal too. Must not parse anything in the parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.parsed import Parsed, parsed_from_plain, parsed_to_plain
from service.core.errors import EncryptedDocument, LimitExceeded, UnreadableDocument

if TYPE_CHECKING:
    from service.core.settings import Settings

__all__ = ["parse_in_child", "parsed_from_plain", "parsed_to_plain"]

MAX_RESULT_BYTES = 1 << 30
_ERRORS = {kind.__name__: kind for kind in (UnreadableDocument, EncryptedDocument, LimitExceeded)}
_PR_SET_PDEATHSIG = 1
_MIB = 1 << 20


def parse_in_child(path: Path, document_id: str, settings: Settings) -> Parsed:
    """Parse one PDF under the limits of `settings`. Any number of threads may call it at once. Raises UnreadableDocument,
    EncryptedDocument or LimitExceeded."""
    with tempfile.TemporaryDirectory(prefix="evdocs-parse-") as folder:
        result, noise = Path(folder, "result.json"), Path(folder, "stderr.txt")
        limits = [settings.max_pages, settings.parse_memory_bytes, settings.parse_cpu_s]
        code = _run([str(path.resolve()), document_id, str(result), *map(str, limits)], noise, settings.parse_timeout_s)
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


def _run(job: list[str], noise: Path, timeout_s: float) -> int | None:
    """The child's exit code, or None where the time ran out. The child and all it started are gone on return."""
    root = str(Path(__file__).resolve().parent.parent)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}
    with noise.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "ingest.worker", *job],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            return child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            if child.stdin is not None:
                child.stdin.close()


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


def _limit(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_RESULT_BYTES, MAX_RESULT_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 2))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _die_with_parent() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        sys.stdin.buffer.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(arguments: list[str]) -> int:
    """The child: path, document id, result file, max pages, memory in bytes, CPU seconds."""
    path, document_id, result, max_pages, memory_bytes, cpu_s = arguments
    _die_with_parent()
    _limit(int(memory_bytes), int(cpu_s))
    try:
        from ingest.parse import parse  # under the limits: importing the parsers counts too

        value: dict[str, Any] = {"parsed": parsed_to_plain(parse(Path(path), document_id, int(max_pages)))}
    except UnreadableDocument as error:
        value = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        value = {"error": "LimitExceeded", "message": f"{Path(path).name}: parsing needs more memory than {_memory(int(memory_bytes))}."}
    draft = Path(f"{result}.draft")
    with draft.open("w", encoding="utf-8", errors="surrogatepass") as stream:
        json.dump(value, stream, ensure_ascii=False)
    draft.replace(result)
    return 0


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
