"""Where images lie: in a folder, in a zip, at URLs, or in several of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from builder.sources.find import exists, members_from_urls
from builder.sources.folder_view import FolderView
from builder.sources.look import ZipView, best_of, locate_in
from builder.sources.url_view import UrlView, below
from builder.sources.urls import is_remote, shown
from builder.sources.ways import AS_NAMED, Located

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.sources.look import View
    from builder.sources.member import Member
    from builder.sources.remote import Remote


class ImageStore(Protocol):
    """Where images come from."""

    @property
    def name(self) -> str:
        """What stands before a file name in the key of an image."""

    @property
    def url(self) -> str:
        """Where it lies, if that is not on this machine; else empty."""

    def locate(
        self,
        names: Sequence[str],
        remote: Remote,
        hints: Sequence[str | None] | None = None,
    ) -> Located:
        """Return where each image lies, and by which way it was found.

        `hints` gives, for each, another address of the same file, if there is one.
        """


class _Viewed:
    """A store that is looked into by what `view` gives."""

    def view(self, names: Sequence[str], remote: Remote) -> View:
        raise NotImplementedError

    def locate(
        self,
        names: Sequence[str],
        remote: Remote,
        hints: Sequence[str | None] | None = None,
    ) -> Located:
        """Return where each image lies, with its size, and by which way it was found.

        Raises
        ------
        SourceError
            The store cannot be read. An image that is not there is no error.
        """
        return locate_in([self.view(names, remote)], names, hints)


@dataclass(frozen=True)
class FolderImages(_Viewed):
    """Images that are files below a local folder.

    Attributes
    ----------
    folders : tuple of str
        Folders that may hold them; the one that holds most of the first 100 is taken
        for all, and the first where none holds any.
    name : str
        What stands before the file name in the key of an image.
    root : str or None
        Folder, resolved, that no link may lead out of; empty if all links are followed.
        If not given, the folder that holds them.
    """

    folders: tuple[str, ...]
    name: str
    root: str | None = None
    url = ""

    def view(self, names: Sequence[str], remote: Remote) -> FolderView:
        """Return the folder that holds them."""
        most = remote.limits.max_file_size
        return best_of([FolderView(f, self.root, most) for f in self.folders], names)


@dataclass(frozen=True)
class ZipImages(_Viewed):
    """Images that are members of a zip, local or remote, which is never unpacked.

    Attributes
    ----------
    path : str
        Local path or URL of the zip.
    name : str
        What stands before the file name in the key of an image. In the zip it may
        stand there or not.
    folders : tuple of str
        Folders in which the zip may hold the images, besides its top.
    root : str
        Folder, resolved, that no link to the zip may lead out of; empty if one may.
    """

    path: str
    name: str
    folders: tuple[str, ...]
    root: str = ""

    @property
    def url(self) -> str:
        """Where the zip lies, if that is not on this machine."""
        return shown(self.path) if is_remote(self.path) else ""

    def view(self, names: Sequence[str], remote: Remote) -> ZipView:
        """Return what is in the zip, having read its directory."""
        return ZipView.of(self.path, self.folders, names, remote, self.root)


@dataclass(frozen=True)
class UrlFolderImages(_Viewed):
    """Images that are files of their own below a URL.

    Attributes
    ----------
    folders : tuple of str
        URLs of the folders that may hold them; the first that has one of the first
        images is taken for all.
    name : str
        What stands before the file name in the key of an image.
    """

    folders: tuple[str, ...]
    name: str

    @property
    def url(self) -> str:
        """Where the first of the folders would be."""
        return shown(self.folders[0])

    def has(self, name: str, remote: Remote) -> bool:
        """Whether an image is in one of the folders."""
        if any(exists(remote, below(folder, name)) for folder in self.folders):
            return True
        return self.view([name], remote).guess([name], [None])[0][0] is not None

    def view(self, names: Sequence[str], remote: Remote) -> UrlView:
        """Return what asks for images below the folder that holds them."""
        del names
        return UrlView(self.folders, remote)


@dataclass(frozen=True)
class JoinedImages:
    """Images that lie in several stores, which are looked through together.

    Attributes
    ----------
    stores : tuple of FolderImages, ZipImages or UrlFolderImages
        Of an image that is in several of them, the first counts.
    name : str
        What stands before the file name in the key of an image.
    absent : tuple of str
        Places that were named and are not there.
    """

    stores: tuple[FolderImages | ZipImages | UrlFolderImages, ...]
    name: str
    absent: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where those of the stores lie that are not on this machine."""
        return " ".join(store.url for store in self.stores if store.url)

    def locate(
        self,
        names: Sequence[str],
        remote: Remote,
        hints: Sequence[str | None] | None = None,
    ) -> Located:
        """Return where each image lies, with its size, and by which way it was found.

        Raises
        ------
        SourceError
            A store cannot be read.
        """
        views = [store.view(names, remote) for store in self.stores]
        absent = [f"{place} (not there)" for place in self.absent]
        return locate_in(views, names, hints, absent=absent)


@dataclass(frozen=True)
class UrlImages:
    """Images at the URL that the record of each gives.

    Attributes
    ----------
    name : str
        What stands before the file name in the key of an image.
    urls : dict of str to str or None
        By file name.
    field : str
        What the records call the URL.
    allowed_hosts : tuple of str
        Hosts that may be asked.
    """

    name: str
    urls: Mapping[str, str | None]
    field: str
    allowed_hosts: tuple[str, ...]

    @property
    def url(self) -> str:
        """Return the hosts that are asked."""
        return " ".join(self.allowed_hosts)

    def locate(
        self,
        names: Sequence[str],
        remote: Remote,
        hints: Sequence[str | None] | None = None,
    ) -> Located:
        """Return where each image lies, with the size that the server tells.

        Raises
        ------
        FetchError
            A record has a URL of a host that is not allowed.
        """
        del hints
        given = [place for place, name in enumerate(names) if self.urls[name]]
        urls = [self.urls[names[place]] or "" for place in given]
        asked = members_from_urls(
            [names[place] for place in given],
            urls,
            remote,
            allowed_hosts=self.allowed_hosts,
        )
        members: list[Member | None] = [None] * len(names)
        reason = f"its record has no {self.field} to get it from"
        reasons = {
            place: reason for place, name in enumerate(names) if not self.urls[name]
        }
        for place, url, member in zip(given, urls, asked, strict=True):
            members[place] = member
            if member is None:
                reasons[place] = f"{shown(url)} is not there"
        found = sum(member is not None for member in members)
        return Located(members, {AS_NAMED: found}, reasons, [f"their {self.field}"])
