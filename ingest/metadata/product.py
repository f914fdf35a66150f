"""Which product(s) a document is about: model designations that several places of it agree on.

In: evidence. Out: clues. A designation mixes letters and digits ("XR400-1", "Tarn 19") or is cased like no other word ("SmartEVSE");
it counts where the title, the running heads, the file's metadata or its name confirm one another. Standards, interfaces, units, chip
packages and cell formulas are no products.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ingest.metadata.evidence import FILE_NAME, RUNNING, TITLE_PAGE, Clue, Evidence, squeeze

_TOKEN = re.compile(r"(?<![\w.])[A-Za-z][A-Za-z0-9]*(?:[-–.][A-Za-z0-9]+)*(?![\w])")
_NUMBERED = re.compile(r"(?<![\w.])[A-Z][a-z]{2,}\s\d{1,4}[A-Za-z]?(?![\w.]|-\w)")
_CASED = re.compile(r"(?<![\w.\-])(?:[A-Z]{2,}[a-z]{2,}\w*|[A-Z][a-z]+[A-Z]\w+|[A-Z]{3,}(?:-[A-Z]{2,})+|[A-Z]{4,})(?![\w\-])")
_STANDARDS = "ISO IEC EN DIN SAE UL UN VDE ANSI ASTM IEEE GB JIS ECE CISPR NEMA FMVSS CFR RFC AEC JESD JEDEC NMEA UTF".replace(" ", "|")
_PARTS_OF_BOOKS = "PART FIG FIGURE TABLE CHAPTER PAGE SECTION STEP TYPE MODE LEVEL CLASS PHASE VOL VOLUME SERIES REV VERSION VER V".replace(
    " ", "|"
)
_NO_PRODUCT = re.compile(
    rf"(?i)^(?:(?:{_STANDARDS})[-.]?[A-Z]?\d.*|(?:{_PARTS_OF_BOOKS})[-.]?\d[\d.]*|REV[-.]?[A-Z]|"
    r"RS-?(?:232|422|485)|CAN(?:-?FD)?(?:-?2[\w.-]*)?|J1939|J1772|I2[CS]|USB[\d.\-C]*|RJ-?\d+|IP-?[2-6]\d[A-Z]?|DB-?\d+|PT-?100\d?|AWG\d*|"
    r"MODBUS.*|OCP[PI].*|CCS\d?|CHADEMO|GSM|GPRS|LTE|WIFI|BLE|ASCII|JSON|HTML?|PDF|LI-?\w*\d.*|LIFEPO4|NI-?MH|CO2|H2O|"
    r"Q[1-4]|[A-Z]\d{1,2}|[A-Z]{1,2}\d)$"
)
_COMMON = frozenset(
    re.split(
        r"\s+",
        """battery system manual guide data sheet datasheet user users service management module charger inverter motor controller monitor
        protocol specification report safety electric vehicle vehicles high voltage bms evse phev bev hev can usb led lcd warning danger
        caution notice version revision final draft copyright page table contents index features description applications general overview
        introduction workshop important readme english deutsch technical information confidential preliminary demo recall part pdf""",
    )
)
_MONTHS = (
    "jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|sep(?:t|tember)?|"
    "o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?"
)
_DATE_LIKE = re.compile(rf"(?i)^(?:{_MONTHS})[- .]?\d+$")
_NUMBER_OF_DOCUMENT = re.compile(
    r"(?i)(?:\b(?:document|doc|literature|order|publication|part|report|recall|control|bulletin|letter)\b[ .]*(?:no|number|nr|id)?|"
    rf"\bID|编号|文件号)[ .]*[:：]?\s*\0|\0\s*(?:[–—-]\s*(?:{_MONTHS})\s|\|?\s*(?:rev\b|version\b))"
)
"""A token ("\\0") after "Document" or right before a revision or date: the document's own number."""
_MAX = 6


def product_clues(evidence: Evidence) -> list[Clue]:
    """One clue a product, surest first, at most a handful."""
    stem = squeeze(evidence.stem)
    numbers = _document_numbers(evidence)
    clues: dict[str, Clue] = {}
    for line in evidence.top:
        for name in _names(line):
            if name.isupper() and name.isalpha() and line not in (name, evidence.title):
                continue  # an acronym counts where it is the line or the title, not as the first word of a label
            confidence = _confidence(name, line, evidence, stem)
            if confidence:
                clues.setdefault(squeeze(name), Clue(name, TITLE_PAGE, confidence))
    _add_named_with(evidence, clues)
    for name in (name for line in evidence.running for name in _names(line)):
        if squeeze(name) not in clues and squeeze(name) in stem and not (name.isupper() and name.isalpha()):
            clues[squeeze(name)] = Clue(name, RUNNING, 0.75)
    if not clues:
        clues = {squeeze(clue.value): clue for clue in _from_stem(evidence)}
    kept = [clue for key, clue in clues.items() if key not in numbers and not _part_of_surer(key, clue, clues)]
    return sorted(kept, key=lambda clue: -clue.confidence)[:_MAX]


