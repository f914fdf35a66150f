"""Failed rows in, pictures of the pages that hold what was expected out, under a limit of number and bytes; what was cut is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eval.report_html.marked_page import MarkedPage, NotDrawn, marked_page
from eval.rows import Json
from service.core.catalogue import source_file
from service.core.manifest import current_build_id
from service.core.types import Document

MOST_IMAGES, MOST_BYTES = 40, 4_000_000
PAGES_AN_ITEM = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of the evidence: its picture, or why there is none. `n_quotes` were looked for on it."""

    document: str
    page: int
    n_quotes: int
    picture: MarkedPage | None
    why_not: str = ""


@dataclass
class Evidence:
    """Draws pages of the documents indexed in `home`, until `most` pictures or MOST_BYTES are reached. Without a home, none."""

    home: Path | None
    documents: Sequence[Document]
    most: int = MOST_IMAGES
    note: str = ""
    n_left_out: int = 0
    _n: int = 0
    _bytes: int = 0
    _files: dict[str, Document] = field(init=False)

    def __post_init__(self) -> None:
        self._files = {name: own for own in self.documents for name in (own.file, *own.aliases)}

    def pages(self, row: Json) -> list[Shown]:
        """The pages that hold the item's evidence: those where a quote is marked first, at most PAGES_AN_ITEM."""
        shown: list[Shown] = []
        for place in row["evidence"]:
            drawn = [self._page(place["document"], page, row["quotes"]) for page in place["pages"][:PAGES_AN_ITEM]]
            shown += [one for one in drawn if one.picture and one.picture.n_marked] or drawn[:1]
        shown = shown[:PAGES_AN_ITEM]
        pictures = [one.picture for one in shown if one.picture]
        self._n += len(pictures)
        self._bytes += sum(len(picture.jpeg) for picture in pictures)
        return shown

    def _page(self, name: str, page: int, quotes: Sequence[str]) -> Shown:
        document = self._files.get(name)
        if document is None or self.home is None:
            return Shown(name, page, len(quotes), None, "the document is not in the index at hand")
        if self._n >= self.most or self._bytes >= MOST_BYTES:
            self.n_left_out += 1
            return Shown(name, page, len(quotes), None, "the report's limit of pictures is reached")
        path = source_file(self.home, document)
        if not path.is_file():
            return Shown(name, page, len(quotes), None, "the document's file is not there any more")
        try:
            return Shown(name, page, len(quotes), marked_page(path, page, quotes))
        except NotDrawn as error:
            return Shown(name, page, len(quotes), None, str(error))


def evidence_in(home: Path, most: int = MOST_IMAGES, build_id: str | None = None) -> Evidence:
    """Over the index published in `home`; where it is not the build of the run, a note says so."""
    from ingest.run import published

    now = current_build_id(home)
    other = now is not None and build_id is not None and now != build_id
    note = f"Pages are drawn from index build {now}; the run was over {build_id}." if other else ""
    return Evidence(home, [entry.document for entry in published(home)], most, note)
