"""The last layer of a model, made small enough to keep a vector a token: words that say something, few dimensions, int8.

In: a model folder (its projection stands beside the weights, or here where the weights are the packaged ones), then the last layer over
a text. Out: token vectors of questions and of passages. It must not know how the model is run, nor what is done with the vectors.

The projection is an uncentred, partly whitened singular value decomposition of token vectors, fitted by `eval/fit_projection.py`: with
128 of 384 dimensions it ranks as well as all of them (eval/LOG.md). A folder of one's own gets one by that script as well; without, the
model has no token vectors.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.adapters.encoders import Hidden
from service.adapters.weights import file_hash
from service.core.errors import ModelUnavailable
from service.core.ids import sha256_text
from service.core.late import TokenVectors
from service.core.text import STOP_WORDS

PACKAGED = Path(__file__).parent.parent / "models" / "late" / "minilm.safetensors"
BESIDE = "late/projection.safetensors"
"""Where a model folder keeps its own projection."""
_VERSION = "1"  # of what this module makes of the last layer
_CONTINUED, _BEGINS = "##", "▁Ġ"  # how WordPiece marks a piece inside a word; SentencePiece and byte-level BPE one at its beginning


def find_projection(folder: Path) -> Path | None:
    """The projection for the model of a folder: its own, or the packaged one if these are the weights it was fitted for."""
    if (folder / BESIDE).is_file():
        return folder / BESIDE
    weights = folder / "model.safetensors"
    if weights.is_file() and fitted_for(PACKAGED) == file_hash(weights):
        return PACKAGED
    return None


def fitted_for(path: Path) -> str:
    """SHA-256 of the weights a projection was fitted for. Raises ModelUnavailable."""
    return _read(path)[1].get("weights_sha256", "")


def late_version(path: Path | None) -> str:
    """What token vectors depend on beyond the model; part of the embedder's fingerprint. "" where there are none."""
    if path is None:
        return ""
    return f"{_VERSION} {file_hash(path)} {sha256_text(' '.join(sorted(STOP_WORDS)))}"


class TokenReducer:
    """One projection and one vocabulary."""

    def __init__(self, path: Path, tokenizer: Any) -> None:
        """`tokenizer` is a `tokenizers.Tokenizer`. Raises ModelUnavailable."""
        self._projection: NDArray[np.float32] = _read(path)[0]
        self.dimensions = int(self._projection.shape[1])
        self._special, self._silent = word_classes(tokenizer)

    def of_question(self, text: Hidden) -> TokenVectors:
        """float32, length one. A question of nothing but stop words and punctuation keeps them."""
        kept = ~self._silent[text.ids]
        if not kept.any():
            kept = ~self._special[text.ids]
        return TokenVectors(text.ids[kept], self._directions(text.vectors[kept]))

    def of_passage(self, text: Hidden) -> TokenVectors:
        """int8, each vector stretched to the whole range, as only its direction counts."""
        kept = ~self._silent[text.ids]
        vectors = self._directions(text.vectors[kept])
        largest = np.abs(vectors).max(1, keepdims=True, initial=1e-9)
        return TokenVectors(text.ids[kept], np.rint(vectors * (127 / largest)).astype(np.int8))

    def places(self, ids: Sequence[int], offsets: Sequence[tuple[int, int]], n_prefix: int, max_tokens: int) -> NDArray[np.int32]:
        """(n, 2) characters of a passage that its token vectors stand for. `ids` and `offsets` are of prefix and text, uncut: what does not
        fit the window, the last special token included, has no vector."""
        own = np.array(ids, np.int64)
        cut = len(own) if len(own) <= max_tokens else max_tokens - 1
        kept = ~self._silent[own[:cut]]
        return np.asarray(np.array(offsets, np.int32).reshape(-1, 2)[:cut][kept] - n_prefix, np.int32)

    def _directions(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        projected = vectors @ self._projection
        return np.asarray(projected / np.linalg.norm(projected, axis=1, keepdims=True).clip(min=1e-9), np.float32)


def word_classes(tokenizer: Any) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """By token id: special tokens; and what says nothing by itself: those, punctuation and stop words."""
    words: dict[str, int] = tokenizer.get_vocab(with_added_tokens=True)
    size = max(words.values()) + 1
    special = np.zeros(size, np.bool_)
    special[[token for token, added in tokenizer.get_added_tokens_decoder().items() if added.special]] = True
    silent = special.copy()
    for word, token in words.items():
        bare = word.removeprefix(_CONTINUED).lstrip(_BEGINS).casefold()
        silent[token] |= _is_punctuation(bare) or (bare in STOP_WORDS and not word.startswith(_CONTINUED))
    return special, silent


def _is_punctuation(word: str) -> bool:
    return all(unicodedata.category(character)[0] not in "LMN" for character in word)


def _read(path: Path) -> tuple[NDArray[np.float32], dict[str, str]]:
    """(hidden, dimensions) and what is noted with it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as stored:
            projection, notes = np.asarray(stored.get_tensor("projection"), np.float32), stored.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise ModelUnavailable(f"The projection {path} cannot be read: {error}") from error
    if projection.ndim != 2:
        raise ModelUnavailable(f"{path} holds no projection matrix.")
    return projection, notes