def _document_numbers(evidence: Evidence) -> set[str]:
    """Names that stand right before a revision mark or after "Document" anywhere on the first pages."""
    found = set()
    for line in {line for page in evidence.pages for line in page if len(line) <= 160} | set(evidence.first):
        for match in _TOKEN.finditer(line):
            if _NUMBER_OF_DOCUMENT.search(f"{line[: match.start()]}\0{line[match.end() :]}"):
                found.add(squeeze(match.group(0)))
    return found


def _part_of_surer(key: str, clue: Clue, clues: Mapping[str, Clue]) -> bool:
    return any(key != other and key in other and clues[other].confidence >= clue.confidence for other in clues)


def _names(line: str) -> Iterator[str]:
    """Designations in a line, as printed."""
    parts = re.split(r"[/／、,;()（）]", line)
    for part in [line, *parts] if len(parts) > 1 else parts:
        for form in (_TOKEN, _NUMBERED, _CASED):
            names = (match.group(0).replace("–", "-") for match in form.finditer(part))
            yield from (name for name in names if _may_be_product(name, must_mix=form is _TOKEN))


def _may_be_product(name: str, *, must_mix: bool) -> bool:
    mixed = bool(re.search(r"\d", name) and re.search(r"[A-Za-z]", name)) and len(name) >= 3
    version = re.search(r"\d\.\d+\.\d", name)
    if (must_mix and not mixed) or version or _NO_PRODUCT.match(name.replace(" ", "")) or _DATE_LIKE.match(name):
        return False
    words = re.split(r"[\s-]", name.casefold())
    return not all(word in _COMMON for word in words) and (must_mix or words[0] not in _COMMON)


def _confidence(name: str, line: str, evidence: Evidence, stem: str) -> float:
    """How many places agree: title, running heads, metadata, file name; 0 where too few do."""
    key = squeeze(name)
    metadata = squeeze(" ".join(evidence.metadata.get(field, "") for field in ("title", "subject")))
    n = sum(
        (
            key in stem,
            any(key in squeeze(head) for head in evidence.running),
            bool(metadata) and key in metadata and line != evidence.metadata.get("title"),
            bool(evidence.title) and key in squeeze(evidence.title) and line != evidence.title,
        )
    )
    mixed = bool(re.search(r"\d", name))
    if n >= 2:
        return 0.95 if mixed else 0.8
    if n == 1:
        return (0.85 if mixed else 0.65) if key in stem or mixed else 0.0
    return 0.0


def _add_named_with(evidence: Evidence, clues: dict[str, Clue]) -> None:
    """Sister models: "(AB-C1/AB-C2)" on the title page, where one of them is known already and the other is printed again."""
    for line in evidence.top:
        for group in re.findall(r"[\w\-]+(?:\s?[/／、]\s?[\w\-]+)+", line):
            names = [name.strip() for name in re.split(r"[/／、]", group)]
            if any(squeeze(name) in clues for name in names):
                for name in names:
                    again = evidence.key.count(squeeze(name)) >= 2
                    if squeeze(name) not in clues and again and name in set(_names(name)) and re.search(r"\d", name):
                        clues[squeeze(name)] = Clue(name, TITLE_PAGE, 0.8)


def _from_stem(evidence: Evidence) -> Iterator[Clue]:
    """A designation of the file name: surer where the first pages print it."""
    for part in re.split(r"[\s_\-]+", evidence.stem):
        if re.fullmatch(r"[A-Za-z]{2,}\d{2,}[A-Za-z0-9]*", part) and _may_be_product(part, must_mix=True):
            printed = _printed(part, _TOKEN, evidence)
            yield Clue(printed or part.upper(), FILE_NAME, 0.65 if printed else 0.4)
        elif not re.search(r"\d", part) and len(part) >= 4 and part.casefold() not in _COMMON:
            cased = _printed(part, _CASED, evidence)
            if cased and not cased.isupper() and not _NO_PRODUCT.match(cased):
                yield Clue(cased, FILE_NAME, 0.6)


def _printed(part: str, form: re.Pattern[str], evidence: Evidence) -> str:
    """The name as the first pages print it, "" where they do not."""
    names = (name for page in evidence.pages for line in page for name in form.findall(line))
    return next((name for name in names if squeeze(name) == squeeze(part)), "")
