"""A folder to write to, local or at any fsspec URL: whole files or nothing."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from uuid import uuid4

import fsspec
from fsspec.spec import AbstractBufferedFile

from builder.errors import OutputError
from builder.output.digests import file_digest
from builder.output.records import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Result = TypeVar("Result")
Given = ParamSpec("Given")
# Whose errors are those of a store: refused credentials, no such bucket or host.
_CLIENTS = {"botocore", "aiobotocore", "aiohttp", "gcsfs", "google", "azure", "adlfs"}


class HashingWriter(io.RawIOBase):
    """A file that takes the sha256 and the size of what passes through it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Write all of `data`."""
        self._sha256.update(data)
        self._file.write(data)
        length = memoryview(data).nbytes
        self.size += length
        return length

    def hexdigest(self) -> str:
        """Return the sha256 of all that was written."""
        return self._sha256.hexdigest()


def _told(
    method: Callable[Concatenate[Folder, Given], Result],
) -> Callable[Concatenate[Folder, Given], Result]:
    """Tell in one line what the client of an object store raises."""

    @wraps(method)
    def call(self: Folder, /, *args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return method(self, *args, **kwargs)
        except Exception as err:
            if self.is_local or not _is_of_store(err):
                raise
            raise _describe(err, self.url, "", "use it") from err

    return call


class Folder:
    """A folder, local or remote, with the few operations that the stages need.

    Paths are relative to it, with forward slashes. It holds no open connection
    and can be pickled: a worker with another working directory finds the same folder.

    Parameters
    ----------
    url : str
        Local path, or fsspec URL such as ``s3://bucket/folder``.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.url = os.fspath(url)
        try:
            # Listings are not kept: workers write what this process has not seen.
            self.fs, path = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as err:
            msg = f"{self.url}: expected a folder or a URL that fsspec knows: {err}"
            raise OutputError(msg) from err
        self.path: str = path.rstrip("/") or path
        protocols = self.fs.protocol
        names = {protocols} if isinstance(protocols, str) else set(protocols)
        self.is_local: bool = "file" in names
        self.is_staged: bool = bool(names & {"file", "memory"})

    def __reduce__(self) -> tuple[Callable[[str, str], Folder], tuple[str, str]]:
        return _restore, (self.url, self.path if self.is_local else self.url)

    def full(self, name: str) -> str:
        """Return the full path of `name`."""
        return f"{self.path}/{name}"

    @_told
    def exists(self, name: str) -> bool:
        """Whether there is a file or folder of this name."""
        return bool(self.fs.exists(self.full(name)))

    @_told
    def read(self, name: str) -> bytes | None:
        """Return the bytes of a file, or None where there is none."""
        try:
            data = self.fs.cat_file(self.full(name))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        return bytes(data)

    @contextmanager
    def writing(self, name: str) -> Iterator[HashingWriter]:
        """Open `name` for writing; it appears whole at the end, or not at all.

        A file is written below ``.trimset/`` and moved into place. Object stores
        need no such thing: they show an upload only once it is complete.
        """
        path = self.full(name)
        place = self.full(f"{STATE}/{uuid4().hex}.tmp") if self.is_staged else path
        try:
            if self.is_staged:
                for parent in {PurePosixPath(place).parent, PurePosixPath(path).parent}:
                    self.fs.makedirs(str(parent), exist_ok=True)
            file = self.fs.open(place, "wb")
            try:
                writer = HashingWriter(file)
                yield writer
                file.close()
            except BaseException:
                _abandon(file)
                raise
            if self.is_local:
                Path(place).replace(path)
            elif self.is_staged:
                self.fs.mv(place, path)
        except BaseException as err:
            if self.is_staged:
                with suppress(OSError):  # what led here says more
                    self.fs.rm_file(place)
            if _is_of_store(err):
                raise _describe(err, self.url, name, f"write {name}") from err
            raise

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file, unless it holds these very bytes already."""
        if self.read(name) == data:
            return
        with self.writing(name) as file:
            file.write(data)

    @_told
    def digest(self, name: str) -> tuple[str, int] | None:
        """Return sha256 and size of a file, or None where there is none."""
        try:
            with self.fs.open(self.full(name), "rb") as file:
                return file_digest(file)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    @_told
    def remove(self, name: str) -> None:
        """Remove a file or a folder with all that is in it, if it is there."""
        if self.exists(name):
            self.fs.rm(self.full(name), recursive=True)

    def remove_empty(self, names: Iterable[str]) -> None:
        """Remove those folders that hold nothing; object stores have none."""
        for name in names if self.is_local else ():
            folder = Path(self.full(name))
            # one may be gone already, with all that was in it
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    @_told
    def files(self) -> list[str]:
        """Return the names of all files below, sorted."""
        self.fs.invalidate_cache()
        found = self.fs.find(self.path)
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


def _abandon(file: Any) -> None:
    """Close a file so that a half-written object does not appear in a store."""
    if isinstance(file, AbstractBufferedFile):
        with suppress(Exception):  # the error that led here counts
            file.discard()
        file.closed = True
    else:
        with suppress(OSError):  # as above; on a full disk closing fails, too
            file.close()


def _restore(url: str, place: str) -> Folder:
    root = Folder(place)
    root.url = url  # as the user knows it, for messages
    return root


def _is_of_store(err: BaseException) -> bool:
    return isinstance(err, OSError) or type(err).__module__.split(".")[0] in _CLIENTS


def _describe(err: BaseException, url: str, name: str, verb: str) -> OutputError:
    if getattr(err, "errno", 0) in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            f"{url}: no room left for {name}; what is finished stays: free some space"
            " and run the same command again"
        )
    words = " ".join(str(getattr(err, "strerror", None) or err).split())
    return OutputError(
        f"{url}: cannot {verb}: {words}; check the folder and its permissions, then"
        " run the same command again"
    )
