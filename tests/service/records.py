"""Small chunks and passages made by hand, for tests of what happens after retrieval."""

from __future__ import annotations

from collections.abc import Sequence

from service.core.types import BlockKind, Cell, Chunk, Document, Line, Part, Passage

DOCUMENT = Document("d" * 16, "f" * 64, "tarn.pdf", "Tarn manual", 30, page_labels=tuple(f"4-{page}" for page in range(1, 31)))


def chunk(
    *texts: str,
    kind: BlockKind = "paragraph",
    page: int = 5,
    section: tuple[str, ...] = ("4 Assembly",),
    heads: Sequence[str] = (),
    exact: bool = True,
    chunk_id: str = "c0",
    ordinal: int = 0,
    group: str = "",
    previous_id: str = "",
    next_id: str = "",
) -> Chunk:
    """A chunk with one part a text, each one line; with `heads`, the words of a text are the cells of a row."""
    parts, at = [], 0
    for number, text in enumerate(texts):
        box = (10.0, 20.0 * number, 100.0, 20.0 * number + 10)
        cells, word_at = [], at
        for head, word in zip(heads, text.split(), strict=False):
            cells.append(Cell(head, word_at, word_at + len(word)))
            word_at += len(word) + 1
        level = "warning" if kind == "notice" else None
        parts.append(Part(at, at + len(text), page, kind, (Line(at, at + len(text), box),), tuple(cells), level, exact))
        at += len(text) + 1
    context = " > ".join(["Tarn manual", *section])
    where = {"section": section, "page_first": page, "page_last": page, "kind": kind, "parts": tuple(parts), "n_tokens": 10}
    links = {"group": group, "previous_id": previous_id, "next_id": next_id}
    return Chunk(chunk_id, DOCUMENT.document_id, ordinal, "\n".join(texts), context, **where, **links)  # type: ignore[arg-type]


def passage(made: Chunk, score: float = 1.0) -> Passage:
    return Passage(made, DOCUMENT, {"final": score, "dense": 0.5, "lexical": 3.0, "fused": 0.03, "rerank": score})
