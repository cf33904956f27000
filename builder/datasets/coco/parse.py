"""COCO annotation JSON to a table of images and their categories. Pure.

The format is that of https://cocodataset.org/#format-data; only what the
selection and the columns need is decoded, the polygons are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from builder.datasets.coco.annotations import column, orphans, read_annotations
from builder.datasets.coco.images_table import Images
from builder.datasets.coco.records import (
    check_licenses,
    read_categories,
    read_images,
    read_licenses,
)
from builder.datasets.coco.table import CocoTable
from builder.datasets.coco.text import no_collector, no_json
from builder.errors import AnnotationError
from builder.selection.names import check_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.datasets.coco.images_table import Image
    from builder.datasets.coco.text import Data

# Ids below this are looked up in a table of at most 8 MB; COCO's end at 581,929.
_LARGEST_TABLE = 1 << 20


def read_table(data: Data, *, name: str, unannotated: bool = False) -> CocoTable:
    """Return the table of one annotation file.

    Parameters
    ----------
    data : bytes-like
        The JSON text; a memory map costs no memory of its own.
    name : str
        Name of the file, for messages.
    unannotated : bool
        Whether images without annotations are rows, too.

    Raises
    ------
    AnnotationError
        The text is not COCO JSON, or its records contradict each other.
    """
    with no_collector():
        try:
            parts, image_ids, category_ids, text = read_annotations(data, name=name)
            images = read_images(parts.images, name=name)
            categories = read_categories(parts.categories, name=name)
            licenses = read_licenses(parts.licenses, name=name)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            raise no_json(data, err, name=name) from err
    ids, known = column(images, "id"), column(categories, "id")
    _check(images, ids, name)
    check_licenses(licenses, images, name)
    entry_image = positions(image_ids, ids)
    if (entry_image < 0).any():
        among = f"{len(ids)} images"
        raise orphans(text, entry_image, image_ids, name, "image_id", among)
    entry_category = positions(category_ids, known)
    if (entry_category < 0).any():
        among = f"{len(known)} categories"
        raise orphans(text, entry_category, category_ids, name, "category_id", among)
    del category_ids  # what follows needs the room
    order, indptr, category = first_appearances(entry_image, entry_category, len(known))
    if unannotated:
        rest = np.setdiff1d(np.arange(len(images)), order, assume_unique=True)
        order = np.concatenate((order, rest))
        indptr = np.concatenate((indptr, np.full(len(rest), indptr[-1])))
    return CocoTable(
        name=name,
        images=Images.of(images[i] for i in order.tolist()),
        indptr=indptr,
        category_ids=fit_ids(known[category], known),
        categories=categories,
        licenses=licenses,
        num_images=len(images),
        num_annotations=len(image_ids),
        image_ids=fit_ids(image_ids, ids),
    )


def fit_ids(
    ids: NDArray[np.int64], known: NDArray[np.int64]
) -> NDArray[np.int32] | NDArray[np.int64]:
    """Return ids in 32 bits, unless one of `known` needs 64."""
    if len(known) and not -(2**31) <= known.min() <= known.max() < 2**31:
        return ids
    return ids.astype(np.int32)


def first_appearances(
    images: NDArray[np.int64], categories: NDArray[np.int64], num_categories: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return distinct categories per image, both in order of first appearance.

    Parameters
    ----------
    images, categories : int64[k]
        Image and category of each annotation, as positions.
    num_categories : int
        All categories are below this.

    Returns
    -------
    order : int64[n]
        Images in order of their first annotation.
    indptr : int64[n + 1]
    category : int64[m]
        Image ``order[i]`` has ``category[indptr[i]:indptr[i + 1]]``.

    >>> first_appearances(np.array([4, 1, 4, 4]), np.array([2, 0, 1, 2]), 3)
    (array([4, 1]), array([0, 2, 3]), array([2, 1, 0]))
    """
    # Sorting what an annotation says and where it stands as one number is four
    # times as fast as np.unique, which carries the places along.
    count = max(1, len(images))
    if (int(images.max(initial=0)) + 1) * num_categories * count >= 2**63:
        msg = f"{len(images)} annotations of that many images do not fit 64 bits"
        raise AnnotationError(msg)
    packed = images * num_categories
    packed += categories
    packed *= count
    packed += np.arange(len(images))
    packed.sort()
    first = packed % count
    packed //= count
    pair = packed
    # Of each image and category, where it first appears; still sorted by image.
    new = np.diff(pair, prepend=-1) > 0
    image, first = pair[new] // num_categories, first[new]
    starts = np.flatnonzero(np.diff(image, prepend=-1) > 0)
    first_of_image = np.minimum.reduceat(first, starts) if len(starts) else first
    order = np.argsort(first_of_image)
    sizes = np.diff(np.append(starts, len(image)))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    entries = np.sort(np.repeat(rank, sizes) * count + first) % count
    indptr = np.concatenate(([0], np.cumsum(sizes[order]))).astype(np.int64)
    return image[starts[order]], indptr, categories[entries]


def _check(images: Sequence[Image], ids: NDArray[np.int64], name: str) -> None:
    """Raise AnnotationError for one id, or one file, of two images; and bad names."""
    names = [image.file_name for image in images]
    for kind, values in (("id", ids.tolist()), ("file_name", names)):
        if len(set(values)) < len(values):
            first: dict[object, Image] = {}
            for value, image in zip(values, images, strict=True):
                other = first.setdefault(value, image)
                if other is not image:
                    msg = (
                        f"{name}: two images have the {kind} {value!r}: image"
                        f" {other.id} ({other.file_name!r}) and image {image.id}"
                        f" ({image.file_name!r}); expected each once: remove or"
                        " renumber one of the records"
                    )
                    raise AnnotationError(msg)
    check_names(names, where=name, records=ids.tolist())


def positions(
    wanted: NDArray[np.int32] | NDArray[np.int64], ids: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the position in `ids` of each of `wanted`, or -1."""
    found = np.full(len(wanted), -1, dtype=np.int64)
    if len(ids) and ids.min() >= 0 and ids.max() < _LARGEST_TABLE:
        # A table of all ids: searching for 860,001 of them takes five times as long.
        table = np.full(int(ids.max()) + 1, -1, dtype=np.int64)
        table[ids] = np.arange(len(ids))
        inside = (wanted >= 0) & (wanted < len(table))
        found[inside] = table[wanted[inside]]
    elif len(ids):
        order = np.argsort(ids)
        place = np.searchsorted(ids, wanted, sorter=order)
        nearest = order[np.minimum(place, len(ids) - 1)]
        found = np.where(ids[nearest] == wanted, nearest, -1)
    return found
