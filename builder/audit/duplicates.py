"""Which images are the same file, or look the same, and in which splits they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.lookalikes import find_lookalikes, is_telling
from builder.audit.second_look import LEAST
from builder.audit.turns import TURNS, inverse_turn
from builder.selection.groups import connected_groups, met_again

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from builder.images.facts import AuditFacts

#: A group of more images than this, linked by pairs, is told by their names.
LARGE = 10


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
        Pairs of different files that are one picture, all of them. Of equal files only
        the first is compared. With `exact`, what must not be torn apart.
    turns : ndarray of int8, shape (p,)
    scores : ndarray of float64, shape (p,)
        See `builder.audit.lookalikes.Lookalikes`.
    blank : ndarray of int64
        Good images that show too little to be compared.
    """

    files: NDArray[np.int64]
    exact: NDArray[np.int64]
    near: NDArray[np.int64]
    turns: NDArray[np.int8]
    scores: NDArray[np.float64]
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
    groups = np.arange(len(sha256), dtype=np.int64)
    # Whole digests are compared of those alone that begin alike.
    rows = met_again(np.ascontiguousarray(sha256[:, :8]).view(np.uint64).reshape(-1))
    _, first, inverse = np.unique(
        sha256[rows], axis=0, return_index=True, return_inverse=True
    )
    groups[rows] = rows[first][inverse.reshape(-1)]
    return groups


def find_duplicates(facts: AuditFacts) -> Duplicates:
    """Find exact and near duplicates among images.

    Broken images take no part; near duplicates are found where images were decoded.
    """
    is_good = facts.is_good
    everyone = np.arange(len(facts))
    files = np.where(is_good, exact_groups(facts.sha256), everyone)
    copies = np.flatnonzero(files != everyone)
    compared = np.zeros(len(facts), dtype=np.bool_)
    thumbnails = np.zeros((len(facts), 0, 0), dtype=np.uint8)
    blank = np.empty(0, dtype=np.int64)
    if facts.thumbnails is not None:
        thumbnails = facts.thumbnails
        compared = is_good & is_telling(thumbnails)
        blank = np.flatnonzero(is_good & ~compared)
    near = find_lookalikes(thumbnails, compared & (files == everyone))
    return Duplicates(
        files=files,
        exact=np.stack([files[copies], copies], axis=1),
        near=near.pairs,
        turns=near.turns,
        scores=near.scores,
        blank=blank,
    )


def report(
    found: Duplicates,
    names: Sequence[str],
    splits: Sequence[str],
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
    official : iterable of pairs of names, optional
        Duplicates that the source itself lists.

    Returns
    -------
    dict
        ``rule``; ``exact`` and ``near``, each with ``pairs`` (``names``, ``splits``;
        and of near ones ``turn``, how the second shows what the first does, and
        ``score``) and ``across``, how many of them lie in two splits; ``groups``: the
        size of the largest group of images that are linked by pairs of either kind, and
        the names of those of more than `LARGE` images; ``blank``, names; and
        ``official``: see `compare_official`.
    """
    # What makes the second look like the first was undone to make the second.
    turns = [
        TURNS[turn] for turn in inverse_turn(found.turns.astype(np.int64)).tolist()
    ]
    told: dict[str, object] = {
        "rule": {
            "exact": "sha256 of the file",
            "near": (
                "thumbnails of the picture as it is shown, in eight turns, laid over"
                " each other; the correlation of their details"
            ),
            "score": LEAST,
        },
        "exact": _describe(found.exact, names, splits),
        "near": _describe(found.near, names, splits, turns, found.scores.tolist()),
        "groups": _describe_groups(found, names),
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
    turns: Sequence[str] = (),
    scores: Sequence[float] = (),
) -> dict[str, object]:
    rows = pairs.tolist()
    told: list[dict[str, object]] = [
        {
            "names": [names[left], names[right]],
            "splits": [splits[left], splits[right]],
        }
        for left, right in rows
    ]
    for pair, turn, score in zip(told, turns, scores, strict=False):
        pair["turn"], pair["score"] = turn, round(score, 3)
    return {
        "across": sum(splits[left] != splits[right] for left, right in rows),
        "pairs": told,
    }


def _describe_groups(found: Duplicates, names: Sequence[str]) -> dict[str, object]:
    linked = connected_groups(len(names), np.concatenate([found.exact, found.near]))
    sizes = np.bincount(linked, minlength=1)
    return {
        "largest": int(sizes.max()),
        "large": [
            [names[row] for row in np.flatnonzero(linked == group).tolist()]
            for group in np.flatnonzero(sizes > LARGE).tolist()
        ],
    }
