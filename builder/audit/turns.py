"""The eight ways in which a picture can be turned and mirrored. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

#: What was done to one image of a pair so that it looks like the other, by number.
TURNS = (
    "upright",
    "mirrored",
    "turned left",
    "turned left and mirrored",
    "turned by half",
    "turned by half and mirrored",
    "turned right",
    "turned right and mirrored",
)


def turned(squares: NDArray[Any], turn: int) -> NDArray[Any]:
    """Return square pictures in one of the eight turns of `TURNS`.

    Parameters
    ----------
    squares : ndarray, shape (n, k, k)
    turn : int
        Twice the number of quarter turns to the left, and one more to mirror that
        from left to right.

    Examples
    --------
    >>> turned(np.array([[[1, 2], [3, 4]]]), 3).tolist()
    [[[4, 2], [3, 1]]]
    """
    quarters, mirrored = divmod(turn, 2)
    rotated = np.rot90(squares, quarters, axes=(1, 2))
    return rotated[:, :, ::-1] if mirrored else rotated


def inverse_turn(turn: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the turns that undo these; a mirror image undoes itself.

    Examples
    --------
    >>> inverse_turn(np.arange(8))
    array([0, 1, 6, 3, 4, 5, 2, 7])
    """
    undone: NDArray[np.int64] = np.where(turn % 2 == 1, turn, (8 - turn) % 8)
    return undone
