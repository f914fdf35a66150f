"""Near-duplicates: one of them is shown, in the best place, the others follow at the end and none is lost."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.types import Document, Passage
from service.duplicates import collapse
from service.query.record import NamedProduct, Query
from tests.service.query_index import chunk, document

TEXT = "Tighten the four gland screws of the drive crosswise in two passes with a torque of 5 Nm and mark them with paint afterwards."
OTHER = "The fan filter is cleaned every three months with dry air from the inside to the outside, never with water or solvents."
OLD = document("qx250-a.pdf", "QX250", revision="A", superseded_by="qx250-b")
NEW = document("qx250-b.pdf", "QX250", revision="B")
SIBLING = document("qx400.pdf", "QX400")
CHINESE = document("qx250-b-zh.pdf", "QX250", revision="B", language="zh")


def passage(owner: Document, text: str, page: int = 3) -> Passage:
    return Passage(chunk(owner.document_id, text, page, page=page), owner, {"fused": 0.1})


def asked(text: str = "gland screw torque", *products: NamedProduct) -> Query:
    return Query(text, text, text, language="en", products=products)


def test_the_current_revision_takes_the_place_of_the_old_one() -> None:
    old, other, new = passage(OLD, TEXT), passage(NEW, OTHER, 9), passage(NEW, TEXT.replace("5 Nm", "7 Nm"))
    assert collapse([old, other, new], asked()) == [new, other, old]


@pytest.mark.parametrize("question", ["gland torque in rev. A", "gland torque, revision A", "what does qx250-a.pdf say of glands?"])
def test_the_older_revision_is_shown_where_it_is_asked_for(question: str) -> None:
    old, new = passage(OLD, TEXT), passage(NEW, TEXT)
    assert collapse([new, old], asked(question)) == [old, new]


def test_filters_that_name_a_revision_or_document_switch_it_off() -> None:
    old, new = passage(OLD, TEXT), passage(NEW, TEXT)
    assert collapse([old, new], asked(), {"revision": ("A", "B")}) == [old, new]
    assert collapse([old, new], asked(), {"document_id": ("qx250-a", "qx250-b")}) == [old, new]
    assert collapse([old, new], asked(), {"manufacturer": ("Acme",)}) == [new, old]


def test_siblings_that_differ_in_a_number_are_both_shown() -> None:
    one, two = passage(NEW, TEXT), passage(SIBLING, TEXT.replace("5 Nm", "7 Nm"))
    assert collapse([two, one], asked()) == [two, one]


def test_of_siblings_that_say_the_very_same_the_named_products_is_shown() -> None:
    named = NamedProduct("QX250", 0, 5, {"qx250-b": 1.0}, frozenset({"qx400"}))
    one, two = passage(NEW, TEXT), passage(SIBLING, TEXT)
    assert collapse([two, one], asked("gland torque of the QX250", named)) == [one, two]


def test_what_a_document_says_twice_is_shown_twice() -> None:
    passages = [passage(NEW, TEXT, 3), passage(NEW, TEXT, 12)]
    assert collapse(passages, asked()) == passages


def test_a_translation_goes_behind_the_page_in_the_language_asked_in() -> None:
    chinese, english = passage(CHINESE, "用5 Nm的力矩拧紧四个螺钉。"), passage(NEW, TEXT)
    assert collapse([chinese, english], asked()) == [english, chinese]
    assert collapse([english, chinese], replace(asked(), language="zh")) == [chinese, english]
    elsewhere = passage(NEW, OTHER, 15)
    assert collapse([chinese, elsewhere], asked()) == [chinese, elsewhere]


def test_a_superseded_passage_without_a_current_twin_stays_where_it_is() -> None:
    passages = [passage(OLD, TEXT), passage(NEW, OTHER)]
    assert collapse(passages, asked()) == passages


@given(st.integers(0, 10_000))
def test_no_passage_is_lost_and_none_is_shown_twice(seed: int) -> None:
    rng = random.Random(seed)
    made = [
        passage(rng.choice([OLD, NEW, SIBLING, CHINESE]), rng.choice([TEXT, OTHER, "5 Nm", "", TEXT.replace("5", "6")]), page)
        for page in range(1, rng.randint(1, 12))
    ]
    collapsed = collapse(made, asked())
    assert sorted(item.chunk.chunk_id for item in collapsed) == sorted(item.chunk.chunk_id for item in made)
