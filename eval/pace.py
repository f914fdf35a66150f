"""How fast this machine is right now: a fixed piece of work, timed. Nothing in, milliseconds out.

A latency alone says as much about the machine and its other work as about the pipeline. Timed beside every item, the same work slows as the
items do, and the ratio of the two (the pace) can be compared with that of another day.
"""

from __future__ import annotations

import time

import numpy as np

_N, _ROUNDS, _WORDS = 256, 8, 4000
_LEFT = np.linspace(-1, 1, _N * _N, dtype=np.float32).reshape(_N, _N)


def reference_ms() -> float:
    """Milliseconds of some products of matrices and some work on strings, a few in all."""
    start = time.perf_counter()
    product = _LEFT
    for _ in range(_ROUNDS):
        product = np.tanh(product @ _LEFT)
    counts: dict[str, int] = {}
    for number in range(_WORDS):
        word = f"{number % 97}-{number % 13}"
        counts[word] = counts.get(word, 0) + 1
    return 1000 * (time.perf_counter() - start)
