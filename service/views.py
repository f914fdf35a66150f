"""Records in, the JSON objects of the HTTP contract out. Only plain values leave; nothing is decided here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import JSONResponse

from service.core.ports import Rag
from service.core.types import Answer, Citation, Document, Passage
from service.units import Unit

STAGES = ("embed", "dense", "lexical", "fuse", "rerank", "answer", "total")
SCORES = ("dense", "lexical", "fused", "rerank")
View = dict[str, Any]


def dumps(value: Any) -> str:
    """Compact JSON; NaN is a bug and raises ValueError."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Json(JSONResponse):
    """JSON whose text may hold half a surrogate pair (broken PDF text): it becomes "?" instead of an error."""

    def render(self, content: Any) -> bytes:
        return dumps(content).encode("utf-8", "replace")


def _number(value: float | None) -> float | None:
    """A plain float (numpy's are no JSON); None for what is no number."""
    return float(value) if value is not None and math.isfinite(value) else None


def citation_view(citation: Citation) -> View:
    """One citation."""
    return asdict(citation) | {"score": _number(citation.score)}


def timings_view(timings_ms: Mapping[str, float], total_ms: float) -> dict[str, float]:
    """Milliseconds of every stage of the contract; a stage that did not run took 0."""
    timings = {"total": total_ms} | dict(timings_ms)
    return {stage: round(float(timings.get(stage, 0.0)), 3) for stage in STAGES}


def answer_view(answer: Answer, rag: Rag, trace_id: str, total_ms: float) -> View:
    """The body of `POST /v1/ask`."""
    refusal = answer.refusal
    return {
        "status": answer.status,
        "answer": answer.text,
        "citations": [citation_view(citation) for citation in answer.citations],
        "notices": [asdict(notice) for notice in answer.notices],
        "refusal": refusal
        and {"reason": refusal.reason, "message": refusal.message, "nearest": [citation_view(nearest) for nearest in refusal.nearest]},
        "confidence": _number(answer.confidence) or 0.0,
        "mode": answer.mode,
        "verification": asdict(answer.verification),
        "degraded": list(answer.degraded),
        "trace_id": trace_id,
        "timings_ms": timings_view(answer.timings_ms, total_ms),
        "models": models_view(rag, answer.mode, answer.generator),
        "index": index_view(rag),
    }


def models_view(rag: Rag, mode: str, wrote: str = "") -> View:
    """Which models answered; `reranker` and `generator` are null where there is none. `wrote` names the language model and the prompt that
    wrote an answer; before there is one, those that will be asked first are named."""
    generator = rag.writers[0] if mode == "llm" and rag.writers else rag.generators.get(mode)
    return {
        "embedder": rag.embedder.fingerprint,
        "reranker": rag.reranker.fingerprint if rag.reranker else None,
        "generator": wrote or (generator.fingerprint if generator else None),
    }


def index_view(rag: Rag) -> View:
    """Which build answered."""
    manifest = rag.index.manifest
    return {"build_id": manifest.build_id, "documents": manifest.n_documents, "chunks": manifest.n_chunks}


def unit_view(unit: Unit) -> View:
    """One hit of `POST /v1/search` with its whole unit."""
    whole = {"chunk_ids": list(unit.chunk_ids), "page": unit.page_first, "page_end": unit.page_last, "text": unit.text}
    return hit_view(unit.passage) | {"unit": whole}


def hit_view(passage: Passage) -> View:
    """One hit of `POST /v1/search`."""
    chunk, document = passage.chunk, passage.document
    return {
        "chunk_id": chunk.chunk_id,
        "document_id": document.document_id,
        "file": document.file,
        "title": document.title,
        "page": chunk.page_first,
        "page_end": chunk.page_last,
        "page_label": document.page_label(chunk.page_first),
        "section": list(chunk.section),
        "kind": chunk.kind,
        "text": chunk.text,
        "scores": {name: _number(passage.scores.get(name)) for name in SCORES},
    }


def document_view(document: Document) -> View:
    """One document with everything known about it but `source`, a path of the machine that indexed it."""
    fields = asdict(document)
    del fields["source"]
    return fields


def document_summary(document: Document) -> View:
    """One row of the list: without what grows with its pages."""
    fields = document_view(document)
    for name in ("page_labels", "empty_pages", "ocr_pages", "warnings"):
        fields["n_" + name] = len(fields.pop(name))
    del fields["n_page_labels"], fields["origins"]
    return fields
