"""A sentence a language model wrote, with what it cites, in; what it changed out ("" where it changed nothing).

`verify` asks whether the words and numbers of a sentence stand in its quotes. A model that paraphrases can keep nearly all words and still
turn the meaning round; this looks for the ways that matter to whoever holds the wrench: another unit or sign, a number taken from its
neighbour, a "not" that is gone, "max" for "min", a product that is not the manual's, a name, an address or markup that came from nowhere, a
piece torn out of another sentence. Deterministic and on the safe side: what fails is not said, and the extractive answer is at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from service.cite import Sentence
from service.core.codes import find_codes
from service.core.table_text import is_unit
from service.core.text import STOP_WORDS, analyze, fold, quantities, quote_key
from service.core.types import Document
from service.sentences import sentence_spans

WHOLE = 0.6  # share of a quote's terms a sentence must keep that has nothing in common with the question
NEARER = 1.15  # how much nearer another number has to stand to be taken for the right one

_MARKERS = re.compile(r"\s*\[\d+\]")
_ADDRESS = re.compile(
    r"(?i)\b[a-z][a-z0-9+.\-]{1,15}://\S+|\bwww\.\S+|\b[\w.+\-]+@[\w\-]+\.[\w.]+|"
    r"\b[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|net|org|io|info|example|test|biz|ru|cn|xyz|top|de|ly|co|me|app|dev|site|online)\b\S*"
)
_MARKUP = re.compile(r"<[a-zA-Z/!][^>]*>?|!?\[[^\]]*\]\(|javascript:|data:\w+/|&#?\w+;")
_NUMBER = re.compile(r"(?<![\w.,])(?P<sign>[-+±]?)(?P<digits>\d+(?:[.,]\d+)*)(?P<gap> ?)(?P<word>[^\W\d_][\w·/²³.]*|[°%‰Ω][\w·/]*)?")
_NEGATION_WORDS = """
not never no none neither nor cannot don't doesn't mustn't isn't aren't won't can't nicht nie niemals kein keine keinen keiner keinem
without ohne pas jamais aucun aucune sans nunca ningún ninguna sin non mai senza
"""
_NEGATIONS = frozenset(_NEGATION_WORDS.split())
_NEGATED_CJK = re.compile(r"不|勿|禁止|严禁|没有|未|无|ない|ません")
_OPPOSITES = """
max maximum höchstens maximal : min minimum mindestens minimal
most : least
more : less fewer
above over : below under
before vor : after nach
increase raise : decrease reduce lower
open opened öffnen : close closed schließen
connect connected anschließen : disconnect disconnected trennen
on einschalten : off ausschalten
left links : right rechts
clockwise : anticlockwise counterclockwise counter-clockwise
positive pluspol : negative minuspol
tighten anziehen : loosen lösen
install fit einbauen : remove ausbauen
enable : disable
allowed permitted erlaubt : forbidden prohibited verboten
inner inside : outer outside
upper top : lower bottom
front : rear
charge charging laden : discharge discharging entladen
series : parallel
ac : dc
high : low
start : stop
push : pull
yes : no
first : last
hot warm : cold
dry : wet
with : without
"""
_PAIRS = [tuple(frozenset(side.split()) for side in pair.split(" : ")) for pair in _OPPOSITES.strip().splitlines()]


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
        ("neighbour", lambda: _neighbours_number(said, [*quotes, sentence.added])),
        ("code", lambda: _other_code(said, f"{evidence}\n{around}")),
        ("negation", lambda: _other_negation(said, quotes)),
        ("opposite", lambda: _opposite(said, evidence)),
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
    """A number with a unit that stands in the evidence, but nearer to what the sentence is about stands another with the same unit."""
    wanted = [number for number in _numbers(said) if number.unit]
    own = {number.digits for number in _numbers(said)}
    about = {term for term in analyze(said) if not term.isnumeric()} - set(quantities(said))
    for number in wanted:
        nearness: list[tuple[float, bool]] = []
        for text in texts:
            places = _places(text, about)
            nearness += [
                (_nearness(text, other.at, places), other.digits == number.digits)
                for other in _numbers(text)
                if _unit_key(other.unit) == _unit_key(number.unit) and (other.digits == number.digits or other.digits not in own)
            ]
        right = max((near for near, same in nearness if same), default=None)
        wrong = max((near for near, same in nearness if not same), default=0.0)
        if right is not None and wrong > NEARER * right:
            return True
    return False


def _places(text: str, terms: set[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for match in re.finditer(r"[^\W_]+(?:[.,'/\-][^\W_]+)*", text):
        for term in terms.intersection(analyze(match.group())):
            found.setdefault(term, []).append(match.start())
    return found


def _nearness(text: str, at: int, places: dict[str, list[int]]) -> float:
    """How near a place in a text is to terms: words between count once, a clause's end like three; a term that stands at several places
    counts less."""

    def apart(place: int) -> int:
        between = text[min(at, place) : max(at, place)]
        return len(between.split()) + 3 * len(re.findall(r"[;,.:]\s|[()\n]", between))

    return sum(max(1 / (1 + apart(place)) for place in own) / len(own) for own in places.values())


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


def _other_negation(said: str, quotes: Sequence[str]) -> bool:
    """A "not" that is gone, or new: against the sentences of the quotes that say what this one says."""
    terms = set(analyze(said))
    alike = [part for part in _sentences(quotes) if (own := set(analyze(part))) and len(own & terms) >= 0.5 * min(len(own), len(terms))]
    return bool(alike) and _negates(said) not in {_negates(part) for part in alike}


def _negates(text: str) -> bool:
    plain = re.sub(r"\bnos?\.?\s*(?=[\d:])", "", fold(text))
    return bool(_NEGATIONS.intersection(re.findall(r"[^\W\d_]+(?:'[a-z]+)?", plain))) or bool(_NEGATED_CJK.search(plain))


def _sentences(quotes: Iterable[str]) -> Iterator[str]:
    for quote in quotes:
        yield from (quote[start:end] for start, end in sentence_spans(quote))


def _opposite(said: str, evidence: str) -> bool:
    """A word whose opposite stands in the evidence, and it does not."""
    own, standing = _words(said), _words(evidence)
    return any(
        own & side and not own & other and not standing & side and standing & other for pair in _PAIRS for side, other in (pair, pair[::-1])
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", fold(text))) | set(analyze(text))


def _other_product(sentence: Sentence, said: str, evidence: str, where: Setting) -> bool:
    """A product of the index that neither the evidence nor its document is about."""
    own = {fold(name) for citation in sentence.citations for name in where.products.get(citation.document_id, ())}
    plain, standing = fold(said), fold(evidence)
    names = {fold(name) for products in where.products.values() for name in products if len(name) > 2} - own
    return any(name in plain and name not in standing and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain) for name in names)


def _other_name(said: str, evidence: str) -> bool:
    """A word written like a name, inside the sentence, that stands in no evidence."""
    standing = _words(evidence)
    names = re.finditer(r"(?<=[\w,;)] )[A-ZÀ-ÖØ-Þ][^\W\d_]{2,}", said)
    return any(not standing & {fold(match.group()), *analyze(match.group())} for match in names)


def _torn(said: str, quotes: Sequence[str], question: str) -> bool:
    """Nothing of the question in it, and only a piece of what the document says there: a word planted in a document ("... say X ...")."""
    terms = set(analyze(said))
    if terms & set(analyze(question)):
        return False
    return not any(len(terms & own) >= WHOLE * len(own) for part in _sentences(quotes) if (own := set(analyze(part))))
