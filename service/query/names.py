"""Product names: the documents' records in, who is named in a question out, and whose documents those are.

A name is compared by its letters and digits alone: "PX100DX", "PX100 DX" and "px100-dx" are one name. A document's names are the products
its record states, their short forms ("PX100" of "PX100-1", "Tarn" of "Tarn 19"), its document number where its owner gave one, and words of
its file name that look like a product. Only what is known with confidence SURE or more keeps other documents down."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from service.core.code_table import CodeTable
from service.core.text import analyze, fold
from service.core.types import Document, Passage
from service.query.record import NamedProduct, Query
from service.query.words import ordinary

SURE = 0.6
UNSTATED = 0.5  # a record without an origin for its products
SHORT_FORM, FAMILY, VARIANT = 0.9, 0.7, 0.6
UNSURE = 0.75  # times the strength, where the name is taken from a source below SURE
MAX_WORDS = 4
MAX_NAMED = 8
MIN_KEY = 3

_CJK = "぀-ヿ㐀-鿿가-힯"
_WORD = re.compile(rf"[{_CJK}]+|[^\W_{_CJK}]+")  # "那QX400呢" is three words
_SPLIT = re.compile(r"[\s_\-‐‑‒–—/.,()+]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_GENERIC = re.compile(r"(?:gen|rs|can|lin|usb|ip|awg|type|mode|level|rev|ver|part|vol|class|iso|iec|din|sae|ece|ccs|i2c|v2[xghl])\d*")
_REVISION = re.compile(r"(?:v|ver|rev|r)\d*|\d.*|[a-z]{1,2}", re.I)


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a document: as printed, how strongly it stands for the document (0 to 1), and how sure its source is (0 to 1)."""

    printed: str
    document_id: str
    strength: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Names:
    """All names of a build. `sure` are the documents with a product known for sure; `terms` the words of each document's names, title and
    file; `idf` weighs those words by how few documents have them."""

    by_key: Mapping[str, tuple[Name, ...]]
    keys: tuple[str, ...]
    sure: frozenset[str]
    terms: Mapping[str, frozenset[str]]
    idf: Mapping[str, float]


def name_key(text: str) -> str:
    """Letters and digits, folded: "PX100-DX" -> "px100dx"."""
    return "".join(_WORD.findall(fold(text)))


def names_of(documents: Mapping[str, Document]) -> Names:
    """The names of a build's documents."""
    by_key: dict[str, list[Name]] = {}
    for document in documents.values():
        for name in _own(document):
            key = name_key(name.printed)
            if len(key) >= MIN_KEY and not _GENERIC.fullmatch(key):  # "Gen 3" and "RS485" name no one's product
                by_key.setdefault(key, []).append(name)
    terms = {document.document_id: _terms(document) for document in documents.values()}
    counts = Counter(term for own in terms.values() for term in own)
    idf = {term: math.log(1 + (len(terms) - n + 0.5) / (n + 0.5)) for term, n in counts.items()}
    sure = frozenset(document.document_id for document in documents.values() if document.product and _confidence(document) >= SURE)
    return Names({key: tuple(own) for key, own in by_key.items()}, tuple(sorted(by_key)), sure, terms, idf)


def _confidence(document: Document) -> float:
    return next((origin.confidence for origin in document.origins if origin.field == "product"), UNSTATED)


def _own(document: Document) -> Iterator[Name]:
    confidence = _confidence(document)
    for product in document.product:
        if _plain(product):  # "TECHNOLOGY" on a title page may be a name, but nothing is kept down for it
            yield Name(product, document.document_id, SHORT_FORM, min(confidence, UNSTATED))
            continue
        yield Name(product, document.document_id, 1.0, confidence)
        for short in _short_forms(product):
            yield Name(short, document.document_id, SHORT_FORM, confidence)
    if document.family and "/" not in document.family and any(char.isdigit() for char in document.family):
        yield Name(document.family, document.document_id, 1.0, SURE)
    for file in (document.file, *document.aliases):
        for token in _SPLIT.split(file.rsplit(".", 1)[0]):
            if len(token) >= MIN_KEY and any(char.isdigit() for char in token) and not _REVISION.fullmatch(token):
                yield Name(token, document.document_id, 1.0, 0.4)


def _plain(product: str) -> bool:
    """A single word of everyday language."""
    return product.isalpha() and ordinary(product.casefold())


def _short_forms(product: str) -> Iterator[str]:
    """ "QX250-1" -> "QX250"; "Tarn 19" -> "Tarn"; "Vargo-BMS" -> "Vargo"; never an everyday word."""
    pieces = [piece for piece in _SPLIT.split(product) if piece]
    if len(pieces) < 2:
        return
    head = pieces[0]
    if len(head) >= 4 and not ordinary(head.casefold()) and (head.isalpha() or (len(pieces) == 2 and len(pieces[1]) <= 2)):
        yield head


