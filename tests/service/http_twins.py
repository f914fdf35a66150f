"""Rule-based twins of the models and stores, so that the HTTP service can be tried without loading any: a published home folder whose
manifest and catalogue are real, and a pipeline that does what the question says ("slow 2", "refuse", "fail store", ...)."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from service.answer import Question
from service.core import errors
from service.core.catalogue import Entry, read_catalogue, write_catalogue
from service.core.ids import sha256_text
from service.core.late import Read
from service.core.manifest import Manifest, builds_dir, current_build_id, publish, read_manifest, write_manifest
from service.core.ports import Embedder, Index, Rag
from service.core.settings import Settings
from service.core.types import Answer, Chunk, Citation, Document, Filters, Notice, Part, Passage, Refusal, Verification
from service.pipeline import Pipeline
from service.retrieve import Retrieved

SENTENCE = "Tighten the terminal screws to 7 Nm."


def tiny_pdf(pages: Sequence[str], width: int = 300, height: int = 400) -> bytes:
    """A valid PDF with one line of text a page, at (40, 60) from the top left, set in 20 point Helvetica."""
    count = len(pages)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{4 + 2 * i} 0 R' for i in range(count))}] >>",
    ]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, text in enumerate(pages):
        content = f"BT /F1 20 Tf 40 {height - 76} Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    count_all = len(objects) + 1
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        out
        + (
            f"xref\n0 {count_all}\n0000000000 65535 f \n{table}trailer << /Size {count_all} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
        ).encode()
    )


def publish_build(home: Path, build_id: str, *, pdf: bytes | None = None) -> Document:
    """Publish a build of one two-page document and keep its file; the document."""
    pdf = pdf or tiny_pdf([SENTENCE, "Second page"])
    sha256 = hashlib.sha256(pdf).hexdigest()
    document = Document(
        sha256[:16],
        sha256,
        "terminal.pdf",
        "Terminal manual",
        2,
        n_chunks=1,
        product=("T1",),
        source="/secret/place",
        page_labels=("4-2", "4-3"),
    )
    build = builds_dir(home) / build_id
    build.mkdir(parents=True)
    write_catalogue(build, [Entry(document)])
    write_manifest(build, Manifest(build_id, "2026-01-01T00:00:00Z", "twin", 4, "1", "1", "1", "edge", "", 1, 1, sha256_text("c1")))
    (home / "files").mkdir(exist_ok=True)
    (home / "files" / f"{sha256}.pdf").write_bytes(pdf)
    publish(home, build_id)
    return document


class TwinStore:
    """Both stores of a build; it knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = 0

    def search(self, query: Any, k: int, filters: Filters) -> list[Any]:
        return []

    def fetch(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        return []

    def chunk_ids(self) -> list[str]:
        return ["c1"]

    def close(self) -> None:
        self.closed += 1


class TwinModel:
    """Embedder, reranker and generator in one."""

    fingerprint = "twin"
    dimensions = 4
    max_tokens = 256

    def embed_queries(self, texts: Sequence[str]) -> Any:
        return np.ones((len(texts), 4), dtype=np.float32) / 2

    embed_passages = embed_queries
    late_dimensions = 0

    def read_queries(self, texts: Sequence[str]) -> Read:
        return Read(self.embed_queries(texts), ())

    read_passages = read_queries

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [1.0] * len(texts)

    def stream(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Iterator[Any]:
        return iter(())


class TwinSpan:
    """A span that remembers."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}

    def update(self, **fields: Any) -> None:
        self.fields |= fields


class TwinTracer:
    """A tracer that remembers."""

    def __init__(self) -> None:
        self.traces: list[tuple[str, str]] = []
        self.scores: list[tuple[str, str, float, str | None]] = []
        self.closed = 0

    @contextmanager
    def trace(self, name: str, *, trace_id: str, user_id: str | None = None, session_id: str | None = None) -> Iterator[TwinSpan]:
        self.traces.append((name, trace_id))
        yield TwinSpan()

    @contextmanager
    def span(self, name: str, kind: str, **fields: Any) -> Iterator[TwinSpan]:
        yield TwinSpan()

    def score(self, trace_id: str, name: str, value: float, comment: str | None = None) -> None:
        self.scores.append((trace_id, name, value, comment))

    def close(self) -> None:
        self.closed += 1


class Twin:
    """The pipeline and what was done with it: `asked` (questions begun), `opened` (the vector store of each opened build), the tracer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.opened: list[TwinStore] = []
        self.stopped = threading.Event()
        self.tracer = TwinTracer()
        self.questions: list[Question] = []
        self.pipeline = Pipeline(self.wire, self.open_index, self.answer, self.retrieve)

    def wire(self, settings: Settings) -> Rag:
        model = TwinModel()
        return Rag(settings, self.open_index(settings, model), model, model, {"extractive": model}, self.tracer)

    def open_index(self, settings: Settings, embedder: Embedder) -> Index:
        build_id = current_build_id(settings.home)
        if build_id is None:
            raise errors.IndexUnavailable("Nothing is indexed.")
        build = builds_dir(settings.home) / build_id
        manifest = read_manifest(build)
        documents = {entry.document.document_id: entry.document for entry in read_catalogue(build)}
        store = TwinStore()
        self.opened.append(store)
        return Index(manifest, documents, store, TwinStore())

    def retrieve(self, rag: Rag, question: str, filters: Filters, k: int, *, deadline: float) -> Retrieved:
        if rag.index.manifest.build_id.startswith("poison"):
            raise KeyError("a chunk of another form")
        document = next(iter(rag.index.documents.values()))
        part = Part(0, len(SENTENCE), 1, "paragraph")
        chunk = Chunk("c1", document.document_id, 0, SENTENCE, "", ("4 Assembly",), 1, 1, "paragraph", (part,), 8)
        scores = {"dense": np.float32(0.5), "lexical": float("nan"), "fused": 0.03, "rerank": 1.5}
        return Retrieved((Passage(chunk, document, scores),), {"embed": 1.0, "dense": 2.0, "total": 3.5}, ())  # type: ignore[arg-type]

    def answer(
        self,
        rag: Rag,
        question: Question,
        *,
        trace_id: str,
        deadline: float,
        on_sentence: Callable[[str], None] | None = None,
        on_citation: Callable[[Citation], None] | None = None,
    ) -> Answer:
        self.asked.append(question.text)
        self.questions.append(question)
        command, _, argument = question.text.partition(" ")
        document = next(iter(rag.index.documents.values()))
        citation = Citation(
            1,
            document.document_id,
            document.file,
            document.title,
            None,
            1,
            "4-2",
            ("4 Assembly",),
            SENTENCE,
            ((40.0, 60.0, 200.0, 84.0),),
            np.float32(0.5),
        )  # type: ignore[arg-type]
        if command == "slow":
            self._sleep(float(argument), on_sentence)
        elif command == "deaf":
            time.sleep(float(argument))
        elif command == "refuse":
            return Answer(
                "refused",
                "",
                refusal=Refusal("not_in_documents", "The manuals do not say.", (citation,)),
                confidence=0.1,
                degraded=("rerank",),
            )
        elif command == "fail" and argument == "late":
            assert on_sentence is not None
            on_sentence("half of an ")
            raise errors.StoreUnavailable("The store went away.")
        elif command == "fail":
            raise {"store": errors.StoreUnavailable("The store does not answer."), "bug": ValueError("a secret of the inside")}[argument]
        with rag.tracer.trace("ask", trace_id=trace_id):
            if on_sentence is not None and on_citation is not None:
                on_sentence(f"{SENTENCE} [1]")
                on_citation(citation)
        notices = (Notice("danger", "High voltage.", 1),)
        timings = {"embed": 1.25, "rerank": 20.5, "total": 30.0}
        return Answer("answered", f"{SENTENCE} [1]", (citation,), notices, None, 0.9, "extractive", Verification(1, 1, 1, 1), (), timings)

    def _sleep(self, seconds: float, on_sentence: Callable[[str], None] | None) -> None:
        """Work that says something every 20 ms, and so hears that nobody listens any more."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                time.sleep(0.02)
                if on_sentence is not None:
                    on_sentence(".")
        except BaseException:
            self.stopped.set()
            raise


def wait_until(what: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for something to become true; fails the test otherwise."""
    until = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.01)
