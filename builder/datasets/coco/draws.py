"""What was drawn from COCO: the tables, and rows of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from builder.datasets.coco.recipe import CocoRecipe
    from builder.datasets.coco.table import Category, CocoTable, Image
    from builder.sources.image_stores import ImageStore


@dataclass(frozen=True)
class CocoDraws:
    """What was drawn from COCO.

    Attributes
    ----------
    recipe : CocoRecipe
    targets : tuple of Category
        In the recipe's order.
    tables : dict of str to CocoTable
        By split, ``train`` and ``test``.
    stores : dict of str to ImageStore
        By split: where the images are, and what stands before their name in a key.
    draws : dict of str to int64[t, k]
        By split: the rows drawn for each target, in draw order.
    sizes : int32[n, 2], optional
        Width and height of each image as it is written, where it was resized.
    """

    recipe: CocoRecipe
    targets: tuple[Category, ...]
    tables: Mapping[str, CocoTable]
    stores: Mapping[str, ImageStore]
    draws: Mapping[str, NDArray[np.int64]]
    sizes: NDArray[np.int32] | None = None

    @cached_property
    def union(self) -> dict[str, NDArray[np.int64]]:
        """Rows drawn for any target, by split, in table order."""
        return {split: np.unique(rows) for split, rows in self.draws.items()}

    @cached_property
    def records(self) -> dict[str, list[Image]]:
        """The record of each image of the union, by split, in table order."""
        return {
            split: [table.images[row] for row in self.union[split].tolist()]
            for split, table in self.tables.items()
        }

    @cached_property
    def first(self) -> dict[str, int]:
        """Number of the first image of each split."""
        sizes = [len(rows) for rows in self.union.values()]
        starts = np.cumsum([0, *sizes[:-1]]).tolist()
        return dict(zip(self.union, starts, strict=True))

    @cached_property
    def keys(self) -> dict[str, list[str]]:
        """Key of each image of the union, by split, as in the notebook's table."""
        return {
            split: [f"{self.stores[split].name}/{image.file_name}" for image in images]
            for split, images in self.records.items()
        }

    @cached_property
    def stated_sizes(self) -> NDArray[np.int32]:
        """Width and height of each image that the annotations state, int32[n, 2]."""
        images = [image for split in self.tables for image in self.records[split]]
        sizes = [(image.width, image.height) for image in images]
        return np.array(sizes, dtype=np.int32).reshape(-1, 2)

    @property
    def written_sizes(self) -> NDArray[np.int32]:
        """Width and height of each image as it is written, int32[n, 2]."""
        return self.stated_sizes if self.sizes is None else self.sizes

    def places(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where rows of the table stand in the union of their split."""
        found: NDArray[np.int64] = np.searchsorted(self.union[split], rows)
        return found

    def numbers(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the image of each of these rows of the table."""
        found: NDArray[np.int64] = self.first[split] + self.places(split, rows)
        return found

    def describe(self, split: str, place: int) -> dict[str, Any]:
        """Return what the columns say of one image, whatever it was drawn for.

        Parameters
        ----------
        split : str
        place : int
            Of the image in the union of the split.
        """
        image = self.records[split][place]
        width, height = self.written_sizes[self.first[split] + place].tolist()
        return {
            "image_id": image.id,
            "file_name": image.file_name,
            "width": width,
            "height": height,
            "license": self.tables[split].license_of(image),
            "coco_url": image.coco_url,
            "flickr_url": image.flickr_url,
        }
