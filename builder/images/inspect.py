"""Look at one image: its structure without decoding, its facts with decoding.

Everything here is a pure function of the bytes, made to run in workers. A broken
image is a finding and not a failure: it comes back as a reason in words, which
follows the name of the image in a sentence (``<name> is truncated: ...``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from builder.images.bounds import check_pixels
from builder.images.headers import read_size
from builder.images.measures import jpeg_quality, measure
from builder.images.open import open_image, orientation_of, told
from builder.images.tags import BrokenError
from builder.images.thumbnail import make_thumbnail
from builder.limits import LIMITS, Limits

if TYPE_CHECKING:
    from PIL import Image

#: Decoding stops at an eighth, a quarter or a half of the size, but not below this
#: many pixels on the shorter side: enough for a thumbnail, and twice as fast.
SCALED_SIDE = 32
#: How far, of 255, the colour channels Cb and Cr of the scaled image may leave the
#: middle in a grey image. Grey pictures saved as colour JPEG stay at 0, whatever
#: the quality; the palest colour photograph of 100 reaches 19.
GREY_TOLERANCE = 4


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What decoding one image tells.

    Attributes
    ----------
    sha256 : bytes
        Digest of the file, 32 bytes.
    reason : str or None
        Why the image is broken; all that follows is then zero, empty or False.
    width, height : int
        Size as stored: an EXIF orientation is not applied here.
    orientation : int
        Of EXIF, 1 to 8: how the image is turned, or mirrored, where it is shown.
    format, mode : str
        As Pillow names them, such as ``JPEG`` and ``RGB``.
    is_grey : bool
        Whether the picture holds no colour, whatever its mode.
    measures : tuple of float
        As `builder.images.measures.NAMES`; of an image that was not decoded the first
        alone, the size of the file.
    thumbnail : bytes
        The rows of `builder.images.thumbnail.make_thumbnail`: see `inspect`.
    """

    sha256: bytes
    reason: str | None = None
    width: int = 0
    height: int = 0
    orientation: int = 1
    format: str = ""
    mode: str = ""
    is_grey: bool = False
    measures: tuple[float, ...] = ()
    thumbnail: bytes = b""

    @property
    def is_turned(self) -> bool:
        """Whether the orientation swaps width and height where the image is shown."""
        return self.orientation in (5, 6, 7, 8)


def check_structure(
    data: bytes | memoryview,
    *,
    width: int | None = None,
    height: int | None = None,
    limits: Limits = LIMITS,
) -> str | None:
    r"""Why these bytes cannot be the image of their record, or None if they can.

    Nothing is decoded: header, size and end marker are looked at, which finds
    files that are not images, were cut short, or belong to another record. Of
    formats other than JPEG and PNG only the header is read. Bytes after the end
    marker are tolerated, as all decoders do.

    Parameters
    ----------
    data : bytes or memoryview
        The whole file.
    width, height : int, optional
        Size in pixels that the record states. It is compared with the size as
        stored, or as shown where an EXIF orientation turns the image on its side.
    limits : Limits
        What an image may ask for: pixels and scans.

    Returns
    -------
    str or None
        The reason, to follow the name of the image.

    Examples
    --------
    >>> check_structure(b"\xff\xd8\xff\xe0")
    'is truncated: its header ends at byte 4'
    """
    return look(data, width=width, height=height, limits=limits).reason


def look(
    data: bytes | memoryview,
    *,
    width: int | None = None,
    height: int | None = None,
    limits: Limits = LIMITS,
) -> ImageFacts:
    """Take the digest of one image and check its structure; nothing is decoded.

    Parameters and the reason are those of `check_structure`; of what decoding tells,
    only size and turn are known.
    """
    data = bytes(data)
    sha256 = hashlib.sha256(data).digest()
    try:
        size, may_be_turned = read_size(data, limits)
        check_pixels(size, limits)
        orientation = _orientation(data, limits) if may_be_turned else 1
        found = ImageFacts(sha256, None, *size, orientation, measures=(len(data),))
        _check_size(size, found.is_turned, width=width, height=height)
    except BrokenError as err:
        return ImageFacts(sha256, str(err))
    return found


