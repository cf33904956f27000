"""Boxes and outlines of some images of an annotation file, in a pass of its own. Pure.

`read_table` passes over them; they are decoded where they are first asked for.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from builder.datasets.coco.records import shown, whole
from builder.datasets.coco.text import NO_NUMBER, decode, no_collector, no_json
from builder.errors import AnnotationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.datasets.coco.text import Data


class _File(msgspec.Struct, gc=False):
    annotations: list[msgspec.Raw]


class _Head(msgspec.Struct, gc=False):
    image_id: Any = None
    id: Any = None


class _Annotation(msgspec.Struct, gc=False):
    category_id: Any = None
    id: Any = None
    bbox: Any = None
    area: Any = None
    iscrowd: Any = None


class _Outlined(_Annotation, gc=False):
    segmentation: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(frozen=True)
class Objects:
    """The annotations of some images.

    Attributes
    ----------
    indptr : int64[n + 1]
        Image i has the annotations from ``indptr[i]`` to before ``indptr[i + 1]``, in
        the order of the file.
    id : list of int or None, length k
        None where an annotation has no whole number.
    bbox : list of (list of 4 float) or None, length k
        The numbers of the file: x, y, width and height in pixels.
    category_id : list of int, length k
        As in the file.
    area : list of float or None, length k
    iscrowd : list of int, length k
        0 where the file does not say it.
    segmentation : list of str or None, length k, optional
        JSON as in the file: polygons, or the counts of a run-length encoding. None
        where masks were not asked for.
    """

    indptr: NDArray[np.int64]
    id: list[int | None]
    bbox: list[list[float] | None]
    category_id: list[int]
    area: list[float | None]
    iscrowd: list[int]
    segmentation: list[str | None] | None = None

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def of(self, place: int) -> dict[str, list[Any]]:
        """Return the annotations of one image, a list for each field.

        Parameters
        ----------
        place : int
            Of the image among those that were asked for.
        """
        part = slice(int(self.indptr[place]), int(self.indptr[place + 1]))
        found: dict[str, list[Any]] = {
            "id": self.id[part],
            "bbox": self.bbox[part],
            "category_id": self.category_id[part],
            "area": self.area[part],
            "iscrowd": self.iscrowd[part],
        }
        if self.segmentation is not None:
            found["segmentation"] = self.segmentation[part]
        return found


def read_objects(
    data: Data, image_ids: NDArray[np.int64], *, name: str, masks: bool
) -> Objects:
    """Return the annotations of some images of a file.

    Parameters
    ----------
    data : bytes-like
        The JSON text, which `read_table` has read.
    image_ids : int64[n]
        Each once.
    name : str
        Name of the file, for messages.
    masks : bool
        Whether outlines are wanted, too.

    Raises
    ------
    AnnotationError
        A box, an area or an outline of these images is none; the annotation is named.
    """
    # Most are of other images: of those no more than the numbers are made.
    head = msgspec.json.Decoder(_Head).decode
    whole_record = msgspec.json.Decoder(_Outlined if masks else _Annotation).decode
    place_of = {number: place for place, number in enumerate(image_ids.tolist())}
    places: list[int] = []
    columns: list[list[Any]] = [[] for _ in range(5 + masks)]
    with no_collector():
        try:
            file = decode(data, _File, name=name)[0]
            for at, raw in enumerate(file.annotations):
                found = head(raw)
                number = found.image_id
                place = place_of.get(number if type(number) is int else whole(number))
                if place is None:
                    continue
                places.append(place)
                try:
                    values = _values(whole_record(raw))
                except (ValueError, msgspec.ValidationError) as err:
                    msg = (
                        f"{name}: annotation {shown(found.id)} of image {number}"
                        f" (annotations[{at}]) has {err}: correct or remove it"
                    )
                    raise AnnotationError(msg) from None
                for column, value in zip(columns, values, strict=True):
                    column.append(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
            raise no_json(data, err, name=name) from err
    numbers = np.array(places, dtype=np.int64)
    order = np.argsort(numbers, kind="stable").tolist()
    sizes = np.bincount(numbers, minlength=len(image_ids))
    return Objects(
        np.concatenate(([0], np.cumsum(sizes))),
        *([column[at] for at in order] for column in columns),
    )


def _values(record: _Annotation) -> list[Any]:
    """Return the fields of an annotation; ValueError says which is wrong, and how."""
    category = whole(record.category_id)
    if category is None:
        msg = f"the category_id {shown(record.category_id)}; expected a whole number"
        raise ValueError(msg)
    box, area, crowd = record.bbox, record.area, record.iscrowd
    if box in (None, []):
        box = None
    elif isinstance(box, list) and len(box) == 4 and all(map(_is_number, box)):
        box = [float(value) for value in box]
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
    crowd = int(crowd) if isinstance(crowd, bool) else whole(crowd or 0)
    if crowd not in (0, 1):
        msg = f"the iscrowd {shown(record.iscrowd)}; expected 0 or 1"
        raise ValueError(msg)
    values = [whole(record.id), box, category, area, crowd]
    if isinstance(record, _Outlined):
        outline = bytes(record.segmentation)
        if NO_NUMBER in outline:
            msg = "a segmentation with NaN or Infinity in it; expected numbers"
            raise ValueError(msg)
        values.append(None if outline == b"null" else outline.decode("utf-8"))
    return values


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_one and abs(value) <= sys.float_info.max
