"""What this CPU declares to have. In: /proc/cpuinfo. Out: its flags."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path


@cache
def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Instruction sets and features; empty where the system does not say (no Linux)."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text("utf-8", "replace"), re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(flags.group(1).split()) if flags else frozenset()
