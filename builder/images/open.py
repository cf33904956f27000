"""Open one image file with Pillow, and nothing that could do harm."""

from __future__ import annotations

import ctypes
import io
import logging
import re
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError, _imaging
from PIL.TiffTags import TAGS_V2_GROUPS

from builder.images.bounds import check_bounds, check_pixels
from builder.images.tags import BrokenError, check_tags
from builder.limits import LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What is opened at all. Formats of Pillow that start other programs (EPS) or
#: that the `datasets` viewer does not show are left out.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
EXIF_ORIENTATION = 0x0112

# `warnings.catch_warnings` changes the whole process, so threads take turns.
_WARNINGS_LOCK = threading.Lock()
# libtiff writes what it thinks of a damaged file on stderr, besides the error that is
# raised; where it is not a part of Pillow itself, it can be told not to.
with suppress(AttributeError, OSError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)
# Nor does Pillow's log go there where nobody asked for one.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# A text chunk of PNG, in which ImageMagick keeps the EXIF of what it converts.
_PROFILE = "Raw profile type exif"


def open_image(data: bytes, limits: Limits = LIMITS) -> ImageFile.ImageFile:
    """Read the header with Pillow, whose warnings (of odd EXIF) are not for users.

    Raises
    ------
    BrokenError
        The file asks for more than `limits` allow, or was cut short.
    Exception
        Whatever Pillow raises on what is no image.
    """
    check_bounds(data, limits)
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _allowing(limits.max_pixels):
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.format == "TIFF":
            # Else it does so when it is loaded, where nobody holds its warnings back.
            with suppress(Exception):
                tags = image.getexif()
                for tag in TAGS_V2_GROUPS:
                    if tag in tags:
                        tags.get_ifd(tag)
    # In one piece: a decoder that is fed 64 KB at a time takes 8 % longer for a photo.
    image.decodermaxblock = max(image.decodermaxblock, len(data))
    try:
        check_pixels(image.size, limits)
    except BrokenError:
        image.close()
        raise
    return image


@contextmanager
def _allowing(pixels: int) -> Iterator[None]:
    """Let Pillow open more pixels than it does by itself, where that is asked for."""
    most = Image.MAX_IMAGE_PIXELS
    if most is None or pixels <= most or pixels == LIMITS.max_pixels:
        yield
        return
    Image.MAX_IMAGE_PIXELS = pixels
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = most


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1, upright, where there is none to read."""
    try:
        with _WARNINGS_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _check_profile(image)
            found = image.getexif().get(EXIF_ORIENTATION)
    except MemoryError:
        raise  # says nothing of the image
    except Exception:  # whatever EXIF may hold, it does not say so
        return 1
    return int(found) if found and found in range(1, 9) else 1


def upright(image: Image.Image) -> Image.Image:
    """Return the image turned as its EXIF says; as it is where that cannot be read."""
    try:
        with _WARNINGS_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            _check_profile(image)
            return ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # as `orientation_of` does
        return image


def told(err: Exception) -> str:
    """Return what a decoder says of an image, in the same words every time.

    A build writes them down, and Pillow puts the address of an object in some.

    >>> told(OSError("no file <_io.BytesIO object at 0x7f00>")), told(ValueError())
    ('no file <_io.BytesIO object>', 'ValueError')
    """
    if isinstance(err, UnidentifiedImageError):
        return "it is damaged, or of a kind that Pillow does not know"
    words = " ".join(str(err).split()) or type(err).__name__
    return re.sub(r" at 0x[0-9a-fA-F]+", "", words)


def _check_profile(image: Image.Image) -> None:
    """Look at EXIF in the text of a PNG, which no walk over its bytes can see."""
    if image.format == "PNG" and "exif" not in image.info:
        image.load()  # as the text may stand behind the pixels
    text = image.info.get(_PROFILE)
    if "exif" not in image.info and isinstance(text, str):
        check_tags(bytes.fromhex("".join(text.split("\n")[3:])), LIMITS)
