"""What a cut of groups into splits is, and how far it is from what was asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError
from builder.selection.recipe import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EPS = 1e-9


@dataclass(frozen=True)
class Grouped:
    """Rows that were put into groups, and the parts that they are to be cut into.

    Attributes
    ----------
    number : ndarray of int64, shape (n,)
        Group of each row, from 0 to g - 1.
    counts : ndarray of int64, shape (g, l)
        Rows of each label in each group.
    names : list of str, length g
        Key of a row of each group, the first in order.
    fractions : tuple of float, length k
        Share of the rows for each split.
    """

    number: NDArray[np.int64]
    counts: NDArray[np.int64]
    names: list[str]
    fractions: tuple[float, ...]

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of each part: the splits, and what lies in none if that is any."""
        rest = 1 - sum(self.fractions)
        return np.array([*self.fractions, *([rest] if rest > _EPS else [])])

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each group."""
        sizes: NDArray[np.int64] = self.counts.sum(axis=1)
        return sizes

    @cached_property
    def totals(self) -> NDArray[np.int64]:
        """Rows of each label."""
        totals: NDArray[np.int64] = self.counts.sum(axis=0)
        return totals

    @cached_property
    def aims(self) -> NDArray[np.float64]:
        """Rows of each label that each part should have, shape (parts, l)."""
        return np.outer(self.shares, self.totals)

    @property
    def largest(self) -> int:
        """Rows of the largest group."""
        return int(self.sizes.max())

    def room(self, tolerance: float) -> float:
        """Return the rows that the largest part may have."""
        rows = len(self.number)
        return float(self.shares.max()) * rows + tolerance * rows + _EPS

    def held(self, chosen: NDArray[np.int8]) -> NDArray[np.int64]:
        """Return the rows of each label that each part has, shape (parts, l)."""
        held = np.zeros((len(self.shares), self.counts.shape[1]), dtype=np.int64)
        np.add.at(held, chosen, self.counts)
        return held


@dataclass(frozen=True)
class Cut:
    """Rows cut into splits.

    Attributes
    ----------
    grouped : Grouped
    chosen : ndarray of int8, shape (g,)
        Part of each group.
    tolerance : float
        See `TOLERANCE`.
    """

    grouped: Grouped
    chosen: NDArray[np.int8]
    tolerance: float = TOLERANCE

    @cached_property
    def split(self) -> NDArray[np.int8]:
        """Split of each row, from 0 on; -1 of a row in none."""
        splits = len(self.grouped.fractions)
        part = np.where(self.chosen < splits, self.chosen, -1).astype(np.int8)
        return part[self.grouped.number]

    @cached_property
    def held(self) -> NDArray[np.int64]:
        """Rows of each label in each split, shape (k, l)."""
        return self.grouped.held(self.chosen)[: len(self.grouped.fractions)]

    @cached_property
    def sizes_off(self) -> NDArray[np.float64]:
        """By how much of all rows each split is too large, shape (k,)."""
        off: NDArray[np.float64] = sizes_off(self.held[np.newaxis], self.grouped)[0]
        return off

    @cached_property
    def shares_off(self) -> NDArray[np.float64]:
        """By how much the share of each label in each split is too large, (k, l)."""
        off: NDArray[np.float64] = shares_off(self.held[np.newaxis], self.grouped)[0]
        return off

    @property
    def size_off(self) -> float:
        """How far a split is from its fraction at most, as a share of all rows."""
        return float(np.abs(self.sizes_off).max())

    @property
    def share_off(self) -> float:
        """How far the share of a label is at most from its share of all rows."""
        return float(np.abs(self.shares_off).max())

    @property
    def off(self) -> float:
        """The larger of both."""
        return max(self.size_off, self.share_off)

    @cached_property
    def is_fair(self) -> bool:
        """Whether it is as near as `are_fair` wants it."""
        return bool(are_fair(self.held[np.newaxis], self.grouped, self.tolerance)[0])


def group_rows(
    groups: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    fractions: Sequence[float],
    keys: Sequence[str],
) -> Grouped:
    """Return rows as groups; the arguments are those of `splits.cut_groups`.

    Raises
    ------
    SelectionError
        Keys are repeated.
    """
    if len(set(keys)) != len(keys):
        msg = (
            f"expected a key of its own for each of {len(keys)} rows, found"
            f" {len(set(keys))} different ones: remove the repeated rows"
        )
        raise SelectionError(msg)
    _, number = np.unique(groups, return_inverse=True)
    # Rows in the order of their keys: the first of a group then names the group.
    by_key = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    _, first = np.unique(number[by_key], return_index=True)
    counts = np.zeros((len(first), int(labels.max(initial=0)) + 1), dtype=np.int64)
    np.add.at(counts, (number, labels), 1)
    names = [keys[row] for row in by_key[first].tolist()]
    return Grouped(number.reshape(-1), counts, names, tuple(fractions))


def sizes_off(held: NDArray[np.int64], grouped: Grouped) -> NDArray[np.float64]:
    """Return by how much of all rows each split of some cuts is too large.

    Parameters
    ----------
    held : ndarray of int64, shape (c, k, l)
        Rows of each label in each split of each cut.
    grouped : Grouped

    Returns
    -------
    ndarray of float64, shape (c, k)
    """
    off: NDArray[np.float64] = held.sum(axis=2) / len(grouped.number) - np.array(
        grouped.fractions
    )
    return off


def shares_off(held: NDArray[np.int64], grouped: Grouped) -> NDArray[np.float64]:
    """Return by how much the share of each label is too large, float64[c, k, l].

    See `sizes_off`; in an empty split every share counts as 0.
    """
    sizes = np.maximum(held.sum(axis=2, keepdims=True), 1)
    off: NDArray[np.float64] = held / sizes - grouped.totals / len(grouped.number)
    return off


def costs(held: NDArray[np.int64], grouped: Grouped) -> NDArray[np.float64]:
    """Return how far some cuts are from what was asked: chi-squared, float64[c].

    Of rows, and of each label, the squares of what is missing in a part over what
    should be there, so that rare labels count as much as others. `held` has all parts.
    """
    sizes, aims = held.sum(axis=2), grouped.aims.sum(axis=1)
    found: NDArray[np.float64] = ((sizes - aims) ** 2 / aims).sum(axis=1)
    weights = 1 / np.maximum(grouped.aims, _EPS)
    found = found + ((held - grouped.aims) ** 2 * weights).sum(axis=(1, 2))
    return np.round(found, 9)  # without the last digits, in which machines differ


def are_within(
    held: NDArray[np.int64], grouped: Grouped, goal: float
) -> NDArray[np.bool_]:
    """Return which cuts are as near as that, and have no empty split, bool[c].

    `held` has the splits, or all parts.
    """
    held = held[:, : len(grouped.fractions)]
    found: NDArray[np.bool_] = (
        (np.abs(sizes_off(held, grouped)).max(axis=1) <= goal + _EPS)
        & (np.abs(shares_off(held, grouped)).max(axis=(1, 2)) <= goal + _EPS)
        & held.sum(axis=2).all(axis=1)
    )
    return found


def are_fair(
    held: NDArray[np.int64], grouped: Grouped, tolerance: float
) -> NDArray[np.bool_]:
    """Return which cuts are within a tolerance that is one group at least, bool[c].

    That is: no group is larger than the largest part may be; no split is empty; the
    size of each is within the tolerance, or within the rows of the largest group; and
    so is each label: within the tolerance, or within what one group can change.

    Parameters
    ----------
    held : ndarray of int64, shape (c, k or more, l)
        Rows of each label in each split of each cut, or in all parts.
    grouped : Grouped
    tolerance : float
    """
    held = held[:, : len(grouped.fractions)]
    if grouped.largest > grouped.room(tolerance):
        return np.zeros(len(held), dtype=bool)
    rows = len(grouped.number)
    size_allowed = max(tolerance, grouped.largest / rows) + _EPS
    skews = grouped.counts - np.outer(grouped.sizes, grouped.totals / rows)
    sizes = np.maximum(held.sum(axis=2, keepdims=True), 1)
    share_allowed = np.maximum(tolerance, np.abs(skews).max(axis=0) / sizes) + _EPS
    found: NDArray[np.bool_] = (
        (np.abs(sizes_off(held, grouped)) <= size_allowed).all(axis=1)
        & (np.abs(shares_off(held, grouped)) <= share_allowed).all(axis=(1, 2))
        & held.sum(axis=2).all(axis=1)
    )
    return found


def ranks(
    held: NDArray[np.int64], grouped: Grouped, *, goal: float, tolerance: float
) -> NDArray[np.int64]:
    """Return how good cuts are, int64[c]: the best are 0, those within the goal.

    1 is fair and within `TOLERANCE`; 2 fair without a larger tolerance, and within it;
    3 only within it; 4 fair, but only by one group; 5 fair by one group, and only by a
    larger tolerance; 6 has no empty split, 7 has one. So a tolerance above `TOLERANCE`
    changes no cut that is fair without it and within it. The arguments are those of
    `are_within` and `are_fair`.
    """
    whole = held[:, : len(grouped.fractions)].sum(axis=2).all(axis=1)
    rank = np.where(whole, 6, 7)
    rank[are_fair(held, grouped, tolerance)] = 5
    fair = are_fair(held, grouped, min(tolerance, TOLERANCE))
    rank[fair] = 4
    within = are_within(held, grouped, tolerance)
    rank[within] = 3
    rank[within & fair] = 2
    rank[fair & are_within(held, grouped, TOLERANCE)] = 1
    rank[are_within(held, grouped, goal)] = 0
    return rank
