"""The inputs of a dataset: found below a source or as an option names them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from builder.errors import SourceError, UsageError, first_of
from builder.sources.image_stores import FolderImages, UrlFolderImages, ZipImages
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import Place, given_file, given_images, split_member
from builder.sources.urls import host_of, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from builder.datasets.inputs import Input, Official
    from builder.sources.cache import Cache
    from builder.sources.image_stores import ImageStore
    from builder.sources.known import Known
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
    known : dict of str to Known
        What a lock says of tables, by their roles.
    digest : bool
        Whether to take the digest of each table that is read.
    progress : callable, optional
        Called with ``metadata``, the bytes of a remote table that just came, and how
        many there are in all.
    say : callable, optional
        Called with what is worth knowing, a line each.
    follow_links : bool
        Whether links may lead out of the source, or of a folder that is given.
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
    known: Mapping[str, Known] = field(default_factory=dict)
    digest: bool = True
    progress: Callable[[str, int, int], None] | None = None
    say: Callable[[str], None] = lambda _: None
    follow_links: bool = False
    read: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def place(self) -> Place:
        """The source, or the official server where there is none."""
        base = self.source or (self.official and self.official.url)
        if not base:
            msg = "expected a source, found none: give --source"
            raise UsageError(msg)
        place = Place(base, self.remote, follow_links=self.follow_links)
        folder = place.folder if self.source else None
        if folder is None:
            return place
        # A recipe that lies beside the folder of the images names it in its places.
        own = folder.resolve().name
        tops = {
            name.partition("/")[0]
            for entry in self.inputs
            if entry.option not in self.given
            for name in entry.places
        }
        if tops == {own} and not (folder / own).exists():
            above = str(folder.resolve().parent)
            return Place(above, self.remote, follow_links=self.follow_links)
        return place

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
        if self.source and self.given and option not in self.given and wanted.needed:
            self.say(f"{wanted.role}: from {shown(self.place.base)}")
        file = given_file(self.given.get(option)) or self._find_table(wanted)
        if file is None:
            if wanted.needed:
                names = [place.partition("::")[0] for place in wanted.places]
                raise self.place.not_found([*dict.fromkeys(names)])
            yield None
            return
        file = file.inside(self.remote)
        if wanted.role.endswith("annotations"):
            file = replace(file, what="COCO annotations")
        known = self.known.get(wanted.role) if file.url else None
        with (
            file.open(self.cache, self.remote, self.progress, known) as view,
            ThreadPoolExecutor(1) as pool,  # hashing leaves the interpreter free
        ):
            if self.digest:
                described = pool.submit(file.describe, wanted.role, view)
            yield Table(file.name, view)
            if self.digest:
                self.read.append(described.result())
                self._tell_official(wanted, self.read[-1])

    @contextmanager
    def again(self, option: str) -> Iterator[Table]:
        """Open a table that was read before; no digest is taken again.

        Raises
        ------
        SourceError
            It is gone, or cannot be read.
        """
        with replace(self, digest=False).open(option) as table:
            assert table is not None  # noqa: S101 (it was there)
            yield table

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
        root = "" if self.follow_links else None
        found = given_images(self.given.get(option), wanted.name, root)
        if found is not None:
            return found
        if wanted.joined:
            return self._joined_images(wanted, first)
        folders = [p.rstrip("/") for p in wanted.places if p.endswith("/")]
        inside = tuple(name for name in folders if name != ".")
        below = [name if name != "." else "" for name in folders]
        if self.place.folder is not None:
            return self._local_images(wanted, inside)
        zips = [place for place in wanted.places if not place.endswith("/")]
        archive = self.place.find(zips)
        if archive:
            return ZipImages(
                archive, wanted.name, inside, self.place.root_of(archive) or ""
            )
        urls = tuple(f"{self.place.base}/{name}".rstrip("/") for name in below)
        store = UrlFolderImages(urls, wanted.name)
        if first is not None and not store.has(first, self.remote):
            return None
        return store

    def missing_images(self, option: str, advice: str) -> SourceError:
        """Return the error for images that neither folder nor zip holds."""
        *others, last = self._input(option).places
        places = f"{first_of(others)} or {last}" if others else last
        return SourceError(
            f"{shown(self.place.base)}: expected {places}, found none of them: {advice}"
        )

    def _joined_images(self, wanted: Input, first: str | None) -> ImageStore | None:
        found = self.place.images(wanted.places)
        if found is None or first is None:
            return found
        urls = [s for s in found.stores if isinstance(s, UrlFolderImages)]
        if len(urls) < len(found.stores):
            return found
        return found if any(s.has(first, self.remote) for s in urls) else None

    def _local_images(
        self, wanted: Input, inside: tuple[str, ...]
    ) -> ImageStore | None:
        folder = self.place.folder
        assert folder is not None  # noqa: S101 (the caller looked)
        there = [place for place in wanted.places if self._is_there(place)]
        if there and not there[0].endswith("/"):
            path = str(folder / there[0])
            root = self.place.root_of(path) or ""
            return ZipImages(path, wanted.name, inside, root)
        folders = [str(folder / place) for place in there if place.endswith("/")]
        if not folders:
            return None
        roots = [self.place.root_of(path) for path in folders]
        return FolderImages(tuple(folders), wanted.name, roots[0])

    def _is_there(self, place: str) -> bool:
        folder = self.place.folder
        assert folder is not None  # noqa: S101 (the caller looked)
        path = str(folder / place)
        if place.endswith("/"):
            return os.path.isdir(path)  # noqa: PTH112 (a name may be too long for it)
        return os.path.isfile(path)  # noqa: PTH113

    def _find_table(self, wanted: Input) -> MetadataFile | None:
        if not wanted.needed and not self.source:
            needed = [entry.option for entry in self.inputs if entry.needed]
            if all(option in self.given for option in needed):
                return None
        for place in wanted.places:
            name, member = split_member(place)
            found = self.place.find((name,))
            if found:
                root = self.place.root_of(found) or ""
                return MetadataFile(found, member, root=root)
        return None

    def _tell_official(self, wanted: Input, read: Mapping[str, Any]) -> None:
        """Say that a table is not the official one, where no other was named.

        It is no error: a publisher may mend a file, and the card says what it is.
        """
        if self.official is None or self.source or wanted.option in self.given:
            return
        digest = self.official.sha256.get(wanted.role, read["sha256"])
        if digest != read["sha256"]:
            self.say(
                f"{wanted.role}: expected the official file, with sha256"
                f" {digest[:16]}…, found {read['sha256'][:16]}…: another version, or"
                " changed on its way: the card does not call it official; --lock stops"
                " at another one"
            )

    def _input(self, option: str) -> Input:
        return next(entry for entry in self.inputs if entry.option == option)
