"""A seed -> labelled PDFs: the plain copy that parsers read, and what stands where, taken from the marked copy.

In: a family, a seed, a number. Out: PDF bytes and a `LabelledDocument`. Needs the package typst (`evdocs[dev]`). Same seed, same bytes.
"""

from __future__ import annotations

import io
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

import pypdf
import pypdfium2 as pdfium
from pypdf.generic import NameObject, NumberObject, RectangleObject

from eval.layout.families_by_hand import BY_HAND
from eval.layout.families_hard import HARD
from eval.layout.families_layouts import MORE
from eval.layout.families_manuals import FAMILIES as FIRST
from eval.layout.families_manuals import Plan
from eval.layout.handset import pdf
from eval.layout.hidden import overlay
from eval.layout.manual import Label, Manual
from eval.layout.truth import LabelledDocument, LabelledPage, Region, TrueCell, TrueTable, Word
from eval.layout.words import is_bullet, page_words
from service.core.types import Box

FAMILIES = FIRST | MORE | BY_HAND | HARD
DEV_SEED, HELD_OUT_SEED = 3, 71
PER_FAMILY = 7


def names() -> list[tuple[str, int]]:
    """(family, number) of every document of a split."""
    return [(family, number) for number in range(PER_FAMILY) for family in FAMILIES]


def make(family: str, seed: int, number: int) -> tuple[bytes, LabelledDocument]:
    """One document: (PDF, labels)."""
    rng = Random(zlib.crc32(f"{family} {seed} {number}".encode()))
    plan = FAMILIES[family](rng, number)
    marked, plain = (pdf(plan.pages, mark) if plan.pages else compiled(plan.manual.source(mark)) for mark in (True, False))
    if plan.turned:
        marked, plain = turned(marked), turned(plain)
    document = label(plan.manual, marked, f"{family}-{seed}-{number}.pdf")
    return finished(plain, plan, document), replace(document, hidden=(*document.hidden, *_overlaid(plan, document)))


def compiled(source: str) -> bytes:
    """A PDF of Typst source, with the fonts that Typst brings. Raises RuntimeError where Typst refuses it."""
    import typst

    return bytes(typst.compile(source.encode(), font_paths=_fonts()))


@lru_cache
def _fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False)


def label(manual: Manual, marked: bytes, file: str) -> LabelledDocument:
    """Read the marked copy: which words belong to which label."""
    opened = pdfium.PdfDocument(marked)
    pages = []
    rows_seen: set[tuple[int, int]] = set()
    for index in range(len(opened)):
        width, height, words = page_words(opened[index], labels=True)
        words = [word if word.label < len(manual.labels) else replace(word, label=-1) for word in words]
        words = [word for word in words if not is_bullet(word.text) or (word.label >= 0 and manual.labels[word.label].table >= 0)]
        pages.append(LabelledPage(index + 1, width, height, tuple(words), tuple(_regions(manual, words, rows_seen))))
    opened.close()
    pages_of = {word.label: page.number for page in reversed(pages) for word in page.words}
    hidden = tuple((pages_of.get(number, 1), text) for number, text in manual.hidden)
    return LabelledDocument(file, manual.title, tuple(pages), hidden, tuple(sorted(manual.traits)))


