"""Make one image smaller: its size first, then its bytes.

Both are functions of their arguments, of the version of Pillow and of the libraries
that it was built with, which are the same in all its wheels of a version and platform.
"""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from builder.images.open import EXIF_ORIENTATION, open_image, orientation_of
from builder.images.sizes import resized_size
from builder.limits import LIMITS, Limits

# Of 99 photographs at 224 pixels, quality 95 without chroma subsampling keeps 40.7 dB
# (PSNR; 36.8 at worst) in 45 kB; with it, 36.8 (30.1) in 34 kB; quality 90 without it,
# 37.4 (32.9) in 30 kB (tests/benchmarks/trial_resize.py).
JPEG_QUALITY = 95

#: Raise this when `resize` gives other bytes than before: resized images that were
#: kept are then made anew.
METHOD = 1

# A JPEG is decoded at 1/8, 1/4 or 1/2 of its size, but to at least this many times the
# size that is wanted. Of seven photographs of skin at 224 pixels, 2 takes 19 ms an
# image where decoding in full takes 151, and stays within 53 dB (PSNR) of it: far less
# than what saving as JPEG costs.
_DRAFT = 2
# `optimize` would save 4 % of a JPEG, but with it Pillow cannot write some images
# ("Suspension not allowed here").
_SAVE: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": JPEG_QUALITY, "subsampling": 0},
    "WEBP": {"quality": JPEG_QUALITY},
    "TIFF": {"compression": "tiff_adobe_deflate"},  # loses nothing in any mode
}


def resize(data: bytes, image_size: int, limits: Limits = LIMITS) -> bytes:
    """Return an image with a shorter side of `image_size` pixels, in its own format.

    It is resampled by Lanczos. EXIF orientation and colour profile are kept; all else
    that stands beside the pixels goes: other EXIF, comments, thumbnails, resolution.
    Palettes and bilevel images become grey or colour, since their pixels cannot be
    mixed otherwise; of several frames the first is taken. A TIFF comes out upright.

    Parameters
    ----------
    data : bytes
        The whole file, in one of `builder.images.open.FORMATS`.
    image_size : int
        Shorter side, in pixels, of what is returned.
    limits : Limits
        What an image may ask for: pixels and scans.

    Returns
    -------
    bytes
        `data` itself where the image is not larger than that.

    Raises
    ------
    BrokenError
        The image asks for more than `limits` allow.
    Exception
        Whatever a decoder raises on damaged data: OSError, SyntaxError, ...
    """
    with open_image(data, limits) as image:
        size = resized_size(*image.size, image_size)
        if size == image.size:
            return data
        drafted = image.draft(None, (_DRAFT * size[0], _DRAFT * size[1]))
        image.load()
        orientation = orientation_of(image)  # once loaded, as a TIFF is turned then
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        # The drafted image is up to a pixel larger than the area of the original.
        box = drafted[1] if drafted else None
        picture = _mixable(image).resize(size, Image.Resampling.LANCZOS, box)
        profile = image.info.get("icc_profile")
    picture.info = {}  # of which some formats would write this and that
    options: dict[str, Any] = {"icc_profile": profile, **_SAVE.get(kind, {})}
    if orientation != 1:
        options["exif"] = Image.Exif()
        options["exif"][EXIF_ORIENTATION] = orientation
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _mixable(image: Image.Image) -> Image.Image:
    """Return the image in a mode of which neighbouring pixels can be mixed."""
    mode = image.mode
    if mode == "1":
        return image.convert("L")
    if mode.startswith("I;16"):  # of which Pillow resizes one byte order rightly
        return image if mode == "I;16" else image.convert("I").convert("I;16")
    if image.has_transparency_data and not mode.endswith(("A", "a")):
        return image.convert("LA" if mode == "L" else "RGBA")
    if mode in {"P", "PA"}:
        return image.convert("RGBA" if mode == "PA" else "RGB")
    return image
