"""Find SIIM-ISIC's files below a folder or URL, read the metadata, and select."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.datasets.isic.parse import read_duplicates, read_metadata
from builder.datasets.isic.selection import select_isic
from builder.selection.contract import ImageGroup, Prepared
from builder.sources.image_stores import FolderImages, UrlFolderImages, ZipImages
from builder.sources.metadata_file import TextFile
from builder.sources.places import Place, given_file, given_images

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.selection.recipe import IsicRecipe
    from builder.sources.cache import Cache
    from builder.sources.image_stores import ImageStore

# challenge2020.isic-archive.com
OFFICIAL = "https://isic-challenge-data.s3.amazonaws.com/2020"
_METADATA = (
    "ISIC_2020_Training_GroundTruth.csv",
    "ISIC_2020_Training_GroundTruth_v2.csv",
    "train.csv",
    "metadata.csv",
)
_FOLDERS = ("train", "jpeg/train")
_ZIP = "ISIC_2020_Training_JPEG.zip"
_DUPLICATES = "ISIC_2020_Training_Duplicates.csv"


@dataclass(frozen=True)
class IsicSource:
    """Source of SIIM-ISIC."""

    metadata: TextFile
    images: ImageStore
    duplicates: TextFile | None


def prepare_isic(
    recipe: IsicRecipe,
    *,
    source: str | None,
    files: Mapping[str, str],
    cache: Cache,
    digest: bool,
    progress: Callable[[str, int, int], None] | None,
) -> Prepared:
    """Read the metadata, and the official duplicates if there are any; select.

    The arguments are those of `builder.pipeline.prepare.prepare`, and so are the errors.
    """
    found = find_isic(source, **files)
    inputs = []
    with found.metadata.open(cache, progress) as view:
        metadata = read_metadata(bytes(view), name=found.metadata.name)
        if digest:
            inputs.append(found.metadata.describe("metadata", view))
    pairs = None
    if found.duplicates:
        with found.duplicates.open(cache, progress) as view:
            pairs = read_duplicates(bytes(view), name=found.duplicates.name)
            if digest:
                role = "official duplicates"
                inputs.append(found.duplicates.describe(role, view))
    selection = select_isic(
        metadata, recipe, name=found.metadata.name, official_duplicates=pairs
    )
    images = ImageGroup("images", found.images, selection.keys, selection.image_files)
    return Prepared(selection, inputs, [images])


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
    place = Place(source or OFFICIAL)
    twins = given_file(duplicates)
    if twins is None and (source or not (metadata and images)):
        found = place.find((_DUPLICATES,))
        twins = TextFile(found) if found else None
    return IsicSource(
        metadata=given_file(metadata) or _find_metadata(place),
        images=given_images(images, "images") or _find_images(place),
        duplicates=twins,
    )


def _find_metadata(place: Place) -> TextFile:
    found = place.find(_METADATA)
    if not found:
        raise place.not_found(_METADATA)
    return TextFile(found)


def _find_images(place: Place) -> ImageStore:
    for name in _FOLDERS:
        if place.folder is not None and (place.folder / name).is_dir():
            return FolderImages(str(place.folder / name), "images")
    found = place.find((_ZIP,))
    if found:
        return ZipImages(found, "images", _FOLDERS)
    if place.folder is not None:
        return FolderImages(str(place.folder), "images")
    folders = [f"{place.base}/{name}" for name in _FOLDERS]
    return UrlFolderImages((*folders, place.base), "images")
