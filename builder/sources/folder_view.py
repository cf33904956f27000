"""A local folder that is being looked into, with all folders in it, and its links."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from builder.errors import SourceError, first_of
from builder.limits import LIMITS, MAX_ENTRIES
from builder.sources.links import check_within, leads_to, root_of
from builder.sources.member import LocalMember
from builder.sources.regular import NOT_REGULAR, too_large
from builder.sources.ways import There

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True)
class FolderView:
    """A local folder, with all folders in it.

    Attributes
    ----------
    place : str
        The folder.
    root : str or None
        Folder, resolved, that no link may lead out of; empty if all links are followed.
        If not given, the folder itself.
    most : int
        Most bytes that an image may have.
    """

    place: str
    root: str | None = None
    most: int = LIMITS.max_file_size
    _outside: list[str] = field(default_factory=list, init=False, compare=False)
    is_listed = True

    def look(self, names: Sequence[str]) -> list[LocalMember | None]:
        """Return the files of these names.

        Raises
        ------
        SourceError
            A link leads to one out of the source, or one is too large.
        """
        root = self._root()
        within: set[str] = set()  # folders, which are looked at once
        found: list[LocalMember | None] = []
        for name in names:
            path = os.path.join(self.place, name)  # noqa: PTH118 (hot path)
            try:
                stated = os.lstat(path)
                if stat.S_ISLNK(stated.st_mode):
                    stated = os.stat(path)  # noqa: PTH116 (hot path)
                    check_within(path, root)
            except (OSError, ValueError):
                found.append(None)
                continue
            above = name.rpartition("/")[0]
            if above not in within:
                check_within(os.path.join(self.place, above), root)  # noqa: PTH118
                within.add(above)
            if not stat.S_ISREG(stated.st_mode):
                found.append(None)
                continue
            if stated.st_size > self.most:
                raise SourceError(too_large(path, stated.st_size, self.most))
            found.append(LocalMember(name, path, stated.st_size, root=root))
        return found

    def list(self) -> Iterator[There]:
        """Yield all files that are not hidden, and that no link leads to out of it."""
        top = f"{PurePath(os.path.abspath(self.place)).as_posix().lstrip('/')}/"  # noqa: PTH100
        for name in walk(self.place, self._root(), self._outside):
            yield There(name, top, os.path.join(self.place, name))  # noqa: PTH118

    def take(self, file: There) -> LocalMember:
        """Return a file with its size."""
        path, root = str(file.place), self._root()
        size = os.stat(path).st_size  # noqa: PTH116
        if size > self.most:
            raise SourceError(too_large(path, size, self.most))
        return LocalMember(file.name, path, size, root=root)

    def why_not(self, name: str) -> str:
        """Say what is no file, or not ours, and which links were not followed."""
        path = os.path.join(self.place, name)  # noqa: PTH118
        try:
            os.stat(path)  # noqa: PTH116
        except PermissionError as err:
            return f"cannot be looked at ({err.strerror})"
        except (OSError, ValueError):
            pass
        if name and os.path.isdir(path):  # noqa: PTH112
            return "is a folder"
        if name and os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
            return f"is {NOT_REGULAR}"
        if self._outside:
            return (
                f"links that lead out of the source, {first_of(self._outside)}, are not"
                " followed without --follow-links"
            )
        return ""

    def _root(self) -> str:
        return root_of(self.place) if self.root is None else self.root


def walk(folder: str, root: str, outside: list[str]) -> Iterator[str]:
    """Yield the files below a folder that are not hidden, in the order of their names.

    Links are followed within the root, to each folder once, so that they end.

    Parameters
    ----------
    folder : str
    root : str
        As in `FolderView`; empty if all links are followed.
    outside : list of str
        Takes links that are not followed, and where they lead.

    Raises
    ------
    SourceError
        There are too many.
    """
    linked = {root_of(folder)}
    waiting = [("", _entries(folder))]
    count = 0
    while waiting:
        above, entries = waiting[-1]
        if not entries:
            waiting.pop()
            continue
        entry = entries.pop()
        count += 1
        if count > MAX_ENTRIES:
            msg = (
                f"{folder}: expected {MAX_ENTRIES:,} names in it at most, found more:"
                " give the folder that holds the images"
            )
            raise SourceError(msg)
        if is_junk(entry.name):
            continue
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:  # a link to itself
            continue
        if entry.is_symlink() and (is_folder or is_file):
            elsewhere = leads_to(entry.path, root)
            if elsewhere:
                outside.append(f"{above}{entry.name} -> {elsewhere}")
                continue
            if is_folder:
                real, here = map(root_of, (entry.path, os.path.dirname(entry.path)))  # noqa: PTH120
                # Of a folder that it lies in, everything is looked at already.
                if real in linked or f"{here}{os.sep}".startswith(f"{real}{os.sep}"):
                    continue
                linked.add(real)
        if is_folder:
            waiting.append((f"{above}{entry.name}/", _entries(entry.path)))
        elif is_file:
            yield f"{above}{entry.name}"


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder, the last first; nothing if it is not ours to read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name, reverse=True)
    except OSError:
        return []


def is_junk(name: str) -> bool:
    """Whether a part of a path is hidden, or what macOS puts into a zip."""
    return name.startswith(".") or name == "__MACOSX"
