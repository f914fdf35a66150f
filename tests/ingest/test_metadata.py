"""What a document tells of itself: each field from its places, and which documents are revisions of one another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pdfs import typst_pdf

from ingest.documents import describe
from ingest.metadata.dates import file_date, find_dates
from ingest.metadata.doc_type import most_specific
from ingest.metadata.evidence import gather
from ingest.metadata.family import Described, heading_keys, with_families
from ingest.metadata.manufacturer import agree, companies, manufacturer_clues
from ingest.metadata.product import product_clues
from ingest.metadata.resolve import Resolved, resolve
from ingest.metadata.revision import revision_clues, revision_order
from ingest.parsed import Parsed
from ingest.pdf.read import parse_pdf
from service.core.types import Block, Document


def parsed(*front: str, title: str = "", language: str = "en", **metadata: str) -> Parsed:
    return Parsed(1, (), (), (), title, metadata, language, (), {}, front=front)


def resolved(*front: str, name: str = "file.pdf", title: str = "", **metadata: str) -> Resolved:
    return resolve(name, parsed(*front, title=title, **metadata), {}, {})


@pytest.mark.parametrize(
    ("line", "iso"),
    [
        ("Issued 2021-03-05", "2021-03-05"),
        ("March 2021", "2021-03"),
        ("16 March 2021", "2021-03-16"),
        ("11th August 2013", "2013-08-11"),
        ("MAR 16, 2022", "2022-03-16"),
        ("Stand: 21. März 2021", "2021-03-21"),
        ("Ausgabe 05/2019", "2019-05"),
        ("19.9.2015", "2015-09-19"),
        ("8/26/2015", "2015-08-26"),
        ("30-09-2019", "2019-09-30"),
        ("2020年2月15日", "2020-02-15"),
        ("2020年2月", "2020-02"),
        ("31.02.2020", None),
        ("Torque 5.10.20 Nm", None),
    ],
)
def test_dates_are_read_in_the_forms_documents_print(line: str, iso: str | None) -> None:
    assert [found.iso for found in find_dates(line)] == ([iso] if iso else [])


def test_day_and_month_in_doubt_are_left_out_unless_the_file_was_made_that_day() -> None:
    assert find_dates("3/8/2011")[0].iso == "2011"
    assert find_dates("3/8/2011", hint="2011-03-08")[0].iso == "2011-03-08"
    assert find_dates("3/8/2011", hint="2011-08-03")[0].iso == "2011-08-03"
    assert file_date("D:20110308093353+02'00'") == "2011-03-08"
    assert file_date("yesterday") == ""


@pytest.mark.parametrize(
    ("front", "revision"),
    [
        (("Inverter X", "Revision 1.2"), "1.2"),
        (("Inverter X", "Rev. F"), "F"),
        (("Inverter X", "Revision", "C"), "C"),
        (("版本：4.1",), "4.1"),
        (("Betriebsanleitung Ausgabe 3",), "3"),
        (("Manual v1.02", "Software version 2.02"), "1.02"),
        (("Car firmware v3.3.0", "User Guide v1.3 (2014/06/21)"), "1.3"),
        (("Requires Bluetooth version 5.0 or later",), ""),
        (("Sensor V2 with firmware version 7",), ""),
        (("Version history", "V1.0 first", "V1.1 second", "V1.2 third"), ""),
    ],
)
def test_the_documents_own_revision_is_found_and_no_other_version(front: tuple[str, ...], revision: str) -> None:
    assert resolved(*front).values["revision"] == revision


@pytest.mark.parametrize(
    ("stem", "revision"),
    [("acme-datasheet-rev-b", "B"), ("acme-datasheet-rev-68131f", "68131f"), ("acme-manual-v4.1-en", "4.1"), ("acme-v2-manual", "")],
)
def test_a_revision_ends_the_file_name_and_a_model_does_not(stem: str, revision: str) -> None:
    clues = revision_clues(gather(f"{stem}.pdf", parsed("Text")))
    assert (clues[0].value if clues else "") == revision


@pytest.mark.parametrize(
    ("older", "newer"),
    [("A", "B"), ("1.9", "1.10"), ("0.3", "1"), ("68131f", "68131fa"), ("68131fb", "C"), ("2.0", "2.0a"), ("v1", "1.0.1")],
)
def test_revisions_of_one_style_have_an_order(older: str, newer: str) -> None:
    left, right = revision_order(older), revision_order(newer)
    assert left is not None
    assert right is not None
    assert left < right


def test_revisions_without_an_order_have_none() -> None:
    assert revision_order("latest") is None


@pytest.mark.parametrize(
    ("line", "doc_type"),
    [
        ("Installation and Operation Manual", "installation_manual"),
        ("User‟s Manual", "user_manual"),
        ("Specification and operation manual", "user_manual"),
        ("Emergency Response Guide", "emergency_guide"),
        ("CAN Protocol", "protocol"),
        ("Service Bulletin 12", "bulletin"),
        ("Datenblatt", "datasheet"),
        ("Werkstatthandbuch", "service_manual"),
        ("Betriebsanleitung", "user_manual"),
        ("Rettungsdatenblatt", "emergency_guide"),
        ("使用维护说明书", "user_manual"),
        ("通信协议", "protocol"),
        ("安装说明书", "installation_manual"),
        ("For more information see the user manual", ""),
        ("Manually operated valve", ""),
    ],
)
def test_the_kind_of_document_is_named_by_its_title(line: str, doc_type: str) -> None:
    assert most_specific((line,)) == doc_type


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Muster Messtechnik GmbH & Co. KG // info@muster.example", ["Muster Messtechnik"]),
        ("Acme Motion Systems LLC", ["Acme Motion Systems"]),
        ("Shenzhen Beispiel Technology Co.,Ltd", ["Shenzhen Beispiel Technology"]),
        ("成都示例科技有限公司", ["成都示例科技"]),
        ("Copyright 2019 Acme, Inc.", ["Acme"]),
        ("An output stage of class AB", []),
    ],
)
def test_companies_are_known_by_their_legal_form(line: str, names: list[str]) -> None:
    assert [name.removeprefix("Copyright 2019 ") for name in companies(line)] == names


def maker(*front: str, **metadata: str) -> str:
    clues = agree(manufacturer_clues(gather("x.pdf", parsed(*front, **metadata))))
    return max(clues, key=lambda clue: clue.confidence).value if clues else ""


def test_the_maker_is_the_one_the_document_names_as_its_own() -> None:
    assert maker("Recall", "Manufacturer Name : Beispiel SDI Co., Ltd.", "sold to the Other Motor Company") == "Beispiel SDI"
    assert maker("Pump", "© 2021 Acme Alliance") == "Acme Alliance"
    assert maker("Pump", "ACME DEVICES, INC.", author="Acme Devices, Inc.") == "Acme Devices"
    assert maker("Protocol", "sales@acmemotion.com", "made by Acme Motion Systems in Bern") == "Acme Motion Systems"
    assert maker("Inverter manual", author="Jane Doe") == ""


def products(*front: str, name: str = "x.pdf", title: str = "", **metadata: str) -> list[str]:
    return [clue.value for clue in product_clues(gather(name, parsed(*front, title=title, **metadata)))]


def test_a_product_is_what_several_places_agree_on() -> None:
    assert products("XR6813-1", "Battery Monitor", name="acme-xr6813-1-rev-b.pdf") == ["XR6813-1"]
    assert products("(QK-B1A24S/QK-B2A24S)", "Manual", "QK-B2A24S", name="qk-b1a24s-manual.pdf") == ["QK-B1A24S", "QK-B2A24S"]
    assert products("Tarn 19 Battery", "Manual", name="tarn19-manual.pdf") == ["Tarn 19"]
    assert products("Charge controller", "The SmartPost is small", name="smartpost-v2-manual.pdf") == ["SmartPost"]


def test_standards_units_and_document_numbers_are_no_products() -> None:
    assert products("ISO 26262 and RS-485 over CAN 2.0", "IP67", name="iso-26262-rs-485-ip67.pdf") == []
    assert products("Manual", "AB-SM-1900 Rev. C 2026-01-15", name="ab-sm-1900.pdf") == []
    assert products("Document", "AB-IM-2101", "Revision", "C", name="ab-im-2101.pdf") == []


def test_a_title_left_over_from_another_document_is_no_evidence() -> None:
    assert gather("x.pdf", parsed("Connection Manual", title="Fan Protocol")).title == ""
    assert gather("x.pdf", parsed("Fan Protocol", "for fans", title="Fan Protocol")).title == "Fan Protocol"


def test_who_is_trusted_more_is_asked_first_and_named() -> None:
    page = parsed("Pump P100", "Revision 2", name="x")
    everything = resolve("pump-p100-rev-3.pdf", page, {"revision": "4", "product": ["P4"]}, {"revision": "5"})
    assert (everything.values["revision"], everything.values["product"]) == ("5", ("P4",))
    origins = {origin.field: (origin.source, origin.confidence) for origin in everything.origins}
    assert origins["revision"] == ("corrected by hand", 1.0)
    assert origins["product"] == ("corpus.toml", 0.99)
    assert resolve("pump-p100-rev-3.pdf", page, {"revision": "4"}, {}).values["revision"] == "4"
    assert resolve("pump-p100-rev-3.pdf", page, {}, {}).values["revision"] == "2"
    assert resolve("pump-p100-rev-3.pdf", parsed("Pump"), {}, {}).values["revision"] == "3"
    assert resolve("p.pdf", page, {}, {"revision": ""}).values["revision"] == ""


TITLE_PAGE = """#set page(footer: [Beispiel Antriebe GmbH #h(1fr) ID 77 Rev. D])
#text(24pt)[KX-200 Traction Inverter]\\ #text(18pt)[Installation Manual]\\ Date: 5 March 2021
#pagebreak()
= Mounting the inverter
Mount the inverter with four screws and tighten them to the torque of the table.
#pagebreak()
= Wiring the inverter
Connect the cables of the battery and of the motor as the picture of the terminals shows.
"""


def test_a_real_title_page_gives_every_field_and_its_origin(tmp_path: Path) -> None:
    path = typst_pdf(tmp_path, TITLE_PAGE, "kx-200-installation.pdf")
    document, context = describe(path.name, str(path), "ab" * 32, {}, parse_pdf(path, "d", 10), ())
    assert (document.manufacturer, document.product, document.doc_type) == ("Beispiel Antriebe", ("KX-200",), "installation_manual")
    assert (document.revision, document.date, document.language) == ("D", "2021-03-05", "en")
    sources = {origin.field: origin.source for origin in document.origins}
    assert sources["manufacturer"] == sources["revision"] == "running head or foot"
    assert sources["product"] == sources["date"] == "title page"
    assert all(0 < origin.confidence <= 1 for origin in document.origins)
    assert "KX-200" in context


def test_the_context_of_chunks_holds_products_that_were_stated_not_those_that_were_guessed() -> None:
    page = parsed("QX100", "Cooling fan", title="Cooling fan", language="en")
    guessed, context = describe("qx100.pdf", "", "ab" * 32, {}, page, ())
    assert guessed.product == ("QX100",)
    assert context == "Cooling fan (qx100)"
    assert describe("qx100.pdf", "", "ab" * 32, {}, page, (), {"product": ["Z9"]})[1] == "Cooling fan Z9 (qx100)"
    assert describe("qx100.pdf", "", "ab" * 32, {}, page, (), {"title": "Big fan"})[1] == "Big fan"


HEADINGS = frozenset(("safety", "mounting", "wiring", "start"))


def manual(number: int, *, headings: frozenset[str] = HEADINGS, given: dict[str, Any] | None = None, **fields: Any) -> Described:
    known = {"title": "Inverter", "product": ("KX-200",), "doc_type": "user_manual", "language": "en", "manufacturer": "Acme", **fields}
    return Described(Document(f"id{number}", f"{number}" * 64, f"{number}.pdf", n_pages=1, **known), given or {}, headings)


def superseded(*described: Described) -> list[str]:
    return [document.superseded_by for document in with_families(described)]


def test_the_newest_revision_is_current_and_the_others_point_at_it() -> None:
    documents = with_families([manual(1, revision="A"), manual(2, revision="C"), manual(3, revision="B")])
    assert [document.superseded_by for document in documents] == ["id2", "", "id2"]
    assert len({document.family for document in documents}) == 1
    assert documents[0].family == "acme/kx-200/user-manual"
    assert {origin.field for origin in documents[0].origins} == {"family", "superseded_by"}
    assert superseded(manual(1, date="2019-03"), manual(2, date="2020-01")) == ["id2", ""]


@pytest.mark.parametrize(
    "other",
    [
        manual(2, revision="B", language="zh"),
        manual(2, revision="B", doc_type="datasheet"),
        manual(2, revision="B", product=("KX-300",)),
        manual(2, revision="B", manufacturer="Other"),
        manual(2, revision="B", headings=frozenset(("features", "pins", "ratings", "start"))),
        manual(2, revision="B", title="Inverter 2020"),
    ],
)
def test_what_differs_in_more_than_its_revision_is_another_document(other: Described) -> None:
    first = manual(1, revision="A", title="Inverter 2019" if "2020" in other.document.title else "Inverter")
    assert superseded(first, other) == ["", ""]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ({"revision": "A", "date": "2020-01"}, {"revision": "B", "date": "2019-01"}),
        ({"revision": "A"}, {"revision": "2"}),
        ({"revision": "A", "date": "2019-01"}, {"revision": "A", "date": "2020-01"}),
        ({"date": "2020"}, {"date": "2020-05"}),
        ({}, {}),
    ],
)
def test_nothing_is_superseded_where_marks_and_dates_leave_a_doubt(one: dict[str, str], two: dict[str, str]) -> None:
    assert superseded(manual(1, **one), manual(2, **two)) == ["", ""]


def test_a_stated_supersedes_counts_unless_it_is_limited_to_a_part() -> None:
    old, bulletin = manual(1, revision="A"), manual(2, doc_type="bulletin", supersedes=("1.pdf",))
    assert superseded(old, bulletin) == ["id2", ""]
    assert superseded(old, replace(bulletin, given={"supersedes_scope": "one torque"})) == ["", ""]


def test_a_bulletin_of_the_same_stated_family_does_not_replace_the_manual() -> None:
    old, bulletin = manual(1, revision="A", family="F"), manual(2, revision="B", doc_type="bulletin", family="F")
    assert superseded(old, bulletin) == ["", ""]


def test_chains_end_at_the_current_one_and_circles_supersede_nothing() -> None:
    a, b, c = manual(1), manual(2, supersedes=("1.pdf",)), manual(3, supersedes=("2.pdf",))
    assert superseded(a, b, c) == ["id3", "id3", ""]
    assert superseded(manual(1, supersedes=("2.pdf",)), manual(2, supersedes=("1.pdf",))) == ["", ""]


def test_heading_keys_fall_back_to_the_texts_of_a_page_without_headings() -> None:
    heading = Block("b", "heading", "4.2 Power terminals", 1, (0, 0, 1, 1))
    assert heading_keys([heading, heading]) == {"42powerterminals"}
    many = [replace(heading, text=f"{number} {word}") for number, word in enumerate(("Safety", "Mounting", "Wiring"))]
    assert heading_keys(many) == {"safety", "mounting", "wiring"}