def _check_size(
    size: tuple[int, int], is_turned: bool, *, width: int | None, height: int | None
) -> None:
    if 0 in size:
        raise BrokenError(f"is empty: its size is {size[0]} x {size[1]}")
    stated = (
        size[0] if width is None else width,
        size[1] if height is None else height,
    )
    if stated != size and not (stated == size[::-1] and is_turned):
        swapped = " (width and height are swapped)" if stated == size[::-1] else ""
        raise BrokenError(
            f"is not the image of its record: its size is {size[0]} x {size[1]}, "
            f"where the record states {stated[0]} x {stated[1]}{swapped}"
        )


def inspect(
    data: bytes | memoryview,
    *,
    width: int | None = None,
    height: int | None = None,
    limits: Limits = LIMITS,
) -> ImageFacts:
    """Decode one image at reduced scale and tell its facts, or why it is broken.

    The thumbnail is of the image as it is shown, and of its brightness alone:

    1. JPEG is decoded at 1/8, 1/4 or 1/2 of its size (`PIL.Image.Image.draft`),
       the smallest whose shorter side has `SCALED_SIDE` pixels; other formats are
       decoded whole and averaged over as many pixels (`PIL.Image.Image.reduce`).
    2. Luma Y of YCbCr is resized by Lanczos, from the exact area that the original
       covers (the scaled image is up to 7/8 of a pixel larger).
    3. It is turned and mirrored as the EXIF orientation says.

    Parameters
    ----------
    data : bytes or memoryview
        The whole file.
    width, height, limits
        As in `check_structure`.

    Returns
    -------
    ImageFacts
        Whatever is wrong with the image is in `ImageFacts.reason`.
    """
    data = bytes(data)
    looked = look(data, width=width, height=height, limits=limits)
    if looked.reason is not None:
        return looked
    try:
        return _decode(data, looked, limits)
    except BrokenError as err:
        return ImageFacts(looked.sha256, str(err))
    except MemoryError:
        raise  # says nothing of the image
    except Exception as err:  # decoders raise what they like: OSError, SyntaxError, ...
        return ImageFacts(looked.sha256, f"cannot be decoded: {told(err)}")


def _decode(data: bytes, looked: ImageFacts, limits: Limits) -> ImageFacts:
    with open_image(data, limits) as image:
        kind, mode = image.format or "", image.mode
        quality = jpeg_quality(getattr(image, "quantization", {}))
        drafted = image.draft(None, (SCALED_SIDE, SCALED_SIDE))
        image.load()
        # What is left of it: Pillow has turned a TIFF by now.
        orientation = 1 if looked.orientation == 1 else orientation_of(image)
        if image.getbands()[0] in {"1", "L", "I", "F"}:  # with alpha or without
            picture = _eight_bits(image).convert("L")
        else:  # a palette with alpha needs the step between
            picture = (image.convert("RGBA") if mode == "P" else image).convert("RGB")
    box: tuple[float, float, float, float]
    if drafted is not None:
        box = drafted[1]
    else:
        factors = (8, 4, 2)
        width, height = picture.size
        times = next((f for f in factors if min(width, height) // f >= SCALED_SIDE), 1)
        picture = picture.reduce(times)
        box = 0.0, 0.0, width / times, height / times
    measures = (*looked.measures, quality, *measure(picture, box))
    is_grey = picture.mode == "L"
    if not is_grey:
        picture, blue, red = picture.convert("YCbCr").split()
        extremes = np.array([blue.getextrema(), red.getextrema()], dtype=np.int64)
        is_grey = bool(np.abs(extremes - 128).max() <= GREY_TOLERANCE)
    return replace(
        looked,
        format=kind,
        mode=mode,
        is_grey=is_grey,
        measures=measures,
        thumbnail=make_thumbnail(picture, box, orientation).tobytes(),
    )


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return an image of 16 bits in the range of 8, which Pillow only cuts off."""
    if not image.mode.startswith("I"):
        return image
    wide = image.convert("I")
    extremes = wide.getextrema()
    is_wide = isinstance(extremes[1], int | float) and extremes[1] > 255
    return wide.point(lambda value: value * (1 / 256)) if is_wide else wide


def _orientation(data: bytes, limits: Limits) -> int:
    """Return the EXIF orientation of an image, 1 where there is none."""
    try:
        with open_image(data, limits) as image:
            return orientation_of(image)
    except MemoryError:
        raise  # says nothing of the image
    except Exception:  # then it is no image, and that is told elsewhere
        return 1
