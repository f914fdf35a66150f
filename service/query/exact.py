"""Codes: a question in, the chunks that hold exactly its codes out. A near miss is named, never passed off as a hit.

Codes are compared by their keys (`core.codes`). "E12" in a question is also 12 below a column head "Error" with the letter, and "HB1204" is
"HB-1204" where the documents know only that; two codes that differ in a letter or digit never meet.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.core.code_table import MAX_PER_KEY, CodeTable
from service.core.codes import Code, find_codes
from service.core.ports import Index
from service.core.types import Chunk, Document, Filters, Hit
from service.query.record import AskedCode, NamedProduct, Query

MAX_CODES = 12  # codes of one question that are looked up; nobody asks about more, and each costs a search for near misses
MAX_SIMILAR = 8
MIN_NEAR = 4  # shorter codes are all near one another
_SHORT = re.compile(r"(?<![^\W_])[a-z]{1,2}\d{1,2}(?![^\W_])")
DEFINES, MENTIONS, NEAR = 1.0, 0.5, -0.5


@dataclass(frozen=True, slots=True)
class CodeKeys:
    """The keys of a build by what is printed: `by_value` without the label ("error:e12" -> "e12"), `by_compact` also without dashes.
    `alphabet` are the characters they are made of."""

    by_value: Mapping[str, tuple[str, ...]]
    by_compact: Mapping[str, tuple[str, ...]]
    alphabet: str


def code_keys(table: CodeTable) -> CodeKeys:
    """The keys of a build's code table, prepared for looking up."""
    by_value: defaultdict[str, list[str]] = defaultdict(list)
    by_compact: defaultdict[str, list[str]] = defaultdict(list)
    for key in table.by_key:
        value = _value(key)
        by_value[value].append(key)
        by_compact[_compact(value)].append(key)
    alphabet = "".join(sorted({char for value in by_value for char in value if char.isascii()}))
    return CodeKeys({key: tuple(own) for key, own in by_value.items()}, {key: tuple(own) for key, own in by_compact.items()}, alphabet)


def _value(key: str) -> str:
    """A key without the label of what it numbers, where the value alone tells: "error:e12" -> "e12", but "pin:14" as it is."""
    _, colon, value = key.partition(":")
    return value if colon and not value.isdigit() and len(value) > 1 else key


def _compact(value: str) -> str:
    return re.sub(r"[-_]", "", value)


def asked_codes(text: str, keys: CodeKeys, table: CodeTable, products: Sequence[NamedProduct]) -> list[AskedCode]:
    """The codes of a question, each once, but for those that are part of a product's name: those tell documents, not places in them."""
    asked: dict[str, AskedCode] = {}
    for code in (*find_codes(text), *_small(text, keys)):
        if len(asked) == MAX_CODES:
            break
        if code.key in asked or any(product.start < code.end and code.start < product.end for product in products):
            continue
        known = _known(code, keys)
        n_chunks = len({found.chunk_id for key in known for found in table.find(key)})
        weight = max(0.0, 1 - math.log(n_chunks) / math.log(MAX_PER_KEY)) if n_chunks else 1.0
        asked[code.key] = AskedCode(code, text[code.start : code.end], known, tuple(_similar(code, known, keys)), weight)
    return list(asked.values())


def _small(text: str, keys: CodeKeys) -> Iterator[Code]:
    """Short codes typed in small letters ("e31"), where the documents know them: by their form alone they could be anything."""
    for match in _SHORT.finditer(text):
        for code in find_codes(match.group().upper()):
            if code.key in keys.by_value:
                yield Code(code.kind, code.key, match.start(), match.end())


def _known(code: Code, keys: CodeKeys) -> tuple[str, ...]:
    """Keys of exactly this code. A key with a label has lost its dashes, so it meets every way to set them; without one, a key as it is
    written goes first, and only where the documents do not know it, the same letters and digits with other dashes."""
    value = _value(code.key)
    anyhow = keys.by_compact.get(_compact(value), ())
    plain = [key for key in keys.by_value.get(value, ()) if ":" not in key]
    return (*plain, *(key for key in anyhow if ":" in key)) if plain and ":" not in code.key else anyhow


