"""A question and pieces in, a row of numbers a piece out: what the choice of evidence is fitted on.

Three ways to see how near a piece is to the question: by late interaction (the question's tokens against the piece's, where the passages
carry them), by shared words, and by what must be met to the letter (numbers, codes, keys of table rows). Each is taken of the piece alone
and with what stands around it, as it is and against the best piece. Then whether it could be an answer of the kind asked for, what it is,
and what the search thinks of its passage. Must not know weights.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.core.text import analyze
from service.core.types import Passage
from service.extract.asked import Asked, marks, numbers
from service.extract.pieces import Piece
from service.extract.rows import key_match
from service.measures import measures
from service.quantities import states

Matrix = NDArray[np.float64]

_POINTS = re.compile(r"(?i)\b(?:see|refer to|described in|shown in|listed in|given in|as in|following|below|above|siehe|next page)\b")
_REASON = re.compile(
    r"(?i)\b(?:because|since|due to|so that|otherwise|as a result|therefore|caus(?:e|es|ed|ing)|prevents?|to avoid|to prevent|reason|"
    r"weil|damit)\b"
)
_RULES = re.compile(r"(?i)\b(?:not|no|never|must|only|cannot|can|may|should|shall|requires?|required|need(?:s|ed)?|never)\b|n't\b")
_CODED = re.compile(r"(?<![^\W_])(?=[\w.\-/]*\d)(?=[\w.\-/]*[A-Za-z])[\w.\-/]+|[A-Z][A-Z0-9_]{2,}|\w+\(\)")
_OPEN = re.compile(r"[.!?:;)\]。！？；”\"]$")
KINDS = ("list_item", "table_row", "notice", "code")

NAMES = (
    *(
        "near",
        "near_best",
        "near_context",
        "near_context_best",
        "near_around",
        "near_around_best",
        "near_passage",
        "near_next",
        "near_in_passage",
    ),
    *("near_passage_best",),
    *("cover", "cover_best", "cover_reading", "cover_context", "cover_around", "mark", "mark_context", "key", "range"),
    *("heading", "share", "fresh", "number_asked", "number", "unit_asked", "unit", "code_asked", "rule_asked", "reason_asked"),
    *("steps_asked", "row_number", "row_reason"),
    *(f"kind_{kind}" for kind in KINDS),
    *("lead", "points", "length", "short", "long", "open", "lower", "colon", "question"),
    *("passage", "first", "second", "rank", "completed"),
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What `matrix` saw, kept for the choice of further pieces: `weights` (q,) of the question's tokens and `near` (n, q), the best
    cosine of each piece with its context; `terms` of each piece's reading; `weight_of` each of the question's terms."""

    rows: Matrix
    weights: Matrix
    near: Matrix
    terms: tuple[frozenset[str], ...]
    weight_of: dict[str, float]


def sight(asked: Asked, pieces: Sequence[Piece], passages: Sequence[Passage]) -> Sight:
    """The signals: `rows` (n, len(NAMES)) float64, finite."""
    texts = [frozenset(analyze(piece.text)) for piece in pieces]
    readings = [frozenset(analyze(f"{piece.reading} {' '.join(cell.head for cell in piece.unit.part.cells)}")) for piece in pieces]
    weight_of = _weights(asked.terms, readings)
    weights, alone, context, around, whole = _nearness(pieces, passages)
    columns = _late(pieces, weights, alone, context, around, whole)
    columns += _lexical(asked, pieces, passages, texts, readings, weight_of)
    columns += _fitting(asked, pieces, readings)
    columns += _form(pieces)
    columns += _passage(pieces, passages)
    rows = np.column_stack(columns).astype(float) if pieces else np.zeros((0, len(NAMES)))
    return Sight(rows, weights, np.maximum(alone, context), tuple(readings), weight_of)


