"""Intervals are those of textbooks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.audit.intervals import (
    chance_of,
    critical_value,
    ratio_interval,
    share_interval,
)

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


def test_of_all_and_of_none_the_end_is_exact():
    totals = np.arange(1, 500)
    assert (share_interval(totals, totals)[2] == 1).all()
    assert (share_interval(0 * totals, totals)[1] == 0).all()


def test_share_of_nothing_is_unknown():
    share, low, high = share_interval(np.array(0), np.array(0))
    assert np.isnan(share)
    assert (low, high) == (0, 1)


def part_of(most, *, least=0):
    """Strategy for pairs of a count and the total that it is of."""
    totals = st.integers(1, most)
    return totals.flatmap(
        lambda n: st.tuples(st.integers(min(least, n), n), st.just(n))
    )


def katz(exposed, control):
    """The interval of Katz et al. (1978) for the ratio of two shares."""
    (a, n), (b, m) = exposed, control
    half = Z * math.sqrt((n - a) / (a * n) + (m - b) / (b * m))
    ratio = (a / n) / (b / m)
    return ratio, ratio * math.exp(-half), ratio * math.exp(half)


def test_ratio_interval_is_that_of_the_physicians_health_study():
    """Heart attacks with placebo and with aspirin: Agresti (2013), 1.43 to 2.31."""
    found = ratio_interval(np.array(189), np.array(11034), np.array(104), 11037)
    np.testing.assert_allclose(found, [1.82, 1.43, 2.31], atol=0.01)


@settings(deadline=None)
@given(part_of(300), part_of(900, least=1), st.sampled_from([1.0, Z, 4.16]))
def test_ratio_interval_is_that_of_donner_and_zou(exposed, control, z):
    """Equation 9, as it is written there."""
    (a, n), (b, m) = exposed, control
    p, p_low, p_high = share_interval(np.array(a), np.array(n), z=z).tolist()
    q, q_low, q_high = share_interval(np.array(b), np.array(m), z=z).tolist()
    ratio, low, high = ratio_interval(np.array(a), n, np.array(b), m, z=z).tolist()
    assert ratio == pytest.approx(p / q)
    assert 0 <= low <= ratio * (1 + 1e-12)
    assert ratio <= high * (1 + 1e-12)
    below = p_low * q_high * (2 * p - p_low) * (2 * q - q_high)
    above = p_high * q_low * (2 * p - p_high) * (2 * q - q_low)
    divisor = q_high * (2 * q - q_high)
    if abs(divisor) > 1e-3:
        root = math.sqrt(max((p * q) ** 2 - below, 0))
        assert low == pytest.approx((p * q - root) / divisor, rel=1e-6, abs=1e-6)
    root = math.sqrt(max((p * q) ** 2 - above, 0))
    assert high == pytest.approx((p * q + root) / (q_low * (2 * q - q_low)), rel=1e-6)


@settings(deadline=None)
@given(part_of(60), part_of(900, least=1), st.integers(2, 50))
def test_ratio_interval_narrows_with_images(exposed, control, times):
    (a, n), (b, m) = exposed, control
    counts, totals = np.array([a, a * times]), np.array([n, n * times])
    _, low, high = ratio_interval(counts, totals, np.array(b), m)
    assert low[1] >= low[0] * (1 - 1e-9)
    assert high[1] <= high[0] * (1 + 1e-9)
    assert high[1] - low[1] < high[0] - low[0]


@settings(deadline=None)
@given(st.integers(1000, 9000), st.integers(1000, 9000), st.data())
def test_ratio_interval_of_many_images_is_near_that_of_katz(n, m, data):
    a, b = (data.draw(st.integers(total // 5, total * 4 // 5)) for total in (n, m))
    ours = ratio_interval(np.array(a), n, np.array(b), m)
    np.testing.assert_allclose(ours, katz((a, n), (b, m)), rtol=0.01)


@settings(deadline=None)
@given(st.integers(1, 400), st.integers(2, 100_000))
def test_one_image_that_shows_it_proves_nothing_of_what_half_of_all_show(n, half):
    _, low, high = ratio_interval(np.array(1), 1, np.array(half), 2 * half)
    assert low < 1 < high
    # Nor is the share of n images known to be 1 where all of them show it.
    ratio, low, high = ratio_interval(np.array(n), n, np.array(half), 2 * half)
    wilson = n / (n + Z**2)
    assert low <= ratio * wilson * (1 + 1e-9)


def test_ratio_interval_at_the_ends():
    zero = ratio_interval(np.array(0), np.array(50), np.array(5), 100)
    assert zero[:2].tolist() == [0, 0]
    assert 0 < zero[2] < 10
    less = ratio_interval(np.array(0), np.array(500), np.array(5), 100)
    assert less[2] < zero[2]
    assert np.isnan(ratio_interval(np.array(0), np.array(50), np.array(0), 100)).all()
    assert np.isnan(ratio_interval(np.array(0), np.array(0), np.array(5), 100)).all()
    ratio, low, high = ratio_interval(np.array(9), np.array(9), np.array(70), 70)
    assert ratio == 1
    assert (low, high) == pytest.approx((9 / (9 + Z**2), (70 + Z**2) / 70))


@settings(deadline=None)
@given(part_of(60), st.data())
def test_chance_is_the_sum_over_all_draws(base, data):
    shown, images = base
    total = data.draw(st.integers(0, images))
    fewest, most = max(0, total + shown - images), min(total, shown)
    count = data.draw(st.integers(fewest, most))
    up = count * images > total * shown
    side = range(count, most + 1) if up else range(fewest, count + 1)
    ways = sum(
        math.comb(shown, at) * math.comb(images - shown, total - at) for at in side
    )
    expected = ways / math.comb(images, total)
    assert chance_of(count, total, shown, images) == pytest.approx(expected, rel=1e-9)


def test_many_intervals_together_are_wider():
    assert critical_value(0) == critical_value(1) == pytest.approx(Z)
    assert critical_value(20) == pytest.approx(3.023341, abs=1e-6)
