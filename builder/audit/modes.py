"""In which modes images are stored, and how they are turned where they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.images.facts import MODES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.images.facts import Seen


def report(seen: Seen, *, stated: NDArray[np.int32] | None = None) -> dict[str, Any]:
    """Tell in plain data which modes there are, and how many images are turned.

    Parameters
    ----------
    seen : Seen
        Of n images.
    stated : ndarray of int32, shape (n, 2), optional
        Width and height that the source states for each; 0 where it does not.

    Returns
    -------
    dict
        ``images``, the good ones; ``modes``, how many of them are in each of Pillow's
        modes, the most frequent first (only where images were decoded; those that
        Pillow names otherwise are ``other``); ``turned``, how many have an EXIF
        orientation by which they are turned or mirrored where they are shown, and
        ``on_side``, how many of these swap width and height by it; and
        ``stated_unturned``, how many of these the source states unturned, so that
        what it says of places in the image is of the unturned one, too.
    """
    good = seen.facts.is_good
    orientations = seen.facts.orientations[good]
    on_side = np.isin(orientations, (5, 6, 7, 8))
    told: dict[str, Any] = {"images": int(good.sum())}
    if seen.decoded:
        counts = np.bincount(seen.facts.modes[good], minlength=len(MODES)).tolist()
        modes = {mode or "other": n for mode, n in zip(MODES, counts, strict=True) if n}
        told["modes"] = dict(sorted(modes.items(), key=lambda item: -item[1]))
    told["turned"] = int((orientations > 1).sum())
    told["on_side"] = int(on_side.sum())
    if stated is not None:
        shown = seen.facts.sizes[good]
        other = (shown != stated[good]).all(axis=1) & (stated[good] > 0).all(axis=1)
        told["stated_unturned"] = int((on_side & other).sum())
    return told
