"""What every question is compared with, prepared once a build: names, codes, words, languages.

The last builds asked about are kept; `prepare` may be called when a build is opened, so that no request has to wait for it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from service.core.code_table import CodeTable
from service.core.ports import Index
from service.core.text import stem
from service.core.words import Words
from service.query.exact import CodeKeys, code_keys
from service.query.glossary import Glossary, glossary_of
from service.query.names import Names, names_of
from service.query.spelling import Vocabulary, vocabulary_of

KEPT = 3  # builds: the one served, the one taking over, and one to spare


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One build's names, code keys, words (as they stand and as stems) and abbreviations; `languages` says how many documents are written
    in each."""

    names: Names
    codes: CodeKeys
    vocabulary: Vocabulary
    stems: frozenset[str]
    glossary: Glossary
    languages: Mapping[str, int]


_kept: list[tuple[object, CodeTable, Words, Lexicon]] = []
_lock = threading.Lock()


def prepare(index: Index) -> Lexicon:
    """The lexicon of an open build; made at the first call (some 20 ms a thousand chunks), then looked up."""
    with _lock:
        for documents, codes, words, lexicon in _kept:
            if documents is index.documents and codes is index.codes and words is index.words:
                return lexicon
    made = Lexicon(
        names_of(index.documents),
        code_keys(index.codes),
        vocabulary_of(index.words.counts),
        frozenset(map(stem, index.words.counts)),
        glossary_of(index.words.abbreviations),
        Counter(document.language for document in index.documents.values()),
    )
    with _lock:
        _kept.insert(0, (index.documents, index.codes, index.words, made))
        del _kept[KEPT:]
    return made
