"""Repairs of spelling: characters of odd encodings, mojibake, raised digits, words set with spaces between their letters.

In: a character with its font's name, a text, or a word's letters with their sizes and baselines. Out: what a reader reads there.
Every repair keeps `core.text.quote_key` where the page's own characters are known ones ("mm" with a raised 2 becomes "mm²", whose
key is "mm2"). Must not know pages, columns or PDF libraries.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DROPPED = frozenset("\u200b\u200c\u200d\u2060\ufeff\x00\x03\u200e\u200f")
_SPELLED = {"\x02": "-", "\xad": "-", "\ufffe": "-", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"}
_RAISED = str.maketrans("0123456789+-−–‐‑=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁻⁻⁼⁽⁾ⁿ")

# The built-in encoding of Adobe's Symbol font (PDF 32000-1, annex D.5), codes 0x20 up; TrueType copies of it show as U+F000 + code.
_SYMBOL_ROWS = {
    0x20: " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_",
    0x61: "αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…",
    0xBF: "↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑",
    0xE6: "⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪",
    0xF1: "〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
}
_SYMBOL = {start + offset: char for start, row in _SYMBOL_ROWS.items() for offset, char in enumerate(row)} | {0xE4: "™"}
# Private-use characters of Adobe's glyph list ("corporate use"): symbol variants and bracket pieces.
_CORPORATE = {0xF6D9: "©", 0xF6DA: "®", 0xF6DB: "™", 0xF8E8: "®", 0xF8E9: "©", 0xF8EA: "™"}
_WINGDINGS = {
    0x21: "✏", 0x22: "✂", 0x28: "☎", 0x29: "✆", 0x2A: "✉", 0x36: "⌛", 0x45: "☜", 0x46: "☞", 0x47: "☝", 0x4E: "☠", 0x6C: "●", 0x6D: "❍",
    0x6E: "■", 0x6F: "□", 0x70: "❐", 0x71: "❑", 0x72: "❒", 0x73: "⬧", 0x74: "⧫", 0x75: "◆", 0x76: "❖", 0x77: "⬥", 0x9F: "•", 0xA0: "▪",
    0xA1: "○", 0xA7: "▪", 0xA8: "□", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xEF: "⇦", 0xF0: "⇨", 0xF1: "⇧",
    0xF2: "⇩", 0xF3: "⬄", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}  # fmt: skip
_WEBDINGS = {0x61: "✓", 0x63: "□", 0x67: "■", 0x69: "ℹ", 0x72: "✗", 0x7E: "⚡", 0xEA: "⚠"}
_DINGBATS = {0x33: "✓", 0x34: "✔", 0x35: "✕", 0x36: "✖", 0x37: "✗", 0x38: "✘", 0x6C: "●", 0x6D: "❍", 0x6E: "■", 0x6F: "❏", 0x71: "❑",
             0x75: "◆", 0x76: "❖", 0xD4: "➔", 0xD5: "→", 0xD8: "➘", 0xE0: "➠", 0xE2: "➢", 0xE4: "➤"}  # fmt: skip


# Codes of the Symbol font that mean the same in a font of unknown name: signs of measure, not shapes.
_LIKELY = frozenset(
    {0x44, 0x57, 0x61, 0x62, 0x6C, 0x6D, 0x70, 0x71, 0xA3, 0xA5, 0xAE, 0xB0, 0xB1, 0xB3, 0xB4, 0xB7, 0xB8, 0xB9, 0xBB, 0xD7}
)


def symbol_table(font: str) -> dict[int, str] | None:
    """What the codes 0x20 to 0xFF of a symbol font show, by the font's name; None for a font of letters."""
    name = font.lower()
    if re.match(r"symbol(?:mt|ps|neu|std)?\b", name):
        return _SYMBOL
    if "wingdings" in name:
        return {} if re.search(r"wingdings\W?[23]", name) else _WINGDINGS
    if "webdings" in name:
        return _WEBDINGS
    return _DINGBATS if "dingbat" in name else None


def repaired_char(char: str, table: dict[int, str] | None) -> str:
    """One character as it reads: ligatures spelled out, the codes of a symbol font (`table`, from `symbol_table`) as the sign they
    show, marks without a shape gone."""
    code = ord(char) if len(char) == 1 else 0
    if 0x20 <= code < 0x7F and table is None:
        return char
    if char in _SPELLED:
        return _SPELLED[char]
    if char in _DROPPED:
        return ""
    if table is _SYMBOL and code < 0x100 and char.isalnum():
        return table.get(code, char)  # the font has no such letter: "m" stands for mu. (Bullets stay as every extractor reads them.)
    if 0xE000 <= code <= 0xF8FF:
        return _private(code, table) or char
    return char


def _private(code: int, table: dict[int, str] | None) -> str:
    if code in _CORPORATE:
        return _CORPORATE[code]
    low = code - 0xF000
    if table is not None:
        return table.get(low, "")
    return _SYMBOL[low] if low in _LIKELY else ""


_CP1252 = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_MOJIBAKE = re.compile(f"[\xc2-\xf4][\x80-\xbf{_CP1252}]{{1,3}}")


def repaired_text(text: str) -> str:
    """UTF-8 that was read as Windows-1252 read right again ("â€“" -> "–", "Â°" -> "°"); anything else as it is."""
    if not _MOJIBAKE.search(text):
        return text
    return _MOJIBAKE.sub(lambda match: _decoded(match.group()), text)


def _decoded(run: str) -> str:
    """A lead byte and what follows it; only letters, signs and punctuation of Western texts are believed."""
    raw = b"".join(_bytes(char) for char in run)
    wanted = 2 if raw[0] < 0xE0 else 3 if raw[0] < 0xF0 else 4
    try:
        char = raw[:wanted].decode("utf-8")
    except UnicodeDecodeError:
        return run
    code = ord(char)
    known = 0xA1 <= code < 0x180 or 0x370 <= code < 0x400 or 0x2010 <= code < 0x2040 or 0x20AC <= code < 0x2300 or 0x2500 <= code < 0x27C0
    return char + run[wanted:] if known else run


def _bytes(char: str) -> bytes:
    try:
        return char.encode("cp1252")
    except UnicodeEncodeError:
        return char.encode("latin-1")  # the five codes Windows-1252 leaves undefined


def raised(text: str) -> str:
    """Digits, signs and brackets as superscripts ("-3" -> "⁻³"); a text with anything else in it stays as it is."""
    superscript = text.translate(_RAISED)
    return superscript if not any(old == new for old, new in zip(text, superscript, strict=True)) else text


def is_spaced_word(letters: Sequence[str]) -> bool:
    """Whether single letters in a row, equally far apart, are one word set with wide spacing ("W A R N I N G") and not a row of names
    ("A B C D", "X X X X")."""
    if len(letters) < 4 or not all(letter.isalpha() for letter in letters):
        return False
    word = "".join(letters)
    if not (word.isupper() or word[1:].islower()) or len(set(word.casefold())) < 3:
        return False
    steps = {ord(after) - ord(before) for before, after in zip(word.casefold(), word.casefold()[1:], strict=False)}
    return steps != {1} and bool(re.search(r"[aeiouyäöü]", word.casefold())) and bool(re.search(r"[^aeiouyäöü]", word.casefold()))
