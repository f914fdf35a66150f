"""Uploads and deletions in, job records out: `python -m ingest` run as a child process, one job at a time.

The service never imports the ingest package, so a hostile file meets a parser only in another process. A job is a file,
`home/jobs/<job_id>.json`, written durably before its caller hears of it; jobs that a crash or a stop left unfinished begin again
at the next start (ingest is idempotent: same bytes, same ids). It knows nothing about HTTP.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import subprocess
import sys
import threading
from collections import deque
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from service.core.errors import Overloaded, StoreUnavailable, UnknownDocument
from service.core.manifest import write_durably

INGEST = (sys.executable, "-m", "ingest")
MAX_WAITING = 100
KEEP_FINISHED = 500
JOB_TIMEOUT_S = 3600.0
BUSY_RETRY_S = 5.0
_REPORT_BYTES = 1 << 20
_JOB_ID = re.compile(r"[0-9a-f]{32}")
_BUSY = re.compile(r"IngestBusy|another ingest", re.IGNORECASE)

log = logging.getLogger("evdocs.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """`subject` is the file (kind "ingest") or the document id (kind "remove"); `report` is what ingest printed, as JSON."""

    job_id: str
    kind: Literal["ingest", "remove"]
    subject: str
    name: str
    state: Literal["queued", "running", "done", "failed"] = "queued"
    created_at: str = ""
    finished_at: str | None = None
    exit_code: int | None = None
    error: str | None = None
    report: Any = None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Jobs:
    """The queue of one home folder. `start` resumes what is unfinished; `stop` ends the running child."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / "jobs"
        self._waiting: deque[Job] = deque()
        self._condition = threading.Condition()
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="evdocs-jobs", daemon=True)

    def start(self) -> None:
        """Queue unfinished jobs, oldest first, and begin."""
        jobs = sorted(self._stored(), key=lambda job: job.created_at)
        known = {job.job_id for job in self._waiting}
        unfinished = [job for job in jobs if job.state in ("queued", "running") and job.job_id not in known]
        self._waiting.extendleft(replace(job, state="queued") for job in reversed(unfinished))
        finished = [job for job in jobs if job.state in ("done", "failed")]
        for job in finished[: max(0, len(finished) - KEEP_FINISHED)]:
            self._path(job.job_id).unlink(missing_ok=True)
            _drop_upload(job)
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more and end the running child; its job begins again at the next start."""
        with self._condition:
            self._stopping.set()
            self._condition.notify_all()
            child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(2.0)
            except subprocess.TimeoutExpired:
                child.kill()
        if self._thread.is_alive():
            self._thread.join(3.0)

    def add(self, kind: Literal["ingest", "remove"], subject: str, name: str) -> Job:
        """Record a job durably, then queue it. Raises Overloaded when too many wait, StoreUnavailable when the disk refuses."""
        job = Job(secrets.token_hex(16), kind, subject, name, created_at=_now())
        with self._condition:
            if len(self._waiting) >= MAX_WAITING:
                raise Overloaded(f"{len(self._waiting)} uploads and deletions wait already.")
            self._save(job)
            self._waiting.append(job)
            self._condition.notify_all()
        return job

    def get(self, job_id: str) -> Job:
        """The job's newest state. Raises UnknownDocument."""
        job = self._read(self._path(job_id)) if _JOB_ID.fullmatch(job_id) else None
        if job is None:
            raise UnknownDocument(f"There is no job {job_id[:64]!r}.")
        return job

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.json"

    def _read(self, path: Path) -> Job | None:
        try:
            return Job(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            log.warning("job record %s is damaged: %s", path.name, error)
            return None

    def _stored(self) -> list[Job]:
        return [job for path in self._folder.glob("*.json") if (job := self._read(path)) is not None]

    def _save(self, job: Job) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_durably(self._path(job.job_id), json.dumps(asdict(job)))
        except OSError as error:
            raise StoreUnavailable(f"The job cannot be recorded: {error.strerror}.") from error

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._stopping.is_set():
                    self._condition.wait()
                if self._stopping.is_set():
                    return
                job = self._waiting.popleft()
            try:
                self._do(job)
            except (OSError, StoreUnavailable) as error:
                log.error("job %s could not be carried out: %s", job.job_id, error)

    def _do(self, job: Job) -> None:
        self._save(replace(job, state="running"))
        log.info("job %s begins: %s %s", job.job_id, job.kind, job.name)
        exit_code, output, errors = self._call(job)
        while exit_code not in (0, None) and _BUSY.search(errors or output) and not self._stopping.wait(BUSY_RETRY_S):
            exit_code, output, errors = self._call(job)
        if self._stopping.is_set() and exit_code != 0:
            return  # stays "running" on disk: it begins again at the next start
        job = _finished(job, exit_code, output, errors)
        self._save(job)
        if job.state == "done":
            _drop_upload(job)
        log.info("job %s ended with exit code %s", job.job_id, exit_code)

    def _call(self, job: Job) -> tuple[int | None, str, str]:
        """Exit code (None: out of time), standard output and standard error of one run, each cut to 1 MiB."""
        outputs = [self._folder / f".{job.job_id}.{stream}" for stream in ("out", "err")]
        try:
            with outputs[0].open("wb") as out, outputs[1].open("wb") as err, self._condition:
                if self._stopping.is_set():
                    return -1, "", ""
                # A session of its own: Ctrl-C at the terminal stops the service, which then ends this child in order.
                self._child = subprocess.Popen(self._command(job), stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)
                # Two threads that compute in step wait for the slower one: an ingest of equal rank would slow questions tenfold.
                os.setpriority(os.PRIO_PROCESS, self._child.pid, 19)
            exit_code = self._wait(self._child)
            return exit_code, *(_head(path) for path in outputs)  # type: ignore[return-value]
        finally:
            for path in outputs:
                path.unlink(missing_ok=True)

    def _wait(self, child: subprocess.Popen[bytes]) -> int | None:
        try:
            return child.wait(JOB_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return None

    def _command(self, job: Job) -> list[str]:
        command = ["ingest"] if job.kind == "ingest" else ["docs", "remove"]
        return [*INGEST, *command, "--home", os.fspath(self._home), "--json", "--", job.subject]


def _head(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.read(_REPORT_BYTES).decode("utf-8", "replace")


def _drop_upload(job: Job) -> None:
    """Remove an uploaded file: ingest keeps its own copy of what it indexed."""
    if job.kind == "ingest":
        Path(job.subject).unlink(missing_ok=True)


def _finished(job: Job, exit_code: int | None, output: str, errors: str) -> Job:
    """The job with its outcome: ingest's own report where it printed one, else the last line it wrote."""
    try:
        report = json.loads(output)
    except ValueError:
        report = None
    error = None
    if exit_code is None:
        error = f"It was stopped after {JOB_TIMEOUT_S:g} s."
    elif exit_code != 0:
        error = _reported(report) or _last_line(errors) or f"It ended with exit code {exit_code}."
    return replace(job, state="failed" if error else "done", finished_at=_now(), exit_code=exit_code, error=error, report=report)


def _reported(report: Any) -> str:
    """The first error of ingest's report."""
    files = report.get("files") if isinstance(report, dict) else None
    return next((str(file["error"]) for file in files or () if isinstance(file, dict) and file.get("error")), "")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:500] if lines else ""
