"""The tags of a TIFF, or of EXIF, which is one: how much they hold. Pure."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from builder.limits import MAX_ASIDE, MAX_TAG_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.limits import Limits

# Bytes of a value by its type (TIFF 6.0, section 2; of BigTIFF those of 8 bytes too),
# and the types that are text or bytes, which are never taken apart.
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8,
          13: 4, 16: 8, 17: 8, 18: 8}  # fmt: skip
_PLAIN = {1, 2, 7}
_SHORT = 3
_TILE_WIDTH, _TILE_LENGTH = 322, 323
# Tags that tell where further tags are: of EXIF, of GPS, of interoperability.
_FURTHER = (0x8769, 0x8825, 0xA005)
# As many as a directory of a TIFF can count.
_MAX_TAGS = 0xFFFF


class BrokenError(Exception):
    """The one way in which looking at bytes fails; its message is the reason."""


def check_tags(data: bytes, limits: Limits) -> None:
    """Raise BrokenError for tags that hold more than the file that they are in.

    Values may lie in one place for several tags, so that a reader makes 60 GB of a
    file of 2 MB. What is damaged otherwise is left to Pillow.

    Parameters
    ----------
    data : bytes
        From the byte order on.
    limits : Limits
        Of the tiles of a TIFF, each of which is unpacked whole.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return
    # Pillow looks for the sign of a BigTIFF in the first of these bytes only.
    for is_big in (False, True) if 43 in data[2:4] else (False,):
        _check(data, order, limits, is_big=is_big)


def _check(data: bytes, order: str, limits: Limits, *, is_big: bool) -> None:
    places = [_number(data, 8 if is_big else 4, order, is_big=is_big)]
    known = set(places)
    tags = held = values = 0
    for place in places:  # which gets longer
        tile = {}
        for tag, kind, count, value in _entries(data, place, order, is_big=is_big):
            tags += 1
            size = count * _BYTES.get(kind, 1)
            start = value if size > (8 if is_big else 4) else 0
            if kind in _BYTES and start + size <= len(data):  # else it is not taken
                held += size
                values += 0 if kind in _PLAIN else count
            if tags > _MAX_TAGS or held > 2 * len(data) + MAX_ASIDE:
                raise BrokenError("has more tags than its bytes can hold")
            if values > MAX_TAG_VALUES:
                raise BrokenError(f"has more than {MAX_TAG_VALUES:,} numbers in tags")
            if tag in _FURTHER and value not in known:
                known.add(value)
                places.append(value)
            tile[tag] = value
        pixels = tile.get(_TILE_WIDTH, 0) * tile.get(_TILE_LENGTH, 0)
        if place == places[0] and pixels > limits.max_pixels:
            raise BrokenError(
                f"is too large to open safely: it has tiles of {pixels:,} pixels,"
                f" where {limits.max_pixels:,} pixels are allowed (--max-pixels)"
            )


def _number(data: bytes, place: int, order: str, *, is_big: bool) -> int:
    """Return an offset; one behind the end, where there is none."""
    try:
        [found] = struct.unpack_from(order + ("Q" if is_big else "L"), data, place)
    except struct.error:
        return len(data)
    return int(found)


def _entries(
    data: bytes, place: int, order: str, *, is_big: bool
) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, type, number of values, and the value or where it is."""
    head, entry = ("Q", "HHQ8s") if is_big else ("H", "HHL4s")
    try:
        [number] = struct.unpack_from(order + head, data, place)
        place += struct.calcsize(order + head)
        for at in range(number):
            tag, kind, count, field = struct.unpack_from(
                order + entry, data, place + at * struct.calcsize(order + entry)
            )
            form = "H" if kind == _SHORT else "Q" if is_big else "L"
            yield tag, kind, count, struct.unpack_from(order + form, field)[0]
    except (struct.error, OverflowError):  # it ends before they do
        return
