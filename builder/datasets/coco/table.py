"""COCO's records, and the notebook's table of images and categories. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

if TYPE_CHECKING:
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
    def presence(self) -> NDArray[np.bool_]:
        """Which rows show each category, bool[c, n], in the order of `categories`.

        One byte an entry: 9.4 MB for the 80 categories of train2017.
        """
        known = np.array([category.id for category in self.categories], dtype=np.int64)
        order = np.argsort(known)
        places = order[np.searchsorted(known, self.category_ids, sorter=order)]
        rows = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        found = np.zeros((len(known), len(self)), dtype=bool)
        found[places, rows] = True
        return found

    @cached_property
    def position(self) -> dict[int, int]:
        """Place of each category among `categories`, by its id."""
        return {category.id: place for place, category in enumerate(self.categories)}

    def has(self, category_id: int) -> NDArray[np.bool_]:
        """Which rows show `category_id`, bool[n]."""
        shown: NDArray[np.bool_] = self.presence[self.position[category_id]]
        return shown

    @cached_property
    def _license_names(self) -> dict[int, str]:
        return {entry.id: entry.name for entry in self.licenses}

    def license_of(self, image: Image) -> str | None:
        """Return the name of an image's licence, where it states one."""
        if image.license is None:
            return None
        return self._license_names.get(image.license)

    def categories_of(self, row: int) -> list[int]:
        """Return the category ids of one row, in order of first appearance."""
        start, stop = self.indptr[row], self.indptr[row + 1]
        return [int(category) for category in self.category_ids[start:stop]]
