"""Weights, depths and constants of the fusion, swept over what the searches found once: an indexed home and questions in, a table out.

    python -m eval.sweep_fusion --corpus HOME QUESTIONS [--corpus HOME QUESTIONS ...] [--only HOME QUESTIONS]

Every question is searched once, deeper than any setting asks for; each setting then fuses the kept hits anew, and a listwise model over the
plain signals is fitted to its candidates; each question is ranked by a model that was not fitted on its document. The last row says
what choosing gains: for the documents of a fold, the setting with the best MRR on all others. `--only` is reported, never chosen or
fitted on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from sklearn.model_selection import GroupKFold

from eval.fit_ranking import Listed, listed, listwise, questions
from eval.items import GoldItem
from eval.stats import wilson
from service import wire
from service.candidates import LATE_DEPTH, WEIGHT_EXACT, WEIGHT_LATE, by_score, find
from service.core.ports import Rag
from service.core.settings import load
from service.core.types import Chunk, Document, Hit
from service.fuse import rrf
from service.query.exact import code_match, exact_hits, lane_weight
from service.query.names import product_match
from service.query.record import Query
from service.query.understand import understand
from service.retrieve import POOL
from service.signals import PLAIN, Candidate, Matrix
from service.stages import Stages

DEEPEST = 150
PENALTY = 30.0  # of the listwise model; what `fit_ranking` chooses on these questions
FOLDS, SEED = 5, 20261201


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to fuse."""

    dense: float = 1.0
    lexical: float = 1.0
    exact: float = WEIGHT_EXACT
    late: float = WEIGHT_LATE
    rank_constant: int = 20
    k: int = 50
    depth: int = LATE_DEPTH
    pool: int = POOL


@dataclass(frozen=True, slots=True)
class Searched:
    """A question with all that its searches found, and the late score of every chunk among it."""

    item: GoldItem
    query: Query
    dense: list[Hit]
    lexical: list[Hit]
    exact: list[Hit]
    late: Mapping[str, float]
    chunks: Mapping[str, Chunk]
    documents: Mapping[str, Document]


def settings() -> dict[str, Setting]:
    """By name: what is served, then each knob by itself, then the pairs that looked best alone."""
    base = Setting()
    one = {
        "dense": (0.5, 0.7, 1.5), "lexical": (0.5, 0.7, 1.5), "exact": (0.0, 0.35, 1.0), "late": (0.0, 1.0, 4.0, 6.0),
        "rank_constant": (5, 10, 40, 60), "k": (40, 100, 150), "depth": (100, 150), "pool": (20, 40),
    }  # fmt: skip
    alone = {f"{name} {value}": _with(base, name, value) for name, values in one.items() for value in values}
    deep = replace(base, k=100, depth=150)
    both = {
        f"k 100, depth 150, late {late}, constant {constant}": replace(deep, late=late, rank_constant=constant)
        for late, constant in product((2.0, 4.0), (10, 20))
    }
    return {"served": base, **alone, **both}


def _with(base: Setting, name: str, value: Any) -> Setting:
    return replace(base, **{name: value})


def search(rag: Rag, items: Sequence[GoldItem], console: Console) -> list[Searched]:
    """Every answerable question whose documents are indexed, searched once."""
    known = {document.file for document in rag.index.documents.values()}
    served = rag.settings.k_lexical
    rag = replace(rag, settings=rag.settings.model_copy(update={"k_dense": DEEPEST, "k_lexical": DEEPEST}))
    found = []
    for item in track([one for one in items if one.answerable and {*one.documents} <= known], "searching", console=console):
        query = understand(item.question, rag.index)
        hits = find(rag, query, {}, Stages(rag.tracer, time.monotonic() + 60))
        ids = sorted({hit.chunk_id for hit in (*hits.dense, *hits.lexical, *hits.exact)})
        tokens = rag.embedder.read_queries([query.embed_text]).tokens
        late = dict(zip(ids, rag.index.late.score(tokens[0], ids), strict=True)) if rag.index.late and tokens and len(tokens[0].ids) else {}
        chunks = {chunk.chunk_id: chunk for chunk in rag.index.vectors.fetch(ids)}
        exact = exact_hits(query, rag.index, {}, hits.lexical[:served])
        found.append(Searched(item, query, hits.dense, hits.lexical, exact, late, chunks, rag.index.documents))
    return found


def candidates(one: Searched, setting: Setting) -> list[Candidate]:
    """What `service.candidates` would hand on under a setting."""
    dense, lexical = one.dense[: setting.k], one.lexical[: setting.k]
    lists = [(setting.dense, dense), (setting.lexical, lexical), (setting.exact * lane_weight(one.query), one.exact)]
    fused = rrf(lists, setting.rank_constant)
    late: list[Hit] = []
    if one.late:
        ids = [hit.chunk_id for hit in fused[: setting.depth]]
        late = by_score(ids, [one.late[chunk_id] for chunk_id in ids])
        fused = rrf([*lists, (setting.late, late)], setting.rank_constant)
    said = {name: {hit.chunk_id: hit.score for hit in hits} for name, hits in (("dense", dense), ("lexical", lexical), ("late", late))}
    return [
        Candidate(
            chunk=(chunk := one.chunks[hit.chunk_id]),
            document=(document := one.documents[chunk.document_id]),
            fused=hit.score,
            dense=said["dense"].get(hit.chunk_id),
            lexical=said["lexical"].get(hit.chunk_id),
            late=said["late"].get(hit.chunk_id),
            code=code_match(chunk, one.query),
            product=product_match(document, one.query),
        )
        for hit in fused[: setting.pool]
    ]


