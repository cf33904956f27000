"""Look at one image: its structure without decoding, its facts with decoding.

Everything here is a pure function of the bytes, made to run in workers. A broken
image is a finding and not a failure: it comes back as a reason in words, which
follows the name of the image in a sentence (``<name> is truncated: ...``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from builder.images.open import FORMATS, MAX_PIXELS, open_image, orientation_of

#: Decoding stops at an eighth, a quarter or a half of the size, but not below this
#: many pixels on the shorter side: enough for a grid of 9 x 8, and twice as fast.
SCALED_SIDE = 32
#: How far, of 255, the colour channels Cb and Cr of the scaled image may leave the
#: middle in a grey image. Grey pictures saved as colour JPEG stay at 0, whatever
#: the quality; the palest colour photograph of 100 reaches 19.
GREY_TOLERANCE = 4

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# JPEG markers (ITU-T T.81, table B.1): start of frame is C0..CF without DHT (C4),
# JPG (C8) and DAC (CC); TEM and RST0..7 stand alone, all others have a length.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STAND_ALONE = frozenset([0x01, *range(0xD0, 0xD8)])
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


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
        Size as stored: an EXIF orientation is not applied, here or in `dhash`.
    format, mode : str
        As Pillow names them, such as ``JPEG`` and ``RGB``.
    is_grey : bool
        Whether the picture holds no colour, whatever its mode.
    dhash : tuple of int
        Two 64-bit difference hashes, across and down: see `inspect`.
    """

    sha256: bytes
    reason: str | None = None
    width: int = 0
    height: int = 0
    format: str = ""
    mode: str = ""
    is_grey: bool = False
    dhash: tuple[int, int] = (0, 0)


class _BrokenError(Exception):
    """The one way in which reading a header fails; its message is the reason."""


