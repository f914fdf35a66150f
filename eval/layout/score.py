"""A labelled document and its parsed blocks -> counts and faults. Pure functions; figures are made in `tally.py`.

Everything is held against the words of the page as pdfium shows them. A word belongs to a block when its centre lies in one of the
block's line boxes (in its box where it has no lines) and its letters and digits stand in the block's text. Words weigh as many
characters as they have letters and digits, at least one. Pieces are blocks, but the rows of one table on one page are one piece,
head rows included.

- kinds: regions and pieces of the same kind, one to one, where the characters they share are at least half of those of both together.
  A region cut by a column may be found in parts. Free (neither right nor wrong): captions as paragraph, figure, table or nothing;
  figures with fewer than three words; words without a label.
- pairs: regions found whatever the kind (same rule), two by two on one page, in the same order.
- sections: for every body region, the path of the piece that shares most with it; equal letter by letter, but for white space, case
  and the document's own title in front. `parent`: only the last element, against the labelled heading's text.
- notices: kind and level right, at least 90 % of the region's characters in the piece, and the piece at most 110 % of them.
- furniture, contents: characters of words of these labels in blocks, of all characters in blocks. lost: body characters in no block
  (figure labels and contents apart; a caption may stand in `Block.caption`).
- hidden: strings of which no word stands in any block. honest: visible body characters of documents with hidden text or near misses;
  those in no block count as falsely flagged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from eval.layout.cells import count_cells
from eval.layout.pieces import CAPTION_KINDS, PageView, Piece, key
from eval.layout.tally import Fault, Score
from eval.layout.truth import KINDS, LabelledDocument, LabelledPage, Region
from service.core.types import Block

COVERS, EXCEEDS = 0.90, 1.10


def score_document(document: LabelledDocument, blocks: Sequence[Block]) -> Score:
    """All counts of one document. `blocks` in reading order."""
    score = Score()
    by_page: dict[int, list[tuple[int, Block]]] = defaultdict(list)
    for place, block in enumerate(blocks):
        by_page[block.page].append((place, block))
    honest = bool(document.hidden) or any(region.near_miss for page in document.pages for region in page.regions)
    for page in document.pages:
        _PageScore(document, page, by_page[page.number], score).count(honest)
    _hidden(document, blocks, score)
    return score


class _PageScore:
    """Counts of one page, added to `score`."""

    def __init__(self, document: LabelledDocument, page: LabelledPage, blocks: Sequence[tuple[int, Block]], score: Score) -> None:
        self.document, self.page, self.counts, self.faults = document, page, score.counts, score.faults
        self.score, self.view = score, PageView(page, blocks)

    def count(self, honest: bool) -> None:
        """Everything."""
        pieces = self.view.whole_pieces()
        self._kinds(pieces)
        self._characters()
        self._pairs(pieces)
        self._sections()
        self._notices(pieces)
        self._kept_out()
        self._lost(honest)
        for region in self.view.regions:
            if region.table is not None:
                rows = [block for piece in self.view.pieces if self.view.within(piece, region) > 0.5 for block in piece.blocks]
                count_cells(region.table, rows, self.score, self.document.file, self.page.number)

    def _fault(self, what: str, detail: str, amount: float = 1.0) -> None:
        self.faults.append(Fault(self.document.file, self.page.number, what, detail, amount))

    def _kinds(self, pieces: Sequence[Piece]) -> None:
        view = self.view
        regions = [region for region in view.regions if region.kind in KINDS]
        pairs = view.matched(regions, pieces, lambda region, piece: region.kind == piece.kind)
        hit_regions, hit_pieces = {r for r, _ in pairs}, {p for _, p in pairs}
        for r, region in enumerate(regions):
            if r in hit_regions:
                self._count_kind(region.kind, "tp")
            elif not view.is_free(region):
                self._count_kind(region.kind, "fn")
                self._fault(f"{region.kind} not found", view.text(region.words))
        for p, piece in enumerate(pieces):
            if p not in hit_pieces and not view.is_free_piece(piece):
                self._count_kind(piece.kind, "fp")
                self._fault(f"{piece.kind} on {view.label_of(piece)}", view.text(piece.words), 0.5)

    def _count_kind(self, kind: str, outcome: str) -> None:
        self.counts[f"kind.{outcome}"] += 1
        self.counts[f"kind {kind}.{outcome}"] += 1

    def _characters(self) -> None:
        """The word-level variant: characters whose kind is right."""
        kind_at: dict[int, str] = {}
        for piece in sorted(self.view.pieces, key=lambda piece: -len(piece.words)):  # the smaller piece has the last word
            kind_at.update(dict.fromkeys(piece.words, piece.kind))
        for word, region in self.view.owner.items():
            if region.kind == "hidden":
                continue
            found = kind_at.get(word, "")
            right = found in _accepted(region) or (self.view.is_free(region) and not found)
            self.counts["chars"] += self.view.weights[word]
            self.counts["chars.right"] += self.view.weights[word] * right

    def _pairs(self, pieces: Sequence[Piece]) -> None:
        regions = [region for region in self.view.regions if region.order is not None]
        places = {r: pieces[p].place for r, p in self.view.matched(regions, pieces, lambda region, piece: True)}
        for a, b in combinations(sorted(places), 2):
            right = ((regions[a].order or 0) < (regions[b].order or 0)) == (places[a] < places[b])
            self.counts["pairs"] += 1
            self.counts["pairs.right"] += right
            if not right:
                self._fault("order", f"{self.view.text(regions[a].words, 30)!r} and {self.view.text(regions[b].words, 30)!r}", 0.2)

    def _sections(self) -> None:
        for region in self.view.regions:
            if region.kind not in KINDS or region.kind == "heading" or self.view.is_free(region):
                continue
            piece = self.view.largest(region)
            found = None if piece is None else [key(part) for part in piece.section]
            if found and found[0] == key(self.document.title):
                del found[0]
            if region.section is not None:
                right = found == [key(part) for part in region.section]
                self._count("section", right)
                if not right:
                    given = "no block" if piece is None else " > ".join(piece.section)
                    self._fault("section", f"{given!r} for {' > '.join(region.section)!r}")
            elif region.parent >= 0:
                wanted = key(" ".join(self.page.words[word].text for word in self.page.regions[region.parent].words))
                right = bool(found) and found is not None and found[-1] == wanted
                self._count("parent", right)
                if not right:
                    self._fault("nearest heading", f"{piece.section[-1:] if piece else ()} for {wanted[:50]!r}", 0.5)

    def _count(self, name: str, right: bool) -> None:
        self.counts[name] += 1
        self.counts[f"{name}.right"] += right

    def _notices(self, pieces: Sequence[Piece]) -> None:
        found = [piece for piece in pieces if piece.kind == "notice"]
        used: set[int] = set()
        for region in self.view.regions:
            if region.kind != "notice":
                continue
            hit = next((p for p, piece in enumerate(found) if p not in used and self._is_notice(region, piece)), None)
            self.counts["notice.tp" if hit is not None else "notice.fn"] += 1
            if hit is None:
                self._fault("notice missed", f"{region.level}: {self.view.text(region.words)}")
            else:
                used.add(hit)
        self.counts["notice.fp"] += len(found) - len(used)
        for p, piece in enumerate(found):
            if p not in used:
                self._fault("notice wrong", f"{piece.blocks[0].level}: {self.view.text(piece.words)}", 0.5)

    def _is_notice(self, region: Region, piece: Piece) -> bool:
        size = self.view.size(region.words)
        covers = self.view.shared(region, piece) >= COVERS * size and self.view.size(piece.words) <= EXCEEDS * size
        return covers and piece.blocks[0].level == region.level

    def _kept_out(self) -> None:
        self.counts["block chars"] += self.view.size(self.view.covered)
        for label in ("furniture", "contents"):
            left = [word for word in self.view.covered if word in self.view.owner and self.view.owner[word].kind == label]
            self.counts[label] += self.view.size(left)
            if left:
                self._fault(f"{label} in blocks", self.view.text(left), max(1.0, self.view.size(left) / 30))

    def _lost(self, honest: bool) -> None:
        view = self.view
        captions = " ".join(key(block.caption) for piece in view.pieces for block in piece.blocks if block.caption)
        for region in view.regions:
            if region.kind not in (*KINDS, "caption") or region.kind == "figure":
                continue
            lost = [word for word in region.words if word not in view.covered]
            if region.kind == "caption":
                lost = [word for word in lost if view.keys[word] not in captions]
            for whole, part in (("body chars", "lost"), ("honest", "honest lost"))[: 2 if honest else 1]:
                self.counts[whole] += view.size(region.words)
                self.counts[part] += view.size(lost)
            if lost:
                what = "honest text lost" if region.near_miss else "body lost"
                self._fault(what, f"{region.kind}: {view.text(lost)}", max(0.5, view.size(lost) / 40))


def _accepted(region: Region) -> tuple[str, ...]:
    if region.kind == "caption":
        return (*CAPTION_KINDS, "")
    return ("",) if region.kind in ("furniture", "contents") else (region.kind,)


def _hidden(document: LabelledDocument, blocks: Sequence[Block], score: Score) -> None:
    texts = key(" ".join(block.text for block in blocks))
    for page, text in document.hidden:
        seen = any(key(token) in texts for token in text.split())
        score.counts["hidden"] += 1
        score.counts["hidden.kept out"] += not seen
        if seen:
            score.faults.append(Fault(document.file, page, "hidden text indexed", text[:70], 3.0))
