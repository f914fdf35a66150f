"""Documents that are no PDFs over HTTP: uploads by suffix and content, downloads that no browser renders, pages without pictures."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from http_twins import Twin, publish_build
from test_api import is_problem, serving

from service import upload
from service.core.catalogue import Entry, write_catalogue
from service.core.manifest import builds_dir
from service.core.types import Document

GUIDE = b"# Fan guide\n\n> [!WARNING]\n> The fan is sharp.\n\nThe fan turns at 3000 rpm.\n"


def zipped() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("a", "b")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.md", b"# Title", "md"),
        ("A.Markdown", b"text", "md"),
        ("a.htm", b"<html>", "html"),
        ("a.txt", "µ".encode("utf-16"), "txt"),
        ("a.txt", b"caf\xe9", "txt"),
        ("a.docx", zipped(), "docx"),
        ("a", b"%PDF-1.7", "pdf"),
        ("notes.md", b"A PDF begins with %PDF-.", "md"),
    ],
)
def test_the_suffix_tells_the_kind_and_the_content_agrees(name: str, head: bytes, kind: str) -> None:
    assert upload.kind_of_upload(name, head) == kind


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.md", b"%PDF-1.7 and more", "no Markdown"),
        ("a.html", zipped(), "no HTML"),
        ("a.txt", b"text\x00binary", "no plain text"),
        ("a.txt", b"", "no plain text"),
        ("a.docx", b"text", "no Word document"),
        ("a.rst", b"text", "These can: PDF"),
        ("a", b"text", "These can: PDF"),
        ("a.pdf", b"text", "no PDF"),
    ],
)
async def test_files_that_are_not_what_they_are_called_are_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    async with serving(tmp_path, Twin()) as client:
        problem = is_problem(await client.post("/v1/documents", files={"file": (name, content)}), 415)
        assert said in problem["detail"]
    assert [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("given", "kind", "kept"),
    [
        ("../guide.MARKDOWN", "md", "guide.md"),
        (".htm", "html", "document.html"),
        ("a.pdf.txt", "txt", "a.pdf.txt"),
        ("é" * 200, "docx", "é" * 97 + ".docx"),
    ],
)
def test_names_of_uploads_end_in_the_suffix_of_their_kind(given: str, kind: str, kept: str) -> None:
    assert upload.safe_name(given, kind) == kept


@pytest.mark.slow  # a whole ingest in a child process: torch is imported anew
async def test_a_markdown_file_is_uploaded_and_indexed_for_real(tmp_path: Path) -> None:
    async with serving(tmp_path, Twin()) as client:
        accepted = (await client.post("/v1/documents", files={"file": ("guide.markdown", GUIDE, "text/html")})).json()
        assert accepted["file"] == "guide.md"
        async with asyncio.timeout(60):
            while (job := (await client.get(f"/v1/jobs/{accepted['job_id']}")).json())["state"] not in ("done", "failed"):
                await asyncio.sleep(0.1)
    assert job["state"] == "done", job
    (row,) = job["report"]["files"]
    assert (row["file"], row["status"], row["chunks"], row["document_id"]) == ("guide.md", "indexed", 1, accepted["document_id"])
    (kept,) = (tmp_path / "files").iterdir()
    assert (kept.suffix, kept.read_bytes()) == (".md", GUIDE)


def publish_page(home: Path, content: bytes) -> Document:
    """A published build whose only document is a web page."""
    publish_build(home, "b1")
    sha256 = hashlib.sha256(content).hexdigest()
    document = Document(sha256[:16], sha256, "page.html", "Page", 1, suffix="html")
    (builds_dir(home) / "b1" / "catalogue.json").unlink()
    write_catalogue(builds_dir(home) / "b1", [Entry(document)])
    (home / "files" / f"{sha256}.html").write_bytes(content)
    return document


async def test_a_web_page_is_handed_out_as_a_file_and_never_as_a_page_of_this_service(tmp_path: Path) -> None:
    document = publish_page(tmp_path, b"<script>alert(1)</script>")
    async with serving(tmp_path, Twin()) as client:
        response = await client.get(f"/v1/documents/{document.document_id}/file")
        assert response.content == b"<script>alert(1)</script>"
        assert response.headers["content-type"].startswith("text/plain")
        assert response.headers["content-disposition"].startswith("attachment")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"] == "sandbox"
        assert (await client.get(f"/v1/documents/{document.document_id}")).json()["suffix"] == "html"
        problem = is_problem(await client.get(f"/v1/documents/{document.document_id}/pages/1.png"), 404)
        assert "no page images" in problem["detail"]
        is_problem(await client.get(f"/v1/documents/{document.document_id}/pages/2.png"), 404)
