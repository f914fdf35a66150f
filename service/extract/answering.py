"""A question and packed passages in, the drafts of an answer out: a procedure, whole and in order, where one is asked for; else the facts.

    see the pieces -> judge them -> the run that answers best -> whole? -> its steps
                                                              -> else the best pieces, composed

Must not know models of language, stores or settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from service.core.types import Draft, Passage
from service.extract.choose import MAX_WORDS, facts
from service.extract.chosen_run import places, run_rows, whole_row
from service.extract.compose import composed
from service.extract.evidence import Models, models
from service.extract.pieces import Piece
from service.extract.procedure import fitted, runs
from service.extract.seen import Judged, Seen, judged, seen
from service.extract.wording import said

PROCEDURE_WORDS = 240
WHOLE_FROM = 0.4  # least probability that the whole procedure is asked for (eval/LOG.md)


def answer(question: str, passages: Sequence[Passage]) -> Iterator[Draft]:
    """The drafts, each with exact spans; none where the passages hold nothing that can be quoted."""
    view = seen(question, passages)
    if not view.pieces:
        return
    fitted_models = models(view.compared)
    seen_so = judged(view, fitted_models.first)
    steps = procedure(view, seen_so, fitted_models)
    if steps:
        yield from stepwise(view, seen_so, steps)
        return
    taken = facts(view, seen_so, fitted_models.further)
    by_place = {(piece.at, piece.place): piece for piece in view.pieces}
    while taken:
        drafts = list(composed([view.pieces[at] for at in taken], passages, by_place, float(seen_so.shares[taken].sum())))
        if len(taken) == 1 or sum(len(draft.text.split()) for draft in drafts) <= MAX_WORDS:
            break
        taken = taken[:-1]  # lead-ins and headings were added: what was taken last is worth least
    yield from drafts


def procedure(view: Seen, judgement: Judged, fitted_models: Models) -> tuple[Piece, ...]:
    """The pieces of the procedure that answers, in order; none where facts are asked for."""
    found = runs(view.passages)
    if not found:
        return ()
    run = found[int(np.argmax(fitted_models.run.scores(run_rows(view, judgement, found))))]
    if fitted_models.whole.probabilities(whole_row(view, judgement, run))[0] < WHOLE_FROM:
        return ()
    worth = {(piece.at, piece.unit.part.start): 0.0 for piece in run.pieces}
    for at in places(view, run):
        key = (view.pieces[at].at, view.pieces[at].unit.part.start)
        worth[key] = max(worth[key], float(judgement.shares[at]))
    return fitted(run, PROCEDURE_WORDS, list(worth.values()))


def stepwise(view: Seen, judgement: Judged, steps: Sequence[Piece]) -> Iterator[Draft]:
    """A line a step."""
    own = {(piece.at, piece.unit.part.start) for piece in steps}
    inside = [at for at, piece in enumerate(view.pieces) if (piece.at, piece.unit.part.start) in own]
    score = float(judgement.shares[inside].sum())
    for piece in steps:
        told = said(piece, view.passages[piece.at])
        yield Draft(told.text, told.spans, told.added, score)
