"""From what was drawn from COCO to the columns of every config and split."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets.coco.context_sets import context_config
from builder.selection.contract import SplitRows
from builder.selection.names import class_names
from builder.selection.rules import repeats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.datasets.coco.draws import CocoDraws


# Columns of what a record may state, in the order in which they stand.
_STATED = ("license", "coco_url", "flickr_url")


def coco_rows(drawn: CocoDraws) -> list[SplitRows]:
    """Return the rows of every config and split, ``default`` first."""
    splits = [
        SplitRows(
            config="default",
            split=split,
            images=drawn.numbers(split, drawn.union[split]),
            make_columns=partial(_default_columns, drawn, split),
            make_features=partial(_default_features, drawn),
            is_whole=True,
        )
        for split in drawn.tables
    ]
    for number, target in enumerate(drawn.targets):
        splits += [
            SplitRows(
                config=drawn.configs[number],
                split=split,
                images=drawn.numbers(split, drawn.draws[split][number]),
                make_columns=partial(_target_columns, drawn, split, number),
                make_features=partial(_target_features, drawn, target.name),
            )
            for split in drawn.tables
        ]
    for context_set in drawn.context_sets:
        split, target = context_set.split, context_set.target
        splits += [
            SplitRows(
                config=context_config(drawn.configs[drawn.targets.index(target)]),
                split=name,
                images=drawn.numbers(split, rows),
                make_columns=partial(_drawn_columns, drawn, split, target.id, rows),
                make_features=partial(_target_features, drawn, target.name),
            )
            for name, rows in context_set.splits().items()
        ]
    return splits


def _default_features(drawn: CocoDraws) -> Any:
    from coco_stuff_trimmed.coco_stuff_trimmed import default_features  # and datasets

    categories = class_names([(c.name, c.id) for c in drawn.categories])
    names = dict(zip([c.id for c in drawn.categories], categories, strict=True))
    features = default_features(
        categories,
        [names[target.id] for target in drawn.targets],
        objects=drawn.kind_of_objects,
    )
    if drawn.taken is not None:
        del features["drawn_for"]
    for name in _STATED:
        if name not in drawn.stated:
            del features[name]
    return _widen(drawn, features)


def _target_features(drawn: CocoDraws, name: str) -> Any:
    from coco_stuff_trimmed.coco_stuff_trimmed import target_features  # and datasets

    return _widen(drawn, target_features(name))


def _widen(drawn: CocoDraws, features: Any) -> Any:
    """Return the features with room for ids that no 32 bits hold."""
    if any(table.has_wide_ids for table in drawn.tables.values()):
        import datasets

        wide = datasets.Sequence(datasets.Value("int64"))
        features["category_ids"] = wide
    return features


def _default_columns(drawn: CocoDraws, split: str) -> dict[str, Any]:
    rows, table = drawn.union[split], drawn.tables[split]
    position = table.position
    columns = _columns(drawn, split, rows)
    images = drawn.records[split]
    columns["labels"] = [[position[c] for c in ids] for ids in columns["category_ids"]]
    if drawn.taken is None:
        drawn_for: list[list[int]] = [[] for _ in rows]
        for number, draw in enumerate(drawn.draws[split]):
            for place in np.unique(drawn.places(split, draw)).tolist():
                drawn_for[place].append(number)
        columns["drawn_for"] = drawn_for
    if drawn.objects is not None:
        columns["objects"] = drawn.read_objects[split].column(position)
    stated = {
        "license": [table.license_of(image) for image in images],
        "coco_url": [image.coco_url for image in images],
        "flickr_url": [image.flickr_url for image in images],
    }
    return {**columns, **{name: stated[name] for name in drawn.stated}}


def _target_columns(drawn: CocoDraws, split: str, number: int) -> dict[str, Any]:
    target = drawn.targets[number].id
    return _drawn_columns(drawn, split, target, drawn.draws[split][number])


def _drawn_columns(
    drawn: CocoDraws, split: str, target: int, rows: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the columns of rows that were drawn for a target."""
    has = drawn.tables[split].has(target)
    return {
        **_columns(drawn, split, rows),
        "label": has[rows].astype(np.int64),
        "draw": np.arange(len(rows), dtype=np.int32),
        "repeat": repeats(rows),
    }


def _columns(
    drawn: CocoDraws, split: str, rows: NDArray[np.int64]
) -> dict[str, list[Any]]:
    table = drawn.tables[split]
    images = [table.images[row] for row in rows.tolist()]
    width, height = drawn.written_sizes[drawn.numbers(split, rows)].T.tolist()
    return {
        "image_id": [image.id for image in images],
        "file_name": [image.file_name for image in images],
        "width": width,
        "height": height,
        "category_ids": [table.categories_of(row) for row in rows.tolist()],
    }
