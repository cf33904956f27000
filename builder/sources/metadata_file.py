"""A metadata file, wherever it lies, as a memory map."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import tempfile
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import SourceError
from builder.sources.fetch import fetch, find_file, needed
from builder.sources.remote import read_zip
from builder.sources.urls import local_path, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.sources.cache import Cache
    from builder.sources.member import Member

    Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TextFile:
    """A metadata file: one of its own, or one member of a zip.

    Attributes
    ----------
    path : str
        Local path or URL of the file, or of the zip.
    member : str
        Name in the zip; empty for a file of its own.
    """

    path: str
    member: str = ""

    @property
    def name(self) -> str:
        """Its own name, without the place where it lies."""
        return (self.member or shown(self.path)).rsplit("/", 1)[-1]

    @property
    def url(self) -> str:
        """Where it lies, if that is not on this machine; else empty."""
        return shown(self.path) if "://" in self.path else ""

    @contextmanager
    def open(
        self, cache: Cache, progress: Progress | None = None
    ) -> Iterator[memoryview]:
        """Map its bytes; a remote one is fetched into the cache first.

        Raises
        ------
        SourceError
            It is not there, or cannot be read.
        """
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self._local(cache, progress))
                view = stack.enter_context(_mapped(file.fileno()))
            except (OSError, zipfile.BadZipFile, KeyError, EOFError) as err:
                msg = (
                    f"{shown(self.path)}: cannot read {self.name}:"
                    f" {' '.join(str(err).split())}; give another source"
                )
                raise SourceError(msg) from err
            yield view

    @contextmanager
    def _local(
        self, cache: Cache, progress: Progress | None
    ) -> Iterator[tempfile._TemporaryFileWrapper[bytes]]:
        """Open a local copy: the file itself, or what came out of cache or zip."""
        local = local_path(self.path)
        if local is None:
            member = (
                read_zip(self.path)[self.member]
                if self.member
                else find_file(self.path)
            )
            local = _fetch_one(member, cache, progress)
        elif self.member:
            with zipfile.ZipFile(local) as archive, tempfile.TemporaryFile() as copy:
                with archive.open(self.member) as packed:
                    shutil.copyfileobj(packed, copy, 1 << 20)
                copy.flush()
                yield copy  # type: ignore[misc]
            return
        with local.open("rb") as file:
            yield file  # type: ignore[misc]

    def describe(self, role: str, view: memoryview) -> dict[str, Any]:
        """Return what a lock says of the file; `view` is what `open` gives."""
        return {
            "role": role,
            "name": self.name,
            "sha256": hashlib.sha256(view).hexdigest(),
            "bytes": len(view),
            **({"url": self.url} if self.url else {}),
        }


def _fetch_one(member: Member, cache: Cache, progress: Progress | None) -> Path:
    total = needed([member], cache).bytes_to_fetch

    def report(moved: int) -> None:
        if progress is not None:
            progress("metadata", moved, total)

    return Path(fetch([member], cache=cache, progress=report)[0].url)


@contextmanager
def _mapped(number: int) -> Iterator[memoryview]:
    """Map an open file into memory; an empty one cannot be mapped."""
    if os.fstat(number).st_size == 0:
        yield memoryview(b"")
        return
    mapped = mmap.mmap(number, 0, access=mmap.ACCESS_READ)
    view = memoryview(mapped)
    try:
        yield view
    finally:
        # The frames of an error may hold parts of it; then it closes with them.
        with suppress(BufferError):
            view.release()
            mapped.close()
