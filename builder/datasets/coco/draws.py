"""What was drawn from COCO: the tables, and rows of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from builder.selection.names import config_names, plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.coco.context_sets import ContextSet
    from builder.datasets.coco.images_table import Image
    from builder.datasets.coco.objects import Objects
    from builder.datasets.coco.stuff import Stuff
    from builder.datasets.coco.table import Category, CocoTable
    from builder.selection.recipe import Recipe
    from builder.sources.image_stores import ImageStore

    ReadObjects = Callable[[NDArray[np.int64]], Objects]


@dataclass(frozen=True)
class CocoDraws:
    """What was drawn from COCO.

    Attributes
    ----------
    recipe : Recipe
    targets : tuple of Category
        In the recipe's order; those that have a config of their own.
    tables : dict of str to CocoTable
        By split, with the same categories.
    stores : dict of str to ImageStore
        By split: where the images are.
    prefixes : dict of str to str
        By split: what stands before the file name in the key of an image.
    draws : dict of str to int64[t, k]
        By split: the rows drawn for each target, in draw order.
    taken : dict of str to int64[n], optional
        By split: the rows that were taken in table order, by a rule that draws for no
        target; then there are neither targets nor draws.
    objects : dict of str to callable, optional
        By split: what reads boxes, and masks where they are asked for, of images that
        are given by their ids.
    shown : {"boxes", "masks"}
        What `objects` read.
    sizes : int32[n, 2], optional
        Width and height of each image as it is written, where that is not what the
        annotations state.
    beside : dict of str to Stuff
        By split: further categories of its images, of which none is a target.
    context_sets : sequence of ContextSet
        Rows that were drawn besides; ``default`` does not hold them.
    """

    recipe: Recipe
    targets: tuple[Category, ...]
    tables: Mapping[str, CocoTable]
    stores: Mapping[str, ImageStore]
    prefixes: Mapping[str, str]
    draws: Mapping[str, NDArray[np.int64]]
    taken: Mapping[str, NDArray[np.int64]] | None = None
    objects: Mapping[str, ReadObjects] | None = None
    shown: str = "boxes"
    sizes: NDArray[np.int32] | None = None
    beside: Mapping[str, Stuff] = field(default_factory=dict)
    context_sets: Sequence[ContextSet] = ()

    # What others found to stand beside the classes, and whose finding it is.
    known_pairs: ClassVar[Sequence[tuple[str, str]]] = ()
    stuff: ClassVar[frozenset[str]] = frozenset()
    framed: ClassVar[str] = ""

    @property
    def categories(self) -> Sequence[Category]:
        """The classes of the labels, the same for all splits."""
        return next(iter(self.tables.values())).categories

    @cached_property
    def configs(self) -> list[str]:
        """Name of the config of each target."""
        return config_names([(target.name, target.id) for target in self.targets])

    @cached_property
    def union(self) -> dict[str, NDArray[np.int64]]:
        """Rows taken, or drawn for any target, by split, in table order."""
        if self.taken is not None:
            return dict(self.taken)
        return {split: np.unique(rows) for split, rows in self.draws.items()}

    @cached_property
    def further(self) -> dict[str, NDArray[np.int64]]:
        """Rows that a context set holds, and the union does not; by split, ascending.

        Their images are numbered after those of all unions.
        """
        found = {}
        for split in dict.fromkeys(drawn.split for drawn in self.context_sets):
            rows = [drawn.rows for drawn in self.context_sets if drawn.split == split]
            further = np.setdiff1d(np.concatenate(rows), self.union[split])
            if len(further):
                found[split] = further
        return found

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
    def first_further(self) -> dict[str, int]:
        """Number of the first image of each part of `further`."""
        sizes = [len(rows) for rows in (*self.union.values(), *self.further.values())]
        starts = np.cumsum([0, *sizes]).tolist()[len(self.union) :]
        return dict(zip(self.further, starts, strict=False))

    @cached_property
    def keys(self) -> dict[str, list[str]]:
        """Key of each image of the union, by split."""
        return {
            split: [self.key_of(split, image) for image in images]
            for split, images in self.records.items()
        }

    def key(self, split: str, row: int) -> str:
        """Return the key of the image of a row of the table."""
        return self.key_of(split, self.tables[split].images[row])

    def key_of(self, split: str, image: Image) -> str:
        """Return the key of an image of a split."""
        return self.prefixes[split] + plain_name(image.file_name)

    @cached_property
    def stated_sizes(self) -> NDArray[np.int32]:
        """Width and height of each image that the annotations state, int32[n, 2]."""
        parts = [*self.union.items(), *self.further.items()]
        sizes = [self.tables[split].images.sizes[rows] for split, rows in parts]
        return np.concatenate(sizes)

    @property
    def written_sizes(self) -> NDArray[np.int32]:
        """Width and height of each image as it is written, int32[n, 2]."""
        return self.stated_sizes if self.sizes is None else self.sizes

    @cached_property
    def read_objects(self) -> dict[str, Objects]:
        """The objects of the images of the union, by split; read once."""
        return {
            split: read(np.array([i.id for i in self.records[split]], dtype=np.int64))
            for split, read in (self.objects or {}).items()
        }

    @cached_property
    def stated(self) -> Sequence[str]:
        """Those of license, coco_url and flickr_url that any selected image states."""
        pairs = [
            (t, i) for split, t in self.tables.items() for i in self.records[split]
        ]
        found = {
            "license": any(table.license_of(image) for table, image in pairs),
            "coco_url": any(image.coco_url for _, image in pairs),
            "flickr_url": any(image.flickr_url for _, image in pairs),
        }
        return [name for name, is_stated in found.items() if is_stated]

    @property
    def kind_of_objects(self) -> str:
        """``none``, ``boxes`` or ``masks``."""
        return "none" if self.objects is None else self.shown

    def places(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where rows of the table stand in the union of their split."""
        found: NDArray[np.int64] = np.searchsorted(self.union[split], rows)
        return found

    def numbers(self, split: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the image of each of these rows of the table."""
        found: NDArray[np.int64] = self.first[split] + self.places(split, rows)
        if split in self.further:
            places = np.searchsorted(self.further[split], rows)
            here = np.isin(rows, self.union[split])
            found = np.where(here, found, self.first_further[split] + places)
        return found

    def describe(self, split: str, row: int, number: int) -> dict[str, Any]:
        """Return what the columns say of one image, whatever it was drawn for.

        Parameters
        ----------
        split : str
        row : int
            Of the image in the table of the split.
        number : int
            Of the image; see `numbers`.
        """
        image = self.tables[split].images[row]
        width, height = self.written_sizes[number].tolist()
        return {
            "image_id": image.id,
            "file_name": image.file_name,
            "width": width,
            "height": height,
            "license": self.tables[split].license_of(image),
            "coco_url": image.coco_url,
            "flickr_url": image.flickr_url,
        }
