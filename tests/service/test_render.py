"""Page images: the right page, boxes where the words are, limits for hostile files, caching. PDFium is real, the PDFs are made here."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from http_twins import Twin, publish_build, tiny_pdf
from PIL import Image
from test_api import is_problem, serving

from service import render
from service.core.errors import DeadlineExceeded, LimitExceeded, Overloaded, UnknownDocument, UnreadableDocument
from service.render import Pages, draw

WORDS = (40.0, 58.0, 260.0, 82.0)  # where tiny_pdf sets its line


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "a.pdf"
    path.write_bytes(tiny_pdf(["Torque 7 Nm", "Second"]))
    return path


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    publish_build(tmp_path, "b1")
    async with serving(tmp_path, Twin()) as made:
        yield made


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def test_a_box_marks_the_words_it_is_about_and_leaves_them_readable(pdf: Path) -> None:
    plain, marked = opened(draw(pdf, 1, 2.0, [])), opened(draw(pdf, 1, 2.0, [WORDS]))
    assert plain.size == marked.size == (600, 800)
    changed = [(x, y) for x in range(600) for y in range(800) if plain.getpixel((x, y)) != marked.getpixel((x, y))]
    assert all(80 <= x <= 520 and 116 <= y <= 164 for x, y in changed)
    black = [(x, y) for x in range(600) for y in range(800) if sum(plain.getpixel((x, y))) < 60]  # type: ignore[arg-type]
    assert black, "there is text on the page"
    assert all(80 <= x <= 520 and 116 <= y <= 164 for x, y in black)
    assert all(sum(marked.getpixel(place)) < 60 for place in black)  # type: ignore[arg-type]


def test_pages_differ_and_end(pdf: Path) -> None:
    assert draw(pdf, 1, 1.0, []) != draw(pdf, 2, 1.0, [])
    for page in (0, 3, -1):
        with pytest.raises(IndexError):
            draw(pdf, page, 1.0, [])


@pytest.mark.parametrize(
    "box", [(-50.0, -50.0, 9999.0, 9999.0), (260.0, 82.0, 40.0, 58.0), (500.0, 500.0, 600.0, 600.0), (40.0, 58.0, 40.0, 58.0)]
)
def test_boxes_outside_the_page_or_turned_around_do_no_harm(pdf: Path, box: tuple[float, float, float, float]) -> None:
    assert opened(draw(pdf, 1, 1.0, [box])).size == (300, 400)


def test_a_huge_page_is_drawn_smaller_instead_of_filling_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.pdf"
    path.write_bytes(tiny_pdf(["Poster"], width=14_400, height=14_400))
    width, height = opened(draw(path, 1, 4.0, [])).size
    assert width * height <= render.MAX_PIXELS * 1.01


async def test_the_child_draws_the_same_as_this_process(pdf: Path) -> None:
    assert await Pages().png(pdf, "k", 1, 2.0, (WORDS,)) == draw(pdf, 1, 2.0, [WORDS])


async def test_what_cannot_be_drawn_is_an_error_that_says_so(tmp_path: Path, pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages()
    with pytest.raises(UnknownDocument, match="no page 3"):
        await pages.png(pdf, "k3", 3, 1.0, ())
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7 but not really")
    with pytest.raises(UnreadableDocument, match="cannot be drawn"):
        await pages.png(broken, "kb", 1, 1.0, ())
    monkeypatch.setattr(render, "WALL_S", 0.001)
    with pytest.raises(DeadlineExceeded):
        await pages.png(pdf, "kt", 1, 1.0, ())


async def test_a_child_that_needs_too_much_memory_dies_alone(pdf: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hungry = tmp_path / "hungry"
    hungry.write_text("#!/bin/sh\nkill -KILL $$\n")
    hungry.chmod(0o755)
    monkeypatch.setattr(render.sys, "executable", str(hungry))
    with pytest.raises(LimitExceeded):
        await Pages().png(pdf, "k", 1, 1.0, ())


def test_the_child_limits_its_own_memory_and_time(pdf: Path) -> None:
    import subprocess
    import sys

    script = (
        "import io, json, resource, sys\nfrom service import render\n"
        f"sys.stdin = io.StringIO(json.dumps({{'path': {str(pdf)!r}, 'page': 9, 'scale': 1, 'boxes': []}}))\n"
        'code = render.draw_as_ordered(render.draw, "boxes")\n'
        "print(code, resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["3", str(render.MEMORY_BYTES), str(render.CPU_S)]


async def test_images_are_kept_within_a_bound_and_waiting_ones_are_limited(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages, size = Pages(), len(draw(pdf, 1, 1.0, []))
    monkeypatch.setattr(render, "CACHE_BYTES", 2 * size)
    monkeypatch.setattr(render, "MAX_WAITING", 2)
    two = await asyncio.gather(*(pages.png(pdf, f"k{i}", 1, 1.0, ()) for i in range(3)), return_exceptions=True)
    assert [type(result) for result in two] == [bytes, bytes, Overloaded]
    await pages.png(pdf, "k9", 1, 1.0, ())
    assert sum(len(image) for image in pages._cache.values()) <= 2 * size
    monkeypatch.setattr(render.sys, "executable", "/nonexistent")
    assert await pages.png(pdf, "k9", 1, 1.0, ())  # from memory: no child could be started


async def test_page_images_over_http(client: httpx.AsyncClient) -> None:
    document_id = (await client.get("/v1/documents")).json()["documents"][0]["document_id"]
    url = f"/v1/documents/{document_id}/pages/1.png"
    first = await client.get(url, params={"boxes": "40,58,260,82;1,2,3,4"})
    assert (first.status_code, first.headers["content-type"]) == (200, "image/png")
    assert opened(first.content).size == (600, 800)
    again = await client.get(url, params={"boxes": "40,58,260,82;1,2,3,4"}, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await client.get(url)).headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("pages/0.png", 404),
        ("pages/3.png", 404),
        ("pages/x.png", 422),
        ("pages/1.png?scale=9", 422),
        ("pages/1.png?scale=nan", 422),
        ("pages/1.png?boxes=1,2,3", 422),
        ("pages/1.png?boxes=1,2,3,nan", 422),
        ("pages/1.png?boxes=1,2,3,1e99", 422),
        ("pages/1.png?boxes=" + ";".join(["1,2,3,4"] * 201), 422),
        ("pages/1.png?boxes=" + "1" * 20_001, 422),
    ],
)
async def test_pages_and_boxes_that_make_no_sense_are_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    document_id = (await client.get("/v1/documents")).json()["documents"][0]["document_id"]
    is_problem(await client.get(f"/v1/documents/{document_id}/{path}"), status)
