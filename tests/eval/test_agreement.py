"""Kappa and the corrected mean, worked by hand."""

from __future__ import annotations

import random

import pytest

from eval.agreement import corrected_mean, kappa, kappa_figure


def test_kappa_of_a_table_worked_by_hand() -> None:
    """20 yes/yes, 5 verdict yes on label no, 10 the other way, 15 no/no: agreed .7, by chance .5 * .6 + .5 * .4 = .5, kappa .4."""
    verdicts = [True] * 20 + [True] * 5 + [False] * 10 + [False] * 15
    labels = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert kappa(verdicts, labels) == pytest.approx(0.4)


def test_kappa_is_one_for_the_same_and_below_zero_for_the_contrary() -> None:
    labels = [True, False, True, False]
    assert kappa(labels, labels) == 1.0
    assert kappa([not label for label in labels], labels) == pytest.approx(-1.0)


def test_a_judge_that_always_says_yes_has_no_kappa_to_speak_of() -> None:
    assert kappa([True] * 4, [True, True, True, False]) == 0.0
    assert kappa([True] * 4, [True] * 4) is None


def test_unjudged_pairs_are_counted_and_left_out() -> None:
    found = kappa_figure([True, None, False, True], [True, True, False, False], ["a", "b", "c", "d"])
    assert (found.n, found.n_valid) == (4, 3)
    assert found.value == pytest.approx(kappa([True, False, True], [True, False, False]))


def test_the_interval_of_kappa_draws_whole_clusters() -> None:
    verdicts, labels = [True, False] * 20, [True, False] * 19 + [False, True]
    apart = kappa_figure(verdicts, labels, [str(n) for n in range(40)])
    together = kappa_figure(verdicts, labels, [str(n // 8) for n in range(40)])
    assert apart.low is not None
    assert together.low is not None
    assert apart.low < apart.value < 1  # type: ignore[operator]
    assert together.low != apart.low


def test_the_corrected_mean_worked_by_hand() -> None:
    """Labels 1 1 1 0, judged 1 1 0 0, rest 1 1 1 1 0 0 0 0: cov = 1/6, var over all 12 = 3/11, weight = (1/6) / (1.5 * 3/11) = .4074,
    and the means of judged and rest are .5 both: the value stays .75."""
    found = corrected_mean([True, True, True, False], [True, True, False, False], [True] * 4 + [False] * 4)
    assert found.value == pytest.approx(0.75)
    assert (found.n, found.n_valid) == (12, 4)


def test_a_judge_that_finds_less_in_the_rest_pulls_the_value_down() -> None:
    """As above, but the rest is judged 2 of 8: var over all 12 = 8/33, weight = (1/6) / (1.5 * 8/33) = .4583, .75 + .4583 (.25 - .5)."""
    found = corrected_mean([True, True, True, False], [True, True, False, False], [True] * 2 + [False] * 6)
    assert found.value == pytest.approx(0.75 - 0.25 * (1 / 6) / (1.5 * 8 / 33))


def test_a_judge_that_says_nothing_leaves_the_labels_alone() -> None:
    found = corrected_mean([True] * 6 + [False] * 2, [True] * 8, [True] * 100)
    assert found.value == pytest.approx(0.75)


def test_labels_that_are_all_alike_do_not_make_a_sure_figure() -> None:
    found = corrected_mean([True] * 70, [True] * 70, [True] * 5000)
    assert found.value == 1.0
    assert found.low == pytest.approx(1 - 0.052, abs=0.001), "70 of 70, and the judge has shown nothing yet"


def test_a_judge_that_errs_to_one_side_is_put_right_and_the_interval_holds_the_truth() -> None:
    """200 draws of 100 labels among 2,000 sentences of which 80 % are supported; the judge misses a quarter of them."""
    dice = random.Random(5)
    held = raw_held = 0
    for _ in range(200):
        true = [dice.random() < 0.8 for _ in range(2000)]
        said = [label and dice.random() < 0.75 for label in true]
        found = corrected_mean(true[:100], said[:100], said[100:])
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.8 <= found.high
        raw_held += abs(sum(said) / 2000 - 0.8) < 0.05
    assert held >= 180
    assert raw_held == 0


@pytest.mark.parametrize("pairs", [([True], [True], [True]), ([True, False], [True], [True]), ([True, False], [True, False], [])])
def test_too_little_to_correct_with_is_an_error(pairs: tuple[list[bool], list[bool], list[bool]]) -> None:
    with pytest.raises(ValueError, match="two labels"):
        corrected_mean(*pairs)
