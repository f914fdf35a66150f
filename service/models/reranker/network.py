"""The cross-encoder as it is trained: packaged MiniLM, pooled at [CLS], two outputs, without padding between texts of one length.

In: pairs of token ids. Out: logits (pairs, 2); the weights, as sentence_transformers.CrossEncoder loads them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from service.adapters.packed_bert import BertShape, embedded, layer_of, read_weights

LABELS = ("relevance", "answers")
MAX_TOKENS = 256
_GROUP = 8  # texts of nearly one length that attend side by side


class CrossEncoderNetwork:
    """Weights in float32, arithmetic in `dtype`. The embeddings of words and places stay as they are: so little text would bend them
    for the words it holds only."""

    def __init__(self, start: Path, dtype: torch.dtype, seed: int) -> None:
        """`start` is a BERT folder (tokenizer.json beside it)."""
        draw = torch.Generator().manual_seed(seed)
        self.shape = BertShape.of(start)
        self.dtype = dtype
        self._start = start
        self.weights = {name: value.float() for name, value in read_weights(start).items() if value.is_floating_point()}
        hidden = self.shape.hidden
        if "pooler.dense.weight" not in self.weights:
            self.weights["pooler.dense.weight"] = torch.eye(hidden)
            self.weights["pooler.dense.bias"] = torch.zeros(hidden)
        if "classifier.weight" not in self.weights or self.weights["classifier.weight"].shape[0] != len(LABELS):
            self.weights["classifier.weight"] = 0.02 * torch.randn(len(LABELS), hidden, generator=draw)
            self.weights["classifier.bias"] = torch.zeros(len(LABELS))
        self.head = [self.weights[name].requires_grad_() for name in sorted(self.weights) if name.startswith(("pooler", "classifier"))]
        frozen = ("embeddings.word", "embeddings.position", "pooler", "classifier")
        self.body = [value.requires_grad_() for name, value in sorted(self.weights.items()) if not name.startswith(frozen)]
        self.tokenizer = Tokenizer.from_file(str(start / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

    def pair(self, question: str, text: str) -> tuple[list[int], int]:
        """Token ids of [CLS] question [SEP] text [SEP], cut to MAX_TOKENS at the end of the text, and where the text begins."""
        first = self.tokenizer.encode(question).ids[: MAX_TOKENS // 2]
        second = self.tokenizer.encode(text).ids[1:]
        room = MAX_TOKENS - len(first)
        return first + (second if len(second) <= room else [*second[: room - 1], second[-1]]), len(first)

    def logits(self, pairs: Sequence[tuple[list[int], int]]) -> Tensor:
        """(pairs, 2), float32, in the order given."""
        order = sorted(range(len(pairs)), key=lambda n: len(pairs[n][0]))
        ids, types, lengths, groups = [], [], [], []
        for first in range(0, len(order), _GROUP):
            some = [pairs[n] for n in order[first : first + _GROUP]]
            longest = len(some[-1][0])
            for one, split in some:
                ids += [*one, *([0] * (longest - len(one)))]
                types += [0] * split + [1] * (longest - split)
                lengths.append(longest)
            real = torch.tensor([len(one) for one, _ in some])
            groups.append((len(some), longest, real if int(real.min()) < longest else None))
        tokens = embedded(self.weights, self.shape, torch.tensor(ids), torch.tensor(types), lengths).to(self.dtype)
        for number in range(self.shape.layers):
            layer = layer_of(self.weights, self.shape, number, self.dtype)
            tokens = layer.after(tokens, _attend_in_groups(layer.joined(tokens), groups, self.shape.heads))
        starts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
        pooled = torch.tanh(
            functional.linear(tokens[starts].float(), self.weights["pooler.dense.weight"], self.weights["pooler.dense.bias"])
        )
        found = functional.linear(pooled, self.weights["classifier.weight"], self.weights["classifier.bias"])
        return found[torch.tensor(order).argsort()]

    def save(self, folder: Path) -> None:
        """bfloat16 weights, configuration and tokenizer for CrossEncoder(folder)."""
        folder.mkdir(parents=True, exist_ok=True)
        stored = {
            (name if name.startswith("classifier") else f"bert.{name}"): value.detach().bfloat16().contiguous()
            for name, value in self.weights.items()
        }
        save_file(stored, str(folder / "model.safetensors"), metadata={"format": "pt"})
        config = json.loads((self._start / "config.json").read_text("utf-8"))
        config |= {
            "architectures": ["BertForSequenceClassification"],
            "attention_probs_dropout_prob": 0.0,
            "hidden_dropout_prob": 0.0,
            "dtype": "bfloat16",
            "id2label": {str(n): name for n, name in enumerate(LABELS)},
            "label2id": {name: n for n, name in enumerate(LABELS)},
        }
        config.pop("_name_or_path", None)
        config.pop("torch_dtype", None)
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        self.tokenizer.save(str(folder / "tokenizer.json"))
        reader = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": MAX_TOKENS}
        (folder / "tokenizer_config.json").write_text(json.dumps(reader, indent=2) + "\n", "utf-8")


def _attend_in_groups(joined: Tensor, groups: Sequence[tuple[int, int, Tensor | None]], heads: int) -> Tensor:
    """Attention of texts of one length, side by side; `None` or their lengths without the padding. Two matrix products and a softmax:
    their backward pass is 2.5 times faster on a CPU than the fused kernel's."""
    hidden = joined.shape[1] // 3
    wide = hidden // heads
    out = []
    parts_of = joined.split([count * length for count, length, _ in groups])  # type: ignore[no-untyped-call]
    for part, (count, length, real) in zip(parts_of, groups, strict=True):
        parts = part.view(count, length, 3, heads, wide).permute(2, 0, 3, 1, 4)
        query, key, value = (one.reshape(count * heads, length, wide) for one in parts)
        scores = torch.bmm(query * wide**-0.5, key.transpose(1, 2))
        if real is not None:
            hidden_keys = torch.arange(length) >= real[:, None]
            scores = (
                scores.view(count, heads, length, length).masked_fill(hidden_keys[:, None, None], -1e4).view(count * heads, length, length)
            )
        seen = torch.bmm(torch.softmax(scores, -1), value)
        out.append(seen.view(count, heads, length, wide).transpose(1, 2).reshape(count * length, hidden))
    return torch.cat(out)
