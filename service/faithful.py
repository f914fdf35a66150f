"""A sentence a language model wrote, with what it cites, in; what it changed out ("" where it changed nothing).

`verify` asks of every answer whether its words, numbers, units, codes and addresses stand in its quotes. A model that paraphrases can keep
all of these and still turn the meaning round; this looks for the ways that matter to whoever holds the wrench: a number taken from its
neighbour or another column, a "not" that is gone, "max" for "min", a size, a product or a name that is not the manual's, a piece torn out
of another sentence. Deterministic and on the safe side: what fails is not said, and the extractive answer is at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from service.cite import Sentence
from service.core.text import analyze, fold, quantities
from service.core.types import Document
from service.measures import Measure, measures
from service.polarity import WHOLE, opposite, other_negation, sentences, words_of

_MARKERS = re.compile(r"\s*\[\d+\]")
_DOMAIN = re.compile(
    r"(?i)\b[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|net|org|io|info|example|test|biz|ru|cn|xyz|top|de|ly|co|me|app|dev|site|online)\b"
)
_CLAUSES = re.compile(r"[;()\n，；、。]|,(?=\s|$)|\.(?=\s|$)|\b(?:and|or|while|whereas|but|und|oder|aber|et|ou|y|o)\b")
_NAME = re.compile(r"(?<=[\w,;)] )[A-ZÀ-ÖØ-Þ][^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sentence is judged against beside its quotes: the question, and the products of all indexed documents by document id."""

    question: str
    products: dict[str, tuple[str, ...]]


def setting(question: str, documents: Iterable[Document]) -> Setting:
    """The setting of one question."""
    return Setting(question, {document.document_id: (*document.product, *document.aliases) for document in documents})


def changed(sentence: Sentence, where: Setting) -> str:
    """What the sentence changed: "address", "column", "neighbour", "size", "negation", "opposite", "product", "name", "torn"; "" for
    nothing."""
    said = _MARKERS.sub("", sentence.text)
    quotes = [citation.quote for citation in sentence.citations]
    rows = sentence.added.split(" | ")
    evidence = "\n".join([*quotes, sentence.added])
    around = " ".join([evidence, *(f"{citation.title} {' '.join(citation.section)}" for citation in sentence.citations)])
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("address", lambda: any(match.group() not in evidence for match in _DOMAIN.finditer(said))),
        ("column", lambda: _other_column(said, rows)),
        ("neighbour", lambda: _neighbours_number(said, [*quotes, *rows])),
        ("size", lambda: bool(_mixed(said) - set(analyze(around)))),
        ("negation", lambda: all(other_negation(said, texts) for texts in (quotes, [sentence.added]) if any(texts))),
        ("opposite", lambda: opposite(said, evidence)),
        ("product", lambda: _other_product(sentence, said, around, where)),
        ("name", lambda: _other_name(said, around)),
        ("torn", lambda: _torn(said, quotes, where.question)),
    )
    return next((name for name, fails in checks if fails()), "")


def _other_column(said: str, rows: Sequence[str]) -> bool:
    """A number of a row with another unit than its column's."""
    told = [measure for row in rows for measure in measures(row)]
    for measure in measures(said):
        units = {other.unit for other in told if other.number == measure.number}
        if measure.unit and units and measure.unit not in units:
            return True
    return False


def _neighbours_number(said: str, texts: Sequence[str]) -> bool:
    """A number with a unit that stands in the evidence, but with what another number of this unit is said of.

    Sentence and evidence are taken apart into segments, a number with its words each. Of the words that tell the segment of the right
    number from that of another one, the sentence must hold no smaller share than of the other's: "left fuse: 30 A, right fuse: 50 A".
    """
    standing = [segment for text in texts for segment in _segments(text)]
    for about, own in _segments(said):
        for measure in own:
            alike = [(terms, {other.number for other in others if other.unit == measure.unit}) for terms, others in standing]
            right = [terms for terms, numbers in alike if measure.number in numbers]
            wrong = [terms for terms, numbers in alike if numbers and measure.number not in numbers]
            if right and any(all(_share(about, other - one) > _share(about, one - other) for one in right) for other in wrong):
                return True
    return False


def _share(about: set[str], terms: set[str]) -> float:
    return len(about & terms) / len(terms) if terms else 0.0


def _segments(text: str) -> list[tuple[set[str], list[Measure]]]:
    """The numbers with units of a text, each with the words of its clause; a clause without any goes with the next one, the last with the
    one before."""
    found: list[tuple[set[str], list[Measure]]] = []
    terms, numbers = set[str](), list[Measure]()
    for clause in _CLAUSES.split(text):
        numbers += [measure for measure in measures(clause) if measure.unit]
        terms |= {term for term in analyze(clause) if not term[0].isdigit() and not quantities(f"1 {term}")}
        if numbers and terms:
            found.append((terms, numbers))
            terms, numbers = set(), []
    if found:
        found[-1][0].update(terms)
        found[-1][1].extend(numbers)
    return found


def _mixed(text: str) -> set[str]:
    """Terms of letters and digits: sizes of screws, wires, names of terminals. Quantities are not."""
    return {term for term in analyze(text) if any(map(str.isdigit, term)) and any(map(str.isalpha, term))} - set(quantities(text))


def _other_product(sentence: Sentence, said: str, evidence: str, where: Setting) -> bool:
    """A product of the index that neither the evidence nor its document is about."""
    own = {fold(name) for citation in sentence.citations for name in where.products.get(citation.document_id, ())}
    plain, standing = fold(said), fold(evidence)
    names = {fold(name) for products in where.products.values() for name in products if len(name) > 2} - own
    return any(name in plain and name not in standing and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain) for name in names)


def _other_name(said: str, evidence: str) -> bool:
    """A word written like a name, inside the sentence, that stands in no evidence."""
    standing = words_of(evidence)
    return any(not standing & {fold(match.group()), *analyze(match.group())} for match in _NAME.finditer(said))


def _torn(said: str, quotes: Sequence[str], question: str) -> bool:
    """Nothing of the question in it, and only a piece of what the document says there: a word planted in a document ("... say X ...")."""
    terms = set(analyze(said))
    if terms & set(analyze(question)):
        return False
    return not any(len(terms & own) >= WHOLE * len(own) for part in sentences(quotes) if (own := set(analyze(part))))
