"""Settings in, an ASGI application out. Nothing happens at import; models and index are loaded in the background by the lifespan.

Here is the one table from error to HTTP status. What stands before every route is in `middleware.py`, the routes in `api*.py`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from service import api, api_documents
from service import metrics as names
from service.core import errors
from service.core.errors import EvdocsError, IndexUnavailable, Overloaded
from service.core.ports import Rag
from service.core.settings import Settings
from service.jobs import Jobs
from service.metrics import Metrics
from service.middleware import BodyLimits, Envelope, Gate
from service.pipeline import Pipeline, standard
from service.problems import problem, respond, trace_id_of
from service.reload import LiveIndex
from service.render import Pages
from service.state import State
from service.upload import sweep
from service.views import View
from service.workers import Workers

STATUS: dict[type[EvdocsError], int] = {
    EvdocsError: 500,
    errors.SettingsError: 500,
    errors.InvalidRequest: 422,
    errors.UnknownDocument: 404,
    errors.IndexUnavailable: 503,
    errors.IndexIncompatible: 503,
    errors.StoreUnavailable: 503,
    errors.ModelUnavailable: 503,
    errors.Overloaded: 503,
    errors.DeadlineExceeded: 504,
    errors.IngestBusy: 409,
    errors.UnreadableDocument: 422,
    errors.EncryptedDocument: 422,
    errors.LimitExceeded: 422,
}
TRY_OUT_S = 60.0
RETRY_AFTER_S = 5  # for a 503 that is not about the queue
WEB = Path(__file__).parent / "web"

log = logging.getLogger("evdocs.http")


def create_app(settings: Settings, pipeline: Pipeline | None = None) -> FastAPI:
    """The application; `pipeline` is for tests. It answers /healthz at once and questions once an index is open."""
    pipeline = pipeline or standard()
    metrics = Metrics()
    workers = Workers(settings.queue_size, on_start=lambda waited_s: metrics.observe(names.STAGES, waited_s, stage="queue"))
    live = LiveIndex(settings, pipeline, lambda rag: _try_out(rag, workers, pipeline, serving=live.ready))
    state = State(settings, pipeline, live, workers, Jobs(settings.home), Pages(), metrics, problem_of)
    _gauges(state)
    app = FastAPI(title="evdocs", docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.evdocs = state
    app.include_router(api.router)
    app.include_router(api_documents.router)
    app.add_api_route("/", lambda: FileResponse(WEB / "index.html"), methods=["GET"], include_in_schema=False)
    app.mount("/web", StaticFiles(directory=WEB, check_dir=False))
    app.exception_handler(EvdocsError)(_on_own)
    app.exception_handler(HTTPException)(_on_http)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(ClientDisconnect)(_on_gone)
    app.exception_handler(Exception)(_on_unexpected)
    app.add_middleware(BodyLimits, settings=settings)
    app.add_middleware(Gate, keys=settings.api_keys.get_secret_value())
    app.add_middleware(Envelope, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: State = app.state.evdocs
    sweep(state.settings.home / "uploads")
    state.live.start()
    state.jobs.start()
    try:
        yield
    finally:
        await asyncio.to_thread(_stop, state)


def _stop(state: State) -> None:
    state.workers.close()
    state.jobs.stop()
    state.workers.join(1.0)
    rag = state.live.stop()
    if rag is not None:
        rag.tracer.close()


def _try_out(rag: Rag, workers: Workers, pipeline: Pipeline, *, serving: bool) -> None:
    """One search before a build is served: it shows that the stores answer. Before the first one it is done on the model thread, so
    that no user waits for what models do once (a second or two); later ones are not to queue behind users. Raises what it raises."""
    deadline = time.monotonic() + TRY_OUT_S

    def search(gone: threading.Event) -> None:
        pipeline.retrieve(rag, "torque of the terminal screws", {}, 1, deadline=deadline)

    if serving:
        search(threading.Event())
    else:
        workers.submit(search, deadline).future.result(TRY_OUT_S)


def _gauges(state: State) -> None:
    def figure(read: Callable[[Any], float]) -> Callable[[], float]:
        def value() -> float:
            try:
                with state.live.lease() as rag:
                    return read(rag.index.manifest)
            except IndexUnavailable:
                return 0.0

        return value

    state.metrics.gauge(names.QUEUE, lambda: float(state.workers.waiting))
    state.metrics.gauge(names.READY, lambda: float(state.live.ready))
    state.metrics.gauge(names.DOCUMENTS, figure(lambda manifest: float(manifest.n_documents)))
    state.metrics.gauge(names.CHUNKS, figure(lambda manifest: float(manifest.n_chunks)))


# From errors to responses


def problem_of(error: EvdocsError, trace_id: str) -> View:
    """The problem document of one of this project's errors; its text was written to be read."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    detail = str(error) if status != 500 else "The service is not set up correctly; see its log."
    return problem(status, detail, trace_id, type=f"urn:evdocs:error:{type(error).__name__}", retryable=error.retryable)


async def _on_own(request: Request, error: EvdocsError) -> Response:
    body = problem_of(error, trace_id_of(request))
    if body["status"] >= 500 and not isinstance(error, IndexUnavailable | Overloaded):  # those are logged once and counted
        log.warning("%s %s: %s: %s", body["trace_id"], request.url.path, type(error).__name__, error)
    state: State = request.app.state.evdocs
    wait_s = state.workers.retry_after_s() if isinstance(error, Overloaded) else RETRY_AFTER_S
    return respond(body, {"Retry-After": str(wait_s)} if body["status"] == 503 else None)


async def _on_http(request: Request, error: HTTPException) -> Response:
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    return respond(problem(error.status_code, error.detail, trace_id_of(request)), dict(error.headers or {}))


async def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    wrong = [{"field": _place(fault["loc"]), "message": fault["msg"]} for fault in error.errors()]
    detail = "; ".join(f"{fault['field'] or 'body'}: {fault['message']}" for fault in wrong[:5])
    return respond(problem(422, detail, trace_id_of(request), errors=wrong[:20]))


def _place(location: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in location if part != "[key]")


async def _on_gone(request: Request, error: ClientDisconnect) -> Response:
    return Response(status_code=api.CLIENT_GONE)


async def _on_unexpected(request: Request, error: Exception) -> Response:
    """The last handler: the caller gets a trace id to ask about, the log gets the traceback (from the server, which sees it too)."""
    trace_id = trace_id_of(request)
    log.error("%s %s: unexpected %s", trace_id, request.url.path, type(error).__name__)
    return respond(problem(500, "Something unexpected went wrong. Quote the trace id when you report it.", trace_id))
