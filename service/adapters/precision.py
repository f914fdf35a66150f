"""Which arithmetic the models run in: bf16 where the CPU multiplies it natively, else 8-bit integers or fp32, whichever a short
measurement finds fastest.

In: the setting. Out: a precision, a torch dtype, linear maps. Without native instructions torch emulates bf16, several times slower than
fp32.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Precision = Literal["bf16", "int8", "fp32"]

_NATIVE = frozenset({"avx512_bf16", "amx_bf16"})
_PROBED = (512, 384, 1536)  # tokens, inputs, outputs: the widest product of a small BERT's layer
_GAIN = {"fp32": 1.0, "bf16": 1.15, "int8": 1.5}  # how many times faster than fp32 it must be to be worth what it rounds away


@cache
def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """What this CPU declares to have; empty where the system does not say (no Linux)."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text("utf-8", "replace"), re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(flags.group(1).split()) if flags else frozenset()


def cpu_has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this CPU declares AVX512-BF16 or AMX-BF16."""
    return not _NATIVE.isdisjoint(cpu_flags(cpuinfo))


def choose_dtype(precision: str) -> torch.dtype:
    """`auto`, `fp32`, `bf16` or `int8` -> the dtype to load a model in. Only packed encoders compute in integers: others take what
    `auto` gives."""
    if precision == "bf16" or (precision in ("auto", "int8") and cpu_has_bf16()):
        return torch.bfloat16
    return torch.float32


def choose_precision(precision: str) -> Precision:
    """The setting, or for `auto` the fastest of what this CPU does: bf16 or fp32 where it has native bf16, int8 or fp32 where not."""
    if precision in ("bf16", "int8", "fp32"):
        return precision  # type: ignore[return-value]
    return _fastest(("bf16", "fp32") if cpu_has_bf16() else ("int8", "fp32"), torch.get_num_threads())


@cache
def _fastest(choices: tuple[Precision, ...], threads: int) -> Precision:
    speed = {choice: seconds("fp32") / seconds(choice) / _GAIN[choice] for choice in choices}
    return max(choices, key=lambda choice: speed[choice])


def seconds(precision: Precision, rounds: int = 12) -> float:
    """The shortest of some runs of one linear map of the probed size, seconds. Other work on the machine only lengthens the others."""
    tokens, inputs, outputs = _PROBED
    draw = torch.Generator().manual_seed(1)
    linear = linear_of(precision)(torch.randn(outputs, inputs, generator=draw), torch.randn(outputs, generator=draw))
    given = torch.randn(tokens, inputs, generator=draw).to(dtype_of(precision))
    best = float("inf")
    with torch.inference_mode():
        for _ in range(rounds):
            started = time.perf_counter()
            linear(given)
            best = min(best, time.perf_counter() - started)
    return best


def dtype_of(precision: Precision) -> torch.dtype:
    """The dtype of what a layer hands on: integers live inside its products only."""
    return torch.bfloat16 if precision == "bf16" else torch.float32


def linear_of(precision: Precision) -> Callable[[Tensor, Tensor], Callable[[Tensor], Tensor]]:
    """What makes a linear map of (weight, bias) in this arithmetic."""
    return _integer_linear if precision == "int8" else _float_linear(dtype_of(precision))


def _float_linear(dtype: torch.dtype) -> Callable[[Tensor, Tensor], Callable[[Tensor], Tensor]]:
    def linear(weight: Tensor, bias: Tensor) -> Callable[[Tensor], Tensor]:
        weight, bias = weight.to(dtype), bias.to(dtype)
        return lambda tokens: functional.linear(tokens, weight, bias)

    return linear


def _integer_linear(weight: Tensor, bias: Tensor) -> Callable[[Tensor], Tensor]:
    """8-bit weights with one scale an output, 8-bit inputs with one scale a token: one scale for all tokens would let a few large ones
    round the others away, and a text's score depend on its neighbours."""
    weight, bias = weight.float(), bias.float()
    scales = (weight.abs().amax(1) / 127).clamp(min=1e-8).double()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch announces that these tensors will go; its version is pinned
        packed = torch.ops.quantized.linear_prepack(
            torch.quantize_per_channel(weight, scales, torch.zeros(len(weight), dtype=torch.long), 0, torch.qint8), None
        )
    multiply = torch.ops.quantized.linear_dynamic
    # Full range needs VNNI's 32-bit sums; older CPUs would overflow 16-bit ones.
    reduced = cpu_flags().isdisjoint(("avx512_vnni", "avx_vnni"))

    def linear(tokens: Tensor) -> Tensor:
        largest = tokens.abs().amax(1, keepdim=True).clamp_(min=1e-8)
        return torch.addcmul(bias, multiply(tokens / largest, packed, reduce_range=reduced), largest)

    return linear
