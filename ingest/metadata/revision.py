"""A document's revision as printed ("F", "1.2", "68131f"), and the order of two of them.

In: evidence. Out: clues. The version of a software, a device or a standard is not the document's: a marker ("Rev.", "Version", "版本")
counts where it fills its line, stands with a word for the document ("User Guide v1.3") or in a running foot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.metadata.dates import find_dates
from ingest.metadata.evidence import FILE_NAME, PDF_METADATA, RUNNING, TITLE_PAGE, Clue, Evidence

_VALUE = r"(?P<value>\d{1,3}(?:[._]\d{1,3}){0,3}[a-z]?|[A-Z]\d?|\d{4,6}f[a-z]?)"
_WORD = (
    r"(?:rev(?:ision)?(?:\s+(?:no|number|level))?|version|ver|vers|edition|issue|release|ausgabe|auflage|revisionsstand|"
    r"版本号|版本|版次|修订版)"
)
_MARKED = re.compile(rf"(?:(?<![^\W_])(?i:{_WORD})(?:\s*[.:：#№]+\s*|\s+|(?=\d))|(?<![\w.-])[vV]\.?\s?(?=\d)){_VALUE}(?![\w%°]|[.,]\d)")
_DOCUMENT = re.compile(
    r"(?i)\b(?:manual|guide|document|datasheet|data sheet|specification|protocol|handbook|instructions?|report|handbuch|anleitung|"
    r"dokument|datenblatt|spezifikation|protokoll)s?\b|手册|说明书|文档|协议|规格书"
)
_NOT_OURS = re.compile(
    r"(?i)\b(?:software|firmware|hardware|app|bootloader|bluetooth|module|board|kernel|windows|android|ios|gui|tool|library|since|changes|"
    r"from revision|until|requires?|replaces|supersedes|modul|platine|seit|ersetzt)\b|软件|固件|硬件"
)
_LITERATURE = re.compile(r"\b[A-Z]{3,4}[A-Z0-9]\d{2,3}(?P<value>[A-Z])\b")
_PART_CODE = re.compile(r"^(?:[a-z]{1,4})?(?P<value>\d{4,6}f[a-z]?)$")
_STEM = re.compile(
    r"(?i)(?:^|[-_ .])(?:(?P<word>rev(?:ision)?|ver(?:sion)?)[-_ .]?|v)"
    r"(?P<value>\d{4,6}f[a-z]?|\d{1,3}(?:[._]\d{1,3}){0,3}[a-z]?|(?<=[-_ .])[a-z]|(?<=rev)[a-z])"
    r"(?=$|(?:[-_ .](?:[a-z]{2}|(?:19|20)\d\d(?:[-_.]\d\d){0,2}|final|draft))+$)"
)


_DECLARED = re.compile(r"(?i)\(?\brev(?:ision)?\.?\s*(?P<value>[A-Z]\d?|\d{1,3}(?:\.\d{1,3}){0,2})\)?\s*$")
_MANY = 3


def revision_clues(evidence: Evidence) -> list[Clue]:
    """Clues for the revision, in the order of the places."""
    clues = [clue for line in evidence.first for clue in in_line(line, TITLE_PAGE)]
    if len({clue.value for clue in clues}) >= _MANY:
        clues = []  # a table of earlier versions: which of them is this one?
    clues += [clue for line in evidence.running for clue in in_line(line, RUNNING)]
    declared = _DECLARED.search(evidence.metadata.get("title", ""))
    if declared:
        clues.append(Clue(declared["value"].upper(), PDF_METADATA, 0.7))
    in_name = _STEM.search(evidence.stem)
    if in_name:
        value = in_name["value"].replace("_", ".")
        clues.append(Clue(value.upper() if value.isalpha() else value, FILE_NAME, 0.6 if in_name["word"] else 0.5))
    return clues


def in_line(line: str, source: str) -> Iterator[Clue]:
    code = _PART_CODE.match(line)
    if code and source == RUNNING:
        yield Clue(code["value"], source, 0.8)
    if _NOT_OURS.search(line) and not _DOCUMENT.search(line):
        return
    literature = _LITERATURE.search(line)
    if literature and re.search(r"(?i)revised|literature|document number", line):
        yield Clue(literature["value"], source, 0.85)
    for match in _MARKED.finditer(line):
        value = match["value"].replace("_", ".")
        rest = line[: match.start()] + " " + line[match.end() :]
        for item in reversed(find_dates(rest)):
            rest = rest[: item.start] + rest[item.end :]
        rest = re.sub(r"(?i)\b(?:final|draft|date)\b|[^\w]+", " ", rest).strip()
        before = line[: match.start()]
        is_word = match.group(0)[:1] not in "vV" or match.group(0)[:3].casefold() == "ver"
        if not rest:
            yield Clue(value, source, 0.95 if is_word else 0.9)
        elif is_word and source == RUNNING and len(line) <= 60:
            yield Clue(value, source, 0.93)
        elif _DOCUMENT.search(before) and not _NOT_OURS.search(before[_last_document_word(before) :]):
            yield Clue(value, source, 0.92)
        elif is_word and match.end() >= len(line) - 1 and len(line) <= 70:
            yield Clue(value, source, 0.7)


def _last_document_word(text: str) -> int:
    return max(match.end() for match in _DOCUMENT.finditer(text))


def revision_order(revision: str) -> tuple[int, ...] | None:
    """A key by which revisions of the same style sort; None where there is no order. The first number is the style: 0 numbers, 1
    letters; a part code "68131f", "68131fa" is a first issue and its letters, below A."""
    code = re.fullmatch(r"\d{4,6}f([a-z]?)", revision)
    if code:
        return (1, ord(code[1].upper()) - 64, 0) if code[1] else (1, 0, 0)
    number = re.fullmatch(r"[vV]?(\d+(?:\.\d+)*)([a-z]?)", revision)
    if number:
        parts = [int(part) for part in number[1].split(".")]
        return (0, *parts, *[0] * (4 - len(parts)), ord(number[2]) - 96 if number[2] else 0)
    letter = re.fullmatch(r"([A-Za-z])(\d?)", revision)
    return (1, ord(letter[1].upper()) - 64, int(letter[2] or 0)) if letter else None
