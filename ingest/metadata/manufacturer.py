"""Who made the product (else: who published the document), from what the document says outright.

In: evidence. Out: clues: a "Manufacturer:" line, a company with its legal form, a copyright line, the author field where it names a
company, and a name the document's own web or mail address spells. No list of makers: an unknown one must be found as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.metadata.evidence import IMPRINT, PDF_METADATA, RUNNING, TITLE_PAGE, Clue, Evidence, squeeze

_FORM = (
    r"(?:GmbH(?:\s*&\s*Co\.?\s*KGa?A?)?|mbH|e\.K\.|Inc(?:orporated)?\b\.?|LLC|L\.L\.C\.|Pty\.?\s+Ltd\.?|[Cc][Oo]\b\.?\s*,?\s*(?:Ltd|LTD|ltd|Limited)\b\.?|"
    r"Ltd\b\.?|LTD\b\.?|Limited|Corp(?:oration)?\b\.?|Co\b\.|Company|PLC|plc|B\.?V\.|N\.V\.|S\.A\.S?|S\.?r\.l\.?|S\.p\.A\.|A/S|ApS|Oyj|K\.K\.|"
    r"AG|KG|SE|SA|SAS|AB|Oy)"
)
_SHORT_FORMS = ("AG", "KG", "SE", "SA", "SAS", "AB", "Oy")
"""They are ordinary letters too ("class AB"): they count only in a line that begins with the company."""
_NAME_WORD = r"(?:[A-ZÄÖÜ0-9][\w&.’'+\-äöüß]*|technolog(?:y|ies)|electronics?|of|and|the|&|und|für)"
_COMPANY = re.compile(rf"(?P<name>[A-ZÄÖÜ][\w&’'+.\-äöüß]*(?:\s+{_NAME_WORD}){{0,5}}?)\s*,?\s+(?P<form>{_FORM})(?![\w])")
_COMPANY_ZH = re.compile(r"(?P<name>[\u4e00-\u9fff（）()]{2,20}?)(?:股份|集团)?(?:有限责任公司|有限公司|公司)")
_LABEL = re.compile(
    r"(?i)^(?:manufacturer|manufactured by|made by|maker|hersteller|制造商|生产商|生产厂家|厂家)(?:\s+name)?\s*[:：]\s*(?P<name>.{2,60})$"
)
_COPYRIGHT = re.compile(
    r"(?:(?i:copyright)|©|\([cC]\))\s*(?:©|\([cC]\))?\s*(?:(?:19|20)\d\d(?:\s*[-–—,]\s*(?:19|20)?\d\d)*)?\s*,?\s*(?:by\s+)?"
    r"(?P<name>[A-ZÄÖÜ\u4e00-\u9fff][^,.;|©]{1,60}?(?:,?\s+(?i:Inc|Ltd|Co|LLC|Corp)\b\.?(?:,?\s*Ltd\.?)?)?)"
    r"(?:\s*,?\s*(?:19|20)\d\d(?:\s*[-–—]\s*(?:19|20)\d\d)?|\.|,|;|\||\s*(?i:all rights)|\s*$)"
)
_DOMAIN = re.compile(r"(?:@|www\.|https?://(?:www\.)?)(?P<label>[a-z0-9][a-z0-9\-]{3,40})\.(?:[a-z]{2,4})(?:\.[a-z]{2})?\b", re.I)
_PUBLIC = frozenset(
    ("gmail", "outlook", "hotmail", "yahoo", "github", "gitlab", "google", "youtube", "facebook", "wikipedia", "creativecommons")
)
_TRAILING = re.compile(rf"[\s,]+{_FORM}$")
_NOT_A_NAME = re.compile(r"(?i)\b(?:rights|reserved|document|manual|this|notice|statement|license|owner|reproduction|permission|law)\b")
_LENT = re.compile(r"(?i)\b(?:trademarks?|registered|testing|tested|performed|courtesy|licen[sc]e|supplier|written|purchased?)\b")

_KIND_OF_COMPANY = re.compile(r"(?i)(?:systems?|technolog|electronics?|energy|motors?|group)")
_MAX_CHARS = 160


def manufacturer_clues(evidence: Evidence) -> list[Clue]:
    """Clues for the manufacturer; several that name the same one add up in `agree`."""
    clues = [Clue(clean(match["name"]), TITLE_PAGE, 0.95) for line in evidence.first if (match := _LABEL.match(line))]
    for source, confidence, lines in ((TITLE_PAGE, 0.7, evidence.first), (RUNNING, 0.8, evidence.running)):
        for line in lines:
            for name in companies(line) if len(line) <= _MAX_CHARS and not _LENT.search(line) else ():
                opens = squeeze(line).startswith(squeeze(name))
                clues.append(Clue(name, source, confidence if opens else 0.45))  # in a sentence it may be anybody
    for line in evidence.imprint:
        match = _COPYRIGHT.search(line)
        if match and not _NOT_A_NAME.search(match["name"]) and not _LENT.search(line[: match.start()]):
            clues.append(Clue(clean(match["name"]), IMPRINT, 0.7))
        elif not match and re.match(r"[\ue000-\uf8ff\ufffd]", line):  # a copyright mark of a font of its own
            clues += [Clue(name, IMPRINT, 0.7) for name in companies(line)[:1]]
    clues += _author(evidence)
    clues += _addressed(evidence)
    return [clue for clue in clues if 2 <= len(clue.value) <= 60]


def companies(line: str) -> list[str]:
    """Names in a line that carry a legal form, the form left off."""
    found = [match for match in _COMPANY.finditer(line) if match["form"] not in _SHORT_FORMS or not line[: match.start()].strip()]
    return [clean(name) for name in (*(match["name"] for match in found), *(match["name"] for match in _COMPANY_ZH.finditer(line)))]


def clean(name: str) -> str:
    """A company name without its legal form, brackets and trailing signs."""
    name = re.sub(r"\s*[\[(].*$", "", " ".join(name.split()))
    chinese = _COMPANY_ZH.match(name)
    if chinese:
        return chinese["name"]
    for _ in range(2):
        name = _TRAILING.sub("", name)
    return name.strip(" ,.;:|-–")


def _author(evidence: Evidence) -> Iterator[Clue]:
    """The author field where it names a company, or is printed as a line of its own on the first page."""
    author = evidence.metadata.get("author", "")
    if companies(author):
        yield Clue(companies(author)[0], PDF_METADATA, 0.7)
    elif len(author.split()) >= 2 and not re.search(r"\d", author) and any(squeeze(author) == squeeze(line) for line in evidence.first):
        yield Clue(clean(author), PDF_METADATA, 0.75)


def _addressed(evidence: Evidence) -> Iterator[Clue]:
    """Words of the first pages that the document's own web or mail address spells: "Acme Motion Systems" and sales@acmemotion.com."""
    lines = [*(line for page in evidence.pages for line in page), *evidence.body]
    labels = {match["label"].casefold().replace("-", "") for line in lines for match in _DOMAIN.finditer(line)} - _PUBLIC
    for label in sorted(label for label in labels if len(label) >= 5):
        yield from _spelled(label, (line for line in lines if not _DOMAIN.search(line)), evidence)


