"""Linear maps of a transformer in three arithmetics, with what follows them: GELU, or adding to what came before.

In: weight and bias. Out: a map over (tokens, inputs). It must not know models or settings.
"""

from __future__ import annotations

import logging
import warnings
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from service.adapters.cpu import cpu_flags

Precision = Literal["bf16", "int8", "fp32"]
TRIES = 3
PROVED_TOKENS = 16
log = logging.getLogger("evdocs.models")


class Linear:
    """`tokens @ weight.T + bias` in the dtype of the weight; differentiable."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, tokens: Tensor) -> Tensor:
        """(tokens, inputs) -> (tokens, outputs)."""
        return functional.linear(tokens, self.weight, self.bias)

    def gelu(self, tokens: Tensor) -> Tensor:
        """The same, then GELU."""
        return functional.gelu(self(tokens))

    def plus(self, tokens: Tensor, before: Tensor) -> Tensor:
        """The same, added to `before`."""
        return before + self(tokens)


class FusedLinear(Linear):
    """bf16 through oneDNN, weights laid out for it once, bias, GELU and addition inside the product: a fifth faster than torch's own call,
    which copies the bias into the result first. The operators are those of torch's compiler; where they are missing, `Linear` is taken."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__(torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), None), bias)

    def __call__(self, tokens: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(tokens, self.weight, self.bias, "none", [], "")  # type: ignore[no-any-return]

    def gelu(self, tokens: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(tokens, self.weight, self.bias, "gelu", [], "none")  # type: ignore[no-any-return]

    def plus(self, tokens: Tensor, before: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise.binary(tokens, before, self.weight, self.bias, "add")  # type: ignore[no-any-return]


class IntegerLinear(Linear):
    """8-bit weights with one scale an output, 8-bit inputs with one scale a token: one scale for all tokens would let a few large ones
    round the others away, and a text's score depend on its neighbours."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        weight = weight.float()
        super().__init__(weight, bias.float())
        scales = (weight.abs().amax(1) / 127).clamp(min=1e-8).double()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # torch announces that these tensors will go; its version is pinned
            rounded = torch.quantize_per_channel(weight, scales, torch.zeros(len(weight), dtype=torch.long), 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(rounded, None)
        # Full range needs VNNI's 32-bit sums; older CPUs would overflow 16-bit ones.
        self._reduced = cpu_flags().isdisjoint(("avx512_vnni", "avx_vnni"))
        del self.weight

    def __call__(self, tokens: Tensor) -> Tensor:
        largest = tokens.abs().amax(1, keepdim=True).clamp_(min=1e-8)
        product = torch.ops.quantized.linear_dynamic(tokens / largest, self._packed, reduce_range=self._reduced)
        return torch.addcmul(self.bias, product, largest)


def linear_of(precision: Precision, weight: Tensor, bias: Tensor) -> Linear:
    """A map in this arithmetic, for inference."""
    if precision == "int8":
        return IntegerLinear(weight, bias)
    dtype = dtype_of(precision)
    fused = precision == "bf16" and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    fused = fused and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    weight, bias = weight.to(dtype), bias.to(dtype)
    return _proved(weight, bias) if fused else Linear(weight, bias)


def _proved(weight: Tensor, bias: Tensor) -> Linear:
    """A fused map that was seen to compute what it should, else the plain one. In fresh processes of a busy machine the half of a map that
    the second thread lays out was now and then filled with anything, not a number among it (eval/LOG.md, entry ten)."""
    for _ in range(TRIES):
        made = FusedLinear(weight, bias)
        if computes(made, weight, bias):
            return made
        log.warning("a linear map laid out for oneDNN is not what it was made from; it is made again")
    return Linear(weight, bias)


def computes(made: Linear, weight: Tensor, bias: Tensor) -> bool:
    """Whether a map gives `tokens @ weight.T + bias` for a few drawn tokens, as exactly as its dtype allows."""
    tokens = torch.randn((PROVED_TOKENS, weight.shape[1]), generator=torch.Generator().manual_seed(1)).to(weight.dtype)
    with torch.inference_mode():
        wanted = functional.linear(tokens.float(), weight.float(), bias.float())
        found = made(tokens).float()
    scale = float(wanted.abs().amax()) + 1e-6
    return bool(torch.isfinite(found).all()) and float((found - wanted).abs().amax()) < 0.02 * scale


def dtype_of(precision: Precision) -> torch.dtype:
    """The dtype of what a layer hands on: integers live inside its products only."""
    return torch.bfloat16 if precision == "bf16" else torch.float32
