"""Gold items and an index in; out, whether parsing kept together what belongs together. No question is answered, only searched.

- pages: every evidence quote is found in the blocks of one of its pages (in one piece, else over neighbouring pieces of that page);
- tables: for a table item, one of the first five hits holds, for a gold page in it, all quotes of that page, and for every table row
  they stand in, the heads of its columns (in its text, its context or the row's statement);
- procedures: all quotes stand in what is reachable from the first hit on a gold page: the hit, all chunks of its group, and the
  neighbours of these, one step each way;
- facts: share of an item's facts in the texts of the first five hits (its spellings, as `eval.metrics` counts them).

A quote stands in a text when its characters do, folded and without white space and hyphens; where a parser orders cells differently, when
at least 90 % of its words do, each as often. Must not know how chunks are made or ranked.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from eval.items import GoldItem
from eval.matching import mentions, normal, squeeze
from eval.run import known_names, with_files
from service.core.ports import Rag
from service.core.types import Block, Chunk, Part, Passage
from service.views import document_summary

N_HITS = 5
N_SEARCHED = 20
COVERED = 0.9
_WORD = re.compile(r"[^\W_]+(?:[.,][^\W_]+)*|[<>=±%°Ω]")

PageTexts = Mapping[tuple[str, int], Sequence[str]]
"""(file, page) -> texts of the pieces of that page, in reading order."""


@dataclass
class Check:
    """One of the figures: `passed` of `n`, and what failed. `share` is a mean where items count in part."""

    name: str
    passed: int = 0
    n: int = 0
    target: str = ""
    failures: list[str] = field(default_factory=list)
    share: float = 0.0

    def count(self, passed: bool, failure: str) -> None:
        """One more item."""
        self.n += 1
        self.passed += passed
        if not passed:
            self.failures.append(failure)


def holds(quote: str, text: str) -> bool:
    """The quote stands in the text in one piece."""
    wanted = _squeezed(quote)
    return bool(wanted) and wanted in _squeezed(text)


@lru_cache(maxsize=20_000)
def _squeezed(text: str) -> str:
    return squeeze(text)[0]


def covers(quote: str, text: str) -> bool:
    """The quote stands in the text in one piece, or nearly all of its words do, each as often as in the quote."""
    if holds(quote, text):
        return True
    return _has_most(words(quote), words(text))


def _has_most(wanted: Counter[str], given: Counter[str]) -> bool:
    return sum(min(n, given[word]) for word, n in wanted.items()) >= COVERED * max(1, sum(wanted.values()))


@lru_cache(maxsize=20_000)
def words(text: str) -> Counter[str]:
    """Words and numbers, folded. Shared: not to be changed."""
    return Counter(_WORD.findall(normal(text)))


# -- pages ---------------------------------------------------------------------------------------------------------------------------
def quote_pages(items: Sequence[GoldItem], texts: PageTexts) -> list[Check]:
    """Quotes found on a gold page: per item (all of its quotes) and per quote, in the text of the pieces in order."""
    by_item, by_quote = Check("page of every evidence quote right (items)", target="all"), Check("quotes found on a gold page")
    for item in items:
        missing = [quote for quote in item.quotes if not any(_on_page(quote, texts.get(place, ())) for place in _places(item))]
        by_item.count(not missing, f"{item.item_id}: {'; '.join(quote[:90] for quote in missing)}")
        for quote in item.quotes:
            by_quote.count(quote not in missing, f"{item.item_id}: {quote[:90]}")
    return [by_item, by_quote]


def _places(item: GoldItem) -> list[tuple[str, int]]:
    return [(place.document, page) for place in (*item.evidence, *item.also) for page in place.pages]


def _on_page(quote: str, pieces: Sequence[str]) -> bool:
    return any(covers(quote, piece) for piece in pieces) or (bool(pieces) and holds(quote, "\n".join(pieces))) or _near(quote, pieces)


def _near(quote: str, pieces: Sequence[str], reach: int = 8) -> bool:
    """A run of at most `reach` neighbouring pieces holds nearly all of the quote's words."""
    wanted = words(quote)
    return any(_has_most(wanted, sum((words(piece) for piece in pieces[start : start + reach]), Counter())) for start in range(len(pieces)))


def texts_of_blocks(file: str, blocks: Iterable[Block]) -> dict[tuple[str, int], list[str]]:
    """The pieces of one parsed file."""
    texts: dict[tuple[str, int], list[str]] = defaultdict(list)
    for block in blocks:
        texts[file, block.page].append(
            f"{block.marker} {block.text}" if block.marker and not block.text.startswith(block.marker) else block.text
        )
    return texts


def texts_of_index(rag: Rag) -> dict[tuple[str, int], list[str]]:
    """The pieces of every document of an index, a repeated table head once."""
    chunks = sorted(rag.index.vectors.fetch(rag.index.vectors.chunk_ids()), key=lambda chunk: (chunk.document_id, chunk.ordinal))
    texts: dict[tuple[str, int], list[str]] = defaultdict(list)
    for chunk in chunks:
        file = rag.index.documents[chunk.document_id].file
        for part in chunk.parts:
            texts[file, part.page].append(part_text(chunk, part))
    return texts


def part_text(chunk: Chunk, part: Part) -> str:
    """A part's text, opened by its list marker where the text leaves it out."""
    return _marked(part.marker, chunk.text[part.start : part.end])


def _marked(marker: str, text: str) -> str:
    return f"{marker} {text}" if marker and not text.startswith(marker) else text


# -- retrieval -----------------------------------------------------------------------------------------------------------------------
def chunk_text(chunk: Chunk) -> str:
    """All a reader of the chunk is shown: context, text with markers, statements."""
    return "\n".join([chunk.context, *(part_text(chunk, part) for part in chunk.parts), *(part.statement for part in chunk.parts)])


