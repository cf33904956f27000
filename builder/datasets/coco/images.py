"""Where the images of annotations in COCO's format are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.datasets.coco.table import CocoTable
    from builder.datasets.files import Files
    from builder.sources.image_stores import ImageStore


def images_of(
    files: Files, tables: Mapping[str, CocoTable], *, shared: bool = False
) -> dict[str, ImageStore]:
    """Return where the images of every split are.

    Parameters
    ----------
    files : Files
    tables : dict of str to CocoTable
    shared : bool
        Whether all splits are parts of one source.
    """
    if not shared:
        return {split: _images(files, split, tables[split]) for split in tables}
    store = _images(files, "", next(iter(tables.values())))
    return dict.fromkeys(tables, store)


def _images(files: Files, split: str, table: CocoTable) -> ImageStore:
    """Return where the images of a split are: below the source, or at their URLs."""
    from builder.sources.image_stores import UrlImages  # the help needs none of it
    from builder.sources.urls import host_of

    first = table.images[0] if table.images else None
    option = option_of(split, "images")
    found = files.images(option, first=first.file_name if first else None)
    if found is not None:
        return found
    hosts = (*((files.host,) if files.host else ()), *files.allow_hosts)
    url = first.coco_url if first else None
    if not files.allow_hosts and not (url and host_of(url) in hosts):
        raise files.missing_images(
            option,
            "check --source, or get each image from its coco_url with --allow-host"
            " images.cocodataset.org",
        )
    name = next(entry.name for entry in files.inputs if entry.option == option)
    urls = {image.file_name: image.coco_url for image in table.images}
    return UrlImages(name, urls, "coco_url", hosts)


def option_of(split: str, name: str) -> str:
    """Return the option of an input of a split; of the one source, without a split."""
    return f"{split}_{name}" if split else name
