"""Open local files as what they must be: regular files, no pipes and no devices.

A pipe would wait for a writer that never comes, `/dev/zero` never ends, and a path that
is looked at and then opened may be another file by then: so it is opened without
waiting, and the open file is looked at.
"""

from __future__ import annotations

import errno
import io
import os
import stat

NOT_REGULAR = "not a regular file"

_FLAGS = os.O_RDONLY
for _name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _name, 0)  # none of them is everywhere
_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)


def open_regular(path: str | os.PathLike[str], *, no_follow: bool = False) -> io.FileIO:
    """Return a regular file, open for reading and without a buffer; nothing waits.

    Parameters
    ----------
    path : path
    no_follow : bool
        Refuse a link, where the system can tell while it opens (not on Windows); links
        among the folders above it are followed.

    Raises
    ------
    OSError
        It cannot be opened, or is no regular file, which is its `strerror`.
    """
    try:
        number = os.open(path, _FLAGS | (_NO_FOLLOW if no_follow else 0))
    except OSError as err:
        if err.errno in {errno.ENXIO, errno.EOPNOTSUPP}:  # a socket, or no such device
            raise _not_regular(path) from err
        raise
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise _not_regular(path)
    return io.FileIO(number, "rb")


def read_regular(
    path: str | os.PathLike[str], *, most: int, no_follow: bool = False
) -> bytes:
    """Return all bytes of a regular file of `most` bytes at most.

    `no_follow` is that of `open_regular`.

    Raises
    ------
    OSError
        It cannot be read, is no regular file, or is larger; its `strerror` says which.
    """
    with open_regular(path, no_follow=no_follow) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            words = f"a file of {size:,} bytes, of which {most:,} at most are read"
            raise OSError(errno.EINVAL, words, os.fspath(path))
        data = bytearray()
        # It may grow meanwhile.
        while len(data) <= most and (piece := file.read(most + 1 - len(data))):
            data += piece
    return bytes(data[:most])


def found_at(path: str | os.PathLike[str]) -> str:
    """Return what lies at a path, in the words of a message; nothing is opened.

    >>> found_at("/"), found_at("/no/such/file")
    ('a folder', 'none')
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (a path may be too long for it)
    except FileNotFoundError:
        is_link = os.path.islink(path)  # noqa: PTH114
        return "a link that leads nowhere" if is_link else "none"
    except (OSError, ValueError) as err:
        return f"none that can be read ({getattr(err, 'strerror', None) or err})"
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISREG(mode):
        return "a file"
    return "a pipe or a device, which cannot be read twice: save it as a file"


def too_large(where: str, size: int, most: int) -> str:
    """Return what is said of a file that is larger than it may be."""
    return (
        f"{where}: has {size:,} bytes, expected {most:,} at most: if it is what you"
        " want, give a larger --max-file-size"
    )


def _not_regular(path: str | os.PathLike[str]) -> OSError:
    return OSError(errno.EINVAL, NOT_REGULAR, os.fspath(path))
