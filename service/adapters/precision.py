"""Which arithmetic the models run in: bf16 where the CPU multiplies it natively, else 8-bit integers or fp32, whichever a short
measurement finds fastest.

In: the setting. Out: a precision, or a torch dtype. Without native instructions torch emulates bf16, several times slower than fp32.
"""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import cast

import torch

from service.adapters.cpu import cpu_flags
from service.adapters.linear import Precision, dtype_of, linear_of

_NATIVE = frozenset({"avx512_bf16", "amx_bf16"})
_PROBED = (512, 384, 1536)  # tokens, inputs, outputs: the widest product of a small BERT's layer
_GAIN = {"fp32": 1.0, "bf16": 1.15, "int8": 1.5}  # how many times faster than fp32 it must be to be worth what it rounds away


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
    if precision != "auto":
        return cast(Precision, precision)
    return _fastest(("bf16", "fp32") if cpu_has_bf16() else ("int8", "fp32"), torch.get_num_threads())


@cache
def _fastest(choices: tuple[Precision, ...], threads: int) -> Precision:
    speed = {choice: seconds("fp32") / seconds(choice) / _GAIN[choice] for choice in choices}
    return max(choices, key=lambda choice: speed[choice])


def seconds(precision: Precision, rounds: int = 12) -> float:
    """The shortest of some runs of one linear map of the probed size, seconds. Other work on the machine only lengthens the others."""
    tokens, inputs, outputs = _PROBED
    draw = torch.Generator().manual_seed(1)
    linear = linear_of(precision, torch.randn(outputs, inputs, generator=draw), torch.randn(outputs, generator=draw))
    given = torch.randn(tokens, inputs, generator=draw).to(dtype_of(precision))
    best = float("inf")
    with torch.inference_mode():
        for _ in range(rounds):
            started = time.perf_counter()
            linear(given)
            best = min(best, time.perf_counter() - started)
    return best
