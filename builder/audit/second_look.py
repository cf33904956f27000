"""The second look at candidates: are two thumbnails one picture? Pure.

One thumbnail is laid over the other as well as it goes (shifted and scaled, as a crop
is) and then compared in its details: how the brightness runs within each window of
`WINDOW` x `WINDOW` pixels, not how bright or dark the parts are, in which most
pictures of skin agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from builder.audit.turns import turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.audit.first_look import Candidates

#: Pixels on each side of a window.
WINDOW = 3
#: Correlation from which on two pictures are one, and by how much the scales across and
#: down may differ: lesions of different shapes fit when they are stretched, up to 0.3,
#: and of 98 pairs of one lesion that are one picture none was stretched by more than
#: 0.03. Of 5,023 images of HAM10000, 2 pairs of different lesions pass. What passes by
#: chance grows with the square of the images.
LEAST, MOST_STRETCH = 0.96, 0.06
#: Correlation below which, as the first look laid them, a pair is given up: that are 19
#: of 20 candidates, and no copies but some of those cut at one corner.
LEAST_AT_FIRST = 0.75
#: How far the scale may be from 1, and a shift from 0 in sides of the picture.
MOST_SCALE, MOST_SHIFT = 0.16, 0.08
#: Steps of the search, and after how many a pair is given up that is still below a
#: correlation, as nine of ten are.
STEPS, EARLY, LEAST_EARLY = 5, 2, 0.85
#: A picture whose levels of 255 differ, in their standard deviation, by less than this
#: from a plane is blank or an even gradient, and compared with none: all such pictures
#: are alike. The least of 5,130 photographs has 4.5.
LEAST_DETAIL = 3.0

_PART = 1 << 11


def detail(thumbnails: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how much each picture differs from a plane, in levels, float64[n]."""
    found = np.zeros(len(thumbnails))
    for start in range(0, len(thumbnails), _PART):
        part = slice(start, start + _PART)
        found[part] = _without_plane(thumbnails[part]).std(axis=(1, 2))
    return found