def _similar(code: Code, known: Sequence[str], keys: CodeKeys) -> list[str]:
    """Known keys one slip away, those of the same pattern of letters and digits first."""
    value = _value(code.key)
    if len(_compact(value.rpartition(":")[2])) < MIN_NEAR and not (code.kind != "numbered" and len(value) >= MIN_NEAR - 1):
        return []
    close = {key for slip in slips(value, keys.alphabet) for key in keys.by_value.get(slip, ()) if key not in known}
    return sorted(close, key=lambda key: (_pattern(_value(key)) != _pattern(value), key))[:MAX_SIMILAR]


def _pattern(value: str) -> str:
    return re.sub(r"[a-z]", "a", re.sub(r"\d", "0", value))


def slips(value: str, alphabet: str) -> Iterator[str]:
    """What one slip of the pen makes of a value: a character other, missing, too many, or two neighbours swapped (Damerau 1964)."""
    for at in range(len(value) + 1):
        head, tail = value[:at], value[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1 and tail[0] != tail[1]:
            yield head + tail[1] + tail[0] + tail[2:]
        for char in alphabet:
            yield head + char + tail
            if tail and tail[0] != char:
                yield head + char + tail[1:]


def code_scores(codes: Iterable[AskedCode], table: CodeTable) -> dict[str, float]:
    """Chunk id -> DEFINES or MENTIONS, weighted over the codes asked for."""
    codes = [code for code in codes if code.weight > 0]
    total = sum(code.weight for code in codes)
    scores: defaultdict[str, float] = defaultdict(float)
    for code in codes:
        best: dict[str, float] = {}
        for found in (found for key in code.keys for found in table.find(key)):
            best[found.chunk_id] = max(best.get(found.chunk_id, 0.0), DEFINES if found.defines else MENTIONS)
        for chunk_id, value in best.items():
            scores[chunk_id] += code.weight * value / total
    return dict(scores)


def code_match(chunk: Chunk, query: Query) -> float:
    """How well a chunk holds the codes asked for: 1 where it defines them, 0.5 where it mentions them, 0 where it holds none, negative
    where it holds only what they could be mistaken for."""
    if chunk.chunk_id in query.code_scores:
        return query.code_scores[chunk.chunk_id]
    own = set(chunk.codes)
    asked = [code for code in (*query.codes, *query.unknown_codes) if code.weight > 0]
    total = sum(code.weight for code in asked)
    held = sum(code.weight * (MENTIONS if own & set(code.keys) else NEAR if own & set(code.similar) else 0.0) for code in asked)
    return held / total if total else 0.0


def exact_hits(query: Query, index: Index, filters: Filters, lexical: Sequence[Hit] = (), k: int = 20) -> list[Hit]:
    """The chunks that hold the asked codes exactly, at most `k`; the score is that of `code_match`. Ordered by it times the score among the
    question's `lexical` hits, where those are given (a chunk not among them counts as half the last): of two rows with the code, the one
    that also says the other words of the question. Siblings' chunks of a named product come only where nothing else holds the code."""
    documents = {found.chunk_id: found.document_id for code in query.codes for key in code.keys for found in index.codes.find(key)}
    allowed = [chunk_id for chunk_id in query.code_scores if _passes(index.documents.get(documents[chunk_id]), filters)]
    siblings = frozenset[str]().union(*(product.siblings for product in query.products))
    theirs = {document_id: value for product in query.products for document_id, value in product.documents.items()}
    own = [chunk_id for chunk_id in allowed if documents[chunk_id] not in siblings] or allowed
    said = {hit.chunk_id: hit.score for hit in lexical}
    floor = min(said.values(), default=2.0) / 2
    worth = {chunk_id: query.code_scores[chunk_id] * said.get(chunk_id, floor) for chunk_id in own}
    ranked = sorted(own, key=lambda chunk_id: (-worth[chunk_id], -theirs.get(documents[chunk_id], 0.0), chunk_id))
    return [Hit(chunk_id, query.code_scores[chunk_id]) for chunk_id in ranked[:k]]


def lane_weight(query: Query) -> float:
    """How much the exact lane should count in a fusion, 0 to 1: that of the rarest code asked for. What stands in 64 chunks tells
    nothing."""
    return max((code.weight for code in query.codes), default=0.0)


def _passes(document: Document | None, filters: Filters) -> bool:
    """Whether a document has one of the accepted values of every filtered field."""
    if document is None:
        return False
    own = {name: getattr(document, name) for name in filters}
    return all(bool(set(accepted) & ({*own[name]} if isinstance(own[name], tuple) else {own[name]})) for name, accepted in filters.items())
