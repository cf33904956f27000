"""All cuts of a few groups that come near to what was asked, and the best. Pure.

What the parts of a cut hold are whole numbers: of few rows these are so few that each
group can be added to all of them at once, as in the problem of subset sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.selection.cuts import costs, ranks
from builder.selection.recipe import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.selection.cuts import Grouped

#: What parts can hold that is looked at, and how often: half a second, and 70 MB. Of
#: two labels and three splits that is enough for about 200 rows.
STATES, WORK = 600_000, 60_000_000


def cut_exactly(
    grouped: Grouped, digests: Sequence[bytes], *, goal: float, tolerance: float
) -> NDArray[np.int8] | None:
    """Return the part of each group in the best cut; None of too many rows.

    The best is the one of the least chi-squared among those of the best rank. Which of
    several groups with the same rows of each label goes where follows from the digests.

    Parameters
    ----------
    grouped : Grouped
    digests : sequence of bytes, length g
    goal, tolerance : float
        See `builder.selection.cuts.ranks`.
    """
    # What one part holds follows from what the others do: the largest. Of a tolerance
    # above the usual one it is what lies in no split, which no tolerance limits.
    derived = int(np.argmax(grouped.shares))
    if goal > TOLERANCE and len(grouped.shares) > len(grouped.fractions):
        derived = len(grouped.fractions)
    tracked = [part for part in range(len(grouped.shares)) if part != derived]
    caps = _caps(grouped, tracked, goal)
    shape = tuple((caps + 1).reshape(-1).tolist())
    states = float(np.prod([float(n) for n in shape]))
    if len(shape) > 16 or states > STATES or states * len(grouped.counts) > WORK:
        return None
    order = sorted(range(len(digests)), key=digests.__getitem__)
    first = _reach(grouped.counts[order], shape, len(tracked))
    ends = np.flatnonzero(first.reshape(-1) >= 0)
    places = np.stack(np.unravel_index(ends, shape), axis=1)
    held = np.zeros((len(ends), *grouped.aims.shape), dtype=np.int64)
    held[:, tracked] = places.reshape(len(ends), len(tracked), -1)
    held[:, derived] = grouped.totals - held.sum(axis=1)
    rank = ranks(held, grouped, goal=goal, tolerance=tolerance)
    held, ends = held[rank == rank.min()], ends[rank == rank.min()]
    best = int(ends[np.argmin(costs(held, grouped))])
    return _trace(first, best, grouped.counts, order, tracked, derived)


def _caps(grouped: Grouped, tracked: Sequence[int], goal: float) -> NDArray[np.int64]:
    """Return the rows of each label that a part may hold at most, int64[parts, l].

    A group more than it should have, or what the goal allows if that is more.
    """
    aims, shares = grouped.aims[tracked], grouped.shares[tracked][:, np.newaxis]
    of_labels = grouped.totals / grouped.totals.sum()
    allowed = goal * grouped.totals.sum() * (of_labels + shares + goal)
    room = np.maximum(allowed, np.maximum(grouped.counts.max(axis=0), 1))
    caps = np.floor(aims + room + 1e-9).astype(np.int64)
    capped: NDArray[np.int64] = np.minimum(caps, grouped.totals)
    return capped


def _reach(
    counts: NDArray[np.int64], shape: tuple[int, ...], parts: int
) -> NDArray[np.int32]:
    """Return by which group what parts hold is first reached, -1 where by none.

    Of ``shape``: for each part and label, the rows that are held. Nothing is held
    before the first group, which is number 0; group i is number i + 1.
    """
    labels = counts.shape[1]
    first = np.full(shape, -1, dtype=np.int32)
    reached = np.zeros(shape, dtype=bool)
    origin = (0,) * len(shape)
    first[origin], reached[origin] = 0, True
    for number, added in enumerate(counts.tolist(), start=1):
        new = np.zeros(shape, dtype=bool)
        for part in range(parts):
            after = [slice(None)] * len(shape)
            before = [slice(None)] * len(shape)
            for label, rows in enumerate(added):
                axis = part * labels + label
                after[axis] = slice(rows, None)
                before[axis] = slice(None, max(0, shape[axis] - rows))
            new[tuple(after)] |= reached[tuple(before)]
        new &= ~reached
        first[new] = number
        reached |= new
    return first


def _trace(
    first: NDArray[np.int32],
    end: int,
    counts: NDArray[np.int64],
    order: Sequence[int],
    tracked: Sequence[int],
    derived: int,
) -> NDArray[np.int8]:
    """Return the part of each group, by going back from what the parts hold."""
    labels = counts.shape[1]
    chosen = np.full(len(counts), derived, dtype=np.int8)
    held = np.array(np.unravel_index(end, first.shape))
    while number := int(first[tuple(held)]):
        group = order[number - 1]
        for place, part in enumerate(tracked):
            before = held.copy()
            before[place * labels : (place + 1) * labels] -= counts[group]
            # Reached before the group was there; so it is not taken twice.
            if before.min() >= 0 and 0 <= first[tuple(before)] < number:
                chosen[group], held = part, before
                break
    return chosen
