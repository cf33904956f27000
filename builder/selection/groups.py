"""What links rows, so that they stay in one split, and what a large group is due to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from builder.errors import SelectionError, first_of
from builder.selection.recipe import TOLERANCE
from builder.selection.splits import cut_groups
from builder.selection.unfair import (
    TooFewGroupsError,
    Unfair,
    Ways,
    Without,
    why_not_fair,
    why_too_few,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from builder.selection.cuts import Cut


@dataclass(frozen=True)
class Link:
    """One reason why rows belong together.

    Attributes
    ----------
    name : str
        A column, or what the pairs are: ``copies of the same bytes``.
    edges : ndarray of int64, shape (e, 2)
        Pairs of linked rows.
    way : str
        What a user can do not to have it.
    values : sequence of (str or None), optional
        Of each row, where it is a column.
    """

    name: str
    edges: NDArray[np.int64]
    way: str
    values: Sequence[str | None] | None = None

    def tell(self, members: NDArray[np.int64]) -> str:
        """Return what it links among some rows; nothing if it links none."""
        if self.values is None:
            inside = int(np.isin(self.edges, members).all(axis=1).sum())
            return f"{self.name} ({inside:,})" if inside else ""
        found = Counter(self.values[row] for row in members.tolist())
        told = [
            f"{value!r} ({rows:,} rows)"
            for value, rows in found.most_common()
            if rows > 1 and value is not None
        ]
        return f"{self.name} {first_of(told)}" if told else ""


def groups_of(n: int, links: Iterable[Link]) -> NDArray[np.int64]:
    """Return the group of each row; see `connected_groups`."""
    edges = [np.zeros((0, 2), dtype=np.int64), *(link.edges for link in links)]
    return connected_groups(n, np.concatenate(edges))


def connected_groups(n: int, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row the lowest row that it is linked with, directly or in steps.

    Parameters
    ----------
    n : int
        Number of rows.
    edges : ndarray of int64, shape (e, 2)
        Pairs of linked rows, in any order and direction.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> connected_groups(5, np.array([[4, 1], [3, 4]]))
    array([0, 1, 2, 1, 1])
    """
    parent = {row: row for row in np.unique(edges).tolist()}

    def find(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for left, right in edges.tolist():
        low, high = sorted((find(left), find(right)))
        parent[high] = low
    groups = np.arange(n, dtype=np.int64)
    groups[list(parent)] = [find(row) for row in parent]
    return groups


def met_again(values: NDArray[np.int64] | NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the places of values that are there more than once, ascending.

    So, of hashes, all that could be equal: of millions, at 18 bytes each.

    >>> met_again(np.array([3, 1, 2, 3]))
    array([0, 3])
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    same = ordered[1:] == ordered[:-1]
    again = np.zeros(len(order), dtype=np.bool_)
    again[1:] = same
    again[:-1] |= same
    return np.sort(order[again])


def link_equal(values: Sequence[str | None]) -> NDArray[np.int64]:
    """Edges between rows of the same value; a missing value links nothing.

    Parameters
    ----------
    values : sequence of (str or None), length n
        Such as patients or lesions. None, NaN and the empty string are missing.

    Returns
    -------
    ndarray of int64, shape (e, 2)

    Examples
    --------
    >>> link_equal(["IP_1", None, "IP_1", None, "IP_2"])
    array([[0, 2]])
    """
    first: dict[str, int] = {}
    edges = [
        (first.setdefault(value, row), row)
        for row, value in enumerate(values)
        if value and value == value  # noqa: PLR0124  # NaN is not equal to itself
    ]
    pairs = np.array(edges, dtype=np.int64).reshape(-1, 2)
    linked: NDArray[np.int64] = pairs[pairs[:, 0] != pairs[:, 1]]
    return linked


def link_named(
    names: Sequence[str], pairs: Iterable[tuple[str, str]]
) -> NDArray[np.int64]:
    """Edges for those of the named pairs of which both are among `names`.

    Parameters
    ----------
    names : sequence of str, length n
        Name of each row.
    pairs : iterable of pairs of names
        Such as an official list of duplicates.

    Returns
    -------
    ndarray of int64, shape (e, 2)

    Examples
    --------
    >>> link_named(["a", "b", "c"], [("c", "a"), ("b", "x")])
    array([[2, 0]])
    """
    row = {name: place for place, name in enumerate(names)}
    edges = [(row[a], row[b]) for a, b in pairs if a in row and b in row]
    return np.array(edges, dtype=np.int64).reshape(-1, 2)


def split_groups(
    groups: NDArray[np.int64],
    labels: NDArray[np.bool_],
    *,
    seed: int,
    keys: Sequence[str],
    fractions: Sequence[float] = (0.70, 0.15, 0.15),
    tolerance: float = TOLERANCE,
) -> NDArray[np.int8]:
    """Split the rows such that no group lies in two splits, or say why that cannot be.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
        Rows of the same number stay together; see `connected_groups`.
    labels : ndarray of bool, shape (n,)
        Whether a row is positive.
    seed, keys, fractions, tolerance
        See `builder.selection.splits.cut_groups`; the groups that are hardest to
        place go first.

    Returns
    -------
    ndarray of int8, shape (n,)
        Split of each row, from 0 to k - 1.

    Raises
    ------
    SelectionError
        If keys are repeated, or no split within the tolerance was found.
    """
    cut = cut_groups(
        groups,
        labels.astype(np.int64),
        fractions=fractions,
        seed=seed,
        keys=keys,
        tolerance=tolerance,
        first="hardest",
    )
    if not cut.is_fair:
        names = [f"split {number}" for number in range(len(fractions))]
        raise SelectionError(str(why_not_fair(cut, names)))
    return cut.split


def cut_linked(
    links: Sequence[Link],
    labels: NDArray[np.int64],
    *,
    fractions: Mapping[str, float],
    seed: int,
    keys: Sequence[str],
    tolerance: float,
    ways: Ways,
    first: Literal["largest", "hardest"] = "largest",
    among: NDArray[np.int64] | None = None,
) -> tuple[Cut, Unfair | None]:
    """Cut linked rows into splits; say why the cut is not fair, if it is not.

    Parameters
    ----------
    links : sequence of Link
        Between n rows.
    fractions : dict of str to float
        Share of the rows for each split.
    ways : Ways
    among : ndarray of int64, optional
        Rows that are cut, if not all; others still link these.
    labels, seed, keys, tolerance, first
        See `builder.selection.splits.cut_groups`; of all n rows.

    Raises
    ------
    TooFewGroupsError
        There are fewer groups than splits.
    SelectionError
        Keys are repeated.
    """
    rows = np.arange(len(keys)) if among is None else among
    groups = groups_of(len(keys), links)[rows]
    number = len(np.unique(groups))
    if number < len(fractions):
        told, without = _about_largest(len(keys), rows, links)
        why = why_too_few(
            len(rows), number, len(fractions), ways, told=told, without=without
        )
        raise TooFewGroupsError(why)
    cut = cut_groups(
        groups,
        labels[rows],
        fractions=[*fractions.values()],
        seed=seed,
        keys=[keys[row] for row in rows.tolist()],
        tolerance=tolerance,
        first=first,
    )
    if cut.is_fair:
        return cut, None
    told, without = _about_largest(len(keys), rows, links)
    return cut, why_not_fair(cut, [*fractions], ways, told=told, without=without)


def _about_largest(
    n: int, rows: NDArray[np.int64], links: Sequence[Link]
) -> tuple[list[str], list[Without]]:
    """Return what links the rows of the largest group, and what is without each."""
    groups = groups_of(n, links)[rows]
    if not len(groups):
        return [], []
    members = rows[groups == np.bincount(groups).argmax()]
    without = []
    for link in links:
        others = groups_of(n, [one for one in links if one is not link])[rows]
        _, sizes = np.unique(others, return_counts=True)
        without.append(Without(link.way, len(sizes), int(sizes.max())))
    return [words for link in links if (words := link.tell(members))], without
