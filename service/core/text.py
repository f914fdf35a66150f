"""The one analyzer: text -> terms, the same for indexing and for querying. Also the normal form used to compare quotes.

Terms are NFKC-folded, lower-case, lightly stemmed (plural "s" only: Harman's S-stemmer, JASIS 42(1), 1991, which cannot
merge technical words of different meaning). Codes stay whole *and* fall into their parts: "PM100-DX" gives "pm100dx",
"pm100", "dx"; "0x0A7" stays "0x0a7". A number and its unit become one term beside the number ("5 Nm", "5Nm" -> "5", "5nm").
Runs of Chinese, Japanese and Korean characters become overlapping pairs, as there are no blanks to split at.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ANALYZER_VERSION = "1"

_WORD = re.compile(r"[^\W_]+(?:[.,'/_+\-][^\W_]+)*")
_CJK = re.compile(r"[぀-ヿ㐀-䶿一-鿿가-힯]+")
_NUMBER_UNIT = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)*)\s?(nm|n·m|mm2|mm|cm|m|kv|mv|v|ka|ma|µa|a|kwh|wh|kw|mw|w|kohm|mohm|ohm|ω|kω|mω|hz|khz|mhz|ms|s|min|h|"
    r"kg|g|l|bar|mbar|kpa|mpa|psi|°c|%|ah|bit|bits|baud|kbps|kbit)(?![a-z0-9])"
)
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
    """The numbers with a unit in a text, each as one term: "5 Nm" -> "5nm"."""
    return [_number(number) + unit.replace("·", "") for number, unit in _NUMBER_UNIT.findall(fold(text))]


def _number(digits: str) -> str:
    """One spelling for a number: 1,200 -> 1200 and 0,5 -> 0.5."""
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", digits):
        return digits.replace(",", "")
    return digits.replace(",", ".")


def _stem(word: str) -> str:
    if len(word) > 3 and word.isascii() and word.isalpha() and word.endswith("s"):
        if word.endswith("ies") and word[-4] not in "ae":
            return word[:-3] + "y"
        if word.endswith("es") and word[-3] not in "aeo":
            return word[:-1]
        if word[-2] not in "ius":
            return word[:-1]
    return word


def analyze(text: str) -> list[str]:
    """Terms of a text, in order, repetitions kept, stop words gone."""
    folded = fold(text)
    terms: list[str] = []
    for match in _WORD.finditer(folded):
        word = match.group()
        if _CJK.search(word):
            for run in _CJK.findall(word):
                terms += [run[i : i + 2] for i in range(max(1, len(run) - 1))]
            word = _CJK.sub(" ", word)
            terms += [_stem(rest) for rest in word.split() if rest not in STOP_WORDS]
            continue
        terms += _terms(word)
    for match in _NUMBER_UNIT.finditer(folded):
        if match.group() != match.group(1) + match.group(2) or "·" in match.group(2):  # "5nm" is one word and a term already
            terms.append(_number(match.group(1)) + match.group(2).replace("·", ""))
    return terms


@lru_cache(maxsize=65536)
def _terms(word: str) -> tuple[str, ...]:
    if word in STOP_WORDS:
        return ()
    if re.fullmatch(r"\d+(?:[.,]\d+)*", word):
        return (_number(word),)
    pieces = [piece for piece in re.split(r"[.,'/_+\-]", word) if piece]
    if len(pieces) == 1:
        return (_stem(word),)
    whole = "".join(pieces)
    return tuple(dict.fromkeys([whole, *(_stem(piece) for piece in pieces if piece not in STOP_WORDS)]))
