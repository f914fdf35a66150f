"""Notices travel with what they guard, wherever they stand, each with a citation that quotes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from records import chunk, passage

from service.cite import Cited
from service.core.types import Chunk, Draft, Guard, Part, Span
from service.notices import MAX_NOTES, notices

HOT = "WARNING The busbars stay live."
STEP = "4. Lift the cover."


@dataclass
class Shelf:
    """A store of a few chunks that counts what is asked of it."""

    chunks: Sequence[Chunk]
    n_fetches: int = 0

    def fetch(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        self.n_fetches += 1
        return [item for chunk_id in chunk_ids for item in self.chunks if item.chunk_id == chunk_id]


def guarded(*guards: Guard, page: int = 7) -> Chunk:
    return replace(chunk(STEP, kind="list_item", page=page, chunk_id="steps"), guards=guards)


def cited(made: Chunk) -> Cited:
    answer = Cited([passage(made)])
    answer.add(Draft(STEP, (Span(0, 0, len(STEP)),)))
    return answer


def test_a_warning_before_the_procedure_comes_with_a_later_step_and_is_quoted_where_it_stands() -> None:
    shelf = Shelf([chunk("Overview.", HOT, kind="notice", page=5, chunk_id="home")])
    answer = cited(guarded(Guard("warning", HOT, 5, "home")))
    (owed,) = notices(answer, shelf)  # type: ignore[arg-type]
    assert (owed.level, owed.text, owed.marker) == ("warning", HOT, 2)
    own = answer.citations[1]
    assert (own.marker, own.page, own.quote) == (2, 5, HOT)


def test_a_warning_whose_text_cannot_be_quoted_is_marked_with_the_evidence_it_guards() -> None:
    home = chunk(HOT, kind="notice", page=5, chunk_id="home", exact=False)
    home = replace(home, parts=tuple(replace(part, lines=()) for part in home.parts))
    for shelf in (Shelf([home]), Shelf([])):
        answer = cited(guarded(Guard("warning", HOT, 5, "home")))
        assert [owed.marker for owed in notices(answer, shelf)] == [1]  # type: ignore[arg-type]
        assert len(answer.citations) == 1


def test_a_mere_note_elsewhere_does_not_come_along_but_one_in_the_cited_chunk_does() -> None:
    shelf = Shelf([])
    assert notices(cited(guarded(Guard("notice", "NOTE The lamp is off.", 5, "home"))), shelf) == ()  # type: ignore[arg-type]
    assert shelf.n_fetches == 0
    own = guarded()
    text = f"{own.text}\nNOTE The lamp is off."
    note = Part(len(own.text) + 1, len(text), 7, "notice", level="notice")
    answer = cited(replace(own, text=text, parts=(*own.parts, note)))
    assert [(owed.text, answer.citations[owed.marker - 1].quote) for owed in notices(answer, shelf)] == [("NOTE The lamp is off.",) * 2]  # type: ignore[arg-type]


def test_notices_come_once_most_severe_first_however_many_guard_the_section() -> None:
    many = [Guard("caution", f"CAUTION Number {number}.", 5, "home") for number in range(3 * MAX_NOTES)]
    home = chunk(*(guard.text for guard in many), HOT, kind="notice", page=5, chunk_id="home")
    answer = cited(guarded(*many, Guard("warning", HOT, 5, "home"), Guard("warning", HOT, 5, "home")))
    owed = notices(answer, Shelf([home]))  # type: ignore[arg-type]
    assert [notice.level for notice in owed] == ["warning"] + ["caution"] * len(many)
    assert [citation.marker for citation in answer.citations[1:]] == sorted(notice.marker for notice in owed)


def test_mere_notes_are_no_more_than_a_reader_will_read() -> None:
    step = guarded()
    parts, text = list(step.parts), step.text
    for number in range(MAX_NOTES + 4):
        note = f"NOTE Number {number}."
        parts.append(Part(len(text) + 1, len(text) + 1 + len(note), 7, "notice", level="notice"))
        text += "\n" + note
    owed = notices(cited(replace(step, text=text, parts=tuple(parts))), Shelf([]))  # type: ignore[arg-type]
    assert len(owed) == MAX_NOTES


def test_notices_of_chunks_that_are_not_cited_stay_out() -> None:
    answer = cited(guarded())
    answer.passages = [*answer.passages, passage(replace(guarded(Guard("danger", "DANGER", 5, "home")), section=("5 Other",)))]
    assert notices(answer, Shelf([])) == ()  # type: ignore[arg-type]
