"""The rules of selection: arrays, sizes and a seed in, integer rows out. Pure.

The rules and the streams of random numbers are those of the notebook by which a
reproducibility study of post-hoc concept bottleneck models trimmed both datasets.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray


def draw_many(
    positives: Iterable[NDArray[np.bool_]], *, samples: int, seeds: Sequence[int]
) -> NDArray[np.int64]:
    """Return each target's draw: half of the rows with it, then half without.

    The notebook seeds NumPy's global generator, then calls ``choice`` on lists of
    file names; ``RandomState(seed)`` and indices give the same stream (NEP 19
    freezes it) without converting 118,000 strings for every target. What takes time is
    the shuffle of all rows that the notebook's stream makes for every draw: it is the
    same for targets that as many rows show, which are many among rare classes.

    Parameters
    ----------
    positives : iterable of bool[n], length t
        Which rows of the table show each target.
    samples : int
        Rows to draw; an odd number is rounded down, as in the notebook.
    seeds : sequence of int, length s
        Of the legacy generator, 0 to 2**32 - 1; set anew for every target.

    Returns
    -------
    rows : int64[s, t, samples // 2 * 2]
        In draw order. A half is drawn with replacement where the table has fewer
        rows of its kind.

    Raises
    ------
    SelectionError
        The table has no row of one kind for one of the targets.

    >>> positives = np.array([[True, False, False, True], [True, True, False, False]])
    >>> draw_many(positives, samples=4, seeds=[42]).tolist()
    [[[3, 0, 1, 2], [1, 0, 2, 3]]]
    """
    half = samples // 2
    places: dict[tuple[int, int], list[list[NDArray[np.int64]]]] = {}
    found = []
    for positive in positives:
        sides = np.flatnonzero(positive), np.flatnonzero(~positive)
        for kind, rows in zip(("with", "without"), sides, strict=True):
            if half and not len(rows):
                msg = f"no image {kind} the target among {len(positive)}"
                raise SelectionError(msg)
        counts = len(sides[0]), len(sides[1])
        if counts not in places:
            places[counts] = [_draw(counts, half, seed) for seed in seeds]
        found.append(
            [
                np.concatenate(
                    [side[at] for side, at in zip(sides, drawn, strict=True)]
                )
                for drawn in places[counts]
            ]
        )
    shape = len(found), len(seeds), 2 * half
    return np.array(found, dtype=np.int64).reshape(shape).transpose(1, 0, 2)


def _draw(counts: Sequence[int], half: int, seed: int) -> list[NDArray[np.int64]]:
    """Return which of so many rows are drawn, one after the other by one stream."""
    generator = np.random.RandomState(seed)
    # Copied, since what `choice` returns is a view of the whole shuffle.
    return [generator.choice(n, size=half, replace=n < half).copy() for n in counts]


def amount_of(amount: float, available: int) -> int:
    """Return how many rows are meant: a whole number, or a fraction of those there.

    A fraction, which is a float, is rounded half up, and is at least one row.

    >>> amount_of(12, 5), amount_of(0.5, 5), amount_of(0.01, 5), amount_of(1.0, 5)
    (12, 3, 1, 5)
    """
    if isinstance(amount, int):
        return amount
    # As it is written: 0.145 of 100 are 14.5, which no float says.
    exact = Decimal(str(amount)) * available
    return max(1, int(exact.to_integral_value(ROUND_HALF_UP)))


def sample(n: int, amount: float, *, seed: int) -> NDArray[np.int64]:
    """Return rows that were drawn by chance, ascending.

    Parameters
    ----------
    n : int
        Rows that there are.
    amount : int or float
        Rows to draw, or a fraction of them: see `amount_of`.
    seed : int
        Of the legacy generator, 0 to 2**32 - 1.

    Returns
    -------
    rows : int64[k]

    Raises
    ------
    SelectionError
        There are fewer rows than that.

    >>> sample(10, 0.3, seed=42).tolist()
    [1, 5, 8]
    """
    size = amount_of(amount, n)
    if size > n:
        msg = f"{size} rows asked for, but there are only {n}: ask for {n} at most"
        raise SelectionError(msg)
    drawn = np.random.RandomState(seed).choice(n, size=size, replace=False)
    return np.sort(drawn).astype(np.int64)


def per_label(
    labels: NDArray[np.int64],
    amounts: Mapping[int, float],
    *,
    seed: int,
    names: Sequence[str],
) -> NDArray[np.int64]:
    """Return rows that were drawn by chance for each label, ascending.

    Parameters
    ----------
    labels : int64[n]
        Number of the label of each row.
    amounts : dict of int to (int or float)
        Rows to draw of each label, or a fraction of its own: see `amount_of`. Of other
        labels none is taken.
    seed : int
        Of the legacy generator, 0 to 2**32 - 1; set anew for every label.
    names : sequence of str
        Names of the labels, for the message.

    Returns
    -------
    rows : int64[k]

    Raises
    ------
    SelectionError
        Labels have fewer rows than that; the message names them all.

    >>> labels = np.array([0, 1, 1, 0, 1])
    >>> per_label(labels, {0: 1, 1: 0.5}, seed=42, names=["nv", "mel"]).tolist()
    [1, 2, 3]
    """
    rows = {label: np.flatnonzero(labels == label) for label in amounts}
    sizes = {n: amount_of(amount, len(rows[n])) for n, amount in amounts.items()}
    short = [
        f"{names[label]} (has {len(rows[label])} of {size})"
        for label, size in sizes.items()
        if size > len(rows[label])
    ]
    if short:
        msg = f"fewer rows than asked for of {', '.join(short)}: ask for fewer of them"
        raise SelectionError(msg)
    drawn = [
        rows[label][
            np.random.RandomState(seed).choice(len(rows[label]), size, replace=False)
        ]
        for label, size in sizes.items()
    ]
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *drawn]))


def repeats(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which entries stand earlier in `rows` already, bool[n].

    >>> repeats(np.array([5, 7, 5, 5]))
    array([False, False,  True,  True])
    """
    again = np.ones(len(rows), dtype=bool)
    again[np.unique(rows, return_index=True)[1]] = False
    return again


def sort_as_pandas_2(labels: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the order that ``sort_values`` gave a column of str in early 2024.

    ``DataFrame.sort_values`` is an unstable quicksort, so which benign rows come
    first depends on the sort's inner steps. Up to pandas 2 a column of str is an
    object array and NumPy's generic introsort orders it; pandas 3 with pyarrow
    sorts in Arrow, and NumPy's SIMD sort of integer codes gives yet another order.
    """
    return np.argsort(labels, kind="quicksort").astype(np.int64)


def slice_labels(
    labels: NDArray[np.object_], slices: dict[str, tuple[int, int]]
) -> NDArray[np.int64]:
    """Return rows ``start:stop`` of each label, of the rows sorted by label.

    Parameters
    ----------
    labels : object[n]
        Str labels, one per row.
    slices : dict of str to (int, int)
        Half-open slices by label, in the order of the result.

    Raises
    ------
    SelectionError
        A label has fewer rows than its slice needs.
    """
    order = sort_as_pandas_2(labels)
    ordered = labels[order]
    parts = []
    for label, (start, stop) in slices.items():
        rows = order[ordered == label]
        if len(rows) < stop:
            msg = (
                f"{label} rows {start}:{stop} asked for, but the metadata has only"
                f" {len(rows)} {label} rows: ask for a slice that ends there"
            )
            raise SelectionError(msg)
        parts.append(rows[start:stop])
    return np.concatenate(parts)
