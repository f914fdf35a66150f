"""The whole line on the sample corpus: questions in, proved answers out, from the embedded store and through qdrant-client."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from qdrant_client import QdrantClient

from eval.pages import PdfPages
from ingest.cache import VectorCache
from service.adapters.extractive import ExtractiveGenerator
from service.adapters.qdrant_server import ServerLexical, ServerStore, ServerWriter
from service.answer import Question, answer
from service.core.catalogue import source_file
from service.core.errors import DeadlineExceeded, ModelUnavailable, StoreUnavailable
from service.core.ports import Rag
from service.core.types import Answer, Citation, Hit, Judgement
from service.retrieve import retrieve

QUESTIONS = (
    "torque for the busbar screws between the modules?",
    "how do I do the coolant pressure test, and what loss is allowed?",
    "what does fault HB5043 mean and what do I check?",
    "max weight of one HVB-4 string?",
    "what PPE do I need before opening the pack?",
)


def ask(rag: Rag, text: str, **fields: object) -> Answer:
    return answer(rag, Question(text, **fields), trace_id=uuid.uuid4().hex, deadline=time.monotonic() + 60)  # type: ignore[arg-type]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_quote_of_an_answer_stands_on_the_page_it_cites(sample_rag: Rag, question: str) -> None:
    made = ask(sample_rag, question)
    assert made.status == "answered"
    assert made.citations
    for item in made.citations:
        document = sample_rag.index.documents[item.document_id]
        pages = PdfPages(source_file(sample_rag.settings.home, document).read_bytes())
        assert pages.find(item.quote, item.page), (item.file, item.page, item.quote)
        assert item.page_label == document.page_label(item.page)
        assert f"[{item.marker}]" in made.text or any(notice.marker == item.marker for notice in made.notices)
        pages.close()
    assert made.verification.numbers == made.verification.numbers_verified


def test_the_bulletins_torque_answers_and_not_only_the_old_one(sample_rag: Rag) -> None:
    made = ask(sample_rag, QUESTIONS[0])
    assert "15" in made.text
    assert any(item.file.startswith("service-bulletin") for item in made.citations)


def test_a_procedure_comes_in_order_with_its_warning(sample_rag: Rag) -> None:
    made = ask(sample_rag, QUESTIONS[1])
    steps = [made.text.index(f"{number}. ") for number in (1, 2, 3, 4, 5)]
    assert steps == sorted(steps)
    assert any(notice.level == "warning" and "1.6 bar" in notice.text for notice in made.notices)


@pytest.mark.parametrize("question", ["who won the football world cup in 1998?", "recipe for sourdough bread with rye flour"])
def test_what_the_manuals_are_not_about_is_refused_with_a_reason(sample_rag: Rag, question: str) -> None:
    made = ask(sample_rag, question)
    assert made.status == "refused"
    assert made.refusal is not None
    assert made.refusal.reason in ("out_of_scope", "not_in_documents")
    assert made.text == ""


def test_filters_hold_for_both_searches(sample_rag: Rag) -> None:
    found = retrieve(sample_rag, "torque of the screws", {"doc_type": ("bulletin",)}, 20, deadline=time.monotonic() + 60)
    assert found.passages
    assert {passage.document.doc_type for passage in found.passages} == {"bulletin"}
    assert not retrieve(sample_rag, "torque", {"product": ("No such truck",)}, 20, deadline=time.monotonic() + 60).passages


def test_each_stage_is_scored_and_timed(sample_rag: Rag) -> None:
    found = retrieve(sample_rag, QUESTIONS[2], {}, 20, deadline=time.monotonic() + 60)
    assert {"embed", "dense", "lexical", "fuse", "rerank", "total"} <= set(found.timings_ms)
    assert len({passage.chunk.chunk_id for passage in found.passages}) == len(found.passages) == 20
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert found.passages[0].scores["rerank"] is not None


def test_the_same_question_gives_the_same_answer(sample_rag: Rag) -> None:
    first, second = ask(sample_rag, QUESTIONS[0]), ask(sample_rag, QUESTIONS[0])
    assert replace(first, timings_ms={}) == replace(second, timings_ms={})


def test_sentences_and_citations_are_told_as_the_answer_holds_them(sample_rag: Rag) -> None:
    sentences: list[str] = []
    citations: list[Citation] = []
    made = answer(
        sample_rag, Question(QUESTIONS[2]), trace_id="0" * 32, deadline=time.monotonic() + 60, on_sentence=sentences.append,
        on_citation=citations.append,
    )  # fmt: skip
    assert "".join(sentences).strip() == made.text
    assert [item for item in made.citations if item in citations] == citations


class Down:
    """A part that does not answer."""

    fingerprint = "down"

    def search(self, *_: object) -> list[Hit]:
        raise StoreUnavailable("down")

    def score(self, tokens: object, *_: object) -> list[float]:
        raise ModelUnavailable("down") if isinstance(tokens, str) else StoreUnavailable("down")

    def weights(self, *_: object) -> list[float]:
        raise StoreUnavailable("down")

    def judge(self, *_: object) -> list[Judgement | None]:
        raise ModelUnavailable("down")


@pytest.mark.parametrize(("part", "named"), [("lexical", "lexical"), ("late", "late"), ("reranker", "rerank")])
def test_an_answer_comes_without_a_part_that_is_down_and_says_so(sample_rag: Rag, part: str, named: str) -> None:
    down = Down()
    if part == "reranker":
        rag = replace(sample_rag, reranker=down, generators={"extractive": ExtractiveGenerator()})
    else:
        rag = replace(sample_rag, index=replace(sample_rag.index, **{part: down}))
    made = ask(rag, QUESTIONS[0])
    assert made.degraded == (named,)
    assert ask(rag, "who won the football world cup in 1998?").status == "refused"
    assert made.status == "answered"
    assert made.citations
    assert made.verification.numbers == made.verification.numbers_verified


def test_a_deadline_in_the_past_is_said_not_ignored(sample_rag: Rag) -> None:
    with pytest.raises(DeadlineExceeded):
        answer(sample_rag, Question("x"), trace_id="0" * 32, deadline=time.monotonic() - 1)


def test_an_llm_asked_for_but_not_set_up_is_named(sample_rag: Rag) -> None:
    assert "llm_not_configured" in ask(sample_rag, QUESTIONS[0], mode="llm").degraded


@pytest.fixture
def through_client(sample_rag: Rag) -> Iterator[Rag]:
    """The same chunks and vectors in a collection behind qdrant-client; BM25 stays the same index."""
    index = sample_rag.index
    chunks = index.vectors.fetch(index.vectors.chunk_ids())
    client = QdrantClient(":memory:")
    writer = ServerWriter(client, "evdocs.test", sample_rag.embedder.dimensions)
    cache = VectorCache(sample_rag.settings.home / "cache", sample_rag.embedder)  # in other batches bf16 would round otherwise
    read, n_new = cache.read([chunk.indexed_text for chunk in chunks])
    cache.close()
    assert n_new == 0
    writer.write(chunks, read.vectors, index.documents)
    writer.finish()
    store = ServerStore(client, "evdocs.test")
    yield replace(sample_rag, index=replace(index, vectors=store))
    assert ServerLexical(client, "evdocs.test").chunk_ids() == index.lexical.chunk_ids()
    client.close()


def test_the_qdrant_client_adapter_gives_the_same_answers_as_the_embedded_store(sample_rag: Rag, through_client: Rag) -> None:
    for question in QUESTIONS:
        ids = [
            [passage.chunk.chunk_id for passage in retrieve(rag, question, {}, 20, deadline=time.monotonic() + 60).passages]
            for rag in (sample_rag, through_client)
        ]
        assert ids[0] == ids[1]
        assert ask(sample_rag, question).text == ask(through_client, question).text


def test_the_network_is_out_of_reach_in_tests() -> None:
    with socket.socket() as tried, pytest.raises(AssertionError, match="leave this machine"):
        tried.connect(("192.0.2.1", 80))
