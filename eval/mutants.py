"""Planted regressions: a sound system in, the same system with one fault out. Each says by which metrics the gate must name it.

A fault sits where it would in life, as far as it can: a part switched off, an index made otherwise, a reply changed on its way. It must not
know how the gate decides.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, cast

from eval.client import CallFailed, InProcess, Json, System
from service.core.types import Filters, Hit

_NUMBER = re.compile(r"\d+(?=[ \u00a0]?(?:N·m|Nm|V|A|mm|°C|s|min|minutes|%|Ω|kΩ|MΩ|bar|kg|m|h|W|kW|mV)\b)")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One regression. `kind`: "replay" changes the replies of the sound run, "parts" the parts of a running pipeline (`plant` gives the
    system that is asked then), "index" makes another index, with `settings` or without one document. The gate must name one of
    `caught_by` among its five weightiest failures."""

    name: str
    caught_by: tuple[str, ...]
    kind: str
    plant: Callable[[Any], System] = lambda system: cast(System, system)
    settings: tuple[tuple[str, str], ...] = ()


class Through:
    """A system that hands everything on: what a mutant changes is overridden."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.shows_searches = system.shows_searches

    def describe(self) -> Json:
        return self.system.describe()

    def documents(self) -> list[Json]:
        return self.system.documents()

    def search(self, question: str, k: int, filters: Filters) -> Json:
        return self.system.search(question, k, filters)

    def searches(self, question: str, filters: Filters) -> dict[str, list[Json]]:
        return self.system.searches(question, filters)

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        return self.system.ask(question, filters, mode)

    def pdf(self, document_id: str) -> bytes:
        return self.system.pdf(document_id)

    def close(self) -> None:
        """The wrapped system is its owner's to close."""


class Recorded(Through):
    """Keeps every reply, and gives it again without asking."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        self._replies: dict[Any, Any] = {}

    def _once(self, key: Any, ask: Callable[[], Any]) -> Any:
        if key not in self._replies:
            self._replies[key] = ask()
        return self._replies[key]

    def search(self, question: str, k: int, filters: Filters) -> Json:
        key = ("search", question, k, tuple(filters.items()))
        return dict(self._once(key, lambda: self.system.search(question, k, filters)))

    def searches(self, question: str, filters: Filters) -> dict[str, list[Json]]:
        return dict(self._once(("searches", question, tuple(filters.items())), lambda: self.system.searches(question, filters)))

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        return dict(self._once(("ask", question, mode, tuple(filters.items())), lambda: self.system.ask(question, filters, mode)))


class ChangedAnswer(Through):
    """Every answer goes through a function."""

    def __init__(self, system: System, change: Callable[[Json], Json]) -> None:
        super().__init__(system)
        self._change = change

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        return self._change(self.system.ask(question, filters, mode))


def _citations(change: Callable[[Json], Json]) -> Callable[[System], System]:
    return lambda system: ChangedAnswer(system, lambda reply: reply | {"citations": [change(dict(one)) for one in reply["citations"]]})


def next_page(citation: Json) -> Json:
    """The page after the one that holds the quote."""
    return citation | {"page": citation["page"] + 1}


def cut_quote(citation: Json) -> Json:
    """The first half of the quote: still verbatim, no longer the evidence."""
    words = str(citation["quote"]).split()
    return citation | {"quote": " ".join(words[: max(1, len(words) // 2)])}


def altered(reply: Json) -> Json:
    """One more than it says, wherever a number has a unit."""
    return reply | {"answer": _NUMBER.sub(lambda match: str(int(match.group()) + 1), str(reply["answer"]))}


def unwarned(reply: Json) -> Json:
    """Without the notices, and without the lines of the answer that are warnings."""
    lines = [line for line in str(reply["answer"]).splitlines() if not re.match(r"\W*(?:DANGER|WARNING|CAUTION)\b", line)]
    return reply | {"notices": [], "answer": "\n".join(lines)}


class Slow(Through):
    """Answers take three times as long."""

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        start = time.perf_counter()
        reply = self.system.ask(question, filters, mode)
        time.sleep(2 * (time.perf_counter() - start))
        return reply


class Failing(Through):
    """One question in 33 fails, always the same ones."""

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        if int(sha256(question.encode()).hexdigest(), 16) % 33 == 0:
            raise CallFailed("planted: the service failed")
        return self.system.ask(question, filters, mode)


class Unfiltered(Through):
    """Filters are taken and forgotten."""

    def search(self, question: str, k: int, filters: Filters) -> Json:
        return self.system.search(question, k, {})

    def ask(self, question: str, filters: Filters, mode: str) -> Json:
        return self.system.ask(question, {}, mode)


class NoLexical:
    """A BM25 index that finds nothing and does not say so."""

    def search(self, query: str, k: int, filters: Filters) -> list[Hit]:
        return []

    def chunk_ids(self) -> list[str]:
        return []

    def close(self) -> None:
        """Nothing is open."""


def without_reranker(system: InProcess) -> System:
    """The cross-encoder switched off."""
    system.rag = replace(system.rag, reranker=None)
    return system


def without_lexical(system: InProcess) -> System:
    """BM25 gone."""
    system.rag = replace(system.rag, index=replace(system.rag.index, lexical=NoLexical()))
    return system


def without_refusals(system: InProcess) -> System:
    """No confidence is too low to answer."""
    system.rag = replace(system.rag, settings=system.rag.settings.model_copy(update={"refuse_below": 0.0}))
    return system


MUTANTS: Sequence[Mutant] = (
    Mutant("reranker off", ("rerank.hit@10",), "parts", without_reranker),
    Mutant("chunks halved", ("quotes_together@5", "facts@5", "dense.hit@10"), "index", settings=(("chunk_tokens", "128"),)),
    Mutant("page off by one", ("citation_validity",), "replay", _citations(next_page)),
    Mutant("quotes cut", ("number_precision", "groundedness"), "replay", _citations(cut_quote)),
    Mutant("numbers altered", ("number_precision",), "replay", lambda system: ChangedAnswer(system, altered)),
    Mutant("warnings dropped", ("notice_recall",), "replay", lambda system: ChangedAnswer(system, unwarned)),
    Mutant("refusals off", ("refusal_recall", "joint"), "parts", without_refusals),
    Mutant("one document missing", ("documents_indexed",), "index"),
    Mutant("BM25 off", ("lexical.hit@10",), "parts", without_lexical),
    Mutant("filter ignored", ("within_filters",), "parts", Unfiltered),
    Mutant("latency x3", ("latency",), "parts", Slow),
    Mutant("3 % of items failing", ("errors",), "replay", Failing),
)
