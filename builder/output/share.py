"""Files that share their bytes with those of the source: they take no room."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from builder.output.records import STATE
from builder.sources.own_files import InTheWayError, reached, remove, token, writing
from builder.sources.regular import open_regular

if TYPE_CHECKING:
    from builder.output.folder import Folder

# The request by which Linux makes a reflink: linux/fs.h, _IOW(0x94, 9, int).
_FICLONE = 0x40049409
# What a file system says that has none, or of another one.
_NO_CLONES = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS}


class Sharing:
    """Brings files of other folders into one, as reflinks or else as hard links.

    A hard link is a second name of the source's own file: nothing that is there may
    ever be opened for writing, and nothing of trimset does.
    """

    def __init__(self, root: Folder) -> None:
        self._root = root
        self._without: set[str] = set()  # folders of which nothing can be cloned

    def share(self, source: str | os.PathLike[str], name: str) -> bool:
        """Put a file in its place; False if neither can be made there.

        Parameters
        ----------
        source : path
            A regular file, of which no part is a link.
        name : str
            Where it goes, below the folder; a file that is there is replaced.

        Raises
        ------
        OutputError
            A link is in the way.
        """
        try:
            return self._clone(source, name) or self._link(source, name)
        except InTheWayError as err:
            raise self._root.refusal(err) from err

    def _clone(self, source: str | os.PathLike[str], name: str) -> bool:
        """Make a reflink: a copy that shares the blocks until one is written to."""
        folder = os.path.dirname(source)  # noqa: PTH120 (a third of the time)
        if folder in self._without:
            return False
        try:
            import fcntl
        except ImportError:  # Windows
            return False
        temporary = f"{STATE}/{token()}.tmp"
        try:
            with (
                open_regular(source, no_follow=True) as data,
                writing(self._root.path, name, temporary) as file,
            ):
                fcntl.ioctl(file.fileno(), _FICLONE, data.fileno())
        except InTheWayError:
            raise
        except OSError as err:
            if err.errno in _NO_CLONES:
                self._without.add(folder)
            return False
        return True

    def _link(self, source: str | os.PathLike[str], name: str) -> bool:
        root = self._root.path
        try:
            with reached(root, name, make=True) as (base, folder):
                try:
                    os.link(source, base, dst_dir_fd=folder, follow_symlinks=False)
                except FileExistsError:
                    remove(root, name)
                    os.link(source, base, dst_dir_fd=folder, follow_symlinks=False)
                made = os.stat(base, dir_fd=folder, follow_symlinks=False)
                if stat.S_ISREG(made.st_mode):
                    return True
                os.unlink(base, dir_fd=folder)  # it was another thing by then
        except InTheWayError:
            raise
        except (OSError, NotImplementedError):
            return False
        return False
