"""COCO's records, and the notebook's table of images and categories. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from builder.datasets.coco.images_table import Image, Images

# As the columns store them; ids beyond 32 bits make theirs wider.
CategoryId = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Category(msgspec.Struct, gc=False, frozen=True):
    """One entry of ``categories``."""

    id: CategoryId
    name: str
    supercategory: str | None = None


class License(msgspec.Struct, gc=False, frozen=True):
    """One entry of ``licenses``."""

    id: int | str
    name: str


@dataclass(frozen=True)
class CocoTable:
    """The notebook's table: image to the list of its distinct category ids.

    Attributes
    ----------
    name : str
        Name of the annotation file, for messages.
    images : Images
        The n images that carry annotations, in order of their first annotation; then,
        where they were asked for, those without any, in the order of the file.
    indptr, category_ids : int64[n + 1], int32[m]
        Row i has the categories ``category_ids[indptr[i]:indptr[i + 1]]``, in order
        of first appearance. The ids are int64 where one of `categories` needs it.
    categories : list of Category
        As in the file.
    licenses : list of License
        As in the file, but for those without a name.
    num_images, num_annotations : int
        Of the whole file, images without annotations included.
    image_ids : int32[k] or int64[k]
        Image of each annotation of the whole file, in its order, by its id.
    renumbered : dict of int to int
        From an id of a category in the file to its id here, where they differ.
    """

    name: str
    images: Images
    indptr: NDArray[np.int64]
    category_ids: NDArray[np.int32] | NDArray[np.int64]
    categories: list[Category]
    licenses: list[License]
    num_images: int
    num_annotations: int
    image_ids: NDArray[np.int32] | NDArray[np.int64]
    renumbered: Mapping[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def presence(self) -> NDArray[np.bool_]:
        """Which rows show each category, bool[c, n], in the order of `categories`.

        One byte an entry, 9.4 MB for the 80 categories of train2017: made anew, in
        10 ms, each time that it is asked for.
        """
        rows = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        found = np.zeros((len(self.categories), len(self)), dtype=bool)
        found[self._places, rows] = True
        return found

    @cached_property
    def position(self) -> dict[int, int]:
        """Place of each category among `categories`, by its id."""
        return {category.id: place for place, category in enumerate(self.categories)}

    @property
    def num_annotated(self) -> int:
        """Number of rows with at least one category."""
        return int(np.count_nonzero(np.diff(self.indptr)))

    @property
    def has_wide_ids(self) -> bool:
        """Whether the ids of the categories need 64 bits."""
        return self.category_ids.dtype == np.int64

    def rows_of(self, category_id: int) -> NDArray[np.int64]:
        """Return the rows that show `category_id`, int64[k], in ascending order."""
        place = self.position[category_id]
        rows, starts = self._rows_by_category
        return rows[starts[place] : starts[place + 1]]

    def has(self, category_id: int) -> NDArray[np.bool_]:
        """Which rows show `category_id`, bool[n]; `presence` is not made for it."""
        shown = np.zeros(len(self), dtype=bool)
        shown[self.rows_of(category_id)] = True
        return shown

    @cached_property
    def _rows_by_category(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of each category after those of the one before; where each starts.

        As many as there are `category_ids`: for 1,200 categories of 100,000 images a
        tenth of `presence`.
        """
        # Place and row as one number: sorting them is several times as fast as an
        # argsort, and their product fits: see `first_appearances`.
        packed = self._places * max(1, len(self))
        packed += np.repeat(np.arange(len(self)), np.diff(self.indptr))
        packed.sort()
        counts = np.bincount(self._places, minlength=len(self.categories))
        starts = np.concatenate(([0], np.cumsum(counts)))
        packed %= max(1, len(self))
        return packed, starts

    @property
    def _places(self) -> NDArray[np.int64]:
        """Place of each of `category_ids` among `categories`."""
        known = np.array([category.id for category in self.categories], dtype=np.int64)
        order = np.argsort(known)
        places: NDArray[np.int64] = order[
            np.searchsorted(known, self.category_ids, sorter=order)
        ]
        return places

    @cached_property
    def _license_names(self) -> dict[str, str]:
        return {str(entry.id): entry.name for entry in self.licenses}

    def license_of(self, image: Image) -> str | None:
        """Return the name of an image's licence, where it states one.

        That of the entry of `licenses` with its id; a text that is no id is a name.
        """
        name = None if isinstance(image.license, int) else image.license
        return self._license_names.get(str(image.license), name) or None

    def categories_of(self, row: int) -> list[int]:
        """Return the category ids of one row, in order of first appearance."""
        start, stop = self.indptr[row], self.indptr[row + 1]
        return [int(category) for category in self.category_ids[start:stop]]
