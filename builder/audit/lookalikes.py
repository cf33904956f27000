"""Which images look the same, by their difference hashes.

Near duplicates are pairs whose two 64-bit hashes, across and down, are each within
`THRESHOLD` bits. One hash alone does not do for dermoscopy, where most pictures are
a dark patch on bright skin.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from builder.selection.groups import connected_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bits by which each of the two hashes of a near duplicate may differ. Measured on
#: 107 real images (100 photographs of scenes, 7 of skin) by
#: ``tests/benchmarks/trial_near_duplicates.py``: all copies as PNG, as JPEG of
#: quality 50 or more, and at 1/2 to 3/2 of the size are within it, and 106 of 107 at
#: quality 20, at 1/4 and at 1/8. Crops, mirror images and changes of colour are
#: other pictures. Of 1,890,000 pairs of crops of different lesions none is within
#: twice as many bits, where one hash alone lets 4 pass within 4 bits; of 4,950
#: pairs of different scenes none is within 19.
THRESHOLD = 4
#: A hash of which fewer bits than this are 0, or are 1, says only that an image is
#: blank or a smooth gradient, and is compared with none: blank images are all
#: alike. The least found in the same 107 images is 12.
LEAST_BITS = 8
#: Near duplicates form groups through chains of pairs. A larger group than this is
#: a crowd of look-alikes, not copies of one picture: it is reported and not linked.
CROWD = 10

# Bits set in each 16-bit number: NumPy before 2.0 has no `bitwise_count`.
_BITS = (
    np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8))
    .reshape(-1, 16)
    .sum(axis=1, dtype=np.uint8)
)


def is_telling(dhash: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which images have enough structure for their hashes to be compared.

    Parameters
    ----------
    dhash : ndarray of uint64, shape (n, 2)

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    ones = count_bits(dhash)
    telling: NDArray[np.bool_] = np.all(
        (ones >= LEAST_BITS) & (ones <= 64 - LEAST_BITS), axis=1
    )
    return telling


def count_bits(values: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Bits set in each value: `numpy.bitwise_count`, also before NumPy 2.0.

    Examples
    --------
    >>> count_bits(np.array([0, 5, 2**64 - 1], dtype=np.uint64))
    array([ 0,  2, 64], dtype=uint8)
    """
    if hasattr(np, "bitwise_count"):
        counts: NDArray[np.uint8] = np.bitwise_count(values)
        return counts
    parts = np.ascontiguousarray(values)[..., np.newaxis].view(np.uint16)
    added: NDArray[np.uint8] = _BITS[parts].sum(axis=-1, dtype=np.uint8)
    return added


def near_pairs(
    dhash: NDArray[np.uint64],
    *,
    threshold: int = THRESHOLD,
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """All pairs of images whose two hashes are each within `threshold` bits.

    Exact, without comparing each with each: of ``threshold + 1`` bands of the first
    hash, at least one is the same in both images of such a pair, so only images
    that share a band are compared.

    Parameters
    ----------
    dhash : ndarray of uint64, shape (n, 2)
    threshold : int
        From 0 to 15.
    among : ndarray of bool, shape (n,), optional
        Images that take part: those that are good and `is_telling`. Default: all.

    Returns
    -------
    ndarray of int64, shape (p, 2)
        Rows of each pair, the lower first, in ascending order.
    """
    rows = np.arange(len(dhash)) if among is None else np.flatnonzero(among)
    hashes = dhash[rows]
    borders = np.linspace(0, 64, threshold + 2).astype(np.int64).tolist()
    found = [np.empty((0, 2), dtype=np.int64)]
    for start, stop in pairwise(borders):
        mask = np.uint64((1 << (stop - start)) - 1)
        band = (hashes[:, 0] >> np.uint64(start)) & mask
        order = np.argsort(band, kind="stable")
        band = band[order]
        # Each image meets the next of its band, then the next but one, and so on.
        left = np.arange(len(order) - 1)
        step = 1
        while left.size:
            left = left[band[left] == band[left + step]]
            ends = np.stack([order[left], order[left + step]], axis=1)
            differing = count_bits(hashes[ends[:, 0]] ^ hashes[ends[:, 1]])
            found.append(ends[(differing <= threshold).all(axis=1)])
            step += 1
            left = left[left + step < len(order)]
    pairs = rows[np.sort(np.concatenate(found), axis=1)]
    distinct: NDArray[np.int64] = np.unique(pairs, axis=0).reshape(-1, 2)
    return distinct


def split_crowds(
    n: int, pairs: NDArray[np.int64], *, limit: int = CROWD
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Pairs that may be linked, and the crowds of look-alikes that may not.

    Parameters
    ----------
    n : int
        Number of images.
    pairs : ndarray of int64, shape (p, 2)
    limit : int
        Largest group of near duplicates that is believed.

    Returns
    -------
    links : ndarray of int64, shape (q, 2)
        Pairs of groups of at most `limit` images.
    crowds : list of ndarray of int64
        Rows of each larger group.
    """
    groups = connected_groups(n, pairs)
    sizes = np.bincount(groups, minlength=n)
    crowds = [
        np.flatnonzero(groups == group) for group in np.flatnonzero(sizes > limit)
    ]
    return pairs[sizes[groups[pairs[:, 0]]] <= limit], crowds
