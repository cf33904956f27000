"""The rules of selection: arrays, sizes and a seed in, integer rows out. Pure.

The rules and the streams of random numbers are those of the notebook by which a
reproducibility study of post-hoc concept bottleneck models trimmed both datasets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def draw_balanced(
    positive: NDArray[np.bool_], *, samples: int, seed: int
) -> NDArray[np.int64]:
    """Return the rows of one target's draw: half with the target, then half without.

    The notebook seeds NumPy's global generator, then calls ``choice`` on lists of
    file names; ``RandomState(seed)`` and indices give the same stream (NEP 19
    freezes it) without converting 118,000 strings for every target.

    Parameters
    ----------
    positive : bool[n]
        Which rows of the table show the target.
    samples : int
        Rows to draw; an odd number is rounded down, as in the notebook.
    seed : int
        Of the legacy generator, 0 to 2**32 - 1.

    Returns
    -------
    rows : int64[samples // 2 * 2]
        In draw order. A half is drawn with replacement where the table has fewer
        rows of its kind.

    Raises
    ------
    SelectionError
        The table has no row of one kind.

    >>> draw_balanced(np.array([True, False, False, True]), samples=4, seed=42)
    array([3, 0, 1, 2])
    """
    half = samples // 2
    generator = np.random.RandomState(seed)
    halves = []
    for kind, rows in (
        ("with", np.flatnonzero(positive)),
        ("without", np.flatnonzero(~positive)),
    ):
        if half and not len(rows):
            msg = f"no image {kind} the target among {len(positive)}"
            raise SelectionError(msg)
        drawn = generator.choice(len(rows), size=half, replace=len(rows) < half)
        halves.append(rows[drawn])
    return np.concatenate(halves).astype(np.int64)


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
