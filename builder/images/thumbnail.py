"""A small picture of an image, as it is shown: what look-alikes are told by. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

#: Pixels on each side of a thumbnail, whatever the shape of the image: so that a
#: quarter turn of it is one of the same size. Chosen by
#: ``tests/benchmarks/bench_lookalikes.py``: of 16, 18, 20 and 24, with pairs of
#: different lesions kept out alike, 24 finds 0.99 of the copies cropped by 2 % at one
#: corner, 16 finds 0.81. It takes 576 bytes an image.
SIDE = 24
# What each EXIF orientation asks for, as in `PIL.ImageOps.exif_transpose`.
_SHOWN = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def make_thumbnail(
    luma: Image.Image, box: tuple[float, float, float, float], orientation: int
) -> NDArray[np.uint8]:
    """Return the thumbnail of a grey picture, uint8[`SIDE`, `SIDE`].

    Parameters
    ----------
    luma : Image
        Mode ``L``, at whatever scale it was decoded.
    box : (left, upper, right, lower)
        The exact area that the original covers in it.
    orientation : int
        From EXIF, 1 to 8.
    """
    from PIL.Image import Resampling, Transpose  # the size alone needs no pictures

    small = luma.resize((SIDE, SIDE), Resampling.LANCZOS, box)
    if orientation in _SHOWN:
        small = small.transpose(Transpose[_SHOWN[orientation]])
    return np.asarray(small)
