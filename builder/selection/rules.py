"""The rules of selection: arrays, sizes and a seed in, integer rows out. Pure.

The rules and the streams of random numbers are those of the notebook by which a
reproducibility study of post-hoc concept bottleneck models trimmed both datasets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def draw_many(
    positives: NDArray[np.bool_], *, samples: int, seeds: Sequence[int]
) -> NDArray[np.int64]:
    """Return each target's draw: half of the rows with it, then half without.

    The notebook seeds NumPy's global generator, then calls ``choice`` on lists of
    file names; ``RandomState(seed)`` and indices give the same stream (NEP 19
    freezes it) without converting 118,000 strings for every target. The rows of each
    target are looked up once for all seeds; what is left is the shuffle of all rows
    that the notebook's stream makes for every draw.

    Parameters
    ----------
    positives : bool[t, n]
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
    found = np.empty((len(seeds), len(positives), 2 * half), dtype=np.int64)
    for target, positive in enumerate(positives):
        sides = np.flatnonzero(positive), np.flatnonzero(~positive)
        for kind, rows in zip(("with", "without"), sides, strict=True):
            if half and not len(rows):
                msg = f"no image {kind} the target among {len(positive)}"
                raise SelectionError(msg)
        for place, seed in enumerate(seeds):
            generator = np.random.RandomState(seed)
            for start, rows in zip((0, half), sides, strict=True):
                drawn = generator.choice(len(rows), size=half, replace=len(rows) < half)
                found[place, target, start : start + half] = rows[drawn]
    return found


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
