"""The routes that answer: `/v1/ask` (JSON and server-sent events), `/v1/search`, `/v1/verify`, `/v1/feedback`; those that say how it goes.

A body in, one call of the pipeline on the model thread, the contract's JSON out. Errors are raised, never formatted here:
`app.py` holds the one table from error to status.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from service import metrics as names
from service.answer import Question
from service.bodies import AskBody, FeedbackBody, SavedAnswer, SearchBody, as_filters, json_body, schema_of
from service.core.errors import EvdocsError
from service.core.types import Answer, Citation
from service.degraded import parts
from service.recheck import recheck
from service.state import Shared, State, TraceId
from service.units import units
from service.views import Json, View, answer_view, citation_view, dumps, hit_view, index_view, models_view, timings_view, unit_view
from service.workers import Ticket

HEARTBEAT_S = 10.0
CLIENT_GONE = 499  # nginx's status for "client closed request"; nobody reads it but the metrics

_END = ""  # name of the event that ends a stream's queue

Ask = Annotated[AskBody, Depends(json_body(AskBody))]
Search = Annotated[SearchBody, Depends(json_body(SearchBody))]
Feedback = Annotated[FeedbackBody, Depends(json_body(FeedbackBody))]
Saved = Annotated[SavedAnswer, Depends(json_body(SavedAnswer))]

router = APIRouter()
Event = tuple[str, View]
Emit = Callable[[str, View], None]


@router.post("/v1/ask", openapi_extra=schema_of(AskBody))
async def ask(request: Request, state: Shared, trace_id: TraceId, body: Ask) -> Response:
    """A cited answer, or a refusal with its reason."""
    state.live.check()
    events: asyncio.Queue[Event] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def emit(name: str, view: View) -> None:
        loop.call_soon_threadsafe(events.put_nowait, (name, view))

    deadline = time.monotonic() + state.settings.deadline_s
    ticket = state.workers.submit(_answering(state, body, trace_id, deadline, emit if body.stream else None), deadline)
    if not body.stream:
        return await _whole(request, state, ticket)
    stream = _stream(state, ticket, events)
    try:
        first = await anext(stream)  # whatever goes wrong before the first event is still an ordinary error response
    except BaseException:
        ticket.give_up()
        raise
    return StreamingResponse(_after(first, stream, state, trace_id), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.post("/v1/search", openapi_extra=schema_of(SearchBody))
async def search(request: Request, state: Shared, trace_id: TraceId, body: Search) -> Response:
    """Ranked chunks with every stage's score."""
    state.live.check()
    deadline = time.monotonic() + state.settings.deadline_s

    def work(gone: threading.Event) -> View:
        started = time.perf_counter()
        with state.live.lease() as rag, rag.tracer.trace("search", trace_id=trace_id) as span:
            span.update(input=body.question)
            found = state.pipeline.retrieve(rag, body.question, as_filters(body.filters), body.k, deadline=deadline)
            timings = timings_view(found.timings_ms, (time.perf_counter() - started) * 1000)
            observe_stages(state, timings)
            return {
                "hits": (
                    [unit_view(unit) for unit in units(found.passages, rag.index.vectors)]
                    if body.whole
                    else [hit_view(passage) for passage in found.passages]
                ),
                "timings_ms": timings,
                "degraded": list(found.degraded),
                "trace_id": trace_id,
                "index": index_view(rag),
            }

    return await _whole(request, state, state.workers.submit(work, deadline))


@router.post("/v1/verify", openapi_extra=schema_of(SavedAnswer))
async def verify(request: Request, state: Shared, body: Saved) -> Response:
    """Whether a saved answer still stands: each of its quotes there, moved or gone in the index of today."""
    state.live.check()
    deadline = time.monotonic() + state.settings.deadline_s

    def work(gone: threading.Event) -> View:
        with state.live.lease() as rag:
            return recheck(body, rag.index)

    return await _whole(request, state, state.workers.submit(work, deadline))


@router.post("/v1/feedback", status_code=202, openapi_extra=schema_of(FeedbackBody))
async def feedback(state: Shared, body: Feedback) -> Response:
    """Whether an answer helped: a score on its trace."""
    with state.live.lease() as rag:
        rag.tracer.score(body.trace_id, "helpful", float(body.helpful), body.comment)
    return Json({"trace_id": body.trace_id}, 202)