def _nearness(pieces: Sequence[Piece], passages: Sequence[Passage]) -> tuple[Matrix, Matrix, Matrix, Matrix, Matrix]:
    """Weights (q,) and, each (n, q), the best cosines of the piece, of what it stands under, of its neighbours, of the whole passage. One
    column of zeros where the passages carry no token vectors."""
    known = [passage.closeness for passage in passages]
    n_tokens = next((len(one.weights) for one in known if one is not None), 1)
    weights = next((np.asarray(one.weights, float) for one in known if one is not None), np.ones(1))
    alone, context, around, whole = (np.zeros((len(pieces), n_tokens)) for _ in range(4))
    for row, piece in enumerate(pieces):
        near = known[piece.at]
        if near is None:
            continue
        chunk = passages[piece.at].chunk
        shift = len(chunk.indexed_text) - len(chunk.text)
        alone[row] = near.best(shift + piece.unit.start, shift + piece.unit.end)
        whole[row] = near.best(0, len(chunk.indexed_text))
        above = [one for one in (*piece.heads, piece.heading, piece.lead) if one is not None]
        context[row] = np.max([near.best(0, shift), *(near.best(shift + one.start, shift + one.end) for one in above)], axis=0)
    for row, piece in enumerate(pieces):
        beside = [other for other in (row - 1, row + 1) if 0 <= other < len(pieces) and pieces[other].at == piece.at]
        around[row] = np.max([alone[other] for other in beside], axis=0) if beside else 0
    return weights, alone, context, around, whole


def _late(pieces: Sequence[Piece], weights: Matrix, alone: Matrix, context: Matrix, around: Matrix, whole: Matrix) -> list[Matrix]:
    near, with_context = alone @ weights, np.maximum(alone, context) @ weights
    with_all = np.maximum(np.maximum(alone, context), around) @ weights
    passage = whole @ weights
    following = np.array([_after(row, pieces, alone) for row in range(len(pieces))]) if pieces else np.zeros((0, len(weights)))
    best_here = {at: max(with_context[row] for row, piece in enumerate(pieces) if piece.at == at) for at in {piece.at for piece in pieces}}
    here = np.array([best_here[piece.at] for piece in pieces])
    return [
        near,
        _behind(near),
        with_context,
        _behind(with_context),
        with_all,
        _behind(with_all),
        passage,
        np.maximum(alone, following) @ weights - near,
        with_context - here,
        _behind(here),
    ]


def _after(row: int, pieces: Sequence[Piece], alone: Matrix) -> Matrix:
    following = row + 1 < len(pieces) and pieces[row + 1].at == pieces[row].at
    return alone[row + 1] if following else np.zeros(alone.shape[1])


def _behind(values: Matrix) -> Matrix:
    """How far each is behind the best."""
    return values - values.max(initial=-np.inf) if len(values) else values


def _lexical(
    asked: Asked,
    pieces: Sequence[Piece],
    passages: Sequence[Passage],
    texts: Sequence[frozenset[str]],
    readings: Sequence[frozenset[str]],
    weight_of: dict[str, float],
) -> list[Matrix]:
    above = [frozenset(analyze(passage.chunk.context)) for passage in passages]
    upper = [frozenset(analyze(_above(piece, passages[piece.at]))) for piece in pieces]
    beside = [
        frozenset().union(*(texts[other] for other in (row - 1, row + 1) if 0 <= other < len(pieces) and pieces[other].at == piece.at))
        for row, piece in enumerate(pieces)
    ]

    def cover(terms: frozenset[str]) -> float:
        return float(sum(weight_of[term] for term in terms & weight_of.keys()))

    own = np.array([cover(text) for text in texts])
    held_marks = [marks(piece.reading) for piece in pieces]
    mark_weight = _weights(asked.marks, held_marks)
    surrounding = [
        held | marks(f"{passages[piece.at].chunk.context} {_above(piece, passages[piece.at])}")
        for piece, held in zip(pieces, held_marks, strict=True)
    ]
    keys = [key_match(asked, piece.unit.part, passages[piece.at].chunk.text) for piece in pieces]
    return [
        own,
        _behind(own),
        np.array([cover(reading) for reading in readings]),
        np.array([cover(reading | up | above[piece.at]) for reading, up, piece in zip(readings, upper, pieces, strict=True)]),
        np.array([cover(text | near) for text, near in zip(texts, beside, strict=True)]),
        np.array([sum(mark_weight[mark] for mark in held & mark_weight.keys()) for held in held_marks]),
        np.array([sum(mark_weight[mark] for mark in held & mark_weight.keys()) for held in surrounding]),
        np.array([key.exact for key in keys], float),
        np.array([key.within for key in keys], float),
        np.array([cover(frozenset(analyze(_heading(piece, passages[piece.at])))) for piece in pieces]),
    ]


