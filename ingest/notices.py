"""Safety notices: the signal word a text begins with -> its level.

In: the first words of a box or paragraph. Out: a `NoticeLevel` or None. Levels follow ANSI Z535.6 / ISO 3864: DANGER, WARNING,
CAUTION, NOTICE. Mapped onto them: ATTENTION, ACHTUNG, IMPORTANT, 警告 -> warning or notice as the table below says; NOTE, HINT,
TIP, HINWEIS, 注 -> notice. Must not know about pages.
"""

from __future__ import annotations

import re

from service.core.types import NoticeLevel

LEVELS: dict[str, NoticeLevel] = {
    "danger": "danger", "high voltage": "danger", "gefahr": "danger", "lebensgefahr": "danger", "危险": "danger",
    "warning": "warning", "warnung": "warning", "attention": "warning", "achtung": "warning", "警告": "warning",
    "caution": "caution", "vorsicht": "caution", "小心": "caution", "注意": "caution",
    "notice": "notice", "note": "notice", "notes": "notice", "important": "notice", "hinweis": "notice", "wichtig": "notice",
    "hint": "notice", "tip": "notice", "说明": "notice", "提示": "notice", "备注": "notice",
}  # fmt: skip

_WORDS = "|".join(sorted((re.escape(word) for word in LEVELS), key=len, reverse=True))
_SYMBOLS = r"[\s⚠⚡☠!▲△•*«»\"'\[(【]*"
_BEGINS = re.compile(rf"^{_SYMBOLS}({_WORDS})(s?)\s*(\d{{0,2}})\s*([!！:：\])】.—–-]|(?=\s|$))", re.I)
_ALONE = re.compile(rf"^{_SYMBOLS}({_WORDS})s?[\s!！:：\])】.]*$", re.I)


def level_of_line(text: str) -> NoticeLevel | None:
    """The level where the text is nothing but a signal word ("WARNING", "⚠ Caution!")."""
    match = _ALONE.match(text)
    return LEVELS[match.group(1).casefold()] if match else None


def level_of_text(text: str) -> NoticeLevel | None:
    """The level where the text begins with a signal word set off from what follows: in capitals, or before a colon, an
    exclamation mark or a dash. "Note that ..." is a sentence like any other; "Warning signs are yellow" too."""
    match = _BEGINS.match(text)
    if not match:
        return None
    word, plural, number, mark = match.group(1), match.group(2), match.group(3), match.group(4)
    level = LEVELS[word.casefold()]
    if mark in (":", "：", "!", "！", "]", "】", ")"):
        return level
    if word.isascii() and word.isupper() and not plural and not number and len(text) > match.end() + 2:
        return level
    if not word.isascii() and text[match.end() : match.end() + 1] in (" ", ""):
        return level
    return None
