"""Memory that parsing no longer needs, given back to the system: a long document would else hold what each of its parts took at most."""

from __future__ import annotations

import ctypes
import gc
import sys


def give_back(*, collect: bool = True) -> None:
    """Hand free pages of the heap back, after collecting what is unreachable (pypdf's objects form cycles), which takes a tenth of a
    second a million objects."""
    if collect:
        gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc's
            trim(0)
