"""What the product needs from the outside world, as Protocols, and the record that holds one of each.

Adapters live in `service/adapters`, one file each; only `service/wire.py` names them. Every adapter of a port passes the same
suite in `tests/contracts`. All calls are synchronous: the service runs them off its event loop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from service.core.code_table import CodeTable
from service.core.late import Read, TokenVectors
from service.core.manifest import Manifest
from service.core.settings import Settings
from service.core.types import Chunk, Document, Draft, Filters, Hit, Judgement, Passage, Restated, Writing
from service.core.words import Words

Vectors = NDArray[np.float32]
SpanKind = Literal["chain", "retriever", "embedding", "reranker", "generation", "guardrail", "span"]


class Embedder(Protocol):
    """Texts to unit vectors, and to a vector a token. Queries and passages may get different prefixes."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors would: weights, prefixes, pooling. Part of the manifest."""

    @property
    def dimensions(self) -> int:
        """Length of one vector."""

    @property
    def max_tokens(self) -> int:
        """Window of the model in its own tokens, special tokens included. Longer texts would be cut."""

    @property
    def late_dimensions(self) -> int:
        """Length of one token's vector; 0 where the model has no token vectors, and so no late interaction."""

    def read_queries(self, texts: Sequence[str]) -> Read:
        """What `embed_queries` gives and the token vectors, in one pass. A question of nothing but stop words keeps them."""

    def read_passages(self, texts: Sequence[str]) -> Read:
        """What `embed_passages` gives and the token vectors, int8, in one pass."""

    def token_places(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """For each text (tokens, 2): which characters [start, end) each of the token vectors stands for that `read_passages` gives."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions), float32, L2-normalised."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions), float32, L2-normalised."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as a passage, special tokens and prefix included, never truncated."""


class VectorStore(Protocol):
    """One published build's chunks, read-only. Several processes may hold one build open at once."""

    def search(self, vector: Vectors, k: int, filters: Filters) -> list[Hit]:
        """The k nearest chunks by cosine, best first, ties by chunk id. Unknown filter values match nothing."""

    def fetch(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        """The chunks of these ids, in the order asked; ids not stored are left out."""

    def chunk_ids(self) -> list[str]:
        """Every stored id, sorted."""

    def close(self) -> None:
        """Release files and sockets; calling it twice is harmless."""


class VectorWriter(Protocol):
    """Fills a new, unpublished build."""

    def write(self, chunks: Sequence[Chunk], vectors: Vectors, documents: Mapping[str, Document]) -> None:
        """Store chunks with their vectors and the filter fields of their documents (by document id)."""

    def finish(self) -> None:
        """Everything written is on disk when this returns; payload indexes for FILTER_FIELDS exist."""


class LexicalIndex(Protocol):
    """Ranked keyword search over the same chunks, with the analyzer of `core.text`."""

    def search(self, query: str, k: int, filters: Filters) -> list[Hit]:
        """The k best chunks with a score above zero, best first, ties by chunk id."""

    def chunk_ids(self) -> list[str]:
        """Every indexed id, sorted."""

    def close(self) -> None:
        """Release files and sockets; calling it twice is harmless."""


class LateIndex(Protocol):
    """Late interaction with the same chunks: how well the tokens of a question are met by the tokens of a chunk."""

    def score(self, tokens: TokenVectors, chunk_ids: Sequence[str]) -> list[float]:
        """One score a chunk, in the order given; the caller sorts. The mean over the question's tokens, weighted by their idf, of the
        best cosine any token of the chunk reaches (MaxSim): in [-1, 1], comparable across questions. A chunk that is not stored or
        has no tokens scores 0, below all that share a subject."""

    def compare(self, tokens: TokenVectors, chunk_ids: Sequence[str]) -> list[NDArray[np.float32]]:
        """For each chunk, in the order given, (question tokens, chunk tokens): their cosines. (question tokens, 0) for a chunk that is not
        stored."""

    def weights(self, tokens: TokenVectors) -> NDArray[np.float32]:
        """(question tokens,): what each counts in `score`, summing to one."""

    def chunk_ids(self) -> list[str]:
        """Every stored id, sorted."""

    def close(self) -> None:
        """Release files and sockets; calling it twice is harmless."""


class LateWriter(Protocol):
    """Fills a new, unpublished build with token vectors."""

    def write(self, chunks: Sequence[Chunk], tokens: Sequence[TokenVectors]) -> None:
        """Store the token vectors (int8) of chunks, one a chunk, each chunk once."""

    def finish(self) -> None:
        """Everything written is on disk when this returns, idf included."""


class Reranker(Protocol):
    """Reads question and passage together."""

    @property
    def fingerprint(self) -> str:
        """Name and version for the response and the trace."""

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """One relevance score a text, in the order given, higher is better; the caller sorts."""

    def judge(
        self,
        question: str,
        texts: Sequence[str],
        deadline: float = math.inf,
        enough: Callable[[Sequence[Judgement | None]], bool] | None = None,
    ) -> list[Judgement | None]:
        """One judgement a text, in the order given; None where `deadline` (a time.monotonic() value) left no time, or where `enough`,
        asked after every few texts what is judged so far, said yes. Give the most promising texts first."""


class Generator(Protocol):
    """Writes the answer from passages, a sentence at a time."""

    @property
    def fingerprint(self) -> str:
        """Name and version for the response and the trace."""

    def stream(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Iterator[Draft]:
        """Sentences in order. Raises ModelUnavailable or DeadlineExceeded when it cannot go on."""


class Writer(Protocol):
    """A language model that writes an answer from passages. What it wrote is not proved yet, so nothing of it is handed on before it is
    complete: `service.writing` decides what of it holds."""

    @property
    def fingerprint(self) -> str:
        """Model and prompt version, for the response and the trace."""

    @property
    def model(self) -> str:
        """The model's name alone."""

    def write(self, question: str, passages: Sequence[Passage], deadline_s: float) -> Writing:
        """A whole answer within `deadline_s` seconds. Raises ModelUnavailable or DeadlineExceeded."""

    def restate(self, question: str, history: Sequence[tuple[str, str]], deadline_s: float) -> Restated:
        """The question with what it leaves out, from the (question, answer) pairs before it, oldest first, within `deadline_s` seconds. As
        the model wrote it: `service.followup` decides whether it holds. Raises ModelUnavailable or DeadlineExceeded."""


class Span(Protocol):
    """One timed stage of a trace."""

    def update(self, **fields: Any) -> None:
        """Add `input`, `output`, `metadata`, `usage` (tokens by kind), `cost`, `model`, `prompt` (name and version) or `level`."""


class Tracer(Protocol):
    """Where stages are reported. It never raises into a request and never blocks one."""

    def trace(self, name: str, *, trace_id: str, user_id: str | None = None, session_id: str | None = None) -> AbstractContextManager[Span]:
        """The root span of one request; stages opened inside it belong to it."""

    def span(self, name: str, kind: SpanKind, **fields: Any) -> AbstractContextManager[Span]:
        """A stage inside the current span of this thread."""

    def score(self, trace_id: str, name: str, value: float, comment: str | None = None) -> None:
        """A score on a finished trace (user feedback, say)."""

    def close(self) -> None:
        """Hand over what is buffered, within 3 s, then stop."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of one build, open for reading. `late` is None where the embedder has no token vectors."""

    vectors: VectorStore
    lexical: LexicalIndex
    late: LateIndex | None

    def close(self) -> None:
        """Close them all; calling it twice is harmless."""
        self.vectors.close()
        self.lexical.close()
        if self.late is not None:
            self.late.close()


@dataclass(frozen=True, slots=True)
class Index:
    """One published build, open for reading: its stores, the documents by id, the codes and words in them, and the manifest that ties
    them. `late` is None where the embedder has no token vectors."""

    manifest: Manifest
    documents: Mapping[str, Document]
    vectors: VectorStore
    lexical: LexicalIndex
    codes: CodeTable = field(default_factory=CodeTable)
    late: LateIndex | None = None
    words: Words = field(default_factory=Words)

    def close(self) -> None:
        self.vectors.close()
        self.lexical.close()
        if self.late is not None:
            self.late.close()


@dataclass(frozen=True, slots=True)
class Rag:
    """Everything one request needs. `writers` are asked in turn until the answer of one holds, the small model first."""

    settings: Settings
    index: Index
    embedder: Embedder
    reranker: Reranker | None
    generators: Mapping[str, Generator]
    tracer: Tracer
    writers: tuple[Writer, ...] = ()
