"""Follow-ups made whole without an LLM: a question and what was asked before it in, the question with what it leaves out.

    "and for the QX400?"             -> the last question, about the QX400
    "what about the thread size?"    -> this one with the product, and this one with the product and the words of the last
    "how do I clear it?"             -> this one with the product, code and words of the last
    "why?", "is it the same there?"  -> the last question
    "where is the cover?"            -> this one with the product that was talked about

A whole question is left alone: one that says what it is about, names another document, or shares few words with the documents. The plain
question is searched beside each completion, so that a wrong one loses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.core.code_table import CodeTable
from service.core.ports import Index
from service.core.text import analyze
from service.query.exact import asked_codes
from service.query.lexicon import Lexicon, prepare
from service.query.names import find_products
from service.query.words import ordinary

MAX_TURNS = 4  # earlier questions that are looked at
MAX_CHARS = 400  # whoever writes more has said what it is about
FEW = 2  # content words of a question that cannot stand alone
WHOLE = 6  # content words of a question that says enough, unless it points back
SHORT_CODE = 3  # characters of a code that many drawings have
CARRIED = 10  # words carried over from the last question

_THANKS = r"(?:(?:ok|okay|thanks|thank you|right|good|so|danke)\b[\s,.!]*)*"
_OPENINGS = r"and|or|but|also|then|what about|how about|same|und|oder|aber|auch|was ist mit|wie (?:ist|sieht) es"
_LEADS = re.compile(rf"^\W*{_THANKS}(?:(?:{_OPENINGS})\b|那|还有|以及)|呢\W*$", re.I)
_BACK = """
it its they them their those these there that this same er ihn ihm sie ihr ihre deren dessen dort dafür davon damit derselbe dieselbe
dasselbe gleiche gleichen
"""
_POINTS_BACK = re.compile(rf"\b(?:{'|'.join(_BACK.split())})\b|other one|[它其]|这个|那个|一样|相同", re.I)
_NOTHING = """
same too also one ones other case instead again thank thanks ok okay please mean difference different long much many often high s re ll
und oder aber auch gleiche dort bei mit für dem den im wie lange viel oft hoch sieht aus ist es denn 那 呢 的 还有
"""
_EMPTY = frozenset(_NOTHING.split())


@dataclass(frozen=True, slots=True)
class _Said:
    """A question taken apart: the ranges of its products and codes, and its other content words."""

    text: str
    products: tuple[tuple[int, int], ...]
    codes: tuple[tuple[int, int], ...]
    content: tuple[str, ...]

    @property
    def stands(self) -> bool:
        """It holds a code that stands for itself: "F2" is in every wiring diagram, "P0C47" is one fault."""
        return any(end - start > SHORT_CODE for start, end in self.codes)

    @property
    def named(self) -> tuple[str, ...]:
        """Products and codes, as written."""
        return tuple(dict.fromkeys(self.text[start:end] for start, end in sorted({*self.products, *self.codes})))


def complete(question: str, history: Sequence[tuple[str, str]], index: Index) -> tuple[str, ...]:
    """The whole questions a follow-up may stand for, likeliest first; none where the question stands alone. `history` holds the
    (question, answer) pairs before it, oldest first."""
    if not history or len(question) > MAX_CHARS:
        return ()
    lexicon = prepare(index)
    return _complete(question, [asked for asked, _ in history[-MAX_TURNS:]], lexicon, index)


def stands_alone(question: str, index: Index) -> bool:
    """Whether a question says what it is about by itself: it is too long for a follow-up, or it names a product or code, says more than a
    word or two about it and points to nothing before it."""
    if len(question) > MAX_CHARS:
        return True
    said = _said(question, prepare(index), index)
    return bool(said.products or said.stands) and len(said.content) > FEW and not _LEADS.search(question) and not _points_back(said)


def _complete(question: str, before: Sequence[str], lexicon: Lexicon, index: Index) -> tuple[str, ...]:
    if not before:
        return ()
    said = _said(question, lexicon, index)
    if (said.products or said.stands) and len(said.content) > FEW:
        return ()
    nothing_new = not said.content and not said.codes
    bare = len(said.content) <= 1 and not said.named
    leans = bool(_LEADS.search(question)) or _points_back(said) or nothing_new or bare
    if len(said.content) > (FEW if leans else 0) and not _about_the_documents(said, lexicon):
        return ()
    if not leans and (said.products or said.stands or len(said.content) > WHOLE):
        return ()
    last = (*_complete(before[-1], before[:-1], lexicon, index), before[-1])[0]
    earlier = _said(last[: 2 * MAX_CHARS], lexicon, index)
    product = " ".join(dict.fromkeys(earlier.text[start:end] for start, end in earlier.products))
    if not leans:
        return (f"{question} {product}",) if product and not _names_another(said, earlier, lexicon) else ()
    if nothing_new or (said.named and len(said.content) <= 1):
        return (_about(earlier, said.named),)
    named = () if said.products else earlier.named
    words = (word for word in earlier.content[:CARRIED] if word not in said.content)
    found = (f"{question} {product}" if product and named else question, " ".join((question, *named, *words)))
    return tuple(dict.fromkeys(one for one in found if one != question))


def _points_back(said: _Said) -> bool:
    """A pronoun that stands for nothing in the question itself: hardly a word with meaning comes before it, and few in all."""
    match = _POINTS_BACK.search(said.text)
    return (
        match is not None
        and not said.named
        and len(said.content) <= 2 * FEW
        and len(set(analyze(said.text[: match.start()])) - _EMPTY) <= 1
    )


def _names_another(said: _Said, earlier: _Said, lexicon: Lexicon) -> bool:
    """A word that is neither English nor of the field is a name of documents, but of none of the product that was talked about."""
    products = find_products(earlier.text, lexicon.names, CodeTable())
    theirs = frozenset[str]().union(*(lexicon.names.terms.get(one, frozenset()) for product in products for one in product.documents))
    words = (word for word in said.content if word in lexicon.names.idf and word not in theirs)
    return any(not ordinary(word) and word not in lexicon.glossary.words for word in words)


def _said(text: str, lexicon: Lexicon, index: Index) -> _Said:
    products = find_products(text, lexicon.names, index.codes)
    codes = [code for code in asked_codes(text, lexicon.codes, index.codes, products) if code.keys]
    ranges = [(product.start, product.end) for product in products]
    held = [(code.code.start, code.code.end) for code in codes]
    rest = text
    for start, end in sorted([*ranges, *held], reverse=True):
        rest = f"{rest[:start]} {rest[end:]}"
    content = tuple(dict.fromkeys(term for term in analyze(rest) if term not in _EMPTY))
    return _Said(text, tuple(ranges), tuple(held), content)


def _about_the_documents(said: _Said, lexicon: Lexicon) -> bool:
    """Two thirds of a question's content words stand in the documents."""
    return 3 * sum(word in lexicon.stems for word in said.content) >= 2 * len(said.content) > 0


def _about(earlier: _Said, named: Sequence[str]) -> str:
    """The earlier question about what is named now, in the place of what it named."""
    if not named:
        return earlier.text
    ranges = sorted(earlier.products or earlier.codes)
    if not ranges:
        return f"{earlier.text} {' '.join(named)}"
    text = earlier.text
    for start, end in reversed(ranges[1:]):
        text = f"{text[:start]}{text[end:]}"
    start, end = ranges[0]
    return f"{text[:start]}{' '.join(named)}{text[end:]}"
