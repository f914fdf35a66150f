"""Documents over HTTP: list, file, uploads, deletions and their jobs. The ingest command is a small script, except in the last test,
where everything is real: a PDF made here is uploaded, indexed, asked about, shown and removed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_twins import SENTENCE, Twin, publish_build, tiny_pdf, wait_until
from test_api import is_problem, serving

from service import jobs, upload
from service.app import create_app
from service.core.errors import Overloaded, UnknownDocument
from service.core.settings import Settings
from service.jobs import Job, Jobs

PDF = tiny_pdf(["Uploaded page"])
FORM = {"content-type": "multipart/form-data; boundary=b"}
ECHO = "import json, sys; print(json.dumps({'files': [], 'argv': sys.argv[1:]}))"


@pytest.fixture
def twin() -> Twin:
    return Twin()


@pytest.fixture
async def client(tmp_path: Path, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(jobs, "INGEST", (sys.executable, "-c", ECHO))
    publish_build(tmp_path, "b1")
    async with serving(tmp_path, twin, max_upload_bytes=200_000) as made:
        yield made


async def finished(client: httpx.AsyncClient, job_id: str, timeout_s: float = 10) -> dict[str, Any]:
    """The job once it has ended."""
    async with asyncio.timeout(timeout_s):
        while True:
            job: dict[str, Any] = (await client.get(f"/v1/jobs/{job_id}")).json()
            if job["state"] in ("done", "failed"):
                return job
            await asyncio.sleep(0.05)


async def test_documents_are_listed_and_shown_without_paths_of_the_machine(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/documents")).json()
    (row,) = listed["documents"]
    assert (row["file"], row["title"], row["n_pages"], row["product"]) == ("terminal.pdf", "Terminal manual", 2, ["T1"])
    assert listed["index"]["build_id"] == "b1"
    shown = (await client.get(f"/v1/documents/{row['document_id']}")).json()
    assert shown["page_labels"] == ["4-2", "4-3"]
    assert "secret" not in json.dumps([listed, shown])
    is_problem(await client.get("/v1/documents/nothing"), 404)


async def test_the_file_is_the_one_indexed_byte_for_byte_and_in_ranges(client: httpx.AsyncClient, tmp_path: Path) -> None:
    document_id = (await client.get("/v1/documents")).json()["documents"][0]["document_id"]
    whole = await client.get(f"/v1/documents/{document_id}/file")
    assert hashlib.sha256(whole.content).hexdigest().startswith(document_id)
    assert 'filename="terminal.pdf"' in whole.headers["content-disposition"]
    part = await client.get(f"/v1/documents/{document_id}/file", headers={"range": "bytes=0-4"})
    assert (part.status_code, part.content) == (206, b"%PDF-")
    for path in (tmp_path / "files").iterdir():
        path.unlink()
    assert "no longer stored" in is_problem(await client.get(f"/v1/documents/{document_id}/file"), 404)["detail"]


# Uploads


async def test_an_upload_is_on_disk_with_its_job_before_it_is_accepted(client: httpx.AsyncClient, tmp_path: Path) -> None:
    response = await client.post("/v1/documents", files={"file": ("Manual (v2).PDF", PDF, "text/html")})
    body = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/v1/jobs/{body['job_id']}"
    assert body["document_id"] == hashlib.sha256(PDF).hexdigest()[:16]
    assert (tmp_path / "jobs" / f"{body['job_id']}.json").exists()
    job = await finished(client, body["job_id"])
    assert (job["state"], job["exit_code"], job["error"], job["name"]) == ("done", 0, None, "Manual (v2).pdf")
    stored = tmp_path / "uploads" / body["document_id"] / "Manual (v2).pdf"
    assert job["report"]["argv"] == ["ingest", "--home", str(tmp_path), "--json", "--", str(stored)]
    assert "subject" not in job
    assert not stored.exists()  # ingest keeps its own copy


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\manuals\\BMS.pdf", "BMS.pdf"),
        ("", "document.pdf"),
        (".pdf", "document.pdf"),
        ("a\x00b\r\n.pdf", "a_b_.pdf"),
        ("..", "document.pdf"),
        ("--json.pdf", "--json.pdf"),
        ("手册.pdf", "手册.pdf"),
        ("é" * 300 + ".pdf", "é" * 98 + ".pdf"),
    ],
)
def test_names_of_uploads_stay_inside_their_folder(given: str, kept: str) -> None:
    assert upload.safe_name(given) == kept


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"PK\x03\x04 no pdf at all", None, 415),
        (b"", None, 415),
        (b"x" * 2000 + b"%PDF-1.7", None, 415),
        (b"%PDF-" + b"x" * 300_000, None, 413),
        (b"%PDF-1.4", {"content-type": "application/pdf"}, 415),
        (b"%PDF-1.4", {"content-type": "multipart/form-data"}, 415),
        (b"%PDF-1.4", {"content-type": f"multipart/form-data; boundary={'b' * 300}"}, 400),
        (b"no form", {"content-type": "multipart/form-data; boundary=b"}, 400),
        (b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--b--\r\n', FORM, 422),
        (b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.pdf"\r\n\r\n%PDF-1.4', FORM, 422),
    ],
)  # fmt: skip
async def test_an_upload_that_cannot_be_taken_leaves_nothing_behind(
    client: httpx.AsyncClient, tmp_path: Path, content: bytes, headers: dict[str, str] | None, status: int
) -> None:
    if headers is None:
        response = await client.post("/v1/documents", files={"file": ("a.pdf", content)})
    else:
        response = await client.post("/v1/documents", content=content, headers=headers)
    is_problem(response, status)
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []
    assert not (tmp_path / "jobs").exists()


async def test_an_upload_longer_than_declared_nowhere_is_cut_off(client: httpx.AsyncClient, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.pdf"\r\n\r\n%PDF-1.4'
        for _ in range(1000):
            yield b"x" * 10_000

    response = await client.post("/v1/documents", content=endless(), headers={"content-type": "multipart/form-data; boundary=b"})
    is_problem(response, 413)
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_a_second_file_in_one_request_is_refused(client: httpx.AsyncClient) -> None:
    is_problem(await client.post("/v1/documents", files=[("a", ("a.pdf", PDF)), ("b", ("b.pdf", PDF))]), 422)


async def test_leftovers_of_interrupted_uploads_are_swept_at_the_start(tmp_path: Path, twin: Twin) -> None:
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / ".partial-1").write_bytes(b"x")
    async with serving(tmp_path, twin):
        assert list((tmp_path / "uploads").iterdir()) == []


# Jobs


async def test_a_deletion_is_a_job_for_a_document_that_exists(client: httpx.AsyncClient) -> None:
    document_id = (await client.get("/v1/documents")).json()["documents"][0]["document_id"]
    is_problem(await client.delete("/v1/documents/nothing"), 404)
    response = await client.delete(f"/v1/documents/{document_id}")
    assert response.status_code == 202
    job = await finished(client, response.json()["job_id"])
    assert (job["kind"], job["report"]["argv"][:2], job["report"]["argv"][-1]) == ("remove", ["docs", "remove"], document_id)


@pytest.mark.parametrize("job_id", ["0" * 32, "..%2f..%2fcurrent", "x"])
async def test_unknown_jobs_are_not_found(client: httpx.AsyncClient, job_id: str) -> None:
    is_problem(await client.get(f"/v1/jobs/{job_id}"), 404)


def run_jobs(home: Path, command: str, monkeypatch: pytest.MonkeyPatch, *kinds: str) -> list[Job]:
    """Do jobs with a script in the place of ingest; how they ended."""
    monkeypatch.setattr(jobs, "INGEST", (sys.executable, "-c", command))
    queue = Jobs(home)
    added = [queue.add("ingest", str(home / f"{kind}.pdf"), kind) for kind in kinds]
    queue.start()
    try:
        wait_until(lambda: all(queue.get(job.job_id).state in ("done", "failed") for job in added))
    finally:
        queue.stop()
    return [queue.get(job.job_id) for job in added]


@pytest.mark.parametrize(
    ("script", "exit_code", "error"),
    [
        ('print(\'{"files": [{"error": "a.pdf is encrypted."}]}\'); raise SystemExit(2)', 2, "a.pdf is encrypted."),
        ("import sys; print('evdocs: no room', file=sys.stderr); raise SystemExit(2)", 2, "evdocs: no room"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9, "It ended with exit code -9."),
    ],
)
def test_a_failed_job_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, exit_code: int, error: str) -> None:
    (job,) = run_jobs(tmp_path, script, monkeypatch, "a")
    assert (job.state, job.exit_code, job.error) == ("failed", exit_code, error)


def test_a_job_gives_way_to_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import json, os, time; time.sleep(0.2); print(json.dumps(os.getpriority(os.PRIO_PROCESS, 0)))"
    (job,) = run_jobs(tmp_path, script, monkeypatch, "a")
    assert job.report == 19


def test_jobs_run_one_at_a_time_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "running"
    script = f"import os, sys, time; os.mkdir({str(lock)!r}); time.sleep(0.1); os.rmdir({str(lock)!r}); print('{{}}')"
    ended = run_jobs(tmp_path, script, monkeypatch, "a", "b", "c")
    assert [job.state for job in ended] == ["done"] * 3
    assert [job.finished_at for job in ended] == sorted(job.finished_at or "" for job in ended)


def test_a_job_that_finds_the_home_busy_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BUSY_RETRY_S", 0.05)
    mark = tmp_path / "once"
    script = (
        f"import os, sys\nif os.path.exists({str(mark)!r}): print('{{}}'); sys.exit(0)\n"
        f"open({str(mark)!r}, 'w').close(); print('evdocs: Another ingest run holds it.', file=sys.stderr); sys.exit(2)"
    )
    (job,) = run_jobs(tmp_path, script, monkeypatch, "a")
    assert (job.state, job.exit_code) == ("done", 0)


def test_a_job_cut_off_by_a_stop_begins_again_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "INGEST", (sys.executable, "-c", "import time; time.sleep(60)"))
    before = Jobs(tmp_path)
    running, waiting = (before.add("ingest", str(tmp_path / name), name) for name in ("a", "b"))
    before.start()
    wait_until(lambda: before.get(running.job_id).state == "running")
    started = time.monotonic()
    before.stop()
    assert time.monotonic() - started < 3
    assert [before.get(job.job_id).state for job in (running, waiting)] == ["running", "queued"]
    monkeypatch.setattr(jobs, "INGEST", (sys.executable, "-c", ECHO))
    after = Jobs(tmp_path)
    after.start()
    try:
        wait_until(lambda: [after.get(job.job_id).state for job in (running, waiting)] == ["done", "done"])
    finally:
        after.stop()


def test_waiting_jobs_are_bounded_and_damaged_records_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MAX_WAITING", 2)
    queue = Jobs(tmp_path)
    job, _ = (queue.add("remove", "x", "x") for _ in range(2))
    with pytest.raises(Overloaded):
        queue.add("remove", "x", "x")
    (tmp_path / "jobs" / f"{job.job_id}.json").write_text('{"job_id": 1', "utf-8")
    with pytest.raises(UnknownDocument):
        queue.get(job.job_id)


# All of it, real


async def test_a_pdf_is_uploaded_indexed_asked_about_shown_and_removed(tmp_path: Path) -> None:
    filler = ["The cooling pump runs at 12 V.", f"{SENTENCE}", "Store the pack at 20 degrees."]
    app = create_app(Settings(home=tmp_path, threads=1, parse_timeout_s=300))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t", timeout=60) as client:
        is_problem(await client.get("/readyz"), 503)
        accepted = (await client.post("/v1/documents", files={"file": ("pack.pdf", tiny_pdf(filler, width=600))})).json()
        job = await finished(client, accepted["job_id"], 300)
        assert job["state"] == "done", str(job)
        async with asyncio.timeout(180):
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.1)
        got = (await client.post("/v1/search", json={"question": "terminal screw torque"})).json()
        assert got["hits"], got
        hits = got["hits"]
        assert (hits[0]["file"], SENTENCE in hits[0]["text"]) == ("pack.pdf", True)
        assert hits[0]["page"] <= 2 <= hits[0]["page_end"]
        answer = (await client.post("/v1/ask", json={"question": "To what torque are the terminal screws tightened?"})).json()
        cited = answer["citations"] or answer["refusal"]["nearest"]
        assert cited[0]["quote"] in filler[cited[0]["page"] - 1], "a quote stands on the page it names"
        boxes = ";".join(",".join(map(str, box)) for box in cited[0]["boxes"])
        image = await client.get(f"/v1/documents/{accepted['document_id']}/pages/{cited[0]['page']}.png", params={"boxes": boxes})
        assert image.content.startswith(b"\x89PNG")
        removed = (await client.delete(f"/v1/documents/{accepted['document_id']}")).json()
        assert (await finished(client, removed["job_id"], 300))["state"] == "done"
        async with asyncio.timeout(60):
            while (await client.get(f"/v1/documents/{accepted['document_id']}")).status_code == 200:
                await asyncio.sleep(0.1)
