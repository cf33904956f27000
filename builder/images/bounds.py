"""What an image file may ask of its decoder, told from its bytes alone. Pure.

Pillow is asked only once this is known: its headers read all that a file declares, over
and over where parts of it overlap, and some of that without any bound. Nothing is
decoded here, and a walk ends at the first bound that it meets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from builder.images.tags import BrokenError, check_tags
from builder.limits import MAX_ASIDE, MAX_PARTS, MAX_RUN_PIXELS

if TYPE_CHECKING:
    from builder.limits import Limits

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# JPEG markers (ITU-T T.81, table B.1): start of frame is C0..CF without DHT (C4),
# JPG (C8) and DAC (CC); TEM, RST0..7 and SOI stand alone, all others have a length:
# but that of JPG and JPG0..13, which no decoder knows, is not passed over by Pillow.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STAND_ALONE = frozenset([0x01, 0xC8, *range(0xD0, 0xD9), *range(0xF0, 0xFE)])
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_SCAN, _APP1, _APP2 = b"\xff\xda", 0xE1, 0xE2
# Inside a scan FF is always followed by 00 or a restart marker.
_MARKER = re.compile(rb"\xff+([^\x00\x01\xff\xd0-\xd7])")
# Pillow joins the EXIF of all segments one by one: each counts for this much at least.
_LEAST_EXIF = 4096
# Chunks of a PNG that may say how it is turned: EXIF, or text that holds EXIF or XMP.
_TURNING = frozenset([b"eXIf", b"iTXt", b"tEXt", b"zTXt"])


class Header(NamedTuple):
    """What a walk over the bytes of an image tells.

    Attributes
    ----------
    size : (int, int) or None
        Width and height as stored, where they are told by this: of JPEG, whose end
        marker was seen then, PNG and WebP.
    may_be_turned : bool
        Whether there may be an orientation, of EXIF or, as Pillow and `datasets` take
        it from there where EXIF has none, of XMP. Nearly no JPEG and PNG has one.
    """

    size: tuple[int, int] | None
    may_be_turned: bool = True


def check_bounds(data: bytes, limits: Limits) -> Header:
    """Raise BrokenError for a file that asks for too much, or was cut short.

    Parameters
    ----------
    data : bytes
        The whole file.
    limits : Limits
    """
    header = Header(None)
    if data.startswith(b"\xff\xd8"):
        header = _check_jpeg(data, limits)
    elif data.startswith(_PNG_SIGNATURE):
        header = _check_png(data, limits)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        header = Header(_check_webp(data, limits))
    elif data.startswith(b"GIF8"):
        _check_gif(data)
    elif data.startswith(b"BM"):
        _check_bmp(data)
    elif data[:2] in {b"II", b"MM"}:
        check_tags(data, limits)
    if header.size is not None:
        check_pixels(header.size, limits)
    return header


def check_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Raise BrokenError for a width and height of more pixels than are opened."""
    if size[0] * size[1] > limits.max_pixels:
        raise BrokenError(
            f"is too large to open safely: {size[0]} x {size[1]} pixels, "
            f"where {limits.max_pixels:,} pixels are allowed (--max-pixels)"
        )


def _check_jpeg(data: bytes, limits: Limits) -> Header:
    """Walk the JPEG markers up to the first scan, then look for the end marker.

    Five times faster than opening with Pillow, which does not tell where the scan
    begins; an end marker before that belongs to a thumbnail.
    """
    size, alone = None, b""
    place = 2
    parts = size_of_exif = 0
    exif: list[bytes] = []  # which Pillow joins
    may_be_turned = False
    while True:
        # Like Pillow and libjpeg, pass over stray and fill bytes between segments;
        # which Pillow does one by one.
        start, place = place, data.find(b"\xff", place)
        while place >= 0 and data[place : place + 1] == b"\xff":
            place += 1
            if place - start > MAX_PARTS:
                break
        parts += max(1, place - start)
        if parts > MAX_PARTS:
            raise BrokenError(
                f"has more than {MAX_PARTS:,} parts and stray bytes before its picture"
            )
        if place < 0 or place + 3 > len(data):
            raise BrokenError(f"is truncated: its header ends at byte {len(data)}")
        marker = data[place]
        if marker in _STAND_ALONE or marker == 0:
            place += 1
            continue
        if marker == _END_OF_IMAGE:
            raise BrokenError("holds no picture: it ends before the first scan")
        length = int.from_bytes(data[place + 1 : place + 3], "big")
        if marker in _START_OF_FRAME:
            frame = data[place + 4 : place + 8]
            # One scan has all of a sequential picture, if all components are in it.
            alone = (
                data[place + 8 : place + 9] if size is None and marker < 0xC2 else b""
            )
            size = int.from_bytes(frame[2:], "big"), int.from_bytes(frame[:2], "big")
        elif marker == _APP1 and data.startswith(b"Exif\0\0", place + 3):
            size_of_exif += max(length, _LEAST_EXIF)
            start = place + (9 if exif else 3)
            exif.append(data[start : place + 1 + length])
        elif marker == _APP2 and data.startswith(b"MPF\0", place + 3):
            check_tags(data[place + 7 : place + 1 + length], limits)
        may_be_turned |= marker == _APP1
        first = place + 3
        place += 1 + length
        if marker == _START_OF_SCAN:
            break
        if size_of_exif > MAX_ASIDE:
            break
    _check_exif(b"".join(exif), size_of_exif, limits)
    if size is None:
        raise BrokenError("holds no picture: its first scan comes before its size")
    if data.rfind(b"\xff\xd9", place) < 0:
        raise BrokenError(
            f"is truncated: no end marker (EOI) in its {len(data):,} bytes"
        )
    is_one = alone != b"" and data[first : first + 1] == alone
    # Else far fewer of these bytes, those of thumbnails included, than are allowed.
    if not is_one and data.count(_SCAN) > limits.max_scans:
        _check_scans(data, place, limits)
    return Header(size, may_be_turned)


