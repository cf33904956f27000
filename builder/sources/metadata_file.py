"""A metadata file, wherever it lies, as a memory map."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from builder.errors import SourceError, cut, first_of
from builder.sources.fetch import fetch, needed
from builder.sources.find import find_file, read_zip
from builder.sources.folder_view import is_junk
from builder.sources.kinds import HEAD, is_zip, table_fault
from builder.sources.links import open_within
from builder.sources.member import RemoteMember
from builder.sources.read import mapped
from builder.sources.urls import is_remote, local_path, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.sources.cache import Cache
    from builder.sources.known import Known
    from builder.sources.member import Member
    from builder.sources.remote import Remote

    Progress = Callable[[str, int, int], None]

# Of tables, where nothing else says which member of a zip is meant.
_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".parquet")


@dataclass(frozen=True)
class MetadataFile:
    """A metadata file: one of its own, or one member of a zip.

    Attributes
    ----------
    path : str
        Local path or URL of the file, or of the zip.
    member : str
        Name in the zip; empty for a file of its own.
    what : str
        What it should be, for messages.
    root : str
        Folder, resolved, that no link may lead out of; empty if one may, as where the
        file itself was named.
    """

    path: str
    member: str = ""
    what: str = "a table"
    root: str = ""

    @property
    def name(self) -> str:
        """Its own name, without the place where it lies."""
        return (self.member or shown(self.path)).rsplit("/", 1)[-1]

    @property
    def url(self) -> str:
        """Where it lies, if that is not on this machine; else empty."""
        return shown(self.path) if is_remote(self.path) else ""

    def inside(self, remote: Remote, endings: Sequence[str] = _ENDINGS) -> MetadataFile:
        """Return the one table in the file, if it is a zip; else the file itself.

        Raises
        ------
        SourceError
            The zip holds no table, or several.
        """
        if self.member or not self.is_archive():
            return self
        names = [
            name
            for name in read_zip(remote, self.path, self.root)
            if not any(map(is_junk, name.split("/")))
        ]
        tables = [name for name in names if name.lower().endswith(tuple(endings))]
        own = self.name.lower().removesuffix(".zip")
        same = [name for name in tables if name.lower().rpartition("/")[2] == own]
        if len(same) == 1:
            tables = same
        where = shown(self.path)
        if "xl/workbook.xml" in names:
            msg = f"{where}: expected a table, found an Excel workbook: save it as CSV"
            raise SourceError(msg)
        if not tables:
            found = first_of(names) or "nothing"
            msg = (
                f"{where}: expected a file that ends in {' or '.join(endings)} in it,"
                f" found {found}: give another file"
            )
            raise SourceError(msg)
        if len(tables) > 1:
            msg = (
                f"{where}: expected one table in it, found {first_of(tables)}: name one"
                f" of them, such as {where}::{tables[0]}"
            )
            raise SourceError(msg)
        return replace(self, member=tables[0])

    def is_archive(self) -> bool:
        """Whether it is a zip: here by its bytes, elsewhere by its name."""
        path = local_path(self.path)
        if path is None:
            return shown(self.path).lower().endswith(".zip")
        try:
            with open_within(str(path), self.root) as file:
                return is_zip(file.read(HEAD))
        except OSError:  # told where it is opened
            return False

    @contextmanager
    def open(
        self,
        cache: Cache,
        remote: Remote,
        progress: Progress | None = None,
        known: Known | None = None,
    ) -> Iterator[memoryview]:
        """Map its bytes; a remote one is fetched into the cache first.

        What is `known` of it is checked as the bytes arrive; not of a local one.

        Raises
        ------
        SourceError
            It is not there, cannot be read, or is no table.
        DamagedError
            It is a member of a zip, and not as it was packed.
        """
        found = self._find(remote)
        total = needed([found], cache).bytes_to_fetch

        def report(moved: int) -> None:
            if progress is not None:
                progress("metadata", moved, total)

        digests = {}
        if known is not None and isinstance(found, RemoteMember):
            digests[found] = known
        local = fetch(
            [found], cache=cache, remote=remote, progress=report, known=digests
        )[0]
        with mapped(local) as view:
            fault = table_fault(bytes(view[:HEAD]))
            if fault:
                where = shown(self.path) + (f"::{self.member}" if self.member else "")
                raise SourceError(f"{where}: expected {self.what}, found {fault}")
            yield view

    def _find(self, remote: Remote) -> Member:
        if not self.member:
            return find_file(remote, self.path, self.root)
        members = read_zip(remote, self.path, self.root)
        if self.member not in members:
            msg = (
                f"{shown(self.path)}: expected {cut(self.member)} in it, found"
                f" {first_of(list(members)) or 'nothing'}; get the archive anew or give"
                " another source"
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
