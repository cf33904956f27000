"""How well numbers tell images with a label from images without it: AUC and interval.

The AUC is the area under the receiver operating characteristic: the probability that
of two images, one with the label and one without, the one with it has the larger
number, where equal numbers count half (the statistic of Mann and Whitney, 1947).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Halvings of an interval of 1: as near as 1e-12.
_STEPS = 40


def mid_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank each column from 1 on; equal values share the mean of their ranks.

    Parameters
    ----------
    values : ndarray of float, shape (n, k)
        NaN where a row has no value.

    Returns
    -------
    ndarray of float64, shape (n, k)
        NaN has the rank 0, and takes none from others.

    Examples
    --------
    >>> mid_ranks(np.array([[2.0], [1.0], [2.0], [np.nan]])).ravel()
    array([2.5, 1. , 2.5, 0. ])
    """
    ranks = np.zeros(values.shape)
    # Of millions each array counts: as it is 48 bytes a row, by `np.unique` 82.
    for column in range(values.shape[1]):
        known = ~np.isnan(values[:, column])
        found = values[known, column]
        order = np.argsort(found)
        starts = np.flatnonzero(_is_new(found[order]))
        middles = (starts[:-1] + starts[1:] + 1) / 2
        counts = np.diff(starts)
        del starts
        found[order] = np.repeat(middles, counts)
        ranks[known, column] = found
    return ranks


def _is_new(ordered: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where another value begins than the one before, and the end: bool[n + 1]."""
    is_new = np.ones(len(ordered) + 1, dtype=np.bool_)
    is_new[1:-1] = ordered[1:] != ordered[:-1]
    return is_new


def auc_of_ranks(
    ranks: NDArray[np.float64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """AUC of some rows against all others, by column.

    Parameters
    ----------
    ranks : ndarray of float64, shape (n, k)
        See `mid_ranks`.
    rows : ndarray of int64
        Those with the label, each once.

    Returns
    -------
    auc : ndarray of float64, shape (k,)
        NaN where no row with the label, or none without it, has a value.
    positives, negatives : ndarray of int64, shape (k,)
        How many rows of either kind have a value.

    Examples
    --------
    >>> auc_of_ranks(np.array([[1.0], [2.5], [2.5], [4.0]]), np.array([1, 3]))
    (array([0.875]), array([2]), array([2]))
    """
    positives = np.count_nonzero(ranks[rows], axis=0)
    negatives = np.count_nonzero(ranks, axis=0) - positives
    pairs = positives * negatives
    wins = ranks[rows].sum(axis=0) - positives * (positives + 1) / 2
    auc = np.divide(wins, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
    return auc, positives, negatives


def auc_interval(
    auc: NDArray[np.float64],
    positives: NDArray[np.int64],
    negatives: NDArray[np.int64],
    *,
    z: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the interval of each AUC.

    That of Newcombe (2006, Statistics in Medicine 25, 559-573, method 5): all values
    that lie within `z` standard errors of the AUC, by the variance that Hanley and
    McNeil (1982) give for each of these values. So it is none of a single point where
    the AUC is 1; and it leaves out 0.5 just where the test of Mann and Whitney, without
    its correction for equal values, is significant: with them it is a little wide.

    Parameters
    ----------
    auc : ndarray of float64
        NaN where there is none; so are the ends.
    positives, negatives : ndarray of int64, of the same shape
    z : float
        Such as 1.96.

    Examples
    --------
    >>> ten = np.array([10])
    >>> low, high = auc_interval(np.array([1.0]), ten, ten, z=1.96)
    >>> low.round(3), high
    (array([0.8]), array([1.]))
    """
    low = 1 - _upper_end(1 - auc, positives, negatives, z)
    return low, _upper_end(auc, positives, negatives, z)


def variance(
    auc: NDArray[np.float64],
    positives: NDArray[np.int64],
    negatives: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Variance of an estimate of `auc`, as Newcombe simplifies Hanley and McNeil's."""
    others = (positives + negatives) / 2 - 1
    spread = (1 - auc) / (2 - auc) + auc / (1 + auc)
    found: NDArray[np.float64] = (
        auc * (1 - auc) * (1 + others * spread) / np.maximum(positives * negatives, 1)
    )
    return found


def _upper_end(
    auc: NDArray[np.float64],
    positives: NDArray[np.int64],
    negatives: NDArray[np.int64],
    z: float,
) -> NDArray[np.float64]:
    """Return the largest value within `z` standard errors of its own, by halving."""
    low, high = auc.copy(), np.where(np.isnan(auc), np.nan, 1.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        within = (middle - auc) ** 2 <= z**2 * variance(middle, positives, negatives)
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return high
