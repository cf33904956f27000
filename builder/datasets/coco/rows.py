"""From what was drawn from COCO to the columns of every config and split."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.selection.contract import SplitRows
from builder.selection.names import config_name
from builder.selection.rules import repeats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.datasets.coco.draws import CocoDraws


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
                config=config_name(target.name),
                split=split,
                images=drawn.numbers(split, drawn.draws[split][number]),
                make_columns=partial(_target_columns, drawn, split, number),
                make_features=partial(_target_features, target.name),
            )
            for split in drawn.tables
        ]
    return splits


def _default_features(drawn: CocoDraws) -> Any:
    from coco_stuff_trimmed.coco_stuff_trimmed import default_features  # and datasets

    categories = [category.name for category in drawn.tables["train"].categories]
    return default_features(categories, [target.name for target in drawn.targets])


def _target_features(name: str) -> Any:
    from coco_stuff_trimmed.coco_stuff_trimmed import target_features  # and datasets

    return target_features(name)


def _default_columns(drawn: CocoDraws, split: str) -> dict[str, Any]:
    rows, table = drawn.union[split], drawn.tables[split]
    position = drawn.tables["train"].position
    drawn_for: list[list[int]] = [[] for _ in rows]
    for number, draw in enumerate(drawn.draws[split]):
        for place in np.unique(drawn.places(split, draw)).tolist():
            drawn_for[place].append(number)
    columns = _columns(drawn, split, rows)
    images = drawn.records[split]
    return {
        **columns,
        "labels": [[position[c] for c in ids] for ids in columns["category_ids"]],
        "drawn_for": drawn_for,
        "license": [table.license_of(image) for image in images],
        "coco_url": [image.coco_url for image in images],
        "flickr_url": [image.flickr_url for image in images],
    }


def _target_columns(drawn: CocoDraws, split: str, number: int) -> dict[str, Any]:
    rows = drawn.draws[split][number]
    has = drawn.tables[split].has(drawn.targets[number].id)
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
    images = [drawn.records[split][at] for at in drawn.places(split, rows).tolist()]
    width, height = drawn.written_sizes[drawn.numbers(split, rows)].T.tolist()
    return {
        "image_id": [image.id for image in images],
        "file_name": [image.file_name for image in images],
        "width": width,
        "height": height,
        "category_ids": [table.categories_of(row) for row in rows.tolist()],
    }
