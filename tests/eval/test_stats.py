"""Intervals and calibration against values worked out by hand or in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.stats import clustered_bootstrap, expected_calibration_error, mean, percentile, rate, risk_at_coverage, wilson


def test_wilson_matches_the_published_example() -> None:
    low, high = wilson(81, 263)  # Newcombe 1998, table I, method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_wilson_stays_inside_at_both_ends() -> None:
    low, high = wilson(0, 10)
    assert low == 0.0
    assert high == pytest.approx(0.2775, abs=1e-4)
    assert wilson(10, 10) == pytest.approx((1 - high, 1.0))


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_it_is_about(counts: tuple[int, int]) -> None:
    low, high = wilson(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


def test_wilson_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no rate"):
        wilson(0, 0)


def test_bootstrap_repeats_with_its_seed_and_holds_the_mean() -> None:
    values = list(np.random.default_rng(3).random(60))
    clusters = [f"d{place % 12}" for place in range(60)]
    first = clustered_bootstrap(values, clusters)
    assert first == clustered_bootstrap(values, clusters)
    assert first != clustered_bootstrap(values, clusters, seed=1)
    assert first[0] < np.mean(values) < first[1]


def test_bootstrap_is_as_wide_as_theory_says_for_single_item_clusters() -> None:
    values = [0.0, 1.0] * 50
    low, high = clustered_bootstrap(values, [str(place) for place in range(100)])
    assert high - low == pytest.approx(2 * 1.96 * 0.5 / math.sqrt(100), abs=0.02)


def test_items_of_one_document_widen_the_interval() -> None:
    values = [0.0] * 20 + [1.0] * 20
    alone = clustered_bootstrap(values, [str(place) for place in range(40)])
    together = clustered_bootstrap(values, [str(place // 10) for place in range(40)])
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_a_nan_is_an_error_and_a_missing_value_is_counted() -> None:
    with pytest.raises(ValueError, match="no mean"):
        mean([0.5, math.nan], ["a", "b"])
    figure = mean([0.5, None, 1.0], ["a", "a", "b"])
    assert (figure.value, figure.n, figure.n_valid) == (0.75, 3, 2)


def test_few_documents_give_a_mean_without_an_interval() -> None:
    assert mean([0.0, 1.0, 1.0, 0.0], ["a", "b", "c", "d"]).low is None
    five = mean([0.0, 1.0, 1.0, 0.0, 1.0], ["a", "b", "c", "d", "e"])
    assert five.low is not None
    assert five.high is not None
    assert five.low < 0.6 < five.high


def test_no_valid_value_gives_no_figure_but_its_counts() -> None:
    assert mean([None, None], ["a", "b"]).to_json() == {"value": None, "low": None, "high": None, "n": 2, "n_valid": 0}
    assert rate([]).value is None


def test_rate_counts_true_values_among_the_valid() -> None:
    figure = rate([True, False, None, True])
    assert figure.value == pytest.approx(2 / 3)
    assert (figure.n, figure.n_valid) == (4, 3)


def test_percentiles_interpolate() -> None:
    assert percentile([10.0, 20.0, 30.0], 0.5) == 20.0
    assert percentile([0.0, 100.0], 0.95) == pytest.approx(95.0)
    assert percentile([], 0.5) is None


def test_calibration_error_by_hand() -> None:
    # bin [0.9, 1.0]: stated 0.95, right 1/2 -> 0.45; bin [0.2, 0.3): stated 0.25, right 0/2 -> 0.25; equal sizes -> 0.35
    assert expected_calibration_error([0.95, 0.95, 0.25, 0.25], [True, False, False, False]) == pytest.approx(0.35)
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0.0
    assert expected_calibration_error([], []) is None


def test_risk_at_coverage_by_hand() -> None:
    # the four most confident of five: one wrong
    assert risk_at_coverage([0.9, 0.8, 0.7, 0.6, 0.1], [True, True, False, True, False]) == pytest.approx(0.25)
    assert risk_at_coverage([0.9], [False]) == 1.0
    assert risk_at_coverage([], []) is None
