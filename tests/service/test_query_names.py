"""Product names: who is named, whose documents those are, and which are kept down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.core.ports import Index
from service.core.types import Passage
from service.query.names import names_of, product_match, siblings_last
from service.query.understand import understand
from tests.service.query_index import chunk, document, index_of

DOCUMENTS = (
    document("qx250zt-can.pdf", "QX250ZT", title="CAN protocol"),
    document("qx250-manual.pdf", "QX250", title="QX250 series drive manual"),
    document("qx400-manual.pdf", "QX400", title="QX400 series drive manual"),
    document("vargo-12-wallbox.pdf", "Vargo 12", title="Vargo 12 wallbox"),
    document("hearsay.pdf", "MJ77", sure=0.4, title="Notes on a gauge"),
    document("general-safety.pdf", title="General safety rules"),
)
TEXTS = {
    "qx250zt-can": ["Torque command message of the drive."],
    "qx250-manual": ["Cable glands are tightened to 5 Nm. For the QX400 take 7 Nm."],
    "qx400-manual": ["Cable glands are tightened to 7 Nm."],
    "vargo-12-wallbox": ["Mount the wallbox upright."],
    "hearsay": ["The gauge sleeps after ten minutes."],
    "general-safety": ["Wear gloves."],
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    opened, _ = index_of(tmp_path_factory.mktemp("names"), DOCUMENTS, TEXTS)
    yield opened
    opened.close()


def matches(question: str, index: Index) -> dict[str, float]:
    query = understand(question, index)
    return {document_id: round(product_match(item, query), 2) for document_id, item in index.documents.items()}


@pytest.mark.parametrize("spelling", ["QX250ZT", "qx250zt", "QX250 ZT", "qx250-zt", "QX250_ZT", "QX250/ZT"])
def test_a_product_has_one_name_however_it_is_spelled(spelling: str, index: Index) -> None:
    (named,) = understand(f"gland torque of the {spelling}?", index).products
    assert named.name == spelling
    assert named.documents["qx250zt-can"] == 1.0


def test_the_named_products_document_goes_first_then_its_family_and_siblings_last(index: Index) -> None:
    found = matches("gland torque of the QX250ZT", index)
    assert found["qx250zt-can"] == 1.0
    assert 0 < found["qx250-manual"] < 1
    assert found["qx400-manual"] == found["vargo-12-wallbox"] == -1
    assert found["general-safety"] == 0


def test_a_document_that_speaks_of_the_named_product_is_no_sibling(index: Index) -> None:
    assert matches("gland torque of the QX400", index)["qx250-manual"] == 0


def test_two_named_products_keep_neither_down(index: Index) -> None:
    found = matches("is the gland torque of the QX250 the same as for the QX400?", index)
    assert found["qx250-manual"] == found["qx400-manual"] == 1.0
    assert found["vargo-12-wallbox"] == -1


def test_a_product_from_an_unsure_source_lifts_its_document_and_keeps_none_down(index: Index) -> None:
    found = matches("when does the MJ77 sleep?", index)
    assert 0 < found["hearsay"] < 1
    assert min(found.values()) == 0


def test_an_unsure_document_is_never_kept_down(index: Index) -> None:
    assert matches("gland torque of the QX400", index)["hearsay"] == 0


def test_a_short_form_names_the_product(index: Index) -> None:
    assert matches("how is the vargo mounted?", index)["vargo-12-wallbox"] == 0.9


def test_without_a_name_nothing_is_told(index: Index) -> None:
    assert set(matches("what is the gland torque?", index).values()) == {0}


def test_a_longer_number_is_another_product(index: Index) -> None:
    assert set(matches("gland torque of the QX2500", index).values()) == {0}


def test_a_name_written_apart_is_also_searched_as_it_is_printed(index: Index) -> None:
    assert "qx250zt" in understand("torque message of the qx250 zt", index).search_text.split()
    assert understand("torque message of the QX250-ZT", index).extra == ()


def test_a_siblings_passage_never_goes_before_the_named_products(index: Index) -> None:
    own = [passage_of(index, name) for name in ("qx400-manual", "general-safety", "qx250zt-can", "vargo-12-wallbox")]
    query = understand("gland torque of the QX250ZT", index)
    assert [item.document.document_id for item in siblings_last(own, query)] == [
        "general-safety",
        "qx250zt-can",
        "qx400-manual",
        "vargo-12-wallbox",
    ]


def test_siblings_stay_where_they_are_when_the_named_product_has_nothing(index: Index) -> None:
    own = [passage_of(index, name) for name in ("qx400-manual", "vargo-12-wallbox", "general-safety")]
    assert siblings_last(own, understand("gland torque of the QX250ZT", index)) == own


def passage_of(index: Index, document_id: str) -> Passage:
    return Passage(chunk(document_id, TEXTS[document_id][0]), index.documents[document_id], {})


@pytest.mark.parametrize("word", ["Gen 3", "RS485", "CAN2", "IP67", "type 2"])
def test_generations_buses_and_classes_are_no_products(word: str) -> None:
    made = document("notes.pdf", word)
    assert names_of({"notes": made}).by_key == {}
