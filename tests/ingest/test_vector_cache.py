"""What the embedder made of a text is computed once, token vectors included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.cache import VectorCache
from service.adapters.embedder import SentenceTransformerEmbedder
from service.core.late import Read
from service.core.ports import Embedder, Vectors


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder("minilm", precision="fp32", threads=1, allow_hub=False)


@pytest.fixture
def cache(tmp_path: Path, minilm: Embedder) -> Iterator[VectorCache]:
    with closing(VectorCache(tmp_path, minilm)) as made:
        yield made


class Tokenless:
    """A model without token vectors."""

    fingerprint, dimensions, max_tokens, late_dimensions = "tokenless-1", 3, 256, 0

    def read_passages(self, texts: Sequence[str]) -> Read:
        return Read(self.embed_passages(texts), ())

    read_queries = read_passages

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return np.array([[len(text), 1, 0] for text in texts], np.float32)

    embed_queries = embed_passages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


def test_the_second_reading_computes_nothing_and_gives_the_same(cache: VectorCache, minilm: Embedder) -> None:
    texts = ["Tighten the lugs to 12 Nm.", "", "the of and", "Tighten the lugs to 12 Nm."]
    first, n_fresh = cache.read(texts)
    again, n_more = cache.read([*texts, "Check the relay."])
    assert (n_fresh, n_more) == (3, 1)
    wanted = minilm.read_passages([*texts, "Check the relay."])
    assert np.array_equal(first.vectors, again.vectors[:4])
    assert (again.vectors * wanted.vectors).sum(1).min() > 0.9999
    for made, text in zip(again.tokens, wanted.tokens, strict=True):
        assert np.array_equal(made.ids, text.ids)
        assert np.abs(made.vectors.astype(int) - text.vectors).max(initial=0) <= 1
        assert made.vectors.dtype == np.int8


def test_what_was_computed_survives_the_process(tmp_path: Path, minilm: Embedder) -> None:
    with closing(VectorCache(tmp_path, minilm)) as cache:
        cache.read(["relay"])
    with closing(VectorCache(tmp_path, minilm)) as cache:
        assert cache.read(["relay"])[1] == 0


def test_a_model_without_token_vectors_is_cached_as_well(tmp_path: Path) -> None:
    with closing(VectorCache(tmp_path, Tokenless())) as cache:
        made, n_fresh = cache.read(["ab", "abc"])
        again, n_more = cache.read(["abc", "ab"])
    assert (n_fresh, n_more) == (2, 0)
    assert made.tokens == again.tokens == ()
    assert again.vectors.tolist() == made.vectors[::-1].tolist()