def table_in_one_chunk(item: GoldItem, passages: Sequence[Passage]) -> str:
    """ "" where a hit holds the rows with their heads, else what is missing from the best hit."""
    reason = f"no hit of {len(passages)} on a gold page"
    for passage in passages:
        pages = _gold_pages(item, passage)
        if not pages:
            continue
        reason = _missing(item, passage.chunk)
        if not reason:
            return ""
    return reason


def _gold_pages(item: GoldItem, passage: Passage) -> set[int]:
    chunk = passage.chunk
    return {
        page for place in (*item.evidence, *item.also) if place.document == passage.document.file for page in place.pages
        if chunk.page_first <= page <= chunk.page_last
    }  # fmt: skip


def _missing(item: GoldItem, chunk: Chunk) -> str:
    """What a chunk on a gold page lacks: quotes of the page, or heads of the rows they stand in."""
    text = chunk_text(chunk)
    quotes = [quote for quote in item.quotes if covers(quote, text)]
    if not quotes:
        return f"the chunk on page {chunk.page_first} holds no quote"
    given = words(text)
    for part in chunk.parts:
        own = words(part_text(chunk, part))
        if part.kind != "table_row" or not any(_is_row_of(quote, own) for quote in quotes):
            continue
        for cell in part.cells:
            if cell.head and not words(cell.head) <= given:
                return f"the head {cell.head!r} is not in the chunk"
    return ""


def _is_row_of(quote: str, own: Counter[str]) -> bool:
    shared = words(quote) & own
    return sum(shared.values()) >= 0.5 * max(1, sum(own.values()))


def steps_reachable(item: GoldItem, passages: Sequence[Passage], rag: Rag) -> str:
    """ "" where every quote is reachable from the first hit on a gold page, else what is not."""
    top = next((passage for passage in passages if _gold_pages(item, passage)), None)
    if top is None:
        return f"no hit of {len(passages)} on a gold page"
    text = "\n".join(chunk_text(chunk) for chunk in reachable(rag, top.chunk))
    missing = [quote for quote in item.quotes if not covers(quote, text)]
    return "; ".join(quote[:80] for quote in missing)


def reachable(rag: Rag, chunk: Chunk) -> list[Chunk]:
    """The chunk, its group, and the neighbours of both, in order."""
    group = rag.index.vectors.fetch(list(dict.fromkeys([chunk.chunk_id, *chunk.group_ids])))
    beside = [name for own in group for name in (own.previous_id, own.next_id) if name]
    found = {own.chunk_id: own for own in [*group, *rag.index.vectors.fetch(list(dict.fromkeys(beside)))]}
    return sorted(found.values(), key=lambda own: own.ordinal)


def check_structure(rag: Rag, items: Sequence[GoldItem]) -> list[Check]:
    """All checks over an open index; items whose documents are not indexed fail. Raises what retrieval raises."""
    from service.retrieve import retrieve

    names = known_names(document_summary(document) for document in rag.index.documents.values())
    answerable = [with_files(item, names) for item in items if item.answerable and item.evidence]
    checks = quote_pages(answerable, texts_of_index(rag))
    tables, retrieved, steps = (
        Check(f"table rows with their heads in one of {N_HITS} hits"),
        Check(f"table rows with their heads in one of {N_SEARCHED} hits", target="23 of 24"),
        Check("all steps reachable from the top hit", target="14 of 15"),
    )
    facts = Check("all facts in the first five hits (items)")
    shares = Check("facts in the first five hits (mean share)", target="0.90")
    for item in answerable:
        deadline = time.monotonic() + rag.settings.deadline_s
        passages = retrieve(rag, item.question, {}, N_SEARCHED, deadline=deadline).passages
        if item.type == "table":
            for check, k in ((tables, N_HITS), (retrieved, N_SEARCHED)):
                reason = table_in_one_chunk(item, passages[:k])
                check.count(not reason, f"{item.item_id}: {reason}")
        if item.type == "procedure":
            reason = steps_reachable(item, passages[:N_HITS], rag)
            steps.count(not reason, f"{item.item_id}: {reason}")
        found = "\n".join(passage.chunk.text for passage in passages[:N_HITS])
        missing = [spellings[0] for spellings in item.facts if not mentions(found, spellings)]
        facts.count(not missing, f"{item.item_id}: {', '.join(missing)}")
        shares.share += 1 - len(missing) / max(1, len(item.facts))
        shares.n += 1
    return [*checks, tables, retrieved, steps, facts, shares]


def lines_of(checks: Sequence[Check], n_failures: int) -> list[str]:
    """The figures, then the failures."""
    lines = []
    for check in checks:
        value = f"{check.share / check.n:.3f} n={check.n}" if check.share else f"{check.passed} of {check.n}"
        lines.append(f"{check.name:48} {value:>16}  {'target ' + check.target if check.target else ''}".rstrip())
    for check in checks:
        if check.failures:
            lines += ["", f"{check.name}: {len(check.failures)} failed", *(f"  {failure}" for failure in check.failures[:n_failures])]
    return lines


def parsed_texts(folder: Path, items: Sequence[GoldItem]) -> dict[tuple[str, int], list[str]]:
    """The pieces of the items' PDFs, parsed here and now, without an index. Raises what the parser raises."""
    from ingest.pdf.read import parse_pdf

    texts: dict[tuple[str, int], list[str]] = {}
    for name in sorted({place.document for item in items for place in item.evidence}):
        if (folder / name).is_file():
            texts |= texts_of_blocks(name, parse_pdf(folder / name, "d", 5000).blocks)
    return texts
