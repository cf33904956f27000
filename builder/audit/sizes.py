"""How many pixels images have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.images.facts import Seen


def report(seen: Seen) -> dict[str, Any]:
    """Tell in plain data how wide and high the good images are.

    An image has the size that it is shown in, where it was read, and otherwise the one
    that the source states.

    Parameters
    ----------
    seen : Seen
        Of n images.

    Returns
    -------
    dict
        ``images``, the good ones, and ``known``, how many of them have a known size;
        and where any has, ``width`` and ``height``, each with ``least``, ``median``
        and ``most``.
    """
    sizes = seen.facts.sizes
    if seen.sizes is not None:
        is_seen = np.all(sizes > 0, axis=1, keepdims=True)
        sizes = np.where(is_seen, sizes, seen.sizes)
    sizes = sizes[seen.facts.is_good]
    known = sizes[np.all(sizes > 0, axis=1)]
    told: dict[str, Any] = {"images": len(sizes), "known": len(known)}
    if len(known):
        told["width"], told["height"] = (_spread(side) for side in known.T)
    return told


def _spread(side: NDArray[np.int32]) -> dict[str, float]:
    return {
        "least": int(side.min()),
        "median": float(np.median(side)),
        "most": int(side.max()),
    }
