"""Late interaction in files: the token vectors of all chunks, int8, memory-mapped, compared with a question's by MaxSim.

In: chunks with their token vectors (`MaxSimWriter`), then the token vectors of a question and chunk ids (`MaxSimIndex`). Out: a folder of
plain arrays; scores. It must not know models, nor which build it belongs to.

    index.json      format, dimensions, number of tokens, chunk ids in the order of their tokens
    vectors.i8      int8 (tokens, dimensions), row after row; the vectors of a chunk stand together
    scales.npy      float32 (tokens): what makes a vector's length one
    offsets.npy     int64 (chunks + 1): the tokens of chunk c are [offsets[c], offsets[c + 1])
    idf.npy         float32 (token ids + 1): `core.late.DocumentFrequencies.idf`
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.core.errors import IndexUnavailable, StoreUnavailable
from service.core.late import DocumentFrequencies, TokenVectors, question_weights
from service.core.manifest import sync_dir, write_durably
from service.core.types import Chunk

FORMAT = 1
_ARRAYS = ("scales", "offsets", "idf")
_REBUILD = "Run `evdocs ingest` again to rebuild it."


class MaxSimWriter:
    """Fills a new folder. Nothing may read it before `finish` has returned."""

    def __init__(self, folder: Path, dimensions: int) -> None:
        """`folder` must not exist or be empty."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._dimensions = folder, dimensions
        (folder / "vectors.i8").write_bytes(b"")
        self._scales: list[NDArray[np.float32]] = []
        self._chunk_ids: list[str] = []
        self._offsets = [0]
        self._frequencies = DocumentFrequencies()

    def write(self, chunks: Sequence[Chunk], tokens: Sequence[TokenVectors]) -> None:
        """Append the token vectors of chunks, int8 (n, dimensions) each."""
        for text in tokens:
            if text.vectors.dtype != np.int8 or text.vectors.shape != (len(text.ids), self._dimensions):
                raise ValueError(f"A chunk's token vectors are int8 ({len(text.ids)}, {self._dimensions}), not {text.vectors.shape}")
        with (self._folder / "vectors.i8").open("ab") as stream:
            for chunk, text in zip(chunks, tokens, strict=True):
                stream.write(text.vectors.tobytes())
                self._scales.append(lengths_to_one(text.vectors))
                self._frequencies.add(text.ids)
                self._chunk_ids.append(chunk.chunk_id)
                self._offsets.append(self._offsets[-1] + len(text.ids))

    def finish(self) -> None:
        """Write what stands beside the vectors, and wait until the disk has it all."""
        with (self._folder / "vectors.i8").open("rb") as stream:
            os.fsync(stream.fileno())
        _save(self._folder / "scales.npy", np.concatenate([np.zeros(0, np.float32), *self._scales]))
        _save(self._folder / "offsets.npy", np.array(self._offsets, np.int64))
        write_idf(self._folder, self._frequencies)
        head = {"format": FORMAT, "dimensions": self._dimensions, "n_tokens": self._offsets[-1], "chunk_ids": self._chunk_ids}
        write_durably(self._folder / "index.json", json.dumps(head))  # written last: its presence completes the folder
        sync_dir(self._folder.parent)


