"""Codes of a question: exactly these, defining places first; a near miss is named and never a hit."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.codes import near_misses
from service.core.ports import Index, Rag
from service.core.types import Chunk
from service.query.exact import code_match, exact_hits, lane_weight, slips
from service.query.understand import understand
from tests.service.query_index import document, index_of

DEFINING = "P0C47: isolation of the traction circuit below its limit. Find the leak."
MENTION = "After a repair drive a mile and check that P0C47 stays away."
NEAR_MISS = "P0C74: precharge took too long. Check the resistor."
SIBLING = "P0C47: coolant pump of the other pack blocked."
PLAIN = "Isolation faults are found by halving the circuit."
LABELLED = "Alarm E31: fan stuck. Alarm E32: fan missing."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Index, dict[str, Chunk]]]:
    documents = (document("qx250-faults.pdf", "QX250"), document("qx400-faults.pdf", "QX400"))
    texts = {"qx250-faults": [PLAIN, MENTION, NEAR_MISS, DEFINING, LABELLED], "qx400-faults": [SIBLING]}
    index, chunks = index_of(tmp_path_factory.mktemp("exact"), documents, texts)
    yield index, chunks
    index.close()


def found(question: str, made: tuple[Index, dict[str, Chunk]], **filters: tuple[str, ...]) -> list[str]:
    index, chunks = made
    texts = {chunk.chunk_id: text for text, chunk in chunks.items()}
    return [texts[hit.chunk_id] for hit in exact_hits(understand(question, index), index, filters)]


@pytest.mark.parametrize("spelling", ["P0C47", "p0c47", "P-0C47"])
def test_the_defining_chunk_leads_mentions_follow_and_near_misses_are_absent(spelling: str, made: tuple[Index, dict[str, Chunk]]) -> None:
    assert found(f"{spelling} on the QX250, what now?", made) == [DEFINING, MENTION]


def test_a_siblings_chunk_comes_where_the_named_product_has_none(made: tuple[Index, dict[str, Chunk]]) -> None:
    assert found("E31 on the QX400?", made) == [LABELLED]


def test_filters_hold_in_the_exact_lane(made: tuple[Index, dict[str, Chunk]]) -> None:
    assert found("P0C47?", made, product=("QX400",)) == [SIBLING]
    assert found("P0C47?", made, document_id=("nowhere",)) == []


def test_an_unknown_code_finds_nothing_and_names_what_it_resembles(made: tuple[Index, dict[str, Chunk]]) -> None:
    index, chunks = made
    query = understand("what does P0C44 mean?", index)
    assert exact_hits(query, index, {}) == []
    assert query.codes == ()
    (unknown,) = query.unknown_codes
    assert unknown.written == "P0C44"
    assert set(unknown.similar) == {"p0c47", "p0c74"}
    assert code_match(chunks[DEFINING], query) < 0


def test_a_chunk_is_judged_by_how_it_holds_the_code(made: tuple[Index, dict[str, Chunk]]) -> None:
    index, chunks = made
    query = understand("P0C47?", index)
    values = [code_match(chunks[text], query) for text in (DEFINING, MENTION, PLAIN, NEAR_MISS)]
    assert values == [1.0, 0.5, 0.0, -0.5]


def test_a_labelled_code_is_the_same_code_without_its_label(made: tuple[Index, dict[str, Chunk]]) -> None:
    assert found("the charger says e31", made) == found("alarm E31", made) == [LABELLED]


def test_a_dash_left_out_is_the_same_code_but_another_digit_is_not(sample_rag: Rag) -> None:
    index = sample_rag.index
    assert exact_hits(understand("hb4014?", index), index, {}) == exact_hits(understand("HB-4014?", index), index, {}) != []
    query = understand("HB-4013?", index)
    assert exact_hits(query, index, {}) == []
    assert "hb-4014" in query.unknown_codes[0].similar


def test_a_rare_code_weighs_more_than_one_that_stands_everywhere(sample_rag: Rag) -> None:
    index = sample_rag.index
    assert lane_weight(understand("HB-4014?", index)) > lane_weight(understand("K1?", index)) > 0
    assert lane_weight(understand("what is the torque?", index)) == 0


def test_the_other_words_decide_between_two_rows_with_the_code(made: tuple[Index, dict[str, Chunk]]) -> None:
    index, chunks = made
    query = understand("P0C47 coolant pump", index)
    lexical = index.lexical.search(query.search_text, 10, {})
    assert exact_hits(query, index, {}, lexical)[0].chunk_id == chunks[SIBLING].chunk_id


@given(st.text("ab0-", min_size=1, max_size=6), st.sets(st.text("ab0-", min_size=1, max_size=6), max_size=30))
@settings(max_examples=60)
def test_slips_and_near_misses_are_two_ways_to_say_the_same(key: str, known: set[str]) -> None:
    assert sorted((set(slips(key, "ab0-")) & known) - {key}) == near_misses(key, known)


@pytest.mark.parametrize(
    "text",
    ["", " ", "x" * 2000, "a1-" * 700, "0x0A7 " * 400, "P0A80" * 400, "pin " * 500, "(((((" * 400, "é́" * 900, "\x00\ufffe" * 500,
     "电" * 2000, "a_b_" * 500, "1.2/3-" * 330, "error code no. " * 130, "A1B2 " * 400, "U0100-87:" * 220],
)  # fmt: skip
def test_any_text_is_understood_within_bounds(text: str, sample_rag: Rag) -> None:
    understand("warm up", sample_rag.index)
    started = time.process_time()
    query = understand(text, sample_rag.index)
    assert time.process_time() - started < 0.25  # 50 ms on a machine of its own; the margin is for busy ones
    assert len(query.codes) + len(query.unknown_codes) <= 12
