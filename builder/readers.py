"""Read the bytes of one image from where its member says that they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import ImageError
from builder.fetch import fetch
from builder.zips import unpack

if TYPE_CHECKING:
    from builder.cache import Cache
    from builder.model import Member


def read_into(member: Member, out: memoryview) -> None:
    """Fill `out` with the bytes of an image.

    Parameters
    ----------
    member : Member
        A local file, or a member of a local zip.
    out : memoryview of uint8[file_size]

    Raises
    ------
    ImageError
        The file is not there, or has not the size that it had when it was found.
    FetchError
        The zip's member is damaged.
    """
    if member.in_zip:
        out[:] = unpack(_read_span(member), member)
        return
    try:
        with open(member.url, "rb", buffering=0) as file:  # noqa: PTH123 (hot path)
            done = 0
            while done < len(out):
                count = file.readinto(out[done:])
                if not count:
                    break
                done += count
            more = file.read(1)
    except OSError as err:
        msg = f"{member.url}: cannot read the image: {err.strerror}"
        raise ImageError(msg) from err
    if done != len(out) or more:
        msg = (
            f"{member.url}: expected {len(out)} bytes as when the build began, found"
            f" {'more' if more else done}: the source changed; run the build again"
        )
        raise ImageError(msg)


def read_image(member: Member) -> bytes:
    """Return the bytes of an image; raises what `read_into` does."""
    data = bytearray(member.file_size)
    read_into(member, memoryview(data))
    return bytes(data)


def read_any(member: Member, cache: Cache) -> bytes:
    """Return the bytes of an image, fetched into the cache first if it is remote."""
    return read_image(fetch([member], cache=cache)[0])


def _read_span(member: Member) -> bytes:
    try:
        with open(member.url, "rb", buffering=0) as file:  # noqa: PTH123 (hot path)
            file.seek(member.header_offset)
            return file.read(member.span)
    except OSError as err:
        msg = f"{member.url}: cannot read {member.name}: {err.strerror}"
        raise ImageError(msg) from err
