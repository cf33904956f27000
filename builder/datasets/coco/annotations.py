"""COCO's annotations as columns: image and category of each. Pure."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from builder.datasets.coco.images_table import ImageId  # noqa: TC001 (msgspec)
from builder.datasets.coco.kinds import foreign_kind
from builder.datasets.coco.records import read_images, shown, whole
from builder.datasets.coco.table import CategoryId  # noqa: TC001 (msgspec)
from builder.datasets.coco.text import decode
from builder.errors import AnnotationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from builder.datasets.coco.text import Data

_A = {"image_id": "an image_id", "category_id": "a category_id"}


class _Annotation(msgspec.Struct, gc=False, frozen=True):
    image_id: ImageId
    category_id: CategoryId


class Parts(msgspec.Struct, gc=False, frozen=True):
    """The other lists of a file, as JSON."""

    images: msgspec.Raw  # decoded once the annotations are gone: 25 MB less
    categories: msgspec.Raw
    licenses: msgspec.Raw = msgspec.Raw(b"[]")


class _Instances(Parts, gc=False, frozen=True, kw_only=True):
    annotations: list[_Annotation]


class _AnyAnnotation(msgspec.Struct, gc=False, frozen=True):
    id: Any = None
    image_id: Any = None
    category_id: Any = None


class _AnyInstances(Parts, gc=False, frozen=True, kw_only=True):
    annotations: list[_AnyAnnotation]


def read_annotations(
    data: Data, *, name: str
) -> tuple[Parts, NDArray[np.int64], NDArray[np.int64], Data]:
    """Return the annotations of a file as columns.

    Parameters
    ----------
    data : bytes-like
        The JSON text.
    name : str
        Name of the file, for messages.

    Returns
    -------
    parts : Parts
        Images, categories and licences, to be decoded.
    image_ids, category_ids : int64[k]
    text : bytes-like
        What was decoded: JSON in any case; see `decode`.

    Raises
    ------
    AnnotationError
        The text is not COCO JSON, or an annotation has no image or category.
    """
    try:
        coco, text = decode(data, _Instances, name=name)
    except msgspec.ValidationError:
        return _read_any_annotations(data, name)
    image_ids = column(coco.annotations, "image_id")
    category_ids = column(coco.annotations, "category_id")
    coco.annotations.clear()
    return coco, image_ids, category_ids, text


def _read_any_annotations(
    data: Data, name: str
) -> tuple[Parts, NDArray[np.int64], NDArray[np.int64], Data]:
    """Return the same of a file whose ids are written in other ways, too."""
    whole_text, text = decode(data, msgspec.Raw, name=name)
    kind = foreign_kind(whole_text)
    if kind is not None:
        msg = (
            f"{name}: expected COCO annotations (images, annotations and categories in"
            f" JSON), found {kind}"
        )
        raise AnnotationError(msg)
    try:
        coco = msgspec.json.decode(text, type=_AnyInstances)
    except msgspec.ValidationError as err:
        msg = f"{name}: expected COCO annotations, found that {err}: correct the record"
        raise AnnotationError(msg) from err
    columns = []
    for field in ("image_id", "category_id"):
        values = [getattr(record, field) for record in coco.annotations]
        numbers = [whole(value) for value in values]
        bad = [at for at, number in enumerate(numbers) if number is None]
        if bad:
            if field == "image_id":
                read_images(coco.images, name=name)  # says it if theirs are no numbers
            fault = f"{_A[field]} that is no whole number of 64 bits"
            raise _bad_annotations(
                name, fault, field, [coco.annotations[at].id for at in bad], bad,
                [values[at] for at in bad], len(values),
            )  # fmt: skip
        columns.append(np.array(numbers, dtype=np.int64))
    coco.annotations.clear()
    return coco, columns[0], columns[1], text


def column(records: Sequence[object], field: str) -> NDArray[np.int64]:
    """Return one field of all records, int64[k]."""
    return np.fromiter(map(attrgetter(field), records), np.int64, len(records))


def orphans(
    text: Data,
    places: NDArray[np.int64],
    wanted: NDArray[np.int64],
    name: str,
    field: str,
    among: str,
) -> AnnotationError:
    """Return the error that names the annotations of which a field leads nowhere.

    Parameters
    ----------
    text : bytes-like
        As `read_annotations` returned it.
    places : int64[k]
        Of what the field means, for each annotation; -1 where there is none.
    wanted : int64[k]
        The field.
    name : str
        Name of the file.
    field : str
    among : str
        What there is, such as ``80 categories``.
    """
    bad = np.flatnonzero(places < 0).tolist()
    try:
        records = msgspec.json.decode(text, type=_AnyInstances).annotations
        ids = [records[at].id for at in bad]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        ids = [None] * len(bad)  # an id that is none: they are named by their places
    return _bad_annotations(
        name, f"{_A[field]} that is not among the {among}", field,
        ids, bad, wanted[bad].tolist(), len(wanted),
    )  # fmt: skip


def _bad_annotations(
    name: str,
    fault: str,
    field: str,
    ids: Sequence[object],
    places: Sequence[int],
    values: Sequence[object],
    total: int,
) -> AnnotationError:
    """Return the error that names the first three of the annotations with a fault."""
    named = [
        f"{f'annotations[{at}]' if number is None else f'annotation {shown(number)}'}"
        f" ({field} {shown(value)})"
        for number, at, value in zip(ids[:3], places[:3], values[:3], strict=True)
    ]
    rest = f" and {len(places) - 3} more" if len(places) > 3 else ""
    msg = (
        f"{name}: {len(places)} of {total} annotations"
        f" {'have' if len(places) > 1 else 'has'} {fault}: {', '.join(named)}{rest}:"
        " correct or remove"
        f" {'them' if len(places) > 1 else 'it'}"
    )
    return AnnotationError(msg)