def ranks(lists: Sequence[Listed], fitted_on: Sequence[int], places: Sequence[int]) -> list[int]:
    """The rank (from 0; 999: none) of the first candidate on a right page of these questions, by a model fitted on those."""
    usable = [at for at in fitted_on if lists[at].gains.sum() > 0]
    rows = np.vstack([lists[at].rows[:, : len(PLAIN)] for at in usable])
    mean, spread = rows.mean(0), rows.std(0)
    spread[spread < 1e-9] = 1.0

    def scaled(at: int) -> Matrix:
        return np.asarray((lists[at].rows[:, : len(PLAIN)] - mean) / spread)

    weights = listwise([(scaled(at), lists[at].gains) for at in usable], PENALTY)
    found = []
    for at in places:
        right = np.flatnonzero(lists[at].on_page[np.argsort(-(scaled(at) @ weights), kind="stable")])
        found.append(int(right[0]) if len(right) else 999)
    return found


def folds(lists: Sequence[Listed]) -> list[tuple[list[int], list[int]]]:
    """(the other questions, the questions of the fold), by document."""
    splits = GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(lists, groups=[one.group for one in lists])
    return [(others.tolist(), own.tolist()) for others, own in splits]


def held_out(lists: Sequence[Listed]) -> list[int]:
    """The rank of each question, by a model fitted on other documents."""
    found = [999] * len(lists)
    for others, own in folds(lists):
        for at, rank in zip(own, ranks(lists, others, own), strict=True):
            found[at] = rank
    return found


def chosen(lists: Sequence[Listed], found: Mapping[str, Sequence[int]]) -> tuple[list[int], list[str]]:
    """(the rank of each question under the setting that is best on the documents of other folds, those settings)."""
    told, names = [999] * len(lists), list[str]()
    for others, own in folds(lists):
        names.append(max(found, key=lambda name: mrr([found[name][at] for at in others])))
        for at in own:
            told[at] = found[names[-1]][at]
    return told, names


def mrr(found: Sequence[int]) -> float:
    """Mean reciprocal rank."""
    return float(np.mean([1 / (1 + rank) for rank in found]))


def row(name: str, found: Sequence[int], pooled: float | None = None) -> str:
    """A line of the table: hit@1 and hit@5 with 95 % Wilson intervals, MRR, and how often a right page is in the pool."""
    cells = []
    for k in (1, 5):
        hits = sum(rank < k for rank in found)
        low, high = wilson(hits, len(found))
        cells.append(f"{hits / len(found):.3f} ({low:.3f}-{high:.3f})")
    return f"| {name} | {cells[0]} | {cells[1]} | {mrr(found):.3f} | {'' if pooled is None else f'{pooled:.3f}'} |"


def main(arguments: list[str], say: Callable[[str], None] = print) -> int:
    """Search, sweep, print."""
    parser = argparse.ArgumentParser(prog="python -m eval.sweep_fusion")
    parser.add_argument("--corpus", nargs=2, action="append", required=True, type=Path, metavar=("HOME", "QUESTIONS"))
    parser.add_argument("--only", nargs=2, action="append", default=[], type=Path, metavar=("HOME", "QUESTIONS"))
    args = parser.parse_args(arguments)
    console = Console(stderr=True)
    asked: list[list[Searched]] = [[], []]
    for kept, corpora in zip(asked, (args.corpus, args.only), strict=True):
        for home, path in corpora:
            rag = wire.wire(load(home=home, reranker="none"))
            kept += search(rag, questions(path), console)
            rag.index.close()
    found: dict[str, list[int]] = {}
    fitted: list[Listed] = []
    say("| setting | hit@1 (95 %) | hit@5 (95 %) | MRR | in the pool |\n|---|---|---|--:|--:|")
    for name, setting in settings().items():
        fitted, only = ([listed(one.item, candidates(one, setting)) for one in kept] for kept in asked)
        found[name] = held_out(fitted)
        say(row(name, found[name], float(np.mean([one.on_page.any() for one in fitted]))))
        if only:
            places = range(len(fitted), len(fitted) + len(only))
            told = ranks([*fitted, *only], range(len(fitted)), places)
            say(row(f"{name}: reported only", told, float(np.mean([one.on_page.any() for one in only]))))
    best, names = chosen(fitted, found)
    say(row(f"chosen without the fold ({'; '.join(names)})", best))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
