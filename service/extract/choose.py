"""Judged pieces in, those that answer a question for facts out: the best one, then others while they are likely to add what lacks.

What a further piece is worth is told by a fitted model from how good it is by itself, how it lies to the pieces taken (same sentence group,
passage, page, document) and what of the question they leave open. One on another page must be likelier: if it is wrong, its citation is
wrong too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.extract.evidence import Linear, Matrix
from service.extract.seen import Judged, Seen

MAX_WORDS = 88  # a fact must be found at a glance
MAX_PIECES = 6
LOOKED_AT = 14  # best pieces considered as further ones, beside the neighbours of those taken
SAME_PAGE, OTHER_PAGE = 0.03, 0.06  # least probability of a further piece (eval/LOG.md)

FURTHER = (
    *(
        "behind",
        "share",
        "same_part",
        "same_passage",
        "same_page",
        "same_document",
        "next",
        "previous",
        "gain_near",
        "gain_terms",
        "fresh",
        "repeated",
    ),
    *(
        "asks",
        "sides",
        "number_missing",
        "unit_missing",
        "length",
        "words",
        "taken",
        "both_rows",
        "both_items",
        "first_share",
        "first_behind",
    ),
    *("asks_gain", "same_lead", "share_left", "page_share", "document_share"),
)


def facts(view: Seen, judged: Judged, further: Linear) -> list[int]:
    """Places in `view.pieces`, the best first; none where there are no pieces."""
    if not view.pieces:
        return []
    taken = [int(np.argmax(judged.scores))]
    while len(taken) < MAX_PIECES:
        left = MAX_WORDS - view.n_words[taken].sum()
        open_ones = [at for at in candidates(view, judged, taken) if view.n_words[at] <= left]
        if not open_ones:
            break
        rows = further_rows(view, judged, taken, open_ones)
        least = np.where(rows[:, FURTHER.index("same_page")] > 0, SAME_PAGE, OTHER_PAGE)
        worth = further.probabilities(rows) / least
        best = int(np.argmax(worth))
        if worth[best] < 1:
            break
        taken.append(open_ones[best])
    return taken


def candidates(view: Seen, judged: Judged, taken: Sequence[int]) -> list[int]:
    """Pieces that may be taken next: the best, and the neighbours of those taken; none that repeats one."""
    best = np.argsort(-judged.scores, kind="stable")[:LOOKED_AT].tolist()
    beside = [
        other for at in taken for other in (at - 1, at + 1) if 0 <= other < len(view.pieces) and view.pieces[other].at == view.pieces[at].at
    ]
    return [at for at in dict.fromkeys((*best, *beside)) if at not in taken and not _repeats(view, at, taken)]


def _repeats(view: Seen, at: int, taken: Sequence[int]) -> bool:
    terms, text = view.sight.terms[at], view.pieces[at].text
    return any(terms == view.sight.terms[other] or text in view.pieces[other].text for other in taken)


def further_rows(view: Seen, judged: Judged, taken: Sequence[int], open_ones: Sequence[int]) -> Matrix:
    """(n, len(FURTHER)) signals of pieces that may be taken beside those taken."""
    sight, wanted = view.sight, view.asked
    first = taken[0]
    near = sight.near[taken].max(axis=0)
    held = frozenset[str]().union(*(sight.terms[at] for at in taken))
    stated = frozenset[str]().union(*(view.states[at] for at in taken))
    lacks_number = wanted.quantity and not any(view.new_number[at] for at in taken)
    left = max(1e-3, 1 - float(judged.shares[taken].sum()))
    rows = []
    for at in open_ones:
        piece = view.pieces[at]
        here = [other for other in taken if view.pieces[other].at == piece.at]
        share, behind = float(judged.shares[at]), float(judged.scores[at] - judged.scores[first])
        log_share = float(np.log(share + 1e-4))
        same_page = any(view.page(other) == view.page(at) for other in taken)
        same_document = any(view.page(other)[0] == view.page(at)[0] for other in taken)
        gain = float(np.maximum(0, sight.near[at] - near) @ sight.weights)
        terms = sight.terms[at]
        asks = min(wanted.n_asks - 1, 2)
        rows.append(
            (
                *(behind, log_share, any(view.pieces[other].unit.part is piece.unit.part for other in taken), bool(here)),
                *(same_page, same_document),
                any(view.pieces[other].place + 1 == piece.place for other in here),
                any(view.pieces[other].place - 1 == piece.place for other in here),
                gain,
                sum(sight.weight_of[term] for term in (terms & sight.weight_of.keys()) - held),
                np.log1p(len(terms - held - wanted.terms)),
                len(terms & held) / max(1, len(terms)),
                *(asks, wanted.sides, lacks_number and view.new_number[at], bool(view.states[at] - stated)),
                *(np.log1p(view.n_words[at]), view.n_words[taken].sum() / 50, len(taken)),
                piece.unit.kind == "table_row" and any(view.pieces[other].unit.kind == "table_row" for other in here),
                piece.unit.kind == "list_item" and any(view.pieces[other].unit.kind == "list_item" for other in here),
                *(judged.shares[first], judged.shares[first] * behind, asks * gain),
                piece.lead is not None
                and any(view.pieces[other].lead is piece.lead or view.pieces[other].unit is piece.lead for other in here),
                *(share / left, same_page * log_share, same_document * log_share),
            )
        )
    return np.array(rows, float).reshape(len(open_ones), len(FURTHER))
