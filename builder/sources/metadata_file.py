"""A metadata file, wherever it lies, as a memory map."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.errors import SourceError
from builder.sources.fetch import fetch, needed
from builder.sources.find import find_file, read_zip
from builder.sources.read import mapped
from builder.sources.urls import is_remote, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.sources.cache import Cache
    from builder.sources.member import Member
    from builder.sources.remote import Remote

    Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MetadataFile:
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
        return shown(self.path) if is_remote(self.path) else ""

    @contextmanager
    def open(
        self, cache: Cache, remote: Remote, progress: Progress | None = None
    ) -> Iterator[memoryview]:
        """Map its bytes; a remote one is fetched into the cache first.

        Raises
        ------
        SourceError
            It is not there, or cannot be read.
        DamagedError
            It is a member of a zip, and not as it was packed.
        """
        found = self._find(remote)
        total = needed([found], cache).bytes_to_fetch

        def report(moved: int) -> None:
            if progress is not None:
                progress("metadata", moved, total)

        local = fetch([found], cache=cache, remote=remote, progress=report)[0]
        with mapped(local) as view:
            yield view

    def _find(self, remote: Remote) -> Member:
        if not self.member:
            return find_file(remote, self.path)
        members = read_zip(remote, self.path)
        if self.member not in members:
            some = ", ".join(list(members)[:3]) or "nothing"
            msg = (
                f"{shown(self.path)}: expected {self.member} in it, found"
                f" {some}{', ...' if len(members) > 3 else ''}; get the archive anew or"
                " give another source"
            )
            raise SourceError(msg)
        return members[self.member]

    def describe(self, role: str, view: memoryview) -> dict[str, Any]:
        """Return what a lock says of the file; `view` is what `open` gives."""
        return {
            "role": role,
            "name": self.name,
            "sha256": hashlib.sha256(view).hexdigest(),
            "bytes": len(view),
            **({"url": self.url} if self.url else {}),
        }
