"""Files that trimset makes below a folder of its own: through no link, whole or not.

The folder itself may be reached through links: people link it to a larger disk. Below
it every part of a name is opened for itself, as a folder and no link, and the next one
looked for in what was opened; so that nothing which is swapped meanwhile leads
elsewhere. Where the system has no such calls (Windows), each part is looked at instead.

No file that is there is ever opened for writing. It may be a hard link, and its bytes
those of another file: a new one with a name that nobody can foretell takes its place.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HAS_DIR_FD = {os.open, os.mkdir, os.stat, os.unlink, os.rename} <= os.supports_dir_fd
_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NEW: int = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0)

# A folder as an open descriptor; None where names are whole paths.
Descriptor = int | None


class InTheWayError(OSError):
    """Something else lies where a file or a folder of trimset belongs.

    `filename` is its name below the folder; `strerror` what was expected and found.
    """


@contextmanager
def reached(
    root: str, name: str, *, make: bool = False
) -> Iterator[tuple[str, Descriptor]]:
    """Give what the calls of `os` take to reach a name below a folder, through no link.

    Parameters
    ----------
    root : str
    name : str
        Relative, with forward slashes.
    make : bool
        Make folders that are not there, `root` too.

    Yields
    ------
    base : str
    dir_fd : int or None

    Raises
    ------
    InTheWayError
        One of the folders is a link.
    OSError
        One of them is not there, or no folder.
    """
    *parents, base = name.split("/")
    if make and not os.path.isdir(root):
        os.makedirs(root, exist_ok=True)
    if not _HAS_DIR_FD:
        yield os.path.join(_looked_at(root, parents, make=make), base), None
        return
    here = os.open(root, _FOLDER)
    try:
        for place, part in enumerate(parents, start=1):
            above, here = here, _enter(here, parents[:place], part, make=make)
            os.close(above)
        yield base, here
    finally:
        os.close(here)


def _enter(above: int, way: list[str], part: str, *, make: bool) -> int:
    flags = _FOLDER | _NO_LINK
    try:
        return os.open(part, flags, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise
        with suppress(FileExistsError):  # another thread was faster
            os.mkdir(part, dir_fd=above)
        return os.open(part, flags, dir_fd=above)
    except OSError as err:
        found = os.stat(part, dir_fd=above, follow_symlinks=False)
        if not stat.S_ISLNK(found.st_mode):
            raise
        target = os.readlink(part, dir_fd=above)
        raise in_the_way("/".join(way), "a folder", _link_to(target)) from err


def _looked_at(root: str, parents: list[str], *, make: bool) -> str:
    path = root
    for place, part in enumerate(parents, start=1):
        path = os.path.join(path, part)
        if make:
            with suppress(FileExistsError):
                os.mkdir(path)
        if os.path.islink(path):
            found = _link_to(os.readlink(path))
            raise in_the_way("/".join(parents[:place]), "a folder", found)
    return path


def create(root: str, name: str) -> BinaryIO:
    """Return a new empty file, open for writing; one that is there is an error."""
    with reached(root, name, make=True) as (base, folder):
        return os.fdopen(os.open(base, _NEW, 0o666, dir_fd=folder), "wb")


def move(root: str, old: str, new: str) -> None:
    """Move a file to its place, in one step; a file or link that is there goes."""
    with (
        reached(root, old) as (source, source_folder),
        reached(root, new, make=True) as (target, target_folder),
    ):
        os.replace(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)


def remove(root: str, name: str) -> bool:
    """Remove a file, and return whether there was one; anything else stays."""
    try:
        with reached(root, name) as (base, folder):
            if not stat.S_ISREG(_mode(base, folder)):
                return False
            os.unlink(base, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def remove_empty(root: str, name: str) -> None:
    """Remove a folder that holds nothing; any other stays."""
    with suppress(OSError), reached(root, name) as (base, folder):
        os.rmdir(base, dir_fd=folder)


def status(root: str, name: str) -> os.stat_result | None:
    """Return what lies there, itself and no target of a link; None if nothing."""
    try:
        with reached(root, name) as (base, folder):
            return os.stat(base, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def writing(
    root: str,
    name: str,
    temporary: str,
    finish: Callable[[str], None] | None = None,
) -> Iterator[BinaryIO]:
    """Open a new file that takes its place, whole, if all goes well, or goes.

    Parameters
    ----------
    root, name : str
    temporary : str
        Name below `root` until then; see `token`.
    finish : callable, optional
        Called with the name of the whole file, before it is moved.
    """
    file = create(root, temporary)
    try:
        yield file
        file.close()
        if finish:
            finish(temporary)
        move(root, temporary, name)
    except BaseException:
        with suppress(OSError):  # on a full disk closing fails, too
            file.close()
        with suppress(OSError):  # what led here says more
            remove(root, temporary)
        raise


def replace(root: str, name: str, data: bytes) -> None:
    """Write a file anew, in place; half of it is there if that is interrupted.

    Raises
    ------
    InTheWayError
        Anything but a file is there, or one of its folders is a link.
    """
    if not remove(root, name) and status(root, name) is not None:
        raise in_the_way(name, "a file", described(os.path.join(root, name)))
    with create(root, name) as file:
        file.write(data)


def token(size: int = 16) -> str:
    """Return what nobody can foretell, as hexadecimal digits of `size` bytes."""
    return secrets.token_hex(size)


def walk(
    root: str, below: str = "", *, skip: Callable[[str], bool] = lambda _: False
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield name and entry of all that lies below a folder; no link is entered.

    Parameters
    ----------
    root : str
    below : str
        A folder in it, to look only there.
    skip : callable
        Tells of a name whether to pass over it, with all that is below.
    """
    waiting = [below]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(os.path.join(root, folder) if folder else root) as found:
                entries = list(found)
        except (FileNotFoundError, NotADirectoryError):
            continue  # gone meanwhile
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if skip(name):
                continue
            yield name, entry
            if entry.is_dir(follow_symlinks=False):
                waiting.append(name)


def in_the_way(name: str, expected: str, found: str) -> InTheWayError:
    """Return the error for what lies at a name below a folder."""
    return InTheWayError(errno.EEXIST, f"expected {expected}, found {found}", name)


def described(path: str) -> str:
    """Return what lies at a path, in words; a link is told with its target.

    >>> described("/"), described("/dev/null")
    ('a folder', 'a device')
    """
    mode = _mode(path, None)
    if stat.S_ISLNK(mode):
        return _link_to(os.readlink(path))
    for is_it, words in (
        (stat.S_ISREG, "a file"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if is_it(mode):
            return words
    return "a device"


def _link_to(target: str) -> str:
    return f"a symbolic link to {target}"


def _mode(name: str, folder: Descriptor) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
