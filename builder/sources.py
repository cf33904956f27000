"""Find the official layouts in a folder, and where the image of each name lies."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from builder.errors import ImageError, SourceError
from builder.model import Member
from builder.zips import read_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        Of the file, or of the zip.
    member : str
        Name in the zip; empty for a file of its own.
    """

    path: str
    member: str = ""

    @property
    def name(self) -> str:
        """Its own name, without the place where it lies."""
        return Path(self.member or self.path).name

    @contextmanager
    def open(self) -> Iterator[memoryview]:
        """Map its bytes; what is in a zip is inflated to a temporary file first."""
        try:
            if not self.member:
                with open(self.path, "rb") as file, _mapped(file) as view:  # noqa: PTH123
                    yield view
                return
            with (
                zipfile.ZipFile(self.path) as archive,
                tempfile.TemporaryFile() as inflated,
            ):
                with archive.open(self.member) as packed:
                    shutil.copyfileobj(packed, inflated, 1 << 20)
                inflated.flush()
                with _mapped(inflated) as view:
                    yield view
        except (OSError, zipfile.BadZipFile, KeyError) as err:
            msg = f"{self.path}: cannot read {self.name}: {err}; give another source"
            raise SourceError(msg) from err

    def read(self) -> bytes:
        """Return its bytes."""
        with self.open() as view:
            return bytes(view)


def sha256(view: memoryview) -> str:
    """Return the digest of a whole file."""
    return hashlib.sha256(view).hexdigest()


@contextmanager
def _mapped(file: object) -> Iterator[memoryview]:
    """Map an open file into memory; an empty one cannot be mapped."""
    number = file.fileno()  # type: ignore[attr-defined]
    if os.fstat(number).st_size == 0:
        yield memoryview(b"")
        return
    with mmap.mmap(number, 0, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        try:
            yield view
        finally:
            view.release()


class ImageStore(Protocol):
    """Where images come from."""

    @property
    def name(self) -> str:
        """What stands before a file name in the key of an image."""

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
            raise missing_images(self.path, missing, len(names))
        return members


@dataclass(frozen=True)
class ZipImages:
    """Images that are members of a zip, which is never unpacked.

    Attributes
    ----------
    path : str
        Of the zip.
    name : str
        What stands before the file name in the key of an image. In the zip it may
        stand there or not.
    folders : tuple of str
        Folders in which the zip may hold the images, besides its top.
    """

    path: str
    name: str
    folders: tuple[str, ...]

    def locate(self, names: Sequence[str]) -> list[Member]:
        """Return where each image lies in the zip.

        Raises
        ------
        ImageError
            Images are missing; the message names the first.
        SourceError
            The zip cannot be read.
        """
        with open(self.path, "rb") as file:  # noqa: PTH123
            directory = read_directory(file, url=self.path)
        prefixes = [*(f"{folder}/" for folder in self.folders), ""]
        prefix = max(
            prefixes, key=lambda p: sum(p + name in directory for name in names[:100])
        )
        missing = [name for name in names if prefix + name not in directory]
        if missing:
            raise missing_images(self.path, missing, len(names))
        return [directory[prefix + name] for name in names]


def missing_images(place: str, missing: Sequence[str], total: int) -> ImageError:
    """Return the error for images that a source does not have."""
    shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
    return ImageError(
        f"{place}: {len(missing)} of {total} selected images are not there:"
        f" {shown}; complete the source and run the same command again"
    )


@dataclass(frozen=True)
class CocoSplit:
    """Source of one split of COCO."""

    annotations: TextFile
    images: ImageStore


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
        Folder with one of the official layouts.
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
    found = {}
    for split, (texts, images, official) in given.items():
        found[split] = CocoSplit(
            annotations=_given_file(texts)
            or _find_annotations(_folder(source), official),
            images=_given_images(images, official)
            or _find_images(_folder(source), official),
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
    folder = _folder(source) if source or not (metadata and images) else None
    table = _given_file(metadata)
    if table is None:
        names = [n for n in _ISIC_METADATA if folder and (folder / n).is_file()]
        if not names:
            raise _not_found(folder, _ISIC_METADATA)
        table = TextFile(str(Path(str(folder)) / names[0]))
    twins = _given_file(duplicates)
    if twins is None and folder and (folder / _ISIC_DUPLICATES).is_file():
        twins = TextFile(str(folder / _ISIC_DUPLICATES))
    return IsicSource(
        metadata=table,
        images=_given_images(images, "images") or _find_isic_images(folder),
        duplicates=twins,
    )


def _folder(source: str | None) -> Path:
    if source is None:
        msg = (
            "no source: give --source with a folder in one of the official layouts,"
            " or all files by their own options"
        )
        raise SourceError(msg)
    folder = Path(source)
    if not folder.is_dir():
        msg = f"{source}: expected a folder with a source, found none: check --source"
        raise SourceError(msg)
    return folder


def _given_file(path: str | None) -> TextFile | None:
    if path is None:
        return None
    if not Path(path).is_file():
        msg = f"{path}: expected a file, found none: check the option that names it"
        raise SourceError(msg)
    return TextFile(path)


def _given_images(path: str | None, name: str) -> ImageStore | None:
    if path is None:
        return None
    if Path(path).is_dir():
        return FolderImages(path, name)
    if Path(path).is_file():
        return ZipImages(path, name, (name, Path(path).stem))
    msg = f"{path}: expected a folder or a zip of images, found none: check the option"
    raise SourceError(msg)


def _find_annotations(folder: Path, official: str) -> TextFile:
    unpacked = f"annotations/instances_{official}.json"
    if (folder / unpacked).is_file():
        return TextFile(str(folder / unpacked))
    for name in _ANNOTATION_ZIPS:
        if (folder / name).is_file():
            return TextFile(str(folder / name), unpacked)
    raise _not_found(folder, (unpacked, *_ANNOTATION_ZIPS))


def _find_images(folder: Path, official: str) -> ImageStore:
    if (folder / official).is_dir():
        return FolderImages(str(folder / official), official)
    zips = (f"{official}.zip", f"zips/{official}.zip")
    for name in zips:
        if (folder / name).is_file():
            return ZipImages(str(folder / name), official, (official,))
    raise _not_found(folder, (f"{official}/", *zips))


def _find_isic_images(folder: Path | None) -> ImageStore:
    for name in _ISIC_FOLDERS:
        if folder and (folder / name).is_dir():
            return FolderImages(str(folder / name), "images")
    if folder and (folder / _ISIC_ZIP).is_file():
        return ZipImages(str(folder / _ISIC_ZIP), "images", _ISIC_FOLDERS)
    return FolderImages(str(folder), "images")


def _not_found(folder: Path | None, names: Sequence[str]) -> SourceError:
    return SourceError(
        f"{folder}: expected {' or '.join(names)}, found none of them: check --source"
    )
