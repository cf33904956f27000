"""Files of a folder as they are read: regular ones, that lie in it.

Links are followed as far as they stay within the folder, and, where it is a snapshot in
the cache of the Hub, to its blobs, of which such a snapshot is made.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import OutputError
from builder.sources.links import lies_within
from builder.sources.own_files import described, walk
from builder.sources.regular import open_regular

if TYPE_CHECKING:
    import io
    from collections.abc import Callable


def open_within(root: str, name: str) -> io.FileIO | None:
    """Open a file of a folder for reading; None where there is none, or a folder.

    Parameters
    ----------
    root : str
        Of which no part is a link.
    name : str
        Relative, with forward slashes.

    Raises
    ------
    OutputError
        It leads out of the folder, or is a pipe, a socket or a device.
    OSError
        It cannot be opened.
    """
    place = place_within(root, name)
    if Path(place).is_dir():
        return None
    try:
        return open_regular(place, no_follow=True)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise
    except OSError as err:
        msg = (
            f"{root}/{name}: expected a file, found {_found(place, err)}: get the whole"
            " folder, or build it again"
        )
        raise OutputError(msg) from err


def place_within(root: str, name: str) -> str:
    """Return where a file of a folder really lies, which need not be there.

    Raises
    ------
    OutputError
        It leads out of the folder.
    """
    path = f"{root}/{name}"
    place = os.path.realpath(path)
    if not lies_within(place, root):
        msg = (
            f"{path}: leads to {place}, out of the folder: expected a file of it: get"
            " the folder whole, or remove what does not belong there"
        )
        raise OutputError(msg)
    return place


def list_within(
    root: str, below: str = "", *, nobodys: Callable[[str], bool] = lambda _: False
) -> list[str]:
    """Return the names of all files of a folder, in no order.

    Parameters
    ----------
    root : str
    below : str
        Only those in this folder of it.
    nobodys : callable
        Of which names the links may lead anywhere; they are not followed.

    Raises
    ------
    OutputError
        A link leads out of the folder.
    """
    names = []
    for name, entry in walk(root, below):
        if entry.is_symlink():
            if not nobodys(name) and Path(place_within(root, name)).is_dir():
                continue  # within it: seen where it lies
        elif entry.is_dir():
            continue
        names.append(name)
    return names


def _found(place: str, err: OSError) -> str:
    try:
        return described(place)
    except OSError:
        return f"none that can be opened ({err.strerror})"
