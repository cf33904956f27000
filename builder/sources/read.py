"""Read the bytes of one image from where its member says that they lie."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from builder.errors import ImageError
from builder.sources.fetch import fetch
from builder.sources.zips import unpack

if TYPE_CHECKING:
    import io

    from builder.sources.cache import Cache
    from builder.sources.member import Member


def read_into(member: Member, out: memoryview) -> int:
    """Fill `out` with the bytes of an image.

    Parameters
    ----------
    member : Member
        A local file, or a member of a local zip.
    out : memoryview of uint8[file_size]

    Returns
    -------
    int
        Stamp of the file (or zip): device, inode, size, time of change and of last
        write, in 64 bits. While it is the same, so are the bytes, and their digest need
        not be taken again; it is never the same on two machines. 0, which stands for
        nothing, if the file changed while it was read.

    Raises
    ------
    ImageError
        The file is not there, or has not the size that it had when it was found.
    FetchError
        The zip's member is damaged.
    """
    if member.in_zip:
        span, stamp = _read_span(member)
        out[:] = unpack(span, member)
        return stamp
    try:
        with open(member.url, "rb", buffering=0) as file:  # noqa: PTH123 (hot path)
            size, stamp = _look(file)
            done = 0
            while done < len(out):
                count = file.readinto(out[done:])
                if not count:
                    break
                done += count
            stamp = stamp if _look(file)[1] == stamp else 0
    except OSError as err:
        msg = f"{member.url}: cannot read the image: {err.strerror}"
        raise ImageError(msg) from err
    if not done == size == len(out):
        msg = (
            f"{member.url}: expected {len(out)} bytes as when the build began, found"
            f" {size if done == len(out) else done}: the source changed; run the build"
            " again"
        )
        raise ImageError(msg)
    return stamp


def read_image(member: Member) -> bytes:
    """Return the bytes of an image; raises what `read_into` does."""
    return read_stamped(member)[0]


def read_stamped(member: Member) -> tuple[bytes, int]:
    """Return the bytes of an image, and the stamp that `read_into` gives."""
    data = bytearray(member.file_size)
    stamp = read_into(member, memoryview(data))
    return bytes(data), stamp


def read_any(member: Member, cache: Cache) -> bytes:
    """Return the bytes of an image, fetched into the cache first if it is remote."""
    return read_image(fetch([member], cache=cache)[0])


def _look(file: io.FileIO) -> tuple[int, int]:
    """Return size and stamp of an open file."""
    found = os.fstat(file.fileno())
    # The time of change cannot be set back, but on Windows; that of the last write can.
    parts = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
    return found.st_size, hash((found.st_size, *parts))


def _read_span(member: Member) -> tuple[bytes, int]:
    try:
        with open(member.url, "rb", buffering=0) as file:  # noqa: PTH123 (hot path)
            _, stamp = _look(file)
            file.seek(member.header_offset)
            return file.read(member.span), stamp
    except OSError as err:
        msg = f"{member.url}: cannot read {member.name}: {err.strerror}"
        raise ImageError(msg) from err
