"""What every stage says of a candidate in, one row of numbers a candidate out: the signals the final order is fitted on.

Scores of different searches do not compare, and a score of one question does not compare with one of another; so each search counts
three times: as it is (how good), standardised over the candidates of this question (how much better), and by its reciprocal rank.
Must not know weights.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from service.core.text import analyze
from service.core.types import Chunk, Document
from service.read_texts import Terms, holds_quantity, terms_of

Matrix = NDArray[np.float64]
RANK_CONSTANT = 3.0  # reciprocal ranks are 1 / (this + rank): steep at the top, where the order is decided

_ASKS_QUANTITY = re.compile(
    r"(?i)\bhow (?:much|many|long|far|often|high|low|hot|cold|deep|wide|thick|heavy|big|large|fast)\b"
    r"|\b(?:what|which)\b.{0,40}\b(?:torque|voltage|current|power|temperature|pressure|resistance|capacity|weight|mass|length|size|distance)\b"
    r"|\b(?:what|which)\b.{0,40}\b(?:rate|frequency|time|delay|threshold|limit|range|value|rating|speed|address|number|accuracy|gap)\b"
    r"|\b(?:max(?:imum)?|min(?:imum)?|nominal|rated|default)\b|\btorque\b|\bspecs?\b"
)
_ASKS_STEPS = re.compile(r"(?i)\bhow (?:do|can|should|would|to|must)\b|\b(?:steps?|procedure|sequence|instructions?|walk me through)\b")


def asks_steps(question: str) -> bool:
    """Whether a procedure is asked for."""
    return bool(_ASKS_STEPS.search(question))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk under consideration, with what each stage said of it (None: that stage did not see it, or did not run). `cross` and
    `answers` are the cross-encoder's logits; `code` and `product` say how codes and named products fit (-1 to 1)."""

    chunk: Chunk
    document: Document
    fused: float
    dense: float | None = None
    lexical: float | None = None
    late: float | None = None
    code: float = 0.0
    product: float = 0.0
    cross: float | None = None
    answers: float | None = None


PLAIN = (
    *("dense", "dense_z", "dense_rank", "lexical", "lexical_z", "lexical_rank", "late", "late_z", "late_rank", "fused_rank"),
    *("code", "product", "title", "section", "cover", "cover_z", "pairs", "quantity", "steps", "table", "notice", "short"),
    *("document_share", "section_share", "page_share"),
)
"""Names of the columns known before the cross-encoder has read anything."""
READ = ("cross", "cross_z", "cross_rank", "answers", "answers_z")
"""Names of the columns the cross-encoder adds."""


def matrix(question: str, candidates: Sequence[Candidate]) -> Matrix:
    """(n, len(PLAIN)) float64, finite. `question` is what was asked, in full."""
    terms = analyze(question)
    told = [terms_of(candidate.chunk.indexed_text) for candidate in candidates]
    weights = _weights(set(terms), [own.own for own in told])
    columns: list[Matrix] = []
    for name in ("dense", "lexical", "late"):
        values = _filled([getattr(candidate, name) for candidate in candidates])
        if name == "lexical":
            values = values / max(1, len(set(terms)))
        columns += [values, _standardised(values), _reciprocal_ranks(values)]
    columns.append(_reciprocal_ranks(np.array([candidate.fused for candidate in candidates])))
    cover = np.array([sum(weights[term] for term in weights.keys() & own.own) for own in told])
    pairs = set(pairwise(terms))
    wants_quantity, wants_steps = bool(_ASKS_QUANTITY.search(question)), asks_steps(question)
    columns += [
        np.array([candidate.code for candidate in candidates]),
        np.array([candidate.product for candidate in candidates]),
        _overlap(weights, candidates, lambda candidate: f"{candidate.document.title} {candidate.document.file}"),
        _overlap(weights, candidates, lambda candidate: " ".join(candidate.chunk.section[-2:])),
        cover,
        _standardised(cover),
        np.array([_pairs(pairs, own) for own in told]),
        np.array([float(wants_quantity and holds_quantity(candidate.chunk.text)) for candidate in candidates]),
        np.array([float(wants_steps and any(part.kind == "list_item" for part in candidate.chunk.parts)) for candidate in candidates]),
        np.array([float(candidate.chunk.kind == "table_row") for candidate in candidates]),
        np.array([float(candidate.chunk.kind == "notice") for candidate in candidates]),
        np.array([1.0 / math.sqrt(1 + len(candidate.chunk.text.split())) for candidate in candidates]),
    ]
    # What stands around a candidate: its searches' agreement, as a share of all, on its document, section and page.
    mass = _softmax(columns[1] + columns[4] + columns[7])
    columns += [
        _shares(mass, [candidate.document.document_id for candidate in candidates]),
        _shares(mass, [(candidate.document.document_id, candidate.chunk.section) for candidate in candidates]),
        _shares(mass, [(candidate.document.document_id, candidate.chunk.page_first) for candidate in candidates]),
    ]
    return np.column_stack(columns) if candidates else np.zeros((0, len(PLAIN)))


