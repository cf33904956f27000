"""COCO's records, and the notebook's table of images and categories. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# As the columns store them.
ImageId = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
CategoryId = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class Image(msgspec.Struct, gc=False, frozen=True):
    """One entry of ``images``, with COCO's own field names."""

    id: ImageId
    file_name: str
    width: int
    height: int
    license: int | None = None
    coco_url: str | None = None
    flickr_url: str | None = None


class Category(msgspec.Struct, gc=False, frozen=True):
    """One entry of ``categories``."""

    id: CategoryId
    name: str
    supercategory: str | None = None


class License(msgspec.Struct, gc=False, frozen=True):
    """One entry of ``licenses``."""

    id: int
    name: str
    url: str | None = None


@dataclass(frozen=True)
class CocoTable:
    """The notebook's table: image to the list of its distinct category ids.

    Attributes
    ----------
    name : str
        Name of the annotation file, for messages.
    images : list of Image
        The n images that carry annotations, in order of their first annotation.
    indptr, category_ids : int64[n + 1], int32[m]
        Row i has the categories ``category_ids[indptr[i]:indptr[i + 1]]``, in order
        of first appearance.
    categories : list of Category
        As in the file.
    licenses : list of License
        As in the file.
    num_images, num_annotations : int
        Of the whole file, images without annotations included.
    """

    name: str
    images: list[Image]
    indptr: NDArray[np.int64]
    category_ids: NDArray[np.int32]
    categories: list[Category]
    licenses: list[License]
    num_images: int
    num_annotations: int

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def row_of_entry(self) -> NDArray[np.int64]:
        """Row of each entry of `category_ids`, int64[m]."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def has(self, category_id: int) -> NDArray[np.bool_]:
        """Which rows show `category_id`, bool[n]."""
        mask = np.zeros(len(self), dtype=bool)
        mask[self.row_of_entry[self.category_ids == category_id]] = True
        return mask

    def masks(self, category_ids: Sequence[int]) -> NDArray[np.bool_]:
        """Return which rows show each of the categories, bool[k, n]: one pass."""
        known = np.array([category.id for category in self.categories])
        order = np.argsort(known)
        places = order[np.searchsorted(known, self.category_ids, sorter=order)]
        found = np.zeros((len(known), len(self)), dtype=bool)
        found[places, self.row_of_entry] = True
        wanted = order[np.searchsorted(known, category_ids, sorter=order)]
        chosen: NDArray[np.bool_] = found[wanted]
        return chosen

    def categories_of(self, row: int) -> list[int]:
        """Return the category ids of one row, in order of first appearance."""
        start, stop = self.indptr[row], self.indptr[row + 1]
        return [int(category) for category in self.category_ids[start:stop]]
