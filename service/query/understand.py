"""The one entry point: a question and an open index in, a Query out."""

from __future__ import annotations

from service.core.ports import Index
from service.core.text import analyze
from service.query.exact import asked_codes, code_scores
from service.query.lexicon import prepare
from service.query.names import find_products, name_key, spelled_as_printed
from service.query.record import Expansion, Query

MAX_CHARS = 2000  # what the API accepts; longer texts are understood by their beginning


def understand(text: str, index: Index) -> Query:
    """What a question asks for, compared with what the index contains. Never raises on any text."""
    lexicon = prepare(index)
    read = text[:MAX_CHARS]
    products = find_products(read, lexicon.names, index.codes)
    asked = asked_codes(read, lexicon.codes, index.codes, products)
    known = tuple(code for code in asked if code.keys)
    terms = {*analyze(read), *(name_key(product.name) for product in products)}
    expansions = [Expansion(written, printed, "product") for written, printed in spelled_as_printed(products, lexicon.names).items()]
    extra = tuple(dict.fromkeys(term for expansion in expansions for term in expansion.terms))
    return Query(
        text=text,
        search_text=" ".join([read, *extra]),
        embed_text=read,
        extra=extra,
        codes=known,
        unknown_codes=tuple(code for code in asked if not code.keys),
        products=products,
        expansions=tuple(expansions),
        code_scores=code_scores(known, index.codes),
        name_terms={term: lexicon.names.idf[term] for term in terms if term in lexicon.names.idf},
        document_terms=lexicon.names.terms,
    )
