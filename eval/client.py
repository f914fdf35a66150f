"""A question in, hits or an answer out, from one of two systems: a running service over HTTP, or the same pipeline in this process.

Both give the JSON form of the HTTP API, so that metrics see one form. No gold item is known here.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, cast

import httpx

from service.core.catalogue import source_file
from service.core.errors import EvdocsError
from service.core.manifest import REINGEST, current_build_id
from service.core.ports import Rag
from service.core.settings import Settings
from service.core.types import Filters, Hit
from service.views import answer_view, document_summary, hit_view, models_view

Json = dict[str, Any]
RETRIES = 8
LONGEST_WAIT_S = 20.0
SEARCHES = ("dense", "lexical", "exact", "late", "fused")
N_BEST = 10  # hits of each search by itself


class CallFailed(RuntimeError):
    """A question got no result; the text says why. It becomes the item's error."""


class Unreachable(RuntimeError):
    """There is no system to ask; the text says why."""


class System(Protocol):
    """What is judged. `shows_searches` says whether each search can be asked by itself."""

    @property
    def shows_searches(self) -> bool: ...

    def describe(self) -> Json:
        """What answers: kind, models, index (with build_id), settings fingerprint, as far as it can be known."""

    def documents(self) -> list[Json]:
        """Every indexed document, with at least document_id, file and aliases."""

    def search(self, question: str, k: int, filters: Filters) -> Json:
        """Ranked hits as `POST /v1/search` gives them. Raises CallFailed."""

    def searches(self, question: str, filters: Filters) -> dict[str, list[Json]]:
        """The best hits of each of SEARCHES by itself, and of them fused: file, page, page_end. Raises CallFailed."""

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        """An answer as `POST /v1/ask` gives it, and `usage` (tokens, cost) where that is known. Raises CallFailed."""

    def pdf(self, document_id: str) -> bytes:
        """The document's own bytes. Raises OSError."""

    def close(self) -> None:
        """Release what is open."""


