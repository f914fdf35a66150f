"""Dates as documents print them (ISO, English, German, Chinese, with slashes), as "2021", "2021-03" or "2021-03-05".

In: evidence. Out: clues for the document's date: the one that is labelled as such, or stands in the running head, or with the
revision, or alone on the title page. 3/4/2021 is read only where something else tells which is the month; else the year is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ingest.metadata.evidence import PDF_METADATA, RUNNING, TITLE_PAGE, Clue, Evidence

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januar jänner jan", "february februar feb", "march märz maerz mar mär", "april apr", "may mai", "june juni jun",
            "july juli jul", "august aug", "september sept sep", "october oktober oct okt", "november nov", "december dezember dec dez",
        ), 1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<y>(?:19|20)\d\d)"
_FORMS = tuple(
    re.compile(rf"(?<![\w.]){form}(?![\w])", re.I)
    for form in (
        rf"{_YEAR}\s*年\s*(?P<m>1[0-2]|0?[1-9])\s*月(?:\s*(?P<d>3[01]|[12]\d|0?[1-9])\s*日)?",
        rf"{_YEAR}(?P<s>[-/.])(?P<m>1[0-2]|0?[1-9])(?P=s)(?P<d>3[01]|[12]\d|0?[1-9])",
        rf"(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th|\.)?\s*[- ]\s*(?P<name>{_MONTH})\.?,?\s*[- ]\s*{_YEAR}",
        rf"(?P<name>{_MONTH})\.?\s+(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"(?P<name>{_MONTH})\.?,?\s*[- /]?\s*{_YEAR}",
        rf"(?P<d>3[01]|[12]\d|0?[1-9])\.\s?(?P<m>1[0-2]|0?[1-9])\.\s?{_YEAR}",
        rf"(?P<a>3[01]|[12]\d|0?[1-9])(?P<s>[/-])(?P<b>3[01]|[12]\d|0?[1-9])(?P=s){_YEAR}",
        rf"{_YEAR}[-/](?P<m>1[0-2]|0[1-9])",
        rf"(?P<m>1[0-2]|0?[1-9])/{_YEAR}",
    )
)
_LABEL = re.compile(
    r"(?i)^(?:(?:document|issue|release|publication|revision|submission|print|edition|last)\s+)?"
    r"(?:date|dated|datum|stand|ausgabe(?:datum)?|issued|published|released|updated|(?:发布|修订)?日期)\b\s*(?:of issue)?\s*[:：]?\s*"
)
_VERSIONED = re.compile(r"(?i)(?:manual|guide|document|handbook|handbuch|anleitung|datasheet|protocol)\W+(?:v|rev|version)\.?\s?\d")
_ANOTHER = re.compile(r"(?i)\b(?:since|from|until|after|before|seit|bis|copyright)\b|©")
_REVISED = re.compile(r"(?i)\b(?:revised|updated|rev\.?|überarbeitet|geändert)\b|修订")


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a line: `iso` at the precision printed, and where it ends."""

    iso: str
    start: int
    end: int


def find_dates(line: str, hint: str = "") -> list[FoundDate]:
    """Dates of a line, left to right. `hint` is an ISO date near the document's own (its file's creation): it tells the order of
    day and month where the line does not."""
    found: list[FoundDate] = []
    for form in _FORMS:
        for match in form.finditer(line):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            iso = _iso(match.groupdict(), hint)
            if iso:
                found.append(FoundDate(iso, match.start(), match.end()))
    return sorted(found, key=lambda item: item.start)


def _iso(parts: dict[str, str | None], hint: str) -> str:
    year = int(parts["y"] or 0)
    if parts.get("a"):
        return _slashed(int(parts["a"] or 0), int(parts["b"] or 0), year, hint)
    name = parts.get("name")
    month = _MONTHS[name.casefold()] if name else int(parts["m"] or 0)
    day = parts.get("d")
    return _checked(year, month, int(day)) if day else f"{year}-{month:02}"


def _slashed(a: int, b: int, year: int, hint: str) -> str:
    """Day and month in unknown order."""
    readings = [iso for iso in (_checked(year, a, b), _checked(year, b, a)) if iso]
    if len(set(readings)) == 1:
        return readings[0]
    near = [iso for iso in readings if hint and iso == hint[:10]]
    return near[0] if near else str(year)


def _checked(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def file_date(metadata_value: str) -> str:
    """A PDF's "D:20210305..." (or an ISO date) as "2021-03-05"; "" where it is none."""
    match = re.match(r"(?:D:)?((?:19|20)\d\d)-?(\d\d)-?(\d\d)", metadata_value)
    return _checked(*(int(part) for part in match.groups())) if match else ""


def date_clues(evidence: Evidence) -> list[Clue]:
    """Clues for the date of the document, in the order of the places."""
    hint = file_date(evidence.metadata.get("created", ""))
    clues = [*_labelled(evidence, hint), *_placed(evidence, hint)]
    if hint:
        clues.append(Clue(hint, PDF_METADATA, 0.4))
    return clues


def _labelled(evidence: Evidence, hint: str) -> Iterator[Clue]:
    for source, lines in ((TITLE_PAGE, evidence.first), (RUNNING, evidence.running)):
        for line in lines:
            label = _LABEL.match(line)
            dates = find_dates(line[label.end() :], hint) if label and label.end() else []
            if dates and dates[0].start <= 3:
                yield Clue(dates[0].iso, source, 0.95)
            elif _REVISED.search(line):
                after = find_dates(line, hint)
                if after and len(line) <= 70:
                    yield Clue(after[-1].iso, source, 0.9)


def _placed(evidence: Evidence, hint: str) -> Iterator[Clue]:
    """Dates by place alone: in a running line, or in a short line of the title page that says nothing else."""
    for line in evidence.running:
        for item in find_dates(line, hint)[-1:]:
            yield Clue(item.iso, RUNNING, 0.85 if len(item.iso) > 4 else 0.5)
    for line in evidence.first:
        for item in find_dates(line, hint)[-1:]:
            rest = (line[: item.start] + line[item.end :]).strip(" ()[],;–-")
            with_revision = bool(_VERSIONED.search(line))
            if (len(rest) <= 24 or with_revision) and not _ANOTHER.search(rest):
                yield Clue(item.iso, TITLE_PAGE, 0.88 if with_revision else 0.8 if len(item.iso) > 4 else 0.45)
