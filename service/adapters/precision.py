"""Which arithmetic the models run in: bf16 where the CPU multiplies it natively, else fp32.

In: the setting. Out: a torch dtype. Without native instructions torch emulates bf16, several times slower than fp32.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import torch

_NATIVE = frozenset({"avx512_bf16", "amx_bf16"})


@cache
def cpu_has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this CPU declares AVX512-BF16 or AMX-BF16. False where the system does not say (no Linux)."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text("utf-8", "replace"), re.MULTILINE)
    except OSError:
        return False
    return flags is not None and not _NATIVE.isdisjoint(flags.group(1).split())


def choose_dtype(precision: str) -> torch.dtype:
    """`auto`, `fp32` or `bf16` -> the dtype to load a model in."""
    if precision == "bf16" or (precision == "auto" and cpu_has_bf16()):
        return torch.bfloat16
    return torch.float32