def _check_scans(data: bytes, place: int, limits: Limits) -> None:
    """Count the scans of a JPEG, from behind the header of the first one."""
    scans, parts = 1, 0
    while scans <= limits.max_scans:
        found = _MARKER.search(data, place)
        if not found or found[1][0] == _END_OF_IMAGE:
            return
        place = found.end()
        scans += found[1][0] == _START_OF_SCAN
        place += int.from_bytes(data[place : place + 2], "big")
        parts += 1
        if parts > MAX_PARTS:
            raise BrokenError(f"has more than {MAX_PARTS:,} parts in its picture")
    raise BrokenError(
        f"has more than {limits.max_scans:,} scans, each a pass over the whole picture"
        " (--max-scans)"
    )


def _check_exif(data: bytes, size: int, limits: Limits) -> None:
    if size > MAX_ASIDE:
        raise BrokenError(f"has more than {MAX_ASIDE:,} bytes of EXIF")
    mark = b"Exif\0\0"  # as Pillow takes it: once, twice or not at all
    check_tags(data.removeprefix(mark).removeprefix(mark), limits)


def _check_png(data: bytes, limits: Limits) -> Header:
    """Walk the PNG chunks to the last one."""
    if data[12:16] != b"IHDR" or len(data) < 24:
        raise BrokenError("is truncated: its first chunk is not a whole IHDR")
    place = len(_PNG_SIGNATURE)
    parts, may_be_turned = 0, False
    while (kind := data[place + 4 : place + 8]) != b"IEND":
        length = int.from_bytes(data[place : place + 4], "big")
        may_be_turned |= kind in _TURNING
        if kind == b"eXIf":
            _check_exif(data[place + 8 : place + 8 + length], length, limits)
        place += 12 + length
        parts += 1
        if place + 12 > len(data):
            raise BrokenError(
                f"is truncated: no end marker (IEND) in its {len(data):,} bytes"
            )
        if parts > MAX_PARTS:
            raise BrokenError(f"has more than {MAX_PARTS:,} chunks")
    size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return Header(size, may_be_turned)


def _check_webp(data: bytes, limits: Limits) -> tuple[int, int] | None:
    """Walk the chunks of a WebP; its size is that of the first."""
    place, parts = 12, 0
    while len(data) >= place + 8:
        kind, length = data[place : place + 4], _little(data, place + 4, 4)
        if kind == b"EXIF":
            _check_exif(data[place + 8 : place + 8 + length], length, limits)
        place += 8 + length + length % 2
        parts += 1
        if parts > MAX_PARTS:
            raise BrokenError(f"has more than {MAX_PARTS:,} chunks")
    if len(data) < 30:
        return None
    if data[12:16] == b"VP8X":
        return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    if data[12:16] == b"VP8L":
        bits = _little(data, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF


def _check_gif(data: bytes) -> None:
    """Walk the blocks of a GIF up to its first picture, which is all that is read."""
    colours = 3 << (data[10] & 7) + 1 if len(data) > 10 and data[10] & 128 else 0
    start = place = 13 + colours
    parts = 0
    while place < len(data) and data[place] not in b",;":
        parts += 1
        place += 1
        if data[place - 1] == ord("!"):
            place += 1
            while place < len(data) and data[place]:
                place += 1 + data[place]
            place += 1
        if place - start > MAX_ASIDE or parts > MAX_PARTS:
            raise BrokenError(
                f"has more than {MAX_ASIDE:,} bytes, or {MAX_PARTS:,} parts, before its"
                " picture"
            )


def _check_bmp(data: bytes) -> None:
    """Refuse large pictures of run lengths (compression 1 and 2)."""
    width, height = _little(data, 18, 4), _little(data, 22, 4)
    height = min(height, 2**32 - height)  # negative, where rows go from top to bottom
    if _little(data, 30, 4) in {1, 2} and width * height > MAX_RUN_PIXELS:
        raise BrokenError(
            f"is too large to open safely: {width} x {height} pixels in run lengths, "
            f"where {MAX_RUN_PIXELS:,} are allowed"
        )


def _little(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")
