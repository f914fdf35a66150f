"""Late interaction (Khattab and Zaharia, ColBERT, SIGIR 2020): a text as one vector a token, compared token by token.

In: token vectors. Out: records, and how much each token of a question counts. It must not know models, stores or what a token is
beyond its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """What a text says, a vector a token: `ids` int32 (n,) in the model's vocabulary, `vectors` (n, d). A question's vectors are float32 of
    length one; a passage's are int8, of which only the direction counts. Special tokens, punctuation and stop words are left out."""

    ids: NDArray[np.int32]
    vectors: NDArray[np.float32] | NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Read:
    """Texts as one pass through the model gives them: `vectors` (n, dimensions), float32, of length one; `tokens`, one a text (none with
    a model that has no token vectors)."""

    vectors: NDArray[np.float32]
    tokens: Sequence[TokenVectors]


class DocumentFrequencies:
    """Counts in how many chunks each token stands."""

    def __init__(self) -> None:
        self._counts = np.zeros(0, np.int64)
        self._n_chunks = 0

    def add(self, ids: NDArray[np.int32]) -> None:
        """The tokens of one chunk."""
        found = np.unique(ids)
        if len(found) and found[-1] >= len(self._counts):
            self._counts = np.concatenate([self._counts, np.zeros(int(found[-1]) + 1 - len(self._counts), np.int64)])
        self._counts[found] += 1
        self._n_chunks += 1

    def idf(self) -> NDArray[np.float32]:
        """ln(1 + (N - n + 0.5) / (n + 0.5)) by token id (Robertson and Zaragoza, 2009, eq. 3.3, kept above zero as Lucene does), and one
        entry more: that of a token which stands in no chunk."""
        n = np.append(self._counts, 0)
        return np.log1p((self._n_chunks - n + 0.5) / (n + 0.5)).astype(np.float32)


def question_weights(ids: NDArray[np.int32], idf: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) shares of a question's tokens, summing to one: each its idf; tokens beyond the table are unknown, as its last entry is. With
    these, a sum of cosines lies in [-1, 1] and compares across questions."""
    weights = idf[np.minimum(ids, len(idf) - 1)]
    total = float(weights.sum())
    return np.asarray(weights / total, np.float32) if total > 0 else np.full(len(ids), 1 / max(1, len(ids)), np.float32)


@dataclass(frozen=True, slots=True)
class Closeness:
    """How near the tokens of a question come to those of one chunk: `weights` (q,) of the question's tokens, summing to one; `cosines`
    (q, n), float32; `places` (n, 2), the characters of the chunk's indexed text [start, end) each of its tokens stands at, in order."""

    weights: NDArray[np.float32]
    cosines: NDArray[np.float32]
    places: NDArray[np.int32]

    def best(self, start: int, end: int) -> NDArray[np.float32]:
        """(q,) the best cosine each token of the question reaches in characters [start, end); 0 where no token stands there."""
        first, last = np.searchsorted(self.places[:, 0], start), np.searchsorted(self.places[:, 1], end, side="right")
        if last <= first:
            return np.zeros(len(self.weights), np.float32)
        return np.asarray(self.cosines[:, first:last].max(axis=1))
