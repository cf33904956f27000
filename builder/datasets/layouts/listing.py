"""Name what lies in a folder, a file or at a URL: one walk, and no image is read."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from builder.datasets.layouts.names import escaped, is_image
from builder.datasets.layouts.words import short
from builder.errors import MissingError, SourceError
from builder.limits import MAX_ENTRIES
from builder.sources.find import exists, read_zip
from builder.sources.links import leads_to, open_within, root_of
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import check_spelling
from builder.sources.regular import NOT_REGULAR, found_at
from builder.sources.urls import HTTP_SCHEMES, local_path, scheme_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.sources.cache import Cache
    from builder.sources.remote import Remote

# Looking is bounded: beyond these, what is there is not looked at, and that is said.
_MOST_ENTRIES = MAX_ENTRIES
_DEEPEST = 12
_DEEPEST_BESIDE = 4  # beside a file that was given, which may lie in a home folder
_MOST_ZIPS = 50
#: Bytes that are looked at to tell what a file is.
HEAD = 1 << 16
_JUNK = {"__MACOSX", "node_modules", "__pycache__"}


@dataclass
class Listing:
    """What lies at a source: names, and a way to look into a file.

    Attributes
    ----------
    base : str
        Folder or URL that the names are below of.
    cache : Cache
    remote : Remote
    only : str
        The one file that was asked for; empty where it was a folder.
    files : dict of str to int
        All files that are no images, with their bytes; -1 where nobody tells. A member
        of a zip is ``archive.zip::member``.
    images : list of str
        All images, members of zips too.
    notes : list of str
        What was not looked at, and why.
    root : str
        Folder, resolved, that no link may lead out of; empty if all are followed.
    """

    base: str
    cache: Cache
    remote: Remote
    only: str = ""
    files: dict[str, int] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    root: str = ""

    def path(self, name: str) -> str:
        """Return the path or URL of a file, or of the zip that holds it."""
        return f"{self.base}/{name.partition('::')[0]}".rstrip("/")

    def root_of(self, name: str) -> str:
        """Return the root of a file; none of the one that was asked for by its name."""
        return "" if name.partition("::")[0] == self.only else self.root

    @contextmanager
    def open(self, name: str) -> Iterator[memoryview]:
        """Map a file, or a member of a zip, into memory.

        Raises
        ------
        SourceError
            It cannot be read.
        """
        member = name.partition("::")[2]
        file = MetadataFile(self.path(name), member, root=self.root_of(name))
        with file.open(self.cache, self.remote) as view:
            yield view

    def head(self, name: str, size: int = HEAD) -> bytes:
        """Return the first bytes of a file; none if it cannot be read."""
        local = local_path(self.path(name))
        try:
            if local is not None and "::" not in name:
                with open_within(str(local), self.root_of(name)) as file:
                    return file.read(size)
            with self.open(name) as view:
                return bytes(view[:size])
        except (SourceError, OSError) as err:
            self.notes.append(f"{escaped(name)} cannot be read: {err}")
            return b""

    def add(self, name: str, size: int) -> None:
        """Take up a file by its name."""
        parts = name.rpartition("::")[2].split("/")
        if parts[-1].startswith("._") or not _JUNK.isdisjoint(parts):
            return
        if not name.isascii() and _is_broken(name):
            self.notes.append(f"{escaped(name)}: its name is not UTF-8: rename it")
        elif is_image(name):
            self.images.append(name)
        else:
            self.files[name] = size


def list_source(
    source: str,
    cache: Cache,
    remote: Remote,
    places: Sequence[str] = (),
    *,
    follow_links: bool = False,
) -> Listing:
    """Return what lies at a source.

    Parameters
    ----------
    source : str
        Folder, file or URL.
    cache : Cache
    remote : Remote
    places : sequence of str
        Files and zips to ask a web server for, which lists nothing itself.
    follow_links : bool
        Whether to follow links out of the source, and links to folders.

    Raises
    ------
    SourceError
        There is nothing, or it cannot be listed.
    """
    local = local_path(source)
    lies = "" if local is None else found_at(local)
    if local is None:
        found = _list_remote(source.rstrip("/"), cache, remote, places)
    elif lies == "a folder":
        check_spelling(source)
        root = "" if follow_links else root_of(local)
        found = Listing(str(local), cache, remote, root=root)
        _walk(found, local, _DEEPEST)
    elif lies == "a file":
        check_spelling(source)
        root = "" if follow_links else root_of(local.parent)
        found = Listing(str(local.parent), cache, remote, only=local.name, root=root)
        if local.suffix.lower() != ".zip":
            _walk(found, local.parent, _DEEPEST_BESIDE)
        found.files = {local.name: local.stat().st_size}
    else:
        msg = (
            f"{escaped(source)}: expected a folder, a file or a URL, found"
            f" {'nothing there' if lies == 'none' else lies}: check the path"
        )
        raise SourceError(msg)
    _look_into_zips(found)
    return found


def _walk(found: Listing, base: Path, deepest: int) -> None:
    waiting, entries = [("", str(base))], 0
    outside: list[str] = []
    special: list[str] = []
    linked = {root_of(base)}  # folders that links lead to: each is looked at once
    while waiting:
        inside, folder = waiting.pop()
        try:
            with os.scandir(folder) as scan:
                listed = sorted(scan, key=lambda entry: entry.name)
        except OSError as err:
            found.notes.append(f"{escaped(inside or folder)}: {err.strerror}")
            continue
        entries += len(listed)
        if entries > _MOST_ENTRIES:
            found.notes.append(f"only the first {_MOST_ENTRIES:,} names were looked at")
            return
        deeper = []
        for entry in listed:
            name = inside + entry.name
            if entry.is_symlink():
                real = root_of(entry.path)
                is_folder = os.path.isdir(real) and real not in linked  # noqa: PTH112
                is_meant = os.path.isfile(real) or (is_folder and not found.root)  # noqa: PTH113
                if leads_to(entry.path, found.root) or not is_meant:
                    outside.append(name)
                    continue
                if is_folder:
                    linked.add(real)
            if entry.is_dir():
                if inside.count("/") < deepest and not entry.name.startswith("."):
                    deeper.append((f"{name}/", entry.path))
            elif entry.is_file():
                size = 0 if is_image(entry.name) else entry.stat().st_size
                found.add(name, size)
            else:
                special.append(name)
        waiting += reversed(deeper)
    if special:
        found.notes.append(f"{short(special)}: {NOT_REGULAR}: left out")
    if outside:
        found.notes.append(
            f"{short(outside)}: links to folders or out of the source are not followed:"
            " give the folder itself that they lead to, or --follow-links"
        )


def _list_remote(
    url: str, cache: Cache, remote: Remote, places: Sequence[str]
) -> Listing:
    base, _, last = url.rpartition("/")
    if PurePosixPath(shown(url)).suffix.lower() in _FILES:
        found = Listing(base, cache, remote, only=last)
        found.add(last, -1)
        return found
    found = Listing(url, cache, remote)
    if scheme_of(url) in HTTP_SCHEMES:
        for name in dict.fromkeys(place.partition("::")[0] for place in places):
            if not name.endswith("/") and exists(remote, f"{url}/{name}"):
                found.add(name, -1)
        if not found.files:
            tried = short([place for place in places if not place.endswith("/")])
            msg = (
                f"{shown(url)}: a web server does not list its files; expected one of"
                f" {tried}, found none: give the address of the annotation file, table"
                " or zip itself"
            )
            raise MissingError(msg)
        return found
    for name, size in remote.list_below(url).items():
        found.add(name, size)
    return found


def _look_into_zips(found: Listing) -> None:
    zips = [name for name in found.files if name.lower().endswith(".zip")]
    if len(zips) > _MOST_ZIPS:
        found.notes.append(
            f"only the first {_MOST_ZIPS} of {len(zips)} zips were opened"
        )
    for name in zips[:_MOST_ZIPS]:
        try:
            members = read_zip(found.remote, found.path(name), found.root_of(name))
        except SourceError as err:
            found.notes.append(str(err))
            continue
        if len(found.files) + len(found.images) + len(members) > _MOST_ENTRIES:
            found.notes.append(f"{escaped(name)}: has too many members: not opened")
            continue
        for member, entry in members.items():
            found.add(f"{name}::{member}", entry.file_size)


def _is_broken(name: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in name)


_FILES = {
    ".json", ".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet", ".zip", ".gz",
    ".tar", ".hdf5", ".h5",
}  # fmt: skip
