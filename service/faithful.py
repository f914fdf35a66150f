"""A sentence a language model wrote, with what it cites, in; what it changed out ("" where it changed nothing).

`verify` asks whether the words and numbers of a sentence stand in its quotes. A model that paraphrases can keep nearly all words and still
turn the meaning round; this looks for the ways that matter to whoever holds the wrench: another unit or sign, a number taken from its
neighbour, a "not" that is gone, "max" for "min", a product that is not the manual's, a name, an address or markup that came from nowhere, a
piece torn out of another sentence. Deterministic and on the safe side: what fails is not said, and the extractive answer is at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from service.cite import Sentence
from service.core.codes import find_codes
from service.core.table_text import is_unit
from service.core.text import STOP_WORDS, analyze, fold, quantities, quote_key
from service.core.types import Document
from service.polarity import WHOLE, opposite, other_negation, sentences, words_of

_MARKERS = re.compile(r"\s*\[\d+\]")
_ADDRESS = re.compile(
    r"(?i)\b[a-z][a-z0-9+.\-]{1,15}://\S+|\bwww\.\S+|\b[\w.+\-]+@[\w\-]+\.[\w.]+|"
    r"\b[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|net|org|io|info|example|test|biz|ru|cn|xyz|top|de|ly|co|me|app|dev|site|online)\b\S*"
)
_MARKUP = re.compile(r"<[a-zA-Z/!][^>]*>?|!?\[[^\]]*\]\(|javascript:|data:\w+/|&(?:lt|gt|amp|quot|nbsp|#\d+|#x[0-9a-f]+);")
_NUMBER = re.compile(r"(?<![\w.,])(?P<sign>[-+±]?)(?P<digits>\d+(?:[.,]\d+)*)(?P<gap> ?)(?P<word>[^\W\d_][\w·/²³.]*|[°%‰Ω][\w·/]*)?")
_CLAUSES = re.compile(r"[;()\n，；、。]|,(?=\s|$)|\.(?=\s|$)|\b(?:and|or|while|whereas|but|und|oder|aber|et|ou|y|o)\b")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sentence is judged against beside its quotes: the question, and the products of all indexed documents by document id."""

    question: str
    products: dict[str, tuple[str, ...]]


def setting(question: str, documents: Iterable[Document]) -> Setting:
    """The setting of one question."""
    return Setting(question, {document.document_id: (*document.product, *document.aliases) for document in documents})


def changed(sentence: Sentence, where: Setting) -> str:
    """What the sentence changed: "address", "markup", "unit", "sign", "neighbour", "code", "negation", "opposite", "product", "name",
    "torn"; "" for nothing."""
    said = _MARKERS.sub("", sentence.text)
    quotes = [citation.quote for citation in sentence.citations]
    evidence = "\n".join([*quotes, sentence.added])
    around = " ".join(f"{citation.title} {' '.join(citation.section)}" for citation in sentence.citations)
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("address", lambda: _foreign(_ADDRESS, said, evidence)),
        ("markup", lambda: _foreign(_MARKUP, said, "\n".join(quotes))),
        ("unit", lambda: _other_unit(said, evidence)),
        ("sign", lambda: _other_sign(said, evidence)),
        ("neighbour", lambda: _neighbours_number(said, [*quotes, *sentence.added.split(" | ")])),
        ("code", lambda: _other_code(said, f"{evidence}\n{around}")),
        ("negation", lambda: all(other_negation(said, texts) for texts in (quotes, [sentence.added]) if any(texts))),
        ("opposite", lambda: opposite(said, evidence)),
        ("product", lambda: _other_product(sentence, said, f"{evidence}\n{around}", where)),
        ("name", lambda: _other_name(said, f"{evidence}\n{around}")),
        ("torn", lambda: _torn(said, quotes, where.question)),
    )
    return next((name for name, fails in checks if fails()), "")


def _foreign(pattern: re.Pattern[str], said: str, evidence: str) -> bool:
    return any(match.group() not in evidence for match in pattern.finditer(said))


@dataclass(frozen=True, slots=True)
class _Number:
    """A number with its sign, the word behind it where that can be a unit, and its place in the text."""

    digits: str
    sign: str
    unit: str
    at: int


def _numbers(text: str) -> list[_Number]:
    plain = re.sub("[‐‑‒–—―−]", "-", text)
    found = []
    for match in _NUMBER.finditer(plain):
        word = (match["word"] or "").rstrip(".")
        digits = re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", match["digits"]).replace(",", ".")
        found.append(_Number(digits, match["sign"].strip("+"), word if _can_be_a_unit(word) else "", match.start("digits")))
    return found


def _can_be_a_unit(word: str) -> bool:
    if not word or word in STOP_WORDS:
        return False
    return is_unit(word) or bool(quantities(f"1 {word}")) or bool(re.fullmatch(r"[a-zµμ]{1,2}[A-Z][A-Za-z]{0,4}", word))


