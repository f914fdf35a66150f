"""How fast the cross-encoder reads, against the machine itself and against the plain way: ratios, measured in one run.

    python -m eval.bench_rerank --home var --gold eval/gold/sample.jsonl [--questions 8] [--depth 20] [--json OUT]

`of the matrix rate`: its arithmetic (products of the layers and of attention that are really computed) in a second, over what one large
matrix product of the same precision reaches. `of plain fp32`: the time `sentence_transformers.CrossEncoder.predict` takes in float32
for the same pairs, over its own. Rounds alternate, and of each question the fastest counts: other work on the machine only lengthens
the rest.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder

from eval.items import GoldError, load_gold
from service import wire
from service.adapters.linear import Precision, dtype_of
from service.adapters.packed_bert import BertShape, read_object
from service.adapters.pair_scorers import PackedScorer
from service.adapters.precision import choose_precision
from service.adapters.reranker import PACKAGED, CrossEncoderReranker
from service.core.errors import EvdocsError
from service.core.settings import Settings, load
from service.fuse import rrf
from service.retrieve import reading

WANTED_RATE = 0.5
WANTED_SPEED = 3.0
_SIDE = 2048  # of the matrices of the reference product
_ROUNDS = 6
_PLAIN_ROUNDS = 2  # it takes several times as long

Pairs = list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Read:
    """Figures of one run: what was read, seconds of each way, products a second."""

    precision: Precision
    threads: int
    pairs: int
    tokens: int
    seconds: float
    plain_seconds: float
    rate: float
    matrix_rate: float

    @property
    def of_matrix_rate(self) -> float:
        return self.rate / self.matrix_rate

    @property
    def of_plain(self) -> float:
        return self.plain_seconds / self.seconds


def operations(shape: BertShape, inner: int, length: int) -> int:
    """Multiplications and additions of one text of `length` tokens as the packed pass computes it: all layers but the last for every
    token, in the last one queries, keys and values for every token and the rest for the first."""
    h = shape.hidden
    joined, rest = 2 * 3 * h * h, 2 * h * h + 4 * h * inner
    full = length * (joined + rest) + 4 * length * length * h
    return (shape.layers - 1) * full + length * joined + 4 * length * h + rest


def candidates(settings: Settings, questions: Sequence[str], depth: int) -> Pairs:
    """Each question with the `depth` readings that the fused searches give."""
    index = wire.open_index(settings, embedder := wire.load_embedder(settings))
    found: Pairs = []
    for question in questions:
        dense = index.vectors.search(embedder.embed_queries([question])[0], settings.k_dense, {})
        hits = rrf([(1.0, dense), (1.0, index.lexical.search(question, settings.k_lexical, {}))], settings.rrf_k)[:depth]
        found.append((question, [reading(chunk) for chunk in index.vectors.fetch([hit.chunk_id for hit in hits])]))
    index.close()
    return found


def compare(pairs: Pairs, settings: Settings) -> Read:
    """Read all pairs in both ways, in turns with the matrix product."""
    precision = choose_precision(settings.precision)
    packed = PackedScorer(PACKAGED, precision, 256)
    plain = CrossEncoder(str(PACKAGED), device="cpu", max_length=256, local_files_only=True, model_kwargs={"dtype": torch.float32}).eval()
    flat = [(question, text) for question, texts in pairs for text in texts]
    lengths = [packed.size(pair) for question, texts in pairs for pair in packed.prepare(question, texts)]
    shape, inner = BertShape.of(PACKAGED), int(read_object(PACKAGED / "config.json")["intermediate_size"])
    square = torch.randn(_SIDE, _SIDE).to(dtype_of(precision))
    reranker = CrossEncoderReranker("packaged", precision=precision, threads=settings.n_threads, allow_hub=False)
    best = {"plain": [float("inf")] * len(pairs), "packed": [float("inf")] * len(pairs), "matrix": [float("inf")]}

    def run(name: str, place: int, way: Callable[[], object]) -> None:
        started = time.perf_counter()
        way()
        best[name][place] = min(best[name][place], time.perf_counter() - started)

    for turn in range(_ROUNDS):
        for place, (question, texts) in enumerate(pairs):
            asked = question + " " * turn  # blanks are no tokens, but make it a question that is not remembered
            run("packed", place, partial(reranker.score, asked, texts))
            run("matrix", 0, lambda: square @ square)
            if turn < _PLAIN_ROUNDS:
                both = [(question, text) for text in texts]
                run("plain", place, partial(plain.predict, both, activation_fn=torch.nn.Identity(), show_progress_bar=False))
    done = sum(operations(shape, inner, length) for length in lengths)
    return Read(
        precision,
        settings.n_threads,
        len(flat),
        sum(lengths),
        sum(best["packed"]),
        sum(best["plain"]),
        done / sum(best["packed"]),
        2 * _SIDE**3 / min(best["matrix"]),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0, 1 below the wanted ratios where the CPU has bf16, 2 where there is nothing to read."""
    parser = argparse.ArgumentParser(prog="python -m eval.bench_rerank", description="Speed of the cross-encoder, as ratios.")
    parser.add_argument("--home", type=Path, required=True, help="home with a published index")
    parser.add_argument("--gold", type=Path, required=True, help="questions to read passages for (JSON lines)")
    parser.add_argument("--questions", type=int, default=8, help="how many of them, at most 100")
    parser.add_argument("--depth", type=int, default=20, help="passages a question, at most 100")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args(argv)
    if not (1 <= arguments.questions <= 100 and 1 <= arguments.depth <= 100):
        parser.error("--questions and --depth go from 1 to 100")
    try:
        settings = load(home=arguments.home)
        torch.set_num_threads(settings.n_threads)
        questions = [item.question for item in load_gold(arguments.gold)][: arguments.questions]
        result = compare(candidates(settings, questions, arguments.depth), settings)
    except (GoldError, EvdocsError, OSError) as error:
        print(f"bench_rerank: {error}", file=sys.stderr)
        return 2
    print(
        f"{result.pairs} pairs, {result.tokens} tokens, {result.precision}, {result.threads} threads: "
        f"{1000 * result.seconds / result.pairs:.1f} ms a pair, {result.rate / 1e9:.0f} GFLOP/s\n"
        f"  of the matrix rate ({result.matrix_rate / 1e9:.0f} GFLOP/s)   {result.of_matrix_rate:.2f} (wanted {WANTED_RATE})\n"
        f"  of plain fp32 (CrossEncoder.predict)   {result.of_plain:.1f} times as fast (wanted {WANTED_SPEED} with bf16)"
    )
    if arguments.json:
        figures = asdict(result) | {"of_matrix_rate": result.of_matrix_rate, "of_plain": result.of_plain}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return int(result.precision == "bf16" and (result.of_matrix_rate < WANTED_RATE or result.of_plain < WANTED_SPEED))


if __name__ == "__main__":
    sys.exit(main())
