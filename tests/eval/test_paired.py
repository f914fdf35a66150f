"""Paired statistics on cases worked out by hand, against closed forms, and against their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from eval.paired import difference, holm, mcnemar, randomization, tango
from eval.stats import Z_95


def test_mcnemar_by_hand() -> None:
    # one rose and five fell: 2 * (C(6,0) + C(6,1)) / 2^6 = 14 / 64
    assert mcnemar(5, 1) == pytest.approx(14 / 64)
    assert mcnemar(1, 5) == mcnemar(5, 1)
    assert (mcnemar(0, 0), mcnemar(1, 1)) == (1.0, 1.0)
    assert mcnemar(600, 500) < 0.01


def test_tango_without_changed_pairs_has_its_closed_form() -> None:
    # the score of delta is then n delta / sqrt(n delta (1 - delta)), so the limit is z^2 / (n + z^2)
    low, high = tango(0, 0, 100, Z_95)
    assert high == pytest.approx(Z_95**2 / (100 + Z_95**2), abs=1e-8)
    assert low == pytest.approx(-high, abs=1e-8)


def test_tango_turns_around_with_its_sides() -> None:
    low, high = tango(3, 9, 60, Z_95)
    assert tango(9, 3, 60, Z_95) == (pytest.approx(-high, abs=1e-8), pytest.approx(-low, abs=1e-8))
    assert low < 0.1 < high


def test_tango_bounds_hold_the_difference_they_are_of_about_19_times_in_20() -> None:
    rng, n, held = np.random.default_rng(3), 120, 0
    for _ in range(400):
        lost, won, _ = rng.multinomial(n, [0.10, 0.05, 0.85])
        low, high = tango(int(lost), int(won), n, Z_95)
        held += low <= -0.05 <= high
    assert 0.92 <= held / 400 <= 0.98


def test_impossible_counts_are_errors() -> None:
    with pytest.raises(ValueError, match="no difference"):
        tango(3, 3, 5, Z_95)
    with pytest.raises(ValueError, match="no difference"):
        difference([(float("nan"), 1.0)], ["a"], binary=False)
    with pytest.raises(ValueError, match="no rate"):
        difference([(0.5, 1.0)], ["a"], binary=True)


def test_randomization_of_four_equal_gains_is_two_in_sixteen() -> None:
    assert randomization([0.5] * 4) == pytest.approx(2 / 16, abs=0.01)
    assert randomization([0.0, 0.0]) == 1.0
    assert randomization([0.1] * 20 + [0.0] * 50) < 0.001


def test_holm_by_hand() -> None:
    # sorted .01 .02 .04: 3 * .01, 2 * .02, 1 * .04, never falling
    assert holm({"b": 0.02, "a": 0.01, "c": 0.04, "none": None}) == {"b": 0.04, "a": 0.03, "c": 0.04, "none": None}
    assert holm({"a": 0.5, "b": 0.6}) == {"a": 1.0, "b": 1.0}


def test_a_difference_of_rates_counts_what_fell_and_rose() -> None:
    pairs = [(True, True)] * 6 + [(True, False)] * 3 + [(False, True)] + [(None, True), (True, None)]
    found = difference(pairs, ["d"] * 12, binary=True)
    assert (found.first, found.second, found.value) == (0.9, 0.7, pytest.approx(-0.2))
    assert (found.lost, found.won, found.n, found.n_valid) == (3, 1, 12, 10)
    assert found.p == pytest.approx(2 * (1 + 4) / 16)
    assert found.floor is not None
    assert found.floor < -0.2


def test_where_nothing_fell_nothing_is_inferior_however_few_the_items() -> None:
    found = difference([(True, True), (False, False)], ["a", "b"], binary=True)
    assert (found.value, found.floor, found.p) == (0.0, 0.0, 1.0)
    assert found.low is not None
    assert found.low < 0


def test_documents_are_drawn_whole_where_there_are_five() -> None:
    # all change sits in one of six documents: whole documents drawn say so, single items do not
    pairs = [(1.0, 0.0)] * 10 + [(1.0, 1.0)] * 50
    one_document = difference(pairs, [str(place // 10) for place in range(60)], binary=False)
    each_alone = difference(pairs, [str(place) for place in range(60)], binary=False)
    assert one_document.low is not None
    assert each_alone.low is not None
    assert one_document.low < each_alone.low
    assert one_document.value == each_alone.value == pytest.approx(-1 / 6)
    assert math.isclose(difference(pairs, ["d"] * 60, binary=False).low or 0, each_alone.low, abs_tol=0.03)


def test_no_valid_pair_is_no_figure() -> None:
    found = difference([(None, 1.0)], ["a"], binary=True)
    assert (found.value, found.p, found.n, found.n_valid) == (None, None, 1, 0)
