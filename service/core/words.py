"""The words of a build and the abbreviations its documents define: `words.json` beside the codes. In: counts at ingest. Out: what a
question's words are compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from service.core.errors import IndexUnavailable
from service.core.manifest import REINGEST, write_durably


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A short form as the documents print it, what they say it stands for, and in how many chunks they say so."""

    short: str
    long: str
    n_chunks: int


@dataclass(frozen=True, slots=True)
class Words:
    """`counts`: folded word of letters -> chunks that hold it. `abbreviations`: those defined by the documents, the commonest first."""

    counts: Mapping[str, int] = field(default_factory=dict)
    abbreviations: tuple[Abbreviation, ...] = ()


def write_words(build: Path, words: Words) -> None:
    """Write `words.json` into a build folder, durably."""
    rows = [[item.short, item.long, item.n_chunks] for item in words.abbreviations]
    text = json.dumps({"counts": dict(sorted(words.counts.items())), "abbreviations": rows}, ensure_ascii=False, separators=(",", ":"))
    write_durably(build / "words.json", text)


def read_words(build: Path) -> Words:
    """The words of a build. Raises IndexUnavailable where the file is missing or damaged."""
    path = build / "words.json"
    try:
        fields = json.loads(path.read_text("utf-8"))
        counts = {str(word): int(count) for word, count in fields["counts"].items()}
        return Words(counts, tuple(Abbreviation(str(short), str(long), int(count)) for short, long, count in fields["abbreviations"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise IndexUnavailable(f"{path} cannot be read ({error}). {REINGEST}") from error
