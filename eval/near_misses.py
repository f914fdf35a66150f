"""Answerable questions in, made unanswerable ones out: the same question about a size, code or model that the documents do not have.

"torque of the M8 screws" becomes "torque of the M27 screws": everything fits but the one thing that must. Deterministic; whoever asks has
to check against the index that what was made up really does not stand there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha256

_DESIGNATOR = re.compile(r"(?<![^\W_])(?=[\w-]*[A-Za-z])(?=[\w-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![^\W_])")
_UNITED = re.compile(r"\d+(?:\.\d+)?(?:[kmµun]?(?:V|A|W|Hz|Ah|Wh|Nm|s|m|g|F)|mm|min|h|th|st|nd|rd|x|k|c)|\d+-[a-z]{3,}", re.I)


def near_miss(question: str, stands: Callable[[str], bool]) -> str | None:
    """The question with one designator replaced by a similar one for which `stands` is False; None where it has none to replace."""
    for match in _DESIGNATOR.finditer(question):
        if _UNITED.fullmatch(match.group()) or not re.search(r"\d", match.group()):
            continue
        for other in _others(match.group()):
            if not stands(other):
                return question[: match.start()] + other + question[match.end() :]
    return None


def _others(name: str) -> Iterator[str]:
    """The name with its last run of digits replaced by others of the same length, in an order that depends on the name alone."""
    run = list(re.finditer(r"\d+", name))[-1]
    width, own = len(run.group()), int(run.group())
    seed = int.from_bytes(sha256(name.encode()).digest()[:4], "big")
    low, high = (10 ** (width - 1) if width > 1 else 1), 10**width
    for step in range(1, 24):
        number = low + (seed + step * 7919) % (high - low)
        if number != own:
            yield f"{name[: run.start()]}{number:0{width}d}{name[run.end() :]}"
