"""Another embedder by setting: a model of another family, tokenizer and window is ingested and searched with, in another language."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from manuals import indexed, manuals
from multilingual import WINDOW, tiny_multilingual

from service.adapters.embedder import SentenceTransformerEmbedder
from service.core.errors import IndexIncompatible
from service.core.ports import Rag
from service.degraded import LANGUAGE
from service.retrieve import retrieve
from service.wire import wire

GERMAN = "Mit welchem Drehmoment werden die Klemmschrauben der Lark 40 angezogen?"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_multilingual(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def lark(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("lark")
    rag, _ = indexed(manuals(folder / "manuals"), home=folder / "home", embedder=str(model))
    yield rag
    rag.index.close()


def test_chunks_are_cut_to_the_other_model_s_window_by_its_own_tokenizer(lark: Rag) -> None:
    chunks = lark.index.vectors.fetch(lark.index.vectors.chunk_ids())
    counted = lark.embedder.count_tokens([chunk.indexed_text for chunk in chunks])
    assert lark.embedder.max_tokens == WINDOW
    assert [chunk.n_tokens for chunk in chunks] == counted
    assert max(counted) <= WINDOW


def test_a_german_question_finds_the_english_page_and_its_language_is_not_called_unsupported(lark: Rag) -> None:
    found = retrieve(lark, GERMAN, {}, 5, deadline=time.monotonic() + 30)
    assert found.degraded == ()  # late interaction is not there to be left out: the model has no projection for it
    assert any("Torque (Nm)" in passage.chunk.text for passage in found.passages[:3])  # by the glossary, in BM25
    assert {passage.document.file for passage in found.passages} == {"lark-40-service-manual.pdf"}
    assert all(passage.scores["dense"] is not None for passage in found.passages)


def test_the_packaged_model_says_that_it_does_not_read_german(lark: Rag) -> None:
    english = replace(lark, settings=lark.settings.model_copy(update={"embedder": "minilm"}))
    assert LANGUAGE in retrieve(english, GERMAN, {}, 5, deadline=time.monotonic() + 30).degraded


def test_the_same_text_is_nearest_to_itself_in_any_language(model: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(model), precision="fp32", threads=1, allow_hub=False)
    texts = [GERMAN, "What cools the pack?", "电池用什么冷却?", "Das Kühlmittel muss abkühlen."]
    vectors = embedder.embed_passages(texts)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    assert (embedder.embed_queries(texts) @ vectors.T).argmax(axis=1).tolist() == list(range(len(texts)))
    assert embedder.late_dimensions == 0


def test_an_index_made_with_another_model_is_refused(lark: Rag) -> None:
    with pytest.raises(IndexIncompatible, match="ingest"):
        wire(lark.settings.model_copy(update={"embedder": "minilm"}))
