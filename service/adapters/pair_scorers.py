"""Cross-encoder folders as scorers of (question, text) pairs: packed without padding where the model is a plain BERT, else by
sentence-transformers.

In: a model folder. Out: logits of prepared pairs. It must not know deadlines, caches or what the logits are used for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from service.adapters.linear import Precision
from service.adapters.packed_bert import PackedBert, is_plain_bert, read_object
from service.adapters.precision import choose_dtype
from service.core.errors import ModelUnavailable

OURS = ("relevance", "answers")  # the outputs of the packaged model, in order, as its configuration names them
_PLAIN_BATCH = 4  # sorted by length, small batches pad little


class PairScorer(Protocol):
    """A loaded cross-encoder."""

    @property
    def outputs(self) -> int:
        """1 (relevance), or 2 (relevance, answers)."""

    def prepare(self, question: str, texts: Sequence[str]) -> list[Any]:
        """What `logits` reads of each pair, in order. What exceeds the window is cut from the longer of the two."""

    def size(self, pair: Any) -> int:
        """How much work a prepared pair is, in tokens or so."""

    def logits(self, pairs: Sequence[Any]) -> NDArray[np.float32]:
        """(pairs, outputs)."""


def load_scorer(folder: Path, precision: Precision, max_tokens: int | None) -> PairScorer:
    """Packed where the folder holds a plain BERT, else plain. `max_tokens` is the window (None: the model's own). Raises
    ModelUnavailable."""
    config = read_object(folder / "config.json")
    names = config.get("id2label") or {"0": ""}
    if len(names) != 1 and tuple(names.get(str(place)) for place in range(len(names))) != OURS:
        raise ModelUnavailable(f"The reranker in {folder} gives {len(names)} scores a pair instead of one.")
    files = all((folder / name).is_file() for name in ("model.safetensors", "tokenizer.json"))
    if config.get("architectures") == ["BertForSequenceClassification"] and is_plain_bert(config) and files:
        return PackedScorer(folder, precision, max_tokens)
    return PlainScorer(folder, precision, max_tokens, len(names))


class PackedScorer:
    """`BertForSequenceClassification` over tokens laid end to end. The head runs in float32: a bf16 logit has 8 significant bits, so
    every fifth pair of passages would tie."""

    def __init__(self, folder: Path, precision: Precision, max_tokens: int | None) -> None:
        from tokenizers import Tokenizer

        try:
            read_object(folder / "tokenizer.json")
            self._bert = PackedBert(folder, precision)
        except ModelUnavailable as error:
            raise ModelUnavailable(f"The reranker in {folder} cannot be loaded: {error}") from error
        self._head = self._bert.head
        missing = {"pooler.dense.weight", "pooler.dense.bias", "classifier.weight", "classifier.bias"} - set(self._head)
        if missing:
            raise ModelUnavailable(f"The reranker in {folder} lacks {', '.join(sorted(missing))}.")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens or _window(folder, self._bert.shape.positions))

    @property
    def outputs(self) -> int:
        return len(self._head["classifier.weight"])

    def prepare(self, question: str, texts: Sequence[str]) -> list[Any]:
        return [(encoding.ids, encoding.type_ids) for encoding in self._tokenizer.encode_batch_fast([(question, text) for text in texts])]

    def size(self, pair: Any) -> int:
        return len(pair[0])

    def logits(self, pairs: Sequence[Any]) -> NDArray[np.float32]:
        first = self._bert.first_vectors([ids for ids, _ in pairs], [types for _, types in pairs])
        with torch.inference_mode():
            pooled = torch.tanh(functional.linear(first, self._head["pooler.dense.weight"], self._head["pooler.dense.bias"]))
            return np.asarray(functional.linear(pooled, self._head["classifier.weight"], self._head["classifier.bias"]).numpy(), np.float32)


def _window(folder: Path, positions: int) -> int:
    """Tokens the model was made for: its tokenizer's limit where it says one, never more than it has positions."""
    path = folder / "tokenizer_config.json"
    said = read_object(path).get("model_max_length") if path.is_file() else None
    return min(positions, int(said)) if isinstance(said, int | float) and 0 < said < 1e6 else positions


class PlainScorer:
    """Any other architecture, by sentence_transformers.CrossEncoder."""

    def __init__(self, folder: Path, precision: Precision, max_tokens: int | None, outputs: int) -> None:
        from safetensors import SafetensorError
        from sentence_transformers import CrossEncoder
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        dtype = choose_dtype(precision)
        try:
            self._model = CrossEncoder(
                str(folder),
                device="cpu",
                max_length=max_tokens,
                local_files_only=True,
                model_kwargs={"dtype": dtype, "use_safetensors": True},
            )
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise ModelUnavailable(f"The reranker in {folder} cannot be loaded: {error}") from error
        if self._model.num_labels != outputs:
            raise ModelUnavailable(f"The reranker in {folder} gives {self._model.num_labels} scores a pair instead of {outputs}.")
        if dtype is torch.bfloat16:  # as in PackedScorer, the last layer runs in float32
            last = [layer for layer in self._model.modules() if isinstance(layer, torch.nn.Linear)][-1]
            last.float().register_forward_pre_hook(_inputs_to_float32)
        self._model.eval()

    @property
    def outputs(self) -> int:
        return int(self._model.num_labels)

    def prepare(self, question: str, texts: Sequence[str]) -> list[Any]:
        return [(question, text) for text in texts]

    def size(self, pair: Any) -> int:
        return (len(pair[0]) + len(pair[1])) // 4 + 3

    def logits(self, pairs: Sequence[Any]) -> NDArray[np.float32]:
        found = self._model.predict(
            list(pairs), batch_size=_PLAIN_BATCH, activation_fn=torch.nn.Identity(), show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(found, np.float32).reshape(len(pairs), -1)


def _inputs_to_float32(module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.float() for value in inputs)
