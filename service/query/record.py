"""What was understood of a question: frozen records, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.core.codes import Code


@dataclass(frozen=True, slots=True)
class AskedCode:
    """A code of the question. `keys` are the corpus' keys of exactly this code (two spellings of one code may have two: "E12" in a text, 12
    below the head "Error"); none where the documents do not hold it. `similar` are keys one slip of the pen away, which are other codes.
    `weight` (0 to 1) says how few chunks hold it: 1 for one chunk, 0 for 64 and more."""

    code: Code
    written: str
    keys: tuple[str, ...]
    similar: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class NamedProduct:
    """A product the question names. `documents` maps a document id to how surely it is this product's (0 to 1): 1 where the document states
    the very name; less for a short form, its family ("PX100" for "PX100DX"), a variant, a name taken from the file's name. `siblings` are
    documents that are about other products, and say nothing of this one; empty where the name or theirs is not sure enough to tell."""

    name: str
    start: int
    end: int
    documents: Mapping[str, float]
    siblings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Correction:
    """A word taken for a slip of the pen: characters [start, end) of the question, and the corpus' word that was meant."""

    start: int
    end: int
    written: str
    meant: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """Another way to say what the question says: `written` in it, `terms` (words or phrases) beside it, where that is known from
    ("glossary", "documents": an abbreviation they define, "product": a name written apart), and whether it is searched for: only what is
    found better so."""

    written: str
    terms: tuple[str, ...]
    source: str
    searched: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """A question as asked (`text`) and as understood. `search_text` is for BM25: the question, then `extra`, what is said in other words;
    `embed_text` for the embedder. `language` is an ISO 639-1 code, "" where too little is said to tell. `code_scores` holds, for each chunk
    that stands in the code table for an asked code, 1 where it defines it and 0.5 where it mentions it, weighted over the codes."""

    text: str
    search_text: str
    embed_text: str
    language: str = ""
    extra: tuple[str, ...] = ()
    codes: tuple[AskedCode, ...] = ()
    unknown_codes: tuple[AskedCode, ...] = ()
    products: tuple[NamedProduct, ...] = ()
    corrections: tuple[Correction, ...] = ()
    expansions: tuple[Expansion, ...] = ()
    code_scores: Mapping[str, float] = field(default_factory=dict)
