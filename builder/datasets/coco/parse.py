"""COCO annotation JSON to a table of images and their categories. Pure.

The format is that of https://cocodataset.org/#format-data; only what the
selection and the columns need is decoded, the polygons are skipped.
"""

from __future__ import annotations

import gc
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from builder.datasets.coco.table import (
    Category,
    CategoryId,
    CocoTable,
    Image,
    ImageId,
    License,
)
from builder.errors import AnnotationError
from builder.selection.names import check_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


# Ids below this are looked up in a table of at most 8 MB; COCO's end at 581,929.
_LARGEST_TABLE = 1 << 20


class _Annotation(msgspec.Struct, gc=False, frozen=True):
    image_id: ImageId
    category_id: CategoryId


class _Instances(msgspec.Struct, gc=False, frozen=True):
    images: msgspec.Raw  # decoded once the annotations are gone: 25 MB less
    annotations: list[_Annotation]
    categories: list[Category]
    licenses: list[License] = []


def read_table(data: bytes | memoryview, *, name: str) -> CocoTable:
    """Return the table of one annotation file.

    Parameters
    ----------
    data : bytes-like
        The JSON text; a memory map costs no memory of its own.
    name : str
        Name of the file, for messages.

    Raises
    ------
    AnnotationError
        The text is not COCO JSON, or its records contradict each other.
    """
    # Hundreds of thousands of small objects with no cycles: the collector would
    # walk them again and again for nothing.
    collecting = gc.isenabled()
    gc.disable()
    place = "$"
    try:
        coco = msgspec.json.decode(data, type=_Instances)
        count = len(coco.annotations)
        image_ids = _column(coco.annotations, "image_id")
        category_ids = _column(coco.annotations, "category_id")
        coco.annotations.clear()
        place = "$.images"
        images = msgspec.json.decode(coco.images, type=list[Image])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        found = str(err).rstrip(".").replace("`$", f"`{place}")
        msg = (
            f"{name}: expected COCO annotations (images, annotations and categories"
            f" in JSON), found that {found}: give an instances file"
        )
        raise AnnotationError(msg) from err
    finally:
        if collecting:
            gc.enable()
    _check(images, coco.categories, coco.licenses, name)
    known = _column(coco.categories, "id")
    entry_image = _positions(
        image_ids, _column(images, "id"), name, "image_id", "images"
    )
    entry_category = _positions(category_ids, known, name, "category_id", "categories")
    del image_ids, category_ids  # what follows needs the room
    order, indptr, category = first_appearances(entry_image, entry_category, len(known))
    return CocoTable(
        name=name,
        images=[images[i] for i in order.tolist()],
        indptr=indptr,
        category_ids=known[category].astype(np.int32),
        categories=coco.categories,
        licenses=coco.licenses,
        num_images=len(images),
        num_annotations=count,
    )


def _column(records: Sequence[object], field: str) -> NDArray[np.int64]:
    return np.fromiter(map(attrgetter(field), records), np.int64, len(records))


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


def _check(
    images: Sequence[Image],
    categories: Sequence[Category],
    licenses: Sequence[License],
    name: str,
) -> None:
    ids = [image.id for image in images]
    names = [image.file_name for image in images]
    for kind, values in (
        ("images", ids),
        ("categories", [category.id for category in categories]),
        ("licenses", [entry.id for entry in licenses]),
        ("images' file names", names),
        ("categories' names", [category.name for category in categories]),
    ):
        _check_unique(values, name, kind)
    check_names(names, where=name, records=ids)
    for image in images:
        if not (0 < image.width < 2**31 and 0 < image.height < 2**31):
            msg = (
                f"{name}: image {image.id} is said to be {image.width} x"
                f" {image.height} pixels; expected positive sizes: correct the record"
            )
            raise AnnotationError(msg)


def _check_unique(values: Sequence[object], name: str, kind: str) -> None:
    if len(set(values)) == len(values):
        return
    seen = set()
    for value in values:
        if value in seen:
            msg = (
                f"{name}: {value!r} stands twice among the {kind}; expected each once:"
                " remove one of the records"
            )
            raise AnnotationError(msg)
        seen.add(value)


def _positions(
    wanted: NDArray[np.int64],
    ids: NDArray[np.int64],
    name: str,
    field: str,
    kind: str,
) -> NDArray[np.int64]:
    """Return the position in `ids` of each of `wanted`."""
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
    if (found < 0).any():
        at = int(np.flatnonzero(found < 0)[0])
        msg = (
            f"{name}: annotation number {at} has {field} {int(wanted[at])}, which is"
            f" not among the {len(ids)} {kind}: correct or remove the annotation"
        )
        raise AnnotationError(msg)
    return found
