"""From a COCO selection to the columns of every config and split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from builder.output.schema import SplitRows
from builder.selection.names import config_name
from builder.selection.rules import repeats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from builder.datasets.coco.selection import CocoSelection


def coco_rows(selection: CocoSelection) -> list[SplitRows]:
    """Return the rows of every config and split, ``default`` first."""
    splits = []
    for split in selection.tables:
        union = selection.union[split]
        splits.append(
            SplitRows(
                config="default",
                split=split,
                columns=_default_columns(selection, split),
                images=_places(selection, split, union),
                is_whole=True,
            )
        )
    for number, target in enumerate(selection.targets):
        for split, table in selection.tables.items():
            rows = selection.draws[split][number]
            has = table.has(target.id)
            splits.append(
                SplitRows(
                    config=config_name(target.name),
                    split=split,
                    columns={
                        **_columns(selection, split, rows),
                        "label": has[rows].astype(np.int64),
                        "draw": np.arange(len(rows), dtype=np.int32),
                        "repeat": repeats(rows),
                    },
                    images=_places(selection, split, rows),
                )
            )
    return splits


def _places(
    selection: CocoSelection, split: str, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the number of the image of each row: those of train come first."""
    before = list(selection.union).index(split)
    start = sum(len(union) for union in list(selection.union.values())[:before])
    return start + np.searchsorted(selection.union[split], rows)


def _default_columns(selection: CocoSelection, split: str) -> dict[str, Any]:
    rows = selection.union[split]
    position = {c.id: i for i, c in enumerate(selection.tables["train"].categories)}
    drawn_for: list[list[int]] = [[] for _ in rows]
    for number, drawn in enumerate(selection.draws[split]):
        for place in np.searchsorted(rows, np.unique(drawn)).tolist():
            drawn_for[place].append(number)
    facts = [selection.image_facts(split, image) for image in selection.images(split)]
    columns = _columns(selection, split, rows)
    return {
        **columns,
        "labels": [[position[c] for c in ids] for ids in columns["category_ids"]],
        "drawn_for": drawn_for,
        **{
            name: [fact[name] for fact in facts]
            for name in ("license", "coco_url", "flickr_url")
        },
    }


def _columns(
    selection: CocoSelection, split: str, rows: NDArray[np.int64]
) -> dict[str, Any]:
    table = selection.tables[split]
    images = [table.images[row] for row in rows.tolist()]
    return {
        "image_id": [image.id for image in images],
        "file_name": [image.file_name for image in images],
        "width": [image.width for image in images],
        "height": [image.height for image in images],
        "category_ids": [table.categories_of(row) for row in rows.tolist()],
    }
