"""The patient split: rows that belong together stay in one split."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

#: How far the size of a split may be from its fraction, as a share of all rows, and
#: its share of positives from that of all rows.
TOLERANCE = 0.01
#: Orders of the groups that are tried before a split is said not to be found. Of 700
#: splits that exist by construction (100 and 200 rows, groups of up to 40) 23 were
#: not found in 50 orders, and of the 300 hardest of them all in 200.
ATTEMPTS = 200


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
    parent = list(range(n))

    def find(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for left, right in edges.tolist():
        low, high = sorted((find(left), find(right)))
        parent[high] = low
    return np.array([find(row) for row in range(n)], dtype=np.int64)


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
) -> NDArray[np.int8]:
    """Split the rows such that no group lies in two splits.

    The size of each split is within `TOLERANCE` of its fraction, and its share of
    positives within `TOLERANCE` of the share of all rows. Groups are put into an
    order by SHA-256 of seed and key, the largest first; each goes where sizes and
    positives are then nearest to what they should be; then single groups move as
    long as that brings them nearer. Should the result be out of tolerance, the next
    order is tried. No random numbers are drawn, so that the split depends on
    nothing but the keys, groups, labels and seed: not on the order of the rows,
    and not on a version of NumPy.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
        Rows of the same number stay together; see `connected_groups`.
    labels : ndarray of bool, shape (n,)
        Whether a row is positive (malignant).
    seed : int
    keys : sequence of str, length n
        A name of each row that is its own and stable, such as `image_name`.
    fractions : sequence of float, length k
        Share of the rows for each split; they add up to 1.

    Returns
    -------
    ndarray of int8, shape (n,)
        Split of each row, from 0 to k - 1.

    Raises
    ------
    SelectionError
        If keys are repeated, or no such split exists or was found.
    """
    if len(set(keys)) != len(keys):
        raise SelectionError(
            f"The split needs a key of its own for every row, but {len(keys)} rows "
            f"have {len(set(keys))} different keys: remove the repeated rows"
        )
    _, number = np.unique(groups, return_inverse=True)
    # Rows in the order of their keys: the first of a group then names the group.
    by_key = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    _, first = np.unique(number[by_key], return_index=True)
    group_keys = [keys[row] for row in by_key[first].tolist()]
    counts = np.stack(
        [np.bincount(number), np.bincount(number[labels], minlength=len(first))], axis=1
    )
    aims = np.outer(fractions, counts.sum(axis=0))
    for attempt in range(ATTEMPTS):
        order = _order_groups(counts, group_keys, f"{seed}:{attempt}:", attempt > 0)
        chosen = np.empty(len(order), dtype=np.int8)
        chosen[order] = _assign(counts[order], aims)
        if _is_within(chosen, counts, aims):
            split: NDArray[np.int8] = chosen[number]
            return split
    raise SelectionError(_explain(counts, aims, group_keys, fractions))


def _order_groups(
    counts: NDArray[np.int64], keys: Sequence[str], salt: str, shuffle: bool
) -> NDArray[np.int64]:
    """Order the groups from hard to easy to place, or shuffled; ties by digest."""
    rows, positives = counts.sum(axis=0).tolist()
    surplus = counts[:, 1] * rows - counts[:, 0] * positives  # in integers: exact
    weight = np.maximum(counts[:, 0], np.abs(surplus) / rows)
    digests = [hashlib.sha256((salt + key).encode()).digest() for key in keys]
    if shuffle:
        draws = [int.from_bytes(digest[:6], "big") / 2**48 for digest in digests]
        weight = weight * np.array(draws)
    place = sorted(zip((-weight).tolist(), digests, range(len(keys)), strict=True))
    return np.array([group for _, _, group in place], dtype=np.int64)


def _assign(counts: NDArray[np.int64], aims: NDArray[np.float64]) -> NDArray[np.int8]:
    """Split of each group: greedy in the order given, then by single moves.

    The cost of a split is the square of what `TOLERANCE` limits: how far its size
    is off, over all rows, and how far its positives are off for that size, over the
    rows that it should have.
    """
    rows, positives = counts.sum(axis=0).tolist()
    surplus = counts[:, 1] - positives / rows * counts[:, 0]
    # What each group adds to each split, shape (groups, splits).
    size = np.repeat(counts[:, :1] / rows, len(aims), axis=1)
    skew = surplus[:, np.newaxis] / np.maximum(aims[:, 0], 1)
    own_cost = size**2 + skew**2
    held_size = -aims[:, 0] / rows
    held_skew = np.zeros(len(aims))
    chosen = np.zeros(len(counts), dtype=np.int8)
    for group in range(len(counts)):
        added = 2 * (held_size * size[group] + held_skew * skew[group])
        split = int(np.argmin(added + own_cost[group]))
        held_size[split] += size[group, split]
        held_skew[split] += skew[group, split]
        chosen[group] = split
    everyone = np.arange(len(counts))
    for _ in range(len(counts)):
        pull = 2 * (held_size * size + held_skew * skew)
        saved = (pull - own_cost)[everyone, chosen]
        gain = saved[:, np.newaxis] - pull - own_cost
        gain[everyone, chosen] = 0
        group, split = divmod(int(np.argmax(gain)), len(aims))
        if gain[group, split] <= 1e-15:
            break
        for place, sign in ((int(chosen[group]), -1), (split, 1)):
            held_size[place] += sign * size[group, place]
            held_skew[place] += sign * skew[group, place]
        chosen[group] = split
    return chosen


def _is_within(
    chosen: NDArray[np.int8], counts: NDArray[np.int64], aims: NDArray[np.float64]
) -> bool:
    rows, positives = counts.sum(axis=0).tolist()
    for split, aim in enumerate(aims[:, 0].tolist()):
        held, held_positives = counts[chosen == split].sum(axis=0).tolist()
        if abs(held - aim) > TOLERANCE * rows + 1e-9 or not held:
            return False
        if abs(held_positives / held - positives / rows) > TOLERANCE + 1e-9:
            return False
    return True


def _explain(
    counts: NDArray[np.int64],
    aims: NDArray[np.float64],
    group_keys: Sequence[str],
    fractions: Sequence[float],
) -> str:
    """Why there is no split: what is certain, else how far the search went."""
    rows = int(counts[:, 0].sum())
    shares = "/".join(f"{100 * fraction:.0f}" for fraction in fractions)
    wanted = (
        f"{rows} rows in {len(counts)} groups cannot be split {shares} with sizes "
        f"and shares of positives within {100 * TOLERANCE:.0f} per cent"
    )
    largest = int(np.argmax(counts[:, 0]))
    room = float(aims[:, 0].max()) + TOLERANCE * rows
    if len(counts) < len(aims):
        return f"{wanted}: there are fewer groups than splits; select more rows"
    if counts[largest, 0] > room:
        return (
            f"{wanted}: the group of {group_keys[largest]} alone has "
            f"{counts[largest, 0]} rows, and the largest split takes {room:.0f}; "
            f"check what links its rows"
        )
    share = int(counts[:, 1].sum()) / rows
    for aim in aims[:, 0].tolist():
        if not _is_whole(aim, rows, share):
            return (
                f"{wanted}: of about {aim:.4g} rows no whole number makes a share of "
                f"{100 * share:.1f} per cent; select more rows"
            )
    return (
        f"{wanted}: none was found in {ATTEMPTS} orders of the groups, the largest "
        f"of which has {counts[largest, 0]} of the rows; try another seed or more rows"
    )


def _is_whole(aim: float, rows: int, share: float) -> bool:
    """Whether whole numbers of rows and of positives are within tolerance."""
    slack = TOLERANCE * rows + 1e-9
    sizes = range(max(1, math.ceil(aim - slack)), math.floor(aim + slack) + 1)
    return any(
        abs(positives / size - share) <= TOLERANCE + 1e-9
        for size in sizes
        for positives in (math.floor(share * size), math.ceil(share * size))
    )
