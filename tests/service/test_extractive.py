"""The extractive answerer: verbatim spans, heads named, whole procedures, and nothing it cannot quote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from records import chunk, passage

from service.adapters.extractive import ExtractiveGenerator
from service.core.types import Chunk, Draft
from service.pack import pack


def drafts(question: str, *chunks: Chunk) -> list[Draft]:
    return list(ExtractiveGenerator().stream(question, [passage(made) for made in chunks], 10.0))


def spoken(question: str, *chunks: Chunk) -> list[str]:
    return [draft.text for draft in drafts(question, *chunks)]


def test_the_sentence_that_answers_comes_first() -> None:
    made = chunk("The cover is grey. " * 12 + "Tighten the terminal screws to 7 Nm.", "Paint is optional.")
    assert "7 Nm" in spoken("torque of terminal screws", made)[0]


def test_every_span_is_verbatim_text_of_its_chunk() -> None:
    made = chunk("Tighten the screws to 7 Nm. Check the seal.", "The seal is blue.")
    for draft in drafts("which seal and screws", made):
        spans = [made.text[span.start : span.end] for span in draft.evidence]
        assert draft.text == " ".join(" ".join(spans).split())


def test_a_row_names_its_columns() -> None:
    made = chunk("M6 4", "M8 7", kind="table_row", heads=("Size", "Torque (Nm)"))
    found = drafts("torque for M8?", made)
    assert "Size: M8; Torque (Nm): 7" in [draft.text for draft in found]
    assert all("Torque (Nm)" in draft.added for draft in found)


def test_a_head_that_states_a_quantity_is_not_spoken() -> None:
    made = chunk("M8 7", kind="table_row", heads=("Size", "at 25 °C"))
    assert spoken("torque for M8?", made) == ["Size: M8; 7"]


def test_a_row_is_cited_with_the_head_row_that_names_its_columns() -> None:
    made = chunk("Size at 25 °C", "M8 7", kind="table_row", heads=("Size", "at 25 °C"))
    head = replace(made.parts[0], kind="table", cells=())
    made = replace(made, parts=(head, made.parts[1]))
    draft = drafts("torque for M8?", made)[0]
    assert draft.text == "Size: M8; at 25 °C: 7"
    assert [made.text[span.start : span.end] for span in draft.evidence] == ["M8 7", "Size at 25 °C"]


def test_the_unit_of_a_head_that_is_cited_goes_with_the_number() -> None:
    made = chunk("Size Torque (N·m)", "M8 7", kind="table_row", heads=("Size", "Torque (N·m)"))
    row = replace(made.parts[1], statement="M8: Torque 7 N·m")
    made = replace(made, parts=(replace(made.parts[0], kind="table", cells=()), row))
    assert drafts("torque for M8?", made)[0].text == "M8: Torque 7 N·m"


def test_a_procedure_comes_whole_and_in_order_across_chunks() -> None:
    first = chunk("1. Open the valve.", "2. Drain the coolant.", kind="list_item", group="g", ordinal=3, chunk_id="a", next_id="b")
    second = chunk("3. Remove the pump.", "4. Clean the seat.", kind="list_item", group="g", ordinal=4, chunk_id="b", previous_id="a")
    steps = spoken("how do I remove the pump?", second, first)
    assert [step[0] for step in steps] == ["1", "2", "3", "4"]


def test_what_cannot_be_quoted_is_not_said() -> None:
    made = chunk("Tighten the screws to 7 Nm.", exact=False)
    good = made.parts[0].lines[0]
    assert spoken("torque of the screws", made) != []
    object.__setattr__(made.parts[0], "lines", (type(good)(good.start, good.end, good.box, False),))
    assert spoken("torque of the screws", made) == []


def test_a_long_procedure_keeps_the_step_asked_for() -> None:
    items = [
        f"{number}. Turn the numbered bolt {number} with care and note its mark in the log of the vehicle today." for number in range(1, 40)
    ]
    items[30] = "31. Bleed the coolant circuit at the bleeder."
    assert any("Bleed" in step for step in spoken("how do I bleed the coolant circuit?", chunk(*items, kind="list_item", group="g")))


def test_no_passage_no_answer() -> None:
    assert spoken("anything?") == []


class Shelf:
    """A store of chunks that only fetches."""

    def __init__(self, *chunks: Chunk) -> None:
        self._chunks = {made.chunk_id: made for made in chunks}

    def fetch(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        return [self._chunks[chunk_id] for chunk_id in chunk_ids if chunk_id in self._chunks]


def test_packing_adds_the_pieces_of_a_procedure_once_and_stops_at_its_end() -> None:
    pieces = [
        chunk(f"{n}. Step.", kind="list_item", group="g" if n < 3 else "other", section=(str(n),), chunk_id=str(n), ordinal=n,
              previous_id=str(n - 1), next_id=str(n + 1))
        for n in range(4)
    ]  # fmt: skip
    packed = pack([passage(pieces[1])], 6, Shelf(*pieces), {"d" * 16: passage(pieces[0]).document})  # type: ignore[arg-type]
    assert [item.chunk.chunk_id for item in packed] == ["1", "0", "2"]
