"""From COCO tables and a recipe to configs, splits and rows. Pure but for imports."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets.coco.targets import check_feasible, feasibility, find_targets
from builder.errors import SelectionError
from builder.selection.names import config_name
from builder.selection.rules import draw_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from builder.datasets.coco.table import Category, CocoTable, Image
    from builder.output.schema import SplitRows
    from builder.pipeline.look import Audit
    from builder.selection.recipe import CocoRecipe

DATASET = "coco_stuff_trimmed"
RULE = (
    "Per split and target: rows of the table (images in order of their first"
    " annotation) with and without the target; numpy.random.RandomState(seed) anew;"
    " half of the samples by choice from each, without replacement where there are"
    " enough. The union over the targets is in table order."
)

_NOTE = """\
datasets 2.14 guesses the format of this folder from the file endings of each split,
before it looks at the card, and takes labels_val.json for a validation split in JSON.
The name of this file settles the draw in favour of Parquet. Later versions do not look.
"""


@dataclass(frozen=True)
class CocoSelection:
    """What was drawn from COCO.

    Attributes
    ----------
    recipe : CocoRecipe
    targets : tuple of Category
        In the recipe's order.
    tables : dict of str to CocoTable
        By split, ``train`` and ``test``.
    folders : dict of str to str
        By split: what stands before a file name in the key of an image.
    draws : dict of str to int64[t, k]
        By split: the rows drawn for each target, in draw order.
    """

    recipe: CocoRecipe
    targets: tuple[Category, ...]
    tables: Mapping[str, CocoTable]
    folders: Mapping[str, str]
    draws: Mapping[str, NDArray[np.int64]]

    dataset = DATASET
    rule = RULE

    @cached_property
    def union(self) -> dict[str, NDArray[np.int64]]:
        """Rows drawn for any target, by split, in table order."""
        return {split: np.unique(rows) for split, rows in self.draws.items()}

    def images(self, split: str) -> list[Image]:
        """Return the images of the union, in table order."""
        images = self.tables[split].images
        return [images[row] for row in self.union[split].tolist()]

    def files(self, split: str) -> list[str]:
        """Return the file names of the union, in table order."""
        return [image.file_name for image in self.images(split)]

    def key(self, split: str, image: Image) -> str:
        """Return the key of an image, as in the notebook's table."""
        return f"{self.folders[split]}/{image.file_name}"

    def keys(self, split: str, rows: NDArray[np.int64]) -> list[str]:
        """Return the keys of rows of the table."""
        images = self.tables[split].images
        return [self.key(split, images[row]) for row in rows.tolist()]

    def feasibility(self) -> list[dict[str, Any]]:
        """Return, per split and target, what was available and what was drawn."""
        return feasibility(self.tables, self.targets, self.draws)

    # Only a patient split has to know the images before it can be made.
    needs_digests = False

    def with_audit(self, audit: Audit) -> CocoSelection:
        """Return the same selection: it does not depend on the pixels."""
        del audit
        return self

    def stated_sizes(self) -> dict[str, tuple[int, int]]:
        """Return width and height that the annotations state, by key."""
        return {
            self.key(split, image): (image.width, image.height)
            for split in self.tables
            for image in self.images(split)
        }

    def audit(self, audit: Audit) -> dict[str, Any]:
        """Return what the audit says, as plain data."""
        from builder.datasets.coco.audit import audit_coco

        return audit_coco(self, audit)

    def figures(self, audit: Audit, read: Callable[[str], bytes]) -> dict[str, bytes]:
        """Return the figures of the card, by file name."""
        from builder.datasets.coco.audit import draw_coco_figures

        return draw_coco_figures(self, audit, read)

    def facts(self) -> dict[str, Any]:
        """Return what the card says of the source and of the licences."""
        licences: dict[str, int] = {}
        for split in self.tables:
            for image in self.images(split):
                name = self.image_facts(split, image)["license"] or "none stated"
                licences[name] = licences.get(name, 0) + 1
        return {
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

    def draws_by_config(self) -> dict[str, dict[str, list[str]]]:
        """Return the keys of each config's rows, by config and split."""
        draws: dict[str, dict[str, list[str]]] = {"default": {}}
        for split in self.tables:
            draws["default"][split] = self.keys(split, self.union[split])
            for target, rows in zip(self.targets, self.draws[split], strict=True):
                config = draws.setdefault(config_name(target.name), {})
                config[split] = self.keys(split, rows)
        return draws

    def images_written(self) -> Iterable[str]:
        """Return the key of the image of every row: once a config and row."""
        for splits in self.draws_by_config().values():
            for keys in splits.values():
                yield from keys

    def small_files(self) -> dict[str, bytes]:
        """Return the notebook's tables, restricted to the union, byte for byte."""
        return {
            f"labels_{short}.json": json.dumps(self._labels(split), indent=2).encode()
            for split, short in (("train", "train"), ("test", "val"))
        }

    def notes(self) -> dict[str, bytes]:
        """Return what else lies in a build, for the sake of old readers."""
        return {"labels_val.parquet.txt": _NOTE.encode()}

    def export_files(self) -> dict[str, bytes]:
        """Return what an export holds besides tables and images."""
        return {
            f"draws_{short}.json": json.dumps(self._draws(split), indent=2).encode()
            for split, short in (("train", "train"), ("test", "val"))
        }

    def export_record(self) -> dict[str, Any]:
        """Return what the dataset script needs besides the notebook's files."""
        return {
            "categories": [
                {"id": c.id, "name": c.name} for c in self.tables["train"].categories
            ],
            "targets": [{"id": t.id, "name": t.name} for t in self.targets],
            "splits": {
                split: {
                    "labels": f"labels_{short}.json",
                    "draws": f"draws_{short}.json",
                }
                for split, short in (("train", "train"), ("test", "val"))
            },
            "images": {
                self.key(split, image): self.image_facts(split, image)
                for split in self.tables
                for image in self.images(split)
            },
        }

    def features(self) -> dict[str, Any]:
        """Return the `datasets.Features` of each config."""
        from coco_stuff_trimmed.coco_stuff_trimmed import (
            default_features,
            target_features,
        )

        categories = [c.name for c in self.tables["train"].categories]
        names = [target.name for target in self.targets]
        return {
            "default": default_features(categories, names),
            **{config_name(name): target_features(name) for name in names},
        }

    def rows(self) -> list[SplitRows]:
        """Return the rows of every config and split."""
        from builder.datasets.coco.rows import coco_rows

        return coco_rows(self)

    def image_facts(self, split: str, image: Image) -> dict[str, Any]:
        """Return what the columns say of one image, whatever it was drawn for."""
        names = {entry.id: entry.name for entry in self.tables[split].licenses}
        return {
            "image_id": image.id,
            "file_name": image.file_name,
            "width": image.width,
            "height": image.height,
            "license": names.get(image.license) if image.license is not None else None,
            "coco_url": image.coco_url,
            "flickr_url": image.flickr_url,
        }

    def _labels(self, split: str) -> dict[str, list[int]]:
        table, union = self.tables[split], self.union[split]
        keys = self.keys(split, union)
        return {
            key: table.categories_of(row)
            for key, row in zip(keys, union.tolist(), strict=True)
        }

    def _draws(self, split: str) -> dict[str, list[str]]:
        return {
            str(target.id): self.keys(split, rows)
            for target, rows in zip(self.targets, self.draws[split], strict=True)
        }


def select_coco(
    tables: Mapping[str, CocoTable], folders: Mapping[str, str], recipe: CocoRecipe
) -> CocoSelection:
    """Draw from both splits.

    Parameters
    ----------
    tables : dict of str to CocoTable
        By split, ``train`` and ``test``.
    folders : dict of str to str
        By split: what stands before a file name in the key of an image.
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
            table.masks([target.id for target in targets]),
            samples=samples[split],
            seeds=[recipe.seed],
        )[0]
        for split, table in tables.items()
    }
    # By id, so that a selection is the same however its targets were spelled.
    recipe = replace(recipe, targets=tuple(str(target.id) for target in targets))
    return CocoSelection(recipe, tuple(targets), tables, folders, draws)
