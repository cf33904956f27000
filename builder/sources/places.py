"""Look for files below a folder or URL, and take those that an option names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import SourceError
from builder.sources.find import exists
from builder.sources.image_stores import FolderImages, UrlFolderImages, ZipImages
from builder.sources.metadata_file import MetadataFile
from builder.sources.urls import local_path, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.sources.image_stores import ImageStore
    from builder.sources.remote import Remote


class Place:
    """A folder or URL to look below, which is not looked at before it must be."""

    def __init__(self, base: str, remote: Remote) -> None:
        self.base = base.rstrip("/") or "/"
        self.remote = remote
        self._checked = False

    @property
    def folder(self) -> Path | None:
        """The folder, if it is local."""
        local = local_path(self.base)
        if local is not None and not self._checked:
            if not local.is_dir():
                msg = f"{self.base}: expected a folder, found none: check --source"
                raise SourceError(msg)
            self._checked = True
        return local

    def find(self, names: Sequence[str]) -> str | None:
        """Return the first of the files that is there, with its full path or URL."""
        for name in names:
            if self.folder is not None:
                if (self.folder / name).is_file():
                    return str(self.folder / name)
            elif exists(self.remote, f"{self.base}/{name}"):
                return f"{self.base}/{name}"
        return None

    def not_found(self, names: Sequence[str]) -> SourceError:
        """Return the error for files none of which is there."""
        return SourceError(
            f"{shown(self.base)}: expected {' or '.join(names)}, found none of them:"
            " check --source"
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
    local = local_path(path)
    if local is not None and not local.is_file():
        msg = f"{path}: expected a file, found none: check the option that names it"
        raise SourceError(msg)
    return MetadataFile(path if local is None else str(local))


def given_images(path: str | None, name: str) -> ImageStore | None:
    """Return the folder or zip of images that an option names, if it is given.

    Parameters
    ----------
    path : str or None
        Local path or URL.
    name : str
        What stands before a file name in the key of an image.

    Raises
    ------
    SourceError
        It is not there.
    """
    if path is None:
        return None
    base = path.rstrip("/")
    stem = shown(base).rsplit("/", 1)[-1].removesuffix(".zip")
    local = local_path(path)
    if local is None:
        if shown(base).endswith(".zip"):
            return ZipImages(base, name, (name, stem))
        return UrlFolderImages((base,), name)
    if local.is_dir():
        return FolderImages((str(local),), name)
    if local.is_file():
        return ZipImages(str(local), name, (name, stem))
    msg = f"{path}: expected a folder or a zip of images, found none: check the option"
    raise SourceError(msg)
