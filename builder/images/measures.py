"""What of one image can be measured without a look at what it shows.

All are functions of a picture that was decoded at reduced scale, in integers until the
last division: the same numbers on every machine.

=============  ===========================================================  ==========
name           what                                                         unit
=============  ===========================================================  ==========
bytes          size of the file                                             bytes
quality        of the quantisation table of a JPEG: see `jpeg_quality`      1 to 100
brightness     mean luma                                                    0 to 1
saturation     mean of what the largest of R, G and B has over the least:   0 to 1
               the chroma of HSV, which is steady where it is dark
hue            of the mean colour, as in HSV: red 0, green 120, blue 240    degrees
sharpness      variance of the Laplacian of luma (Pech-Pacheco et al.,      0 to 255²
               2000); of the reduced picture, so of its coarser detail
dark_corners   mean luma of the middles of the sides less that of the       -1 to 1
               corners
=============  ===========================================================  ==========

All but the first two are of a grid of `GRID` x `GRID` cells, each the mean of what it
covers, whatever size and shape the picture has: so that they do not measure its size.
Luma is that of ITU-R BT.601, as in Pillow. Corners, and middles of the sides, are
squares of an eighth of the grid: a dermatoscope, whose round field leaves the corners
black (Pewton and Yap, 2022, "Dark corner on skin lesion image dataset: does it
matter?"), gives the brightness of the skin at the sides that the field reaches, another
photograph about 0, however dark its subject in the middle.
"""

from __future__ import annotations

from functools import lru_cache
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from PIL import Image

NAMES = (
    "bytes", "quality", "brightness", "saturation", "hue", "sharpness", "dark_corners",
)  # fmt: skip
#: What people call these, and what follows from the size of an image.
WORDS = {
    "width": "width",
    "height": "height",
    "aspect": "aspect",
    "bytes": "file size in bytes",
    "bytes_a_pixel": "bytes a pixel",
    "quality": "JPEG quality",
    "brightness": "brightness",
    "saturation": "saturation",
    "hue": "hue",
    "sharpness": "sharpness",
    "dark_corners": "dark corners",
    "grey": "grey",
}
#: Cells on either side of the grid that pictures are measured on.
GRID = 32
_LUMA = np.array([299, 587, 114], dtype=np.int32)  # of 1,000
_ONES = np.ones(GRID**2, dtype=np.int32)
_PLACES = np.arange(GRID)
_ENDS = (_PLACES < GRID // 8) | (_PLACES >= GRID - GRID // 8)
_MIDDLE = np.abs(2 * _PLACES + 1 - GRID) < GRID // 8
# The middles of the sides less the corners.
_DARKER = (
    np.outer(_ENDS, _MIDDLE).astype(np.int64)
    + np.outer(_MIDDLE, _ENDS)
    - np.outer(_ENDS, _ENDS)
).ravel()
# The luma table of ITU-T T.81, table K.1, on which the Independent JPEG Group's
# library scales by quality (jcparam.c: std_luminance_quant_tbl).
_STANDARD = np.array(
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
)  # fmt: skip


def measure(
    picture: Image.Image, box: tuple[float, float, float, float]
) -> tuple[float, float, float, float, float]:
    """Return brightness, saturation, hue, sharpness and dark corners of a picture.

    Parameters
    ----------
    picture : PIL.Image.Image
        In the mode ``RGB`` or ``L``.
    box : tuple of float
        Left, top, right and bottom of the part of it to measure, in its pixels.

    Returns
    -------
    tuple of float
        The hue is NaN where the mean colour is grey.

    Examples
    --------
    >>> from PIL import Image
    >>> orange = Image.new("RGB", (40, 30), (255, 128, 0))
    >>> [round(value, 2) for value in measure(orange, (0, 0, 40, 30))]
    [0.59, 1.0, 30.12, 0.0, 0.0]
    """
    from PIL.Image import Resampling  # the names above are for those without pictures

    small = np.asarray(picture.resize((GRID, GRID), Resampling.BOX, box))
    if small.ndim == 2:
        # Widened first: before NumPy 2, a number does not widen what it multiplies.
        luma, saturation, hue = small.astype(np.int32) * 1000, 0.0, nan
    else:
        luma = small @ _LUMA
        red, green, blue = (small[:, :, channel] for channel in range(3))
        most = np.maximum(np.maximum(red, green), blue)
        least = np.minimum(np.minimum(red, green), blue)
        saturation = _sum(most - least) / (255 * GRID**2)
        hue = _hue(*(_ONES @ small.reshape(-1, 3)).tolist())
    inner = luma[1:-1, 1:-1] * 4
    edges = inner - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    flat = edges.ravel().astype(np.int64)
    number, squares = len(flat), int(flat @ flat)
    return (
        _sum(luma) / (255_000 * GRID**2),
        saturation,
        hue,
        (number * squares - _sum(flat) ** 2) / (number * 1000) ** 2,
        int(luma.ravel() @ _DARKER) / (255_000 * 4 * (GRID // 8) ** 2),
    )


def jpeg_quality(quantization: Mapping[int, Sequence[int]]) -> float:
    """Return the quality at which a JPEG was saved, as the Independent JPEG Group's.

    That is the quality, 1 to 100, whose luma table is nearest to that of the image by
    the sum of absolute differences; the lower of two. Exact for what libjpeg, and with
    it Pillow, wrote; the nearest equivalent for tables of others, such as cameras'.

    Parameters
    ----------
    quantization : dict of int to sequence of int, length 64
        The image's tables in natural order, as Pillow gives them; the first is that
        of luma. Empty where the image is no JPEG, whose quality is NaN.
    """
    table = quantization.get(0) or next(iter(quantization.values()), None)
    if table is None or len(table) != _STANDARD.size:
        return nan
    return _nearest(tuple(table))


@lru_cache(maxsize=256)  # most images of a source have one of few tables
def _nearest(table: tuple[int, ...]) -> float:
    distances = np.abs(_tables() - np.array(table)).sum(axis=1)
    return float(distances.argmin() + 1)


@lru_cache(maxsize=1)
def _tables() -> NDArray[np.int64]:
    """Return the luma table of each quality, int64[100, 64]: `jpeg_quality_scaling`."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    scaled = (scale[:, np.newaxis] * _STANDARD + 50) // 100
    tables: NDArray[np.int64] = np.clip(scaled, 1, 255).astype(np.int64)
    return tables


def _sum(part: NDArray[Any]) -> int:
    return int(part.sum(dtype=np.int64))


def _hue(red: int, green: int, blue: int) -> float:
    """Return the hue of a colour in degrees, 0 to 360; NaN of a grey one."""
    most, least = max(red, green, blue), min(red, green, blue)
    spread = most - least
    if not spread:
        return nan
    if most == red:
        return 60 * ((green - blue) / spread % 6)
    if most == green:
        return 60 * ((blue - red) / spread + 2)
    return 60 * ((red - green) / spread + 4)
