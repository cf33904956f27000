"""Where images lie: in a folder, in a zip, or each at a URL of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from builder.errors import ImageError, MissingError, SourceError
from builder.sources.find import exists, members_at, members_from_urls, read_zip
from builder.sources.member import LocalMember
from builder.sources.urls import is_remote, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.sources.member import Member, RemoteMember
    from builder.sources.remote import Remote

# Names by which is told where all of them lie.
_FIRST = 100


class ImageStore(Protocol):
    """Where images come from."""

    @property
    def name(self) -> str:
        """What stands before a file name in the key of an image."""

    @property
    def url(self) -> str:
        """Where it lies, if that is not on this machine; else empty."""

    def locate(self, names: Sequence[str], remote: Remote) -> Sequence[Member]:
        """Return where each image lies; an image that is not there is an error."""


@dataclass(frozen=True)
class FolderImages:
    """Images that are files below a local folder.

    Attributes
    ----------
    folders : tuple of str
        Folders that may hold them; the one that holds most of the first 100 is taken
        for all, and the first where none holds any.
    name : str
        What stands before the file name in the key of an image.
    """

    folders: tuple[str, ...]
    name: str
    url = ""

    def locate(self, names: Sequence[str], remote: Remote) -> list[LocalMember]:  # noqa: ARG002
        """Return where each image lies, with its size.

        Raises
        ------
        ImageError
            Images are missing; the message names the first.
        """
        folder = self.folders[0]
        if len(self.folders) > 1:
            first = names[:_FIRST]
            folder = max(
                self.folders,
                key=lambda f: sum(os.path.isfile(os.path.join(f, n)) for n in first),  # noqa: PTH113, PTH118
            )
        members = []
        missing = []
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 (hot path)
            try:
                size = os.stat(path).st_size  # noqa: PTH116 (hot path)
            except OSError:
                missing.append(name)
                continue
            members.append(LocalMember(name, path, size))
        if missing:
            raise _missing(folder, missing, len(names))
        return members


@dataclass(frozen=True)
class ZipImages:
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
    """

    path: str
    name: str
    folders: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where the zip lies, if that is not on this machine."""
        return shown(self.path) if is_remote(self.path) else ""

    def locate(self, names: Sequence[str], remote: Remote) -> list[Member]:
        """Return where each image lies in the zip.

        Raises
        ------
        ImageError
            Images are missing; the message names the first.
        SourceError
            The zip cannot be read.
        """
        directory = read_zip(remote, self.path)
        prefixes = [*(f"{folder}/" for folder in self.folders), ""]
        first = names[:_FIRST]
        prefix = max(
            prefixes, key=lambda p: sum(p + name in directory for name in first)
        )
        missing = [name for name in names if prefix + name not in directory]
        if missing:
            raise _missing(shown(self.path), missing, len(names))
        return [directory[prefix + name] for name in names]


@dataclass(frozen=True)
class UrlFolderImages:
    """Images that are files of their own below a URL.

    Attributes
    ----------
    folders : tuple of str
        URLs of the folders that may hold them; the first that has the first image
        is taken for all.
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
        return any(exists(remote, f"{folder}/{name}") for folder in self.folders)

    def locate(self, names: Sequence[str], remote: Remote) -> list[RemoteMember]:
        """Return where each image lies, with the size that the server tells.

        Raises
        ------
        SourceError
            An image is not there or cannot be asked for.
        """
        if not names:
            return []
        for folder in self.folders:
            if exists(remote, f"{folder}/{names[0]}"):
                urls = [f"{folder}/{name}" for name in names]
                return members_at(names, urls, remote)
        tried = ", ".join(shown(folder) for folder in self.folders)
        msg = f"expected {names[0]} and others in one of {tried}: check --source"
        raise MissingError(msg)


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

    def locate(self, names: Sequence[str], remote: Remote) -> list[RemoteMember]:
        """Return where each image lies, with the size that the server tells.

        Raises
        ------
        SourceError
            A record has no URL, or one of a host that is not allowed.
        """
        urls = []
        for name in names:
            url = self.urls[name]
            if not url:
                msg = (
                    f"{name}: its record has no {self.field} to get it from: give the"
                    " images as a folder or a zip"
                )
                raise SourceError(msg)
            urls.append(url)
        return members_from_urls(names, urls, remote, allowed_hosts=self.allowed_hosts)


def _missing(place: str, missing: Sequence[str], total: int) -> ImageError:
    shown_names = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
    return ImageError(
        f"{place}: {len(missing)} of {total} selected images are not there:"
        f" {shown_names}; complete the source and run the same command again"
    )
