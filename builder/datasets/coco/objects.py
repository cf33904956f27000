"""Boxes and outlines of some images of an annotation file, in a pass of its own. Pure.

`read_table` passes over them; they are decoded where they are first asked for.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import pyarrow as pa

from builder.datasets.coco.parse import positions
from builder.datasets.coco.records import shown, whole
from builder.datasets.coco.table import CategoryId  # noqa: TC001 (msgspec)
from builder.datasets.coco.text import NO_NUMBER, decode, no_collector, no_json
from builder.errors import AnnotationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from builder.datasets.coco.text import Data

_KINDS = {
    "id": pa.int64(),
    "bbox": pa.list_(pa.float64()),
    "category_id": pa.int64(),
    "area": pa.float64(),
    "iscrowd": pa.int8(),
    "segmentation": pa.large_string(),  # of all images it may be more than 2 GB
}


class _File(msgspec.Struct, gc=False):
    annotations: list[msgspec.Raw]


class _Head(msgspec.Struct, gc=False):
    id: Any = None


class _Usual(msgspec.Struct, gc=False):
    """An annotation in which nothing is to be mended, as nearly all are."""

    category_id: CategoryId
    id: CategoryId | None = None
    bbox: tuple[float, float, float, float] | None = None
    area: float | None = None
    iscrowd: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


class _Annotation(msgspec.Struct, gc=False):
    category_id: Any = None
    id: Any = None
    bbox: Any = None
    area: Any = None
    iscrowd: Any = None
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(frozen=True)
class Objects:
    """The annotations of some images, in Arrow: no object for each number.

    Attributes
    ----------
    indptr : int32[n + 1]
        Image i has the annotations from ``indptr[i]`` to before ``indptr[i + 1]``, in
        the order of the file.
    fields : dict of str to pa.Array, each of length k
        ``id``, null where an annotation has no whole number; ``bbox``, the four numbers
        of the file (x, y, width and height in pixels) or null; ``category_id`` as in
        the file; ``area``, or null; ``iscrowd``, 0 where the file does not say it; and
        ``segmentation`` where masks were asked for: JSON as in the file (polygons, or
        the counts of a run-length encoding), or null.
    """

    indptr: NDArray[np.int32]
    fields: Mapping[str, pa.Array]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def column(self, position: Mapping[int, int]) -> pa.StructArray:
        """Return the objects of all images as the column ``objects`` has them.

        Parameters
        ----------
        position : dict of int to int
            What each category id is there.
        """
        fields = {
            **self.renumbered(position).fields,
            "iscrowd": self.fields["iscrowd"].cast(pa.bool_()),
        }
        lists = [pa.ListArray.from_arrays(self.indptr, v) for v in fields.values()]
        names = [name.removesuffix("_id") for name in fields]  # it is a category then
        return pa.StructArray.from_arrays(lists, names)

    def renumbered(self, ids: Mapping[int, int]) -> Objects:
        """Return the same with other category ids, where `ids` has others."""
        if not ids:
            return self
        numbers = self.fields["category_id"].to_pylist()
        others = pa.array([ids.get(number, number) for number in numbers], pa.int64())
        return Objects(self.indptr, {**self.fields, "category_id": others})

    def of(self, place: int) -> dict[str, list[Any]]:
        """Return the annotations of one image, a list for each field.

        Parameters
        ----------
        place : int
            Of the image among those that were asked for.
        """
        start, stop = self.indptr[place : place + 2].tolist()
        return {
            name: values.slice(start, stop - start).to_pylist()
            for name, values in self.fields.items()
        }


def read_objects(
    data: Data,
    image_ids: NDArray[np.int32] | NDArray[np.int64],
    wanted: NDArray[np.int64],
    *,
    name: str,
    masks: bool,
) -> Objects:
    """Return the annotations of some images of a file.

    Parameters
    ----------
    data : bytes-like
        The JSON text, which `read_table` has read.
    image_ids : int32[k] or int64[k]
        Image of each annotation of the file: see `CocoTable`.
    wanted : int64[n]
        Ids of the images, each once.
    name : str
        Name of the file, for messages.
    masks : bool
        Whether outlines are wanted, too.

    Raises
    ------
    AnnotationError
        A box, an area or an outline of these images is none; the annotation is named.
    """
    usual = msgspec.json.Decoder(_Usual).decode
    any_kind = msgspec.json.Decoder(_Annotation).decode
    place_of = positions(image_ids, wanted)
    chosen = np.flatnonzero(place_of >= 0)  # most annotations are of other images
    kinds = {k: v for k, v in _KINDS.items() if masks or k != "segmentation"}
    columns: list[list[Any]] = [[] for _ in kinds]
    with no_collector():
        try:
            records = decode(data, _File, name=name)[0].annotations
            if len(records) != len(image_ids):
                msg = (
                    f"{name}: expected {len(image_ids):,} annotations as when it was"
                    f" first read, found {len(records):,}: it changed; run it again"
                )
                raise AnnotationError(msg)
            for at in chosen.tolist():
                try:
                    try:
                        record = usual(records[at])
                    except msgspec.ValidationError:
                        record = _mended(any_kind(records[at]))
                    values = _values(record, masks=masks)
                except (ValueError, msgspec.ValidationError) as err:
                    number = msgspec.json.decode(records[at], type=_Head).id
                    msg = (
                        f"{name}: annotation {shown(number)} of image"
                        f" {image_ids[at]} (annotations[{at}]) has {err}: correct or"
                        " remove it"
                    )
                    raise AnnotationError(msg) from None
                for column, value in zip(columns, values, strict=True):
                    column.append(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            raise no_json(data, err, name=name) from err
    numbers = place_of[chosen]
    order = pa.array(np.argsort(numbers, kind="stable"))
    sizes = np.bincount(numbers, minlength=len(wanted))
    fields = {
        name: pa.array(column, kind).take(order)
        for column, (name, kind) in zip(columns, kinds.items(), strict=True)
    }
    return Objects(np.concatenate(([0], np.cumsum(sizes))).astype(np.int32), fields)


def _mended(record: _Annotation) -> _Usual:
    """Return an annotation as it is meant; ValueError says which is wrong, and how."""
    category = whole(record.category_id)
    if category is None:
        msg = f"the category_id {shown(record.category_id)}; expected a whole number"
        raise ValueError(msg)
    box, area, crowd = record.bbox, record.area, record.iscrowd
    if box in (None, []):
        box = None
    elif isinstance(box, list) and len(box) == 4 and all(map(_is_number, box)):
        box = tuple(map(float, box))
    else:
        msg = f"the bbox {shown(box)}; expected x, y, width and height as numbers"
        raise ValueError(msg)
    if area in (None, {}):  # unknown, or NaN
        area = None
    elif _is_number(area):
        area = float(area)
    else:
        msg = f"the area {shown(area)}; expected a number"
        raise ValueError(msg)
    number = int(crowd) if isinstance(crowd, bool) else whole(crowd or 0)
    if number not in (0, 1):
        msg = f"the iscrowd {shown(record.iscrowd)}; expected 0 or 1"
        raise ValueError(msg)
    return _Usual(category, whole(record.id), box, area, number, record.segmentation)


def _values(record: _Usual, *, masks: bool) -> list[Any]:
    """Return the fields of an annotation; ValueError says what is wrong with one."""
    values: list[Any] = [
        record.id, record.bbox, record.category_id, record.area, record.iscrowd
    ]  # fmt: skip
    if masks:
        outline = bytes(record.segmentation)
        if NO_NUMBER in outline:
            msg = "a segmentation with NaN or Infinity in it; expected numbers"
            raise ValueError(msg)
        values.append(None if outline == b"null" else outline.decode("utf-8"))
    return values


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_one and abs(value) <= sys.float_info.max
