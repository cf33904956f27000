"""The inputs of a dataset: found below a source or as an option names them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from builder.errors import SourceError, UsageError
from builder.sources.image_stores import FolderImages, UrlFolderImages, ZipImages
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import Place, given_file, given_images
from builder.sources.urls import host_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from builder.datasets.inputs import Input, Official
    from builder.sources.cache import Cache
    from builder.sources.image_stores import ImageStore
    from builder.sources.remote import Remote


class Table(NamedTuple):
    """A table that is open: the name of its file, and its bytes."""

    name: str
    data: memoryview


@dataclass(frozen=True)
class Files:
    """Where the inputs of a dataset are looked for, and what was read of them.

    Attributes
    ----------
    inputs : sequence of Input
    source : str or None
        Folder or URL with one of the official layouts.
    official : Official or None
        Whose server is asked where neither source nor option names an input.
    given : dict of str to str
        Files and folders that go before the source, by option.
    remote : Remote
    cache : Cache
    allow_hosts : sequence of str
        Hosts from which images may come by an address in their record.
    digest : bool
        Whether to take the digest of each table that is read.
    progress : callable, optional
        Called with ``metadata``, the bytes of a remote table that just came, and how
        many there are in all.
    read : list of dict
        Role, name, sha256 and bytes of each table so far, if digests are taken.
    """

    inputs: Sequence[Input]
    source: str | None
    official: Official | None
    given: Mapping[str, str]
    remote: Remote
    cache: Cache
    allow_hosts: Sequence[str] = ()
    digest: bool = True
    progress: Callable[[str, int, int], None] | None = None
    read: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def place(self) -> Place:
        """The source, or the official server where there is none."""
        base = self.source or (self.official and self.official.url)
        if not base:
            msg = "expected a source, found none: give --source"
            raise UsageError(msg)
        return Place(base, self.remote)

    @property
    def host(self) -> str:
        """The host of the source; empty if it is on this machine."""
        return "" if self.place.folder is not None else host_of(self.place.base)

    @contextmanager
    def open(self, option: str) -> Iterator[Table | None]:
        """Open a table; None where an input that is not needed is nowhere.

        Raises
        ------
        SourceError
            It is not there, or cannot be read.
        """
        wanted = self._input(option)
        file = given_file(self.given.get(option)) or self._find_table(wanted)
        if file is None:
            if wanted.needed:
                names = [place.partition("::")[0] for place in wanted.places]
                raise self.place.not_found([*dict.fromkeys(names)])
            yield None
            return
        with (
            file.open(self.cache, self.remote, self.progress) as view,
            ThreadPoolExecutor(1) as pool,  # hashing leaves the interpreter free
        ):
            if self.digest:
                described = pool.submit(file.describe, wanted.role, view)
            yield Table(file.name, view)
            if self.digest:
                self.read.append(described.result())

    def images(self, option: str, *, first: str | None = None) -> ImageStore | None:
        """Return where images lie, or None where neither folder nor zip holds them.

        Parameters
        ----------
        option : str
        first : str, optional
            File name of an image; if given, a folder at a URL, which cannot be asked
            for, counts only if this image is there.
        """
        wanted = self._input(option)
        found = given_images(self.given.get(option), wanted.name)
        if found is not None:
            return found
        folders = [p.rstrip("/") for p in wanted.places if p.endswith("/")]
        inside = tuple(name for name in folders if name != ".")
        below = [name if name != "." else "" for name in folders]
        if self.place.folder is not None:
            return self._local_images(wanted, inside)
        zips = [place for place in wanted.places if not place.endswith("/")]
        archive = self.place.find(zips)
        if archive:
            return ZipImages(archive, wanted.name, inside)
        urls = tuple(f"{self.place.base}/{name}".rstrip("/") for name in below)
        store = UrlFolderImages(urls, wanted.name)
        if first is not None and not store.has(first, self.remote):
            return None
        return store

    def missing_images(self, option: str, advice: str) -> SourceError:
        """Return the error for images that neither folder nor zip holds."""
        *others, last = self._input(option).places
        places = f"{', '.join(others)} or {last}" if others else last
        return SourceError(
            f"{shown(self.place.base)}: expected {places}, found none of them: {advice}"
        )

    def _local_images(
        self, wanted: Input, inside: tuple[str, ...]
    ) -> ImageStore | None:
        folder = self.place.folder
        assert folder is not None  # noqa: S101 (the caller looked)
        there = [place for place in wanted.places if self._is_there(place)]
        if there and not there[0].endswith("/"):
            return ZipImages(str(folder / there[0]), wanted.name, inside)
        folders = [place for place in there if place.endswith("/")]
        if not folders:
            return None
        return FolderImages(
            tuple(str(folder / place) for place in folders), wanted.name
        )

    def _is_there(self, place: str) -> bool:
        folder = self.place.folder
        assert folder is not None  # noqa: S101 (the caller looked)
        path = folder / place
        return path.is_dir() if place.endswith("/") else path.is_file()

    def _find_table(self, wanted: Input) -> MetadataFile | None:
        if not wanted.needed and not self.source:
            needed = [entry.option for entry in self.inputs if entry.needed]
            if all(option in self.given for option in needed):
                return None
        for place in wanted.places:
            name, _, member = place.partition("::")
            found = self.place.find((name,))
            if found:
                return MetadataFile(found, member)
        return None

    def _input(self, option: str) -> Input:
        return next(entry for entry in self.inputs if entry.option == option)
