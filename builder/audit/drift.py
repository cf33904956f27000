"""How far the selection has moved from the set that it was drawn from.

Each feature gives one `Drift`: the share of every value in the selection and in the
parent. Its size is the total variation distance, half the sum of the differences:
the part of the selection that would have to change to look like its parent. Values
that exclude each other add up to 1; categories of objects do not, as an image shows
several, so for them the largest difference stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from builder.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: Borders of the shape of an image, width by height: 4:3 is by far the most common
#: among photographs on the web, and 3:2 and 4:3 are what cameras give.
ASPECTS = (0.7, 0.95, 1.05, 1.3, 1.4, 1.6)
ASPECT_NAMES = (
    "tall (below 0.7)",
    "upright (0.7 to 0.95)",
    "square (0.95 to 1.05)",
    "broad (1.05 to 1.3)",
    "4:3 (1.3 to 1.4)",
    "3:2 (1.4 to 1.6)",
    "wide (1.6 and more)",
)
#: Borders of the area of an image, as a part of the median area of the parent.
AREAS = (0.5, 0.8, 0.95, 1.05, 1.25)
AREA_NAMES = (
    "below half the median",
    "0.5 to 0.8 of the median",
    "0.8 to 0.95 of the median",
    "the median, give or take 5%",
    "1.05 to 1.25 of the median",
    "1.25 of the median and more",
)
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Drift:
    """Shares of one feature in the selection and in its parent.

    Attributes
    ----------
    feature : str
    values : tuple of str, length k
    selection, parent : ndarray of float64, shape (k,)
        Shares of the images.
    exclusive : bool
        Whether each image has exactly one of the values.
    """

    feature: str
    values: tuple[str, ...]
    selection: NDArray[np.float64]
    parent: NDArray[np.float64]
    exclusive: bool = True

    @property
    def size(self) -> float:
        """Total variation distance, or the largest difference: from 0 to 1."""
        moved = np.abs(self.selection - self.parent)
        return float(moved.sum() / 2 if self.exclusive else moved.max(initial=0))


def compare_values(
    feature: str, selection: Sequence[str | None], parent: Sequence[str | None]
) -> Drift:
    """Compare how often each value is met; null and NaN are ``missing``, the last.

    Parameters
    ----------
    feature : str
    selection, parent : sequence of (str or None)
        The value of each image.

    Examples
    --------
    >>> drift = compare_values("sex", ["male", "male"], ["male", "female", None, None])
    >>> drift.values
    ('female', 'male', 'missing')
    >>> drift.size
    0.75
    """
    counts = [_count(feature, values) for values in (selection, parent)]
    known = sorted({value for count in counts for value in count} - {MISSING})
    named = [*known, *([MISSING] if any(MISSING in count for count in counts) else [])]
    selected, whole = (
        np.array([count.get(value, 0) for value in named]) / sum(count.values())
        for count in counts
    )
    return Drift(feature, tuple(named), selected, whole)


def compare_numbers(
    feature: str,
    selection: NDArray[np.float64],
    parent: NDArray[np.float64],
    *,
    borders: Sequence[float],
    names: Sequence[str],
) -> Drift:
    """Compare how many images lie between borders; NaN is the value ``missing``.

    Parameters
    ----------
    feature : str
    selection, parent : ndarray of float64, shape (n,), (m,)
    borders : sequence of float, length k
        Ascending; a number at a border counts above it.
    names : sequence of str, length k + 1
    """
    named = [*names, MISSING]
    places = [
        np.where(
            np.isnan(numbers), len(names), np.searchsorted(borders, numbers, "right")
        )
        for numbers in (selection, parent)
    ]
    counts = [np.bincount(place, minlength=len(named)) for place in places]
    if not all(len(place) for place in places):
        raise SelectionError(_say_empty(feature))
    keep = len(named) - (not any(count[-1] for count in counts))
    selected, whole = ((count / count.sum())[:keep] for count in counts)
    return Drift(feature, tuple(named[:keep]), selected, whole)


def compare_sizes(
    selection: tuple[NDArray[np.int32], NDArray[np.int32]],
    parent: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> list[Drift]:
    """Compare areas and shapes of images.

    Parameters
    ----------
    selection, parent : pairs of ndarray of int32
        Widths and heights.

    Returns
    -------
    list of Drift
        ``area``, relative to the median of the parent, and ``aspect``; none where the
        size of any image is unknown, which is 0: the parent's are not read from its
        images, and those that state one need not be like those that do not.
    """
    width, height = (part.astype(np.float64) for part in selection)
    parent_width, parent_height = (part.astype(np.float64) for part in parent)
    if not len(width) or not len(parent_width):
        raise SelectionError(_say_empty("area"))
    if not all(part.all() for part in (*selection, *parent)):
        return []
    areas = parent_width * parent_height
    median = np.median(areas)
    sizes = width * height / median, areas / median
    shapes = width / height, parent_width / parent_height
    return [
        compare_numbers("area", *sizes, borders=AREAS, names=AREA_NAMES),
        compare_numbers("aspect", *shapes, borders=ASPECTS, names=ASPECT_NAMES),
    ]


def compare_categories(
    names: Sequence[str],
    selection: NDArray[np.int64],
    selection_images: int,
    parent: NDArray[np.int64],
    parent_images: int,
) -> Drift:
    """Compare the share of images with each category, of which an image has several.

    Parameters
    ----------
    names : sequence of str, length k
    selection, parent : ndarray of int64, shape (k,)
        Images with each category.
    selection_images, parent_images : int
        Images in all.
    """
    if not selection_images or not parent_images:
        raise SelectionError(_say_empty("category"))
    return Drift(
        "category",
        tuple(names),
        selection / selection_images,
        parent / parent_images,
        exclusive=False,
    )


def grey_shares(
    is_grey: NDArray[np.bool_], parts: Mapping[str, NDArray[np.bool_]]
) -> dict[str, object]:
    """Count the grey images in parts of the selection, such as splits and labels.

    Only decoding tells grey from colour, and only the selection was decoded, so the
    share of the parent is not known, and the result says so.

    Parameters
    ----------
    is_grey : ndarray of bool, shape (n,)
    parts : mapping of str to ndarray of bool, shape (n,)
        Which images belong to each part.
    """
    return {
        "parent": None,
        "parts": {
            name: {
                "images": int(inside.sum()),
                "grey": int(is_grey[inside].sum()),
                "share": _round(is_grey[inside].mean()) if inside.any() else None,
            }
            for name, inside in parts.items()
        },
    }


def report(drifts: Sequence[Drift], *, top: int = 10) -> dict[str, object]:
    """Tell in plain data what manifest and card say of drift.

    Parameters
    ----------
    drifts : sequence of Drift
    top : int
        How many of the largest differences are named.

    Returns
    -------
    dict
        ``features``: for each its ``size``, ``measure`` and, as lists of one
        length, ``values``, ``selection`` and ``parent``; ``largest``: ``feature``,
        ``value``, ``selection``, ``parent`` and ``points`` (percentage points by
        which the selection has more).
    """
    differences = [
        (drift, place, float(drift.selection[place] - drift.parent[place]))
        for drift in drifts
        for place in range(len(drift.values))
    ]
    differences.sort(key=lambda item: -abs(item[2]))  # stable: ties stay in order
    return {
        "features": {
            drift.feature: {
                "size": _round(drift.size),
                "measure": "total variation"
                if drift.exclusive
                else "largest difference",
                "values": list(drift.values),
                "selection": [_round(share) for share in drift.selection],
                "parent": [_round(share) for share in drift.parent],
            }
            for drift in drifts
        },
        "largest": [
            {
                "feature": drift.feature,
                "value": drift.values[place],
                "selection": _round(drift.selection[place]),
                "parent": _round(drift.parent[place]),
                "points": round(100 * points, 4),
            }
            for drift, place, points in differences[:top]
            if points
        ],
    }


def _count(feature: str, values: Sequence[str | None]) -> dict[str, int]:
    if not len(values):
        raise SelectionError(_say_empty(feature))
    counts: dict[str, int] = {}
    for value in values:
        # NaN, in which pandas reads an empty field, is not equal to itself.
        name = MISSING if value is None or value != value else value  # noqa: PLR0124
        counts[name] = counts.get(name, 0) + 1
    return counts


def _say_empty(feature: str) -> str:
    return (
        f"The drift of {feature} compares a selection with its parent, but one of "
        f"them has no rows: select at least one image"
    )


def _round(share: float) -> float:
    return round(float(share), 6)
