"""What was measured of images, a column at a time, with NaN where it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from builder.images.measures import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.images.facts import AuditFacts

#: Measures of images that were not decoded, and those that decoding adds.
UNDECODED = ("width", "height", "aspect", "bytes", "bytes_a_pixel")
DECODED = (
    "quality", "brightness", "saturation", "hue", "sharpness", "dark_corners", "grey",
)  # fmt: skip
_SIZES = ("width", "height", "aspect")


class Measures(Mapping[str, NDArray[np.float64]]):
    """Measures of n images by name, float64[n] each, made when they are asked for.

    All of them at a time would take 100 bytes an image.
    """

    def __init__(self, made: Mapping[str, Callable[[], NDArray[np.float64]]]) -> None:
        self._made = made

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return self._made[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def measures_of(facts: AuditFacts, *, decoded: bool) -> Measures:
    """Return what was measured of n images, by name; NaN of those that are not good.

    Where all have equally many pixels, bytes a pixel are left out: they would be the
    bytes in another unit, and count twice among the tests.

    Parameters
    ----------
    facts : AuditFacts
    decoded : bool
        Whether the images were decoded.
    """

    def of(name: str) -> NDArray[np.float64]:
        if name in _SIZES:
            found = _of_size(facts.sizes, name)
        elif name == "bytes_a_pixel":
            found = of("bytes") / (of("width") * of("height"))
        elif name == "grey":
            found = facts.is_grey.astype(np.float64)
        else:
            found = facts.measures[:, NAMES.index(name)].astype(np.float64)
        return np.where(facts.is_good, found, np.nan)

    names = [*_SIZES, "bytes"]
    pixels = of("width") * of("height")
    known = pixels[~np.isnan(pixels)]
    if not len(known) or known.min() < known.max():
        names.append("bytes_a_pixel")
    names += DECODED if decoded else ()
    return Measures({name: partial(of, name) for name in names})


def measures_of_sizes(sizes: NDArray[np.int32]) -> Measures:
    """Return width, height and aspect; NaN where a size is 0, so not known.

    Parameters
    ----------
    sizes : ndarray of int32, shape (n, 2)
    """
    return Measures({name: partial(_of_size, sizes, name) for name in _SIZES})


def _of_size(sizes: NDArray[np.int32], name: str) -> NDArray[np.float64]:
    if name == "aspect":
        return _of_size(sizes, "width") / _of_size(sizes, "height")
    is_known = np.all(sizes > 0, axis=1)
    return np.where(is_known, sizes[:, _SIZES.index(name)], np.nan)
