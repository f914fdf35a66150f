"""A PDF page, through pdfium -> its words with boxes and fonts, its ruling lines and its pictures.

In: one open page. Out: a `Page` in PDF points, origin top-left of the page as displayed; a page most of whose text runs sideways is
turned first (`Page.turn`; `ingest.pdf.planes` leads back). Text that a reader cannot see is left out and counted: `ingest.pdf.hidden`.
Must not know what a word means: no columns, headings or tables here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.pdf.chars import INVISIBLE_MODE, SLANTED, UNKNOWN, Char, Frame, Style, plain_text, read_chars
from ingest.pdf.hidden import hidden_reasons
from ingest.pdf.mending import RISE, SCRIPT, TOUCH, once, tracking, unspaced, with_raised
from ingest.pdf.repair import raised, repaired_text
from service.core.types import Box

__all__ = ["Frame", "Page", "Word", "read_page"]

_BULLETS = frozenset("•‣⁃●○▪■□◦∙⚫◆▶►➢➤✓✔❖\uf0b7\uf0a7\uf0d8\uf0a8\uf076\uf09f\uf06e\uf06c\uf0fc")
_SIGNS = frozenset("←↑→↓↔⇐⇑⇒⇓⇔⇦⇧⇨⇩➔°±×÷≤≥≠≈−+-=∞√∑∆Ω′″®©™…⋅·/()[]{}<>,.:;%")
_LIGHT = 245


@dataclass(slots=True)
class Word:
    """A run of characters without a blank. `size` in points; `base` is its baseline; `light`: set in white; `bullet`: a mark that
    opens a list item; `n_blanks`: typed blanks right before it; `ink`: from 0 (black) to 1 (white)."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    bold: bool
    font: str
    light: bool = False
    bullet: bool = False
    n_blanks: int = 0
    ink: float = 0.0

    @property
    def box(self) -> Box:
        return (self.x0, self.y0, self.x1, self.y1)


@dataclass(slots=True)
class Page:
    """What stands on one page. `number` is physical, 1-based. `rules` are thin level or upright lines, `fills` coloured areas and
    `edges` their sides, `frames` stroked outlines, `strokes` curved and slanting lines (drawings), `images` pictures; `plain` is
    the page's text in pdfium's order, characters repaired.

    All boxes are those of the page turned clockwise by `turn` degrees, so that most of its text runs level. `aside` are the words at
    right angles to that (turn on top of `turn` -> words, in the boxes of a page turned so far), `n_slanted` counts characters at
    other angles, `n_garbled` those of words whose letters no font tells. `hidden` counts the characters nobody can see, by reason;
    `n_hidden` is their sum."""

    number: int
    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)
    edges: list[Box] = field(default_factory=list)
    fills: list[Box] = field(default_factory=list)
    frames: list[Box] = field(default_factory=list)
    images: list[Box] = field(default_factory=list)
    strokes: list[Box] = field(default_factory=list)
    n_hidden: int = 0
    n_paths: int = 0
    plain: str = ""
    turn: int = 0
    aside: dict[int, list[Word]] = field(default_factory=dict)
    n_slanted: int = 0
    n_garbled: int = 0
    hidden: dict[str, int] = field(default_factory=dict)


Letters = Callable[[str, int], str]
"""(font name, code) -> the letters a glyph without a Unicode value shows, "" where that is unknown."""


def read_page(page: Any, number: int, letters: Letters | None = None, has_layers: bool = False) -> Page:
    """The page's words, rules and pictures. `has_layers`: the file has layers that may be switched off. Raises
    pypdfium2.PdfiumError where pdfium cannot read it."""
    from ingest.pdf.drawing import read_drawing

    text_page = page.get_textpage()
    try:
        frame = Frame(page)
        chars = read_chars(text_page, frame, letters)
        turn = _main_turn(chars)
        if turn:
            frame = Frame(page, turn)
            chars = read_chars(text_page, frame, letters)
        result = Page(number, frame.width, frame.height, turn=turn, plain=plain_text(chars))
        scene = read_drawing(page, frame, result, has_layers)
        reasons = hidden_reasons(page, frame, chars, scene)
    finally:
        text_page.close()
    result.hidden = dict(Counter(reason for reason in reasons if reason))
    result.n_hidden = sum(result.hidden.values())
    words = _words(chars, reasons, frame, result)
    result.words = words.pop(0, [])
    result.aside = words
    return result


def _main_turn(chars: Sequence[Char]) -> int:
    """How most of the text runs. Level wins where it is a third of it: a page with a figure or table on its side stays upright."""
    styles = [char.style for char in chars if char.style is not None and char.text != " "]
    counts = Counter(style.turn for style in styles if style.turn != SLANTED and style.mode != INVISIBLE_MODE)
    if not counts or counts[0] * 3 > counts.total():
        return 0
    return counts.most_common(1)[0][0]


def _words(chars: Sequence[Char], reasons: Sequence[str], frame: Frame, page: Page) -> dict[int, list[Word]]:
    builder = _Builder(frame, tracking(chars))
    for char, reason in zip(chars, reasons, strict=True):
        style = char.style
        if style is None or char.text == " ":
            builder.blank(char)
        elif reason:
            builder.end()
        elif style.turn == SLANTED:
            page.n_slanted += 1
            builder.end()
        elif char.text:
            builder.add(char, style)
    builder.end()
    found: dict[int, list[Word]] = {}
    for turn, words in builder.words.items():
        found[turn] = once(with_raised(unspaced([word for word in words if not _is_garbled(word)])))
        page.n_garbled += sum(len(word.text) for word in words if _is_garbled(word))
    return found


