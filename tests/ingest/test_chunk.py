"""Chunks: nothing lost, nothing too long, nothing torn from its heading."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunk import Chunker
from service.adapters.embedder import SentenceTransformerEmbedder
from service.core.types import Block, BlockKind, Cell, Chunk, Line

BOX = (0.0, 0.0, 10.0, 10.0)


@lru_cache(maxsize=1)
def minilm() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder("minilm", precision="fp32", threads=1, allow_hub=False)


def block(
    text: str,
    kind: BlockKind = "paragraph",
    page: int = 1,
    section: tuple[str, ...] = ("4 Assembly",),
    group: str = "",
    heads: str = "",
    marker: str = "",
) -> Block:
    words = text.split(" ")
    cells = []
    at = 0
    for word, head in zip(words, heads.split("|") if heads else [], strict=False):
        cells.append(Cell(head, at, at + len(word)))
        at += len(word) + 1
    return Block("", kind, text, page, BOX, section, (Line(0, len(text), BOX),), tuple(cells), group, marker=marker)


def chunks(blocks: list[Block], n_tokens: int = 100) -> list[Chunk]:
    return Chunker("d", "Tarn 19 service manual", n_tokens, minilm().count_tokens).chunks(blocks)


WORDS = st.text(st.characters(categories=("L", "N", "P", "Zs", "Lo")), max_size=400)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from(["heading", "paragraph", "list_item", "table_row", "notice"]), st.booleans()), max_size=8))
def test_every_character_lands_in_a_chunk_and_no_chunk_exceeds_the_window(items: list[tuple[str, BlockKind, bool]]) -> None:
    section = 0
    blocks = []
    for text, kind, new in items:
        section += new
        blocks.append(block(text.strip(), kind, section=(f"{section} Part",), group="g" if kind == "table_row" else ""))
    made = chunks(blocks, 64)
    wanted = "".join("".join(item.text.split()) for item in blocks)
    assert "".join("".join(chunk.text.split()) for chunk in made) == wanted
    counts = minilm().count_tokens([chunk.indexed_text for chunk in made])
    assert [chunk.n_tokens for chunk in made] == counts
    assert all(count <= 64 for count in counts)
    for chunk in made:
        for part in chunk.parts:
            assert all(part.start <= line.start <= line.end <= part.end for line in part.lines)
            assert all(part.start <= cell.start <= cell.end <= part.end for cell in part.cells)


def test_a_heading_stays_with_what_follows() -> None:
    made = chunks([block("4 Assembly", "heading"), block("4.1 Cover", "heading", section=("4 Assembly", "4.1 Cover")),
                   block("Fit the cover.", section=("4 Assembly", "4.1 Cover"))])  # fmt: skip
    assert [chunk.text for chunk in made] == ["4 Assembly\n4.1 Cover\nFit the cover."]
    assert made[0].section == ("4 Assembly", "4.1 Cover")
    assert made[0].kind == "paragraph"


def test_sections_and_tables_do_not_share_a_chunk() -> None:
    made = chunks(
        [block("One."), block("M8 7", "table_row", group="t"), block("M10 20", "table_row", group="t"), block("Two.", section=("5 Test",))]
    )
    assert [chunk.text for chunk in made] == ["One.", "M8 7\nM10 20", "Two."]


def test_each_piece_of_a_long_table_carries_its_column_heads_in_context() -> None:
    made = chunks([block(f"M{size} {size * 3}", "table_row", group="t", heads="Size|Torque (Nm)") for size in range(60)])
    assert len(made) > 1
    assert all("Size | Torque (Nm)" in chunk.context for chunk in made)
    assert all("Torque" not in chunk.text for chunk in made)


def test_the_head_row_of_a_table_opens_each_of_its_chunks_and_can_be_quoted_there() -> None:
    head = block("Size Torque", "table", page=1, group="t")
    rows = [block(f"M{size} {size * 3}", "table_row", page=2, group="t", heads="Size|Torque") for size in range(60)]
    made = chunks([block("5 Torques", "heading", section=("5",)), *(replace(item, section=("5",)) for item in (head, *rows))])
    assert len(made) > 1
    assert made[0].text.startswith("5 Torques\nSize Torque\nM0 0")
    assert all("Size Torque\n" in chunk.text and "Torque" not in chunk.context for chunk in made)
    assert all((chunk.page_first, chunk.page_last, chunk.kind) == (2, 2, "table_row") for chunk in made[1:])
    assert all(chunk.n_tokens <= 100 for chunk in made)


def test_a_head_that_would_fill_the_chunk_is_not_repeated() -> None:
    head = block("A very long column head " * 20, "table", group="t")
    made = chunks([head, block("M8 7", "table_row", group="t", heads="Size|Torque")])
    assert "".join("".join(chunk.text.split()) for chunk in made) == "".join((head.text + "M8 7").split())


def test_a_warning_is_not_parted_from_the_step_it_guards() -> None:
    filler = "Check the level in the tank and note it in the log of the vehicle before work goes on. " * 3
    made = chunks([block(filler.strip()), block("WARNING High voltage.", "notice"), block("1. Open the cover.", "list_item", group="s")])
    assert ["WARNING" in chunk.text for chunk in made] == ["1. Open" in chunk.text for chunk in made]


def test_neighbours_are_linked() -> None:
    made = chunks([block(f"Sentence about part {part}.", section=(str(part),)) for part in range(3)])
    assert [chunk.next_id for chunk in made] == [made[1].chunk_id, made[2].chunk_id, ""]
    assert [chunk.previous_id for chunk in made] == ["", made[0].chunk_id, made[1].chunk_id]


def test_a_context_longer_than_its_share_is_cut_not_the_text() -> None:
    made = chunks([block("Seven newton metres.", section=tuple("A very long section title that says little " * 9 for _ in range(4)))], 64)
    assert made[0].text == "Seven newton metres."
    assert made[0].n_tokens <= 64


def test_a_split_paragraph_keeps_pages_and_lines_right() -> None:
    text = " ".join(f"Sentence number {number} says that the bolt is tightened with {number} Nm." for number in range(30))
    made = chunks([block(text, page=7)])
    assert len(made) > 2
    assert all((chunk.page_first, chunk.page_last) == (7, 7) for chunk in made)
    assert all(chunk.text.rstrip().endswith(".") for chunk in made), "cut at sentence ends where they are near"


def test_text_without_blanks_is_cut_too() -> None:
    made = chunks([block("电" * 500), block("x" * 900)], 64)
    assert sum(chunk.text.count("电") for chunk in made) == 500
    assert sum(chunk.text.count("x") for chunk in made) == 900
    assert all(chunk.n_tokens <= 64 for chunk in made)


def steps(n: int, group: str = "s", words: str = "Tighten the screws of the cover crosswise to 7 Nm.") -> list[Block]:
    return [block(f"{number}. {words}", "list_item", group=group, marker=f"{number}.") for number in range(1, n + 1)]


def test_a_chunk_ends_between_two_steps() -> None:
    made = chunks([block("To fit the cover:"), *steps(20)])
    assert len(made) > 2
    assert all(
        line.startswith(("To fit", *"123456789")) and line.endswith((":", "Nm.")) for chunk in made for line in chunk.text.split("\n")
    )


def test_from_any_chunk_of_a_procedure_all_its_steps_are_reached_in_order() -> None:
    apart = [block("WARNING Hot.", "notice"), block("Wait until it is cold before you go on with the work on the cover. " * 6)]
    made = chunks(
        [block("Overview."), block("To fit the cover:"), *steps(9)[:4], *apart, *steps(9)[4:], block("Done.", section=("5",))], 70
    )
    own = [chunk for chunk in made if chunk.group == "s"]
    assert len(own) > 3
    assert all(chunk.group_ids == tuple(other.chunk_id for other in own) for chunk in own)
    reached = "".join(chunk.text for chunk in made if chunk.chunk_id in own[-1].group_ids)
    assert all(f"{number}. Tighten" in reached for number in range(1, 10))
    assert made[-1].chunk_id not in own[0].group_ids


def test_a_procedure_told_in_prose_is_reached_through_its_section() -> None:
    told = [block(f"Then turn the lever number {number} to the left until it stops, and wait for the lamp.") for number in range(12)]
    made = chunks([*told, block("Done.", section=("5",))])
    assert len(made) > 2
    assert all(chunk.group_ids == tuple(other.chunk_id for other in made[:-1]) for chunk in made[:-1])


def test_the_line_that_announces_a_procedure_stays_with_its_first_step_and_is_context_of_the_rest() -> None:
    made = chunks([block("The cover is heavy. " * 14), block("To fit the cover:"), *steps(20)])
    assert "To fit the cover:\n1. Tighten" in made[1].text
    assert all("To fit the cover:" in chunk.context for chunk in made[2:])
    assert all("To fit the cover:" not in chunk.context for chunk in made[:2])


def test_a_procedure_that_fits_into_a_chunk_is_not_torn() -> None:
    made = chunks([block("The cover is heavy. " * 10), block("To fit the cover:"), *steps(4)])
    assert [chunk.text.count("Tighten") for chunk in made] == [0, 4]


def test_a_chunk_with_the_end_of_one_procedure_and_the_start_of_another_reaches_both() -> None:
    made = chunks([*steps(7, "a"), *steps(7, "b")])
    both = next(chunk for chunk in made if chunk.text.count("\n1. ") or (chunk.text.startswith("7.") and "1. " in chunk.text))
    assert both.group_ids == tuple(chunk.chunk_id for chunk in made)


def test_parts_keep_marker_depth_statement_and_cell_columns() -> None:
    row = replace(block("M8 7", "table_row", group="t", heads="Size|Torque"), statement="Size M8, torque 7 Nm")
    row = replace(row, cells=tuple(replace(cell, column=at + 1, span=2) for at, cell in enumerate(row.cells)))
    item = replace(block("a) Turn.", "list_item", group="s", marker="a)"), depth=1)
    parts = [part for chunk in chunks([item, row]) for part in chunk.parts]
    assert [(part.marker, part.depth, part.statement) for part in parts] == [("a)", 1, ""), ("", 0, "Size M8, torque 7 Nm")]
    assert [(cell.column, cell.span) for cell in parts[1].cells] == [(1, 2), (2, 2)]
