"""Texts in, yes or no out: does a spelling stand in an answer, does a quote stand on a page, what are the claims of an answer.

Both sides of every comparison are normalised alike: case, white space, dashes, mu and ohm signs, thousands separators. It must
not know gold items, indexes or scores.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from eval.symbols import readings
from service.core.text import fold

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_THOUSANDS = re.compile(r"(?<![\d.,])([1-9]\d{0,2}(?:,\d{3})+)(?![\d,])")
_SPACED_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
_FREE_BLANK = re.compile(r"(?<=\d) ?(?=[^\W\d_]|[%°‰])|(?<=±) ?(?=\d)")  # "5 Nm" and "5Nm", "± 1" and "±1" are one spelling
_ENUMERATOR = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+")
_JOINED_HYPHEN = re.compile(r"(?<=[^\W\d_])-\s*(?=[^\W\d_])")
_LINE_HYPHENS = re.compile("[\ufffe\x02]")  # what pdfium gives for a hyphen at a line's end
MARKER = re.compile(r"\[(\d{1,3})\]")
_MARKERS = re.compile(r"(?:\s*\[\d{1,3}\])+\s*[.!?;,:]?")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+(?=[A-ZÄÖÜ(\"“])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|max|min|no|nos|fig|figs|sec|ch|p|pp|vs|etc|ca|cf|dr|mr|ms|st|rev|ver|tab|ref|incl|nr|abb|z\.b)|\b[A-Z])\.$",
    re.IGNORECASE,
)

Form = Literal["blanks", "squeezed"]


def cased(text: str) -> str:
    """Compatibility-normalised with one kind of dash, thousands separators gone, white space collapsed; case kept (mW, MW)."""
    plain = unicodedata.normalize("NFKC", _SPACED_THOUSANDS.sub("", text)).translate(_DASHES)
    return _THOUSANDS.sub(lambda match: match.group().replace(",", ""), " ".join(plain.split()))


def normal(text: str) -> str:
    """The form in which spellings are compared: `cased` and folded ("1,000  Nm" -> "1000 nm")."""
    return fold(cased(text))


def spelling_pattern(spelling: str) -> re.Pattern[str]:
    """Matches a spelling in a `normal` text as a whole number or word: "5 V" neither in "15 V" nor in "5 VA", "no" not in "note".
    The blank between number and unit is free, and so are endings of words longer than three letters ("anodiz": "anodized")."""
    key = normal(spelling)
    before = r"(?<!\d)(?<!\d[.,])" if key[:1].isdigit() else r"(?<![a-z0-9])" if key[:1].isascii() and key[:1].isalpha() else ""
    last = re.search(r"[a-z]+$", key)
    after = r"(?![.,]?\d)" if key[-1:].isdigit() else r"(?![a-z])" if last and len(last.group()) <= 3 else ""
    return re.compile(before + " ?".join(map(re.escape, _FREE_BLANK.split(key))) + after)


def mentions(text: str, spellings: tuple[str, ...]) -> bool:
    """Whether any spelling stands in the text."""
    key = normal(text)
    return any(spelling_pattern(spelling).search(key) for spelling in spellings)


def without_markers(text: str) -> str:
    """The text without its [n] markers."""
    return re.sub(r"\s*\[\d{1,3}\]", "", text)


def markers(text: str) -> list[int]:
    """The numbers of the [n] markers, in order, repetitions kept."""
    return [int(number) for number in MARKER.findall(text)]


def squeeze(text: str) -> tuple[str, list[int]]:
    """The looser form for quotes: folded, hyphens between letters and all white space gone; with the place of each kept character in
    the folded text, so that word and number borders can still be looked at."""
    folded = fold(_LINE_HYPHENS.sub("-\n", text))
    dropped = {place for match in _JOINED_HYPHEN.finditer(folded) for place in range(match.start(), match.end())}
    places = [place for place, character in enumerate(folded) if not character.isspace() and place not in dropped]
    return "".join(folded[place] for place in places), places


def _cuts_number(text: str, start: int, end: int) -> bool:
    """Whether [start, end) begins or ends inside a number of the text: "5 V" out of "15 V" or "1.5 V" is no quote."""
    before = text[start].isdigit() and re.search(r"\d[.,]?$", text[max(0, start - 2) : start])
    after = text[end - 1].isdigit() and re.match(r"[.,]?\d", text[end : end + 2])
    return bool(before or after)


def quote_on_page(quote: str, page_text: str) -> Form | None:
    """In which form the quote stands on the page: "blanks" (white space collapsed), else "squeezed" (white space and hyphens
    between letters removed: extractors set line ends, ligatures and kerning differently), else None. An empty quote stands nowhere.
    Codes of symbol fonts are read as the PDF reader reads them (`eval.symbols`)."""
    return next((form for text in readings(page_text) if (form := _form(quote, text))), None)


def _form(quote: str, page_text: str) -> Form | None:
    wanted = " ".join(fold(_LINE_HYPHENS.sub("-\n", quote)).split())
    if not wanted:
        return None
    page = " ".join(fold(_LINE_HYPHENS.sub("-\n", page_text)).split())
    if _found(wanted, page):
        return "blanks"
    wanted, _ = squeeze(quote)
    page, places = squeeze(page_text)
    folded = fold(_LINE_HYPHENS.sub("-\n", page_text))
    start = page.find(wanted) if wanted else -1
    while start >= 0:
        if not _cuts_number(folded, places[start], places[start + len(wanted) - 1] + 1):
            return "squeezed"
        start = page.find(wanted, start + 1)
    return None


def _found(wanted: str, page: str) -> bool:
    start = page.find(wanted)
    while start >= 0:
        if not _cuts_number(page, start, start + len(wanted)):
            return True
        start = page.find(wanted, start + 1)
    return False


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer, without markers, and the citations it stands on (by marker number)."""

    text: str
    markers: tuple[int, ...]


def claims(answer: str) -> list[Claim]:
    """The sentences of an answer. A run of markers closes what stands before it since the line's start or the last marker: all its
    sentences stand on these markers. Text after a line's last marker stands on none. A line that ends in a colon and cites
    nothing introduces the next lines and claims nothing."""
    found: list[Claim] = []
    for line in (_ENUMERATOR.sub("", line) for line in answer.splitlines()):
        start = 0
        for match in _MARKERS.finditer(line):
            numbers = tuple(dict.fromkeys(markers(match.group())))
            found += [Claim(text, numbers) for text in sentences(line[start : match.start()])]
            start = match.end()
        rest = line[start:]
        if start or not rest.rstrip().endswith((":", "：")):
            found += [Claim(text, ()) for text in sentences(rest)]
    return found


def sentences(text: str) -> list[str]:
    """Pieces with at least one letter or digit, split at full stops before a capital, not after abbreviations and initials."""
    pieces: list[str] = []
    for piece in _SENTENCE_END.split(text):
        if pieces and _ABBREVIATION.search(pieces[-1]):
            pieces[-1] += " " + piece
        else:
            pieces.append(piece)
    return [piece.strip() for piece in pieces if re.search(r"\w", piece)]
