"""Gold items and a system in; one row an item out, then a summary record. An item that fails is a row with its error.

A row is a plain dict, also the line that is written: {"record": "item", "id", "question", ..., "hits", "answer", "citations", "notices",
"refusal", "confidence", "verification", "metrics", "timings_ms", "error"}. Nothing is averaged here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from eval.client import CallFailed, Json, System
from eval.grounding import check_citation, check_citations, check_numbers, check_support
from eval.items import GoldItem, Place
from eval.matching import markers
from eval.metrics import answered, item_values
from eval.pages import PdfShelf

N_HITS = 20
FORMAT = 1
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
)


def rows_of(system: System, items: Sequence[GoldItem], *, clients: int = 1) -> Iterator[Json]:
    """Ask every item, `clients` at a time, and give its row, in the order of the items."""
    names = known_names(system.documents())
    shelf = PdfShelf(system.pdf)
    try:
        with ThreadPoolExecutor(max_workers=clients, thread_name_prefix="evdocs-eval") as pool:
            yield from pool.map(lambda item: row_of(system, shelf, item, names), items)
    finally:
        shelf.close()


def known_names(documents: Iterable[Json]) -> dict[str, str]:
    """Every name a document goes by (its file and the aliases of equal files) -> its file."""
    return {str(name): str(document["file"]) for document in documents for name in (document["file"], *(document.get("aliases") or ()))}


def missing_documents(item: GoldItem, names: dict[str, str]) -> list[str]:
    """The documents without which the item proves nothing and that are not indexed. A missing document of the evidence does not
    matter where one in `also` is there."""
    if item.also and any(place.document in names for place in item.also):
        return []
    return [document for document in (*item.documents, *([item.about] if item.about else [])) if document not in names]


def row_of(system: System, shelf: PdfShelf, item: GoldItem, names: dict[str, str]) -> Json:
    """One item asked and scored. Never raises for what one item does: that is its error."""
    row: Json = {
        "record": "item",
        **{"id": item.item_id, "question": item.question, "type": item.type, "difficulty": item.difficulty, "expect": item.expect},
        **{"cluster": item.cluster, "expected": item.answer, "evidence": [asdict(place) for place in item.evidence]},
    }
    missing = missing_documents(item, names)
    renamed = with_files(item, names)
    search: Json = {}
    response: Json = {}
    error = f"not indexed: {', '.join(missing)}" if missing else None
    client_ms: dict[str, float] = {}
    if not missing:
        search, search_error = _call(lambda: system.search(item.question, N_HITS), client_ms, "search")
        response, ask_error = _call(lambda: system.ask(item.question), client_ms, "ask")
        error = "; ".join(filter(None, (search_error, ask_error))) or None
    hits = list(search.get("hits") or ())[:N_HITS]
    try:
        row |= _scored(renamed, hits, response, shelf)
    except Exception as fault:  # noqa: BLE001 - a malformed reply is this item's failure and must become a row
        error = "; ".join(filter(None, (error, f"reply cannot be scored: {type(fault).__name__} {fault}")))
        hits, response = [], {}
        row |= _scored(renamed, hits, response, shelf)
    row["hits"] = [{name: value for name, value in hit.items() if name != "text"} for hit in hits]
    row |= {name: response.get(name) for name in ANSWER_FIELDS}
    row["timings_ms"] = {"ask": response.get("timings_ms"), "search": search.get("timings_ms"), "client": client_ms}
    row["not_indexed"] = missing
    row["error"] = error
    return row


def with_files(item: GoldItem, names: dict[str, str]) -> GoldItem:
    """The item with every document named as the index names it."""

    def renamed(places: tuple[Place, ...]) -> tuple[Place, ...]:
        return tuple(Place(names.get(place.document, place.document), place.pages) for place in places)

    return replace(item, evidence=renamed(item.evidence), also=renamed(item.also))


def _call(ask: Callable[[], Json], client_ms: dict[str, float], name: str) -> tuple[Json, str | None]:
    start = time.perf_counter()
    try:
        return ask(), None
    except CallFailed as error:
        return {}, str(error)
    except Exception as error:  # noqa: BLE001 - one item's crash is its row, not the end of the run
        return {}, f"{name}: {type(error).__name__} {error}"
    finally:
        client_ms[name] = round(1000 * (time.perf_counter() - start), 2)


def _scored(item: GoldItem, hits: Sequence[Json], response: Json, shelf: PdfShelf) -> Json:
    """The metric values and the checks of the answer against the PDFs."""
    text = str(response.get("answer") or "") if answered(response) else ""
    citations = list(response.get("citations") or ()) if answered(response) else []
    notices = list(response.get("notices") or ()) if answered(response) else []
    nearest = list((response.get("refusal") or {}).get("nearest") or ())
    return {
        "metrics": item_values(item, hits, response),
        "citation_checks": [asdict(check) for check in check_citations(text, citations, notices, shelf)],
        "nearest_checks": [asdict(check_citation(citation, shelf)) for citation in nearest],
        "numbers": asdict(check_numbers(text, citations)),
        "support": asdict(check_support(text, citations)),
        "unused_citations": len(
            {citation.get("marker") for citation in citations} - {*markers(text), *(notice.get("marker") for notice in notices)}
        ),
    }


def write_record(stream: Any, record: Json) -> None:
    """One JSON line, on disk when this returns (a killed run keeps its rows)."""
    stream.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")
    stream.flush()


def git_commit(start: Path) -> str | None:
    """The commit checked out in the repository around `start`, read from its files; None where there is none."""
    for folder in (start, *start.parents):
        git = folder / ".git"
        try:
            if git.is_file():
                git = folder / git.read_text("utf-8").partition("gitdir:")[2].strip()
            head = (git / "HEAD").read_text("utf-8").strip()
        except OSError:
            continue
        return _resolve(git, head)
    return None


def _resolve(git: Path, head: str) -> str | None:
    if not head.startswith("ref:"):
        return head
    name = head.partition(":")[2].strip()
    common = git
    if (git / "commondir").is_file():
        common = git / (git / "commondir").read_text("utf-8").strip()
    if (common / name).is_file():
        return (common / name).read_text("utf-8").strip()
    packed = common / "packed-refs"
    for line in packed.read_text("utf-8").splitlines() if packed.is_file() else ():
        if line.endswith(f" {name}"):
            return line.split()[0]
    return None
