"""Find COCO's files below a folder or URL, read the annotations, and draw."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.datasets.coco.parse import read_table
from builder.datasets.coco.selection import select_coco
from builder.errors import SourceError
from builder.selection.contract import ImageGroup, Prepared
from builder.sources.image_stores import (
    CocoUrlImages,
    FolderImages,
    UrlFolderImages,
    ZipImages,
)
from builder.sources.metadata_file import TextFile
from builder.sources.places import Place, given_file, given_images
from builder.sources.urls import host_of, local_path, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.datasets.coco.table import CocoTable
    from builder.selection.recipe import CocoRecipe
    from builder.sources.cache import Cache
    from builder.sources.image_stores import ImageStore

OFFICIAL = "http://images.cocodataset.org"  # cocodataset.org/#download
_ANNOTATION_ZIPS = (
    "annotations_trainval2017.zip",
    "annotations/annotations_trainval2017.zip",
)


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


def prepare_coco(
    recipe: CocoRecipe,
    *,
    source: str | None,
    files: Mapping[str, str],
    cache: Cache,
    allow_hosts: Sequence[str],
    digest: bool,
    progress: Callable[[str, int, int], None] | None,
) -> Prepared:
    """Read the annotations of both splits, and draw.

    The arguments are those of `builder.pipeline.prepare.prepare`, and so are the errors.
    """
    found = find_coco(source, **files)
    tables, inputs = _read_tables(found, cache, progress, digest=digest)
    base = source or OFFICIAL
    stores = {
        split: place.images or _find_by_url(base, place, tables[split], allow_hosts)
        for split, place in found.items()
    }
    folders = {split: store.name for split, store in stores.items()}
    selection = select_coco(tables, folders, recipe)
    images = [
        ImageGroup(
            role=f"{split} images",
            store=store,
            keys=selection.keys(split, selection.union[split]),
            names=selection.files(split),
        )
        for split, store in stores.items()
    ]
    return Prepared(selection, inputs, images)


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
    place = Place(source or OFFICIAL)
    found = {}
    for split, (texts, images, official) in given.items():
        found[split] = CocoSplit(
            annotations=given_file(texts) or _find_annotations(place, official),
            images=given_images(images, official) or _find_images(place, official),
            official=official,
        )
    return found


def _find_annotations(place: Place, official: str) -> TextFile:
    unpacked = f"annotations/instances_{official}.json"
    found = place.find((unpacked,))
    if found:
        return TextFile(found)
    found = place.find(_ANNOTATION_ZIPS)
    if found:
        return TextFile(found, unpacked)
    raise place.not_found((unpacked, *_ANNOTATION_ZIPS))


def _find_images(place: Place, official: str) -> ImageStore | None:
    if place.folder is not None and (place.folder / official).is_dir():
        return FolderImages(str(place.folder / official), official)
    found = place.find((f"{official}.zip", f"zips/{official}.zip"))
    return ZipImages(found, official, (official,)) if found else None


def _read_tables(
    found: Mapping[str, CocoSplit],
    cache: Cache,
    progress: Callable[[str, int, int], None] | None,
    *,
    digest: bool,
) -> tuple[dict[str, CocoTable], list[dict[str, Any]]]:
    tables, inputs = {}, []
    for split, place in found.items():
        role = f"{split} annotations"
        with (
            place.annotations.open(cache, progress) as view,
            ThreadPoolExecutor(1) as pool,  # hashing leaves the interpreter free
        ):
            if digest:
                described = pool.submit(place.annotations.describe, role, view)
            tables[split] = read_table(view, name=place.annotations.name)
            if digest:
                inputs.append(described.result())
    return tables, inputs


def _find_by_url(
    base: str, place: CocoSplit, table: CocoTable, allow_hosts: Sequence[str]
) -> ImageStore:
    """Return where images without folder or zip are: below the source, or anywhere."""
    is_remote = local_path(base) is None
    folder = UrlFolderImages((f"{base.rstrip('/')}/{place.official}",), place.official)
    if is_remote and table.images and folder.has(table.images[0].file_name):
        return folder
    hosts = (*((host_of(base),) if is_remote else ()), *allow_hosts)
    first = table.images[0].coco_url if table.images else None
    if not allow_hosts and not (first and host_of(first) in hosts):
        msg = (
            f"{shown(base)}: expected {place.official}/, {place.official}.zip or"
            f" zips/{place.official}.zip, found none of them: check --source, or get"
            " each image from its coco_url with --allow-host images.cocodataset.org"
        )
        raise SourceError(msg)
    urls = {image.file_name: image.coco_url for image in table.images}
    return CocoUrlImages(place.official, urls, hosts)
