"""A BERT encoder over texts of many lengths without padding: the tokens of a batch stand end to end.

In: token ids of texts. Out: one vector a token, or of the first token of each text only. Linear layers, norms and GELU see one matrix
of all tokens; attention alone looks at one text at a time. It must not know tokenizers, questions or scores.

The arithmetic is that of transformers' `BertModel` without dropout (Devlin et al. 2019), which the tests hold it to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from service.core.errors import ModelUnavailable

Apply = Callable[[Tensor], Tensor]
SLICE_TOKENS = 1024  # of one pass: what a layer makes of them stays in the second-level cache


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
class Layer:
    """One transformer layer as what it does: `joined` makes queries, keys and values side by side (tokens, 3 * hidden), the others are
    named as in BERT. All keep the dtype of their input."""

    joined: Apply
    attended: Apply
    attended_norm: Apply
    wide: Apply
    narrow: Apply
    norm: Apply

    def after(self, tokens: Tensor, seen: Tensor) -> Tensor:
        """(tokens, hidden), from the layer's input and what attention saw for it."""
        tokens = self.attended_norm(tokens + self.attended(seen))
        return self.norm(tokens + self.narrow(functional.gelu(self.wide(tokens))))


def layer_of(
    weights: Mapping[str, Tensor], shape: BertShape, number: int, dtype: torch.dtype, linear: Callable[[Tensor, Tensor], Apply]
) -> Layer:
    """Layer `number` of the weights, cast to `dtype`; `linear` makes a linear map of (weight, bias)."""
    prefix = f"encoder.layer.{number}."

    def part(name: str) -> tuple[Tensor, Tensor]:
        return weights[f"{prefix}{name}.weight"].to(dtype), weights[f"{prefix}{name}.bias"].to(dtype)

    def norm(name: str) -> Apply:
        weight, bias = part(name)
        return lambda tokens: functional.layer_norm(tokens, (shape.hidden,), weight, bias, shape.epsilon)

    query, key, value = (part(f"attention.self.{name}") for name in ("query", "key", "value"))
    return Layer(
        linear(torch.cat([query[0], key[0], value[0]]), torch.cat([query[1], key[1], value[1]])),
        linear(*part("attention.output.dense")),
        norm("attention.output.LayerNorm"),
        linear(*part("intermediate.dense")),
        linear(*part("output.dense")),
        norm("output.LayerNorm"),
    )


def plain_linear(weight: Tensor, bias: Tensor) -> Apply:
    """`tokens @ weight.T + bias` in the dtype of the weight."""
    return lambda tokens: functional.linear(tokens, weight, bias)


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
    `first_only` the first token of each text alone asks: (texts, hidden)."""
    hidden = joined.shape[1] // 3
    out = []
    for text in joined.split(list(lengths)):  # type: ignore[no-untyped-call]
        query, key, value = text.view(1, len(text), 3, heads, hidden // heads).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query[:, :, :1] if first_only else query, key, value)
        out.append(seen.transpose(1, 2).reshape(-1, hidden))
    return torch.cat(out)


class PackedBert:
    """The encoder of a BERT folder, for inference. Safe to use from several threads: it holds no state between calls."""

    def __init__(self, folder: Path, dtype: torch.dtype, linear: Callable[[Tensor, Tensor], Apply] = plain_linear) -> None:
        """`dtype` is what the layers compute in; `linear` may make linear maps of another arithmetic. Raises ModelUnavailable where
        the folder holds no plain BERT."""
        self.shape = BertShape.of(folder)
        self.dtype = dtype
        weights = read_weights(folder)
        try:
            self._layers = [layer_of(weights, self.shape, number, dtype, linear) for number in range(self.shape.layers)]
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
                tokens, lengths = self._embedded(texts[some], types[some] if types else None)
                for layer in self._layers:
                    tokens = layer.after(tokens, attend(layer.joined(tokens), lengths, self.shape.heads))
                found += tokens.float().split(lengths)  # type: ignore[no-untyped-call]
        return found

    def first_vectors(self, texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> Tensor:
        """(texts, hidden), float32: the last layer's output for the first token of each text, in one pass. The last layer computes no
        other token: what they would become, nobody reads."""
        with torch.inference_mode():
            tokens, lengths = self._embedded(texts, types)
            for layer in self._layers[:-1]:
                tokens = layer.after(tokens, attend(layer.joined(tokens), lengths, self.shape.heads))
            last = self._layers[-1]
            firsts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
            seen = attend(last.joined(tokens), lengths, self.shape.heads, first_only=True)
            return last.after(tokens[firsts], seen).float()

    def _embedded(self, texts: Sequence[Sequence[int]], types: Sequence[Sequence[int]] | None) -> tuple[Tensor, list[int]]:
        ids = torch.tensor([token for text in texts for token in text])
        kinds = torch.tensor([kind for text in types for kind in text]) if types else torch.zeros_like(ids)
        lengths = [len(text) for text in texts]
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
