"""Intervals at 95 per cent for shares, and for ratios of shares."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_Z = 1.959963984540054  # 97.5 per cent point of the standard normal distribution


def critical_value(tests: int) -> float:
    """Return what stands in the place of 1.96 where so many intervals hold together.

    At 95 per cent of 1,580 intervals 79 miss by chance; with Bonferroni's correction
    all of them hold at 95 per cent.

    >>> round(critical_value(1), 2), round(critical_value(1580), 2)
    (1.96, 4.16)
    """
    return NormalDist().inv_cdf(1 - 0.025 / max(1, tests))


def share_interval(
    counts: NDArray[np.int64], totals: NDArray[np.int64], *, z: float = _Z
) -> NDArray[np.float64]:
    """Share of `totals` with the ends of its Wilson (1927) interval, shape (3, ...).

    Of nothing the share is NaN, and the interval 0 to 1.

    Examples
    --------
    >>> share_interval(np.array([0, 5]), np.array([10, 10])).round(3)
    array([[0.   , 0.5  ],
           [0.   , 0.237],
           [0.278, 0.763]])
    """
    k, n = np.broadcast_arrays(counts, totals)
    share = np.divide(k, n, out=np.full(n.shape, np.nan), where=n > 0)
    middle = (k + z**2 / 2) / (n + z**2)
    spread = k * (1 - np.nan_to_num(share)) + z**2 / 4
    half = z * np.sqrt(spread) / (n + z**2)
    low, high = np.maximum(middle - half, 0), np.minimum(middle + half, 1)
    # Rounding must not move an end that is known.
    return np.stack([share, np.where(k == 0, 0, low), np.where(k == n, 1, high)])


def ratio_interval(
    counts: NDArray[np.int64],
    totals: NDArray[np.int64],
    base_counts: NDArray[np.int64],
    base_total: int,
    *,
    z: float = _Z,
) -> NDArray[np.float64]:
    """Ratio of two shares with the ends of its MOVER-R interval, shape (3, ...).

    The ends follow from those of the two shares (Donner & Zou, "Closed-form confidence
    intervals for functions of the normal mean and standard deviation", Statistical
    Methods in Medical Research 21, 2012, 347-359, equation 9), which are Wilson's, as
    in Fagerland, Lydersen & Laake, "Statistical Analysis of Contingency Tables", 2017,
    chapter 4: so nothing is taken for certain where all images, or none, were counted.

    Where `counts` is 0 the ratio is 0 and the interval begins at 0. Where nothing was
    counted in the base, or there are no positives, there is no ratio: NaN.

    Examples
    --------
    >>> ratio_interval(np.array([30, 0]), 100, np.array([100, 50]), 1000).round(2)
    array([[3.  , 0.  ],
           [2.09, 0.  ],
           [4.2 , 0.76]])
    >>> ratio_interval(np.array([1]), 1, np.array([500]), 1000).round(2)
    array([[2.  ],
           [0.41],
           [2.13]])
    """
    k, n, base = np.broadcast_arrays(counts, totals, base_counts)
    known = (n > 0) & (base > 0)
    k, n, base = (np.where(known, part, 1) for part in (k, n, base))
    share, low, high = share_interval(k, n, z=z)
    other, base_low, base_high = share_interval(base, np.array(base_total), z=z)
    # The square of a share, less that of the way to its end.
    inner, outer = low * (2 * share - low), high * (2 * share - high)
    base_outer = base_high * (2 * other - base_high)
    base_inner = base_low * (2 * other - base_low)
    both = share * other
    # The equation has (both - root) / base_outer for the lower end, where the divisor
    # may be 0: this is the same, with both + root on either side of the fraction.
    # Rounding may leave less than nothing below a root.
    scale = both + np.sqrt(np.maximum(both**2 - inner * base_outer, 0))
    bottom = np.divide(inner, scale, out=np.zeros(n.shape), where=k > 0)
    top = (both + np.sqrt(np.maximum(both**2 - outer * base_inner, 0))) / base_inner
    ends = np.stack([share / other, bottom, top])
    return np.where(known, ends, np.nan)


def chance_of(count: int, total: int, base_count: int, base_total: int) -> float:
    """Return how likely so far a count is, on its side, in a draw by chance alone.

    Of `base_total` images, `base_count` show something, and `total` are drawn without
    replacement: the sum of the probabilities of the hypergeometric distribution from
    `count` on upwards where it is above the mean, else downwards (the one-sided exact
    test of Fisher). It holds for small counts too, where limits of Wilson's intervals
    at four deviations and more, or of Katz's, do not.

    Examples
    --------
    >>> round(chance_of(2, 2, 3, 6), 6), round(chance_of(0, 2, 3, 6), 6)
    (0.2, 0.2)
    """
    rest = base_total - base_count
    up = count * base_total > total * base_count
    term = math.exp(
        _log_ways(base_count, count)
        + _log_ways(rest, total - count)
        - _log_ways(base_total, total)
    )
    chance, at = term, count
    # Away from the mean the terms only fall: the rest of them is not seen.
    while term > chance * 1e-12:
        if up:
            term *= (base_count - at) * (total - at)
            term /= (at + 1) * (rest - total + at + 1)
        else:
            term *= at * (rest - total + at)
            term /= (base_count - at + 1) * (total - at + 1)
        at += 1 if up else -1
        chance += term
    return chance


def _log_ways(number: int, taken: int) -> float:
    """Return the logarithm of the number of ways to take some of a number."""
    gamma = math.lgamma
    return gamma(number + 1) - gamma(taken + 1) - gamma(number - taken + 1)
