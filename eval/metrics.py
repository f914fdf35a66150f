"""One gold item and one response (both as the HTTP API gives them) in, the item's metric values out. Small pure functions.

A value is a number, a bool, or None where the metric has no meaning for the item (citation precision of an answer without
citations); None is counted (`n` against `n_valid`), never averaged. How an answer came about must not matter here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import ir_measures
from ir_measures import RR, Success, nDCG

from eval.items import GoldItem, Place
from eval.matching import mentions, squeeze, without_markers

CUTOFFS = (1, 3, 5, 10, 20)
WORD_LIMITS = {"lookup": 90, "table": 90, "code": 90, "figure": 90, "procedure": 260, "safety": 260, "compare": 260}
WARNING_LEVELS = ("danger", "warning", "caution")
Values = dict[str, float | bool | None]


def holds(place: Place, hit: Mapping[str, Any]) -> bool:
    """Whether a hit or citation stands on one of the place's pages."""
    page = int(hit.get("page") or 0)
    return place.holds(str(hit.get("file", "")), page, int(hit.get("page_end") or page))


def first_rank(item: GoldItem, hits: Sequence[Mapping[str, Any]]) -> int | None:
    """Rank (from 1) of the first hit on a page of the evidence or of `also`."""
    places = (*item.evidence, *item.also)
    return next((rank for rank, hit in enumerate(hits, 1) if any(holds(place, hit) for place in places)), None)


def found_parts(item: GoldItem, hits: Sequence[Mapping[str, Any]]) -> int:
    """How many evidence parts the hits hold together. A place in `also` is an alternative: each of its pages that is found makes up
    for one part that is not."""
    direct = sum(any(holds(part, hit) for hit in hits) for part in item.evidence)
    spare = {
        (place.document, page) for place in item.also for page in place.pages for hit in hits if holds(Place(place.document, (page,)), hit)
    }
    return min(len(item.evidence), direct + len(spare))


def retrieval(item: GoldItem, hits: Sequence[Mapping[str, Any]]) -> Values:
    """hit@k, recall@k, MRR@10 and nDCG@10 of one answerable item over its ranked hits, by page.

    A hit matches when any page of [page, page_end] is a listed page of the evidence or of `also`. For nDCG a hit's gain is the number
    of parts that it is the first to hold, parts never found are missing documents of gain 1: a second chunk of the same page
    earns nothing. Arithmetic by ir-measures; no hits score zero.
    """
    places = (*item.evidence, *item.also)
    matching = {f"hit{rank}": 1 for rank, hit in enumerate(hits) if any(holds(place, hit) for place in places)}
    found = [found_parts(item, hits[:rank]) for rank in range(len(hits) + 1)]
    gains = {f"hit{rank}": found[rank + 1] - found[rank] for rank in range(len(hits)) if found[rank + 1] > found[rank]}
    gains |= {f"missing{number}": 1 for number in range(len(item.evidence) - found[-1])}
    values: Values = {f"hit@{k}": bool(_measure(Success @ k, matching, len(hits))) for k in CUTOFFS}
    values |= {f"recall@{k}": found[min(k, len(hits))] / len(item.evidence) for k in CUTOFFS}
    return values | {"mrr@10": _measure(RR @ 10, matching, len(hits)), "ndcg@10": _measure(nDCG @ 10, gains, len(hits))}


def _measure(measure: Any, judged: Mapping[str, int], n_hits: int) -> float:
    """One measure over hits named hit0, hit1, ... in rank order."""
    run = {f"hit{rank}": float(-rank) for rank in range(n_hits)}
    (metric,) = ir_measures.iter_calc([measure], {"question": dict(judged) or {"none": 1}}, {"question": run})
    return float(metric.value)


def fact_recall(item: GoldItem, text: str) -> float:
    """Share of the item's facts that stand in the text, in any of their spellings."""
    return sum(mentions(text, spellings) for spellings in item.facts) / len(item.facts)


def facts_in_hits(item: GoldItem, hits: Sequence[Mapping[str, Any]], k: int = 5) -> float:
    """Share of the item's facts that stand in the text of the first k hits."""
    return fact_recall(item, "\n".join(str(hit.get("text", "")) for hit in hits[:k]))


def quotes_together(item: GoldItem, hits: Sequence[Mapping[str, Any]], k: int = 5) -> float:
    """The largest share of the item's quotes that one of the first k hits holds by itself: what belongs together, kept together."""
    texts = [squeeze(str(hit.get("text", "")))[0] for hit in hits[:k]]
    return max((sum(squeeze(quote)[0] in text for quote in item.quotes) for text in texts), default=0) / max(1, len(item.quotes))


def count_words(text: str) -> int:
    """Words of an answer: runs between blanks that hold a letter or digit, markers not counted."""
    return sum(bool(re.search(r"\w", word)) for word in without_markers(text).split())


def answered(response: Mapping[str, Any]) -> bool:
    """Whether the service gave an answer (and neither refused nor asked back)."""
    return response.get("status") == "answered"


def refused(response: Mapping[str, Any]) -> bool:
    """Whether the service refused. Asking back ("clarify") is neither an answer nor a refusal."""
    return response.get("status") == "refused"