def as_they_are(
    thumbnails: NDArray[np.uint8],
    found: Candidates,
    strengths: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the correlation of the details of pairs before they are laid over.

    The same as `_correlate` without a shift, in a hundredth of its time: the sum of
    the covariances of all windows is one product of the left picture with the right
    one, filtered.

    Parameters
    ----------
    thumbnails : ndarray of uint8, shape (n, s, s)
    found : Candidates
        k pairs.
    strengths : ndarray of float64, shape (n,)
        `strength` of the thumbnails.

    Returns
    -------
    ndarray of float64, shape (k,)
    """
    told = np.zeros(len(found.left))
    rows, place = np.unique(found.right, return_inverse=True)
    other = _without_plane(turned(thumbnails[rows], found.turn))
    if found.zoom != 1.0:
        other = _move(other, np.tile([found.zoom - 1, 0.0] * 2, (len(rows), 1)))[0]
    filtered = _filter(other)
    own = np.sqrt(np.maximum((filtered * other).sum(axis=(1, 2)), 1e-6))
    # The plane of the left picture is taken out here once, not there of each.
    filtered = _without_plane(filtered / own[:, np.newaxis, np.newaxis])
    for start in range(0, len(told), _PART):
        part = slice(start, start + _PART)
        left = thumbnails[found.left[part]].astype(np.float64)
        told[part] = np.einsum("nij,nij->n", left, filtered[place[part]])
    return told / strengths[found.left]


def strength(thumbnails: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the root of the sum of the variances of all windows, float64[n]."""
    told = np.zeros(len(thumbnails))
    for start in range(0, len(told), _PART):
        part = slice(start, start + _PART)
        pictures = _without_plane(thumbnails[part])
        told[part] = (_filter(pictures) * pictures).sum(axis=(1, 2))
    return np.sqrt(np.maximum(told, 1e-6))


def laid_over(thumbnails: NDArray[np.uint8], found: Candidates) -> NDArray[np.float64]:
    """Return the correlation of the details of pairs, laid over as well as it goes.

    Parameters and the result are as in `as_they_are`.
    """
    told = np.zeros(len(found.left))
    for start in range(0, len(told), _PART):
        part = slice(start, start + _PART)
        left = _without_plane(thumbnails[found.left[part]])
        right = _without_plane(turned(thumbnails[found.right[part]], found.turn))
        # The one that was cut shows less, and is made smaller: to enlarge the other
        # would blur it, and lose two of three crops of 5 %.
        told[part] = _lay_over(right, left, 1 / found.zoom)
    return told


def _lay_over(
    left: NDArray[np.float64], right: NDArray[np.float64], zoom: float
) -> NDArray[np.float64]:
    """Return the correlation when `right` is laid over `left` as well as it goes.

    The search begins where it shows `zoom` times as much on each side.

    Gauss-Newton on scale and shift, across and down, with a gain and an offset of the
    brightness (Lucas and Kanade 1981; Baker and Matthews 2004, section 3.1). Of all
    steps the place counts where the pictures as a whole agree most: where their
    details do, would be found for others, too.
    """
    place = np.tile([zoom - 1, 0.0] * 2, (len(left), 1))
    limits = np.array([MOST_SCALE, MOST_SHIFT] * 2)
    best, best_place = np.full(len(left), -1.0), place
    told = np.zeros(len(left))
    going = np.arange(len(left), dtype=np.int64)
    for step in range(STEPS + 1):
        moved, inside, ways = _move(right, place)
        now = _agreement(left, moved, inside)
        better = now > best
        best = np.where(better, now, best)
        best_place = np.where(better[:, np.newaxis], place, best_place)
        if step == EARLY:
            near = np.flatnonzero(_correlate(left, moved, inside) >= LEAST_EARLY)
            going, left, right = near, left[near], right[near]
            best, best_place, place = best[near], best_place[near], place[near]
            moved, inside = moved[near], inside[near]
            ways = ways[0][near], ways[1][near]
        if step < STEPS:
            change = _step(left, right, moved, inside, ways)
            place = np.clip(place + change, -limits, limits)
    moved, inside, _ = _move(right, best_place)
    fits = np.abs(best_place[:, 0] - best_place[:, 2]) <= MOST_STRETCH
    told[going] = np.where(fits, _correlate(left, moved, inside), 0)
    return told


def _agreement(
    left: NDArray[np.float64], right: NDArray[np.float64], inside: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the correlation of all pixels that are inside, float64[n]."""
    size = inside.sum(axis=(1, 2))
    left, right = (
        (p - ((p * inside).sum(axis=(1, 2)) / size)[:, np.newaxis, np.newaxis]) * inside
        for p in (left, right)
    )
    own, other, shared = (
        np.einsum("nij,nij->n", a, b)
        for a, b in ((left, left), (right, right), (left, right))
    )
    found: NDArray[np.float64] = shared / np.sqrt(np.maximum(own * other, 1e-6))
    return found


def _filter(pictures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a picture is multiplied with for the covariance in all windows."""
    size, edge = WINDOW * WINDOW, WINDOW - 1
    room = ((0, 0), (edge, edge), (edge, edge))
    sums = _windows(np.pad(_windows(pictures), room))
    whole = _windows(np.pad(_windows(np.ones_like(pictures[:1])), room))
    filtered: NDArray[np.float64] = (whole * pictures - sums) / size**2
    return filtered


def _move(
    pictures: NDArray[np.float64], place: NDArray[np.float64]
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    tuple[NDArray[np.float64], NDArray[np.float64]],
]:
    """Return pictures, scaled and shifted; what is inside; and the weights of it."""
    side = pictures.shape[1]
    across, in_x = _weights(place[:, 0], place[:, 1], side)
    down, in_y = _weights(place[:, 2], place[:, 3], side)
    moved = down @ pictures @ across.transpose(0, 2, 1)
    inside = in_y[:, :, np.newaxis] * in_x[:, np.newaxis, :]
    return moved, inside, (down, across)


def _weights(
    scale: NDArray[np.float64], shift: NDArray[np.float64], side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights of linear interpolation, [n, s, s], and what is inside, [n, s]."""
    centre = (np.arange(side) + 0.5) / side - 0.5
    sought = (1 + scale[:, np.newaxis]) * centre + shift[:, np.newaxis]
    pixel = (sought + 0.5) * side - 0.5
    inside = ((pixel >= -0.5) & (pixel <= side - 0.5)).astype(np.float64)
    near = np.clip(pixel, 0, side - 1)[:, :, np.newaxis]
    return np.maximum(0, 1 - np.abs(near - np.arange(side))), inside


def _step(
    left: NDArray[np.float64],
    right: NDArray[np.float64],
    moved: NDArray[np.float64],
    inside: NDArray[np.float64],
    ways: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return by how much to change the place of each pair, float64[n, 4]."""
    count, side, _ = left.shape
    down, across = ways
    slopes = np.gradient(right, axis=(1, 2))
    in_y, in_x = (side * (down @ s @ across.transpose(0, 2, 1)) for s in slopes)
    centre = (np.arange(side) + 0.5) / side - 0.5
    parts = [in_x * centre, in_x, in_y * centre[:, np.newaxis], in_y, moved]
    parts.append(np.ones_like(moved))
    rates = np.stack(parts, axis=1).reshape(count, 6, side * side)
    weighted = rates * inside.reshape(count, 1, side * side)
    square = weighted @ rates.transpose(0, 2, 1) + 1e-2 * np.eye(6)
    solved = np.linalg.solve(square, weighted @ left.reshape(count, side * side, 1))[
        :, :, 0
    ]
    gain = np.where(np.abs(solved[:, 4]) < 0.1, 0.1, solved[:, 4])
    return np.clip(solved[:, :4] / gain[:, np.newaxis], -0.05, 0.05)


def _correlate(
    left: NDArray[np.float64], right: NDArray[np.float64], inside: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Correlate the details of all windows that are wholly inside, float64[n]."""
    size = WINDOW * WINDOW
    whole = _windows(inside) > size - 0.5
    means = _windows(left) / size, _windows(right) / size
    pairs = ((left, left, 0, 0), (right, right, 1, 1), (left, right, 0, 1))
    own, other, shared = (
        ((_windows(a * b) / size - means[i] * means[j]) * whole).sum(axis=(1, 2))
        for a, b, i, j in pairs
    )
    found: NDArray[np.float64] = shared / np.sqrt(np.maximum(own * other, 1e-6))
    return found


def _windows(pictures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over each window, float64[n, s - w + 1, s - w + 1]."""
    stop = pictures.shape[1] - WINDOW + 1
    rows = pictures[:, :stop].copy()
    for at in range(1, WINDOW):
        rows += pictures[:, at : at + stop]
    added = rows[:, :, :stop].copy()
    for at in range(1, WINDOW):
        added += rows[:, :, at : at + stop]
    return added


def _without_plane(
    thumbnails: NDArray[np.uint8] | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return pictures less the plane that fits each best, float64[n, s, s].

    Two skies that both get brighter upwards are not one picture.
    """
    side = thumbnails.shape[1]
    centre = (np.arange(side) + 0.5) / side - 0.5
    pictures = thumbnails.astype(np.float64)
    pictures -= pictures.mean(axis=(1, 2), keepdims=True)
    power = side * (centre @ centre)
    across = np.einsum("nij,j->n", pictures, centre) / power
    down = np.einsum("nij,i->n", pictures, centre) / power
    pictures -= across[:, np.newaxis, np.newaxis] * centre
    pictures -= down[:, np.newaxis, np.newaxis] * centre[:, np.newaxis]
    return pictures
