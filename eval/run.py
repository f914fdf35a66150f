"""Gold items and a system in; one row an item out (`eval.rows` tells its form). An item that fails is a row with its error.

Nothing is averaged here, and nothing is known of folders.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace

from eval.client import SEARCHES, CallFailed, Json, System
from eval.grounding import check_citation, check_citations, check_numbers
from eval.items import GoldItem, Place
from eval.matching import markers
from eval.metrics import answered, first_rank, item_values, notices_carried, search_values, within_filters
from eval.pace import reference_ms
from eval.pages import PdfShelf
from eval.rows import TEXTS, fingerprint
from eval.support import check_support

N_HITS = 20
N_BEST = 10
ANSWER_FIELDS = (
    "status",
    "answer",
    "citations",
    "notices",
    "refusal",
    "confidence",
    "mode",
    "verification",
    "degraded",
    "trace_id",
    "models",
    "index",
    "usage",
)


class Asking:
    """One system, its documents and the PDFs of those, for as long as items are asked. Use it as a context."""

    def __init__(self, system: System, mode: str = "extractive") -> None:
        """Raises Unreachable."""
        self.system, self.mode = system, mode
        documents = system.documents()
        self.names = known_names(documents)
        self.documents = {str(document["document_id"]): document for document in documents}
        self.shelf = PdfShelf(system.pdf)

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, *error: object) -> None:
        self.shelf.close()


def rows_of(system: System, items: Sequence[GoldItem], *, clients: int = 1, mode: str = "extractive") -> Iterator[Json]:
    """Ask every item, `clients` at a time, and give its row, in the order of the items. No more than twice as many are begun as are
    waited for, so that a caller who stops stops the asking."""
    with Asking(system, mode) as asking, ThreadPoolExecutor(max_workers=clients, thread_name_prefix="evdocs-eval") as pool:
        begun: deque[Future[Json]] = deque()
        try:
            for item in items:
                begun.append(pool.submit(row_of, asking, item))
                if len(begun) >= 2 * clients:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for waiting in begun:
                waiting.cancel()


def known_names(documents: Iterable[Json]) -> dict[str, str]:
    """Every name a document goes by (its file and the aliases of equal files) -> its file."""
    return {str(name): str(document["file"]) for document in documents for name in (document["file"], *(document.get("aliases") or ()))}


def missing_documents(item: GoldItem, names: dict[str, str]) -> list[str]:
    """The documents without which the item proves nothing and that are not indexed. A missing document of the evidence does not
    matter where one in `also` is there."""
    if item.also and any(place.document in names for place in item.also):
        return []
    return [document for document in (*item.documents, *([item.about] if item.about else [])) if document not in names]


def row_of(asking: Asking, item: GoldItem) -> Json:
    """One item asked and scored. Never raises for what one item does: that is its error."""
    row = owed(item)
    missing = missing_documents(item, asking.names)
    renamed = with_files(item, asking.names)
    replies: dict[str, Json] = {}
    errors = [f"not indexed: {', '.join(missing)}"] if missing else []
    client_ms: dict[str, float] = {}
    if not missing:
        system, question, filters = asking.system, item.question, item.filters
        calls: dict[str, Callable[[], Json | None]] = {  # the answer first: its time must not profit from what a search left behind
            "ask": lambda: system.ask(question, filters, asking.mode),
            "search": lambda: system.search(question, N_HITS, filters),
            "searches": lambda: system.searches(question, filters) if system.shows_searches else None,
        }
        for name, call in calls.items():
            replies[name], error = _call(call, client_ms, name)
            errors += [error] if error else []
    try:
        row |= _scored(renamed, replies, asking)
    except Exception as fault:  # noqa: BLE001 - a malformed reply is this item's failure and must become a row
        errors.append(f"reply cannot be scored: {type(fault).__name__} {fault}")
        replies = {}
        row |= _scored(renamed, replies, asking)
    response = replies.get("ask") or {}
    row |= {name: response.get(name) for name in ANSWER_FIELDS}
    search_ms = (replies.get("search") or {}).get("timings_ms")
    row["timings_ms"] = {"ask": response.get("timings_ms"), "search": search_ms, "client": client_ms}
    row["reference_ms"] = round(reference_ms(), 3)
    row["not_indexed"] = missing
    row["error"] = "; ".join(errors) or None
    return row


def owed(item: GoldItem) -> Json:
    """The part of a row that says what was asked and what is owed."""
    return {
        "record": "item",
        **{"id": item.item_id, "question": item.question, "type": item.type, "difficulty": item.difficulty, "expect": item.expect},
        **{"filters": {name: list(values) for name, values in item.filters.items()}, "cluster": item.cluster, "item_sha": item_sha(item)},
        **{"expected": item.answer, "facts": [list(fact) for fact in item.facts], "quotes": list(item.quotes)},
        **{"owed": list(item.notices), "reason": item.reason, "about": item.about},
        **{"evidence": [asdict(place) for place in item.evidence], "also": [asdict(place) for place in item.also]},
    }


def item_sha(item: GoldItem) -> str:
    """12 hex digits that change with what is asked or owed, not with notes, the line it stands in, or whether it is still a draft."""
    asked = asdict(replace(item, note="", line=0))
    del asked["draft"]
    return fingerprint(asked, 12)


def with_files(item: GoldItem, names: dict[str, str]) -> GoldItem:
    """The item with every document named as the index names it."""

    def renamed(places: tuple[Place, ...]) -> tuple[Place, ...]:
        return tuple(Place(names.get(place.document, place.document), place.pages) for place in places)

    return replace(item, evidence=renamed(item.evidence), also=renamed(item.also))


def _call(ask: Callable[[], Json | None], client_ms: dict[str, float], name: str) -> tuple[Json, str | None]:
    start = time.perf_counter()
    try:
        return ask() or {}, None
    except CallFailed as error:
        return {}, str(error)
    except Exception as error:  # noqa: BLE001 - one item's crash is its row, not the end of the run
        return {}, f"{name}: {type(error).__name__} {error}"
    finally:
        client_ms[name] = round(1000 * (time.perf_counter() - start), 2)


def _scored(item: GoldItem, replies: Mapping[str, Json], asking: Asking) -> Json:
    """The metric values and the checks of the answer against the PDFs."""
    response = replies.get("ask") or {}
    hits = list((replies.get("search") or {}).get("hits") or ())[:N_HITS]
    text = str(response.get("answer") or "") if answered(response) else ""
    citations = list(response.get("citations") or ()) if answered(response) else []
    notices = list(response.get("notices") or ()) if answered(response) else []
    nearest = list((response.get("refusal") or {}).get("nearest") or ())
    values = item_values(item, hits, response) | {"within_filters": within_filters(item, hits, response, asking.documents)}
    searches: dict[str, list[Json]] = {}
    if asking.system.shows_searches:
        searches = {**{name: [] for name in SEARCHES}, **(replies.get("searches") or {}), "rerank": reread(hits)}
    if item.evidence and item.facts:
        values |= search_values(item, searches)
    return {
        "metrics": values,
        "hits": [{name: value for name, value in hit.items() if name != "text" or at < TEXTS} for at, hit in enumerate(hits)],
        "searches": {name: first_rank(item, found) for name, found in searches.items()} or None,
        "citation_checks": [asdict(check) for check in check_citations(text, citations, notices, asking.shelf)],
        "nearest_checks": [asdict(check_citation(citation, asking.shelf)) for citation in nearest],
        "numbers": asdict(check_numbers(text, citations)),
        "support": asdict(check_support(text, citations)),
        "notices_carried": notices_carried(item, response),
        "unused_citations": len(
            {citation.get("marker") for citation in citations} - {*markers(text), *(notice.get("marker") for notice in notices)}
        ),
    }


def reread(hits: Sequence[Json]) -> list[Json]:
    """The hits the cross-encoder read, in its own order."""
    read = [(float(hit["scores"]["rerank"]), hit) for hit in hits if (hit.get("scores") or {}).get("rerank") is not None]
    return [hit for _, hit in sorted(read, key=lambda pair: -pair[0])][:N_BEST]