def _is_garbled(word: Word) -> bool:
    """A fifth of its characters are glyphs without a known letter."""
    n_unknown = sum(char == UNKNOWN or 0xE000 <= ord(char) <= 0xF8FF for char in word.text) if not word.text.isascii() else 0
    return not word.bullet and n_unknown > 0.2 * len(word.text)


@dataclass(slots=True)
class _Letter:
    text: str
    x0: float
    x1: float
    base: float
    size: float
    address: int


class _Builder:
    """Characters in pdfium's order -> words, by the turn they are level at."""

    def __init__(self, frame: Frame, tracking: Mapping[int, float]) -> None:
        self.words: dict[int, list[Word]] = {}
        self._frame, self._tracking = frame, tracking
        self._n_blanks = 0
        self._word: Word | None = None
        self._closed: Word | None = None  # the last word, where only a doubtful blank came after it
        self._letters: list[_Letter] = []
        self._turn = 0

    def blank(self, char: Char) -> None:
        """A blank between words: typed, or made up by pdfium."""
        made_up = char.style is None
        word, letters = self._word, self._letters
        closed = word if word is not None else self._closed
        self.end()
        doubtful = made_up or (len(letters) > 0 and len(letters[-1].text) > 1)
        self._closed, self._letters = (closed, letters) if doubtful else (None, [])
        self._n_blanks = 0 if char.text == "\n" else self._n_blanks + (not made_up)

    def end(self) -> None:
        """Close the word that is open."""
        if self._word is not None:
            self._word.text = repaired_text(_scripted(self._letters))
        self._word = self._closed = None
        self._letters = []

    def add(self, char: Char, style: Style) -> None:
        """Put one visible character onto the open word, or begin a new one."""
        box, base = char.box, char.y
        if style.turn:
            box = self._turned(box, style.turn)
            base = self._turned((char.x, char.y, char.x, char.y), style.turn)[1]
        letter = _Letter(char.text, box[0], box[2], base, style.size, style.address)
        if self._word is None and self._closed is not None and style.turn == self._turn and self._goes_on(self._letters[-1], letter):
            self._word = self._closed
        word = self._word
        if word is not None and style.turn == self._turn and self._follows(word, letter):
            last = self._letters[-1]
            struck = last.text == letter.text and last.address != style.address
            if struck and abs(last.x0 - letter.x0) + abs(last.base - letter.base) < 0.2 * min(letter.x1 - letter.x0, style.size):
                return  # struck twice
            self._letters.append(letter)
            word.text += char.text
            word.x0, word.y0 = min(word.x0, box[0]), min(word.y0, box[1])
            word.x1, word.y1 = max(word.x1, box[2]), max(word.y1, box[3])
            if style.size > word.size * 1.2:
                word.size, word.base = style.size, base
            return
        self.end()
        bullet = char.text in _BULLETS or (style.pictures and char.text not in _SIGNS)
        red, green, blue = style.rgb
        ink = 1 - (1 - (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255) * style.alpha / 255
        light = min(style.rgb) >= _LIGHT
        self._word = Word(char.text, *box, base, style.size, style.bold, style.font, light, bullet, self._n_blanks, ink)
        self._letters = [letter]
        self.words.setdefault(style.turn, []).append(self._word)
        self._n_blanks = 0
        self._turn = style.turn
        if bullet:
            self.end()

    def _follows(self, word: Word, letter: _Letter) -> bool:
        size = max(word.size, letter.size)
        return abs(letter.base - word.base) <= 0.6 * size and -0.9 * size < letter.x0 - word.x1 < 0.3 * size

    def _goes_on(self, before: _Letter, letter: _Letter) -> bool:
        """Whether a blank stands inside a word: made up at a script or between letters set wide, or set without width behind a
        ligature."""
        gap = letter.x0 - before.x1
        if before.base == letter.base and before.address == letter.address:
            if len(before.text) > 1 and abs(gap) < TOUCH * letter.size:
                return True
            usual = self._tracking.get(letter.address, 0.0)
            return 0 < gap < 1.5 * usual + 0.03 * letter.size and usual > 0
        return _is_script(before, letter)

    def _turned(self, box: Box, turn: int) -> Box:
        """The box on a page turned clockwise by `turn`: there the character is level."""
        x0, y0, x1, y1 = box
        wide, high = self._frame.width, self._frame.height
        if turn == 90:
            return (high - y1, x0, high - y0, x1)
        if turn == 180:
            return (wide - x1, high - y1, wide - x0, high - y0)
        if turn == 270:
            return (y0, wide - x1, y1, wide - x0)
        return box


def _is_script(before: _Letter, letter: _Letter) -> bool:
    """Side by side, one of them small and off the other's baseline: a sub- or superscript, or what goes on behind one."""
    large, small = max(before.size, letter.size), min(before.size, letter.size)
    rise = abs(before.base - letter.base)
    return small <= SCRIPT * large and 0.06 * large < rise <= 0.6 * large and -0.2 * large < letter.x0 - before.x1 < TOUCH * small


def _scripted(letters: Sequence[_Letter]) -> str:
    """The letters as text, raised digits and signs as superscripts."""
    first = letters[0]
    if all(letter.size == first.size and letter.base == first.base for letter in letters):
        return "".join([letter.text for letter in letters])
    large = max(letter.size for letter in letters)
    main = sorted(letter.base for letter in letters if letter.size > SCRIPT * large)
    base = main[len(main) // 2]
    text = run = ""
    for letter in letters:
        rise = base - letter.base
        if rise > RISE * large and (letter.size <= SCRIPT * large or rise > 0.25 * large):
            run += letter.text
        else:
            text, run = text + (raised(run) if run else "") + letter.text, ""
    return text + (raised(run) if run else "")
