"""A BERT encoder over texts of many lengths without padding: the tokens of a batch stand end to end.

In: token ids of texts. Out: one vector a token, or of the first token of each text only. Linear layers, norms and GELU see one matrix
of all tokens; attention alone looks at one text at a time. It must not know tokenizers, questions or scores.

The arithmetic is that of transformers' `BertModel` without dropout (Devlin et al. 2019), which the tests hold it to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from service.adapters.linear import Linear, Precision, dtype_of, linear_of
from service.core.errors import ModelUnavailable

log = logging.getLogger("evdocs.models")
SLICE_TOKENS = 2048  # of one pass: enough for full matrix speed
_STEP = 128  # tokens
_LANES = 16  # numbers of a vector register


@dataclass(frozen=True, slots=True)
class BertShape:
    """The sizes of a BERT: layers, width of a token vector, attention heads, epsilon of the norms, most positions."""

    layers: int
    hidden: int
    heads: int
    epsilon: float
    positions: int

    @classmethod
    def of(cls, folder: Path) -> BertShape:
        """Read from a model folder's config.json. Raises ModelUnavailable where the model is no plain BERT."""
        config = read_object(folder / "config.json")
        if not is_plain_bert(config):
            raise ModelUnavailable(f"{folder} holds no plain BERT encoder.")
        try:
            return cls(
                int(config["num_hidden_layers"]),
                int(config["hidden_size"]),
                int(config["num_attention_heads"]),
                float(config.get("layer_norm_eps", 1e-12)),
                int(config["max_position_embeddings"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ModelUnavailable(f"{folder / 'config.json'} lacks a size: {error}") from error


def is_plain_bert(config: Mapping[str, Any]) -> bool:
    """Whether a model's configuration asks for nothing but what is computed here."""
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
    )


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of a model folder. Raises ModelUnavailable."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ModelUnavailable(f"{path} is no JSON object.")
    return found


def read_weights(folder: Path) -> dict[str, Tensor]:
    """All tensors of a folder's safetensors file as stored, without the prefix `bert.`. Raises ModelUnavailable."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        stored = load_file(str(folder / "model.safetensors"))
    except (OSError, SafetensorError) as error:
        raise ModelUnavailable(f"The weights in {folder} cannot be read: {error}") from error
    return {name.removeprefix("bert."): value for name, value in stored.items()}


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation over the width of a token."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, tokens: Tensor) -> Tensor:
        return functional.layer_norm(tokens, (len(self.weight),), self.weight, self.bias, self.epsilon)


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer: `joined` makes queries, keys and values side by side (tokens, 3 * hidden); `attended`, `wide` and `narrow` are
    BERT's attention output, intermediate and output. All keep the dtype of their input."""

    joined: Linear
    attended: Linear
    attended_norm: Norm
    wide: Linear
    narrow: Linear
    norm: Norm

    def after(self, tokens: Tensor, seen: Tensor) -> Tensor:
        """(tokens, hidden), from the layer's input and what attention saw for it."""
        tokens = self.attended_norm(self.attended.plus(seen, tokens))
        return self.norm(self.narrow.plus(self.wide.gelu(tokens), tokens))


def layer_of(
    weights: Mapping[str, Tensor], shape: BertShape, number: int, dtype: torch.dtype, linear: Callable[[Tensor, Tensor], Linear] = Linear
) -> Layer:
    """Layer `number` of the weights, cast to `dtype`; `linear` makes a linear map of (weight, bias)."""
    prefix = f"encoder.layer.{number}."

    def part(name: str) -> tuple[Tensor, Tensor]:
        return weights[f"{prefix}{name}.weight"].to(dtype), weights[f"{prefix}{name}.bias"].to(dtype)

    query, key, value = (part(f"attention.self.{name}") for name in ("query", "key", "value"))
    return Layer(
        linear(torch.cat([query[0], key[0], value[0]]), torch.cat([query[1], key[1], value[1]])),
        linear(*part("attention.output.dense")),
        Norm(*part("attention.output.LayerNorm"), shape.epsilon),
        linear(*part("intermediate.dense")),
        linear(*part("output.dense")),
        Norm(*part("output.LayerNorm"), shape.epsilon),
    )


def embedded(weights: Mapping[str, Tensor], shape: BertShape, ids: Tensor, types: Tensor, lengths: Sequence[int]) -> Tensor:
    """(tokens, hidden), float32: word, position and type embeddings, summed and normalised. `ids` and `types` are (tokens,) int64."""
    places = torch.cat([torch.arange(length) for length in lengths])
    summed = functional.embedding(ids, weights["embeddings.word_embeddings.weight"]).float()
    summed = summed + functional.embedding(places, weights["embeddings.position_embeddings.weight"]).float()
    summed = summed + functional.embedding(types, weights["embeddings.token_type_embeddings.weight"]).float()
    weight, bias = (weights[f"embeddings.LayerNorm.{name}"].float() for name in ("weight", "bias"))
    return functional.layer_norm(summed, (shape.hidden,), weight, bias, shape.epsilon)


def attend(joined: Tensor, lengths: Sequence[int], heads: int, *, first_only: bool = False) -> Tensor:
    """(tokens, 3 * hidden) queries, keys and values side by side -> (tokens, hidden); every text attends to itself only. With
    `first_only` the first token of each text alone asks: (texts, hidden).

    Keys are padded to a multiple of 16 and the padding masked: the CPU kernel takes the rest of a row one by one, and is up to twice as
    slow for 127 keys as for 128."""
    hidden = joined.shape[1] // 3
    out = []
    for text in joined.split(list(lengths)):  # type: ignore[no-untyped-call]
        length = len(text)
        rest = -length % _LANES
        if rest:
            text = functional.pad(text, (0, 0, 0, rest))
        query, key, value = text.view(1, length + rest, 3, heads, hidden // heads).permute(2, 0, 3, 1, 4)
        mask = _padding_hidden(length, rest, text.dtype) if rest else None
        seen = functional.scaled_dot_product_attention(query[:, :, : 1 if first_only else length], key, value, attn_mask=mask)
        out.append(seen.transpose(1, 2).reshape(-1, hidden))
    return torch.cat(out)


@lru_cache(maxsize=1024)
def _padding_hidden(length: int, rest: int, dtype: torch.dtype) -> Tensor:
    """(1, 1, 1, keys): added to the scores, it leaves padded keys without any weight."""
    return torch.cat([torch.zeros(length), torch.full((rest,), -1e4)]).to(dtype).view(1, 1, 1, -1)


class PackedBert:
    """The encoder of a BERT folder, for inference. Safe to use from several threads: it holds no state between calls."""

    def __init__(self, folder: Path, precision: Precision | torch.dtype) -> None:
        """`precision` is what the layers compute in (torch.bfloat16 and torch.float32 mean "bf16" and "fp32"). Raises ModelUnavailable
        where the folder holds no plain BERT."""
        self._folder = folder
        self.shape = BertShape.of(folder)
        if isinstance(precision, torch.dtype):
            precision = "bf16" if precision is torch.bfloat16 else "fp32"
        self.dtype = dtype_of(precision)
        weights = read_weights(folder)
        try:
            self._layers = [
                layer_of(weights, self.shape, number, self.dtype, partial(linear_of, precision)) for number in range(self.shape.layers)
            ]
            self._embeddings = {name: value for name, value in weights.items() if name.startswith("embeddings.")}
            self.head = {name: value.float() for name, value in weights.items() if name.startswith(("pooler.", "classifier."))}
            self.token_vectors([[0, 0]])
        except (KeyError, RuntimeError) as error:
            raise ModelUnavailable(f"The weights in {folder} are not those of its configuration: {error}") from error

    def token_vectors(self, texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None = None) -> list[Tensor]:
        """(n_tokens, hidden), float32, of each text: the last layer's output. `texts` are token ids, special tokens included; `types` the
        segment of each token (None: 0 everywhere)."""
        found: list[Tensor] = []
        with torch.inference_mode():
            for some in slices([len(text) for text in texts]):
                start, lengths = self._embedded(texts[some], types[some] if types else None)
                tokens = self._finite(partial(self._through, lengths=lengths), start)
                found += tokens.float().split(lengths)[: len(texts[some])]  # type: ignore[no-untyped-call]
        return found

    def _finite(self, compute: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
        """What `compute` makes of the embedded tokens. Where that is not finite, the layers are read again and stay in float32, without
        oneDNN's fused maps. Raises ModelUnavailable where that does not help."""
        found = compute(start)
        if bool(torch.isfinite(found).all()):
            return found
        log.warning("the encoder in %s gave vectors that are not finite; it goes on in float32", self._folder.name)
        weights = read_weights(self._folder)
        self._layers = [layer_of(weights, self.shape, number, torch.float32) for number in range(self.shape.layers)]
        self.dtype = torch.float32
        found = compute(start.float())
        if not bool(torch.isfinite(found).all()):
            raise ModelUnavailable(f"The model in {self._folder} gives vectors that are not finite.")
        return found

    def _through(self, tokens: Tensor, lengths: Sequence[int]) -> Tensor:
        """(tokens, hidden) behind all layers."""
        for layer in self._layers:
            tokens = layer.after(tokens, attend(layer.joined(tokens), lengths, self.shape.heads))
        return tokens

    def first_vectors(self, texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> Tensor:
        """(texts, hidden), float32: the last layer's output for the first token of each text, in one pass. The last layer computes no
        other token: what they would become, nobody reads."""
        with torch.inference_mode():
            start, lengths = self._embedded(texts, types)
            return self._finite(partial(self._firsts, lengths=lengths), start).float()[: len(texts)]

    def _firsts(self, tokens: Tensor, lengths: Sequence[int]) -> Tensor:
        """(texts, hidden) behind all layers, of the first token of each text."""
        for layer in self._layers[:-1]:
            tokens = layer.after(tokens, attend(layer.joined(tokens), lengths, self.shape.heads))
        last = self._layers[-1]
        firsts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
        seen = attend(last.joined(tokens), lengths, self.shape.heads, first_only=True)
        return last.after(tokens[firsts], seen)

    def _embedded(self, texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None) -> tuple[Tensor, list[int]]:
        """(tokens, hidden) and the lengths of the texts. Texts of padding make the tokens a multiple of a step: the kernels of the linear
        maps are built for each number of tokens they meet, which costs as much as running them."""
        lengths = [len(text) for text in texts]
        total = sum(lengths)
        padding = [0] * (-total % (_STEP if total > _STEP else _LANES))
        longest = len(self._embeddings["embeddings.position_embeddings.weight"])
        lengths += [min(longest, len(padding) - at) for at in range(0, len(padding), longest)]
        ids = torch.tensor([*(token for text in texts for token in text), *padding])
        kinds = torch.tensor([*(kind for text in types for kind in text), *padding]) if types else torch.zeros_like(ids)
        return embedded(self._embeddings, self.shape, ids, kinds, lengths).to(self.dtype), lengths


def slices(lengths: Sequence[int], most: int = SLICE_TOKENS) -> Iterator[slice]:
    """Consecutive texts of at most `most` tokens together (one text alone may be longer)."""
    first, total = 0, 0
    for place, length in enumerate(lengths):
        if place > first and total + length > most:
            yield slice(first, place)
            first, total = place, 0
        total += length
    if first < len(lengths):
        yield slice(first, len(lengths))