@router.get("/healthz")
async def healthz() -> Response:
    """The process is alive."""
    return Json({"status": "alive", "version": version("evdocs")})


@router.get("/readyz")
async def readyz(state: Shared) -> Response:
    """Questions can be answered, and with what; else 503 with the reason."""
    with state.live.lease() as rag:
        mode = "llm" if rag.writers else "extractive"
        return Json({"status": "ready", "models": models_view(rag, mode), "index": index_view(rag), "warning": state.live.warning or None})


@router.get("/metrics")
async def metrics(state: Shared) -> Response:
    """Figures for Prometheus."""
    return PlainTextResponse(state.metrics.text(), media_type=names.CONTENT_TYPE)


def _answering(state: State, body: AskBody, trace_id: str, deadline: float, emit: Emit | None) -> Callable[[threading.Event], View]:
    """The work of one question, to be done on the model thread."""
    history = tuple((turn.question, turn.answer) for turn in body.history)
    question = Question(body.question, as_filters(body.filters), body.mode, body.user_id, body.session_id, history)

    def work(gone: threading.Event) -> View:
        def tell(name: str, view: View) -> None:
            if gone.is_set():
                raise CancelledError
            if emit is not None:
                emit(name, view)

        def sentence(text: str) -> None:
            tell("token", {"text": text})

        def citation(found: Citation) -> None:
            tell("citation", citation_view(found))

        started = time.perf_counter()
        with state.live.lease() as rag:
            answer = state.pipeline.answer(
                rag, question, trace_id=trace_id, deadline=deadline, on_sentence=sentence, on_citation=citation
            )  # fmt: skip
            view = answer_view(answer, rag, trace_id, (time.perf_counter() - started) * 1000)
        _count(state, answer, view)
        return view

    return work


def _count(state: State, answer: Answer, view: View) -> None:
    state.metrics.count(names.ANSWERS, status=answer.status)
    if answer.refusal is not None:
        state.metrics.count(names.REFUSALS, reason=answer.refusal.reason)
    for kind, n_tokens in (("input", answer.usage.input_tokens), ("output", answer.usage.output_tokens)):
        if n_tokens:
            state.metrics.count(names.LLM_TOKENS, n_tokens, kind=kind)
    if answer.usage.cost:
        state.metrics.count(names.LLM_COST, answer.usage.cost)
    for part in parts(answer.degraded):
        state.metrics.count(names.DEGRADED, part=part)
    observe_stages(state, view["timings_ms"])


def observe_stages(state: State, timings_ms: dict[str, float]) -> None:
    """Put the stages that ran into the histogram."""
    for stage, milliseconds in timings_ms.items():
        if milliseconds:
            state.metrics.observe(names.STAGES, milliseconds / 1000, stage=stage)


async def _whole(request: Request, state: State, ticket: Ticket[View]) -> Response:
    """Wait for a ticket's result, but no longer than its client does."""
    result = asyncio.ensure_future(state.workers.result(ticket))
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait((result, gone), return_when=asyncio.FIRST_COMPLETED)
        if not result.done():
            ticket.give_up()
            return Response(status_code=CLIENT_GONE)
        return Json(result.result())
    finally:
        for task in (result, gone):
            task.cancel()
        await asyncio.gather(result, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _stream(state: State, ticket: Ticket[View], events: asyncio.Queue[Event]) -> AsyncIterator[str]:
    """Server-sent events: `token` and `citation` as they come, then one `answer`; comments keep quiet connections open."""
    result = asyncio.ensure_future(state.workers.result(ticket))
    result.add_done_callback(lambda _: events.put_nowait((_END, {})))
    try:
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    name, view = await events.get()
            except TimeoutError:
                yield ": heartbeat\n\n"
                continue
            if name == _END:
                break
            yield _event(name, view)
        yield _event("answer", result.result())
    finally:
        ticket.give_up()
        result.cancel()
        await asyncio.gather(result, return_exceptions=True)


async def _after(first: str, rest: AsyncIterator[str], state: State, trace_id: str) -> AsyncIterator[bytes]:
    """The stream with its first event put back; an error after it has begun becomes an `error` event."""
    yield first.encode("utf-8", "replace")
    try:
        async for event in rest:
            yield event.encode("utf-8", "replace")
    except EvdocsError as error:
        yield _event("error", state.problem(error, trace_id)).encode()


def _event(name: str, view: Any) -> str:
    return f"event: {name}\ndata: {dumps(view)}\n\n"