class MaxSimIndex:
    """A finished folder, memory-mapped and read-only. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        """Raises IndexUnavailable where the folder is missing, incomplete or damaged."""
        try:
            head = json.loads((folder / "index.json").read_text("utf-8"))
            if head["format"] != FORMAT:
                raise IndexUnavailable(f"{folder} has format {head['format']}, this version reads {FORMAT}. {_REBUILD}")
            shape = (int(head["n_tokens"]), int(head["dimensions"]))
            scales, offsets, idf = (np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS)
            self._chunk_ids: list[str] = head["chunk_ids"]
            self._places = {chunk_id: place for place, chunk_id in enumerate(self._chunk_ids)}
            vectors = _mapped(folder / "vectors.i8", shape)
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexUnavailable(f"{folder} is no complete index of token vectors ({error}). {_REBUILD}") from error
        self._offsets, self._idf = np.array(offsets), np.array(idf)
        if not (
            self._offsets.shape == (len(self._chunk_ids) + 1,)
            and scales.shape == (shape[0],)
            and self._offsets[0] == 0
            and self._offsets[-1] == shape[0]
            and (np.diff(self._offsets) >= 0).all()
            and len(self._idf)
        ):
            raise IndexUnavailable(f"{folder} is damaged: its arrays do not belong together. {_REBUILD}")
        self._tokens: tuple[NDArray[np.int8], NDArray[np.float32]] | None = (vectors, scales)

    def score(self, tokens: TokenVectors, chunk_ids: Sequence[str]) -> list[float]:
        """MaxSim of a question's tokens with each chunk, in the order given; 0 for chunks that are not stored or have no tokens."""
        if (mapped := self._tokens) is None:  # read once: another thread may close meanwhile
            raise StoreUnavailable("The index was closed.")
        scores = np.zeros(len(chunk_ids), np.float32)
        spans = [(at, self._span(chunk_id)) for at, chunk_id in enumerate(chunk_ids)]
        spans = [(at, span) for at, span in spans if span.stop > span.start]
        if not spans or not len(tokens.ids):
            return scores.tolist()
        vectors, scales = mapped
        rows = np.concatenate([vectors[span] for _, span in spans]).astype(np.float32)
        cosines = (rows @ tokens.vectors.T) * np.concatenate([scales[span] for _, span in spans])[:, None]
        starts = np.cumsum([0, *(span.stop - span.start for _, span in spans[:-1])])
        best = np.maximum.reduceat(cosines, starts, axis=0)
        scores[[at for at, _ in spans]] = best @ question_weights(tokens.ids, self._idf)
        return scores.tolist()

    def compare(self, tokens: TokenVectors, chunk_ids: Sequence[str]) -> list[NDArray[np.float32]]:
        """The cosines of a question's tokens with those of each chunk, (question tokens, chunk tokens)."""
        if (mapped := self._tokens) is None:
            raise StoreUnavailable("The index was closed.")
        vectors, scales = mapped
        spans = [self._span(chunk_id) for chunk_id in chunk_ids]
        return [np.asarray(tokens.vectors @ (vectors[span].astype(np.float32) * scales[span][:, None]).T, np.float32) for span in spans]

    def weights(self, tokens: TokenVectors) -> NDArray[np.float32]:
        """(question tokens,) by idf, summing to one."""
        return question_weights(tokens.ids, self._idf)

    def chunk_ids(self) -> list[str]:
        """Every stored id, sorted."""
        return sorted(self._chunk_ids)

    def close(self) -> None:
        """Give up the mapped files; calling it twice is harmless."""
        self._tokens = None

    def _span(self, chunk_id: str) -> slice:
        place = self._places.get(chunk_id)
        return slice(0, 0) if place is None else slice(int(self._offsets[place]), int(self._offsets[place + 1]))


def lengths_to_one(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """(n,) factors that bring the rows of (n, d) to length one; 0 for a row of zeros."""
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
    return np.asarray(np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0), np.float32)


def write_idf(folder: Path, frequencies: DocumentFrequencies) -> None:
    """Write `idf.npy` into a folder that exists; on disk when this returns."""
    _save(folder / "idf.npy", frequencies.idf())


def read_idf(folder: Path) -> NDArray[np.float32]:
    """What `write_idf` wrote. Raises IndexUnavailable."""
    try:
        return np.array(np.load(folder / "idf.npy", allow_pickle=False), np.float32)
    except (OSError, EOFError, ValueError) as error:
        raise IndexUnavailable(f"{folder} holds no idf of tokens ({error}). {_REBUILD}") from error


def _mapped(path: Path, shape: tuple[int, int]) -> NDArray[np.int8]:
    """The file as a matrix. Raises ValueError where its size is another."""
    size = path.stat().st_size
    if size != shape[0] * shape[1] or min(shape) < 0:
        raise ValueError(f"{path.name} has {size} bytes instead of {shape[0] * shape[1]}")
    return np.memmap(path, np.int8, "r", shape=shape) if size else np.zeros(shape, np.int8)


def _save(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
        stream.flush()
        os.fsync(stream.fileno())
