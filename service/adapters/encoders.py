"""Two ways to run a model folder in sentence-transformers' form: a plain BERT with mean pooling directly, any other by the library.

In: a folder. Out: of texts, one vector each before it is brought to length one, and one a token. Both ways give the same where both can
(`tests/service/test_encoders.py`). They must not know prefixes, nor what a text is for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.adapters.weights import printable
from service.core.errors import ModelUnavailable

_BATCH = 32
_STEP = 16  # tokens
Pooled = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hidden:
    """The last layer over one text: `ids` int32 (n,), special tokens included, `vectors` float32 (n, hidden)."""

    ids: NDArray[np.int32]
    vectors: NDArray[np.float32]


class Encoder(Protocol):
    """A loaded model."""

    @property
    def tokenizer(self) -> Any:
        """A `tokenizers.Tokenizer` that neither cuts nor pads: those are states of a tokenizer, which encoding changes under another
        thread's feet."""

    @property
    def dimensions(self) -> int:
        """Length of a text's vector."""

    @property
    def max_tokens(self) -> int:
        """Window in tokens, special tokens included; longer texts are cut."""

    def pooled(self, texts: Sequence[str], prompt: str) -> Pooled:
        """(n, dimensions) vectors of `prompt` + text."""

    def hidden(self, texts: Sequence[str], prompt: str) -> tuple[Pooled, list[Hidden]]:
        """The same, and the token vectors of each text."""


def load_encoder(folder: Path, precision: str, threads: int) -> Encoder:
    """The model of a folder. Raises ModelUnavailable."""
    import torch

    torch.set_num_threads(threads)
    return BertEncoder(folder, precision) if runs_directly(folder) else LibraryEncoder(folder, precision)


def runs_directly(folder: Path) -> bool:
    """Whether the folder's modules are a plain BERT, the mean over its tokens, and bringing that to length one."""
    from service.adapters.packed_bert import is_plain_bert, read_object

    try:
        config = read_object(folder / "config.json")
        kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in json.loads((folder / "modules.json").read_text("utf-8"))]
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text("utf-8"))
        transformer = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))
        modes = {name for name, chosen in pooling.items() if name.startswith("pooling_mode_") and chosen}
        lowers = bool(transformer.get("do_lower_case", False))
        window = int(transformer["max_seq_length"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ModelUnavailable):
        return False
    return (
        kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        and (modes == {"pooling_mode_mean_tokens"} or pooling.get("pooling_mode") == "mean")
        and pooling.get("include_prompt", True)
        and not lowers
        and window > 0
        and (folder / "tokenizer.json").is_file()
        and (folder / "model.safetensors").is_file()
        and is_plain_bert(config)
    )


class BertEncoder:
    """A folder for which `runs_directly` holds."""

    def __init__(self, folder: Path, precision: str) -> None:
        """Raises ModelUnavailable."""
        from tokenizers import Tokenizer

        from service.adapters.packed_bert import PackedBert
        from service.adapters.precision import choose_dtype

        self._model = PackedBert(folder, choose_dtype(precision))
        try:
            self.max_tokens = int(json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))["max_seq_length"])
            described = (folder / "tokenizer.json").read_text("utf-8")
            json.loads(described)
        except (OSError, ValueError, KeyError) as error:
            raise ModelUnavailable(f"The tokenizer in {folder} cannot be read: {error}") from error
        self.tokenizer, self._cutting = Tokenizer.from_str(described), Tokenizer.from_str(described)
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self._cutting.enable_truncation(self.max_tokens)
        self._cutting.no_padding()
        self.dimensions = self._model.shape.hidden

    def pooled(self, texts: Sequence[str], prompt: str) -> Pooled:
        """(n, dimensions) means over the tokens of `prompt` + text."""
        return self.hidden(texts, prompt)[0]

    def hidden(self, texts: Sequence[str], prompt: str) -> tuple[Pooled, list[Hidden]]:
        """The same, and the token vectors of each text."""
        encoded = [text.ids for text in self._cutting.encode_batch_fast([prompt + printable(text) for text in texts])]
        found: list[Hidden | None] = [None] * len(texts)
        order = sorted(range(len(texts)), key=lambda place: len(encoded[place]))
        for at in range(0, len(order), _BATCH):
            places = order[at : at + _BATCH]
            for place, vectors in zip(places, self._token_vectors([encoded[place] for place in places]), strict=True):
                found[place] = Hidden(np.array(encoded[place], np.int32), vectors.numpy())
        hidden = [text for text in found if text is not None]
        pooled = np.array([text.vectors.mean(0) for text in hidden], np.float32).reshape(len(texts), self.dimensions)
        return pooled, hidden

    def _token_vectors(self, texts: Sequence[list[int]]) -> list[Any]:
        """Of a batch. A text that nobody reads fills it up: kernels are compiled for each number of tokens anew, at some 3 ms in bf16,
        and so a handful serves questions of every length."""
        fill = -sum(map(len, texts)) % _STEP
        return self._model.token_vectors([*texts, [0] * fill] if fill else texts)[: len(texts)]


class LibraryEncoder:
    """Any folder sentence-transformers can load."""

    def __init__(self, folder: Path, precision: str) -> None:
        """Raises ModelUnavailable."""
        self._model = _load(folder, precision)
        self.tokenizer = _counting_tokenizer(self._model.tokenizer)
        self.max_tokens = int(self._model.max_seq_length)
        self.dimensions = int(self._model.get_embedding_dimension())

    def pooled(self, texts: Sequence[str], prompt: str) -> Pooled:
        """(n, dimensions), as the folder's own modules pool."""
        made = self._model.encode(
            [printable(text) for text in texts], prompt=prompt, batch_size=_BATCH, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(made, np.float32).reshape(len(texts), self.dimensions)

    def hidden(self, texts: Sequence[str], prompt: str) -> tuple[Pooled, list[Hidden]]:
        """The same, and the token vectors of each text."""
        made: list[dict[str, Any]] = self._model.encode(
            [printable(text) for text in texts], prompt=prompt, batch_size=_BATCH, show_progress_bar=False, output_value=None
        )
        pooled = np.array([text["sentence_embedding"].float().numpy() for text in made], np.float32).reshape(len(texts), self.dimensions)
        hidden = []
        for text in made:
            real = text["attention_mask"].bool()
            hidden.append(Hidden(text["input_ids"][real].numpy().astype(np.int32), text["token_embeddings"][real].float().numpy()))
        return pooled, hidden


def _load(folder: Path, precision: str) -> Any:
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    from service.adapters.precision import choose_dtype

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
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
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy
