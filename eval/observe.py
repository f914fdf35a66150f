"""Questions asked of an index in, the signals of each request out, with what is known of its answer: the rows confidence is fitted on.

Two forms of question files are read: gold items (`eval/items.py`), and lines with "question", "document", "quote" and "answer" (null where
the document does not hold one). Rows can be kept in a file, so that a second fit asks nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from eval.items import GoldItem, load_gold
from eval.metrics import fact_recall
from eval.near_misses import near_miss
from service.consider import Considered, consider
from service.core.codes import find_codes
from service.core.errors import EvdocsError
from service.core.ports import Rag
from service.core.text import analyze
from service.guard import screen
from service.retrieve import search, understood
from service.stages import Stages
from service.verify import coverage

QUOTED = 0.7
"""Share of a reference quote's terms that the answer's own quotes must hold to be the right place."""
TIME_S = 120.0


@dataclass(frozen=True, slots=True)
class Row:
    """One request: its signals, whether the documents hold the answer, whether the answer given was right, whether the question was about
    the documents at all, and the document it is about (the unit of the folds)."""

    question_id: str
    kind: str
    group: str
    values: dict[str, float]
    answerable: bool
    right: bool
    in_scope: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what is known of its answer: a gold item, or a reference quote and answer."""

    question_id: str
    question: str
    kind: str
    group: str
    item: GoldItem | None = None
    document: str = ""
    quote: str = ""
    answer: str | None = None

    @property
    def answerable(self) -> bool:
        """Whether the documents hold the answer."""
        return self.item.answerable if self.item else self.answer is not None


def read_questions(path: Path) -> list[Asked]:
    """The questions of a file, in either form. Raises GoldError."""
    first = next((line for line in path.read_text("utf-8").splitlines() if line.strip()), "{}")
    if "quote" in json.loads(first):
        return [_referenced(json.loads(line)) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [Asked(item.item_id, item.question, item.type, _group(item), item) for item in load_gold(path)]


def _group(item: GoldItem) -> str:
    places = (*item.evidence, *item.also)
    return places[0].document if places else item.about or item.item_id


def _referenced(fields: dict[str, Any]) -> Asked:
    kind = "unanswerable" if fields["answer"] is None else str(fields.get("style", "lookup"))
    document, quote = str(fields["document"]), str(fields["quote"] or "")
    return Asked(fields["id"], fields["question"], kind, document, document=document, quote=quote, answer=fields["answer"])


def made_up(asked: Sequence[Asked], rag: Rag) -> list[Asked]:
    """Near misses of the answerable questions: about codes and sizes that stand nowhere in the index."""

    def stands(name: str) -> bool:
        return any(rag.index.codes.find(code.key) for code in find_codes(name)) or any(
            rag.index.lexical.search(term, 1, {}) for term in analyze(name)[:1]
        )

    pairs = ((one, near_miss(one.question, stands)) for one in asked if one.answerable)
    return [Asked(f"{one.question_id}-miss", question, "near_miss", one.group) for one, question in pairs if question]


def observe(rag: Rag, asked: Sequence[Asked], title: str, console: Console) -> Iterator[Row]:
    """Ask every question and note its signals, whatever they would have led to. A question that fails is named and left out."""
    for one in track(asked, title, console=console):
        screened = screen(one.question)
        if screened.reason is not None or screened.unsafe is not None or one.kind in ("injection", "unsafe"):
            continue  # settled before any evidence is looked at
        try:
            stages = Stages(rag.tracer, time.monotonic() + TIME_S)
            queries = understood(rag, screened.text)
            found = search(rag, queries, {}, rag.settings.rerank_depth, stages)
            seen = consider(rag, queries[0], found, {}, stages)
        except EvdocsError as error:
            console.print(f"{one.question_id}: {error}")
            continue
        yield Row(one.question_id, one.kind, one.group, seen.values, one.answerable, is_right(one, seen), one.kind != "out_of_domain")


def is_right(one: Asked, seen: Considered) -> bool:
    """Whether the extractive answer is right: all facts of a gold item; else it quotes the reference's place, and its numbers."""
    if not one.answerable or not seen.cited.sentences:
        return False
    if one.item is not None:
        return fact_recall(one.item, seen.cited.text) == 1.0
    own = [
        item
        for item in seen.cited.citations
        if one.document in (item.file, item.file.rsplit("/", 1)[-1]) or item.file.endswith(one.document)
    ]
    quoted = " ".join(item.quote for item in own)
    numbers = (
        set(analyze(one.answer or ""))
        & set(analyze(one.quote))
        & {term for term in analyze(one.answer or "") if any(c.isdigit() for c in term)}
    )
    return bool(own) and coverage(one.quote, quoted) >= QUOTED and numbers <= set(analyze(seen.cited.text))


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Keep rows, a line each."""
    path.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows), "utf-8")


def read_rows(path: Path) -> list[Row]:
    """Rows that were kept."""
    return [Row(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
