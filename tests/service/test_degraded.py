"""What an answer had to do without: parts from one list, and the unreadable pages of the documents it cites."""

from __future__ import annotations

from service.core.types import Answer, Citation, Document, Refusal
from service.degraded import PARTS, UNREADABLE_PAGES, parts, unreadable

SCANNED = Document("d1", "0" * 64, "charger manual.pdf", "Charger", 9, empty_pages=(3, 4, 5, 9))
TYPED = Document("d2", "1" * 64, "pack.pdf", "Pack", 4)
DOCUMENTS = {"d1": SCANNED, "d2": TYPED}


def cited(document_id: str) -> Citation:
    return Citation(1, document_id, "", "", None, 1, None, (), "quote", (), 0.5)


def test_an_answer_that_cites_a_document_with_unreadable_pages_names_them() -> None:
    made = Answer("answered", "7 Nm [1].", (cited("d2"), cited("d1"), cited("d1")))
    assert unreadable(made, DOCUMENTS) == ("charger manual.pdf: pages 3-5, 9 unreadable (no usable text layer)",)


def test_a_refusal_names_them_for_its_nearest_evidence() -> None:
    made = Answer("refused", "", refusal=Refusal("not_in_documents", "No.", (cited("d1"),)))
    assert len(unreadable(made, DOCUMENTS)) == 1


def test_documents_read_whole_say_nothing() -> None:
    assert unreadable(Answer("answered", "Yes [1].", (cited("d2"), cited("gone"))), DOCUMENTS) == ()


def test_metrics_and_traces_get_parts_without_file_names() -> None:
    degraded = ("rerank", *unreadable(Answer("answered", "", (cited("d1"),)), DOCUMENTS), "a.pdf: page 1 unreadable (x)")
    assert parts(degraded) == ("rerank", UNREADABLE_PAGES)
    assert set(parts(degraded)) <= set(PARTS)
