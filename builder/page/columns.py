"""What a column of a config holds, and its values as plain data. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from builder.output.digests import IMAGE
from builder.page.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Kind = Literal["label", "labels", "boxes", "plain", "list"]
#: Items of a list that are shown.
_ITEMS = 100
#: Boxes are told in these parts of the sides of their picture.
BOX_PARTS = 1000
_EXACT = 2**53  # integers beyond are not what they were in JavaScript


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is shown.

    Attributes
    ----------
    name : str
    kind : str
        ``label`` and ``labels``: a number, or a list of them, of `names`. ``boxes``:
        number of a name, then left, top, width and height of each, in a flat list.
    names : tuple of str
    """

    name: str
    kind: Kind
    names: tuple[str, ...] = ()


def columns_of(features: Mapping[str, Any]) -> list[Column]:
    """Return the columns of a config that can be shown, in their order.

    Parameters
    ----------
    features : dict
        As the manifest has them: `Features.to_dict()` of `datasets`, from anybody.

    Examples
    --------
    >>> columns_of({"image": {"_type": "Image"},
    ...             "label": {"names": ["no", "yes"], "_type": "ClassLabel"}})
    [Column(name='label', kind='label', names=('no', 'yes'))]
    """
    found = []
    for name, feature in features.items():
        if name == IMAGE or not isinstance(feature, dict):
            continue
        inner = feature.get("feature")
        if names := _names(feature):
            found.append(Column(name, "label", names))
        elif feature.get("_type") == "Value":
            found.append(Column(name, "plain"))
        elif isinstance(inner, dict) and (names := _names(inner)):
            found.append(Column(name, "labels", names))
        elif isinstance(inner, dict) and inner.get("_type") == "Value":
            found.append(Column(name, "list"))
        elif (fields := _fields(feature)) and "bbox" in fields:
            found.append(Column(name, "boxes", _box_names(fields)))
    return found


def _names(feature: Mapping[str, Any]) -> tuple[str, ...]:
    names = feature.get("names")
    if feature.get("_type") != "ClassLabel" or not isinstance(names, list):
        return ()
    return tuple(visible(str(name)) for name in names)


def _fields(feature: Any) -> dict[str, Any]:
    """Return the fields of a list of structs, in whichever spelling."""
    if isinstance(feature, dict) and isinstance(feature.get("feature"), dict):
        feature = feature["feature"]
    return feature if isinstance(feature, dict) and "_type" not in feature else {}


def _box_names(fields: Mapping[str, Any]) -> tuple[str, ...]:
    for feature in fields.values():
        inner = feature.get("feature") if isinstance(feature, dict) else None
        for part in (feature, inner):
            if isinstance(part, dict) and (names := _names(part)):
                return names
    return ()


def plain_values(
    column: Column,
    values: Sequence[Any],
    sizes: Sequence[tuple[int, int]] | None = None,
) -> list[Any]:
    """Return the values of a column as JSON can hold them and a page may show them.

    Parameters
    ----------
    column : Column
    values : sequence, length n
        As Parquet gives them; boxes as `flat_boxes` returns them.
    sizes : sequence of (int, int), length n, optional
        Width and height of each picture, for boxes.
    """
    if column.kind == "boxes":
        pairs = zip(values, sizes or [], strict=True)
        return [_scaled(value, size) for value, size in pairs]
    if column.kind in {"labels", "list"}:
        return [[_plain(v) for v in (value or [])[:_ITEMS]] for value in values]
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else str(value)
    return visible(str(value))


def flat_boxes(value: Any) -> list[float]:
    """Return number of the name, left, top, width and height of each box of a row.

    In one list, so that hundreds of thousands take little room. What is no box is left
    out; one without a name has the number -1.

    Parameters
    ----------
    value : list of dict, dict of list or None
        As Parquet gives it, in either spelling of `datasets`.
    """
    if isinstance(value, dict):  # a struct of lists
        lists = {key: held for key, held in value.items() if isinstance(held, list)}
        number = len(lists.get("bbox", []))
        value = [
            {key: held[i] for key, held in lists.items() if i < len(held)}
            for i in range(number)
        ]
    told: list[float] = []
    for item in (value or [])[:_ITEMS]:
        box = item.get("bbox")
        if not box or len(box) != 4 or not all(_is_finite(side) for side in box):
            continue
        kind = item.get("category", item.get("label"))
        told += [kind if isinstance(kind, int) else -1, *box]
    return told


def _scaled(boxes: Sequence[float], size: tuple[int, int]) -> list[int]:
    """Return boxes in parts of the sides of their picture; none if it has no sides."""
    if not min(size):
        return []
    scales = (1, *(BOX_PARTS / side for side in (*size, *size)))
    return [round(v * scales[i % 5]) for i, v in enumerate(boxes)]


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
