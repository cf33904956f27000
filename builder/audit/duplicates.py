"""Which images are the same file, or look the same, and in which splits they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.lookalikes import (
    CROWD,
    LEAST_BITS,
    THRESHOLD,
    count_bits,
    is_telling,
    near_pairs,
    split_crowds,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


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
