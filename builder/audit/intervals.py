"""Intervals at 95 per cent for shares, and for ratios of shares."""

from __future__ import annotations

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
    counts: NDArray[np.int64], totals: NDArray[np.int64]
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
    middle = (k + _Z**2 / 2) / (n + _Z**2)
    spread = k * (1 - np.nan_to_num(share)) + _Z**2 / 4
    half = _Z * np.sqrt(spread) / (n + _Z**2)
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
    """Ratio of two shares with the ends of its Katz interval, shape (3, ...).

    The interval is that of the logarithm of the ratio (Katz et al., 1978).

    Where `counts` is 0 the ratio is 0 and the interval begins at 0; it ends where it
    would if half an image more had been found. Where nothing was counted in the
    base, or there are no positives, there is no ratio: NaN.

    Examples
    --------
    >>> ratio_interval(np.array([30, 0]), 100, np.array([100, 50]), 1000).round(2)
    array([[3.  , 0.  ],
           [2.11, 0.  ],
           [4.27, 1.61]])
    """
    k, n, base = np.broadcast_arrays(counts, totals, base_counts)
    known = (n > 0) & (base > 0)
    k, n, base = (np.where(known, part, 1) for part in (k, n, base))
    some = np.where(k == 0, 0.5, k)
    ratio = (some / n) / (base / base_total)
    # Rounding may leave less than nothing where both shares are 1.
    variance = np.maximum(1 / some - 1 / n + 1 / base - 1 / base_total, 0)
    factor = np.exp(z * np.sqrt(variance))
    found = k > 0
    ends = np.stack([ratio * found, ratio / factor * found, ratio * factor])
    return np.where(known, ends, np.nan)
