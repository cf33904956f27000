"""Open one image file with Pillow, and nothing that could do harm."""

from __future__ import annotations

import io
import threading
import warnings

from PIL import Image

#: Largest image that is opened, in pixels: where Pillow itself begins to warn of
#: a decompression bomb (`PIL.Image.MAX_IMAGE_PIXELS` as shipped: a quarter of a
#: GiB at three bytes a pixel). Photographs of skin end at
#: 6000 x 4000, a quarter of it.
MAX_PIXELS = 1024 * 1024 * 1024 // 4 // 3
#: What is opened at all. Formats of Pillow that start other programs (EPS) or
#: that the `datasets` viewer does not show are left out.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
EXIF_ORIENTATION = 0x0112

# `warnings.catch_warnings` changes the whole process, so threads take turns.
_WARNINGS_LOCK = threading.Lock()


def open_image(data: bytes) -> Image.Image:
    """Read the header with Pillow, whose warnings (of odd EXIF) are not for users."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data), formats=FORMATS)


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1, upright, where there is none to read."""
    try:
        with _WARNINGS_LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = image.getexif().get(EXIF_ORIENTATION)
    except Exception:  # whatever EXIF may hold, it does not say so
        return 1
    return int(found) if found and found in range(1, 9) else 1
