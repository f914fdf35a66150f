"""The one analyzer: text -> terms, the same for indexing and for querying. Also the normal form used to compare quotes.

Terms are NFKC-folded, lower-case, lightly stemmed (plural "s" only: Harman's S-stemmer, JASIS 42(1), 1991, which cannot
merge technical words of different meaning). Codes stay whole *and* fall into their parts: "PM100-DX" gives "pm100dx",
"pm100", "dx"; "0x0A7" stays "0x0a7". Words joined by capitals do the same ("SleepEnable" gives "sleep" and "enable" as well). A number
and its unit become one term beside the number, however the unit is spelled ("5 Nm", "5 N·m" -> "5nm"; "5 seconds", "5 s" -> "5s"). CAN
the bus is "canbus", so that it is not lost with "can" the verb. Runs of Chinese, Japanese and Korean characters become overlapping pairs,
as there are no blanks to split at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

ANALYZER_VERSION = "2"

_WORD = re.compile(r"[^\W_]+(?:[.,'/_+\-][^\W_]+)*")
_CJK = re.compile(r"[぀-ヿ㐀-䶿一-鿿가-힯]+")
_UNITS = {
    "nm": r"n[ ·⋅∙*.\-]?m|newton[ \-]?met(?:er|re)s?",
    "lbft": r"(?:ft|foot)[ ·\-.]?lbf?s?|lbf?s?[ ·\-.]?(?:ft|feet)",
    "lbin": r"in[ ·\-.]lbf?s?|lbf?s?[ ·\-.]?in",
    "mm2": r"mm\^?2|sq\.?[ \-]?mm|qmm",
    "kωm": r"kω[ ·]?m",
    "kω": r"k[ \-]?ohms?|kω",
    "mω": r"m[ \-]?ohms?|mω",
    "ω": r"ohms?|ω",
    "°c": r"° ?c|deg(?:rees?)?\.? ?c(?:elsius)?",
    "kv": r"kv(?: ?[da]c)?",
    "mv": r"mv|millivolts?",
    "v": r"v(?: ?[da]c)?|volts?",
    "ka": r"ka",
    "ma": r"ma|milliamps?",
    "µa": r"µa|microamps?",
    "ah": r"ah|amp(?:ere)?[ \-]hours?",
    "a": r"a|amp(?:ere)?s?",
    "kwh": r"kwh",
    "wh": r"wh",
    "kw": r"kw|kilowatts?",
    "mw": r"mw",
    "w": r"w|watts?",
    "khz": r"khz",
    "mhz": r"mhz",
    "hz": r"hz|hertz",
    "ms": r"ms|msec|milliseconds?",
    "s": r"s|secs?|seconds?|sekunden?",
    "min": r"mins?|minutes?|minuten?",
    "h": r"h|hrs?|hours?|stunden?",
    "%": r"%|percent|prozent",
    "rpm": r"rpm|r/min|u/min|1/min",
    "kbps": r"kbps|kbit/s|kbits?/s",
} | {unit: unit for unit in ("mm", "cm", "m", "kg", "g", "l", "bar", "mbar", "kpa", "mpa", "psi", "bit", "bits", "baud", "kbit")}
_SPELLED = {f"u{place}": unit for place, unit in enumerate(_UNITS)}
_NUMBER_UNIT = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)*)\s?(?:" + "|".join(f"(?P<{name}>(?:{_UNITS[unit]})(?![a-z0-9]))" for name, unit in _SPELLED.items()) + ")"
)
_CAN = re.compile(r"\bCAN\b|\bcan(?=[ \-](?:bus|id|ids|message|messages|msg|frame|frames|baud)\b)")
_JOINED = re.compile(r"(?<![^\W_])(?:[A-Z]?[a-z]+(?:[A-Z][a-z]+)+|[A-Z]+[a-z]+(?:[A-Z][a-z]*)+)(?![^\W_])")
_JOINT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_STOPPED = """
a an and are as at be been being by can could did do does for from had has have how i if in into is it its may me my of on or our shall
should so than that the their them then there these they this those to up us was we were what when where which while who whom whose why
will with would you your am about any also just get got der die das und ist ein eine
"""
STOP_WORDS = frozenset(_STOPPED.split())
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_FOLD = {
    **_DASHES,
    ord("µ"): "µ",
    ord("μ"): "µ",
    ord("Ω"): "ω",
    ord("Ω"): "ω",
    ord("’"): "'",
    ord("‘"): "'",
    ord("“"): '"',
    ord("”"): '"',
    ord("\u00ad"): "",
}


def fold(text: str) -> str:
    """Compatibility-normalised, lower case, one dash, one mu, one ohm, no soft hyphens."""
    return unicodedata.normalize("NFKC", text.translate(_FOLD)).translate(_FOLD).casefold()


def quote_key(text: str) -> str:
    """Normal form for "does this quote stand on that page": folded, without white space and hyphens, which extractors set
    differently (line ends, ligatures, kerning)."""
    return re.sub(r"[\s\-]+", "", fold(text))


def quantities(text: str) -> list[str]:
    """The numbers with a unit in a text, each as one term, one spelling a unit: "5 Nm" and "5 N·m" -> "5nm"; "10 kOhm" -> "10kω"."""
    return [term for term, _ in _quantities(fold(text))]


def _quantities(folded: str) -> Iterator[tuple[str, str]]:
    """(term, as it is written)."""
    for match in _NUMBER_UNIT.finditer(folded):
        yield _number(match.group(1)) + _SPELLED[match.lastgroup or ""], match.group()


def _number(digits: str) -> str:
    """One spelling for a number: 1,200 -> 1200 and 0,5 -> 0.5."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", digits):
        return digits.replace(",", "")
    return digits.replace(",", ".")


def stem(word: str) -> str:
    """A folded word without its plural "s"."""
    if len(word) > 3 and word.isascii() and word.isalpha() and word.endswith("s"):
        if word.endswith("ies") and word[-4] not in "ae":
            return word[:-3] + "y"
        if word.endswith("es") and word[-3] not in "aeo":
            return word[:-1]
        if word[-2] not in "ius":
            return word[:-1]
    return word


def analyze(text: str) -> list[str]:
    """Terms of a text, in order, repetitions kept, stop words gone; the terms of quantities and of words in words follow at the end."""
    folded = fold(_CAN.sub("canbus", text))
    terms: list[str] = []
    for match in _WORD.finditer(folded):
        word = match.group()
        if _CJK.search(word):
            for run in _CJK.findall(word):
                terms += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
            word = _CJK.sub(" ", word)
            terms += [stem(rest) for rest in word.split() if rest not in STOP_WORDS]
            continue
        terms += _terms(word)
    terms += [term for term, written in _quantities(folded) if term != written or not term.isalnum()]  # "5nm" is a term already
    for joined in _JOINED.findall(text):
        pieces = (piece.casefold() for piece in _JOINT.findall(joined))
        terms += [stem(piece) for piece in pieces if len(piece) > 1 and piece not in STOP_WORDS]
    return terms


@lru_cache(maxsize=65536)
def _terms(word: str) -> tuple[str, ...]:
    if word in STOP_WORDS:
        return ()
    if re.fullmatch(r"\d+(?:[.,]\d+)*", word):
        return (_number(word),)
    pieces = [piece for piece in re.split(r"[.,'/_+\-]", word) if piece]
    if len(pieces) == 1:
        return (stem(word),)
    whole = "".join(pieces)
    return tuple(dict.fromkeys([whole, *(stem(piece) for piece in pieces if piece not in STOP_WORDS)]))
