"""Mined questions to the lists of a training step: which kinds, how long, which readings, in which words.

In: pools of mined questions, the progress of the run. Out: (question text, readings, what they teach). It must not know the network.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from service.models.reranker.loss import Taught
from service.models.reranker.questions import Question, Readings, words

LENGTHS = {"domain": 8, "unanswerable": 5, "near miss": 4, "moved": 5, "pseudo": 6, "general": 4}
# Shares of the pairs by kind: first what is plentiful, then what the product is asked.
EARLY = {"general": 0.45, "pseudo": 0.45, "domain": 0.10}
LATE = {"domain": 0.46, "unanswerable": 0.08, "near miss": 0.12, "moved": 0.06, "pseudo": 0.20, "general": 0.08}
EARLY_SHARE = 0.3
_DROPPED = frozenset(words("a an the of to in on at for and is are be do does did i my me we our you your please"))


@dataclass(frozen=True, slots=True)
class Listed:
    """One list: the question as asked, the readings' texts, and what they teach."""

    question: str
    texts: tuple[str, ...]
    taught: Taught


class Pools:
    """Endless shuffled questions by kind; two runs with one seed draw the same."""

    def __init__(self, pools: Mapping[str, Sequence[Question]], corpora: Mapping[str, Readings], seed: int) -> None:
        """`corpora` by kind: the readings its questions' places count in."""
        self._draw = random.Random(seed)
        self._pools = {kind: list(questions) for kind, questions in pools.items() if questions}
        self._corpora = corpora
        self._left: dict[str, list[Question]] = {kind: [] for kind in self._pools}
        self._words: dict[tuple[str, int], set[str]] = {}

    def step(self, pairs: int, progress: float) -> list[Listed]:
        """Lists of about `pairs` pairs; `progress` (0 to 1) chooses the mixture."""
        shares = EARLY if progress < EARLY_SHARE else LATE
        kinds = [kind for kind in shares if kind in self._pools]
        weights = [shares[kind] / LENGTHS[kind] for kind in kinds]
        found: list[Listed] = []
        while sum(len(listed.texts) for listed in found) < pairs and kinds:
            kind = self._draw.choices(kinds, weights)[0]
            if not self._left[kind]:
                self._left[kind] = self._draw.sample(self._pools[kind], len(self._pools[kind]))
            found.append(self._listed(self._left[kind].pop(), kind))
        return found

    def _listed(self, question: Question, kind: str) -> Listed:
        readings = self._corpora[kind]
        taken = self._taken(question, LENGTHS[kind])
        places = [question.candidates[n] for n in taken]
        first = [n for n, place in enumerate(places) if place in question.gold] if question.kind not in ("near miss",) else []
        if question.kind == "unanswerable":
            first = []
        return Listed(
            self._asked(question.text),
            tuple(readings.texts[place] for place in places),
            Taught(
                torch.tensor([question.teacher[n] for n in taken]),
                torch.tensor(first, dtype=torch.long),
                torch.tensor([self._answers(question, kind, place) for place in places]),
            ),
        )

    def _taken(self, question: Question, length: int) -> list[int]:
        """Up to two gold places, then candidates, half of them among the best eight."""
        n_gold = sum(place in question.gold for place in question.candidates)
        kept = self._draw.sample(range(n_gold), min(2, n_gold))
        others = list(range(n_gold, len(question.candidates)))
        head, tail = others[:8], others[8:]
        wanted = length - len(kept)
        kept += self._draw.sample(head, min(len(head), (wanted + 1) // 2))
        rest = [n for n in head if n not in kept][:2] + tail
        return kept + self._draw.sample(rest, min(len(rest), length - len(kept)))

    def _answers(self, question: Question, kind: str, place: int) -> float:
        if place in question.gold:
            return -1.0 if question.answers is None else float(question.answers)
        if question.kind == "pseudo" and question.answers is None:
            return -1.0
        key = (kind, place)
        if key not in self._words:
            self._words[key] = set(words(self._corpora[kind].texts[place]))
        if question.unsure and set(words(question.unsure)) <= self._words[key]:
            return -1.0
        wanted = set(words(question.answer))
        return -1.0 if wanted and wanted <= self._words[key] else 0.0

    def _asked(self, text: str) -> str:
        """The question as people type: sometimes in lower case, without its small words or its question mark."""
        if self._draw.random() < 0.25:
            text = text.lower()
        if self._draw.random() < 0.12:
            text = " ".join(word for word in text.split() if word.lower() not in _DROPPED) or text
        return text.rstrip("?. ") if self._draw.random() < 0.25 else text


def micro_batches(lists: Sequence[Listed], pairs: int) -> Iterator[list[Listed]]:
    """Whole lists, at most about `pairs` pairs together."""
    some: list[Listed] = []
    for listed in sorted(lists, key=lambda one: sum(map(len, one.texts)) / len(one.texts)):
        if some and sum(len(one.texts) for one in some) + len(listed.texts) > pairs:
            yield some
            some = []
        some.append(listed)
    if some:
        yield some
