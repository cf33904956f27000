"""Which images are one picture: found by a first look, confirmed by a second. Pure.

A picture is what the image shows, EXIF applied, in any of its eight turns. Measured by
``tests/benchmarks/bench_lookalikes.py`` on half of the lesions of HAM10000: in 5,023
images, 139 pairs of one lesion are found and 2 of two, one of which is one picture. Of
copies, 0.99 and more are found that are turned, mirrored, re-encoded, scaled, brighter,
grey, or cropped by up to 5 % at each edge; 0.89 of those cropped by 4 % at one corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.audit.first_look import Candidates, candidates
from builder.audit.second_look import (
    LEAST,
    LEAST_AT_FIRST,
    LEAST_DETAIL,
    as_they_are,
    detail,
    laid_over,
    strength,
)
from builder.audit.turns import inverse_turn

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Pairs of images that are one picture.

    Attributes
    ----------
    pairs : ndarray of int64, shape (p, 2)
        Rows of each pair, the lower first, in ascending order.
    turns : ndarray of int8, shape (p,)
        What is done to the second so that it looks like the first; see
        `builder.audit.turns.TURNS`.
    scores : ndarray of float64, shape (p,)
        Correlation of their details, at least `LEAST`.
    """

    pairs: NDArray[np.int64]
    turns: NDArray[np.int8]
    scores: NDArray[np.float64]


def is_telling(thumbnails: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pictures show enough to be compared, bool[n]; see `LEAST_DETAIL`."""
    telling: NDArray[np.bool_] = detail(thumbnails) >= LEAST_DETAIL
    return telling


def find_lookalikes(
    thumbnails: NDArray[np.uint8], among: NDArray[np.bool_] | None = None
) -> Lookalikes:
    """Find all pairs of images that are one picture.

    Parameters
    ----------
    thumbnails : ndarray of uint8, shape (n, s, s)
        See `builder.images.thumbnail`.
    among : ndarray of bool, shape (n,), optional
        Images that take part: those that are good and `is_telling`. Default: all.

    Returns
    -------
    Lookalikes
        Complete as far as the first look goes, however many there are.
    """
    rows = np.arange(len(thumbnails)) if among is None else np.flatnonzero(among)
    if len(rows) < 2:
        none = np.empty(0)
        return Lookalikes(np.empty((0, 2), np.int64), none.astype(np.int8), none)
    kept: list[list[NDArray[np.float64]]] = [[np.empty(0)] for _ in range(5)]
    strengths = strength(thumbnails)
    for found in candidates(thumbnails, rows):
        score = as_they_are(thumbnails, found, strengths)
        good = np.flatnonzero(score >= LEAST_AT_FIRST)
        turn, zoom = np.full(len(good), found.turn), np.full(len(good), found.zoom)
        columns = found.left[good], found.right[good], turn, zoom, score[good]
        for values, column in zip(kept, columns, strict=True):
            values.append(column)
    left, right, turn, zoom, score = (np.concatenate(values) for values in kept)
    low, high = np.minimum(left, right), np.maximum(left, right)
    # Of each pair the way in which it is most alike; of equal ones, the plainest.
    order = np.lexsort((turn, -zoom, -score, high, low))
    first = np.ones(len(order), dtype=np.bool_)
    low, high = low[order], high[order]
    first[1:] = (np.diff(low) != 0) | (np.diff(high) != 0)
    order = order[first]
    left, right, turn, zoom, score = (
        values[order] for values in (left, right, turn, zoom, score)
    )
    for way in sorted(set(zip(turn.tolist(), zoom.tolist(), strict=True))):
        some = np.flatnonzero((turn == way[0]) & (zoom == way[1]) & (score < LEAST))
        ends = left[some].astype(np.int64), right[some].astype(np.int64)
        score[some] = laid_over(thumbnails, Candidates(*ends, int(way[0]), way[1]))
    sure = score >= LEAST
    turns = np.where(left < right, turn, inverse_turn(turn.astype(np.int64)))
    pairs = np.stack([low[first], high[first]], axis=1).astype(np.int64)
    return Lookalikes(pairs[sure], turns[sure].astype(np.int8), score[sure])
