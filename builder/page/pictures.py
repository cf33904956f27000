"""One image as the page shows it: made small once, and measured. Pure."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from builder.images.inspect import GREY_TOLERANCE, look
from builder.images.open import open_image, orientation_of, told, upright
from builder.images.tags import BrokenError
from builder.limits import LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Longer side of the small pictures, largest first, and the quality of their WebP.
#: Below 100 pixels artefacts cover what there is to see sooner than they are seen.
SIZES = {
    320: 70, 256: 70, 192: 65, 160: 65, 128: 60, 112: 55, 96: 55, 80: 50, 72: 50,
    64: 50, 56: 45, 48: 45, 40: 40, 32: 40,
}  # fmt: skip
#: Pictures are measured at this longer side at most, so that the measures do not
#: follow from the size of a picture, nor from that of its small one.
_MEASURED = 128
# An image of more than that times the largest picture is averaged first: 89 million
# pixels of 16 bits take a third of the memory.
_TIMES = 8


@dataclass(frozen=True, slots=True)
class Picture:
    """What the page knows of one image file.

    Attributes
    ----------
    size : int
        Bytes of the file.
    reason : str or None
        Why it cannot be shown; all that follows is then zero or empty.
    width, height : int
        As shown: turned as its EXIF says.
    mode : str
        As Pillow names it, such as ``RGB``.
    is_turned, is_grey : bool
        Whether its EXIF turns or mirrors it; whether it holds no colour.
    brightness, saturation : float
        Mean of luma and of HSV's saturation, 0 to 100.
    sharpness : float
        Standard deviation of the Laplacian of luma, of 255.
    webp : tuple of (int, bytes)
        Longer side and file of each small picture.
    """

    size: int
    reason: str | None = None
    width: int = 0
    height: int = 0
    mode: str = ""
    is_turned: bool = False
    is_grey: bool = False
    brightness: float = 0.0
    saturation: float = 0.0
    sharpness: float = 0.0
    webp: tuple[tuple[int, bytes], ...] = ()


def make_small(
    data: bytes | None, sizes: Sequence[int], limits: Limits = LIMITS
) -> Picture:
    """Decode an image once, and return it in these sizes, with its measures.

    Parameters
    ----------
    data : bytes, optional
        The whole file; None for a row without one.
    sizes : sequence of int
        Longer sides, of `SIZES`; no picture is made larger than it is.
    limits : Limits
        What an image may ask for: pixels and scans.

    Returns
    -------
    Picture
        Whatever is wrong with the image is in `Picture.reason`.
    """
    if data is None:
        return Picture(0, "has no image")
    reason = look(data, limits=limits).reason
    if reason is not None:
        return Picture(len(data), reason)
    try:
        return _decode(data, sizes, limits)
    except BrokenError as err:
        return Picture(len(data), str(err))
    except MemoryError:
        raise  # says nothing of the image
    except Exception as err:  # decoders raise what they like
        return Picture(len(data), f"cannot be decoded: {told(err)}")


def _decode(data: bytes, sizes: Sequence[int], limits: Limits) -> Picture:
    largest = max(*sizes, _MEASURED)
    with open_image(data, limits) as image:
        (width, height), mode = image.size, image.mode
        turn = orientation_of(image)
        image.draft(None, (largest, largest))
        image.load()
        picture = _as_seen(upright(_reduced(image, _TIMES * largest)))
    picture.info.clear()  # no profile or EXIF in the small ones
    if turn >= 5:
        width, height = height, width
    picture.thumbnail((largest, largest), Image.Resampling.LANCZOS, reducing_gap=2.0)
    is_grey, brightness, saturation, sharpness = _measure(_shrink(picture, _MEASURED))
    return Picture(
        len(data),
        None,
        width,
        height,
        mode,
        turn != 1,
        is_grey,
        brightness,
        saturation,
        sharpness,
        tuple((size, _encode(_shrink(picture, size), SIZES[size])) for size in sizes),
    )


def _reduced(image: Image.Image, most: int) -> Image.Image:
    """Return a huge image averaged over squares, as all that follows makes copies."""
    factor = max(image.size) // most
    if factor < 2 or image.mode in {"1", "P", "PA"}:  # whose pixels cannot be mixed
        return image
    deep = image.mode.startswith("I;16")  # of which Pillow makes no average
    return (image.convert("I") if deep else image).reduce(factor)


def _as_seen(image: Image.Image) -> Image.Image:
    """Return the image in RGB: on white, if parts are clear; stretched, if deep."""
    if image.mode.startswith(("I", "F")):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        low, high = values.min(), values.max()
        scaled = (values - low) * (255 / (high - low) if high > low else 0)
        return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    if image.mode in {"LA", "PA", "RGBA", "RGBa", "La"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    return image.convert("RGB")


def _shrink(picture: Image.Image, size: int) -> Image.Image:
    made = picture.copy()
    made.thumbnail((size, size), Image.Resampling.LANCZOS)
    return made


def _measure(picture: Image.Image) -> tuple[bool, float, float, float]:
    """Return whether it is grey, brightness, saturation and sharpness."""
    luma, blue, red = picture.convert("YCbCr").split()
    extremes = np.array([blue.getextrema(), red.getextrema()], dtype=np.int64)
    is_grey = bool(np.abs(extremes - 128).max() <= GREY_TOLERANCE)
    light = np.asarray(luma, dtype=np.float64)
    saturation = np.asarray(picture.convert("HSV").getchannel("S"), dtype=np.float64)
    edges = (
        4 * light[1:-1, 1:-1]
        - light[:-2, 1:-1]
        - light[2:, 1:-1]
        - light[1:-1, :-2]
        - light[1:-1, 2:]
    )
    return (
        is_grey,
        round(float(light.mean()) / 2.55, 1),
        round(float(saturation.mean()) / 2.55, 1),
        round(float(edges.std()), 1) if edges.size else 0.0,
    )


def _encode(picture: Image.Image, quality: int) -> bytes:
    sink = io.BytesIO()
    picture.save(sink, "WEBP", quality=quality, method=4)
    return sink.getvalue()


def choose_size(sample: Sequence[Picture], number: int, room: int) -> int:
    """Return the largest of `SIZES` of which all pictures are likely to find room.

    Parameters
    ----------
    sample : sequence of Picture
        Some of them, in all sizes.
    number : int
        How many there are.
    room : int
        Bytes for all of them, as base64.

    Examples
    --------
    >>> some = [Picture(9, webp=tuple((size, bytes(size)) for size in SIZES))]
    >>> choose_size(some, 1_000, 100_000)
    72
    """
    for size in SIZES:
        each = [as_base64(len(dict(p.webp)[size])) for p in sample if p.webp]
        if not each or sum(each) / len(sample) * number <= room:
            return size
    return min(SIZES)


def as_base64(size: int) -> int:
    """Return how many characters so many bytes become, with quotes and a comma."""
    return (size + 2) // 3 * 4 + 3
