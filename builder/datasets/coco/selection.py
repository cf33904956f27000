"""From the tables of COCO and a recipe to configs, splits and rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from builder.datasets.coco.audit import audit_coco, plot_coco
from builder.datasets.coco.draws import CocoDraws
from builder.datasets.coco.rows import coco_rows
from builder.datasets.coco.targets import check_feasible, feasibility, find_targets
from builder.errors import SelectionError
from builder.selection.contract import Export, ImageGroup
from builder.selection.rules import draw_many

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.datasets.coco.recipe import CocoRecipe
    from builder.datasets.coco.table import CocoTable
    from builder.images.facts import Seen
    from builder.selection.contract import SplitRows
    from builder.sources.image_stores import ImageStore

RULE = (
    "Per split and target: rows of the table (images in order of their first"
    " annotation) with and without the target; numpy.random.RandomState(seed) anew;"
    " half of the samples by choice from each, without replacement where there are"
    " enough. The union over the targets is in table order."
)
# The notebook's names of its splits, which its files carry.
SHORT = {"train": "train", "test": "val"}

_NOTE = """\
datasets 2.14 guesses the format of this folder from the file endings of each split,
before it looks at the card, and takes labels_val.json for a validation split in JSON.
The name of this file settles the draw in favour of Parquet. Later versions do not look.
"""


class CocoSelection(CocoDraws):
    """What was drawn from COCO, as a `builder.selection.contract.Selection`."""

    rule = RULE
    is_settled = True

    def images(self) -> Sequence[ImageGroup]:
        """Return the union of either split."""
        return [
            ImageGroup(
                role=f"{split} images",
                store=self.stores[split],
                keys=self.keys[split],
                names=[image.file_name for image in images],
                ids=self.keys[split],
                sizes=self.stated_sizes[self.first[split] :][: len(images)],
            )
            for split, images in self.records.items()
        ]

    def settle(self, seen: Seen) -> CocoSelection:
        """Return the selection with the sizes that its images are written in."""
        return replace(self, sizes=seen.sizes)

    def splits(self) -> Sequence[SplitRows]:
        """Return the rows of every config and split, ``default`` first."""
        return coco_rows(self)

    def told(self) -> Mapping[str, Any]:
        """Return what was available and drawn, the source, and the licences."""
        licences: dict[str, int] = {}
        for split, table in self.tables.items():
            for image in self.records[split]:
                name = table.license_of(image) or "none stated"
                licences[name] = licences.get(name, 0) + 1
        return {
            "feasibility": feasibility(self.tables, self.targets, self.draws),
            "parent": {
                split: {
                    "images": table.num_images,
                    "annotated_images": len(table),
                    "annotations": table.num_annotations,
                }
                for split, table in self.tables.items()
            },
            "licences": dict(sorted(licences.items())),
        }

    def audit(self, seen: Seen) -> Mapping[str, Any]:
        """Return what the audit says, as plain data."""
        return audit_coco(self, seen)

    def figures(self, seen: Seen, read: Callable[[int], bytes]) -> Mapping[str, bytes]:
        """Return the figures of the card, by file name."""
        return plot_coco(self, seen, read)

    def small_tables(self) -> Mapping[str, bytes]:
        """Return the notebook's tables, and a note for the sake of old readers."""
        return {**self._label_files(), "labels_val.parquet.txt": _NOTE.encode()}

    def _label_files(self) -> dict[str, bytes]:
        """Return the notebook's tables, restricted to the union, byte for byte."""
        return {
            f"labels_{short}.json": json.dumps(self._labels(split), indent=2).encode()
            for split, short in SHORT.items()
        }

    def export(self) -> Export:
        """Return tables, draws and record of an export."""
        draws = {
            f"draws_{short}.json": json.dumps(self._draws(split), indent=2).encode()
            for split, short in SHORT.items()
        }
        record = {
            "categories": [
                {"id": c.id, "name": c.name} for c in self.tables["train"].categories
            ],
            "targets": [{"id": t.id, "name": t.name} for t in self.targets],
            "splits": {
                split: {
                    "labels": f"labels_{short}.json",
                    "draws": f"draws_{short}.json",
                }
                for split, short in SHORT.items()
            },
            "images": {
                key: self.describe(split, place)
                for split, keys in self.keys.items()
                for place, key in enumerate(keys)
            },
        }
        return Export({**self._label_files(), **draws}, record)

    def _labels(self, split: str) -> dict[str, list[int]]:
        table = self.tables[split]
        rows = self.union[split].tolist()
        return {
            key: table.categories_of(row)
            for key, row in zip(self.keys[split], rows, strict=True)
        }

    def _draws(self, split: str) -> dict[str, list[str]]:
        keys = self.keys[split]
        return {
            str(target.id): [keys[place] for place in self.places(split, rows).tolist()]
            for target, rows in zip(self.targets, self.draws[split], strict=True)
        }


def select_coco(
    tables: Mapping[str, CocoTable],
    stores: Mapping[str, ImageStore],
    recipe: CocoRecipe,
) -> CocoSelection:
    """Draw from both splits.

    Parameters
    ----------
    tables : dict of str to CocoTable
        By split, ``train`` and ``test``.
    stores : dict of str to ImageStore
        By split: where the images are.
    recipe : CocoRecipe

    Raises
    ------
    SelectionError
        A target is unknown, or has no images with it or none without it; or the two
        files do not have the same categories.
    """
    train, test = tables["train"], tables["test"]
    names = [(c.id, c.name) for c in train.categories]
    if names != [(c.id, c.name) for c in test.categories]:
        msg = (
            f"{test.name}: expected the {len(names)} categories of {train.name} in the"
            f" same order, found {len(test.categories)} other ones: give files of one"
            " dataset"
        )
        raise SelectionError(msg)
    targets = find_targets(train.categories, recipe.targets)
    check_feasible(tables, targets)
    samples = {"train": recipe.train_samples, "test": recipe.test_samples}
    draws = {
        split: draw_many(
            table.presence[[table.position[target.id] for target in targets]],
            samples=samples[split],
            seeds=[recipe.seed],
        )[0]
        for split, table in tables.items()
    }
    # By id, so that a selection is the same however its targets were spelled.
    recipe = replace(recipe, targets=tuple(str(target.id) for target in targets))
    return CocoSelection(recipe, tuple(targets), tables, stores, draws)
