"""Intervals are those of textbooks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.audit.intervals import critical_value, ratio_interval, share_interval

Z = 1.959963984540054


@pytest.mark.parametrize(
    ("count", "total", "ends"),
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_share_intervals_are_those_of_newcombe(count, total, ends):
    """Newcombe (1998), Statistics in Medicine 17, table I, method 3."""
    _, low, high = share_interval(np.array(count), np.array(total))
    assert (low, high) == pytest.approx(ends, abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_share_interval_is_wilsons(pair):
    """Its ends are the shares of which what was found is 1.96 deviations away."""
    k, n = pair
    share, low, high = share_interval(np.array(k), np.array(n)).tolist()
    assert share == k / n
    assert low <= share <= high
    for end in (low, high):
        away = (share - end) ** 2
        assert away == pytest.approx(Z**2 * end * (1 - end) / n, abs=1e-12)


def test_share_of_nothing_is_unknown():
    share, low, high = share_interval(np.array(0), np.array(0))
    assert np.isnan(share)
    assert (low, high) == (0, 1)


def test_ratio_interval_is_that_of_the_physicians_health_study():
    """Heart attacks with placebo and with aspirin: Agresti (2013)."""
    found = ratio_interval(np.array(189), np.array(11034), np.array(104), 11037)
    np.testing.assert_allclose(found, [1.82, 1.43, 2.31], atol=0.005)


@settings(deadline=None)
@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))),
    st.integers(1, 900).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))),
)
def test_ratio_interval_is_that_of_katz(exposed, control):
    (a, n), (b, m) = exposed, control
    ours = ratio_interval(np.array(a), np.array(n), np.array(b), m)
    middle = math.log(a / n) - math.log(b / m)
    half = Z * math.sqrt(max(0, (n - a) / (a * n) + (m - b) / (b * m)))
    expected = [math.exp(middle), math.exp(middle - half), math.exp(middle + half)]
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_ratio_interval_at_the_ends():
    zero = ratio_interval(np.array(0), np.array(50), np.array(5), 100)
    assert zero[:2].tolist() == [0, 0]
    assert 0 < zero[2] < 10
    less = ratio_interval(np.array(0), np.array(500), np.array(5), 100)
    assert less[2] < zero[2]
    assert np.isnan(ratio_interval(np.array(0), np.array(50), np.array(0), 100)).all()
    assert np.isnan(ratio_interval(np.array(0), np.array(0), np.array(5), 100)).all()
    same = ratio_interval(np.array(9), np.array(9), np.array(70), 70)
    np.testing.assert_allclose(same, 1)


def test_many_intervals_together_are_wider():
    assert critical_value(0) == critical_value(1) == pytest.approx(Z)
    assert critical_value(20) == pytest.approx(3.023341, abs=1e-6)
