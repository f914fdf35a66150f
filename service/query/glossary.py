"""Other words for what a question says: abbreviations written out and back, and names of the field in the documents' languages.

Known from a reviewed list (`service/models/glossary.json`: English, German, Chinese) and from what the documents define themselves
(`core.words`). A longer name goes before the shorter ones inside it. Only what the question does not say already is given.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path

from service.core.text import analyze, fold, stem
from service.core.words import Abbreviation
from service.query.record import Expansion
from service.query.words import english

PACKAGED = Path(__file__).parent.parent / "models" / "glossary.json"
LANGUAGES = ("en", "de", "zh")
MAX_EXPANSIONS = 12
MAX_WORDS = 6  # words of the longest name
MAX_NAMES = 2  # names of one thing given in one language
_LOWER = frozenset(("soc",))  # abbreviations typed in small letters although English has the word
_WORD = re.compile(r"[^\W_]+")
_FEW_BEFORE = re.compile(r"(?:^|[\W\d_])[^\W\d_]{1,2}$")  # one or two letters: no word of its own


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing of the field: its abbreviation ("" where it has none) and its names by language, the commonest first. `defined`: the
    documents define it themselves."""

    short: str
    names: Mapping[str, tuple[str, ...]]
    defined: bool = False


@dataclass(frozen=True, slots=True)
class Glossary:
    """Concepts by what they are recognised by: `shorts` folded abbreviations, `phrases` names of blank-separated stems, `inner` German and
    Chinese names that stand inside longer words (folded, longest first)."""

    shorts: Mapping[str, tuple[Concept, ...]]
    phrases: Mapping[str, tuple[tuple[str, Concept], ...]]
    inner: Mapping[str, tuple[tuple[str, Concept], ...]]
    words: frozenset[str] = field(default_factory=frozenset)
    german: frozenset[str] = field(default_factory=frozenset)


@lru_cache(maxsize=1)
def packaged() -> tuple[Concept, ...]:
    """The reviewed list."""
    rows = json.loads(PACKAGED.read_text("utf-8"))["concepts"]
    return tuple(Concept(row.get("short", ""), {name: tuple(row[name]) for name in LANGUAGES if name in row}) for row in rows)


def glossary_of(abbreviations: Sequence[Abbreviation]) -> Glossary:
    """The packaged concepts and what the documents define. Where they define an abbreviation, their meaning goes for it."""
    own: dict[str, dict[str, str]] = defaultdict(dict)
    printed: dict[str, str] = {}
    for item in abbreviations:
        printed.setdefault(fold(item.short), item.short)
        own[fold(item.short)].setdefault(" ".join(_stems(item.long)), item.long)
    theirs = [Concept(printed[short], {"en": tuple(longs.values())[:MAX_NAMES]}, True) for short, longs in own.items()]
    shorts: defaultdict[str, list[Concept]] = defaultdict(list)
    phrases: defaultdict[str, list[tuple[str, Concept]]] = defaultdict(list)
    inner: dict[str, list[tuple[str, Concept]]] = {"de": [], "zh": []}
    for concept in (*theirs, *packaged()):
        if concept.short and (fold(concept.short) not in own or concept in theirs or _same(concept, own[fold(concept.short)])):
            shorts[fold(concept.short)].append(concept)
        for language, names in concept.names.items():
            for name in names:
                if language == "zh":
                    inner["zh"].append((fold(name), concept))
                    continue
                phrases[" ".join(_stems(name))].append((language, concept))
                if language == "de" and len(name) >= 5 and " " not in name:
                    inner["de"].append((fold(name), concept))
    german = frozenset(word for word, _ in inner["de"] if word not in english())
    words = frozenset(word for phrase in phrases for word in phrase.split()) | german
    ordered = {language: tuple(sorted(rows, key=lambda row: -len(row[0]))) for language, rows in inner.items()}
    return Glossary(
        {key: tuple(row) for key, row in shorts.items()}, {key: tuple(row) for key, row in phrases.items()}, ordered, words, german
    )