def _heading(piece: Piece, passage: Passage) -> str:
    """The heading a piece stands under: in its passage, else that of its section."""
    if piece.heading is not None:
        return passage.chunk.text[piece.heading.start : piece.heading.end]
    return passage.chunk.section[-1] if passage.chunk.section else ""


def _above(piece: Piece, passage: Passage) -> str:
    """The texts a piece stands under in its passage: heading, lead-in, head rows."""
    text = passage.chunk.text
    above = [one for one in (piece.heading, piece.lead, *piece.heads) if one is not None]
    return " ".join(text[one.start : one.end] for one in above)


def _weights(wanted: frozenset[str], seen_in: Sequence[frozenset[str]]) -> dict[str, float]:
    """The share of the question's weight each term has: rare among the pieces is heavy. Sums to 1."""
    seen = Counter(term for held in seen_in for term in held & wanted)
    raw = {term: math.log(1 + len(seen_in) / (0.5 + seen.get(term, 0))) for term in wanted}
    total = sum(raw.values()) or 1.0
    return {term: weight / total for term, weight in raw.items()}


def _fitting(asked: Asked, pieces: Sequence[Piece], readings: Sequence[frozenset[str]]) -> list[Matrix]:
    """Could it be an answer of the kind asked for? What the question says itself is no answer to it."""
    fresh = [reading - asked.terms for reading in readings]
    share = np.array([len(new) / max(1, len(reading)) for new, reading in zip(fresh, readings, strict=True)])
    known = set(asked.numbers)
    new_number = np.array([any(number not in known for number in numbers(piece.reading)) for piece in pieces], float)
    fits = np.array([any(states(piece.reading, dimension) for dimension in asked.dimensions) for piece in pieces], float)
    has_unit = np.array([any(measure.unit for measure in measures(piece.reading)) for piece in pieces], float)
    coded = np.array([bool({word.casefold() for word in _CODED.findall(piece.text)} - asked.marks) for piece in pieces], float)
    rule = np.array([bool(_RULES.search(piece.text)) for piece in pieces], float)
    reason = np.array([bool(_REASON.search(piece.text)) for piece in pieces], float)
    row = np.array([piece.unit.kind == "table_row" for piece in pieces], float)
    item = np.array([piece.unit.kind == "list_item" for piece in pieces], float)
    return [
        share,
        np.log1p(np.array([len(new) for new in fresh], float)),
        new_number * asked.quantity,
        new_number * (not asked.quantity),
        fits,
        has_unit * (not asked.quantity),
        coded * asked.code,
        rule * asked.yes_no,
        reason * asked.reason,
        item * asked.steps,
        row * asked.quantity,
        row * (asked.reason or asked.steps),
    ]


def _form(pieces: Sequence[Piece]) -> list[Matrix]:
    words = np.array([piece.n_words for piece in pieces], float)

    def told(test: Callable[[Piece], object]) -> Matrix:
        return np.array([bool(test(piece)) for piece in pieces], float)

    return [
        *(told(lambda piece, kind=kind: piece.unit.kind == kind) for kind in KINDS),  # type: ignore[misc]
        told(lambda piece: piece.lead),
        told(lambda piece: _POINTS.search(piece.text)),
        np.log1p(words),
        np.asarray(words < 5, float),
        np.asarray(words > 45, float),
        told(lambda piece: piece.unit.kind == "paragraph" and not _OPEN.search(piece.text)),
        told(lambda piece: piece.text[:1].islower()),
        told(lambda piece: piece.text.endswith((":", "："))),
        told(lambda piece: piece.text.endswith("?")),
    ]


def _passage(pieces: Sequence[Piece], passages: Sequence[Passage]) -> list[Matrix]:
    """What the search thinks of the passage: its score behind the best, its rank among those found; whether it only completes another."""
    scores = [passage.score for passage in passages]
    best = max(scores, default=0.0)
    ranks, found = [], 0
    for at, passage in enumerate(passages):
        completes = at > 0 and passage.scores is passages[at - 1].scores
        found += not completes and at > 0
        ranks.append((found, completes))
    rank = np.array([ranks[piece.at][0] for piece in pieces], float)
    return [
        np.array([scores[piece.at] - best for piece in pieces]),
        np.asarray(rank == 0, float),
        np.asarray(rank == 1, float),
        np.log1p(rank),
        np.array([ranks[piece.at][1] for piece in pieces], float),
    ]
