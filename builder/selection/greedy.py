"""Groups of two labels put into splits one by one, then moved: the first search. Pure.

`builder.selection.exact` and `builder.selection.splits` search on where it is not
enough. The splits of datasets that are out follow from it, so that it stays as it is.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from builder.selection.cuts import are_within, costs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.selection.cuts import Grouped

#: Orders of the groups that are tried. Of 700 splits that exist by construction (100
#: and 200 rows, groups of up to 40) 23 were not found in 50 orders, and of the 300
#: hardest of them all in 200.
ATTEMPTS = 200
# Groups that are put into order in all, and orders at least: at 400,000 groups an
# order takes a second.
_WORK, _LEAST = 1_000_000, 8


def put_hardest_first(grouped: Grouped, *, seed: int, goal: float) -> NDArray[np.int8]:
    """Return the part of each group: the first cut within a goal, or the nearest.

    Groups are put into an order by SHA-256 of seed and key, the hardest to place
    first; each goes where sizes and positives are then nearest to what they should be;
    then single groups move as long as that brings them nearer. Should the result not
    be within the goal, the next order is tried, unless a group is too large for any
    part. No random numbers are drawn, so that the cut depends on nothing but keys,
    groups, labels and seed.

    Parameters
    ----------
    grouped : Grouped
        Of two labels at most, of which the second is the positive one.
    seed : int
    goal : float
        See `builder.selection.cuts.are_within`.
    """
    positives = grouped.counts[:, 1:].sum(axis=1)
    counts = np.stack([grouped.sizes, positives], axis=1)
    aims = np.outer(grouped.shares, counts.sum(axis=0))
    best: tuple[float, NDArray[np.int8]] | None = None
    attempts = min(ATTEMPTS, max(_LEAST, _WORK // len(counts)))
    if grouped.largest > grouped.room(goal):
        attempts = 1
    for attempt in range(attempts):
        order = _order_groups(counts, grouped.names, f"{seed}:{attempt}:", attempt > 0)
        chosen = np.empty(len(order), dtype=np.int8)
        chosen[order] = _assign(counts[order], aims)
        held = grouped.held(chosen)[np.newaxis]
        if are_within(held, grouped, goal)[0]:
            return chosen
        cost = float(costs(held, grouped)[0])
        if best is None or cost < best[0]:
            best = cost, chosen
    assert best is not None  # noqa: S101 (one order is tried)
    return best[1]


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

    The cost of a split is the square of what the tolerance limits: how far its size
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
