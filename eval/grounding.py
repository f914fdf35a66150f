"""An answer and its citations in, "does it stand on what it cites" out: deterministic, no model, no index.

Citations are dicts in the HTTP form ({"marker", "file", "page", "quote", "document_id", ...}). Three questions: is every citation valid
(marker resolves, page exists, quote verbatim on that page), does every number with its unit stand in a quote that its sentence cites,
and are the sentence's content terms covered by these quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.matching import Claim, Form, cased, claims, markers, normal, spelling_pattern
from eval.pages import PdfShelf
from service.core.text import analyze

SUPPORT_SHARE = 0.8
"""Share of a sentence's content terms that its quotes must cover, where nothing else is asked (`eval.support` is the calibrated scorer)."""

_LETTER_UNITS = r"[AVWKFΩΩ%‰msghHlL]"  # case tells "3 A" from "step 3 a ..."
_WORD_UNITS = (
    r"n·m|n\.m|n-m|nm|(?:ft|in)[·\-. ]?lbf?|lbf?[·\-. ]?(?:ft|in)|mm2|cm2|m2|m3|mm|cm|[µμ]m|km|awg|kv|mv|[µμ]v|v(?:dc|ac|rms)|volts?|"
    r"ka|ma|[µμ]a|na|amps?|a(?:rms|h)|mah|kwh|wh|kw|mw|[µμ]w|watts?|kva|va|[km]?ohms?|[kmµμ]Ω|khz|mhz|ghz|hz|rpm|ms|[µμ]s|ns|secs?|seconds?|"
    r"mins?|minutes?|hours?|days?|kg|mg|lbs?|ml|litres?|liters?|m?bar|[km]?pa|psi|°[cf]|nf|pf|[µμ]f|mf|nh|[µμ]h|mh|bits?|bytes?|kb|mb|"
    r"[km]?baud|[km]bps|[km]bits?(?:/s)?"
)
_NUMBER_UNIT = re.compile(rf"(?<!\w)(?<!\w[.,])((?:(?<![\w)])-)?\d+(?:[.,]\d+)*)[ \-]?((?i:{_WORD_UNITS})|{_LETTER_UNITS})(?![^\W\d_])")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Citing:
    """One citation checked. `form` says how its quote was found; `fault` is empty for a valid one."""

    marker: int
    file: str
    page: int
    form: Form | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers with their unit in an answer: all, those verified, those verified by a unit that stands apart (a table's head), and the
    texts of the rest."""

    n: int = 0
    verified: int = 0
    unit_apart: int = 0
    missing: tuple[str, ...] = ()


def check_citations(
    answer: str, citations: Sequence[Mapping[str, Any]], notices: Sequence[Mapping[str, Any]], shelf: PdfShelf
) -> list[Citing]:
    """Every citation against the PDF itself, then every marker of the text and the notices that resolves to none."""
    checked = [check_citation(citation, shelf) for citation in citations]
    known = {citation.marker for citation in checked}
    used = dict.fromkeys([*markers(answer), *(int(notice.get("marker") or 0) for notice in notices)])
    return checked + [Citing(marker, "", 0, None, f"marker [{marker}] resolves to no citation") for marker in used if marker not in known]


def check_citation(citation: Mapping[str, Any], shelf: PdfShelf) -> Citing:
    """One citation against the PDF itself."""
    marker, file, page = int(citation.get("marker") or 0), str(citation.get("file", "")), int(citation.get("page") or 0)
    pages = shelf.open(str(citation.get("document_id", "")))
    if isinstance(pages, str):
        return Citing(marker, file, page, None, pages)
    if not 1 <= page <= pages.n_pages:
        return Citing(marker, file, page, None, f"page {page} of {pages.n_pages} does not exist")
    form = pages.find(str(citation.get("quote", "")), page)
    return Citing(marker, file, page, form, "" if form else "the quote does not stand on that page")


def quotes_of(claim: Claim, citations: Sequence[Mapping[str, Any]]) -> list[str]:
    """The quotes that a sentence cites."""
    return [str(citation.get("quote", "")) for citation in citations if citation.get("marker") in claim.markers]


def check_numbers(answer: str, citations: Sequence[Mapping[str, Any]]) -> Numbers:
    """Every number with its unit, sentence by sentence. It is verified when one cited quote holds it with its unit; or, as in tables
    with the unit in their head, when one holds the number and one the same unit not attached to any number."""
    n = verified = apart = 0
    missing: list[str] = []
    for claim in claims(answer):
        quotes = [normal(quote) for quote in quotes_of(claim, citations)]
        for number, unit in numbers_with_unit(claim.text):
            n += 1
            if any(_attached(number, unit).search(quote) for quote in quotes):
                verified += 1
            elif any(spelling_pattern(number).search(quote) for quote in quotes) and any(_lone(unit).search(quote) for quote in quotes):
                verified, apart = verified + 1, apart + 1
            else:
                missing.append(f"{number} {unit}")
    return Numbers(n, verified, apart, tuple(missing))


def numbers_with_unit(text: str) -> list[tuple[str, str]]:
    """(number, unit) pairs, normalised, in order."""
    return [(normal(number), normal(unit)) for number, unit in _NUMBER_UNIT.findall(cased(text))]


def _attached(number: str, unit: str) -> re.Pattern[str]:
    before = r"(?<![\w)])" if number.startswith("-") else r"(?<!\d)(?<!\d[.,])(?<!^-)(?<![\s(]-)"  # a sign is part of the number
    return re.compile(rf"{before}{re.escape(number)}[ \-]?{re.escape(unit)}(?![a-z])")


def _lone(unit: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w%°])(?<!\d )(?<!\d-){re.escape(unit)}(?![a-z0-9])")


def supported(sentence: str, quotes: Sequence[str], share: float = SUPPORT_SHARE) -> bool:
    """Whether the quotes, together, carry the sentence."""
    if not quotes:
        return False
    joined = normal("\n".join(quotes))
    if any(not spelling_pattern(number).search(joined) for number in _DIGITS.findall(normal(sentence))):
        return False
    wanted, held = set(analyze(sentence)), set(analyze("\n".join(quotes)))
    return not wanted or len(wanted & held) >= share * len(wanted)