def _unit_key(unit: str) -> str:
    """One spelling for a unit. Case counts where it tells milli from mega."""
    plain = re.sub(r"[·.⋅ ]", "", unit.replace("μ", "µ").replace("Ω", "Ω"))
    return (plain[0] + plain[1:].casefold()) if len(plain) > 1 and plain[0] in "mM" else plain.casefold()


def _other_unit(said: str, evidence: str) -> bool:
    """A number that stands in the evidence with other units only. A number without any (a table's cell) may take one that stands
    there by itself (its column's)."""
    standing = _numbers(evidence)
    words = {_unit_key(word) for word in re.findall(r"[^\W\d_][\w·/²³.]*|[°%‰Ω][\w·/]*", evidence)}
    for number in _numbers(said):
        same = [other for other in standing if other.digits == number.digits]
        if not number.unit or not same or any(_unit_key(other.unit) == _unit_key(number.unit) for other in same if other.unit):
            continue
        if all(other.unit for other in same) or _unit_key(number.unit) not in words:
            return True
    return False


def _other_sign(said: str, evidence: str) -> bool:
    standing = _numbers(evidence)
    for number in _numbers(said):
        signs = {other.sign for other in standing if other.digits == number.digits}
        if signs and number.sign not in signs:
            return True
    return False


def _neighbours_number(said: str, texts: Sequence[str]) -> bool:
    """A number with a unit that stands in the evidence, but with what another number of this unit is said of.

    Sentence and evidence are taken apart into segments, a number with its words each. Of the words that tell the segment of the right
    number from that of another one, the sentence must hold no smaller share than of the other's: "left fuse: 30 A, right fuse: 50 A".
    """
    standing = [segment for text in texts for segment in _segments(text)]
    for about, numbers in _segments(said):
        for number in numbers:
            alike = [(terms, {other.digits for other in others if _same_unit(other, number)}) for terms, others in standing]
            right = [terms for terms, digits in alike if number.digits in digits]
            wrong = [terms for terms, digits in alike if digits and number.digits not in digits]
            if right and any(all(_share(about, other - own) > _share(about, own - other) for own in right) for other in wrong):
                return True
    return False


def _same_unit(a: _Number, b: _Number) -> bool:
    return _unit_key(a.unit) == _unit_key(b.unit)


def _share(about: set[str], terms: set[str]) -> float:
    return len(about & terms) / len(terms) if terms else 0.0


def _segments(text: str) -> list[tuple[set[str], list[_Number]]]:
    """The numbers with units of a text, each with the words of its clause; a clause without any goes with the next one, the last with the
    one before."""
    found: list[tuple[set[str], list[_Number]]] = []
    terms, numbers = set[str](), list[_Number]()
    for clause in _CLAUSES.split(text):
        numbers += [number for number in _numbers(clause) if number.unit]
        terms |= {term for term in analyze(clause) if not term[0].isdigit() and not _can_be_a_unit(term)}
        if numbers and terms:
            found.append((terms, numbers))
            terms, numbers = set(), []
    if found:
        found[-1][0].update(terms)
        found[-1][1].extend(numbers)
    return found


def _other_code(said: str, evidence: str) -> bool:
    """A code, a part number, a size or any other mix of letters and digits that stands in no evidence."""
    mixed = {term for term in analyze(said) if any(map(str.isdigit, term)) and any(map(str.isalpha, term))} - set(quantities(said))
    if mixed - set(analyze(evidence)):
        return True
    known = {code.key for code in find_codes(evidence)}
    packed = quote_key(evidence)
    return any(
        code.key not in known and quote_key(said[code.start : code.end]) not in packed
        for code in find_codes(said)
        if code.kind != "numbered"
    )


def _other_product(sentence: Sentence, said: str, evidence: str, where: Setting) -> bool:
    """A product of the index that neither the evidence nor its document is about."""
    own = {fold(name) for citation in sentence.citations for name in where.products.get(citation.document_id, ())}
    plain, standing = fold(said), fold(evidence)
    names = {fold(name) for products in where.products.values() for name in products if len(name) > 2} - own
    return any(name in plain and name not in standing and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain) for name in names)


def _other_name(said: str, evidence: str) -> bool:
    """A word written like a name, inside the sentence, that stands in no evidence."""
    standing = words_of(evidence)
    names = re.finditer(r"(?<=[\w,;)] )[A-ZÀ-ÖØ-Þ][^\W\d_]{2,}", said)
    return any(not standing & {fold(match.group()), *analyze(match.group())} for match in names)


def _torn(said: str, quotes: Sequence[str], question: str) -> bool:
    """Nothing of the question in it, and only a piece of what the document says there: a word planted in a document ("... say X ...")."""
    terms = set(analyze(said))
    if terms & set(analyze(question)):
        return False
    return not any(len(terms & own) >= WHOLE * len(own) for part in sentences(quotes) if (own := set(analyze(part))))