class HttpSystem:
    """A running service. Busy replies (429, 503) are asked again after their Retry-After, a bounded number of times."""

    shows_searches = False

    def __init__(self, url: str, *, api_key: str = "", timeout_s: float = 60.0, sleep: Callable[[float], None] = time.sleep) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=timeout_s, trust_env=False)
        self._sleep = sleep
        self.n_retries = 0

    def describe(self) -> Json:
        """The service's own words on itself. Raises Unreachable."""
        try:
            ready = self._call("GET", "/readyz")
        except CallFailed as error:
            raise Unreachable(f"{self._client.base_url} does not answer questions: {error}") from error
        return {"kind": "http", "url": str(self._client.base_url), "models": ready.get("models"), "index": ready.get("index")}

    def documents(self) -> list[Json]:
        try:
            return documents_of(self._call("GET", "/v1/documents"))
        except CallFailed as error:
            raise Unreachable(f"{self._client.base_url} does not list its documents: {error}") from error

    def search(self, question: str, k: int, filters: Filters) -> Json:
        return self._call("POST", "/v1/search", {"question": question, "k": k, "filters": _body(filters)})

    def searches(self, question: str, filters: Filters) -> dict[str, list[Json]]:
        raise CallFailed("a service does not show its searches")

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        return self._call("POST", "/v1/ask", {"question": question, "filters": _body(filters), "mode": mode})

    def pdf(self, document_id: str) -> bytes:
        try:
            reply = self._reply("GET", f"/v1/documents/{document_id}/file")
        except CallFailed as error:
            raise OSError(str(error)) from error
        return reply.content

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        reply = self._reply(method, path, body)
        try:
            value = reply.json()
        except ValueError as error:
            raise CallFailed(f"{path}: the reply is no JSON") from error
        return value if isinstance(value, dict) else {"documents": value}

    def _reply(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        for attempt in range(RETRIES + 1):
            try:
                reply = self._client.request(method, path, json=body)
            except httpx.HTTPError as error:
                raise CallFailed(f"{path}: {type(error).__name__} {error}".rstrip()) from error
            if reply.status_code not in (429, 503) or attempt == RETRIES:
                break
            self.n_retries += 1
            self._sleep(wait_s(reply.headers.get("Retry-After"), attempt))
        if reply.status_code != 200:
            raise CallFailed(f"{path}: HTTP {reply.status_code} {problem(reply)}".rstrip())
        return reply


def wait_s(retry_after: str | None, attempt: int) -> float:
    """Seconds to wait: what the service says, else 0.5, 1, 2, ...; never above 20."""
    try:
        asked = float(retry_after) if retry_after else 0.5 * 2**attempt
    except ValueError:
        asked = 0.5 * 2**attempt
    return min(max(asked, 0.0), LONGEST_WAIT_S)


def problem(reply: httpx.Response) -> str:
    """What a problem+json body says, else the start of the body."""
    try:
        value = reply.json()
    except ValueError:
        return reply.text[:200]
    return str(value.get("detail") or value.get("title") or "") if isinstance(value, dict) else ""


def _body(filters: Filters) -> dict[str, list[str]]:
    return {name: list(values) for name, values in filters.items()}


def documents_of(reply: Json) -> list[Json]:
    """The list in a `GET /v1/documents` reply."""
    documents = reply.get("documents")
    if not isinstance(documents, list):
        raise Unreachable("GET /v1/documents gives no list of documents")
    return [document for document in documents if isinstance(document, dict)]


class InProcess:
    """The pipeline in this process, over the published index of `settings.home`."""

    shows_searches = True

    def __init__(self, settings: Settings, mode: str = "extractive") -> None:
        """Loads models and index; `mode` is how it will be asked. Raises Unreachable."""
        from service.wire import wire

        if current_build_id(settings.home) is None:  # said before models are loaded for nothing
            raise Unreachable(f"There is no index in {settings.home}. {REINGEST}")
        try:
            self.rag: Rag = wire(settings)  # public: a planted regression (`eval.mutation`) swaps its parts
        except EvdocsError as error:
            raise Unreachable(str(error)) from error
        self._mode = mode
        if mode == "llm" and not self.rag.writers:
            self.close()
            raise Unreachable("No language model is set up: EVDOCS_LLM_URL and EVDOCS_LLM_MODEL name one.")

    def describe(self) -> Json:
        from service.adapters.precision import choose_precision

        rag = self.rag
        return {
            "kind": "in process",
            "models": models_view(rag, self._mode),
            "index": {name: value for name, value in asdict(rag.index.manifest).items() if name != "created_at"},
            "settings": settings_fingerprint(rag.settings),
            "precision": choose_precision(rag.settings.precision),
            "n_threads": rag.settings.n_threads,
        }

    def documents(self) -> list[Json]:
        return [document_summary(document) for document in self.rag.index.documents.values()]

    def search(self, question: str, k: int, filters: Filters) -> Json:
        from service.retrieve import retrieve

        try:
            retrieved = retrieve(self.rag, question, filters, k, deadline=self._deadline())
        except EvdocsError as error:
            raise CallFailed(f"{type(error).__name__}: {error}") from error
        return {"hits": [hit_view(passage) for passage in retrieved.passages], "timings_ms": dict(retrieved.timings_ms)}

    def searches(self, question: str, filters: Filters) -> dict[str, list[Json]]:
        from service.candidates import find
        from service.retrieve import understood
        from service.stages import Stages

        try:
            found = find(self.rag, understood(self.rag, question)[0], filters, Stages(self.rag.tracer, self._deadline()))
            return {name: self._pages(getattr(found, name)[:N_BEST]) for name in SEARCHES}
        except EvdocsError as error:
            raise CallFailed(f"{type(error).__name__}: {error}") from error

    def _pages(self, hits: Sequence[Hit]) -> list[Json]:
        index = self.rag.index
        chunks = index.vectors.fetch([hit.chunk_id for hit in hits])
        return [
            {"file": index.documents[chunk.document_id].file, "page": chunk.page_first, "page_end": chunk.page_last} for chunk in chunks
        ]

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        from service.answer import Question, answer

        trace_id, start = uuid.uuid4().hex, time.perf_counter()
        try:
            asked = Question(question, filters, cast(Any, mode))
            given = answer(self.rag, asked, trace_id=trace_id, deadline=self._deadline())
        except EvdocsError as error:
            raise CallFailed(f"{type(error).__name__}: {error}") from error
        view = answer_view(given, self.rag, trace_id, 1000 * (time.perf_counter() - start))
        return view | {"usage": asdict(given.usage)}

    def _deadline(self) -> float:
        return time.monotonic() + self.rag.settings.deadline_s

    def pdf(self, document_id: str) -> bytes:
        document = self.rag.index.documents.get(document_id)
        if document is None:
            raise FileNotFoundError(f"no document {document_id} in the index")
        return source_file(Path(self.rag.settings.home), document).read_bytes()

    def close(self) -> None:
        self.rag.index.close()
        self.rag.tracer.close()


def settings_fingerprint(settings: Settings) -> Mapping[str, Any]:
    """What the settings are, secrets and addresses left out, and 16 hex digits of their hash."""
    left_out = {"home", "host", "port", "qdrant_api_key", "llm_api_key", "api_keys", "langfuse_secret_key", "langfuse_public_key"}
    left_out |= {"alert_url"}
    values = settings.model_dump(mode="json", exclude=left_out)
    return {"fingerprint": sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16], "values": values}
