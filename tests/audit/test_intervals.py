"""Intervals are those of textbooks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.audit.intervals import ratio_interval, share_interval


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_share_interval_is_wilsons(pair):
    stats = pytest.importorskip("scipy.stats")
    k, n = pair
    ours = share_interval(np.array(k), np.array(n))
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(ours, [k / n, theirs.low, theirs.high], atol=1e-12)


def test_share_of_nothing_is_unknown():
    share, low, high = share_interval(np.array(0), np.array(0))
    assert np.isnan(share)
    assert (low, high) == (0, 1)


@settings(deadline=None)
@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))),
    st.integers(1, 900).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))),
)
def test_ratio_interval_is_that_of_katz(exposed, control):
    contingency = pytest.importorskip("scipy.stats.contingency")
    base, total = control
    ours = ratio_interval(
        np.array(exposed[0]), np.array(exposed[1]), np.array(base), total
    )
    result = contingency.relative_risk(*exposed, *control)
    interval = result.confidence_interval()
    expected = [result.relative_risk, interval.low, interval.high]
    np.testing.assert_allclose(ours, expected, rtol=1e-9)


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
