"""Judged pieces in, which procedure answers out, and whether one is asked for at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.core.text import analyze
from service.extract.evidence import Matrix, shares
from service.extract.procedure import Run, is_step
from service.extract.seen import Judged, Seen

TEMPERATURE = 2.0  # a procedure is told by several steps that fit, not by one that fits best
LONG = 240  # words

RUN = ("mass", "best", "passage", "heading", "prose", "steps", "length", "long", "rows", "notices")
WHOLE = (
    *("steps_asked", "quantity_asked", "code_asked", "yes_no", "reason", "place", "sides", "asks", "question_length"),
    *("mass", "share", "steps", "prose", "first_share", "first_inside", "first_is_step", "length", "steps_asked_share", "steps_asked_mass"),
)


def run_rows(view: Seen, judged: Judged, runs: Sequence[Run]) -> Matrix:
    """(n, len(RUN)) signals of runs."""
    soft = shares(judged.scores, TEMPERATURE)
    best = max((passage.score for passage in view.passages), default=0.0)
    rows = []
    for run in runs:
        inside = places(view, run)
        heading = frozenset(analyze(" ".join(view.passages[run.pieces[0].at].chunk.section[-2:])))
        rows.append(
            (
                np.log(float(soft[inside].sum()) + 1e-4),
                np.log(float(judged.shares[inside].max(initial=0.0)) + 1e-4),
                max(view.passages[piece.at].score for piece in run.pieces) - best,
                sum(view.sight.weight_of[term] for term in heading & view.sight.weight_of.keys()),
                *(run.n_steps == 0, np.log1p(run.n_steps), np.log1p(run.n_words), run.n_words > LONG),
                any(piece.unit.kind == "table_row" for piece in run.pieces),
                any(piece.unit.kind == "notice" for piece in run.pieces),
            )
        )
    return np.array(rows, float).reshape(len(runs), len(RUN))


def whole_row(view: Seen, judged: Judged, run: Run) -> Matrix:
    """(1, len(WHOLE)) signals of whether this run, whole, is what is asked for."""
    wanted, inside = view.asked, places(view, run)
    first = int(np.argmax(judged.scores))
    mass = np.log(float(shares(judged.scores, TEMPERATURE)[inside].sum()) + 1e-4)
    share = float(judged.shares[inside].sum())
    row = (
        *(wanted.steps, wanted.quantity, wanted.code, wanted.yes_no, wanted.reason, wanted.place, wanted.sides, min(wanted.n_asks, 3)),
        np.log1p(len(wanted.text.split())),
        *(mass, share, np.log1p(run.n_steps), run.n_steps == 0, judged.shares[first], first in inside, is_step(view.pieces[first])),
        *(np.log1p(run.n_words), wanted.steps * share, wanted.steps * mass),
    )
    return np.array([row], float)


def places(view: Seen, run: Run) -> list[int]:
    """Places in `view.pieces` of what a run says."""
    own = {(piece.at, piece.unit.part.start) for piece in run.pieces}
    return [place for place, piece in enumerate(view.pieces) if (piece.at, piece.unit.part.start) in own]
