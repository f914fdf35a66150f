"""Codes and names in a text: fault codes, CAN ids, registers, pins, part numbers, parameter and signal names -> keys for exact lookup.

In: any text (a table row, a question). Out: `Code`s with their place and a key. Two spellings of one code have one key ("P-0A80",
"p0a80"; "0x0A7", "0xA7", "0A7h"), two codes never share one: there is no fuzzy matching here, `near_misses` only names what a code
could be mistaken for. Quantities ("24 V"), sizes of screws and plain words are no codes. Must not know documents or stores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from service.core.text import fold, quantities

CodeKind = Literal["hex", "fault", "numbered", "name", "part"]
MAX_CODE_CHARS = 64


@dataclass(frozen=True, slots=True)
class Code:
    """One code: its kind, its key, and the characters [start, end) of the text it was found in."""

    kind: CodeKind
    key: str
    start: int
    end: int


_DASH = r"[-‐‑–]"
_L = r"[^\W_぀-ヿ㐀-鿿가-힯]"  # a letter or digit; Chinese, Japanese and Korean set no blanks around a code
_NUMBERED: dict[str, str] = {
    "error": r"(?:error|fault|alarm|failure|trip|diagnostic|trouble|fehler|störung|alarm)(?:s?[- ]?(?:codes?|numbers?|no\.?|nr\.?|ids?))?"
    r"|code|dtc|fehlercode|故障码?|错误码?|报警码?",
    "register": r"(?:holding |input )?register(?:s| address| addr\.?| no\.?)?|address|addr\.?|adresse|寄存器|地址",
    "parameter": r"parameter(?:s| no\.?| number| id)?|param\.?|par\.|参数",
    "command": r"(?:sub)?commands?(?: no\.?| number| code| id)?|msg|befehl|命令",
    "pin": r"(?:pin|terminal|contact)s?(?: ?(?:no\.?|nr\.?|number))?|klemme|kontakt|引脚|针脚|端子",
    "spn": r"spn", "fmi": r"fmi", "pgn": r"pgn", "bit": r"bits?", "index": r"index|subindex", "step": r"dip(?: ?switch)?|sw(?=\d)",
}  # fmt: skip
_VALUE = rf"[A-Z]{{0,3}}{_DASH}?\d{{1,6}}[A-Z]?(?:[./]\d{{1,3}})?"
_LABELLED = re.compile(
    "|".join(rf"(?P<{name}>(?<!{_L})(?<!-)(?:{words})(?![^\W\d_]))" for name, words in _NUMBERED.items()), re.I
)  # fmt: skip
_AFTER_LABEL = re.compile(rf"\s{{0,2}}[#:=]?\s{{0,2}}(?P<value>{_VALUE}|[A-Z])(?!{_L}|[.,]\d)")
_HEX = re.compile(rf"(?<!{_L})(?:0[xX](?P<c>[0-9A-Fa-f]{{1,16}})|(?P<h>[0-9A-Fa-f]{{1,8}})[hH]|\$(?P<d>[0-9A-F]{{2,8}}))(?!{_L})")
_FAULT = re.compile(rf"(?<!{_L})(?P<body>[PCBUpcbu]{_DASH}?[0-3][0-9A-Fa-f]{{3}})(?:[-:–](?P<type>[0-9A-Fa-f]{{2}}))?(?!{_L})")
_TOKEN = re.compile(rf"(?<!{_L}){_L}+(?:(?:_+|{_DASH}|[./]){_L}+)*(?!{_L})")
_SIZE = re.compile(r"M\d{1,2}(?:[.,]\d+)?(?:[x×*-]\d+(?:[.,]\d+)?)*|[A-Z]?\d{1,3}[x×]\d[\w.,×]*", re.I)
_UNITS = re.compile(
    r"\d+(?:[.,/-]\d+)*(?:st|nd|rd|th|x|[munkMG]?(?:V|A|W|Hz|Ah|Wh|Ω|F|H|s|m|g|N|J|bit|bps|bar|Pa|B)|VDC|VAC|Vdc|Vac|Nm|mm2?|cm2?|kbps|Mbps|"
    r"kbit|rpm|awg|p|k|M|C|K|h|min|sec|ppm|dB)",
    re.I,
)
_DATE = re.compile(r"\d{1,2}[-./](?:\d{1,2}|[A-Za-z]{3})[-./]\d{2,4}|\d{4}[-./]\d{1,2}(?:[-./]\d{1,2})?")
_CAMEL = re.compile(r"(?:[A-Z]+[a-z]{2,}|[a-z]{2,})(?:[A-Z][a-z]+\d*|[A-Z]{2,}\d*){1,}")
_ADDRESS = re.compile(r"www\.|.*\.(?:com|org|net|de|cn|io|html?|pdf|exe|zip|png)(?:/|$)|\d{4}-\d\d-\d\dT", re.I)


def find_codes(text: str) -> tuple[Code, ...]:
    """The codes of a text, in order, none overlapping another. The first pattern that fits wins: labelled numbers ("pin 14", "error
    12"), hexadecimal numbers, fault codes, names (VDD_IO, SleepEnable), part numbers and designations."""
    found: list[Code] = []
    taken: list[tuple[int, int]] = []
    for code in _all(text):
        if code.end - code.start <= MAX_CODE_CHARS and not any(code.start < end and start < code.end for start, end in taken):
            taken.append((code.start, code.end))
            found.append(code)
    return tuple(sorted(found, key=lambda code: code.start))


def _all(text: str) -> Iterator[Code]:
    for match in _FAULT.finditer(text):
        if any(char.isdigit() for char in match["body"][1:]) and (match["body"][0].isupper() or match["body"][-4:].isalnum()):
            yield Code("fault", _compact(match.group()), match.start(), match.end())
    for match in _HEX.finditer(text):
        yield from _hex(match)
    for label in _LABELLED.finditer(text):
        value = _AFTER_LABEL.match(text, label.end())
        if value and not _measured(text, value) and (len(value["value"]) > 1 or value["value"].isdigit() or label.lastgroup == "pin"):
            yield Code("numbered", numbered_key(label.lastgroup or "", value["value"]), value.start("value"), value.end())
    for match in _TOKEN.finditer(text):
        yield from _token(text, match)


def _hex(match: re.Match[str]) -> Iterator[Code]:
    digits = match["c"] or match["h"] or match["d"]
    if match["h"] and (len(digits) < 2 or digits.isalpha() or (digits.isdigit() and not digits.startswith("0"))):
        return  # "24h" is a time, "each" a word
    yield Code("hex", hex_key(digits), match.start(), match.end())


def _measured(text: str, value: re.Match[str]) -> bool:
    """The number has a unit: "code 5 V" is no code 5."""
    return bool(quantities(text[value.start("value") : value.end() + 6])) and value["value"].isdigit()


def _token(text: str, match: re.Match[str]) -> Iterator[Code]:
    token = match.group()
    if "_" in token:
        if any(char.isalpha() for char in token) and len(token) >= 4:
            yield Code("name", _key(token), match.start(), match.end())
        return
    letters, digits = sum(char.isalpha() for char in token), sum(char.isdigit() for char in token)
    if not token.isascii() or any(form.fullmatch(token) for form in (_SIZE, _UNITS, _DATE)) or _ADDRESS.match(token) or _is_quantity(token):
        return
    if letters and digits and (letters + digits >= 4 or (letters + digits >= 2 and token[0].isupper() and not token[0:1].isdigit())):
        if _ordinary(token):
            return
        yield Code("part", _key(token), match.start(), match.end())
    elif not letters and (digits >= 7 or (digits >= 6 and re.search(_DASH, token))) and "." not in token and "/" not in token:
        yield Code("part", _key(token), match.start(), match.end())
    elif letters and not digits and len(token) >= 6 and _CAMEL.fullmatch(token):
        yield Code("name", _key(token), match.start(), match.end())


def _ordinary(token: str) -> bool:
    """Compounds of words and numbers that name nothing: "3-phase", "16-bit", "and/or2", "2-wire"."""
    parts = re.split(rf"{_DASH}|[./]", token)
    return len(parts) > 1 and all(
        part.isdigit() or (part.isalpha() and (part.islower() or part.istitle()) and len(part) > 2) for part in parts
    )


def _is_quantity(token: str) -> bool:
    return any(quantity == fold(token) for quantity in quantities(token))


def _compact(text: str) -> str:
    return re.sub(rf"{_DASH}|[\s:]", "", text).casefold()


def _key(token: str) -> str:
    """Folded; dashes of any kind are one dash. "PM100-DX" and "PM100DX" stay two keys: a dash may tell two parts apart."""
    return re.sub(_DASH, "-", fold(token))


def hex_key(digits: str) -> str:
    """0A7 -> 0xa7: one key for every spelling of the number."""
    return "0x" + (digits.casefold().lstrip("0") or "0")


def numbered_key(label: str, value: str) -> str:
    """("pin", "014") -> "pin:14": numbers are only unique together with what they number."""
    compact = _compact(value)
    return f"{label}:{compact.lstrip('0') or '0'}" if compact.isdigit() else f"{label}:{compact}"


def label_of_head(head: str) -> str:
    """What the numbers below a column head number: "pin" for "Pin No.", "register" for "Address", "" for other heads."""
    match = _LABELLED.search(head)
    return (match.lastgroup or "") if match and len(head) <= 60 else ""


def near_misses(key: str, known: Iterable[str]) -> list[str]:
    """Known keys that a slip of the pen turns into this one, sorted: one character other, missing, too many, or two neighbours
    swapped (Damerau 1964). P0A80 and P0A08 are two faults."""
    return sorted(other for other in known if other != key and abs(len(other) - len(key)) <= 1 and _one_slip(key, other))


def _one_slip(a: str, b: str) -> bool:
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[at:], b[at:]
    return (
        rest_a[1:] == rest_b[1:]
        or rest_a == rest_b[1:]
        or rest_a[1:] == rest_b
        or (len(rest_a) > 1 and len(rest_b) > 1 and rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])
    )
