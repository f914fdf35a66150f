"""Which readings a question is trained on, and what the teacher thinks of them: this project's own searches and late interaction.

In: readings, questions. Out: candidates of each question (found by dense search and BM25, neighbours, the same section of a sibling) and
the teacher's scores: IDF-weighted MaxSim (Khattab and Zaharia 2020, with the packaged embedder's own token vectors), plus BM25.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from service.models.reranker.questions import Question, Readings, with_candidates

Lexical = Callable[[str], dict[int, float]]  # a question to BM25 scores by place, best first
Encode = Callable[[Sequence[str]], tuple[list[list[int]], list[torch.Tensor]]]  # token ids and (tokens, hidden) unit vectors of texts

SHARPNESS = 25.0  # one over the temperature of the teacher: MaxSim is an average cosine, so its differences are hundredths
LEXICAL_SHARE = 0.5  # weight of the standardised BM25 score beside it


class TokenTable:
    """Unit vectors of all tokens of all readings, end to end, and how rare each token is."""

    def __init__(self, texts: Sequence[str], encode: Encode) -> None:
        self._encode = encode
        ids: list[list[int]] = []
        rows: list[torch.Tensor] = []
        for first in range(0, len(texts), 64):
            some_ids, some_rows = encode(texts[first : first + 64])
            ids += some_ids
            rows += [row.bfloat16() for row in some_rows]
        self.ends = np.cumsum([len(row) for row in rows])
        self.starts = self.ends - [len(row) for row in rows]
        self.rows = torch.cat(rows)
        self.pooled = torch.stack([torch.nn.functional.normalize(row.float().mean(0), dim=0) for row in rows])
        self._frequency: dict[int, int] = {}
        for text in ids:
            for token in set(text):
                self._frequency[token] = self._frequency.get(token, 0) + 1
        self._n = len(texts)

    def rarity(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """IDF of tokens, as in BM25."""
        seen = np.array([self._frequency.get(token, 0) for token in tokens], np.float32)
        return np.asarray(np.log(1 + (self._n - seen + 0.5) / (seen + 0.5)), np.float32)

    def questions(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], torch.Tensor, torch.Tensor]]:
        """(rarity, token vectors, mean vector) of questions."""
        ids, rows = self._encode(texts)
        return [
            (self.rarity(tokens), row.bfloat16(), torch.nn.functional.normalize(row.float().mean(0), dim=0))
            for tokens, row in zip(ids, rows, strict=True)
        ]

    def maxsim(self, rarity: NDArray[np.float32], vectors: torch.Tensor, places: Sequence[int]) -> NDArray[np.float32]:
        """Of every place: the best cosine of each question token, averaged with the tokens' rarity as weights."""
        if not len(rarity) or rarity.sum() <= 0:
            return np.zeros(len(places), np.float32)
        lengths = [int(self.ends[place] - self.starts[place]) for place in places]
        rows = torch.cat([self.rows[self.starts[place] : self.ends[place]] for place in places])
        cosines = (rows @ vectors.T).float().numpy()
        best = np.maximum.reduceat(cosines, np.cumsum([0, *lengths[:-1]]), axis=0)
        return np.asarray(best @ rarity / rarity.sum(), np.float32)


def mine(
    questions: Sequence[Question], readings: Readings, table: TokenTable, lexical: Lexical | None, *, depth: int, kept: int
) -> list[Question]:
    """The questions with their `kept` best candidates besides gold ones, best first after the gold ones. `depth` are taken of dense
    search (mean token vectors, as the index holds them) and of BM25."""
    inside, heads = _neighbourhood(readings)
    mined = []
    for first in range(0, len(questions), 256):
        some = questions[first : first + 256]
        for question, (rarity, vectors, pooled) in zip(some, table.questions([q.text for q in some]), strict=True):
            pool = dict.fromkeys(question.gold)
            near = (table.pooled @ pooled).topk(min(depth, len(table.pooled))).indices.tolist()
            pool |= dict.fromkeys(near)
            scores = lexical(question.text) if lexical else {}
            pool |= dict.fromkeys(list(scores)[:depth])
            for gold in question.gold:
                around = inside[readings.documents[gold]]
                at = around.index(gold)
                pool |= dict.fromkeys(around[max(0, at - 4) : at + 5])
                if readings.sections[gold]:
                    pool |= dict.fromkeys(heads.get(readings.sections[gold][-1].lower(), [])[:8])
            places = list(pool)
            taught = SHARPNESS * table.maxsim(rarity, vectors, places)
            if scores:
                lowest = min(scores.values())
                words = np.array([scores.get(place, lowest) for place in places])
                taught = taught + LEXICAL_SHARE * (words - words.mean()) / max(float(words.std()), 1e-6)
            gold_first = sorted(range(len(places)), key=lambda n: (places[n] not in question.gold, -taught[n]))
            best = gold_first[: kept + len(question.gold)]
            mined.append(with_candidates(question, [places[n] for n in best], [float(taught[n]) for n in best]))
    return mined


def _neighbourhood(readings: Readings) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Places by document, in order, and by the name of their section."""
    inside: dict[str, list[int]] = {}
    heads: dict[str, list[int]] = {}
    for place, document in enumerate(readings.documents):
        inside.setdefault(document, []).append(place)
        if readings.sections[place]:
            heads.setdefault(readings.sections[place][-1].lower(), []).append(place)
    return inside, heads
