"""Which images are the same file, or look the same.

Near duplicates are pairs whose two 64-bit difference hashes, across and down, are
each within `THRESHOLD` bits. One hash alone does not do for dermoscopy, where most
pictures are a dark patch on bright skin. See `THRESHOLD` for how it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from builder.groups import connected_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

#: Bits by which each of the two hashes of a near duplicate may differ. Measured on
#: 107 real images (100 of COCO, 7 of SIIM-ISIC) by
#: ``tests/benchmarks/trial_near_duplicates.py``: all copies as PNG, as JPEG of
#: quality 50 or more, and at 1/2 to 3/2 of the size are within it, and 106 of 107 at
#: quality 20, at 1/4 and at 1/8. Crops, mirror images and changes of colour are
#: other pictures. Of 1,890,000 pairs of crops of different lesions none is within
#: twice as many bits, where one hash alone lets 3 pass within 4 bits; of 4,950
#: pairs of different COCO images none is within 19.
THRESHOLD = 4
#: A hash of which fewer bits than this are 0, or are 1, says only that an image is
#: blank or a smooth gradient, and is compared with none: blank images are all
#: alike. The least found in the same 107 images is 12.
LEAST_BITS = 8
#: Near duplicates form groups through chains of pairs. A larger group than this is
#: a crowd of look-alikes, not copies of one picture: it is reported and not linked.
CROWD = 10


@dataclass(frozen=True, slots=True)
class Duplicates:
    """What was found among n images; all numbers are rows.

    Attributes
    ----------
    files : ndarray of int64, shape (n,)
        The first image with the same bytes.
    exact : ndarray of int64, shape (e, 2)
        Each further image of the same bytes, after the first.
    near : ndarray of int64, shape (p, 2)
        Pairs of different files that look the same. Of equal files only the first
        is compared.
    links : ndarray of int64, shape (q, 2)
        `near` without crowds: with `exact`, what must not be torn apart.
    crowds : list of ndarray of int64
        Rows of each group of more than `CROWD` look-alikes.
    blank : ndarray of int64
        Good images that are too blank for their hashes to be compared.
    """

    files: NDArray[np.int64]
    exact: NDArray[np.int64]
    near: NDArray[np.int64]
    links: NDArray[np.int64]
    crowds: list[NDArray[np.int64]]
    blank: NDArray[np.int64]


# Bits set in each 16-bit number: NumPy before 2.0 has no `bitwise_count`.
_BITS = (
    np.unpackbits(np.arange(1 << 16, dtype=np.uint16).view(np.uint8))
    .reshape(-1, 16)
    .sum(axis=1, dtype=np.uint8)
)


def exact_groups(sha256: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For each image the first row with the same bytes.

    Parameters
    ----------
    sha256 : ndarray of uint8, shape (n, 32)

    Returns
    -------
    ndarray of int64, shape (n,)
        Equal to ``arange(n)`` where no two files are the same.

    Examples
    --------
    >>> exact_groups(np.array([[7] * 32, [1] * 32, [7] * 32], dtype=np.uint8))
    array([0, 1, 0])
    """
    _, first, inverse = np.unique(
        sha256, axis=0, return_index=True, return_inverse=True
    )
    groups: NDArray[np.int64] = first.astype(np.int64)[inverse.reshape(-1)]
    return groups


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


def find_duplicates(
    sha256: NDArray[np.uint8], dhash: NDArray[np.uint64], is_good: NDArray[np.bool_]
) -> Duplicates:
    """Find exact and near duplicates among images.

    Parameters
    ----------
    sha256 : ndarray of uint8, shape (n, 32)
    dhash : ndarray of uint64, shape (n, 2)
    is_good : ndarray of bool, shape (n,)
        Broken images take no part.

    Returns
    -------
    Duplicates
    """
    everyone = np.arange(len(sha256))
    files = np.where(is_good, exact_groups(sha256), everyone)
    copies = np.flatnonzero(files != everyone)
    compared = is_good & is_telling(dhash)
    near = near_pairs(dhash, among=compared & (files == everyone))
    links, crowds = split_crowds(len(sha256), near)
    return Duplicates(
        files=files,
        exact=np.stack([files[copies], copies], axis=1),
        near=near,
        links=links,
        crowds=crowds,
        blank=np.flatnonzero(is_good & ~compared),
    )


