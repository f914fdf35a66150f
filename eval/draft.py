"""A question and what was answered in, a draft of a gold item out: quotes and pages from the citations, facts from what answer and quotes
share. A person reviews every draft (`eval/gold/HOWTO.md`); until then it is marked and `evdocs eval check` does not let it into a gold set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.grounding import numbers_with_unit
from eval.items import GoldError, parse_item
from eval.matching import mentions, normal, without_markers
from eval.support import entailed_by_text, nearest_lines
from service.core.codes import find_codes
from service.request_log import kind_of

Json = dict[str, Any]
TYPES = {"code": "code", "steps": "procedure", "quantity": "lookup", "yes or no": "safety", "other": "lookup"}
MOST_FACTS = 5
WARNING = ("danger", "warning", "caution")
REVIEW = "Draft from {source}. Review: type, difficulty, pages against the page itself, facts (only what was asked), also, notices."


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and what came of it: `response` as `POST /v1/ask` gives it (status, answer, citations, notices, refusal)."""

    question: str
    response: Mapping[str, Any]
    source: str


def draft(asked: Answered, *, reference: str = "", hits: Sequence[Mapping[str, Any]] = (), item_id: str = "") -> Json:
    """The draft, as a gold file's line. `reference` is the right answer, where a person knows it: it goes before what was answered, and
    where nothing was cited the evidence is looked for in `hits` (each with file, page and text). Raises GoldError where there is nothing
    to make an item of."""
    response = asked.response
    answered = response.get("status") == "answered"
    answer = reference.strip() or (without_markers(str(response.get("answer") or "")).strip() if answered else "")
    places = list(_cited(response)) if answered else []
    if reference and not any(_carries(reference, quote) for *_, quote in places):
        places = list(_found(reference, hits)) or places
    item: Json = {
        **{"id": item_id or f"draft-{hashlib.sha256(normal(asked.question).encode()).hexdigest()[:10]}", "question": asked.question},
        **{"type": TYPES[kind_of(asked.question)], "difficulty": "medium", "draft": True, "note": REVIEW.format(source=asked.source)},
    }
    item |= _answerable(answer, places, response) if answer and places else _unanswerable(response, bool(reference))
    try:
        parse_item(item)
    except ValueError as error:
        raise GoldError(f"no draft can be made of {asked.question!r}: {error}") from error
    return item


def _answerable(answer: str, places: Sequence[tuple[str, int, str]], response: Mapping[str, Any]) -> Json:
    quotes = list(dict.fromkeys(quote for *_, quote in places))
    documents = dict.fromkeys(document for document, *_ in places)
    evidence = [{"document": name, "pages": sorted({page for own, page, _ in places if own == name})} for name in documents]
    notices = [str(one["text"]) for one in response.get("notices") or () if one.get("level") in WARNING]
    return {
        **{"expect": "answer", "evidence": evidence, "quotes": quotes, "facts": facts_of(answer, quotes), "answer": answer},
        **({"notices": notices} if notices else {}),
    }


def _unanswerable(response: Mapping[str, Any], known: bool) -> Json:
    """An item to be refused. Where a person gave a right answer and nothing carries it, that is no refusal: the person has to look."""
    if known:
        raise GoldError("no document was found that carries the given answer: write this item by hand")
    refusal = response.get("refusal") or {}
    nearest = [str(one["file"]) for one in refusal.get("nearest") or () if one.get("file")]
    reason = str(refusal.get("reason") or "not_in_documents")
    kinds = {"out_of_scope": "out_of_domain", "unsafe": "unsafe"}
    told = {"type": kinds.get(reason, "unanswerable"), "expect": "refuse_or_warn" if reason == "unsafe" else "refuse", "reason": reason}
    return told | ({"about": nearest[0]} if nearest and reason != "out_of_scope" else {})


def facts_of(answer: str, quotes: Sequence[str]) -> list[list[str]]:
    """What answer and quotes share that a wrong answer would not: numbers with units, then codes; else the whole answer, to be cut down."""
    joined = "\n".join(quotes)
    found = [f"{number} {unit}" for number, unit in numbers_with_unit(answer)] + [
        answer[code.start : code.end] for code in find_codes(answer)
    ]
    shared = [fact for fact in dict.fromkeys(found) if mentions(joined, (fact,))]
    return [[fact] for fact in shared[:MOST_FACTS]] or [[answer]]


def _cited(response: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    for one in response.get("citations") or ():
        if one.get("file") and one.get("page") and one.get("quote"):
            yield str(one["file"]), int(one["page"]), str(one["quote"])


def _carries(reference: str, text: str) -> bool:
    return entailed_by_text(reference, text).supported


def _found(reference: str, hits: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int, str]]:
    """The first hit that carries the reference, by its nearest lines."""
    for hit in hits:
        if _carries(reference, str(hit.get("text") or "")):
            yield from ((str(hit["file"]), int(hit["page"]), line.strip()) for line in nearest_lines(reference, str(hit["text"])))
            return


def traced(path: Path, trace_id: str) -> Answered:
    """A question of a request log. Raises GoldError where the trace is not there, or holds no content."""
    for file in (path, path.with_name(path.name + ".1")):
        if not file.exists():
            continue
        with file.open("r", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                if trace_id in line and (told := _line(line)).get("trace_id") == trace_id and told.get("name") == "ask":
                    return _answered(told)
    raise GoldError(f"{path.name} holds no question with the trace id {trace_id}")


def _answered(told: Mapping[str, Any]) -> Answered:
    fields = told.get("metadata") or {}
    if not told.get("input"):
        raise GoldError(f"trace {told['trace_id']} holds no question: EVDOCS_TRACE_CONTENT was off")
    refusal = {"reason": fields["reason"]} if fields.get("reason") else None
    response = {"status": fields.get("status"), "answer": told.get("output"), "citations": fields.get("citations"), "refusal": refusal}
    return Answered(str(told["input"]), response, f"trace {told['trace_id']}")


def _line(line: str) -> Mapping[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and told.get("type") == "trace" else {}
