"""Look for files below a folder or URL, and take those that an option names."""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from builder.errors import SourceError, first_of
from builder.sources.find import exists
from builder.sources.image_stores import (
    FolderImages,
    JoinedImages,
    UrlFolderImages,
    ZipImages,
)
from builder.sources.kinds import HEAD, archive_fault
from builder.sources.links import open_within, root_of
from builder.sources.metadata_file import MetadataFile
from builder.sources.regular import found_at
from builder.sources.urls import is_remote, local_path, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.sources.remote import Remote


class Place:
    """A folder or URL to look below, which is not looked at before it must be.

    Parameters
    ----------
    base : str
        The folder, which may be a link, or the URL.
    remote : Remote
    follow_links : bool
        Whether links may lead out of it.
    """

    def __init__(
        self, base: str, remote: Remote, *, follow_links: bool = False
    ) -> None:
        check_spelling(base)
        self.base = base.rstrip("/") or "/"
        self.remote = remote
        self.follow_links = follow_links
        self._checked = False

    @property
    def folder(self) -> Path | None:
        """The folder, if it is local."""
        local = local_path(self.base)
        if local is not None and not self._checked:
            if not os.path.isdir(local):  # noqa: PTH112 (a name may be too long for it)
                found = found_at(local)
                msg = f"{self.base}: expected a folder, found {found}: check --source"
                raise SourceError(msg)
            self._checked = True
        return local

    def full(self, name: str) -> str:
        """Return the full path or URL of what a name below the folder or URL means.

        That is the name itself where it is absolute or a URL.
        """
        if is_remote(name):
            return name
        local = local_path(name)
        assert local is not None  # noqa: S101 (it is not remote)
        if "://" in name or local.is_absolute() or name.startswith("~/"):
            return str(local.expanduser())
        if self.folder is not None:
            return str(self.folder / name)
        if ".." in name.split("/"):
            scheme, _, rest = self.base.partition("://")
            host, _, path = rest.partition("/")
            return f"{scheme}://{host}{posixpath.normpath(f'/{path}/{name}')}"
        return f"{self.base}/{name}"

    def root_of(self, full: str) -> str | None:
        """Return the root of what lies at a full path: the source, if it is below it.

        It is empty if all links are followed; and None for what was named with a path
        of its own that leads elsewhere, which is its own root.
        """
        if self.follow_links:
            return ""
        local = local_path(full)
        if local is None or self.folder is None:
            return None
        above, path = map(os.path.abspath, (self.folder, local))
        return root_of(above) if f"{path}/".startswith(f"{above}/") else None

    def find(self, names: Sequence[str]) -> str | None:
        """Return the first of the files that is there, with its full path or URL."""
        for name in names:
            full = self.full(name)
            if exists(self.remote, full):
                return full
        return None

    def images(self, names: Sequence[str]) -> JoinedImages | None:
        """Return all of these folders and zips that are there, as one store.

        It is called by the names of those, but for folders that hold another of them.

        Parameters
        ----------
        names : sequence of str
            Paths below the source, absolute ones, or URLs. A folder at a URL counts as
            there, as nobody can tell without asking for an image.

        Raises
        ------
        SourceError
            One is neither a folder nor a zip.
        """
        stores, absent, there = [], [], []
        for place in names:
            full = self.full(place)
            local = local_path(full)
            if local is None and shown(full).lower().endswith(".zip"):
                is_there = exists(self.remote, full)
            else:
                is_there = local is None or os.path.exists(local)  # noqa: PTH110
            path = str(local.absolute()) if local else shown(full).rstrip("/")
            name = posixpath.basename(posixpath.normpath(path)).removesuffix(".zip")
            store = given_images(full, name, self.root_of(full)) if is_there else None
            if store is None:
                absent.append(place)
            else:
                stores.append(store)
                there.append((posixpath.normpath(path), name))
        called = [
            name
            for path, name in there
            if not any(other.startswith(f"{path}/") for other, _ in there)
        ]
        if not stores:
            return None
        return JoinedImages(
            tuple(stores), first_of([*dict.fromkeys(called)]), tuple(absent)
        )

    def not_found(self, names: Sequence[str]) -> SourceError:
        """Return the error for files none of which is there."""
        found = "none of them"
        for name in names:
            local = local_path(self.full(name))
            lies = "none" if local is None else found_at(local)
            if lies != "none":  # but no file
                found = f"at {name} {lies}"
                break
        return SourceError(
            f"{shown(self.base)}: expected {' or '.join(names)}, found {found}: check"
            " --source"
        )


def given_file(path: str | None) -> MetadataFile | None:
    """Return the metadata file that an option names, if it is given.

    Raises
    ------
    SourceError
        It is not there.
    """
    if path is None:
        return None
    check_spelling(path)
    path, member = split_member(path)
    local = local_path(path)
    if local is not None and not os.path.isfile(local):  # noqa: PTH113
        msg = (
            f"{path}: expected a file, found {found_at(local)}: check the option that"
            " names it"
        )
        raise SourceError(msg)
    return MetadataFile(path if local is None else str(local), member)


def split_member(path: str) -> tuple[str, str]:
    """Return the path or URL of a file, and the member of it that is meant, if any.

    >>> split_member("s3://bucket/a.zip::b/c.json")
    ('s3://bucket/a.zip', 'b/c.json')
    """
    archive, _, member = path.partition("::")
    return archive, member


def given_images(
    path: str | None, name: str, root: str | None = None
) -> FolderImages | ZipImages | UrlFolderImages | None:
    """Return the folder or zip of images that an option names, if it is given.

    Parameters
    ----------
    path : str or None
        Local path or URL.
    name : str
        What stands before a file name in the key of an image.
    root : str or None
        Folder, resolved, that no link may lead out of; empty if all links are followed.
        If not given, the folder itself, or the zip, which may be a link.

    Raises
    ------
    SourceError
        It is not there, or neither a folder nor a zip.
    """
    if path is None:
        return None
    check_spelling(path)
    base = path.rstrip("/") or "/"
    stem = shown(base).rsplit("/", 1)[-1].removesuffix(".zip")
    local = local_path(path)
    if local is None:
        if shown(base).lower().endswith(".zip"):
            return ZipImages(base, name, (name, stem))
        return UrlFolderImages((base,), name)
    found = found_at(local)
    if found == "a folder":
        return FolderImages((str(local),), name, root)
    if found == "a file":
        try:
            with open_within(str(local), root or "") as file:
                fault = archive_fault(file.read(HEAD))
        except OSError as err:
            fault = f"one that cannot be read: {err.strerror}"
        if fault:
            msg = f"{path}: expected a folder or a zip of images, found {fault}"
            raise SourceError(msg)
        return ZipImages(str(local), name, (name, stem), root or "")
    msg = (
        f"{path}: expected a folder or a zip of images, found {found}: check the option"
    )
    raise SourceError(msg)


def check_spelling(path: str) -> None:
    """Raise SourceError for a path that is no text, which nothing could record."""
    try:
        path.encode()
    except UnicodeEncodeError as err:
        spelt = path.encode("utf-8", "backslashreplace").decode()
        msg = f"{spelt}: its name is not UTF-8: rename it, or link to it by another"
        raise SourceError(msg) from err
