"""A gold file and the documents it speaks of in, a list of faults out. Purely mechanical: quotes, pages, facts, repetitions.

It must not know an index: labels are held against the documents themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from eval.items import GoldItem, Place
from eval.matching import mentions, normal, squeeze
from eval.pages import Pages, PdfShelf


def check_gold(items: Sequence[GoldItem], folder: Path | None) -> list[str]:
    """Every fault, as `line N, id: what`. Without a folder of PDFs, quotes and pages are not looked at."""
    shelf = PdfShelf(lambda name: _read(folder, name)) if folder else None
    faults: list[str] = []
    questions: dict[str, str] = {}
    try:
        for item in items:
            found = [*(["a draft: review it and take `draft` out"] if item.draft else []), *_facts(item)]
            found += _places(item, shelf) if shelf else ()
            twin = questions.setdefault(normal(item.question), item.item_id)
            if twin != item.item_id:
                found.append(f"the same question as {twin}")
            faults += [f"line {item.line}, {item.item_id}: {fault}" for fault in found]
    finally:
        if shelf:
            shelf.close()
    return faults


def _read(folder: Path | None, name: str) -> bytes:
    if folder is None or Path(name).name != name:
        raise FileNotFoundError(f"{name} is no file name")
    return (folder / name).read_bytes()


def _facts(item: GoldItem) -> Iterable[str]:
    """Facts must have a spelling in the quotes or the reference answer."""
    evidence = "\n".join([*item.quotes, item.answer])
    squeezed = squeeze(evidence)[0]
    for spellings in item.facts:
        if not mentions(evidence, spellings) and not any(squeeze(spelling)[0] in squeezed for spelling in spellings):
            yield f"the fact {spellings[0]!r} stands neither in the quotes nor in the reference answer"
    if item.evidence and not item.quotes:
        yield "evidence without a quote"


def _places(item: GoldItem, shelf: PdfShelf) -> Iterable[str]:
    """Documents and pages must exist, each quote must stand on a page of the evidence, each part of it must hold a quote."""
    places = (*item.evidence, *item.also)
    opened: dict[str, Pages] = {}
    for document in dict.fromkeys([*(place.document for place in places), *([item.about] if item.about else [])]):
        pages = shelf.open(document)
        if isinstance(pages, str):
            yield f"{document}: {pages}"
        else:
            opened[document] = pages
    for place in places:
        if place.document in opened:
            n_pages = opened[place.document].n_pages
            yield from (f"{place.document} has no page {page}, only {n_pages}" for page in place.pages if page > n_pages)
    evidence = [place for place in item.evidence if place.document in opened]
    for quote in item.quotes:
        if evidence and not any(_stands(quote, place, opened) for place in evidence):
            yield f"the quote {quote[:60]!r} stands on none of its pages"
    for place in evidence if item.quotes else ():
        if len(evidence) > 1 and not any(_stands(quote, place, opened) for quote in item.quotes):
            yield f"no quote stands on {place.document} p.{'/'.join(map(str, place.pages))}"


def _stands(quote: str, place: Place, opened: dict[str, Pages]) -> bool:
    return any(opened[place.document].find(quote, page) for page in place.pages)
