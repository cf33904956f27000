"""A folder to write to, local or at any fsspec URL: whole files or nothing."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from functools import wraps
from glob import has_magic
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Concatenate, ParamSpec, TypeVar, cast

from builder.errors import OutputError
from builder.output.digests import file_digest
from builder.output.failures import abandon, describe, is_of_store
from builder.output.file_systems import file_system
from builder.output.hashing import HashingWriter
from builder.output.paths import is_hidden
from builder.output.records import STATE
from builder.output.within import list_within, open_within
from builder.sources import own_files
from builder.sources.own_files import InTheWayError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Result = TypeVar("Result")
Given = ParamSpec("Given")


def _told(
    method: Callable[Concatenate[Folder, Given], Result],
) -> Callable[Concatenate[Folder, Given], Result]:
    """Tell in one line what the client of an object store raises."""

    @wraps(method)
    def call(self: Folder, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return method(self, *args, **kwargs)
        except Exception as err:
            if self.is_local or not is_of_store(err):
                raise
            raise describe(err, self.url, "", "use it") from err

    return call


class Folder:
    """A folder, local or remote, with the few operations that the stages need.

    Paths are relative to it, with forward slashes. It holds no open connection
    and can be pickled: a worker with another working directory finds the same folder.
    A local one may be reached through links, which are looked at once; below it nothing
    is written or removed through one, and nothing read that lies elsewhere.

    Parameters
    ----------
    url : str
        Local path, or fsspec URL such as ``s3://bucket/folder``.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.url = os.fspath(url)
        try:
            self.fs, path = file_system(self.url)
        except (ImportError, ValueError) as err:
            msg = f"{self.url}: expected a folder or a URL that fsspec knows: {err}"
            raise OutputError(msg) from err
        protocols = self.fs.protocol
        names = {protocols} if isinstance(protocols, str) else set(protocols)
        self.is_local: bool = "file" in names
        self.is_staged: bool = bool(names & {"file", "memory"})
        if self.is_local:
            try:
                path = os.path.realpath(path)
            except ValueError as err:
                msg = f"{self.url!r}: expected a folder: {err}"
                raise OutputError(msg) from err
        self.path: str = path.rstrip("/") or path

    def __reduce__(self) -> tuple[Callable[[str, str], Folder], tuple[str, str]]:
        return _restore, (self.url, self.path if self.is_local else self.url)

    def full(self, name: str) -> str:
        """Return the full path of `name`."""
        return f"{self.path}/{name}"

    @_told
    def exists(self, name: str) -> bool:
        """Whether there is anything of this name."""
        if self.is_local:
            return os.path.lexists(self.full(name))
        return bool(self.fs.exists(self.full(name)))

    def status(self, name: str) -> os.stat_result | None:
        """Return what the system tells of a local file, and of no target of a link."""
        try:
            return own_files.status(self.path, name)
        except InTheWayError as err:
            raise self.refusal(err) from err

    @_told
    def open(self, name: str) -> BinaryIO | None:
        """Open a file for reading; None where there is none.

        Raises
        ------
        OutputError
            It leads out of the folder, or is a pipe, a socket or a device.
        """
        if self.is_local:
            return cast("BinaryIO | None", open_within(self.path, name))
        try:
            return cast("BinaryIO", self.fs.open(self.full(name), "rb"))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    @_told
    def read(self, name: str, most: int | None = None) -> bytes | None:
        """Return the bytes of a file, or None where there is none; raises as `open`.

        Of one that has more bytes than `most`, one more than these are returned.
        """
        stop = None if most is None else most + 1
        if self.is_local:
            file = self.open(name)
            if file is None:
                return None
            with file:
                return file.read(-1 if stop is None else stop)
        path = self.full(name)
        try:
            if most is not None and (self.fs.size(path) or 0) <= most:
                stop = None
            data = self.fs.cat_file(path, end=stop)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        return bytes(data)

    @_told
    def digest(self, name: str, most: int | None = None) -> tuple[str, int] | None:
        """Return sha256 and size of a file, or None; raises as `open`.

        Of one that has more bytes than `most`, they are of a part that has more, too.
        """
        try:
            file = self.open(name)
            if file is None:
                return None
            with file:
                return file_digest(file, most=most)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    @contextmanager
    def writing(self, name: str) -> Iterator[HashingWriter]:
        """Open `name` for writing; it appears whole at the end, or not at all.

        A file is written below ``.trimset/`` and moved into place. Object stores
        need no such thing: they show an upload only once it is complete.
        """
        temporary = f"{STATE}/{own_files.token()}.tmp"
        try:
            if self.is_local:
                with own_files.writing(self.path, name, temporary) as file:
                    yield HashingWriter(file)
            elif self.is_staged:
                with self._uploading(temporary) as writer:
                    yield writer
                self.fs.makedirs(
                    str(PurePosixPath(self.full(name)).parent), exist_ok=True
                )
                self.fs.mv(self.full(temporary), self.full(name))
            else:
                with self._uploading(name) as writer:
                    yield writer
        except BaseException as err:
            if self.is_staged and not self.is_local:
                with suppress(OSError):  # what led here says more
                    self.fs.rm_file(self.full(temporary))
            if isinstance(err, InTheWayError):
                raise self.refusal(err) from err
            if is_of_store(err):
                raise describe(err, self.url, name, f"write {name}") from err
            raise

    @contextmanager
    def _uploading(self, name: str) -> Iterator[HashingWriter]:
        if self.is_staged:
            self.fs.makedirs(str(PurePosixPath(self.full(name)).parent), exist_ok=True)
        file = self.fs.open(self.full(name), "wb")
        try:
            yield HashingWriter(file)
            file.close()
        except BaseException:
            abandon(file)
            raise

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file, unless it holds these very bytes already."""
        if self._may_hold(name, len(data)) and self.read(name) == data:
            return
        with self.writing(name) as file:
            file.write(data)

    def _may_hold(self, name: str, size: int) -> bool:
        """Whether a file is worth reading to compare it: it may be a large one."""
        if not self.is_local:
            return True
        found = self.status(name)
        return found is not None and found.st_size == size

    @_told
    def remove(self, name: str) -> None:
        """Remove a file, if it is there; folders and all else stay."""
        if self.is_local:
            try:
                own_files.remove(self.path, name)
            except InTheWayError as err:
                raise self.refusal(err) from err
        elif self.fs.isfile(self.full(name)):
            self.fs.rm_file(self.full(name))

    @_told
    def remove_listed(self, below: str, is_ours: Callable[[str], bool]) -> None:
        """Remove those files below a folder in it that are ours by their names."""
        names = [name for name in self.files(below) if is_ours(name)]
        if self.is_local or has_magic(self.path):
            for name in names:
                self.remove(name)
        elif names:  # a request for each would take minutes
            self.fs.rm([self.full(name) for name in names])

    def remove_empty(self, names: Iterable[str]) -> None:
        """Remove those folders that hold nothing; object stores have none."""
        for name in names if self.is_local else ():
            own_files.remove_empty(self.path, name)

    @_told
    def files(self, below: str = "") -> list[str]:
        """Return the names of all files, or of those below a folder in it, sorted.

        Raises
        ------
        OutputError
            A link leads out of the folder, and is not one of the hidden ones, which
            are nobody's.
        """
        if self.is_local:
            return sorted(list_within(self.path, below, nobodys=is_hidden))
        self.fs.invalidate_cache()
        found = self.fs.find(self.full(below) if below else self.path)
        start = len(self.path) + 1
        # A store may hold an empty object that stands for a folder.
        return sorted(p[start:] for p in found if p[start:] and not p.endswith("/"))

    @_told
    def is_empty(self) -> bool:
        """Whether there is nothing at all."""
        try:
            found = self.fs.ls(self.path, detail=False)
        except FileNotFoundError:
            return True
        # A store may hold an empty object that stands for the folder itself.
        return all(name.rstrip("/") == self.path for name in found)

    def refusal(self, err: InTheWayError) -> OutputError:
        """Return what is said of something that is in the way of its files."""
        step = "remove the link" if "symbolic link" in str(err) else "move it away"
        return OutputError(
            f"{self.url}/{err.filename}: {err.strerror}: {step}, or give another --out"
        )


def _restore(url: str, place: str) -> Folder:
    root = Folder(place)
    root.url = url  # as the user knows it, for messages
    return root
