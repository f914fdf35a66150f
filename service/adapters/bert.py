"""A plain BERT encoder run directly: token ids in, the last layer's vectors out.

Against transformers' `BertModel`, whose arithmetic it repeats (Devlin et al., 2019; a test holds both equal), one question takes half the
time: queries, keys and values come from one product, and nothing is looked up, masked or padded on the way. Texts of a batch stand end to
end; attention alone looks at one text at a time. It must not know tokenizers or what a text is for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from service.core.errors import ModelUnavailable

_ROWS = 16
"""A batch's tokens are filled up with zeros to a multiple of this: kernels are compiled a shape at a time, at some 3 ms each in bf16, and
so a handful serves questions of every length. No text attends to the fill."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weights and biases of one layer, in the order they are used."""

    attention: tuple[Tensor, Tensor]
    output: tuple[Tensor, Tensor]
    output_norm: tuple[Tensor, Tensor]
    wide: tuple[Tensor, Tensor]
    narrow: tuple[Tensor, Tensor]
    narrow_norm: tuple[Tensor, Tensor]


def is_plain_bert(folder: Path) -> bool:
    """Whether `Bert` computes what the model in this folder computes."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return (
        isinstance(config, dict)
        and config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder", False)
        and (folder / "model.safetensors").is_file()
    )


class Bert:
    """The weights of a plain BERT folder, in one dtype."""

    def __init__(self, folder: Path, dtype: torch.dtype) -> None:
        """Raises ModelUnavailable where files are missing, damaged or of another architecture."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
            stored = load_file(str(folder / "model.safetensors"))
            weights = {name.removeprefix("bert."): value.to(dtype) for name, value in stored.items() if value.is_floating_point()}
            self.hidden, self._heads = int(config["hidden_size"]), int(config["num_attention_heads"])
            self._epsilon = float(config.get("layer_norm_eps", 1e-12))
            self._words = weights["embeddings.word_embeddings.weight"]
            self._places = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
            self._norm = _pair(weights, "embeddings.LayerNorm")
            self._layers = [_layer(weights, number) for number in range(int(config["num_hidden_layers"]))]
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ModelUnavailable(f"The model in {folder} cannot be loaded: {error}") from error

    def token_vectors(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """(n_tokens, hidden) float32 of each text, given as token ids, special tokens included."""
        lengths = [len(text) for text in texts]
        if not sum(lengths):
            return [torch.zeros(0, self.hidden) for _ in texts]
        fill = -sum(lengths) % _ROWS
        with torch.inference_mode():
            ids = torch.tensor([token for text in texts for token in text])
            places = torch.cat([torch.arange(length) for length in lengths])
            tokens = self._normed(self._words[ids] + self._places[places], self._norm)
            tokens = functional.pad(tokens, (0, 0, 0, fill))
            for layer in self._layers:
                seen = functional.linear(self._attend(functional.linear(tokens, *layer.attention), lengths, fill), *layer.output)
                tokens = self._normed(tokens + seen, layer.output_norm)
                wide = functional.gelu(functional.linear(tokens, *layer.wide))
                tokens = self._normed(tokens + functional.linear(wide, *layer.narrow), layer.narrow_norm)
            return list(torch.split(tokens[: len(tokens) - fill].float(), lengths))

    def _attend(self, joined: Tensor, lengths: Sequence[int], fill: int) -> Tensor:
        """(tokens, 3 * hidden) queries, keys and values side by side -> (tokens, hidden)."""
        out = []
        for text in torch.split(joined[: len(joined) - fill], list(lengths)):
            query, key, value = text.view(1, len(text), 3, self._heads, self.hidden // self._heads).permute(2, 0, 3, 1, 4)
            out.append(functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(len(text), self.hidden))
        if fill:
            out.append(joined.new_zeros(fill, self.hidden))
        return torch.cat(out)

    def _normed(self, tokens: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        return functional.layer_norm(tokens, (self.hidden,), norm[0], norm[1], self._epsilon)


def _pair(weights: dict[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _layer(weights: dict[str, Tensor], number: int) -> _Layer:
    prefix = f"encoder.layer.{number}."
    thirds = [_pair(weights, f"{prefix}attention.self.{name}") for name in ("query", "key", "value")]
    return _Layer(
        attention=(torch.cat([weight for weight, _ in thirds]), torch.cat([bias for _, bias in thirds])),
        output=_pair(weights, f"{prefix}attention.output.dense"),
        output_norm=_pair(weights, f"{prefix}attention.output.LayerNorm"),
        wide=_pair(weights, f"{prefix}intermediate.dense"),
        narrow=_pair(weights, f"{prefix}output.dense"),
        narrow_norm=_pair(weights, f"{prefix}output.LayerNorm"),
    )
