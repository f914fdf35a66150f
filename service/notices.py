"""The safety notices an answer owes its reader.

In: the settled answer with its passages, the store. Out: `Notice`s, most severe first, each marked with a citation: its own, or that of
the evidence it guards. What a notice guards was found when its document was read (`Chunk.guards`); notices that stand in the text
of a cited chunk come along, mere notes too. Must not know how the answer was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from service.cite import Cited, citation, quotable
from service.core.ports import VectorStore
from service.core.types import SEVERITY, Chunk, Citation, Guard, Notice, Passage

MAX_NOTES = 8
"""Most mere notes of an answer. What guards a cited section is never left out, however much it is."""


def notices(cited: Cited, store: VectorStore) -> tuple[Notice, ...]:
    """The notices of the chunks the answer cites. Adds to `cited.citations` where one is not cited yet."""
    used = [passage for passage in cited.passages if _is_used(passage, cited.citations)]
    guards = [(guard, passage) for passage in used for guard in passage.chunk.guards if guard.level != "notice"]
    guards.sort(key=lambda item: SEVERITY.index(item[0].level))
    notes = _Notes(cited, _homes([guard for guard, _ in guards], cited.passages, store))
    for guard, passage in guards:
        notes.add_guard(guard, passage)
    for passage in used:
        notes.add_parts(passage)
    return tuple(sorted(notes.found, key=lambda notice: SEVERITY.index(notice.level)))


def _is_used(passage: Passage, citations: Sequence[Citation]) -> bool:
    chunk = passage.chunk
    pages = range(chunk.page_first, chunk.page_last + 1)
    return any(item.document_id == chunk.document_id and item.section == chunk.section and item.page in pages for item in citations)


def _homes(guards: Sequence[Guard], passages: Sequence[Passage], store: VectorStore) -> dict[str, Chunk]:
    """The chunks the notices stand in, by id: those at hand, the others fetched at once."""
    homes = {passage.chunk.chunk_id: passage.chunk for passage in passages}
    wanted = [chunk_id for chunk_id in dict.fromkeys(guard.chunk_id for guard in guards) if chunk_id not in homes]
    return homes | {chunk.chunk_id: chunk for chunk in (store.fetch(wanted) if wanted else ())}


@dataclass(slots=True)
class _Notes:
    cited: Cited
    homes: dict[str, Chunk]
    found: list[Notice] = field(default_factory=list)

    def add_guard(self, guard: Guard, passage: Passage) -> None:
        """A notice that applies to a cited chunk, wherever it stands itself."""
        if self._has(guard.text):
            return
        home = self.homes.get(guard.chunk_id)
        own = self._cite(Passage(home, passage.document, passage.scores), guard.text) if home else None
        marker = own or next(item.marker for item in self.cited.citations if _is_used(passage, [item]))
        self.found.append(Notice(guard.level, guard.text, marker))

    def add_parts(self, passage: Passage) -> None:
        """Notices in the text of a cited chunk."""
        chunk = passage.chunk
        for part in chunk.parts:
            text = chunk.text[part.start : part.end]
            if part.kind != "notice" or part.level is None or self._has(text):
                continue
            if part.level != "notice" or sum(found.level == "notice" for found in self.found) < MAX_NOTES:
                marker = self._cite(passage, text) or next(item.marker for item in self.cited.citations if _is_used(passage, [item]))
                self.found.append(Notice(part.level, text, marker))

    def _has(self, text: str) -> bool:
        return any(text in notice.text for notice in self.found)

    def _cite(self, passage: Passage, text: str) -> int | None:
        """The marker of a citation that quotes the notice: one that is there already, else a new one; None where nothing of it can be
        quoted."""
        pieces = list(_quotable(passage.chunk, text))
        for item in self.cited.citations:
            if item.document_id == passage.document.document_id and item.quote in text and any(page == item.page for *_, page in pieces):
                return item.marker
        if not pieces:
            return None
        start, end, page = max(pieces, key=lambda piece: piece[1] - piece[0])
        made = citation(passage, start, end, page, len(self.cited.citations) + 1)
        self.cited.citations.append(made)
        return made.marker


def _quotable(chunk: Chunk, text: str) -> Iterator[tuple[int, int, int]]:
    for part in chunk.parts:
        if part.kind == "notice" and chunk.text[part.start : part.end] in text:
            yield from quotable(chunk, part.start, part.end)
