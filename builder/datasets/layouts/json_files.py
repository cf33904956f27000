"""Tell JSON files apart by what stands in them, whatever they are called. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
import numpy as np

from builder.datasets.coco.annotations import column
from builder.datasets.coco.images_table import ImageId  # noqa: TC001 (msgspec)
from builder.datasets.coco.kinds import foreign_kind
from builder.datasets.coco.records import whole
from builder.datasets.coco.table import CategoryId  # noqa: TC001 (msgspec)
from builder.datasets.coco.text import decode, no_collector, no_json
from builder.datasets.layouts.findings import Unusable
from builder.errors import AnnotationError

if TYPE_CHECKING:
    from builder.datasets.coco.text import Data

# More than this is not decoded; annotations of LVIS have 1.1 GB.
MOST = 2 * 1024**3
_LFS = b"version https://git-lfs"
# As `foreign_kind` tells of what it does not know.
_UNKNOWN = ("an object with ", "a list of records with ")


class _Image(msgspec.Struct, gc=False):
    id: Any = None
    file_name: Any = None
    coco_url: Any = None


class _Annotation(msgspec.Struct, gc=False):
    image_id: Any = None
    category_id: Any = None


class _Numbered(msgspec.Struct, gc=False):
    image_id: ImageId
    category_id: CategoryId


class _Named(msgspec.Struct, gc=False):
    id: Any = None
    name: Any = None


class _File(msgspec.Struct, gc=False):
    images: msgspec.Raw
    annotations: msgspec.Raw
    categories: msgspec.Raw
    licenses: msgspec.Raw = msgspec.Raw(b"[]")


@dataclass(frozen=True)
class Instances:
    """What an annotation file in the instances format says, as far as `init` asks.

    Attributes
    ----------
    file : str
        As the listing names it.
    names : list of str
        Of the images: ``file_name``, or the tail of ``coco_url``.
    annotations : int
    classes : dict of str to int
        How many images show each category, in the order of the file.
    unannotated : int
    licenses : list of str
    urls : bool
        Whether the records say where images are to be had.
    """

    file: str
    names: list[str]
    annotations: int
    classes: dict[str, int] = field(default_factory=dict)
    unannotated: int = 0
    licenses: list[str] = field(default_factory=list)
    urls: bool = False


def is_pointer(head: bytes) -> bool:
    """Whether a file is only what Git LFS left in the place of the real one."""
    return head.startswith(_LFS)


def read_json(data: Data, file: str) -> Instances | Unusable | None:
    """Return what a JSON file says; None if it has to do with no images.

    Parameters
    ----------
    data : bytes-like
        The whole of it.
    file : str
        As the listing names it.
    """
    try:
        whole_text, text = decode(data, msgspec.Raw, name=file)
        kind = foreign_kind(whole_text)
        if kind is None:
            with no_collector():
                return _instances(msgspec.json.decode(text, type=_File), file)
    # in a text that is only now looked at; of either type, by the version of msgspec
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        return Unusable.of(no_json(data, err, name=file))
    except AnnotationError as err:
        head = bytes(data[:4096])
        if b"\0" not in head and b'"images"' not in head and b'"annot' not in head:
            return None
        return Unusable.of(err)
    # What is no format that anybody knows has nothing to do with images.
    return None if kind.startswith(_UNKNOWN) else Unusable.of(kind)


def _instances(found: _File, file: str) -> Instances | Unusable:
    try:
        images = msgspec.json.decode(found.images, type=list[_Image])
        categories = msgspec.json.decode(found.categories, type=list[_Named])
        named = {_id(entry.id): str(entry.name) for entry in categories}
        annotations, shown, annotated = _count(found.annotations)
        bare = sum(_id(entry.id) not in annotated for entry in images)
    except (msgspec.ValidationError, TypeError) as err:
        what = f"COCO annotations with a record of another form ({err})"
        return Unusable(what, "correct it")
    return Instances(
        file=file,
        names=[_name(entry) for entry in images],
        annotations=annotations,
        classes=_by_name(named, shown),
        unannotated=bare,
        licenses=_licenses(found.licenses),
        urls=any(entry.coco_url for entry in images[:100]),
    )


def _count(raw: msgspec.Raw) -> tuple[int, Counter[Any], set[Any]]:
    """Return the number of annotations, images by category, and annotated images."""
    try:
        numbered = msgspec.json.decode(raw, type=list[_Numbered])
    except msgspec.ValidationError:
        found = msgspec.json.decode(raw, type=list[_Annotation])
        pairs = {(_id(one.image_id), _id(one.category_id)) for one in found}
        shown = Counter(category for _, category in pairs)
        return len(found), shown, {image for image, _ in pairs}
    images, image = np.unique(column(numbered, "image_id"), return_inverse=True)
    kinds, kind = np.unique(column(numbered, "category_id"), return_inverse=True)
    once = np.unique(image * len(kinds) + kind)
    counts = np.bincount(once % max(1, len(kinds)), minlength=len(kinds))
    shown = Counter(dict(zip(kinds.tolist(), counts.tolist(), strict=True)))
    return len(numbered), shown, set(images.tolist())


def _id(value: Any) -> Any:
    """Return an id as a number where it means one, whatever it is written as."""
    if isinstance(value, int):
        return value
    number = whole(value)
    return value if number is None else number


def _by_name(named: dict[Any, str], shown: Counter[Any]) -> dict[str, int]:
    """Return the counts by name, which a class may share with its root category."""
    found: dict[str, int] = {}
    for key, name in named.items():
        found[name] = found.get(name, 0) + shown[key]
    return found


def _name(image: _Image) -> str:
    if isinstance(image.file_name, str) and image.file_name:
        return image.file_name
    return unquote(str(image.coco_url or "").partition("?")[0].rpartition("/")[2])


def _licenses(part: msgspec.Raw) -> list[str]:
    try:
        entries = msgspec.json.decode(part, type=list[_Named])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    named = [entry.name for entry in entries]
    return [name for name in named if isinstance(name, str) and name]
