"""Find the official layouts below a folder or URL, and read their metadata."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import tempfile
import zipfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import SourceError
from builder.fetch import fetch, find_file, needed
from builder.image_stores import FolderImages, UrlFolderImages, ZipImages
from builder.remote import exists, read_zip
from builder.urls import local_path, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.cache import Cache
    from builder.image_stores import ImageStore
    from builder.model import Member

    Progress = Callable[[str, int, int], None]

# The official servers (cocodataset.org/#download, challenge2020.isic-archive.com).
OFFICIAL = {
    "coco_stuff_trimmed": "http://images.cocodataset.org",
    "siim_isic_small": "https://isic-challenge-data.s3.amazonaws.com/2020",
}
_ANNOTATION_ZIPS = (
    "annotations_trainval2017.zip",
    "annotations/annotations_trainval2017.zip",
)
_ISIC_METADATA = (
    "ISIC_2020_Training_GroundTruth.csv",
    "ISIC_2020_Training_GroundTruth_v2.csv",
    "train.csv",
    "metadata.csv",
)
_ISIC_FOLDERS = ("train", "jpeg/train")
_ISIC_ZIP = "ISIC_2020_Training_JPEG.zip"
_ISIC_DUPLICATES = "ISIC_2020_Training_Duplicates.csv"


@dataclass(frozen=True)
class TextFile:
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
        return shown(self.path) if "://" in self.path else ""

    @contextmanager
    def open(
        self, cache: Cache, progress: Progress | None = None
    ) -> Iterator[memoryview]:
        """Map its bytes; a remote one is fetched into the cache first.

        Raises
        ------
        SourceError
            It is not there, or cannot be read.
        """
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self._local(cache, progress))
                view = stack.enter_context(_mapped(file.fileno()))
            except (OSError, zipfile.BadZipFile, KeyError, EOFError) as err:
                msg = (
                    f"{shown(self.path)}: cannot read {self.name}:"
                    f" {' '.join(str(err).split())}; give another source"
                )
                raise SourceError(msg) from err
            yield view

    @contextmanager
    def _local(
        self, cache: Cache, progress: Progress | None
    ) -> Iterator[tempfile._TemporaryFileWrapper[bytes]]:
        """Open a local copy: the file itself, or what came out of cache or zip."""
        local = local_path(self.path)
        if local is None:
            member = (
                read_zip(self.path)[self.member]
                if self.member
                else find_file(self.path)
            )
            local = _fetch_one(member, cache, progress)
        elif self.member:
            with zipfile.ZipFile(local) as archive, tempfile.TemporaryFile() as copy:
                with archive.open(self.member) as packed:
                    shutil.copyfileobj(packed, copy, 1 << 20)
                copy.flush()
                yield copy  # type: ignore[misc]
            return
        with local.open("rb") as file:
            yield file  # type: ignore[misc]


def _fetch_one(member: Member, cache: Cache, progress: Progress | None) -> Path:
    total = needed([member], cache).bytes_to_fetch

    def report(moved: int) -> None:
        if progress is not None:
            progress("metadata", moved, total)

    return Path(fetch([member], cache=cache, progress=report)[0].url)


def sha256(view: memoryview) -> str:
    """Return the digest of a whole file."""
    return hashlib.sha256(view).hexdigest()


@contextmanager
def _mapped(number: int) -> Iterator[memoryview]:
    """Map an open file into memory; an empty one cannot be mapped."""
    if os.fstat(number).st_size == 0:
        yield memoryview(b"")
        return
    mapped = mmap.mmap(number, 0, access=mmap.ACCESS_READ)
    view = memoryview(mapped)
    try:
        yield view
    finally:
        # The frames of an error may hold parts of it; then it closes with them.
        with suppress(BufferError):
            view.release()
            mapped.close()


@dataclass(frozen=True)
class CocoSplit:
    """Source of one split of COCO.

    Attributes
    ----------
    annotations : TextFile
    images : ImageStore or None
        None where there is neither a folder nor a zip of them.
    official : str
        ``train2017`` or ``val2017``.
    """

    annotations: TextFile
    images: ImageStore | None
    official: str


@dataclass(frozen=True)
class IsicSource:
    """Source of SIIM-ISIC."""

    metadata: TextFile
    images: ImageStore
    duplicates: TextFile | None


def find_coco(
    source: str | None,
    *,
    train_annotations: str | None = None,
    train_images: str | None = None,
    test_annotations: str | None = None,
    test_images: str | None = None,
) -> dict[str, CocoSplit]:
    """Return the source of ``train`` and of ``test``.

    Parameters
    ----------
    source : str or None
        Folder or URL with one of the official layouts; the official server, if
        neither it nor all single files are given.
    train_annotations, train_images, test_annotations, test_images : str or None
        Files and folders of any COCO-format dataset; each goes before `source`.

    Raises
    ------
    SourceError
        Something is not there.
    """
    given = {
        "train": (train_annotations, train_images, "train2017"),
        "test": (test_annotations, test_images, "val2017"),
    }
    place = _Place(source, "coco_stuff_trimmed")
    found = {}
    for split, (texts, images, official) in given.items():
        found[split] = CocoSplit(
            annotations=_given_file(texts) or _find_annotations(place, official),
            images=_given_images(images, official) or _find_images(place, official),
            official=official,
        )
    return found


def find_isic(
    source: str | None,
    *,
    metadata: str | None = None,
    images: str | None = None,
    duplicates: str | None = None,
) -> IsicSource:
    """Return the source of SIIM-ISIC; the options go before `source`.

    Raises
    ------
    SourceError
        Something is not there.
    """
    place = _Place(source, "siim_isic_small")
    twins = _given_file(duplicates)
    if twins is None and (source or not (metadata and images)):
        found = place.find((_ISIC_DUPLICATES,))
        twins = TextFile(found) if found else None
    return IsicSource(
        metadata=_given_file(metadata) or _find_metadata(place),
        images=_given_images(images, "images") or _find_isic_images(place),
        duplicates=twins,
    )


class _Place:
    """A folder or URL to look below, which is not looked at before it must be."""

    def __init__(self, source: str | None, dataset: str) -> None:
        self.base = (source or OFFICIAL[dataset]).rstrip("/") or "/"
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
            elif exists(f"{self.base}/{name}"):
                return f"{self.base}/{name}"
        return None

    def not_found(self, names: Sequence[str]) -> SourceError:
        """Return the error for files none of which is there."""
        return SourceError(
            f"{shown(self.base)}: expected {' or '.join(names)}, found none of them:"
            " check --source"
        )


def _given_file(path: str | None) -> TextFile | None:
    if path is None:
        return None
    local = local_path(path)
    if local is not None and not local.is_file():
        msg = f"{path}: expected a file, found none: check the option that names it"
        raise SourceError(msg)
    return TextFile(path if local is None else str(local))


def _given_images(path: str | None, name: str) -> ImageStore | None:
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
        return FolderImages(str(local), name)
    if local.is_file():
        return ZipImages(str(local), name, (name, stem))
    msg = f"{path}: expected a folder or a zip of images, found none: check the option"
    raise SourceError(msg)


def _find_annotations(place: _Place, official: str) -> TextFile:
    unpacked = f"annotations/instances_{official}.json"
    found = place.find((unpacked,))
    if found:
        return TextFile(found)
    found = place.find(_ANNOTATION_ZIPS)
    if found:
        return TextFile(found, unpacked)
    raise place.not_found((unpacked, *_ANNOTATION_ZIPS))


def _find_images(place: _Place, official: str) -> ImageStore | None:
    if place.folder is not None and (place.folder / official).is_dir():
        return FolderImages(str(place.folder / official), official)
    found = place.find((f"{official}.zip", f"zips/{official}.zip"))
    return ZipImages(found, official, (official,)) if found else None


def _find_metadata(place: _Place) -> TextFile:
    found = place.find(_ISIC_METADATA)
    if not found:
        raise place.not_found(_ISIC_METADATA)
    return TextFile(found)


def _find_isic_images(place: _Place) -> ImageStore:
    for name in _ISIC_FOLDERS:
        if place.folder is not None and (place.folder / name).is_dir():
            return FolderImages(str(place.folder / name), "images")
    found = place.find((_ISIC_ZIP,))
    if found:
        return ZipImages(found, "images", _ISIC_FOLDERS)
    if place.folder is not None:
        return FolderImages(str(place.folder), "images")
    folders = [f"{place.base}/{name}" for name in _ISIC_FOLDERS]
    return UrlFolderImages((*folders, place.base), "images")
