"""What the default answer is made of: pieces, what a question wants, rows it picks out, procedures, and lines composed of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from records import chunk, passage

from service.core.late import Closeness
from service.core.types import Cell, Chunk, Passage
from service.extract.asked import asked
from service.extract.choose import facts
from service.extract.compose import composed
from service.extract.evidence import models, shares
from service.extract.pieces import Piece, pieces
from service.extract.procedure import fitted, runs
from service.extract.rows import key_match
from service.extract.seen import judged, seen
from service.extract.signals import NAMES, sight
from service.extract.wording import said


def row(text: str, statement: str, heads: Sequence[str]) -> Chunk:
    """A chunk of one table row that can be said as a sentence."""
    made = chunk(text, kind="table_row", heads=heads)
    return replace(made, parts=(replace(made.parts[0], statement=statement),))


def lines(*wanted: int, of: Chunk) -> list[str]:
    """What is said of some pieces of one chunk."""
    made = [passage(of)]
    own = pieces(made)
    by_place: dict[tuple[int, int], Piece] = {(piece.at, piece.place): piece for piece in own}
    return [draft.text for draft in composed([own[at] for at in wanted], made, by_place, 1.0)]


@pytest.mark.parametrize(
    ("question", "wants"),
    [
        ("How do I bleed the coolant circuit?", {"steps"}),
        ("How much coolant does the pack hold?", {"quantity"}),
        ("Why does the contactor chatter?", {"reason"}),
        ("Is the plug allowed to be pulled under load?", {"yes_no"}),
        ("Which pin carries the interlock?", {"code"}),
        ("Where is the service plug?", {"place"}),
    ],
)
def test_the_words_of_a_question_tell_what_it_wants(question: str, wants: set[str]) -> None:
    told = {name for name in ("steps", "quantity", "reason", "yes_no", "code", "place") if getattr(asked(question), name)}
    assert told == wants


def test_several_things_asked_are_counted() -> None:
    assert asked("What is the torque of the lid screws?").n_asks == 1
    assert asked("What is the torque of the lid screws and how often are they checked?").n_asks > 1
    assert asked("Compare the old and the new seal").sides


def test_a_row_is_picked_out_by_its_key_or_by_the_range_that_holds_the_number() -> None:
    made = chunk("M8 22", "30-45 9", kind="table_row", heads=("Size", "Torque"))
    named, ranged = made.parts
    assert key_match(asked("torque for M8?"), named, made.text).exact == 1.0
    assert key_match(asked("torque for M6?"), named, made.text).exact == 0.0
    assert key_match(asked("which torque at 40?"), ranged, made.text).within
    assert not key_match(asked("which torque at 50?"), ranged, made.text).within


def test_a_row_is_said_as_a_sentence_where_all_its_numbers_are_quoted() -> None:
    made = passage(row("M8 22", "Lid screws M8: Torque 22", ("Size", "Torque")))
    assert said(pieces([made])[0], made).text == "Lid screws M8: Torque 22"


def test_a_row_whose_sentence_holds_a_number_nothing_quotes_is_said_as_its_cells_stand() -> None:
    made = passage(row("M8 22", "Lid screws M8 (at 25 °C): Torque 22 Nm", ("Size", "Torque")))
    told = said(pieces([made])[0], made)
    assert told.text == "Size: M8; Torque: 22"
    assert "25" not in told.text + told.added


def test_sentences_that_follow_each_other_are_one_line_and_one_quote() -> None:
    made = chunk("The lid has twelve screws. Tighten them crosswise. The seal is grey.")
    assert lines(1, 0, of=made) == ["The lid has twelve screws. Tighten them crosswise."]
    assert lines(0, 2, of=made) == ["The lid has twelve screws.", "The seal is grey."]


def test_a_line_that_points_back_gets_what_it_points_to() -> None:
    made = chunk("The pump runs dry for a minute. It must then be vented. Store it upright.")
    assert lines(1, of=made) == ["The pump runs dry for a minute. It must then be vented."]


def test_two_sentences_of_one_long_cell_are_said_in_one_row() -> None:
    told = [
        "Turn the dial until the lamp is out, then wait there for the second tone of the buzzer",
        "Hold the key meanwhile with the other hand of yours",
    ]
    cell = f"{told[0]}. {told[1]}."
    text = f"Calibrate {cell} two"
    made = chunk(text, kind="table_row")
    cells = (Cell("Work", 0, 9), Cell("How", 10, 10 + len(cell)), Cell("Persons", 11 + len(cell), len(text)))
    made = replace(made, parts=(replace(made.parts[0], statement=f"Calibrate: How {cell.rstrip('.')}; Persons two", cells=cells),))
    assert lines(0, 1, of=made) == [f"Calibrate: How {told[0]}. {told[1]}; Persons two"]


def test_an_item_is_said_with_what_introduces_it() -> None:
    made = chunk("Before opening the pack, wear:", "insulating gloves of class 0")
    made = replace(made, parts=(made.parts[0], replace(made.parts[1], kind="list_item")))
    assert lines(1, of=made) == ["Before opening the pack, wear: insulating gloves of class 0"]


def test_nothing_is_said_twice() -> None:
    made = chunk("Tighten to 7 Nm.", "Tighten to 7 Nm.")
    assert lines(0, 1, of=made) == ["Tighten to 7 Nm."]


def test_what_another_line_begins_with_is_not_a_line_of_its_own() -> None:
    made = chunk("Before opening the pack, wear:", "insulating gloves of class 0", "a face shield")
    made = replace(made, parts=(made.parts[0], *(replace(part, kind="list_item") for part in made.parts[1:])))
    assert lines(0, 1, of=made) == ["Before opening the pack, wear: insulating gloves of class 0"]


def test_a_new_numbering_begins_a_new_procedure_and_a_warning_between_steps_stays_in() -> None:
    made = chunk("1. Open the valve.", "Hot coolant.", "2. Drain it.", "1. Fit the pump.", "2. Close the valve.", kind="list_item")
    parts = list(made.parts)
    parts[1] = replace(parts[1], kind="notice", level="warning")
    found = runs([passage(replace(made, parts=tuple(parts)))])
    assert [[piece.text for piece in run.pieces] for run in found] == [
        ["1. Open the valve.", "Hot coolant.", "2. Drain it."],
        ["1. Fit the pump.", "2. Close the valve."],
    ]
    assert [run.n_steps for run in found] == [2, 2]


def test_a_procedure_too_long_begins_late_enough_to_hold_the_step_of_most_worth() -> None:
    made = chunk(*(f"{number}. {'Turn the screw. ' * 10}" for number in range(1, 7)), kind="list_item")
    run = runs([passage(made)])[0]
    assert fitted(run, 1000, [0.0] * 6) == run.pieces
    kept = fitted(run, 70, [0, 0, 0, 0, 0, 1.0])
    assert kept[-1] == run.pieces[5]
    assert sum(piece.n_words for piece in kept) <= 70


def test_signals_are_finite_and_closeness_moves_the_choice() -> None:
    made = chunk("The lid is grey. The seal is blue.")
    n_before = len(made.indexed_text) - len(made.text)
    places = np.array([[n_before, n_before + 16], [n_before + 17, n_before + len(made.text)]], np.int32)

    def seen_with(cosines: Sequence[float]) -> Passage:
        near = Closeness(np.ones(1, np.float32), np.array([cosines], np.float32), places)
        return replace(passage(made), closeness=near)

    for cosines in ((0.9, 0.1), (0.1, 0.9)):
        one = [seen_with(cosines)]
        rows = sight(asked("what colour?"), pieces(one), one).rows
        assert np.isfinite(rows).all()
        assert rows.shape == (2, len(NAMES))
        assert int(np.argmax(rows[:, NAMES.index("near")])) == int(np.argmax(cosines))
        view = seen("what colour?", one)
        assert facts(view, judged(view, models(True).first), models(True).further)[0] == int(np.argmax(cosines))


def test_shares_sum_to_one_and_the_packaged_models_name_every_signal() -> None:
    assert shares(np.array([1.0, 2.0, 3.0])).sum() == pytest.approx(1.0)
    assert len(shares(np.zeros(0))) == 0
    for compared in (True, False):
        for model in (models(compared).first, models(compared).further, models(compared).run, models(compared).whole):
            assert (model.weights != 0).mean() > 0.7, "of the set without closeness those signals weigh nothing"
