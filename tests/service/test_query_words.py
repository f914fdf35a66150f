"""Words of a question: slips corrected, abbreviations and other languages said in the documents' words, languages told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.ports import Index
from service.core.words import Abbreviation
from service.query.glossary import Glossary, expansions, glossary_of, packaged
from service.query.languages import language_of, supported
from service.query.spelling import distance
from service.query.understand import understand
from tests.service.query_index import document, index_of

TEXTS = {
    "qx250-manual": [
        "Tighten the terminal screws of the contactor with 7 Nm. The contactor is behind the cover.",
        "The precharge resistor is measured cold. Tighten the screws of the resistor last.",
        "After the precharge the contactor closes; the resistor cools down.",
        "The interlock loop (HVIL) is closed when the cover is on. A terminal of the HVIL may be corroded.",
    ],
    "vargo-12-anleitung": ["Das Ladegerät hat zwei Sicherungen. Vor dem Öffnen 10 Minuten warten.", "Die Sicherungen sitzen im Deckel."],
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    documents = (document("qx250-manual.pdf", "QX250"), document("vargo-12-anleitung.pdf", "Vargo 12", language="de"))
    opened, _ = index_of(tmp_path_factory.mktemp("words"), documents, TEXTS)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("written", "meant"), [("conatctor", "contactor"), ("resitsor", "resistor"), ("terminl", "terminal"), ("prechagre", "precharge")]
)  # fmt: skip
def test_a_slip_is_corrected_to_a_word_of_the_documents_and_kept_beside_it(written: str, meant: str, index: Index) -> None:
    query = understand(f"how is the {written} fitted?", index)
    assert [(slip.written, slip.meant) for slip in query.corrections] == [(written, meant)]
    assert query.embed_text == f"how is the {meant} fitted?"
    assert written in query.search_text
    assert meant in query.search_text


@pytest.mark.parametrize(
    "text",
    [
        "is the QX25O right?",
        "part QX520 torque",
        "7 Nnm or 8 Nm",
        "is the Termnal of ACME any good?",
        "the vargo 12",
        "fitted with a washer?",
        "interlok_loop",
        "which TERMNAL?",
        "screwed, screwing and screwable",
        "wie wird das Schutz montiert und gepruft, und was ist die Ursache?",
    ],
)
def test_codes_numbers_names_english_and_other_languages_are_left_as_they_are(text: str, index: Index) -> None:
    assert understand(f"please tell me: {text}", index).corrections == ()


def test_what_the_documents_say_as_the_question_does_is_not_searched_in_other_words(index: Index) -> None:
    query = understand("where is the HVIL terminal?", index)
    assert query.extra == ()
    assert [(other.written, other.searched) for other in query.expansions] == [("HVIL", False)]


def test_an_abbreviation_the_documents_do_not_use_is_searched_written_out(index: Index) -> None:
    query = understand("is a msd fitted?", index)
    assert "manual service disconnect" in query.extra
    assert query.search_text.startswith("is a msd fitted?")


def test_a_german_question_about_an_english_manual_is_asked_in_english_too(index: Index) -> None:
    query = understand("Welches Anzugsmoment haben die Schrauben am Schütz der QX250?", index)
    assert query.language == "de"
    assert {"torque", "screw", "contactor"} <= set(query.extra)
    assert "torque" in query.embed_text
    best = index.lexical.search(query.search_text, 1, {})[0]
    assert best.chunk_id == index.lexical.search("Tighten the terminal screws of the contactor", 1, {})[0].chunk_id


def test_a_chinese_question_about_an_english_manual_is_asked_in_english_too(index: Index) -> None:
    query = understand("QX250的预充电阻是多少？", index)
    assert query.language == "zh"
    assert "precharge resistor" in query.extra


def test_an_english_question_about_a_german_manual_is_asked_in_german_too(index: Index) -> None:
    query = understand("where are the fuses of the Vargo 12?", index)
    assert "Sicherung" in query.extra


def test_a_question_in_the_language_of_the_manual_is_not_translated(index: Index) -> None:
    assert understand("Wo sind die Sicherungen des Vargo 12?", index).extra == ()
    assert understand("where are the screws of the QX250?", index).extra == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what is the torque of the terminal screws?", "en"),
        ("check torque of lug", "en"),
        ("Wie hoch ist das Anzugsmoment?", "de"),
        ("Anzugsmoment Schütz", "de"),
        ("高压互锁的电阻", "zh"),
        ("端子ネジの締め付けトルクは?", "ja"),
        ("Quel est le couple de serrage des vis ?", "fr"),
        ("¿Cuál es el par de apriete de los tornillos?", "es"),
        ("Qual è la coppia di serraggio delle viti?", "it"),
        ("Какой момент затяжки?", "ru"),
        ("what was the die temperature?", "en"),
        ("P0C47", ""),
        ("", ""),
    ],
)
def test_the_language_of_a_short_question_is_told(text: str, language: str) -> None:
    assert language_of(text, glossary_of(()).german) == language


def test_the_packaged_embedder_reads_english_only_and_of_others_nothing_is_claimed() -> None:
    assert supported("en", "minilm")
    assert supported("", "minilm")
    assert not supported("de", "minilm")
    assert supported("de", "some/multilingual-model")


def said(text: str, glossary: Glossary, language: str = "en", targets: tuple[str, ...] = ("en",)) -> dict[str, tuple[str, ...]]:
    return {other.written: other.terms for other in expansions(text, language, targets, glossary)}


def test_the_documents_meaning_of_an_abbreviation_goes_for_the_packaged_one() -> None:
    glossary = glossary_of([Abbreviation("PLC", "pump logic card", 4)])
    assert said("which PLC is fitted?", glossary) == {"PLC": ("pump logic card",)}


def test_the_longest_name_is_taken_and_nothing_inside_it() -> None:
    assert said("Wo sitzt der Vorladewiderstand?", glossary_of(()), "de") == {"Vorladewiderstand": ("precharge resistor",)}


def test_a_german_name_inside_a_joined_word_is_known_but_not_inside_a_syllable() -> None:
    found = said("Ich brauche das Ladeschütz", glossary_of(()), "de")
    assert found["schütz"][0] == "contactor"
    assert "rauch" not in found


def test_an_everyday_word_is_no_abbreviation_in_small_letters() -> None:
    assert said("can the ice be removed", glossary_of(())) == {}
    assert "CAN" in said("which CAN id", glossary_of(()))


def test_a_kept_range_is_not_expanded() -> None:
    assert expansions("HV-6 weight", "en", ("en",), glossary_of(()), kept=[(0, 4)]) == ()


def test_every_packaged_concept_has_an_english_name_or_an_abbreviation_and_none_is_listed_twice() -> None:
    concepts = packaged()
    assert 200 <= len(concepts) <= 300
    assert all(concept.short or concept.names.get("en") for concept in concepts)
    names = [(language, name) for concept in concepts for language, own in concept.names.items() for name in own[:1]]
    assert all(name == name.strip() for _, name in names)
    shorts = [concept.short for concept in concepts if concept.short]
    assert len(shorts) == len(set(shorts))


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_is_symmetric_and_zero_only_for_the_same_word(a: str, b: str) -> None:
    assert distance(a, b, 2) == distance(b, a, 2)
    assert (distance(a, b, 2) == 0) == (a == b)


def test_neighbours_swapped_count_once() -> None:
    assert distance("torque", "torqeu", 2) == 1
    assert distance("torque", "turqoue", 2) == 2
    assert distance("torque", "pump", 2) == 3
