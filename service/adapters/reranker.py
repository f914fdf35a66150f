"""Question and passage read together by a cross-encoder on the CPU; packaged: `service/models/reranker`.

In: a question, texts (best first), the time there is. Out: two logits a text, in their order: how relevant it is, and whether it answers
this very question (`Judgement`). It must not know hits or passages; the caller writes the texts in the form the model was trained on
(MODEL_CARD.md: "context: text") and sorts.

Logits are unbounded: they keep apart what a sigmoid squeezes together near 0 and 1.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from service.adapters.weights import content_hash, find_model, printable
from service.core.types import Judgement

PACKAGED = Path(__file__).resolve().parent.parent / "models" / "reranker"
_PACKAGED_MAX_TOKENS = 256  # what it was trained with
_PASS_SIZE = 2048  # tokens of one pass, for full matrix speed
_TIMED_PASS_SIZE = 512  # where the time may end before the texts do
_SLICE = 8  # texts between two questions whether that is enough
_REMEMBERED = 20_000  # judgements kept, some 200 bytes each

Enough = Callable[[Sequence[Judgement | None]], bool]


class CrossEncoderReranker:
    """One loaded model. Safe to use from several threads; they take turns, as one call already uses all its CPU threads."""

    def __init__(self, model: str, *, precision: str, threads: int, allow_hub: bool) -> None:
        """`model` is `packaged`, a folder, or a hub name if `allow_hub`; `precision` as in the settings. Raises ModelUnavailable."""
        import torch

        from service.adapters.pair_scorers import load_scorer
        from service.adapters.precision import choose_precision

        folder = find_model(model, {"packaged": PACKAGED}, allow_hub=allow_hub)
        torch.set_num_threads(threads)
        self.precision = choose_precision(precision)
        self._scorer = load_scorer(folder, self.precision, _PACKAGED_MAX_TOKENS if model == "packaged" else None)
        self._lock = threading.Lock()
        self._remembered = _Remembered(_REMEMBERED)
        self._seconds_a_token = 0.0
        name = "evdocs-reranker" if model == "packaged" else Path(model).name
        self._fingerprint = f"{name}-{content_hash(folder)}"

    @property
    def fingerprint(self) -> str:
        """Model name and a hash of weights, tokenizer and configuration."""
        return self._fingerprint

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """One relevance logit a text, in the order given, higher is better."""
        return [judged.relevance for judged in self.judge(question, texts) if judged is not None]

    def judge(
        self, question: str, texts: Sequence[str], deadline: float = math.inf, enough: Enough | None = None
    ) -> list[Judgement | None]:
        """One judgement a text, in the order given. None where `deadline` (a time.monotonic() value) would have passed, or where
        `enough`, asked after every few texts what is judged so far, said yes: give the most promising texts first."""
        question = printable(question)
        keys = [_key(question, text) for text in texts]
        judged: list[Judgement | None] = self._remembered.get(keys)
        for first in range(0, len(texts), _SLICE if enough else max(1, len(texts))):
            some = range(first, min(len(texts), first + _SLICE) if enough else len(texts))
            missing = [place for place in some if judged[place] is None]
            if missing and not self._fill(question, texts, missing, judged, deadline):
                break
            if enough and enough(judged):
                break
        self._remembered.put(keys, judged)
        return judged

    def _fill(self, question: str, texts: Sequence[str], places: Sequence[int], judged: list[Judgement | None], deadline: float) -> bool:
        """Judge these places, as far as the time goes; False where it did not go far enough."""
        prepared = self._scorer.prepare(question, [printable(texts[place]) for place in places])
        expected = self._seconds_a_token * sum(map(self._scorer.size, prepared))
        roomy = time.monotonic() + 2 * expected < deadline
        for some in self._passes(prepared, _PASS_SIZE if roomy else _TIMED_PASS_SIZE):
            if not self._lock.acquire(timeout=-1 if deadline == math.inf else max(0.0, deadline - time.monotonic())):
                return False
            try:
                size = sum(self._scorer.size(prepared[n]) for n in some)
                started = time.monotonic()
                if started + size * self._seconds_a_token > deadline:
                    self._seconds_a_token *= 0.9  # a slow moment must not keep every later question from being read
                    return False
                logits = self._scorer.logits([prepared[n] for n in some])
                taken = (time.monotonic() - started) / size
                self._seconds_a_token = taken if not self._seconds_a_token else 0.8 * self._seconds_a_token + 0.2 * taken
            finally:
                self._lock.release()
            for n, row in zip(some, logits, strict=True):
                judged[places[n]] = Judgement(float(row[0]), float(row[-1]))
        return True

    def _passes(self, prepared: Sequence[Any], most: int) -> Iterator[list[int]]:
        """Places of `prepared`, in order, so many a pass that its tokens stay within `most`."""
        some: list[int] = []
        total = 0
        for n, pair in enumerate(prepared):
            size = self._scorer.size(pair)
            if some and total + size > most:
                yield some
                some, total = [], 0
            some.append(n)
            total += size
        if some:
            yield some


class _Remembered:
    """The last judgements by (question, text); the oldest unused go first. One model's only: it lives and dies with the reranker."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._judged: OrderedDict[bytes, Judgement] = OrderedDict()

    def get(self, keys: Sequence[bytes]) -> list[Judgement | None]:
        with self._lock:
            for key in keys:
                if key in self._judged:
                    self._judged.move_to_end(key)
            return [self._judged.get(key) for key in keys]

    def put(self, keys: Sequence[bytes], judged: Sequence[Judgement | None]) -> None:
        with self._lock:
            self._judged |= {key: found for key, found in zip(keys, judged, strict=True) if found is not None}
            while len(self._judged) > self._most:
                self._judged.popitem(last=False)


def _key(question: str, text: str) -> bytes:
    return hashlib.blake2b(f"{len(question)} {question}{text}".encode("utf-8", "replace"), digest_size=16).digest()
