"""Words put right among each other: superscripts drawn apart, words set letter by letter, words struck twice.

In: the words of a page that run one way, in pdfium's order. Out: the same, fewer. Must not know characters or pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from ingest.pdf.repair import is_spaced_word, raised

if TYPE_CHECKING:
    from ingest.pdf.chars import Char
    from ingest.pdf.words import Word

SCRIPT = 0.85
"""Letters smaller than this share of their neighbours may be sub- or superscripts."""
RISE = 0.12
TOUCH = 0.12
"""Ems: how far a superscript stands above the baseline at least, and how wide a gap may be in one word."""
_MIN_GAPS = 3
_TRACKED_EM = 0.06


def tracking(chars: Sequence[Char]) -> dict[int, float]:
    """Address of a text object set with wide letter spacing, in which pdfium sees blanks -> the usual gap between its letters, points."""
    doubtful = {
        after.style.address
        for before, char, after in zip(chars, chars[1:], chars[2:], strict=False)
        if char.style is None and before.style is not None and after.style is not None and before.style is after.style
    }
    gaps: dict[int, list[float]] = {address: [] for address in doubtful}
    last: Char | None = None
    for char in chars if doubtful else ():
        if char.style is None:
            continue
        if char.text == " ":
            last = None
        elif char.style.address in doubtful and char.style.turn == 0:
            if last is not None and last.style is char.style:
                gaps[char.style.address].append(char.box[0] - last.box[2])
            last = char
    sizes = {char.style.address: char.style.size for char in chars if char.style is not None} if doubtful else {}
    usual = {address: median(own) for address, own in gaps.items() if len(own) >= _MIN_GAPS}
    return {address: gap for address, gap in usual.items() if _TRACKED_EM * sizes[address] < gap < sizes[address]}


def with_raised(words: list[Word]) -> list[Word]:
    """Raised digits drawn apart from their word (all superscripts of a page at its end, say) put where they stand."""
    ends: dict[int, list[Word]] = {}
    for word in words:
        ends.setdefault(int(word.x1 / 8), []).append(word)
    gone: set[int] = set()
    for word in words:
        if len(word.text) > 4 or word.text[0].isalpha():
            continue
        superscript = raised(word.text)
        if superscript == word.text:
            continue
        for owner in (owner for place in (-1, 0, 1) for owner in ends.get(int(word.x0 / 8) + place, ())):
            rise = owner.base - word.base
            beside = -0.15 * owner.size < word.x0 - owner.x1 < TOUCH * owner.size
            if beside and word.size <= SCRIPT * owner.size and RISE * owner.size < rise <= 0.6 * owner.size and id(owner) not in gone:
                owner.text += superscript
                owner.x1, owner.y0 = max(owner.x1, word.x1), min(owner.y0, word.y0)
                gone.add(id(word))
                break
    return [word for word in words if id(word) not in gone]


def unspaced(words: list[Word]) -> list[Word]:
    """Words set letter by letter with space between made whole."""
    kept: list[Word] = []
    index = 0
    while index < len(words):
        run = _spaced_run(words, index) if len(words[index].text) == 1 else []
        if len(run) > 1 and is_spaced_word([word.text for word in run]):
            whole = run[0]
            whole.text = "".join(word.text for word in run)
            whole.x1, whole.y0, whole.y1 = run[-1].x1, min(word.y0 for word in run), max(word.y1 for word in run)
            kept.append(whole)
            index += len(run)
        else:
            kept.append(words[index])
            index += 1
    return kept


def _spaced_run(words: Sequence[Word], start: int) -> list[Word]:
    """Single letters from `start` on, on one baseline, equally far apart."""
    run = [words[start]]
    gap = 0.0
    for word in words[start + 1 :]:
        last = run[-1]
        step = word.x0 - last.x1
        if len(word.text) > 1 or len(last.text) > 1 or abs(word.base - last.base) > 0.5 or abs(word.size - last.size) > 0.5:
            break
        if not 0.05 * word.size < step < word.size or (len(run) > 1 and abs(step - gap) > 0.35 * gap + 0.04 * word.size):
            break
        gap = step if len(run) == 1 else gap
        run.append(word)
    return run


def once(words: list[Word]) -> list[Word]:
    """Of words drawn twice or more in nearly one place (fake bold, shadows) the last, which lies on top, at the place of the first."""
    places: dict[tuple[str, int], list[int]] = {}
    kept: list[Word] = []
    for word in words:
        line = int(word.base / 4)
        twin = None
        for key in (line - 1, line, line + 1):
            for place in places.get((word.text, key), ()):
                twin = place if _is_same_place(kept[place], word) else twin
        if twin is not None:
            word.n_blanks = kept[twin].n_blanks
            kept[twin] = word
        else:
            places.setdefault((word.text, line), []).append(len(kept))
            kept.append(word)
    return kept


def _is_same_place(one: Word, other: Word) -> bool:
    near = 0.25 * min(one.size, other.size)
    return abs(one.x0 - other.x0) < near and abs(one.x1 - other.x1) < near and abs(one.base - other.base) < near
