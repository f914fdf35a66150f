"""Keyword search: rank_bm25's BM25Okapi, fitted once, compiled into postings that are summed per query.

In: chunks (`write_bm25`), then a question and filters (`Bm25Index`). Out: a folder of plain arrays; hits. It must not know
vectors, nor which build it belongs to.

BM25Okapi scores every chunk in Python for every query. Its fitted model (idf with the epsilon rule, lengths, frequencies)
fixes what each term adds to each chunk, so that is computed once: term -> (chunk ordinals, impacts). A query sums the slices
of its terms in the order BM25Okapi would, in the same float64: the scores are the same numbers (`tests/service/test_bm25.py`).

    index.json      format, BM25 constants, terms, chunk ids (sorted, so that ordinals order ties), filter fields of the documents
    offsets.npy     int64 (terms + 1): postings of term t are [offsets[t], offsets[t + 1])
    ordinals.npy    int32 (postings): ascending within a term
    impacts.npy     float64 (postings)
    owners.npy      int32 (chunks): index into the documents of index.json
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from service.adapters.payload import check_filters, filter_values
from service.core.errors import IndexUnavailable, StoreUnavailable
from service.core.manifest import sync_dir, write_durably
from service.core.text import analyze
from service.core.types import Chunk, Document, Filters, Hit

FORMAT = 1
_ARRAYS = ("offsets", "ordinals", "impacts", "owners")
_REBUILD = "Run `evdocs ingest` again to rebuild it."


def write_bm25(folder: Path, chunks: Sequence[Chunk], documents: Mapping[str, Document]) -> None:
    """Fit BM25 on `indexed_text` of all chunks and write the compiled index into `folder`, on disk when this returns."""
    ordered = sorted({chunk.chunk_id: chunk for chunk in chunks}.values(), key=lambda chunk: chunk.chunk_id)
    owners = {document_id: place for place, document_id in enumerate(sorted({chunk.document_id for chunk in ordered}))}
    model, terms, arrays = compile_postings([analyze(chunk.indexed_text) for chunk in ordered])
    arrays["owners"] = np.array([owners[chunk.document_id] for chunk in ordered], dtype=np.int32)
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        with (folder / f"{name}.npy").open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
    head = {
        "format": FORMAT,
        "model": model,
        "terms": terms,
        "chunk_ids": [chunk.chunk_id for chunk in ordered],
        "documents": [filter_values(documents[document_id]) for document_id in owners],
    }
    write_durably(folder / "index.json", json.dumps(head, ensure_ascii=True))  # written last: its presence completes the folder
    sync_dir(folder.parent)


def compile_postings(texts: Sequence[Sequence[str]]) -> tuple[dict[str, float], list[str], dict[str, NDArray[Any]]]:
    """Terms of each chunk -> (BM25 constants, sorted vocabulary, arrays `offsets`, `ordinals` and `impacts`)."""
    vocabulary = sorted({term for text in texts for term in text})
    if not vocabulary:  # BM25Okapi divides by the number of terms
        empty: dict[str, NDArray[Any]] = {
            "offsets": np.zeros(1, np.int64),
            "ordinals": np.zeros(0, np.int32),
            "impacts": np.zeros(0, np.float64),
        }
        return {}, [], empty
    fitted = BM25Okapi(texts)
    rows = {term: row for row, term in enumerate(vocabulary)}
    lengths = np.array(fitted.doc_len)
    sizes = np.fromiter((len(counts) for counts in fitted.doc_freqs), np.int64, len(texts))
    ordinals = np.repeat(np.arange(len(texts), dtype=np.int32), sizes)
    columns = np.fromiter((rows[term] for counts in fitted.doc_freqs for term in counts), np.int32, len(ordinals))
    frequencies = np.fromiter((count for counts in fitted.doc_freqs for count in counts.values()), np.int64, len(ordinals))
    order = np.argsort(columns, kind="stable")  # by term, within a term by ordinal
    ordinals, columns, frequencies = ordinals[order], columns[order], frequencies[order]
    idf = np.array([fitted.idf[term] for term in vocabulary])
    holders = np.bincount(columns, minlength=len(vocabulary))
    if fitted.average_idf <= 0:
        # In a corpus of one or two chunks every term is common and BM25Okapi's idf, its floor too, is negative: nothing would be found.
        idf = np.where(idf > 0, idf, np.log1p((len(texts) - holders + 0.5) / (holders + 0.5)))
    # The same operations in the same order as BM25Okapi.get_scores, so that the result is the same float64.
    norms = fitted.k1 * (1 - fitted.b + fitted.b * lengths / fitted.avgdl)
    impacts = idf[columns] * (frequencies * (fitted.k1 + 1) / (frequencies + norms[ordinals]))
    offsets = np.zeros(len(vocabulary) + 1, np.int64)
    np.cumsum(holders, out=offsets[1:])
    model = {"k1": fitted.k1, "b": fitted.b, "epsilon": fitted.epsilon, "average_terms": fitted.avgdl}
    return model, vocabulary, {"offsets": offsets, "ordinals": ordinals, "impacts": impacts}


class Bm25Index:
    """A compiled folder, memory-mapped and read-only. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexUnavailable where the folder is missing, incomplete or damaged."""
        try:
            head = json.loads((folder / "index.json").read_text("utf-8"))
            if head["format"] != FORMAT:
                raise IndexUnavailable(f"{folder} has format {head['format']}, this version reads {FORMAT}. {_REBUILD}")
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
            self._rows = {term: row for row, term in enumerate(head["terms"])}
            self._chunk_ids: list[str] = head["chunk_ids"]
            self._documents: list[dict[str, frozenset[str]]] = [
                {field: frozenset(values) for field, values in fields.items()} for fields in head["documents"]
            ]
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexUnavailable(f"{folder} is no complete BM25 index ({error}). {_REBUILD}") from error
        self._offsets, self._owners = np.array(arrays["offsets"]), np.array(arrays["owners"], np.int64)
        ordinals, impacts = arrays["ordinals"], arrays["impacts"]
        if not (
            len(self._offsets) == len(self._rows) + 1
            and len(self._owners) == len(self._chunk_ids)
            and len(ordinals) == len(impacts) == self._offsets[-1]
        ):
            raise IndexUnavailable(f"{folder} is damaged: its arrays do not belong together. {_REBUILD}")
        self._postings: tuple[NDArray[np.int32], NDArray[np.float64]] | None = (ordinals, impacts)

    def scores(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """BM25 score of every chunk, in the order of `chunk_ids`, for terms as `core.text.analyze` gives them."""
        if (mapped := self._postings) is None:  # read once: another thread may close meanwhile
            raise StoreUnavailable("The index was closed.")
        ordinals, impacts = mapped
        scores = np.zeros(len(self._chunk_ids))
        for term in terms:
            row = self._rows.get(term)
            if row is not None:
                postings = slice(self._offsets[row], self._offsets[row + 1])
                np.add.at(scores, ordinals[postings], impacts[postings])
        return scores

    def search(self, query: str, k: int, filters: Filters) -> list[Hit]:
        """The k best chunks with a score above zero, best first, ties by chunk id."""
        if not check_filters(filters) or k < 1:
            return []
        scores = self.scores(analyze(query))
        if filters:
            scores *= self._matching(filters)[self._owners]
        found = np.flatnonzero(scores > 0)
        positive = scores[found]
        if k < len(found):  # partitioned without the zeros: selection is slow among very many equal values
            kept = positive >= np.partition(positive, -k)[-k]
            found, positive = found[kept], positive[kept]
        best = found[np.argsort(-positive, kind="stable")][:k]  # ordinals ascend with chunk ids, so stable means ties by id
        return [Hit(self._chunk_ids[ordinal], float(scores[ordinal])) for ordinal in best]

    def chunk_ids(self) -> list[str]:
        """Every indexed id, sorted."""
        return list(self._chunk_ids)

    def close(self) -> None:
        """Give up the mapped files; calling it twice is harmless."""
        self._postings = None

    def _matching(self, filters: Filters) -> NDArray[np.float64]:
        """Per document: 1 if every filtered field has one of the accepted values, else 0; multiplying is faster than masking."""
        accepted = {name: frozenset(values) for name, values in filters.items()}
        matches = (all(not fields[name].isdisjoint(values) for name, values in accepted.items()) for fields in self._documents)
        return np.fromiter(matches, np.float64, len(self._documents))
