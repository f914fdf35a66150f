"""Follow-ups: what a question leaves out comes from what was asked before; a whole question is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.core.ports import Index
from service.query.followup import complete
from tests.service.query_index import document, index_of

DOCUMENTS = (
    document("qx250-manual.pdf", "QX250", title="QX250 drive"),
    document("qx400-manual.pdf", "QX400", title="QX400 drive"),
    document("zorblatt-guide.pdf", title="Zorblatt guide"),
)
TEXTS = {
    "qx250-manual": [
        "The torque of the cable gland is 5 Nm, its thread size is M25. Check it every year.",
        "P0C47: isolation fault. Clear the fault with the key.",
        "Wait ten minutes. The cover of the drive is fixed by four screws.",
    ],
    "qx400-manual": ["The torque of the cable gland is 7 Nm.", "Das Drehmoment der Verschraubung ist 7 Nm."],
    "zorblatt-guide": ["A Zorblatt is charged by its own charger; the cover of it is green."],
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    opened, _ = index_of(tmp_path_factory.mktemp("followup"), DOCUMENTS, TEXTS)
    yield opened
    opened.close()


def whole(index: Index, *asked: str) -> tuple[str, ...]:
    """The completions of the last question after those before it."""
    *before, question = asked
    return complete(question, [(one, "an answer") for one in before], index)


@pytest.mark.parametrize(
    "question",
    ["and for the QX400?", "what about the QX400?", "QX400?", "ok, and the QX400", "same for the QX400?", "is it the same for the QX400?"],
)
def test_another_product_takes_the_place_of_the_first(question: str, index: Index) -> None:
    assert whole(index, "what is the gland torque of the QX250?", question)[0] == "what is the gland torque of the QX400?"


@pytest.mark.parametrize("question", ["und für die QX400?", "那QX400呢？"])
def test_follow_ups_in_german_and_chinese_are_completed_too(question: str, index: Index) -> None:
    assert whole(index, "gland torque of the QX250?", question) == ("gland torque of the QX400?",)


def test_another_aspect_keeps_the_product_and_the_component(index: Index) -> None:
    first, second = whole(index, "gland torque of the QX250?", "what about the thread size?")
    assert first == "what about the thread size? QX250"
    assert "gland" in second
    assert second.startswith("what about the thread size? QX250")


def test_a_pronoun_stands_for_what_was_asked_about(index: Index) -> None:
    completed = whole(index, "what does P0C47 mean on the QX250?", "how do I clear it?")
    assert all("QX250" in one for one in completed)
    assert "P0C47" in completed[-1]


@pytest.mark.parametrize("question", ["why?", "is it the same there?", "how often?", "and then?"])
def test_a_question_without_a_word_of_its_own_is_the_last_one_again(question: str, index: Index) -> None:
    assert whole(index, "gland torque of the QX250?", question) == ("gland torque of the QX250?",)


def test_a_product_is_carried_over_two_follow_ups(index: Index) -> None:
    completed = whole(index, "gland torque of the QX250?", "and for the QX400?", "what about the thread size?")
    assert "QX400" in completed[0]
    assert "QX250" not in completed[0]


def test_a_short_question_without_a_product_is_about_the_one_talked_about(index: Index) -> None:
    assert whole(index, "gland torque of the QX250?", "how is the cover fixed?") == ("how is the cover fixed? QX250",)


@pytest.mark.parametrize(
    "question",
    [
        "what is the gland torque of the QX400?",
        "what does P0C47 mean and how is the fault cleared?",
        "how is the cover of the Zorblatt charged?",
        "what is the capital of Australia?",
        "is it going to rain tomorrow in Lyon?",
        "which cover screws must be checked every year so that the isolation of the drive and its cable gland is safe?",
        "P0C47?",
    ],
)
def test_a_whole_question_is_left_alone(question: str, index: Index) -> None:
    assert whole(index, "wait time of the QX250?", question) == ()


def test_without_history_nothing_is_completed(index: Index) -> None:
    assert complete("and for the QX400?", [], index) == ()


def test_a_long_history_of_long_texts_is_bounded(index: Index) -> None:
    history = [("torque " * 280, "x" * 8000)] * 20
    for completed in complete("and for the QX400?", history, index):
        assert len(completed) < 2500
