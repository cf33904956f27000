"""What a JSON file is that holds no COCO instances, by its keys. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from builder.datasets.coco.text import Data

_GIVE = "give an instances file"
_EXPORT = "export it as COCO instances"
_NEEDED = ("images", "annotations", "categories")
# Of other formats: keys at the top, which all must be there.
_FORMATS = (
    ({"shapes", "imagePath"}, "LabelMe's file of one image"),
    ({"_via_img_metadata"}, "a project of the VGG Image Annotator"),
    ({"file", "attribute", "metadata"}, "a project of the VGG Image Annotator"),
    ({"classTitle"}, "an object of Supervisely"),
    ({"objects", "size"}, "Supervisely's file of one image"),
    ({"items", "categories"}, "Datumaro's own format"),
    ({"train", "names"}, "a configuration of YOLO"),
    ({"samples"}, "a dataset of FiftyOne"),
    ({"database"}, "ActivityNet's format"),
    ({"imgs", "anns"}, "an index of images, such as COCO-Text's"),
    ({"frames"}, "frames of a video or of Scalabel"),
)
# Of records in a list, or in a mapping by name.
_RECORDS = (
    ({"image_id", "category_id", "score"}, "results (the detections of a model)"),
    ({"image_id", "caption"}, "a list of captions"),
    ({"image_id", "category_id"}, "a list of annotations without their images"),
    ({"file_name", "id", "width"}, "a list of images without annotations"),
    ({"filename", "regions"}, "annotations of the VGG Image Annotator"),
    ({"annotations", "data"}, "tasks of Label Studio"),
    ({"image", "annotations"}, "CreateML's format"),
    ({"name", "labels"}, "BDD100K's (Scalabel's) format"),
    ({"frame_id", "objects"}, "the detections of darknet"),
    ({"External ID", "Label"}, "an export of Labelbox"),
)


def foreign_kind(data: Data) -> str | None:
    """Return what a JSON text is, and the next step, or None for COCO instances.

    Parameters
    ----------
    data : bytes-like
        The JSON text, which can be decoded.

    >>> foreign_kind(b'[{"image_id": 1, "category_id": 2, "score": 0.5}]')
    'results (the detections of a model): give an instances file'
    >>> foreign_kind(b'{"images": [], "annotations": {}, "categories": []}')
    'an object for annotations, where a list belongs: give an instances file'
    """
    try:
        top = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        if bytes(memoryview(data)[:1]) != b"[":
            return f"a single value: {_GIVE}"
        first = _first(msgspec.Raw(data))
        found = _record_kind(first) or f"a list of records with {_keys(first)}"
        return f"{found}: {_GIVE}"
    missing = [key for key in _NEEDED if _sign(top.get(key)) == b"n"]
    if not missing:
        return _instances_kind(top)
    if missing == ["categories"]:
        return _without_categories(top)
    if "images" not in missing and "annotations" in missing:
        return (
            "image info (images without annotations): give the instances file, or"
            ' write an empty list, "annotations": [], where none has any'
        )
    return _other_format(top)


def _instances_kind(top: Mapping[str, msgspec.Raw]) -> str | None:
    sign = _sign(top["annotations"])
    if sign != b"[":
        what = "an object" if sign == b"{" else "a value"
        return f"{what} for annotations, where a list belongs: {_GIVE}"
    first = _first(top["annotations"])
    if "segments_info" in first:
        return (
            "panoptic annotations (segments_info, with masks in PNG files): give the"
            " instances file, or convert them with panopticapi's"
            " panoptic2detection_coco_format"
        )
    if "caption" in first and "category_id" not in first:
        return f"captions: {_GIVE}, captions have no categories"
    return None


def _without_categories(top: Mapping[str, msgspec.Raw]) -> str:
    first = _first(top["annotations"])
    if "caption" in first:
        return f"captions: {_GIVE}, captions have no categories"
    return (
        "no list of categories beside images and annotations: add it, with the id and"
        " the name of each"
    )


def _other_format(top: Mapping[str, msgspec.Raw]) -> str:
    for keys, found in _FORMATS:
        if keys <= top.keys():
            return f"{found}: {_EXPORT}"
    if "features" in top and b"FeatureCollection" in bytes(top.get("type", b"")):
        return f"GeoJSON: {_EXPORT}"
    value = next(iter(top.values()), msgspec.Raw(b"null"))
    inside = _keys_of(value)
    kind = _record_kind(inside)
    if kind:
        return f"{kind}: {_EXPORT}"
    return f"an object with {_keys(top)}: {_GIVE}"


def _record_kind(keys: Collection[str]) -> str | None:
    return next((found for needed, found in _RECORDS if needed <= set(keys)), None)


def _sign(raw: msgspec.Raw | None) -> bytes:
    """Return the first character of a value, which tells its type; n for null."""
    return b"n" if raw is None else bytes(memoryview(raw)[:1])


def _first(raw: msgspec.Raw) -> list[str]:
    """Return the keys of the first record of a list."""
    try:
        records = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError:
        return []
    return _keys_of(records[0]) if records else []


def _keys_of(raw: msgspec.Raw) -> list[str]:
    try:
        return list(msgspec.json.decode(raw, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _keys(keys: Collection[str]) -> str:
    if not keys:
        return "no keys"
    named = ", ".join(repr(key[:30]) for key in list(keys)[:3])
    rest = len(keys) - 3
    return f"the keys {named}" + (f" and {rest} more" if rest > 0 else "")
