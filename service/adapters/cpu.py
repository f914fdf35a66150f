"""What this CPU declares to have (/proc/cpuinfo), and who may use its cores."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from threadpoolctl import threadpool_limits


@cache
def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Instruction sets and features; empty where the system does not say (no Linux)."""
    try:
        flags = re.search(r"^flags\s*:(.*)$", cpuinfo.read_text("utf-8", "replace"), re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(flags.group(1).split()) if flags else frozenset()


def leave_cores_to_the_models() -> None:
    """Keep numpy's products on one thread, for the whole process. Its other threads wait for the next product by spinning, for a tenth of a
    second on the core that the cross-encoder's first pass needs: that pass took 100 us a token instead of 42 (eval/LOG.md, entry six)."""
    threadpool_limits(limits=1, user_api="blas")