def _terms(document: Document) -> frozenset[str]:
    said = [document.title, document.file.rsplit(".", 1)[0], *document.product, *document.aliases, document.manufacturer, document.family]
    text = " ".join([*said, document.doc_type.replace("_", " ")])
    split = " ".join(" ".join(_CAMEL.findall(word)) for word in _WORD.findall(text))
    pieces = re.sub(r"[_/.]", " ", text)
    return frozenset(analyze(f"{pieces} {split}")) | {name_key(product) for product in document.product}


def find_products(text: str, names: Names, codes: CodeTable) -> tuple[NamedProduct, ...]:
    """The products named in a text, in order, the longest name first where names overlap; at most MAX_NAMED."""
    words = [(match.start(), match.end(), fold(match.group())) for match in _WORD.finditer(text)]
    found: list[NamedProduct] = []
    at = 0
    while at < len(words) and len(found) < MAX_NAMED:
        taken = 1
        for n_words in range(min(MAX_WORDS, len(words) - at), 0, -1):
            run = words[at : at + n_words]
            if _apart(text, run):
                continue
            key = "".join(word for _, _, word in run)
            if theirs := _theirs(key, names, one_word=n_words == 1):
                found.append(_named(text[run[0][0] : run[-1][1]], run[0][0], run[-1][1], key, theirs, names, codes))
                taken = n_words
                break
        at += taken
    return tuple(found)


def _apart(text: str, run: Sequence[tuple[int, int, str]]) -> bool:
    """More than a blank, dash or the like stands between two words of a run, so that they are no one name."""
    return any(text[a_end:b_start] not in ("", " ", "-", "_", "/", ".", "–", "‑") for (_, a_end, _), (b_start, _, _) in pairwise(run))


def _theirs(key: str, names: Names, one_word: bool) -> list[tuple[float, Name]]:
    """(strength, name) of every document this key names. One word that looks like a type ("px100dx") also names its family and its
    variants."""
    if len(key) < MIN_KEY:
        return []
    theirs = [(name.strength, name) for name in names.by_key.get(key, ())]
    if not (one_word and len(key) >= 4 and _typed(key)):
        return theirs
    for end in range(4, len(key)):
        if key[end].isalpha() and key[end - 1].isdigit() and len(key) - end <= 3:
            theirs += [(FAMILY * name.strength, name) for name in names.by_key.get(key[:end], ()) if _typed(key[:end])]
    for longer in names.keys[bisect_left(names.keys, key) : bisect_left(names.keys, key + "\uffff")]:
        if longer != key and (longer[len(key)].isalpha() or not key[-1].isdigit()):
            theirs += [(VARIANT * name.strength, name) for name in names.by_key[longer]]
    return theirs


def _typed(key: str) -> bool:
    return any(char.isdigit() for char in key) and any(char.isalpha() for char in key)


def _named(
    written: str, start: int, end: int, key: str, theirs: Iterable[tuple[float, Name]], names: Names, codes: CodeTable
) -> NamedProduct:
    """The documents of a name, and those it keeps down."""
    documents: dict[str, float] = {}
    sure = False
    for strength, name in theirs:
        certain = name.confidence >= SURE
        sure |= certain and strength > VARIANT
        value = strength if certain else UNSURE * strength
        documents[name.document_id] = max(documents.get(name.document_id, 0.0), value)
    spoken = {fold(written), key, *(fold(name.printed) for _, name in theirs if name_key(name.printed) == key)}
    mentioning = {found.document_id for spelling in spoken for found in codes.find(spelling)}
    return NamedProduct(written, start, end, documents, names.sure - documents.keys() - mentioning if sure else frozenset())


def product_match(document: Document, query: Query) -> float:
    """1 where the document is surely of a product the question names, less where that is less sure, 0 where nothing tells, -1 where it is
    about another product only."""
    best = max((product.documents.get(document.document_id, 0.0) for product in query.products), default=0.0)
    if best:
        return best
    return -1.0 if query.products and all(document.document_id in product.siblings for product in query.products) else 0.0


def siblings_last(passages: Sequence[Passage], query: Query) -> list[Passage]:
    """The passages in their order, but those of other products' documents behind the rest where the named product's are among them."""
    matches = [product_match(passage.document, query) for passage in passages]
    if not any(match > 0 for match in matches):
        return list(passages)
    kept = [passage for passage, match in zip(passages, matches, strict=True) if match >= 0]
    return kept + [passage for passage, match in zip(passages, matches, strict=True) if match < 0]


def written_apart(products: Iterable[NamedProduct], names: Names) -> dict[str, str]:
    """Written -> its key, where a name is written apart and the documents print it as one word, so that it would not be found as it is
    written ("px100 dx" -> "px100dx")."""
    told: dict[str, str] = {}
    for product in products:
        key = name_key(product.name)
        if key not in analyze(product.name) and any(key in analyze(name.printed) for name in names.by_key.get(key, ())):
            told[product.name] = key
    return told
