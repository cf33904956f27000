"""Rows cut into splits by fractions, such that no group lies in two. Pure."""

from __future__ import annotations

import hashlib
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from builder.errors import SelectionError
from builder.selection.cuts import (
    Cut,
    Grouped,
    are_within,
    costs,
    group_rows,
    ranks,
)
from builder.selection.exact import cut_exactly
from builder.selection.greedy import put_hardest_first
from builder.selection.recipe import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Orders of the groups that are tried; the best of them is taken.
ATTEMPTS = 8
# Groups that are put into order in all, where the search goes on with swaps, and kinds
# of groups that are swapped: all pairs of them are compared.
_WORK, _KINDS = 100_000, 600


def cut_groups(
    groups: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    fractions: Sequence[float],
    seed: int,
    keys: Sequence[str],
    tolerance: float = TOLERANCE,
    first: Literal["largest", "hardest"] = "largest",
) -> Cut:
    """Cut rows into splits such that no group lies in two of them.

    Sizes, and the rows of every label, are as near to their fractions as was found:
    groups are put into an order by SHA-256 of seed and key, the largest first; each
    goes where rows and labels then fit best; single rows fill what is missing; then
    single groups move as long as that brings all nearer. Where the result is not
    within 1 % in all, or within a tolerance that is less, the search goes on: of few
    rows all cuts are looked at, of many, groups are swapped. No random numbers are
    drawn: the cut depends on keys, groups, labels, fractions and seed alone, and not on
    the order of the rows or a version of NumPy.

    A tolerance above 1 % changes no cut that is fair without it and within it. Where
    the cut is not within it, the search goes on for one that is, and finds it where all
    cuts can be looked at: of few rows, and fewer where some are to be left over.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
        Rows of the same number stay together; see `groups.connected_groups`.
    labels : ndarray of int64, shape (n,)
        Label of each row, from 0 on; all 0 where there are none.
    fractions : sequence of float, length k
        Share of the rows for each split; at most 1 together. What is left over of 1
        lies in no split.
    seed : int
    keys : sequence of str, length n
        A name of each row that is its own and stable.
    tolerance : float
        See `builder.selection.cuts.are_fair`.
    first : {"largest", "hardest"}
        Which groups the first search begins with; see `builder.selection.greedy`.

    Raises
    ------
    SelectionError
        There are fewer groups than splits, or keys are repeated.
    """
    grouped = group_rows(groups, labels, fractions=fractions, keys=keys)
    if len(grouped.counts) < len(fractions):
        msg = (
            f"{len(keys):,} rows in {len(grouped.counts)} groups cannot be cut into"
            f" {len(fractions)} splits, each with a group of its own"
        )
        raise SelectionError(msg)
    goal = min(tolerance, TOLERANCE)
    if first == "hardest":
        chosen = put_hardest_first(grouped, seed=seed, goal=goal)
    else:
        chosen = _put_largest_first(grouped, seed, goal, attempts=ATTEMPTS)
    digests = _digests(grouped, seed, 0)
    if not _is_within(grouped, chosen, goal):
        other = cut_exactly(grouped, digests, goal=goal, tolerance=tolerance)
        if other is None:
            attempts = min(ATTEMPTS, max(1, _WORK // len(grouped.counts)))
            other = _put_largest_first(grouped, seed, goal, attempts, swaps=True)
        chosen = _better(grouped, chosen, other, goal, tolerance)
    if tolerance > goal and not _is_within(grouped, chosen, tolerance):
        # Cuts within the tolerance may be further off than the search above looks.
        other = cut_exactly(grouped, digests, goal=tolerance, tolerance=tolerance)
        if other is None:
            other = put_hardest_first(grouped, seed=seed, goal=tolerance)
        chosen = _better(grouped, chosen, other, goal, tolerance)
    return Cut(grouped, chosen, tolerance)


def _better(
    grouped: Grouped,
    one: NDArray[np.int8],
    other: NDArray[np.int8],
    goal: float,
    tolerance: float,
) -> NDArray[np.int8]:
    """Return the cut of the better rank; of equal ones, that of the lower cost."""
    both = np.stack([grouped.held(one), grouped.held(other)])
    rank = ranks(both, grouped, goal=goal, tolerance=tolerance).tolist()
    (_, _, best) = min(zip(rank, costs(both, grouped).tolist(), (0, 1), strict=True))
    return (one, other)[best]


def _put_largest_first(
    grouped: Grouped, seed: int, goal: float, attempts: int, *, swaps: bool = False
) -> NDArray[np.int8]:
    """Return the part of each group in the best of some orders of the groups."""
    best: tuple[float, NDArray[np.int8]] | None = None
    for attempt in range(attempts):
        search = _Search(grouped, _digests(grouped, seed, attempt))
        cost = search.run(swaps=swaps)
        if best is None or cost < best[0] - 1e-12:
            best = cost, search.chosen
        if _is_within(grouped, best[1], goal):
            break
    assert best is not None  # noqa: S101 (one order is tried)
    return best[1]


def _digests(grouped: Grouped, seed: int, attempt: int) -> list[bytes]:
    salt = f"{seed}:{attempt}:"
    return [hashlib.sha256((salt + name).encode()).digest() for name in grouped.names]


def _is_within(grouped: Grouped, chosen: NDArray[np.int8], goal: float) -> bool:
    return bool(are_within(grouped.held(chosen)[np.newaxis], grouped, goal)[0])


class _Search:
    """A cut that is made better step by step.

    The cost is chi-squared: of rows, and of each label, the squares of what is missing
    in a split over what should be there, so that rare labels count as much as others.
    """

    def __init__(self, grouped: Grouped, digests: Sequence[bytes]) -> None:
        counts = grouped.counts
        # Groups of the same counts are alike: what holds of one holds of them all.
        self.kinds, kind_of = np.unique(counts, axis=0, return_inverse=True)
        self.kind_of = kind_of.reshape(-1)
        sizes = self.kinds.sum(axis=1)
        # Of a kind, what a group adds: its rows, then those of each label.
        self.added = np.concatenate([sizes[:, None], self.kinds], axis=1).astype(float)
        totals = counts.sum(axis=0)
        self.aims = np.outer(grouped.shares, [totals.sum(), *totals])
        self.weight = 1 / np.maximum(self.aims, 1e-9)
        self.own: NDArray[np.float64] = self.added**2 @ self.weight.T
        self.held = np.zeros_like(self.aims)
        self.chosen = np.full(len(counts), -1, dtype=np.int8)
        self.needed = len(grouped.fractions)
        order = sorted(
            zip(
                (-sizes[self.kind_of]).tolist(),
                digests,
                range(len(counts)),
                strict=True,
            )
        )
        self.order = [group for _, _, group in order]

    def run(self, *, swaps: bool) -> float:
        """Cut, and return the cost."""
        is_single = self.kinds.sum(axis=1) == 1
        singles: dict[int, list[int]] = {}
        for group in self.order:
            kind = int(self.kind_of[group])
            if is_single[kind]:
                singles.setdefault(kind, []).append(group)
                continue
            self._put(group, int(np.argmin(self._rise(kind))))
        for kind in sorted(singles):
            self._fill(kind, singles[kind])
        self._improve(swaps=swaps)
        lacking = self.held - self.aims
        return float((lacking**2 * self.weight).sum())

    def _rise(self, kind: int | slice = slice(None)) -> NDArray[np.float64]:
        """How the cost rises by a group of each kind in each split, [kinds, splits]."""
        lacking = (self.held - self.aims) * self.weight
        return _rounded(2 * (self.added[kind] @ lacking.T) + self.own[kind])

    def _fall(self) -> NDArray[np.float64]:
        """How the cost rises by taking a group of each kind out of each split."""
        lacking = (self.held - self.aims) * self.weight
        return _rounded(self.own - 2 * (self.added @ lacking.T))

    def _put(self, group: int, split: int) -> None:
        before = int(self.chosen[group])
        added = self.added[self.kind_of[group]]
        if before >= 0:
            self.held[before] -= added
        self.held[split] += added
        self.chosen[group] = split

    def _fill(self, kind: int, rows: Sequence[int]) -> None:
        """Put single rows of one label where rows of it are missing."""
        label = 1 + int(np.argmax(self.kinds[kind]))
        lacking = np.maximum(self.aims[:, label] - self.held[:, label], 0)
        quota = lacking * len(rows) / max(float(lacking.sum()), 1e-9)
        whole = np.floor(quota + 1e-9).astype(int)
        rest = np.argsort(-(quota - whole), kind="stable")
        whole[rest[: len(rows) - int(whole.sum())]] += 1
        ends = np.cumsum(whole).tolist()
        for split, (start, stop) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            self.chosen[rows[start:stop]] = split
            self.held[split] += (stop - start) * self.added[kind]

    def _improve(self, *, swaps: bool) -> None:
        """Move single groups, first into splits without any, then for the cost.

        With `swaps`, two groups change places where no single one gains by moving.
        """
        splits = len(self.aims)
        # Groups of each kind in each split, the last in order to be moved first.
        held: dict[tuple[int, int], list[int]] = {}
        for group in self.order:
            place = int(self.kind_of[group]), int(self.chosen[group])
            held.setdefault(place, []).append(group)
        number = np.zeros((len(self.kinds), splits), dtype=np.int64)
        for (kind, split), members in held.items():
            number[kind, split] = len(members)
        for _ in range(len(self.order) + splits):
            moves = self._best_move(number)
            if not moves and swaps and len(self.kinds) <= _KINDS:
                moves = self._best_swap(number)
            if not moves:
                break
            for kind, source, split in moves:
                group = held[kind, source].pop()
                held.setdefault((kind, split), []).append(group)
                number[kind, source] -= 1
                number[kind, split] += 1
                self._put(group, split)

    def _best_move(self, number: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Return kind, source and target of what gains most by moving, if any does."""
        splits = len(self.aims)
        # [kinds, from, to]
        change = self._fall()[:, :, None] + self._rise()[:, None, :]
        change[number == 0] = np.inf
        change[:, np.arange(splits), np.arange(splits)] = np.inf
        in_split = number.sum(axis=0)
        needed = np.arange(splits) < self.needed
        change[:, needed & (in_split < 2), :] = np.inf
        empty = needed & (in_split == 0)
        if empty.any():
            change[:, :, ~empty] = np.inf
        best = int(np.argmin(change))
        if not empty.any() and change.flat[best] > -1e-8:
            return []
        kind, source, split = (int(i) for i in np.unravel_index(best, change.shape))
        return [(kind, source, split)]

    def _best_swap(self, number: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Return the two moves of the groups that gain most by changing places."""
        best: tuple[float, list[tuple[int, int, int]]] = -1e-8, []
        lacking = (self.held - self.aims) * self.weight
        for one, two in combinations(range(len(self.aims)), 2):
            weight = self.weight[one] + self.weight[two]
            pull = 2 * self.added @ (lacking[two] - lacking[one])
            own = self.added**2 @ weight
            both = 2 * (self.added * weight) @ self.added.T
            change = _rounded((pull + own)[:, None] - pull + own - both)
            change[number[:, one] == 0] = np.inf
            change[:, number[:, two] == 0] = np.inf
            left, right = (int(i) for i in divmod(int(change.argmin()), len(change)))
            if change[left, right] < best[0]:
                moves = [(left, one, two), (right, two, one)]
                best = float(change[left, right]), moves
        return best[1]


def _rounded(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return costs without the last digits, in which machines differ."""
    rounded: NDArray[np.float64] = np.round(costs, 9)
    return rounded