def read_matrix(candidates: Sequence[Candidate]) -> Matrix:
    """(n, len(READ)) float64, finite; every candidate was read."""
    cross = np.array([candidate.cross or 0.0 for candidate in candidates])
    answers = np.array([(candidate.cross if candidate.answers is None else candidate.answers) or 0.0 for candidate in candidates])
    return np.column_stack([cross, _standardised(cross), _reciprocal_ranks(cross), answers, _standardised(answers)])


def _filled(values: Sequence[float | None]) -> Matrix:
    """A search that did not find a candidate thinks less of it than of any it found: it gets the lowest score seen."""
    seen = [value for value in values if value is not None]
    lowest = min(seen, default=0.0)
    return np.array([lowest if value is None else value for value in values], float)


def _standardised(values: Matrix) -> Matrix:
    spread = float(values.std()) if len(values) else 0.0
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros(len(values))


def _reciprocal_ranks(values: Matrix) -> Matrix:
    """1 / (RANK_CONSTANT + rank), ranks from 0 at the highest value; equal values share the better rank."""
    return np.array([1.0 / (RANK_CONSTANT + float((values > value).sum())) for value in values])


def _softmax(values: Matrix) -> Matrix:
    raised = np.exp(values - values.max()) if len(values) else values
    return np.asarray(raised / raised.sum()) if len(values) else raised


def _shares(mass: Matrix, places: Sequence[object]) -> Matrix:
    """How much of the mass the *other* candidates of the same place hold."""
    total: dict[object, float] = {}
    for place, value in zip(places, mass.tolist(), strict=True):
        total[place] = total.get(place, 0.0) + value
    return np.array([total[place] for place in places], float) - mass


def _weights(terms: set[str], texts: Sequence[frozenset[str]]) -> dict[str, float]:
    """The share of the question's weight each term has: rare among the candidates is heavy. Sums to 1."""
    seen = Counter(term for text in texts for term in text & terms)
    raw = {term: math.log(1 + len(texts) / (0.5 + seen.get(term, 0))) for term in terms}
    total = sum(raw.values()) or 1.0
    return {term: weight / total for term, weight in raw.items()}


def _overlap(weights: dict[str, float], candidates: Sequence[Candidate], told: Callable[[Candidate], str]) -> Matrix:
    """The share of the question's weight that stands in some part of each candidate."""
    known: dict[str, float] = {}
    values = []
    for candidate in candidates:
        text = told(candidate)
        if text not in known:
            known[text] = sum(weights[term] for term in weights.keys() & terms_of(text).own)
        values.append(known[text])
    return np.array(values, float)


def _pairs(pairs: set[tuple[str, str]], text: Terms) -> float:
    """The share of the question's neighbouring terms that are neighbours in a text."""
    return sum(text.holds_pair(*pair) for pair in pairs) / len(pairs) if pairs else 0.0
