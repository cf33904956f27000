"""Links in a source: followed within its root, and out of it only if that was allowed.

What counts is where the file lies that was opened, not how its path is spelled: a link
may stand anywhere on the way. A root is a resolved folder, or empty if all links are
followed. A hard link is the file itself, and nobody can tell it from another.
"""

from __future__ import annotations

import errno
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from builder.errors import SourceError
from builder.sources.regular import open_regular

if TYPE_CHECKING:
    import io

# A snapshot in the cache of the Hub, which links each file to a blob beside it.
_SNAPSHOT = re.compile(r"(.*/(?:datasets|models|spaces)--[^/]+)/snapshots/[^/]+(/.*)?")


def root_of(folder: str | os.PathLike[str]) -> str:
    """Return the root that a folder is, which may itself be a link: it was named."""
    return os.path.realpath(folder)


def open_within(path: str, root: str) -> io.FileIO:
    """Return a regular file below a root, open for reading; see `open_regular`.

    Raises
    ------
    SourceError
        A link leads out of the root.
    OSError
        It cannot be opened, or is no regular file.
    """
    file = _open_if_within(path, root) if root else open_regular(path)
    if root and not _is_below(_opened(file), root):
        try:
            _check_opened(file, path, root)
        except BaseException:
            file.close()
            raise
    return file


def check_within(path: str, root: str) -> None:
    """Raise SourceError if a path leads out of its root, whatever lies there."""
    outside = leads_to(path, root)
    if outside:
        msg = (
            f"{path}: a link leads out of the source, to {outside}, and is not"
            " followed: give --follow-links if you trust where it leads"
        )
        raise SourceError(msg)


def leads_to(path: str, root: str) -> str:
    """Return where a path leads that is not within a root; empty for what is."""
    if not root:
        return ""
    real = os.path.realpath(path)
    return "" if lies_within(real, root) else real


def lies_within(real: str, root: str) -> bool:
    """Whether a file lies below a root, or among the blobs of a snapshot that it is.

    >>> lies_within("/h/datasets--a--b/blobs/1f", "/h/datasets--a--b/snapshots/0")
    True
    """
    if _is_below(real, root):
        return True
    snapshot = _SNAPSHOT.fullmatch(root.replace(os.sep, "/"))
    return snapshot is not None and _is_below(
        real.replace(os.sep, "/"), f"{snapshot[1]}/blobs", "/"
    )


def _open_if_within(path: str, root: str) -> io.FileIO:
    """Open a file unless a link leads out: to open a pipe already wakes its writer.

    What changes meanwhile is seen of the open file.
    """
    _check_folder(os.path.dirname(path), root)  # noqa: PTH120
    try:
        return open_regular(path, no_follow=True)
    except OSError as err:
        if err.errno not in {errno.ELOOP, errno.EMLINK}:  # FreeBSD says the latter
            raise
    check_within(path, root)
    return open_regular(path)


@lru_cache(maxsize=64)
def _check_folder(folder: str, root: str) -> None:
    """Check a folder once, of which there are few, and not for each of its files."""
    check_within(folder, root)


def _is_below(path: str, root: str, separator: str = os.sep) -> bool:
    return path == root or path.startswith(root.rstrip(separator) + separator)


def _check_opened(file: io.FileIO, path: str, root: str) -> None:
    """Raise SourceError unless an open file is what lies at a path within its root."""
    check_within(path, root)
    there = os.stat(os.path.realpath(path))  # noqa: PTH116
    if not os.path.samestat(there, os.fstat(file.fileno())):
        msg = f"{path}: changed while it was opened: run it again"
        raise SourceError(msg)


def _opened(file: io.FileIO) -> str:
    """Return where an open file lies, where the system tells; else nothing."""
    try:
        return os.readlink(f"/proc/self/fd/{file.fileno()}")  # noqa: PTH115
    except OSError:
        return ""
