"""AUC and its interval, against scikit-learn, SciPy's null variance and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.audit.auc import auc_interval, auc_of_ranks, mid_ranks, variance

# Few values, so that many are equal.
CASES = st.lists(
    st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=40
).filter(lambda rows: len({label for _, label in rows}) == 2)

NUMBERS = st.sampled_from([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf]) | st.floats()


@given(CASES)
def test_auc_is_that_of_scikit_learn(rows):
    from sklearn.metrics import roc_auc_score  # takes two seconds

    values, labels = (np.array(part) for part in zip(*rows, strict=True))
    table = np.stack([values, -2.0 * values], axis=1).astype(float)
    auc, positives, negatives = auc_of_ranks(mid_ranks(table), np.flatnonzero(labels))
    expected = roc_auc_score(labels, values)
    np.testing.assert_allclose(auc, [expected, 1 - expected])
    assert positives.tolist() == [labels.sum()] * 2
    assert negatives.tolist() == [(~labels).sum()] * 2


def test_rows_without_a_value_take_no_part():
    values = np.array([3.0, np.nan, 1.0, 2.0, np.nan])[:, np.newaxis]
    auc, positives, negatives = auc_of_ranks(mid_ranks(values), np.array([0, 1]))
    assert (auc[0], positives[0], negatives[0]) == (1, 1, 2)
    for rows in ([1], [0, 2, 3], []):
        auc, _, _ = auc_of_ranks(mid_ranks(values), np.array(rows, dtype=np.int64))
        assert np.isnan(auc[0])


@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=2), max_size=30))
def test_a_rank_is_one_and_those_below_and_half_of_the_other_equal_ones(rows):
    values = np.array(rows).reshape(-1, 2)
    before = values.copy()
    below = (values[np.newaxis] < values[:, np.newaxis]).sum(axis=1)
    equal = (values[np.newaxis] == values[:, np.newaxis]).sum(axis=1)
    expected = np.where(np.isnan(values), 0, below + (equal + 1) / 2)
    np.testing.assert_array_equal(mid_ranks(values), expected)
    np.testing.assert_array_equal(values, before)


@given(st.integers(1, 60), st.integers(1, 60))
def test_variance_at_a_half_is_that_of_the_rank_test(m, n):
    found = variance(np.array([0.5]), np.array([m]), np.array([n]))
    assert found[0] == pytest.approx((m + n + 1) / (12 * m * n))


@given(st.floats(0, 1), st.integers(1, 500), st.integers(1, 500), st.floats(0.5, 5))
def test_interval_ends_lie_z_standard_errors_away(auc, m, n, z):
    m, n, auc = np.array([m]), np.array([n]), np.array([auc])
    low, high = auc_interval(auc, m, n, z=z)
    assert 0 <= low[0] <= auc[0] + 1e-9
    assert auc[0] - 1e-9 <= high[0] <= 1
    for end in (low, high):
        if 1e-6 < end[0] < 1 - 1e-6:
            error = np.sqrt(variance(end, m, n))
            np.testing.assert_allclose(abs(end - auc), z * error, atol=1e-6)
    mirrored = auc_interval(1 - auc, m, n, z=z)
    np.testing.assert_allclose(mirrored, (1 - high, 1 - low), atol=1e-9)


def test_two_against_two_are_never_surely_told_apart():
    low, high = auc_interval(np.array([1.0]), np.array([2]), np.array([2]), z=1.96)
    assert low[0] < 0.5
    assert high[0] == 1
    assert np.isnan(auc_interval(np.array([np.nan]), low, low, z=1.96)).all()


@pytest.mark.parametrize(("shift", "auc"), [(0, 0.5), (0.7416, 0.7), (2.326, 0.95)])
def test_intervals_hold_as_often_as_they_say(shift, auc):
    """Of normal numbers, whose AUC is known: 15 against 30 of them, 2,000 times."""
    rng = np.random.default_rng(7)
    with_it = rng.normal(shift, 1, (15, 2000))
    table = np.concatenate([with_it, rng.normal(0, 1, (30, 2000))])
    found, m, n = auc_of_ranks(mid_ranks(table), np.arange(15))
    low, high = auc_interval(found, m, n, z=1.96)
    assert 0.93 < np.mean((low <= auc) & (auc <= high)) < 0.985
