"""What each stage of retrieval adds, and what it costs: an indexed home and gold items in, a table of stages out.

    python -m eval.ablation --home HOME --gold FILE

One row a stage: hit@1, @5, @20 (by page, as `eval.metrics` defines them) over the answerable items with Wilson intervals for hit@1 and
hit@5, and the median milliseconds that the stages up to it take together. "Without context" embeds and indexes the chunks' own text only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track

from eval.items import GoldItem, load_gold
from eval.metrics import retrieval
from eval.stats import wilson
from service import wire
from service.candidates import WEIGHT_EXACT, Found, candidates, find
from service.core.ports import LexicalIndex, Rag, Vectors
from service.core.settings import load
from service.core.types import Chunk, Hit
from service.fuse import rrf
from service.query.exact import lane_weight
from service.query.record import Query
from service.query.understand import understand
from service.rank import plain_order
from service.retrieve import POOL, observe, retrieve
from service.stages import Stages

N_HITS = 20
DEADLINE_S = 120.0


class Ablation:
    """Runs every stage for one question after the other and keeps hits and milliseconds by stage."""

    def __init__(self, rag: Rag) -> None:
        self.rag = rag
        self.chunks = {chunk.chunk_id: chunk for chunk in rag.index.vectors.fetch(rag.index.vectors.chunk_ids())}
        self.ids = sorted(self.chunks)
        self.values: dict[str, list[tuple[bool, bool, bool]]] = {}
        self.costs_ms: dict[str, list[float]] = {}

    def without_context(self, folder: Path) -> tuple[LexicalIndex, Vectors]:
        """BM25 and vectors over the chunks' own text."""
        from service.adapters.bm25 import Bm25Index, write_bm25

        bare = [replace(self.chunks[chunk_id], context="") for chunk_id in self.ids]
        write_bm25(folder / "bm25", bare, self.rag.index.documents)
        return Bm25Index(folder / "bm25"), self.rag.embedder.embed_passages([chunk.text for chunk in bare])

    def ask(self, item: GoldItem, bare: tuple[LexicalIndex, Vectors]) -> None:
        """All stages for one item."""
        rag, settings, question = self.rag, self.rag.settings, item.question
        stages = Stages(rag.tracer, time.monotonic() + DEADLINE_S)
        query = understand(question, rag.index)
        found = find(rag, query, {}, stages)
        cost = dict(stages.timings_ms)
        dense_ms, lexical_ms = cost["embed"] + cost["dense"], cost["lexical"]
        late_ms = cost.get("late", 0.0)
        vector = rag.embedder.embed_queries([question])[0]
        nearest = (bare[1] @ vector).argsort()[::-1][: settings.k_dense]
        bare_dense = [Hit(self.ids[at], 0.0) for at in nearest]
        bare_lexical = bare[0].search(question, settings.k_lexical, {})
        plain_lexical = rag.index.lexical.search(question, settings.k_lexical, {})
        k = settings.rrf_k
        self._keep(item, "dense, without context", bare_dense, dense_ms)
        self._keep(item, "BM25, without context", bare_lexical, lexical_ms)
        self._keep(item, "RRF, without context", rrf([(1, bare_dense), (1, bare_lexical)], k), dense_ms + lexical_ms)
        self._keep(item, "dense, + context", found.dense, dense_ms)
        self._keep(item, "BM25, + context", plain_lexical, lexical_ms)
        self._keep(item, "RRF, + context", rrf([(1, found.dense), (1, plain_lexical)], k), dense_ms + lexical_ms)
        self._keep(item, "RRF, + understood question", rrf([(1, found.dense), (1, found.lexical)], k), dense_ms + lexical_ms)
        self._keep(item, "RRF, + exact lane", _with_lane(found, query, k), dense_ms + lexical_ms)
        self._keep(item, "late interaction alone", found.late, dense_ms + lexical_ms + late_ms)
        self._keep(item, "RRF, + late interaction", found.fused, dense_ms + lexical_ms + late_ms)
        self._ranked(item)

    def _ranked(self, item: GoldItem) -> None:
        """The fitted orders, without and with the cross-encoder, and what is served."""
        rag, question = self.rag, item.question
        started = time.perf_counter()
        stages = Stages(rag.tracer, time.monotonic() + DEADLINE_S)
        ordered = plain_order(question, candidates(rag, [understand(question, rag.index)], {}, POOL, stages))
        plain_ms = (time.perf_counter() - started) * 1000
        self._keep(item, "fitted combination, no cross-encoder", [entry.candidate.chunk for entry in ordered], plain_ms)
        if rag.reranker is not None:
            depth = rag.settings.rerank_depth
            cross = {entry.chunk.chunk_id: entry.cross or 0.0 for entry in observe(rag, question, deadline=time.monotonic() + DEADLINE_S)}
            head = sorted(ordered[:depth], key=lambda entry: -cross.get(entry.candidate.chunk.chunk_id, -99.0))
            started = time.perf_counter()
            served = retrieve(rag, question, {}, N_HITS, deadline=time.monotonic() + DEADLINE_S)
            served_ms = (time.perf_counter() - started) * 1000
            self._keep(
                item, "cross-encoder alone over its best 20", [entry.candidate.chunk for entry in (*head, *ordered[depth:])], served_ms
            )
            self._keep(item, "served: fitted combination with it", [passage.chunk for passage in served.passages], served_ms)

    def _keep(self, item: GoldItem, stage: str, ranking: Sequence[Hit] | Sequence[Chunk], cost_ms: float) -> None:
        chunks = [self.chunks[entry.chunk_id] for entry in ranking[:N_HITS]]
        hits = [
            {"file": self.rag.index.documents[chunk.document_id].file, "page": chunk.page_first, "page_end": chunk.page_last}
            for chunk in chunks
        ]
        values = retrieval(item, hits)
        self.values.setdefault(stage, []).append((bool(values["hit@1"]), bool(values["hit@5"]), bool(values["hit@20"])))
        self.costs_ms.setdefault(stage, []).append(cost_ms)

    def table(self) -> str:
        """Markdown."""
        lines = ["| stage | hit@1 | 95 % | hit@5 | 95 % | hit@20 | ms |", "|---|--:|---|--:|---|--:|--:|"]
        for stage, values in self.values.items():
            n = len(values)
            one, five, twenty = (sum(value[at] for value in values) for at in range(3))
            cells = [f"{one / n:.3f}", _interval(one, n), f"{five / n:.3f}", _interval(five, n), f"{twenty / n:.3f}"]
            lines.append(f"| {stage} | {' | '.join(cells)} | {median(self.costs_ms[stage]):.1f} |")
        return "\n".join(lines)


def _with_lane(found: Found, query: Query, k: int) -> list[Hit]:
    return rrf([(1, found.dense), (1, found.lexical), (WEIGHT_EXACT * lane_weight(query), found.exact)], k)


def _interval(successes: int, n: int) -> str:
    low, high = wilson(successes, n)
    return f"{low:.3f} - {high:.3f}"


def main(arguments: list[str], say: Callable[[str], None] = print) -> int:
    """Ask everything, print the table."""
    parser = argparse.ArgumentParser(prog="python -m eval.ablation")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--gold", type=Path, required=True)
    args = parser.parse_args(arguments)
    items = [item for item in load_gold(args.gold) if item.answerable]
    rag = wire.wire(load(home=args.home))
    try:
        ablation = Ablation(rag)
        with tempfile.TemporaryDirectory(prefix="evdocs-ablation-") as folder:
            bare = ablation.without_context(Path(folder))
            for item in track(items, "asking", console=Console(stderr=True)):
                ablation.ask(item, bare)
            bare[0].close()
    finally:
        rag.index.close()
        rag.tracer.close()
    say(ablation.table())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
