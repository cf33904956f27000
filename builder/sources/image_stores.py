"""Where images lie: in a folder, in a zip, or each at a URL of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from builder.errors import ImageError, MissingError, SourceError
from builder.sources.member import Member
from builder.sources.remote import exists, members_at, members_from_urls, read_zip
from builder.sources.urls import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class ImageStore(Protocol):
    """Where images come from."""

    @property
    def name(self) -> str:
        """What stands before a file name in the key of an image."""

    @property
    def url(self) -> str:
        """Where it lies, if that is not on this machine; else empty."""

    def locate(self, names: Sequence[str]) -> list[Member]:
        """Return where each image lies; an image that is not there is an error."""


@dataclass(frozen=True)
class FolderImages:
    """Images that are files below a local folder.

    Attributes
    ----------
    path : str
    name : str
        What stands before the file name in the key of an image.
    """

    path: str
    name: str
    url = ""

    def locate(self, names: Sequence[str]) -> list[Member]:
        """Return where each image lies, with its size.

        Raises
        ------
        ImageError
            Images are missing; the message names the first.
        """
        members = []
        missing = []
        for name in names:
            path = os.path.join(self.path, name)  # noqa: PTH118 (hot path)
            try:
                size = os.stat(path).st_size  # noqa: PTH116 (hot path)
            except OSError:
                missing.append(name)
                continue
            members.append(Member(name=name, url=path, file_size=size))
        if missing:
            raise _missing(self.path, missing, len(names))
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
        return shown(self.path) if "://" in self.path else ""

    def locate(self, names: Sequence[str]) -> list[Member]:
        """Return where each image lies in the zip.

        Raises
        ------
        ImageError
            Images are missing; the message names the first.
        SourceError
            The zip cannot be read.
        """
        directory = read_zip(self.path)
        prefixes = [*(f"{folder}/" for folder in self.folders), ""]
        prefix = max(
            prefixes, key=lambda p: sum(p + name in directory for name in names[:100])
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

    def has(self, name: str) -> bool:
        """Whether an image is in one of the folders."""
        return any(exists(f"{folder}/{name}") for folder in self.folders)

    def locate(self, names: Sequence[str]) -> list[Member]:
        """Return where each image lies, with the size that the server tells.

        Raises
        ------
        SourceError
            An image is not there or cannot be asked for.
        """
        for folder in self.folders:
            if names and exists(f"{folder}/{names[0]}"):
                urls = [f"{folder}/{name}" for name in names]
                return members_at(names, urls)
        tried = ", ".join(shown(folder) for folder in self.folders)
        msg = f"expected {names[0]} and others in one of {tried}: check --source"
        raise MissingError(msg)


@dataclass(frozen=True)
class CocoUrlImages:
    """Images at the ``coco_url`` of their record.

    Attributes
    ----------
    name : str
        What stands before the file name in the key of an image.
    urls : dict of str to str or None
        By file name.
    allowed_hosts : tuple of str
        Hosts that may be asked.
    """

    name: str
    urls: Mapping[str, str | None]
    allowed_hosts: tuple[str, ...]

    @property
    def url(self) -> str:
        """Return the hosts that are asked."""
        return " ".join(self.allowed_hosts)

    def locate(self, names: Sequence[str]) -> list[Member]:
        """Return where each image lies, with the size that the server tells.

        Raises
        ------
        SourceError
            A record has no URL, or one of a host that is not allowed.
        """
        urls = [self.urls[name] for name in names]
        found = [url for url in urls if url]
        if len(found) < len(urls):
            at = urls.index(None)
            msg = (
                f"{names[at]}: its record has no coco_url to get it from: give the"
                " images as a folder or a zip"
            )
            raise SourceError(msg)
        return members_from_urls(names, found, allowed_hosts=self.allowed_hosts)


def _missing(place: str, missing: Sequence[str], total: int) -> ImageError:
    shown_names = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
    return ImageError(
        f"{place}: {len(missing)} of {total} selected images are not there:"
        f" {shown_names}; complete the source and run the same command again"
    )