def report(
    found: Duplicates,
    names: Sequence[str],
    splits: Sequence[str],
    dhash: NDArray[np.uint64],
    *,
    official: Iterable[tuple[str, str]] | None = None,
) -> dict[str, object]:
    """Tell in plain data what manifest and card say of duplicates.

    Parameters
    ----------
    found : Duplicates
        Of n images.
    names, splits : sequence of str, length n
        Name and split of each image.
    dhash : ndarray of uint64, shape (n, 2)
    official : iterable of pairs of names, optional
        Duplicates that the source itself lists.

    Returns
    -------
    dict
        ``rule``; ``exact`` and ``near``, each with ``pairs`` (``names``, ``splits``,
        and ``bits`` that differ across and down) and ``across``, how many of them
        lie in two splits; ``crowds``, lists of names; ``blank``, names; and
        ``official``: see `compare_official`.
    """
    told: dict[str, object] = {
        "rule": {
            "exact": "sha256 of the file",
            "near": "64-bit difference hashes, across and down",
            "threshold": THRESHOLD,
            "least_bits": LEAST_BITS,
            "crowd": CROWD,
        },
        "exact": _describe(found.exact, names, splits, dhash),
        "near": _describe(found.near, names, splits, dhash),
        "crowds": [[names[row] for row in crowd.tolist()] for crowd in found.crowds],
        "blank": [names[row] for row in found.blank.tolist()],
    }
    if official is not None:
        told["official"] = compare_official(found, names, official)
    return told


def compare_official(
    found: Duplicates, names: Sequence[str], official: Iterable[tuple[str, str]]
) -> dict[str, object]:
    """Compare an official list of duplicates with those that were found.

    Parameters
    ----------
    found : Duplicates
        Of n images.
    names : sequence of str, length n
    official : iterable of pairs of names

    Returns
    -------
    dict
        ``listed``, how many pairs the list has; ``half_inside``, how many of which
        only one image is among `names`; ``inside``, the pairs of which both are;
        and of these ``exact``, ``near`` and ``missed``.
    """
    file_of = dict(zip(names, found.files.tolist(), strict=True))
    alike = {(left, right) for left, right in found.near.tolist()}
    listed = 0
    half_inside = 0
    kinds: dict[str, list[list[str]]] = {"exact": [], "near": [], "missed": []}
    inside: list[list[str]] = []
    for pair in official:
        listed += 1
        files = sorted(file_of[name] for name in pair if name in file_of)
        half_inside += len(files) == 1
        if len(files) == 2:
            inside.append(list(pair))
            is_near = (files[0], files[1]) in alike
            kind = "exact" if files[0] == files[1] else "near" if is_near else "missed"
            kinds[kind].append(list(pair))
    return {"listed": listed, "half_inside": half_inside, "inside": inside, **kinds}


def _describe(
    pairs: NDArray[np.int64],
    names: Sequence[str],
    splits: Sequence[str],
    dhash: NDArray[np.uint64],
) -> dict[str, object]:
    bits = count_bits(dhash[pairs[:, 0]] ^ dhash[pairs[:, 1]]).tolist()
    rows = pairs.tolist()
    return {
        "across": sum(splits[left] != splits[right] for left, right in rows),
        "pairs": [
            {
                "names": [names[left], names[right]],
                "splits": [splits[left], splits[right]],
                "bits": differing,
            }
            for (left, right), differing in zip(rows, bits, strict=True)
        ],
    }
