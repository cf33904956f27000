"""One process at a time writes to a folder: it holds the folder itself, without a file.

The lock is on the open folder (`flock`), so that nothing of it is left, and the system
lets it go when the process ends, however that is. Workers write for whoever holds it.
Object stores have no locks: there, and where a file system has none, `finish` sees that
somebody else began in the meantime, and only that.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import OutputError
from builder.sources.own_files import described

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.output.folder import Folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# NFS has no lock on a folder, and some cluster file systems none at all.
_NO_LOCKS = {
    errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP,
    errno.EOPNOTSUPP,
}  # fmt: skip
# A folder that another process made and removed again, time after time.
_TRIES = 100

# Open folders that this process holds.
_held: set[int] = set()


@contextmanager
def holding(root: Folder, say: Callable[[str], None] | None = None) -> Iterator[None]:
    """Make a folder, if it is not there, and hold it until the end.

    What was made is removed again if nothing came into it.

    Parameters
    ----------
    root : Folder
    say : callable, optional
        Told if the folder cannot be held.

    Raises
    ------
    OutputError
        Another process holds it, or it cannot be made.
    """
    if not root.is_local or fcntl is None:
        yield
        return
    made: list[Path] = []
    number = _lock(root, made, say or (lambda _: None))
    try:
        yield
    finally:
        for folder in reversed(made):  # while it is held: nobody comes in between
            with suppress(OSError):  # it holds something
                folder.rmdir()
        _let_go(number)


def _lock(root: Folder, made: list[Path], say: Callable[[str], None]) -> int:
    """Return the open folder, locked; what had to be made goes into `made`."""
    for _ in range(_TRIES):
        try:
            _make(Path(root.path), made)
            number = os.open(root.path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # whoever made it removed it just now
        except OSError as err:
            raise _unusable(root, err) from err
        _held.add(number)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(number), os.stat(root.path)):  # noqa: PTH116
                return number
        except FileNotFoundError:
            pass  # as above, before it was held
        except BlockingIOError as err:
            _let_go(number)
            raise _busy(root) from err
        except OSError as err:
            if err.errno in _NO_LOCKS:
                say(
                    f"{root.url}: its file system cannot lock it: see that no other"
                    " trimset writes there"
                )
                return number
            _let_go(number)
            raise _unusable(root, err) from err
        _let_go(number)
    raise _busy(root)


def _make(path: Path, made: list[Path]) -> None:
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            with suppress(FileExistsError):
                folder.mkdir()
                made.append(folder)


def _let_go(number: int) -> None:
    _held.discard(number)
    os.close(number)


def _let_go_of_all() -> None:
    """In a process that was forked off: it may outlive the one that holds them."""
    for number in list(_held):
        _let_go(number)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_of_all)


def _busy(root: Folder) -> OutputError:
    who = "another trimset"
    with suppress(OSError):
        inode = Path(root.path).stat().st_ino
        process = holder_of(Path("/proc/locks").read_text(encoding="ascii"), inode)
        who += f" (process {process})" if process else ""
    return OutputError(
        f"{root.url}: {who} is writing there: wait for it, or give another --out"
    )


def holder_of(locks: str, inode: int) -> int:
    """Return the process that holds a lock on a whole file; 0 if that is not known.

    Parameters
    ----------
    locks : str
        What Linux tells in ``/proc/locks``.
    inode : int

    Examples
    --------
    >>> holder_of("1: FLOCK  ADVISORY  WRITE 123 fe:00:7 0 EOF", 7)
    123
    """
    for line in locks.splitlines():
        words = line.split()
        if words[1:2] == ["FLOCK"] and words[5].endswith(f":{inode}"):
            return int(words[4])
    return 0


def _unusable(root: Folder, err: OSError) -> OutputError:
    if isinstance(err, NotADirectoryError):
        with suppress(OSError):
            found = described(root.path)
            return OutputError(
                f"{root.url}: expected a folder, found {found}: give another --out"
            )
    return OutputError(
        f"{root.url}: cannot be written: {err.strerror}: check the folder and its"
        " permissions, or give another --out"
    )