def warned(response: Mapping[str, Any]) -> bool:
    """Whether the response carries a danger, warning or caution notice."""
    return any(notice.get("level") in WARNING_LEVELS for notice in response.get("notices") or ())


def answer_quality(item: GoldItem, response: Mapping[str, Any]) -> Values:
    """Fact recall, correct, concise, words. What a refusal or a question back says is no answer: it meets no fact."""
    text = without_markers(str(response.get("answer") or "")) if answered(response) else ""
    recall = fact_recall(item, text)
    words = count_words(text)
    correct = recall == 1.0
    limit = WORD_LIMITS.get(item.type)
    return {
        "fact_recall": recall,
        "correct": correct,
        "concise": correct and (limit is None or words <= limit),
        "words": words if answered(response) else None,
    }


def citation_pages(item: GoldItem, response: Mapping[str, Any]) -> Values:
    """Page precision (share of citations on a gold page; None without citations), recall (share of evidence parts cited) and whether
    a gold page is cited at all."""
    citations = list(response.get("citations") or ()) if answered(response) else []
    gold = [any(holds(place, citation) for place in (*item.evidence, *item.also)) for citation in citations]
    return {
        "citation_precision": sum(gold) / len(gold) if gold else None,
        "citation_recall": found_parts(item, citations) / len(item.evidence),
        "cites_gold_page": any(gold),
    }


def notices_carried(item: GoldItem, response: Mapping[str, Any]) -> list[bool]:
    """For each notice owed whether the response carries it whole and verbatim, as a notice or in its text; blanks, line ends and hyphens
    at them do not matter. An answer owes the notices of what it cites: nothing where it cites no page of the evidence."""
    if not any(holds(place, citation) for place in item.evidence for citation in response.get("citations") or ()):
        return []
    texts = [str(response.get("answer") or ""), *(str(notice.get("text", "")) for notice in response.get("notices") or ())]
    carried = squeeze(without_markers("\n".join(texts)))[0]
    return [squeeze(owed)[0] in carried for owed in item.notices]


def notice_recall(item: GoldItem, response: Mapping[str, Any]) -> float | None:
    """Share of the notices owed that the response carries; None where it owes none."""
    carried = notices_carried(item, response)
    return sum(carried) / len(carried) if carried else None


def reason_right(item: GoldItem, response: Mapping[str, Any]) -> bool | None:
    """Whether a refusal gives the reason the item names; asking back says "ambiguous". None where none is named or nothing was refused."""
    if not item.reason or response.get("status") not in ("refused", "clarify"):
        return None
    given = "ambiguous" if response.get("status") == "clarify" else (response.get("refusal") or {}).get("reason")
    return bool(given == item.reason)


def within_filters(
    item: GoldItem, hits: Sequence[Mapping[str, Any]], response: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]]
) -> float | None:
    """Share of hits and citations whose document meets the item's filters; None where it has none, or where nothing came. `documents`
    are their records by id; one that is not there meets nothing."""
    if not item.filters:
        return None
    shown = [*hits, *(response.get("citations") or ()), *((response.get("refusal") or {}).get("nearest") or ())]
    met = [meets(documents.get(str(one.get("document_id")), {}), item.filters) for one in shown]
    return sum(met) / len(met) if met else None


def meets(document: Mapping[str, Any], filters: Mapping[str, Sequence[str]]) -> bool:
    """Whether each filtered field of the document has one of the accepted values, case apart."""

    def values(name: str) -> set[str]:
        own = document.get(name) or ()
        return {str(value).casefold() for value in ((own,) if isinstance(own, str) else own)}

    return all(values(name) & {value.casefold() for value in accepted} for name, accepted in filters.items())


def search_values(item: GoldItem, searches: Mapping[str, Sequence[Mapping[str, Any]]]) -> Values:
    """`NAME.hit@10` of each search alone (dense, lexical, late, rerank): whether its own ten best hold a gold page. A part that is off or
    broken shows here even where the others make up for it."""
    return {f"{name}.hit@10": first_rank(item, hits[:10]) is not None for name, hits in searches.items() if name != "exact"}


def as_expected(item: GoldItem, response: Mapping[str, Any]) -> bool:
    """The item's part of the joint score: answerable -> correct; to be refused -> refused; refuse_or_warn -> refused or warned;
    answer_real_part -> the real part is answered correctly."""
    if item.expect == "refuse":
        return refused(response)
    if item.expect == "refuse_or_warn":
        return refused(response) or warned(response)
    return bool(answer_quality(item, response)["correct"])


def item_values(item: GoldItem, hits: Sequence[Mapping[str, Any]], response: Mapping[str, Any]) -> Values:
    """All values of one item. A call that failed is passed as no hits or an empty response, and so scores as a failure."""
    values: Values = {
        "as_expected": as_expected(item, response),
        "refused": refused(response),
        "notice_recall": notice_recall(item, response),
        "reason_right": reason_right(item, response),
    }
    values["clarified"] = response.get("status") == "clarify"
    if item.evidence and item.facts:
        values |= retrieval(item, hits) | {"facts@5": facts_in_hits(item, hits), "quotes_together@5": quotes_together(item, hits)}
        values |= answer_quality(item, response) | citation_pages(item, response)
    return values
