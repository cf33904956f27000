"""COCO 2017 as a `Dataset`: its inputs, and how it is selected, told and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.datasets.base import Card, DemoSource
from builder.datasets.coco.official import OFFICIAL
from builder.datasets.coco.recipe import CocoRecipe
from builder.datasets.inputs import Input

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.datasets.coco.selection import CocoSelection
    from builder.datasets.coco.table import CocoTable
    from builder.datasets.files import Files
    from builder.datasets.inputs import Official
    from builder.sources.image_stores import ImageStore

_ZIPS = (
    "annotations_trainval2017.zip",
    "annotations/annotations_trainval2017.zip",  # as on the official server
)


def _inputs() -> tuple[Input, ...]:
    """Return annotations and images of each split, with where COCO has them."""
    found = []
    for split, folder in (("train", "train2017"), ("test", "val2017")):
        unpacked = f"annotations/instances_{folder}.json"
        found += [
            Input(
                role=f"{split} annotations",
                option=f"{split}_annotations",
                kind="table",
                places=(unpacked, *(f"{name}::{unpacked}" for name in _ZIPS)),
            ),
            Input(
                role=f"{split} images",
                option=f"{split}_images",
                kind="images",
                places=(f"{folder}/", f"{folder}.zip", f"zips/{folder}.zip"),
                name=folder,
            ),
        ]
    return tuple(found)


@dataclass(frozen=True)
class Coco:
    """A dataset in COCO's format, trimmed to balanced draws of some of its classes."""

    name: str = "coco_stuff_trimmed"
    recipe: type[CocoRecipe] = CocoRecipe
    inputs: tuple[Input, ...] = _inputs()
    official: Official | None = OFFICIAL
    has_urls: bool = True

    def select(self, files: Files, recipe: CocoRecipe) -> CocoSelection:
        """Read the annotations of both splits, and draw; see `Dataset.select`."""
        from builder.datasets.coco.parse import read_table
        from builder.datasets.coco.selection import select_coco

        tables = {}
        for split in ("train", "test"):
            with files.open(f"{split}_annotations") as table:
                assert table is not None  # noqa: S101 (the input is needed)
                tables[split] = read_table(table.data, name=table.name)
        stores = {split: _images(files, split, tables[split]) for split in tables}
        return select_coco(tables, stores, recipe)

    def card(self) -> Card:
        """Return the prose of the dataset's folder, and its blocks."""
        from importlib.resources import files as resources

        from builder.datasets.coco.card import BLOCKS

        prose = resources(self.name) / "README.md"
        return Card(prose.read_text(encoding="utf-8"), BLOCKS)

    def remarks(self, record: Mapping[str, Any]) -> list[str]:
        """Return nothing: every config can be made."""
        del record
        return []

    def demo(self, folder: Path) -> DemoSource[CocoRecipe]:
        """Draw scenes, and take enough for draws with and without replacement."""
        from builder.datasets.painted.coco import paint_coco

        recipe = CocoRecipe(train_samples=20, test_samples=12)
        return DemoSource(paint_coco(folder), recipe, ("default", "car"))


def _images(files: Files, split: str, table: CocoTable) -> ImageStore:
    """Return where the images of a split are: below the source, or at their URLs."""
    from builder.sources.image_stores import UrlImages  # the help needs none of it
    from builder.sources.urls import host_of

    first = table.images[0] if table.images else None
    option = f"{split}_images"
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


COCO = Coco()
