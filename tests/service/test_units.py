"""Index small, show large: the whole unit of a hit, hits of one unit merged, never beyond its bounds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import httpx
import pytest
from http_twins import wait_until
from manuals import indexed, manuals
from records import chunk, passage

from service.app import create_app
from service.core.ports import Rag
from service.core.types import Chunk
from service.retrieve import retrieve
from service.units import MAX_CHARS, units


class Kept:
    """A store of these chunks."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = {one.chunk_id: one for one in chunks}

    def fetch(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        return [self.chunks[one] for one in chunk_ids if one in self.chunks]


def procedure(n: int, *, text: str = "Do step") -> list[Chunk]:
    ids = tuple(f"s{number}" for number in range(n))
    return [
        replace(chunk(f"{text} {number}.", kind="list_item", page=5 + number // 2, chunk_id=ids[number], group="g"), group_ids=ids)
        for number in range(n)
    ]


def test_a_step_comes_with_its_procedure_in_order_and_its_pages() -> None:
    steps = procedure(5)
    (unit,) = units([passage(steps[3]), passage(steps[0])], Kept(steps))  # type: ignore[arg-type]
    assert unit.text == "\n".join(f"Do step {number}." for number in range(5))
    assert (unit.chunk_ids, unit.page_first, unit.page_last) == (("s0", "s1", "s2", "s3", "s4"), 5, 7)
    assert unit.passage.chunk == steps[3]


def test_a_long_unit_is_shown_around_the_hit_and_a_later_hit_of_its_rest_comes_by_itself() -> None:
    steps = procedure(9, text="x" * (MAX_CHARS // 3 - 10))
    first, second = units([passage(steps[4]), passage(steps[8])], Kept(steps))  # type: ignore[arg-type]
    assert "s4" in first.chunk_ids
    assert len(first.text) <= MAX_CHARS + len(first.chunk_ids)
    assert not set(first.chunk_ids) & set(second.chunk_ids)
    assert second.chunk_ids[-1] == "s8"


def test_a_chunk_without_a_unit_is_shown_as_it_is() -> None:
    (unit,) = units([passage(chunk("Alone."))], Kept([]))  # type: ignore[arg-type]
    assert (unit.text, unit.chunk_ids) == ("Alone.", ("c0",))


def test_a_head_row_that_each_chunk_of_a_table_repeats_is_said_once() -> None:
    ids = ("t0", "t1")
    rows = []
    for chunk_id, row in zip(ids, ("M6 9", "M8 22"), strict=True):
        made = chunk("Screw Torque", row, kind="table_row", chunk_id=chunk_id, group="t")
        rows.append(replace(made, group_ids=ids, parts=(replace(made.parts[0], kind="table"), made.parts[1])))
    (unit,) = units([passage(rows[1])], Kept(rows))  # type: ignore[arg-type]
    assert unit.text == "Screw Torque\nM6 9\nM8 22"


@pytest.fixture(scope="module")
def lark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("lark")
    rag, _ = indexed(manuals(folder / "manuals"), home=folder / "home", chunk_tokens=64)
    yield rag
    rag.index.close()


def test_a_question_about_one_step_shows_all_of_them(lark: Rag) -> None:
    question = "How long must the pump run when the coolant circuit is bled?"
    found = retrieve(lark, question, {}, 5, deadline=time.monotonic() + 30).passages
    shown = units(found, lark.index.vectors)
    bleeding = next(unit for unit in shown if "Run the pump for 90 seconds." in unit.text)
    assert [bleeding.text.index(step) for step in ("1. ", "2. ", "3. ", "4. ", "5. ")] == sorted(
        bleeding.text.index(step) for step in ("1. ", "2. ", "3. ", "4. ", "5. ")
    )
    ids = [one for unit in shown for one in unit.chunk_ids]
    assert len(ids) == len(set(ids))
    assert {passage.chunk.chunk_id for passage in found} <= set(ids)


async def test_search_gives_whole_units_on_request_only(lark: Rag) -> None:
    app = create_app(lark.settings)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        await asyncio.to_thread(wait_until, lambda: app.state.evdocs.live.ready)
        asked = {"question": "How do I bleed the coolant circuit?", "k": 5}
        plain, whole = [(await client.post("/v1/search", json=asked | more)).json()["hits"] for more in ({}, {"whole": True})]
    assert all("unit" not in hit for hit in plain)
    assert len(whole) <= len(plain)
    assert "5. Check the level" in whole[0]["unit"]["text"]
    assert whole[0]["chunk_id"] == plain[0]["chunk_id"]