def _spelled(label: str, lines: Iterable[str], evidence: Evidence) -> Iterator[Clue]:
    for line in lines:
        for run in re.findall(r"[A-ZÄÖÜ][\w&+]*(?:\s+[A-ZÄÖÜ][\w&+]*)+", line):
            if name := _spelling(label, run.split()):
                yield Clue(name, TITLE_PAGE, 0.65)
                return
    titled = {squeeze(word): word for line in (*evidence.top, *evidence.running) for word in re.findall(r"[A-ZÄÖÜ][\w]+", line)}
    if label in titled:
        yield Clue(titled[label], TITLE_PAGE, 0.55)


def _spelling(label: str, words: Sequence[str]) -> str:
    """Two to four neighbouring words that spell the label, with a word like "Systems" after them; "" where none do."""
    for first in range(len(words)):
        for last in range(first + 2, min(first + 4, len(words)) + 1):
            if squeeze("".join(words[first:last])) == label:
                return " ".join([*words[first:last], *(word for word in words[last : last + 1] if _KIND_OF_COMPANY.match(word))])
    return ""


def agree(clues: list[Clue]) -> list[Clue]:
    """Clues that name the same company, as one: the best cased of the names, and the confidence that not all of them are wrong."""
    groups: dict[str, list[Clue]] = {}
    for clue in clues:
        key = squeeze(clue.value)
        same = next((known for known in groups if known.startswith(key) or key.startswith(known)), key)
        groups.setdefault(same, []).append(clue)
    merged = []
    for group in groups.values():
        doubt = 1.0
        for confidence in {clue.source: clue.confidence for clue in sorted(group, key=lambda clue: clue.confidence)}.values():
            doubt *= 1 - confidence
        shown = min(group, key=lambda clue: (clue.value.isupper() and len(clue.value) > 5, -clue.confidence, -len(clue.value)))
        merged.append(Clue(shown.value, max(group, key=lambda clue: clue.confidence).source, round(min(0.98, 1 - doubt), 2)))
    return merged
