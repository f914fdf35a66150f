"""What every question is compared with, prepared once a build: names, codes, words.

The last builds asked about are kept; `prepare` may be called when a build is opened, so that no request has to wait for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from service.core.code_table import CodeTable
from service.core.ports import Index
from service.query.exact import CodeKeys, code_keys
from service.query.names import Names, names_of

KEPT = 3  # builds: the one served, the one taking over, and one to spare


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One build's names and code keys."""

    names: Names
    codes: CodeKeys


_kept: list[tuple[object, CodeTable, Lexicon]] = []
_lock = threading.Lock()


def prepare(index: Index) -> Lexicon:
    """The lexicon of an open build; made at the first call (about 10 ms a thousand chunks), then looked up."""
    with _lock:
        for documents, codes, lexicon in _kept:
            if documents is index.documents and codes is index.codes:
                return lexicon
    made = Lexicon(names_of(index.documents), code_keys(index.codes))
    with _lock:
        _kept.insert(0, (index.documents, index.codes, made))
        del _kept[KEPT:]
    return made
