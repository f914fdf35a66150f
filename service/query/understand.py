"""The one entry point: a question and an open index in, a Query out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from service.core.ports import Index
from service.core.types import Document
from service.query.exact import asked_codes, code_scores
from service.query.glossary import expansions
from service.query.languages import language_of
from service.query.lexicon import Lexicon, prepare
from service.query.names import find_products, written_apart
from service.query.record import Correction, Expansion, NamedProduct, Query
from service.query.spelling import corrections

MAX_CHARS = 2000  # what the API accepts; longer texts are understood by their beginning


def understand(text: str, index: Index) -> Query:
    """What a question asks for, compared with what the index contains. Never raises on any text."""
    lexicon = prepare(index)
    read = text[:MAX_CHARS]
    language = language_of(read, lexicon.glossary.german)
    products = find_products(read, lexicon.names, index.codes)
    asked = asked_codes(read, lexicon.codes, index.codes, products)
    known = tuple(code for code in asked if code.keys)
    kept = [(product.start, product.end) for product in products]
    slips = _slips(read, language, lexicon, [*kept, *((code.code.start, code.code.end) for code in asked)])
    right = corrected(read, slips)
    foreign = _targets(language, products, index.documents, lexicon)
    others = (
        *(Expansion(written, (key,), "product") for written, key in written_apart(products, lexicon.names).items()),
        *expansions(read, language, foreign, lexicon.glossary, lexicon.stems, kept),
    )
    extra = tuple(dict.fromkeys([*(slip.meant for slip in slips), *(term for other in others if other.searched for term in other.terms)]))
    return Query(
        text=text,
        search_text=" ".join([read, *extra]),
        embed_text=" ".join([right, *extra]) if foreign else right,
        language=language,
        extra=extra,
        codes=known,
        unknown_codes=tuple(code for code in asked if not code.keys),
        products=products,
        corrections=slips,
        expansions=others,
        code_scores=code_scores(known, index.codes),
    )


def corrected(text: str, slips: Sequence[Correction]) -> str:
    """The text with what was meant in the place of what was written."""
    for slip in reversed(slips):
        text = text[: slip.start] + slip.meant + text[slip.end :]
    return text


def _slips(text: str, language: str, lexicon: Lexicon, kept: Sequence[tuple[int, int]]) -> tuple[Correction, ...]:
    """Slips of an English question; of other languages too few words are known to tell a slip from a word."""
    if language not in ("en", ""):
        return ()
    return corrections(text, lexicon.vocabulary, lexicon.glossary.words | lexicon.names.idf.keys(), kept)


def _targets(language: str, products: Sequence[NamedProduct], documents: Mapping[str, Document], lexicon: Lexicon) -> tuple[str, ...]:
    """The languages to ask in besides the question's own: the one most of the documents are written in (of the named product's, where one
    is named), if none of them is written in the question's."""
    theirs = Counter(documents[one].language for product in products for one in product.documents if one in documents)
    counts = {name: n for name, n in (theirs or lexicon.languages).items() if name}
    return () if not counts or (language or "en") in counts else (max(counts, key=lambda name: (counts[name], name)),)
