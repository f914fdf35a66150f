"""Safety notices: the signal word a text begins with -> its level.

In: the first words of a box or paragraph. Out: a `NoticeLevel` or None. Levels follow ANSI Z535.6 / ISO 3864-2: DANGER, WARNING, CAUTION,
NOTICE. Other words are mapped onto them: ACHTUNG, ATTENTION, 警告 -> warning; VORSICHT, 注意, 小心 -> caution; NOTE, HINT, TIP, IMPORTANT,
HINWEIS, 提示 -> notice. Must not know about pages.
"""

from __future__ import annotations

import re

from service.core.types import NoticeLevel

_BY_LEVEL: dict[NoticeLevel, str] = {
    "danger": "danger gefahr lebensgefahr peligro pericolo 危险 危險",
    "warning": "warning warnung attention achtung avertissement advertencia avvertenza attenzione atención 警告 警示",
    "caution": "caution vorsicht precaución precaution prudence cautela 小心 注意 当心 當心",
    "notice": "notice note notes important hinweis hinweise sicherheitshinweis wichtig hint tip tipp remark remarks bemerkung anmerkung "
    "avis remarque nota aviso importante 说明 說明 提示 备注 備註 注 重要 重要提示",
}
LEVELS: dict[str, NoticeLevel] = {
    **{word: level for level, words in _BY_LEVEL.items() for word in words.split()},
    "please note": "notice",
    "bitte beachten": "notice",
    "请注意": "caution",
    "high voltage": "danger",
    "hochspannung": "danger",
    "mise en garde": "caution",
}
"""Signal word, lower case -> level."""

_HAZARDS = frozenset(("high voltage", "hochspannung"))
_NEED_A_MARK = frozenset(
    (*_HAZARDS, "please note", "bitte beachten", "说明", "說明", "备注", "備註", "注", "重要", "注意", "请注意", "当心", "當心")
)
"""Words that open ordinary sentences and titles too: they count only before a colon or an exclamation mark, or alone."""

_WORDS = "|".join(sorted((re.escape(word) for word in LEVELS), key=len, reverse=True))
_LABEL = (
    r"(?:(?:important|general|special|safety|electrical|additional|further|wichtiger?|allgemeiner?|weiterer)\s+)?"
    rf"(?P<word>{_WORDS})(?P<plural>s?)"
)
_SYMBOL = r"\s⚠⚡☠☢🛑❗❕‼!▲△⚫●*•·«»\"'\[({【〔（\ufe0f\ue000-\uf8ff"
_SIGNS = rf"(?P<signs>[{_SYMBOL}]*)"
_BEGINS = re.compile(
    rf"^{_SIGNS}{_LABEL}(?:\s*(?P<number>\d{{1,2}})(?=\s*[.:)]))?(?P<mark>\s*[:：!！\]】〕]|\.(?=\s)|\s+[—–-](?=\s)|\s*—|(?=\s|$))", re.I
)
_ALONE = re.compile(
    rf"^{_SIGNS}{_LABEL}(?:\s*[/|·–-]?\s*(?:{_WORDS}))?(?P<rest>[\s.:：!！\])】〕）⚠⚡☠❗‼▲△*»\"'\ufe0f\ue000-\uf8ff]*)$", re.I
)
_WARNING_SIGN = re.compile(r"^\s*(?:⚠|⚡|☠|❗|🛑)\ufe0f?\s*(?=\S+\s+\S+)")
_HAZARD = re.compile(
    r"HIGH VOLTAGE|ELECTRIC|SHOCK|HAZARD|RISK|HOT |FIRE|DO NOT|DEATH|HOCHSPANNUNG|LEBENSGEFAHR|STROMSCHLAG|VERLETZUNG", re.I
)
_MEANT = re.compile(r"(?:of|from|due|by|durch|von|vor|de|d['’])\b", re.I)
_BROKEN = re.compile(r"(?<=[A-ZÄÖÜ])[-‐]\s+(?=[A-ZÄÖÜ])")  # a word broken at a line end
_SPLIT = re.compile(r"(?<=[A-ZÄÖÜ])\s(?=[A-ZÄÖÜ]{1,3}\b)")  # letters set so far apart that extractors part them ("DANGE R")
_LABEL_CHARS = 16
_MIN_REST = 2


def level_of_line(text: str, boxed: bool = False) -> NoticeLevel | None:
    """The level where the text is nothing but a signal word ("WARNING", "⚠ Caution!"). "Notes" and "Warnings" are titles, unless a box
    is drawn around them or a colon follows."""
    text = _BROKEN.sub("", text)
    match = _ALONE.match(text) or _ALONE.match(_SPLIT.sub("", text[:40]))
    if not match or len(text) > 40:
        return None
    if (match["plural"] or match["word"].casefold() in ("notes", "hinweise", "remarks")) and not (boxed or ":" in match["rest"]):
        return None
    word = match["word"]
    if word.casefold() in _HAZARDS and not (word.isupper() or match["signs"].strip() or "!" in match["rest"]):
        return None  # a title
    return LEVELS[word.casefold()]


def level_of_text(text: str) -> NoticeLevel | None:
    """The level where the text begins with a signal word set off from what follows: in capitals, or before a colon, an exclamation mark
    or a dash. "Note that ..." is a sentence like any other; "Warning signs are yellow" and "WARNING LAMPS" too. A warning sign ("⚠")
    counts without a word."""
    match = _BEGINS.match(text)
    if match is None and (joined := _SPLIT.sub("", text[:_LABEL_CHARS]) + text[_LABEL_CHARS:]) != text:
        match, text = _BEGINS.match(joined), joined
    if match and (level := _level(match, text)) is not None:
        return level
    if sign := _WARNING_SIGN.match(text):
        return "danger" if "⚡" in sign.group() or "☠" in sign.group() else "warning"
    return None


def _level(match: re.Match[str], text: str) -> NoticeLevel | None:
    word, mark, rest = match["word"], match["mark"].strip(), text[match.end() :].strip()
    level = LEVELS[word.casefold()]
    if len(rest) < _MIN_REST or (match["signs"].endswith(("(", "（")) and text.rstrip().endswith((")", "）"))):
        return None
    if mark in (":", "：", "!", "！", "]", "】", "〕"):
        return level
    if word.casefold() in _NEED_A_MARK or match["plural"]:
        return None
    if not word.isascii() and not word.isupper():
        return level if text[match.end("word") : match.end("word") + 1] in (" ", "") or mark else None
    if mark:  # a dash or a full stop
        return level if word.isupper() or rest[:1].isupper() or match["number"] else None
    if match["number"]:
        return level
    return level if word.isupper() and _is_statement(rest) else None


def _is_statement(rest: str) -> bool:
    """What follows a signal word in capitals is said, not named: no title in capitals too ("WARNING LAMPS"), no word that goes on
    with it ("WARNING lamp")."""
    if rest[:1].islower():
        return bool(_MEANT.match(rest))
    if rest.upper() == rest and not rest.rstrip().endswith((".", "!")):
        return bool(_HAZARD.search(rest))
    return True