def _regions(manual: Manual, words: Sequence[Word], rows_seen: set[tuple[int, int]]) -> Iterable[Region]:
    """One region for each label on the page; all cells of a table are one."""
    own: dict[int, list[int]] = defaultdict(list)
    tables: dict[int, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        if word.label < 0:
            continue
        made = manual.labels[word.label]
        (own[word.label] if made.table < 0 else tables[made.table]).append(index)
    regions = [_region(manual.labels[number], words, indices) for number, indices in own.items()]
    for indices in tables.values():
        numbers = list(dict.fromkeys(words[index].label for index in indices))
        first = min((manual.labels[number] for number in numbers), key=lambda made: made.order if made.order is not None else 0)
        table = _table([manual.labels[number] for number in numbers], rows_seen, manual)
        regions.append(replace(_region(first, words, indices), table=table))
    return sorted(regions, key=lambda region: (region.order is None, region.order))


def _region(made: Label, words: Sequence[Word], indices: Sequence[int]) -> Region:
    box = _hull(words[index].box for index in indices)
    return Region(made.kind, box, tuple(indices), made.order, made.level, made.section, near_miss=made.near_miss)


def _table(labels: Sequence[Label], rows_seen: set[tuple[int, int]], manual: Manual) -> TrueTable:
    """The body rows of one table that begin on this page."""
    rows: dict[int, list[TrueCell]] = defaultdict(list)
    for made in labels:
        if made.cell is not None and (made.table, made.row) not in rows_seen:
            rows[made.row].append(made.cell)
    rows_seen.update((labels[0].table, row) for row in rows)
    spanning = [
        (made.row, made.cell) for made in manual.labels if made.table == labels[0].table and made.cell is not None and made.cell.rows > 1
    ]
    opened = [tuple(cell.text for row, cell in spanning if row < here < row + cell.rows) for here in sorted(rows)]
    ordered = tuple(tuple(sorted(rows[row], key=lambda cell: cell.column)) for row in sorted(rows))
    return TrueTable(labels[0].ruling, ordered, tuple(opened) if any(opened) else ())


def _hull(boxes: Iterable[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def turned(content: bytes) -> bytes:
    """The same pages as displayed, with their content lying on its side and /Rotate 90."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    for page in writer.pages:
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        page.add_transformation(pypdf.Transformation().rotate(90).translate(height, 0))
        for name in ("/MediaBox", "/CropBox", "/TrimBox", "/BleedBox", "/ArtBox"):
            if name in page:
                page[NameObject(name)] = RectangleObject((0, 0, height, width))
        page[NameObject("/Rotate")] = NumberObject(90)
    return _written(writer)


def finished(content: bytes, plan: Plan, document: LabelledDocument) -> bytes:
    """Outline and overlays."""
    for (form, text), (page, _) in zip(plan.overlays, _overlaid(plan, document), strict=True):
        content = overlay(content, form, text, page)
    if plan.outline == "none":
        return content
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    _outline(writer, plan, document)
    return _written(writer)


def _overlaid(plan: Plan, document: LabelledDocument) -> list[tuple[int, str]]:
    """(page, text) of the overlays: one a page, from the first on."""
    return [(1 + index % len(document.pages), text) for index, (_, text) in enumerate(plan.overlays)]


def _outline(writer: pypdf.PdfWriter, plan: Plan, document: LabelledDocument) -> None:
    """Bookmarks of the headings, as right or wrong as the plan says."""
    places: dict[int, tuple[int, float]] = {}
    for page in document.pages:
        for word in page.words:
            places.setdefault(word.label, (page.number, page.height - word.box[1]))
    parents: dict[int, Any] = {}
    for heading in plan.manual.headings:
        if heading.label not in places or (plan.outline == "first level" and heading.level):
            continue
        number, top = places[heading.label]
        text = heading.text
        if plan.outline == "plain titles":
            text = text.split(" ", 1)[1] if plan.manual.look.numbered else text
        if plan.outline == "wrong":  # bookmarks left over from another edition
            number, text = max(1, number - 1), f"Blank {heading.label}"
        parent = parents.get(heading.level - 1) if heading.level else None
        fit = pypdf.generic.Fit.xyz(left=0, top=top + 4)
        parents[heading.level] = writer.add_outline_item(title=text, page_number=number - 1, parent=parent, fit=fit)


def _written(writer: pypdf.PdfWriter) -> bytes:
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def n_regions(document: LabelledDocument) -> Counter[str]:
    """Regions by kind."""
    return Counter(region.kind for page in document.pages for region in page.regions)
