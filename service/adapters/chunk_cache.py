"""The chunks read last, decoded: decoding costs ten times as much as finding them.

A store's build never changes, so that a chunk once read stays right. Must not know the store.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from service.core.types import Chunk

KEPT = 4096  # chunks: some 40 MB
BULK = 512  # ids asked for at once from which on nothing is kept: that is a whole index being read, not a question's candidates


class ChunkCache:
    """Keeps the KEPT chunks asked for last. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Chunk] = OrderedDict()

    def fetch(self, chunk_ids: Sequence[str], read: Callable[[Sequence[str]], list[Chunk]]) -> list[Chunk]:
        """The chunks of these ids, in the order asked; ids not stored are left out. `read` gives those that are not kept, in any order."""
        with self._lock:
            found = {chunk_id: self._kept[chunk_id] for chunk_id in chunk_ids if chunk_id in self._kept}
            for chunk_id in found:
                self._kept.move_to_end(chunk_id)
        missing = [chunk_id for chunk_id in dict.fromkeys(chunk_ids) if chunk_id not in found]
        new = {chunk.chunk_id: chunk for chunk in read(missing)} if missing else {}
        if len(missing) < BULK:
            with self._lock:
                self._kept |= new
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        found |= new
        return [found[chunk_id] for chunk_id in chunk_ids if chunk_id in found]
