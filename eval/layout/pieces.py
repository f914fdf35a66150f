"""One page's labelled regions and parsed blocks, laid over its words: which words each has, and how they match.

In: a labelled page and the blocks of that page. Out: `PageView`: regions, pieces, their words and pairs. What belongs to what is defined
in `score.py`; nothing is counted here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eval.layout.truth import LabelledPage, Region, Word
from service.core.types import Block, Box

IOU = 0.5
CAPTION_KINDS = ("paragraph", "figure", "table")
_CAPTION = re.compile(r"^(?:table|tab\.|tabelle|figure|fig\.?|abbildung|abb\.|bild|图|表)\s*[A-Z]?\d", re.I)
_MAX_CAPTION = 300
_FIGURE_WORDS = 3
_REACH = 1.0
_WITHIN = 0.8


@dataclass(frozen=True, slots=True)
class Piece:
    """A block, or the rows of one table on one page. `words` index the page's words; `place` is its first block's place in the order."""

    kind: str
    blocks: tuple[Block, ...]
    words: frozenset[int]
    place: int

    @property
    def section(self) -> tuple[str, ...]:
        return self.blocks[0].section


def key(text: str) -> str:
    """Letters and digits only, folded and compatibility-normalised: the form in which texts are compared."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


class PageView:
    """`pieces` are all blocks; `whole_pieces()` those that regions are held against."""

    def __init__(self, page: LabelledPage, blocks: Sequence[tuple[int, Block]]) -> None:
        """`blocks`: (place in the document's order, block)."""
        self.page = page
        self.keys = [key(word.text) for word in page.words]
        self.weights = [max(1, len(text)) for text in self.keys]
        self.regions = [_as_caption(region, page) for region in page.regions if region.words]
        self.owner = {word: region for region in self.regions for word in region.words}
        self.pieces = self._pieces(blocks)
        self.covered: frozenset[int] = frozenset().union(*(piece.words for piece in self.pieces))

    def size(self, words: Iterable[int]) -> int:
        """Characters of words."""
        return sum(self.weights[word] for word in words)

    def text(self, words: Iterable[int], n: int = 70) -> str:
        """The beginning of what the words say."""
        return " ".join(self.page.words[word].text for word in sorted(words))[:n]

    def shared(self, region: Region, piece: Piece) -> int:
        """Characters that a region and a piece have in common."""
        return self.size(piece.words.intersection(region.words))

    def within(self, piece: Piece, region: Region) -> float:
        """The share of a piece that lies in a region."""
        return self.shared(region, piece) / max(1, self.size(piece.words))

    def largest(self, region: Region) -> Piece | None:
        """The piece that shares most with a region; None where none does."""
        piece = max(self.pieces, key=lambda piece: self.shared(region, piece), default=None)
        return piece if piece is not None and self.shared(region, piece) else None

    def matched(self, regions: Sequence[Region], pieces: Sequence[Piece], fits: Callable[[Region, Piece], bool]) -> list[tuple[int, int]]:
        """One-to-one pairs (region, piece), best first, with an IoU of at least one half."""
        pairs = [
            (self._iou(region, piece), r, p) for r, region in enumerate(regions) for p, piece in enumerate(pieces) if fits(region, piece)
        ]
        found: list[tuple[int, int]] = []
        for value, r, p in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            if value >= IOU and not any(r == other or p == another for other, another in found):
                found.append((r, p))
        return found

    def _iou(self, region: Region, piece: Piece) -> float:
        both = self.shared(region, piece)
        return both / max(1, self.size(region.words) + self.size(piece.words) - both)

    def whole_pieces(self) -> list[Piece]:
        """Pieces of one kind that lie in one region cut by a column are taken together; pieces mostly of words without a label are left
        out."""
        made: list[Piece] = []
        home: dict[tuple[int, str], int] = {}
        for piece in self.pieces:
            words = frozenset(word for word in piece.words if word in self.owner)
            if not words or 2 * self.size(words) < self.size(piece.words):
                continue
            piece = Piece(piece.kind, piece.blocks, words, piece.place)
            region = max(self.regions, key=lambda region: self.shared(region, piece))
            slot = (id(region), piece.kind)
            if self.within(piece, region) >= _WITHIN and piece.kind == region.kind and slot in home and is_cut(region, self.page.words):
                first = made[home[slot]]
                made[home[slot]] = Piece(first.kind, first.blocks + piece.blocks, first.words | words, first.place)
            else:
                home[slot] = len(made)
                made.append(piece)
        return made

    def is_free(self, region: Region) -> bool:
        """A figure with hardly a word in it may be a block or not."""
        n_words = sum(len(re.sub(r"\W|\d", "", self.page.words[word].text)) >= 3 for word in region.words)
        return region.kind == "figure" and n_words < _FIGURE_WORDS

    def is_free_piece(self, piece: Piece) -> bool:
        """Most of it is a caption, or a figure with hardly a word, as a block of a kind that is fine for it."""
        owners = Counter[int]()
        for word in piece.words:
            owners[id(self.owner[word])] += self.weights[word]
        free = {
            id(region) for region in self.regions
            if (region.kind == "caption" and piece.kind in CAPTION_KINDS) or (self.is_free(region) and piece.kind == "figure")
        }  # fmt: skip
        return sum(size for region, size in owners.items() if region in free) > 0.5 * self.size(piece.words)

    def label_of(self, piece: Piece) -> str:
        """What most of a piece is by label."""
        sizes = Counter[str]()
        for word in piece.words:
            sizes[self.owner[word].kind] += self.weights[word]
        return sizes.most_common(1)[0][0]

    def _pieces(self, blocks: Sequence[tuple[int, Block]]) -> list[Piece]:
        groups: dict[str, list[tuple[int, Block]]] = {}
        for place, block in blocks:
            table = block.kind in ("table", "table_row")
            groups.setdefault(f"table {block.group or block.block_id}" if table else block.block_id, []).append((place, block))
        pieces = []
        for group in groups.values():
            words = frozenset(word for _, block in group for word in self._words_of(block))
            kind = "table" if group[0][1].kind == "table_row" else group[0][1].kind
            pieces.append(Piece(kind, tuple(block for _, block in group), words, group[0][0]))
        return pieces

    def _words_of(self, block: Block) -> Iterable[int]:
        boxes: list[Box] = [line.box for line in block.lines] or [block.box]
        text = key(f"{block.marker} {block.text}")
        for index, word in enumerate(self.page.words):
            x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
            if self.keys[index] in text and any(
                box[0] - _REACH <= x <= box[2] + _REACH and box[1] - _REACH <= y <= box[3] + _REACH for box in boxes
            ):
                yield index


def is_cut(region: Region, words: Sequence[Word]) -> bool:
    """A column break runs through the region: a later word stands clearly above an earlier one."""
    if region.kind in ("table", "figure"):
        return False
    boxes = [words[word].box for word in region.words]
    return any(after[3] < before[1] - (before[3] - before[1]) for before, after in pairwise(boxes))


def _as_caption(region: Region, page: LabelledPage) -> Region:
    """The dev labels have no captions of their own: a figure's or paragraph's text that begins like one is one."""
    if region.section is not None or region.kind not in ("figure", "paragraph"):
        return region
    text = " ".join(page.words[word].text for word in region.words)
    if len(text) > _MAX_CAPTION or not _CAPTION.match(text):
        return region
    return Region("caption", region.box, region.words, region.order)
