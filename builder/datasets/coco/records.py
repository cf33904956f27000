"""COCO's records of images, categories and licences, as people write them. Pure.

Each list is decoded as it should be, and only where it is not, again and generously:
what no column shows is not looked at, and a number may be written as a text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

import msgspec

from builder.datasets.coco.images_table import Image
from builder.datasets.coco.table import Category, License
from builder.errors import AnnotationError
from builder.limits import MAX_LICENSES

if TYPE_CHECKING:
    from collections.abc import Sequence

_WHOLE = re.compile(r"[+-]?[0-9]{1,40}(\.0*)?")
_LARGEST_FLOAT = 2**53  # of which every smaller whole number is one, too
_LARGEST_SIZE = 2**31


class _AnyImage(msgspec.Struct, gc=False):
    id: Any = None
    file_name: Any = None
    width: Any = None
    height: Any = None
    license: Any = None
    coco_url: Any = None
    flickr_url: Any = None


class _AnyCategory(msgspec.Struct, gc=False):
    id: Any = None
    name: Any = None
    supercategory: Any = None


def whole(value: object) -> int | None:
    """Return the whole number of 64 bits that a value means, or None.

    >>> whole(12), whole("12"), whole(12.0), whole("12.0"), whole(12.5), whole(True)
    (12, 12, 12, 12, None, None)
    """
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value.strip().partition(".")[0])
    elif isinstance(value, float):
        exact = value.is_integer() and abs(value) <= _LARGEST_FLOAT
        value = int(value) if exact else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -(2**63) <= value < 2**63 else None


def shown(value: object) -> str:
    """Return a value of a record as a message shows it, in one short line.

    >>> shown(None), shown([{}, 1]), shown("x")
    ('null', '[NaN, 1]', "'x'")
    """
    if value is None:
        return "null"
    text = repr(value)
    if not isinstance(value, str):
        text = text.replace("{}", "NaN")  # see `decode`
    return text if len(text) <= 60 else f"{text[:57]}..."


def read_images(raw: msgspec.Raw, *, name: str) -> list[Image]:
    """Return the images of a file.

    Parameters
    ----------
    raw : Raw
        The list, in JSON.
    name : str
        Name of the file, for messages.

    Raises
    ------
    AnnotationError
        A record says what cannot be used; it is named.
    """
    try:
        images = msgspec.json.decode(raw, type=list[Image])
    except msgspec.ValidationError:
        found = _decode_any(raw, list[_AnyImage], "images", name)
        images = [_image(image, at, name) for at, image in enumerate(found)]
    for at, image in enumerate(images):
        if not (
            0 < image.width < _LARGEST_SIZE
            and 0 < image.height < _LARGEST_SIZE
            and image.file_name
            and image.coco_url != ""
            and image.flickr_url != ""
        ):
            images[at] = _tidy(image, at, name)
    return images


def _decode_any(raw: msgspec.Raw, kind: Any, field: str, name: str) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as err:
        found = str(err).replace("`$", f"`$.{field}")
        msg = f"{name}: expected a list of records named {field}, found that {found}"
        raise AnnotationError(f"{msg}: correct it") from err


def _image(record: _AnyImage, at: int, name: str) -> Image:
    number = whole(record.id)
    if number is None:
        _refuse(
            name,
            f"images[{at}] (file_name {shown(record.file_name)}) has the id"
            f" {shown(record.id)}; expected a whole number of 64 bits: number the"
            " images, and the image_id of the annotations alike",
        )
    if not (isinstance(record.file_name, str) or record.file_name in (None, {})):
        _refuse(
            name,
            f"image {number} has the file_name {shown(record.file_name)}; expected a"
            " text such as 'a.jpg': correct the record",
        )
    licence = record.license if isinstance(record.license, str) else None
    return Image(
        id=number,
        file_name=record.file_name if isinstance(record.file_name, str) else "",
        width=_size(record, "width", number, name),
        height=_size(record, "height", number, name),
        license=whole(record.license) if licence is None else licence,
        coco_url=_text(record.coco_url),
        flickr_url=_text(record.flickr_url),
    )


def _size(record: _AnyImage, side: str, number: int, name: str) -> int:
    value = getattr(record, side)
    if value in (None, "", {}):
        return 0
    size = whole(value)
    if size is None:
        _refuse(
            name,
            f"image {number} has the {side} {shown(value)}; expected a number of"
            " pixels, or none where it is unknown: correct the record",
        )
    return size


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _tidy(image: Image, at: int, name: str) -> Image:
    """Return a record with None for blanks, and its name from its URL if need be."""
    width, height = image.width, image.height
    if not (0 <= width < _LARGEST_SIZE and 0 <= height < _LARGEST_SIZE):
        _refuse(
            name,
            f"image {image.id} is said to be {shown(width)} x {shown(height)} pixels;"
            " expected"
            " positive sizes, or none where they are unknown: correct the record",
        )
    if not (width and height):
        width = height = 0
    file_name = image.file_name or _tail(image.coco_url or "")
    if not file_name:
        _refuse(
            name,
            f"image {image.id} (images[{at}]) has neither a file_name nor a coco_url;"
            " expected the name of its file: correct the record",
        )
    return Image(
        id=image.id,
        file_name=file_name,
        width=width,
        height=height,
        license=image.license,
        coco_url=image.coco_url or None,
        flickr_url=image.flickr_url or None,
    )


def _tail(url: str) -> str:
    """Return the last folder and the name of a URL, as a path.

    >>> _tail("http://images.cocodataset.org/val2017/000000397133.jpg")
    'val2017/000000397133.jpg'
    """
    path = url.partition("?")[0].partition("#")[0].partition("://")[2]
    return unquote("/".join(path.split("/")[1:][-2:]))


def read_categories(raw: msgspec.Raw, *, name: str) -> list[Category]:
    """Return the categories of a file, of which two may share a name but not an id.

    Parameters and errors are those of `read_images`.
    """
    try:
        categories = msgspec.json.decode(raw, type=list[Category])
    except msgspec.ValidationError:
        found = _decode_any(raw, list[_AnyCategory], "categories", name)
        categories = [_category(record, at, name) for at, record in enumerate(found)]
    first: dict[int, Category] = {}
    for category in categories:
        other = first.setdefault(category.id, category)
        if other is not category:
            _refuse(
                name,
                f"the category id {category.id} stands for {other.name!r} and for"
                f" {category.name!r}; expected each id once: remove or renumber one",
            )
    return categories


def _category(record: _AnyCategory, at: int, name: str) -> Category:
    number, text = whole(record.id), record.name
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        text = str(text)
    if number is None or not isinstance(text, str):
        _refuse(
            name,
            f"categories[{at}] has the id {shown(record.id)} and the name"
            f" {shown(record.name)}; expected a whole number and a text: correct the"
            " record",
        )
    return Category(number, text, _text(record.supercategory))


def read_licenses(raw: msgspec.Raw, *, name: str) -> list[License]:
    """Return the licences of a file that have an id and a name; others say nothing.

    Parameters
    ----------
    raw : Raw
        The list, or whatever stands in its place, in JSON.
    name : str
        Name of the file, for messages.

    Raises
    ------
    AnnotationError
        It is far too long.
    """
    size = memoryview(raw).nbytes
    if size > MAX_LICENSES:
        _refuse(
            name,
            f"its licenses take {size:,} bytes; expected {MAX_LICENSES:,} at most, an"
            " id and a name of each: leave out the others",
        )
    found = msgspec.json.decode(raw)
    licenses = []
    for record in found if isinstance(found, list) else []:
        if isinstance(record, dict):
            number = whole(record.get("id"))
            key = record.get("id") if number is None else number
            title = record.get("name") or record.get("url")
            if isinstance(key, (int, str)) and isinstance(title, str) and title:
                licenses.append(License(key, title))
    return licenses


def check_licenses(
    licenses: Sequence[License], images: Sequence[Image], name: str
) -> None:
    """Raise AnnotationError where an image's licence could be one of two."""
    first: dict[str, str] = {}
    for entry in licenses:
        if first.setdefault(str(entry.id), entry.name) != entry.name:
            using = next((i for i in images if str(i.license) == str(entry.id)), None)
            if using is not None:
                _refuse(
                    name,
                    f"the licence {entry.id!r} of image {using.id} stands for"
                    f" {first[str(entry.id)]!r} and for {entry.name!r}; expected each"
                    " id once among the licenses: remove one",
                )


def _refuse(name: str, found: str) -> NoReturn:
    raise AnnotationError(f"{name}: {found}")
