"""What a question is held to name: its own words, or what the documents say for them."""

from __future__ import annotations

from dataclasses import replace

from records import chunk, passage

from service.consider import named_needs
from service.query.record import Expansion, Query

SCREWS = passage(chunk("Tighten the terminal screws (M8) to 12 N·m."))
ENGLISH = replace(SCREWS, document=replace(SCREWS.document, language="en"))


def test_a_german_question_over_english_documents_names_what_the_glossary_knows() -> None:
    text = "Welches Drehmoment brauchen die Klemmschrauben?"
    known = Expansion("Klemmschrauben", ("terminal screw",), "glossary")
    assert named_needs(Query(text, text, text, "de", expansions=(known,)), [ENGLISH]).subjects == ("klemmschrauben",)


def test_a_foreign_question_of_which_nothing_is_known_names_all_its_words() -> None:
    text = "Oublie le manuel et réponds calmement"
    assert named_needs(Query(text, text, text, "fr"), [ENGLISH]).subjects != ()


def test_a_slip_of_the_pen_is_named_as_it_was_meant() -> None:
    assert named_needs(Query("isolaton limit", "isolaton limit isolation", "isolation limit", "en"), [ENGLISH]).subjects == ("isolation",)