def check_structure(
    data: bytes | memoryview, *, width: int | None = None, height: int | None = None
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

    Returns
    -------
    str or None
        The reason, to follow the name of the image.

    Examples
    --------
    >>> check_structure(b"\xff\xd8\xff\xe0")
    'is truncated: its header ends at byte 4'
    """
    data = bytes(data)
    try:
        size = _read_size(data)
    except _BrokenError as err:
        return str(err)
    if 0 in size:
        return f"is empty: its size is {size[0]} x {size[1]}"
    if size[0] * size[1] > MAX_PIXELS:
        return (
            f"is too large to open safely: {size[0]} x {size[1]} pixels, "
            f"where {MAX_PIXELS:,} pixels are allowed"
        )
    stated = (
        size[0] if width is None else width,
        size[1] if height is None else height,
    )
    if stated != size and not (stated == size[::-1] and _is_on_its_side(data)):
        return (
            f"is not the image of its record: its size is {size[0]} x {size[1]}, "
            f"where the record states {stated[0]} x {stated[1]}"
        )
    return None


def look(
    data: bytes | memoryview, *, width: int | None = None, height: int | None = None
) -> ImageFacts:
    """Take the digest of one image and check its structure; nothing is decoded.

    Parameters and the reason are those of `check_structure`.
    """
    reason = check_structure(data, width=width, height=height)
    return ImageFacts(hashlib.sha256(data).digest(), reason)


def inspect(
    data: bytes | memoryview, *, width: int | None = None, height: int | None = None
) -> ImageFacts:
    """Decode one image at reduced scale and tell its facts, or why it is broken.

    The hash is the difference hash of `imagehash.dhash` and `dhash_vertical`, with
    the bits in the same order, of an image that is decoded at reduced scale:

    1. JPEG is decoded at 1/8, 1/4 or 1/2 of its size (`PIL.Image.Image.draft`),
       the smallest whose shorter side has `SCALED_SIDE` pixels; other formats are
       decoded whole and averaged over as many pixels (`PIL.Image.Image.reduce`).
    2. Luma Y of YCbCr is resized by Lanczos to 9 x 8 pixels, and to 8 x 9, from
       the exact area that the original covers (the scaled image is up to 7/8 of a
       pixel larger: without this, half of all resized copies would be missed).
    3. Bit 63 - (8 * row + column) of ``dhash[0]`` says that the pixel of that row
       and column + 1 of the 9 x 8 is brighter than that of column; ``dhash[1]``
       says the same of row + 1 against row in the 8 x 9.

    Parameters
    ----------
    data : bytes or memoryview
        The whole file.
    width, height : int, optional
        As in `check_structure`.

    Returns
    -------
    ImageFacts
        Whatever is wrong with the image is in `ImageFacts.reason`.
    """
    data = bytes(data)
    looked = look(data, width=width, height=height)
    if looked.reason is not None:
        return looked
    try:
        return _decode(data, looked.sha256)
    except MemoryError:
        raise  # says nothing of the image
    except Exception as err:  # decoders raise what they like: OSError, SyntaxError, ...
        words = " ".join(str(err).split()) or type(err).__name__
        return ImageFacts(looked.sha256, f"cannot be decoded: {words}")


def _decode(data: bytes, sha256: bytes) -> ImageFacts:
    with open_image(data) as image:
        (width, height), kind, mode = image.size, image.format or "", image.mode
        drafted = image.draft(None, (SCALED_SIDE, SCALED_SIDE))
        image.load()
        if image.getbands()[0] in {"1", "L", "I", "F"}:  # with alpha or without
            picture = image.convert("L")
        else:  # a palette with alpha needs the step between
            picture = (image.convert("RGBA") if mode == "P" else image).convert("RGB")
    box: tuple[float, float, float, float]
    if drafted is not None:
        box = drafted[1]
    else:
        factors = (8, 4, 2)
        times = next((f for f in factors if min(width, height) // f >= SCALED_SIDE), 1)
        picture = picture.reduce(times)
        box = 0.0, 0.0, width / times, height / times
    is_grey = picture.mode == "L"
    if not is_grey:
        picture, blue, red = picture.convert("YCbCr").split()
        extremes = np.array([blue.getextrema(), red.getextrema()], dtype=np.int64)
        is_grey = bool(np.abs(extremes - 128).max() <= GREY_TOLERANCE)
    return ImageFacts(
        sha256=sha256,
        width=width,
        height=height,
        format=kind,
        mode=mode,
        is_grey=is_grey,
        dhash=(_hash(picture, box, (9, 8)), _hash(picture, box, (8, 9))),
    )


def _hash(
    luma: Image.Image, box: tuple[float, float, float, float], grid: tuple[int, int]
) -> int:
    """Difference hash of a grey image along the longer side of `grid`."""
    small = np.asarray(luma.resize(grid, Image.Resampling.LANCZOS, box))
    axis = 1 if grid[0] > grid[1] else 0
    brighter = np.diff(small.astype(np.int16), axis=axis) > 0
    return int.from_bytes(np.packbits(brighter).tobytes(), "big")


def _read_size(data: bytes) -> tuple[int, int]:
    """Width and height from the header, once the end marker is seen to be there."""
    if not data:
        raise _BrokenError("is an empty file")
    if data.startswith(b"\xff\xd8"):
        return _read_jpeg_size(data)
    if data.startswith(_PNG_SIGNATURE):
        return _read_png_size(data)
    try:
        with open_image(data) as image:
            return image.size
    except Exception as err:
        if isinstance(err, Image.DecompressionBombError):
            raise _BrokenError("is too large to open safely") from err
        raise _BrokenError(
            f"is not an image in any of {', '.join(FORMATS)}, or one without width "
            f"or height: it begins with {data[:8].hex()}"
        ) from err


def _read_jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the JPEG markers up to the first scan, then look for the end marker.

    Five times faster than opening with Pillow, which does not tell where the scan
    begins; an end marker before that belongs to a thumbnail.
    """
    size = None
    place = 2
    while True:
        # Like Pillow and libjpeg, pass over stray and fill bytes between segments.
        place = data.find(b"\xff", place)
        while place >= 0 and data[place : place + 1] == b"\xff":
            place += 1
        if place < 0 or place + 3 > len(data):
            raise _BrokenError(f"is truncated: its header ends at byte {len(data)}")
        marker = data[place]
        if marker in _STAND_ALONE or marker == 0:
            place += 1
            continue
        if marker == _END_OF_IMAGE:
            raise _BrokenError("holds no picture: it ends before the first scan")
        if marker in _START_OF_FRAME:
            frame = data[place + 4 : place + 8]
            size = int.from_bytes(frame[2:], "big"), int.from_bytes(frame[:2], "big")
        place += 1 + int.from_bytes(data[place + 1 : place + 3], "big")
        if marker == _START_OF_SCAN:
            break
    if size is None:
        raise _BrokenError("holds no picture: its first scan comes before its size")
    # Inside a scan FF is always followed by 00 or a restart marker.
    if data.rfind(b"\xff\xd9", place) < 0:
        raise _BrokenError(
            f"is truncated: no end marker (EOI) in its {len(data):,} bytes"
        )
    return size


def _read_png_size(data: bytes) -> tuple[int, int]:
    """Walk the PNG chunks to the last one."""
    if data[12:16] != b"IHDR" or len(data) < 24:
        raise _BrokenError("is truncated: its first chunk is not a whole IHDR")
    place = len(_PNG_SIGNATURE)
    while data[place + 4 : place + 8] != b"IEND":
        place += 12 + int.from_bytes(data[place : place + 4], "big")
        if place + 12 > len(data):
            raise _BrokenError(
                f"is truncated: no end marker (IEND) in its {len(data):,} bytes"
            )
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _is_on_its_side(data: bytes) -> bool:
    """Whether EXIF orientation 5 to 8 swaps width and height."""
    try:
        with open_image(data) as image:
            return orientation_of(image) in (5, 6, 7, 8)
    except Exception:  # then it is no image, and that is told elsewhere
        return False
