"""What a notice applies to: its section, the steps behind it, the step it stands in; and how chunks carry it."""

from __future__ import annotations

from dataclasses import replace

from ingest.chunk import Chunker
from ingest.guards import guarded
from ingest.links import MAX_GUARDS
from ingest.steps import group_lists
from service.core.types import Block, Chunk, NoticeLevel

A, B = ("4 Assembly",), ("4 Assembly", "4.1 Cover")


def text(words: str, section: tuple[str, ...] = A, x0: float = 50.0) -> Block:
    return Block("", "paragraph", words, 1, (x0, 0, 300, 10), section)


def heading(section: tuple[str, ...]) -> Block:
    return Block("", "heading", section[-1], 1, (50, 0, 300, 10), section)


def step(marker: str, section: tuple[str, ...] = A, x0: float = 50.0) -> Block:
    return Block("", "list_item", f"{marker} Do it.", 1, (x0, 0, 300, 10), section, marker=marker)


def notice(level: NoticeLevel = "warning", section: tuple[str, ...] = A, x0: float = 50.0, words: str = "It is live.") -> Block:
    return Block("", "notice", f"{level.upper()} {words}", 1, (x0, 0, 300, 10), section, level=level)


def _placed(*blocks: Block) -> list[Block]:
    """The blocks, each 20 points below the one before, lists grouped."""
    return group_lists([replace(block, box=(block.box[0], 20.0 * row, 300, 20.0 * row + 10)) for row, block in enumerate(blocks)], "d")


def _guards(*blocks: Block) -> list[list[str]]:
    """For each notice the texts it guards."""
    placed = _placed(*blocks)
    return [[placed[at].text for at in item.blocks] for item in guarded(placed)]


def test_a_notice_below_a_heading_guards_the_section_with_its_subsections() -> None:
    found = _guards(heading(A), notice(), text("One."), heading(B), text("Two.", B), heading(("5 Test",)), text("Three.", ("5 Test",)))
    assert found == [["4 Assembly", "One.", "4.1 Cover", "Two."]]


def test_several_notices_below_a_heading_all_do() -> None:
    assert _guards(heading(A), notice("danger"), notice("caution"), text("One.")) == [["4 Assembly", "One."]] * 2


def test_a_safety_section_is_guarded_and_nothing_else() -> None:
    safety = ("Safety",)
    assert _guards(heading(safety), notice("danger", safety), text("One.", safety), heading(A), text("Two.")) == [["Safety", "One."]]


def test_a_notice_before_the_first_step_guards_every_step() -> None:
    assert _guards(text("Overview."), notice(), step("1."), step("2."), text("After.")) == [["1. Do it.", "2. Do it."]]
    assert _guards(text("Overview."), notice(), text("To do it:"), step("1."), step("2.")) == [["To do it:", "1. Do it.", "2. Do it."]]


def test_a_notice_between_steps_guards_those_that_follow() -> None:
    assert _guards(text("Overview."), step("1."), notice(), step("2."), step("3."), text("After.")) == [["2. Do it.", "3. Do it."]]


def test_a_notice_set_in_below_a_step_guards_that_step_too() -> None:
    assert _guards(text("Overview."), step("1."), step("2."), notice(x0=70), step("3.")) == [["2. Do it.", "3. Do it."]]


def test_a_notice_inside_a_step_guards_that_step_only() -> None:
    inside = _guards(text("Overview."), step("1."), notice(x0=70), text("Go on.", x0=70), step("2."))
    assert inside == [["1. Do it.", "Go on."]]
    assert _guards(step("1."), notice(x0=70), step("a)", x0=70), step("2.")) == [["1. Do it.", "a) Do it."]]


def test_a_warning_between_paragraphs_guards_what_follows_in_its_section() -> None:
    assert _guards(text("One."), notice(), text("Two."), text("Three."), heading(B), text("Four.", B)) == [["Two.", "Three."]]


def test_a_note_guards_only_what_stands_beside_it() -> None:
    assert _guards(text("One."), notice("notice"), text("Two."), text("Three.")) == [["One.", "Two."]]
    assert _guards(text("Overview."), notice("notice"), step("1."), step("2.")) == [["1. Do it."]]
    assert _guards(text("One."), text("Two."), notice("notice"), heading(B), text("Three.", B)) == [["Two."]]


def test_a_notice_at_the_head_of_the_document_does_not_stand_on_every_chunk_of_it() -> None:
    title = ("Tarn 19 manual",)
    parts = [text(f"Part {part}.", (*title, f"Part {part}")) for part in range(60)]
    assert _guards(heading(title), notice("warning", title), text("Read this.", title), *parts) == [["Tarn 19 manual", "Read this."]]


def _chunks(*blocks: Block, n_tokens: int = 30) -> list[Chunk]:
    def count(texts: object) -> list[int]:
        return [len(item.split()) for item in texts]  # type: ignore[attr-defined]

    return Chunker("d", "Tarn", n_tokens, count).chunks(_placed(*blocks))


def test_every_chunk_of_a_procedure_carries_the_warning_before_it() -> None:
    steps = [step(f"{number}.") for number in range(1, 25)]
    made = _chunks(text("Overview of the work."), notice(), *steps, text("After.", ("5",)))
    holder = next(chunk for chunk in made if "WARNING" in chunk.text)
    assert len(made) > 3
    for chunk in made[:-1]:
        if "Do it" in chunk.text:
            (guard,) = chunk.guards
            assert (guard.level, guard.text, guard.page, guard.chunk_id) == ("warning", "WARNING It is live.", 1, holder.chunk_id)
    assert made[-1].guards == ()


def test_the_most_severe_and_nearest_are_kept_and_stand_first() -> None:
    many = [notice("caution", words=f"Number {number}.") for number in range(9)]
    made = _chunks(heading(A), *many, notice("danger"), text("One."), n_tokens=200)
    (chunk,) = made
    assert len(chunk.guards) == MAX_GUARDS
    assert [guard.level for guard in chunk.guards] == ["danger"] + ["caution"] * (MAX_GUARDS - 1)


def test_a_notice_at_the_end_of_a_section_speaks_for_the_sections_inside_it_too() -> None:
    inside = text("Place cushions.", B)
    found = _guards(
        heading(A), text("Secure it first."), notice("danger"), heading(B), inside, heading(("5 End",)), text("Done.", ("5 End",))
    )
    assert found == [["Secure it first.", "4.1 Cover", "Place cushions."]]


def test_a_notice_near_the_end_of_a_section_speaks_for_the_sections_inside_it_too() -> None:
    found = _guards(
        heading(A), text("Secure it first."), notice("danger"), text("Lift at the axles."), heading(B), text("Place cushions.", B)
    )
    assert found == [["Lift at the axles.", "4.1 Cover", "Place cushions."]]
