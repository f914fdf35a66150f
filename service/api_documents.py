"""The routes about documents: list, show, download, page images, uploads, deletions and their jobs.

Reading answers from the index being served; changing it is a job that another process carries out (`jobs.py`).
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from service.core.catalogue import source_file
from service.core.errors import InvalidRequest, Overloaded, UnknownDocument
from service.core.formats import FORMATS, PICTURED
from service.core.types import Box, Document
from service.jobs import Job
from service.state import Shared, State
from service.upload import receive
from service.views import Json, document_summary, document_view, index_view

MAX_BOXES = 200
MAX_UPLOADS = 4

router = APIRouter()
_uploads = asyncio.Semaphore(MAX_UPLOADS)


@router.get("/v1/documents")
async def documents(state: Shared) -> Response:
    """Every indexed document, by file name."""
    with state.live.lease() as rag:
        rows = sorted(rag.index.documents.values(), key=lambda document: (document.file, document.document_id))
        return Json({"documents": [document_summary(document) for document in rows], "index": index_view(rag)})


@router.post("/v1/documents", status_code=202)
async def upload(request: Request, state: Shared) -> Response:
    """Take a document in (multipart/form-data); it is indexed by a job."""
    if _uploads.locked():
        raise Overloaded("Too many uploads are being received. Try again in a moment.")
    async with _uploads:
        received = await receive(request.stream(), request.headers.get("content-type", ""), state.settings.home / "uploads")
    job = await asyncio.to_thread(state.jobs.add, "ingest", str(received.path), received.name)
    return _accepted(job, {"file": received.name, "bytes": received.n_bytes, "document_id": received.sha256[:16]})


@router.get("/v1/documents/{document_id}")
async def document(state: Shared, document_id: str) -> Response:
    """One document with its page labels, empty pages and warnings."""
    return Json(document_view(_find(state, document_id)))


@router.delete("/v1/documents/{document_id}", status_code=202)
async def delete(state: Shared, document_id: str) -> Response:
    """Take a document out of the index, by a job."""
    found = _find(state, document_id)
    job = await asyncio.to_thread(state.jobs.add, "remove", found.document_id, found.file)
    return _accepted(job, {"document_id": found.document_id})


@router.get("/v1/jobs/{job_id}")
async def job(state: Shared, job_id: str) -> Response:
    """How an upload or deletion is going: queued, running, done or failed."""
    fields = asdict(await asyncio.to_thread(state.jobs.get, job_id))
    del fields["subject"]  # a path of this machine
    return Json(fields)


@router.get("/v1/documents/{document_id}/file")
async def file(state: Shared, document_id: str) -> Response:
    """The document's own bytes, to be kept and not shown: nothing of them runs as a page of this service."""
    found = _find(state, document_id)
    headers = {"Content-Security-Policy": "sandbox", "Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    media_type = FORMATS[found.suffix].media_type if found.suffix in FORMATS else "application/octet-stream"
    return FileResponse(_stored(state, found), media_type=media_type, filename=found.file.rsplit("/", 1)[-1], headers=headers)


@router.get("/v1/documents/{document_id}/pages/{page}.png")
async def page_image(
    request: Request,
    state: Shared,
    document_id: str,
    page: int,
    boxes: Annotated[str, Query(max_length=20_000)] = "",
    scale: Annotated[float, Query(ge=0.5, le=4, allow_inf_nan=False)] = 2.0,
) -> Response:
    """A page as a PNG, the boxes highlighted: `boxes=x0,y0,x1,y1;...` in PDF points, origin top-left."""
    found = _find(state, document_id)
    if not 1 <= page <= found.n_pages:
        raise UnknownDocument(f"{found.file} has pages 1 to {found.n_pages}, no page {page}.")
    if found.suffix != PICTURED:
        raise UnknownDocument(f"{found.file} has no page images: it is no PDF. Its file can be downloaded.")
    wanted = parse_boxes(boxes)
    key = state.pages.key(found.sha256, page, scale, wanted)
    headers = {"ETag": f'"{key}"', "Cache-Control": "private, max-age=86400"}
    if f'"{key}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    image = await state.pages.png(_stored(state, found), key, page, scale, wanted)
    return Response(image, media_type="image/png", headers=headers)


def parse_boxes(text: str) -> tuple[Box, ...]:
    """`x0,y0,x1,y1;...` to boxes. Raises InvalidRequest."""
    boxes: list[Box] = []
    for group in filter(None, text.split(";")):
        try:
            x0, y0, x1, y1 = (float(value) for value in group.split(","))
        except ValueError as error:
            raise InvalidRequest(f"`boxes` must be x0,y0,x1,y1;..., not {group[:40]!r}.") from error
        if not all(math.isfinite(value) and abs(value) < 1e6 for value in (x0, y0, x1, y1)):
            raise InvalidRequest("`boxes` must hold finite numbers of points.")
        boxes.append((x0, y0, x1, y1))
    if len(boxes) > MAX_BOXES:
        raise InvalidRequest(f"`boxes` holds {len(boxes)} boxes, more than {MAX_BOXES}.")
    return tuple(boxes)


def _find(state: State, document_id: str) -> Document:
    with state.live.lease() as rag:
        found = rag.index.documents.get(document_id)
    if found is None:
        raise UnknownDocument(f"No document {document_id[:64]!r} is indexed.")
    return found


def _stored(state: State, found: Document) -> Path:
    path = source_file(state.settings.home, found)
    if not path.is_file():
        raise UnknownDocument(f"The file of {found.file} is no longer stored. Ingest it again.")
    return path


def _accepted(job: Job, more: dict[str, object]) -> Response:
    location = f"/v1/jobs/{job.job_id}"
    return Json({"job_id": job.job_id, "state": job.state, **more}, 202, {"Location": location})
