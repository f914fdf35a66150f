"""Structure checks: rows with their heads, steps with their procedure, quotes on their pages. Records are made by hand; one test uses the
sample index."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from eval.items import GoldItem, Place, load_gold
from eval.structure import (
    Check,
    check_structure,
    chunk_text,
    covers,
    holds,
    lines_of,
    quote_pages,
    reachable,
    steps_reachable,
    table_in_one_chunk,
    texts_of_blocks,
)
from service.core.ports import Rag
from service.core.types import Block, Cell, Chunk, Document, Part, Passage

GOLD = Path(__file__).parents[2] / "eval" / "gold" / "sample.jsonl"
DOCUMENT = Document("d", "f" * 64, "tarn.pdf", "Tarn manual", 30)


def item(*quotes: str, kind: str = "table", pages: tuple[int, ...] = (4,), facts: tuple[tuple[str, ...], ...] = (("7 Nm",),)) -> GoldItem:
    return GoldItem("i", "how tight", kind, "easy", "answer", (Place("tarn.pdf", pages),), quotes=quotes, facts=facts)


def chunk(name: str, *texts: str, page: int = 4, heads: tuple[str, ...] = (), context: str = "", ordinal: int = 0, **links: Any) -> Chunk:
    """One part a text; with `heads`, every part but the first is a table row whose words are its cells."""
    parts, at = [], 0
    for number, text in enumerate(texts):
        cells, word_at = [], at
        for head, word in zip(heads if number else (), text.split(), strict=False):
            cells.append(Cell(head, word_at, word_at + len(word)))
            word_at += len(word) + 1
        parts.append(Part(at, at + len(text), page, "table_row" if cells else "paragraph", cells=tuple(cells)))
        at += len(text) + 1
    return Chunk(name, "d", ordinal, "\n".join(texts), context, (), page, page, "paragraph", tuple(parts), 9, **links)


def hit(made: Chunk) -> Passage:
    return Passage(made, DOCUMENT, {"final": 1.0})


class Shelf:
    """A store of some chunks: the rule of `VectorStore.fetch`, and nothing else."""

    def __init__(self, *chunks: Chunk) -> None:
        self.chunks = {made.chunk_id: made for made in chunks}

    def fetch(self, chunk_ids: list[str]) -> list[Chunk]:
        return [self.chunks[name] for name in chunk_ids if name in self.chunks]


def rag(*chunks: Chunk) -> Rag:
    return cast(Rag, SimpleNamespace(index=SimpleNamespace(vectors=Shelf(*chunks))))


# -- texts ---------------------------------------------------------------------------------------------------------------------------
def test_a_quote_stands_in_a_text_whatever_its_blanks_and_line_hyphens() -> None:
    assert holds("tighten the busbar screws", "Tighten the bus-\nbar  screws to 7 Nm")
    assert not holds("tighten the screws", "tighten the busbar screws")
    assert not holds("", "anything")


def test_a_row_read_in_another_order_is_covered_and_one_with_another_value_is_not() -> None:
    assert covers("M8 terminal screw 20 Nm dry clean", "20 Nm terminal screw M8 clean dry")
    assert not covers("M8 terminal screw 20 Nm", "M8 terminal screw 24 Nm")
    assert not covers("4 4 4", "4")


# -- pages ---------------------------------------------------------------------------------------------------------------------------
def test_a_quote_counts_on_its_own_page_only() -> None:
    texts = {("tarn.pdf", 4): ["Screw size", "M8 7 Nm"], ("tarn.pdf", 5): ["Wait 5 minutes"]}
    found = quote_pages([item("M8 7 Nm"), item("Wait 5 minutes"), item("Screw size M8")], texts)
    assert [(check.passed, check.n) for check in found] == [(2, 3), (2, 3)]
    assert "Wait 5 minutes" in found[0].failures[0]


def test_pieces_of_blocks_carry_their_list_markers_once() -> None:
    blocks = [
        Block("a", "list_item", "Wait", 4, (0, 0, 1, 1), marker="3."),
        Block("b", "list_item", "4. Open", 4, (0, 0, 1, 1), marker="4."),
    ]
    assert texts_of_blocks("tarn.pdf", blocks) == {("tarn.pdf", 4): ["3. Wait", "4. Open"]}


# -- tables --------------------------------------------------------------------------------------------------------------------------
def test_a_row_needs_the_heads_of_its_columns_in_its_chunk() -> None:
    row = ("M8", "7")
    whole = chunk("a", "Screw Torque", " ".join(row), heads=("Screw", "Torque"))
    bare = chunk("b", "See below", " ".join(row), heads=("Screw", "Torque"))
    said = chunk("c", "See below", " ".join(row), heads=("Screw", "Torque"), context="Screw | Torque")
    assert table_in_one_chunk(item("M8 7"), [hit(whole)]) == ""
    assert "'Screw'" in table_in_one_chunk(item("M8 7"), [hit(bare)])
    assert table_in_one_chunk(item("M8 7"), [hit(bare), hit(said)]) == ""


def test_a_row_on_another_page_or_in_no_hit_fails_with_the_reason() -> None:
    other = chunk("a", "M8 7", page=9)
    assert table_in_one_chunk(item("M8 7"), [hit(other)]) == "no hit of 1 on a gold page"
    assert table_in_one_chunk(item("M8 7"), [hit(chunk("b", "something else"))]) == "the chunk on page 4 holds no quote"


# -- procedures ----------------------------------------------------------------------------------------------------------------------
STEPS = [
    chunk("s1", "1. Open the service plug", ordinal=1, group="g", group_ids=("s1", "s2"), previous_id="s0", next_id="s2"),
    chunk("s2", "2. Wait five minutes", ordinal=2, group="g", group_ids=("s1", "s2"), previous_id="s1", next_id="s3"),
]
AROUND = [chunk("s0", "Before work", ordinal=0), chunk("s3", "After work", ordinal=3), chunk("s4", "Far away", ordinal=4)]


def test_group_and_neighbours_are_reachable_and_nothing_further() -> None:
    assert [made.chunk_id for made in reachable(rag(*STEPS, *AROUND), STEPS[1])] == ["s0", "s1", "s2", "s3"]


def test_all_steps_must_be_reachable_from_the_first_hit_on_a_gold_page() -> None:
    store = rag(*STEPS, *AROUND)
    wanted = item("1. Open the service plug", "2. Wait five minutes", kind="procedure")
    assert steps_reachable(wanted, [hit(STEPS[1])], store) == ""
    assert steps_reachable(item("Far away", kind="procedure"), [hit(STEPS[1])], store) == "Far away"
    assert "gold page" in steps_reachable(wanted, [hit(chunk("x", "1. Open", page=8))], store)


def test_statements_and_markers_are_part_of_what_a_reader_is_shown() -> None:
    made = chunk("a", "M8 7")
    part = Part(0, 4, 4, "table_row", statement="Power terminal screws: size M8, torque 7 Nm", marker="•")
    made = Chunk("a", "d", 0, "M8 7", "Tarn manual", (), 4, 4, "table_row", (part,), 9)
    assert chunk_text(made) == "Tarn manual\n• M8 7\nPower terminal screws: size M8, torque 7 Nm"


def test_figures_are_printed_with_n_and_what_failed() -> None:
    check = Check("rows with heads", target="2 of 2")
    check.count(True, "")
    check.count(False, "i: no hit")
    lines = lines_of([check], 5)
    assert "1 of 2" in lines[0]
    assert lines[-1] == "  i: no hit"


# -- the sample ----------------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_the_sample_index_keeps_every_quote_on_its_page(sample_rag: Rag) -> None:
    checks = {check.name: check for check in check_structure(sample_rag, load_gold(GOLD)[:140])}
    pages = checks["page of every evidence quote right (items)"]
    assert pages.n > 20
    assert pages.passed / pages.n > 0.97, pages.failures
    assert checks["facts in the first five hits (mean share)"].share / pages.n > 0.8