def _same(concept: Concept, longs: Mapping[str, str]) -> bool:
    return any(" ".join(_stems(name)) in longs for name in concept.names.get("en", ()))


def _stems(text: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(fold(text))]


def expansions(
    text: str,
    language: str,
    targets: Collection[str],
    glossary: Glossary,
    known: Collection[str] = (),
    kept: Sequence[tuple[int, int]] = (),
) -> tuple[Expansion, ...]:
    """What a question of this language says, in other words: abbreviations written out and names abbreviated, and every name in those of
    the languages `targets` that are not its own. The ranges `kept` say what they say: "HVB" is no abbreviation in "HVB-6".

    Searched are names in another language, and in its own what stands for a word that is not among `known`, the documents' stems: what they
    say as the question does is found best without more words (eval/LOG.md)."""
    said = set(analyze(text))
    given = set[str]()
    found: list[Expansion] = []

    def add(written: str, terms: Iterable[str], source: str, searched: bool) -> None:
        new = tuple(term for term in dict.fromkeys(terms) if set(analyze(term)) - said and fold(term) not in given)
        if new and len(found) < MAX_EXPANSIONS:
            given.update(fold(term) for term in new)
            found.append(Expansion(written, new, source, searched))

    own = language or "en"
    for start, end, is_short, concept in _recognised(text, language, glossary):
        if any(start < their_end and their_start < end for their_start, their_end in kept):
            continue
        written = text[start:end]
        unknown = not all(word in known for word in _stems(written))
        source = "documents" if concept.defined else "glossary"
        for other in targets:
            if other != own:
                add(written, (*(() if is_short else (concept.short,)), *concept.names.get(other, ())[:MAX_NAMES]), source, True)
        same = concept.names.get(own, ())[:MAX_NAMES] if is_short else (concept.short,)
        add(written, same, source, unknown and not concept.defined)
    return tuple(found)


def _recognised(text: str, language: str, glossary: Glossary) -> list[tuple[int, int, bool, Concept]]:
    """(start, end, whether it is abbreviated, concept) of every thing named, where it is named first, in order, none inside another."""
    matches = _phrases(text, language, glossary)
    if language in ("de", "zh"):
        matches = chain(matches, _inner(text, language, glossary))
    first: dict[int, tuple[int, int, bool, Concept]] = {}
    for match in matches:
        first.setdefault(id(match[3]), match)
    kept: list[tuple[int, int, bool, Concept]] = []
    for match in sorted(first.values(), key=lambda match: (match[0] - match[1], match[0])):
        if all(match[:2] == other[:2] or match[1] <= other[0] or other[1] <= match[0] for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: match[0])


def _phrases(text: str, language: str, glossary: Glossary) -> Iterator[tuple[int, int, bool, Concept]]:
    words = [(match.start(), match.end(), stem(fold(match.group())), match.group()) for match in _WORD.finditer(text)]
    for at, (start, _, _, written) in enumerate(words):
        for concept in glossary.shorts.get(fold(written), ()):
            if sum(char.isupper() for char in written) >= 2 or fold(written) in _LOWER or fold(written) not in english():
                yield start, words[at][1], True, concept
        for n_words in range(1, min(MAX_WORDS, len(words) - at) + 1):
            run = words[at : at + n_words]
            for its, concept in glossary.phrases.get(" ".join(word for _, _, word, _ in run), ()):
                if its == (language or "en"):
                    yield start, run[-1][1], False, concept


def _inner(text: str, language: str, glossary: Glossary) -> Iterator[tuple[int, int, bool, Concept]]:
    """Names inside words: Chinese has no blanks, German joins and inflects ("Anzugsmomente", "Ladeschütz"). A German name opens the word or
    has another word before it: there is smoke ("Rauch") in no "brauche"."""
    folded = fold(text)
    if len(folded) != len(text):  # places would not be those of the text
        return
    for name, concept in glossary.inner[language]:
        at = folded.find(name)
        while at >= 0 and language == "de" and _FEW_BEFORE.search(folded[max(0, at - 3) : at]):
            at = folded.find(name, at + len(name))
        if at >= 0:
            yield at, at + len(name), False, concept
