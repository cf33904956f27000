"""What was selected from annotations in COCO's format: configs, splits and rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from builder.datasets.coco.audit import audit_coco, plot_coco
from builder.datasets.coco.context_sets import tell_context_sets
from builder.datasets.coco.draws import CocoDraws
from builder.datasets.coco.rows import coco_rows
from builder.datasets.coco.rules import rule_of
from builder.datasets.coco.targets import feasibility, taken_of
from builder.datasets.licences import NONE_STATED
from builder.selection.contract import Export, ImageGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from builder.images.facts import Seen
    from builder.selection.contract import SplitRows


class CocoSelection(CocoDraws):
    """What was drawn or taken: a `builder.selection.contract.Selection`."""

    is_settled = True

    @property
    def rule(self) -> str:
        """The rule in words."""
        return rule_of(self.recipe)

    def images(self) -> Sequence[ImageGroup]:
        """Return the images of each split."""
        groups = [
            self._group(f"{split} images", split, self.union[split], self.first[split])
            for split in self.tables
        ]
        groups += [
            self._group(
                f"further {split} images", split, rows, self.first_further[split]
            )
            for split, rows in self.further.items()
        ]
        return groups

    def _group(
        self, role: str, split: str, rows: NDArray[np.int64], first: int
    ) -> ImageGroup:
        images = [self.tables[split].images[row] for row in rows.tolist()]
        keys = [self.key_of(split, image) for image in images]
        return ImageGroup(
            role=role,
            store=self.stores[split],
            keys=keys,
            names=[image.file_name for image in images],
            ids=keys,
            sizes=self.stated_sizes[first:][: len(images)],
            hints=[image.coco_url for image in images],
            is_measured=True,
        )

    def settle(self, seen: Seen) -> CocoSelection:
        """Return the selection with the sizes that its images are written in."""
        return replace(self, sizes=seen.sizes)

    def splits(self) -> Sequence[SplitRows]:
        """Return the rows of every config and split, ``default`` first."""
        return coco_rows(self)

    def told(self) -> Mapping[str, Any]:
        """Return what was available and drawn, the source, and the licences."""
        licences: dict[str, int] = {}
        for split, rows in (*self.union.items(), *self.further.items()):
            table = self.tables[split]
            for row in rows.tolist():
                name = table.license_of(table.images[row]) or NONE_STATED
                licences[name] = licences.get(name, 0) + 1
        return {
            "feasibility": (
                feasibility(self.tables, self.targets, self.draws)
                if self.taken is None
                else taken_of(self.tables, self.union)
            ),
            "parent": {
                split: {
                    "images": table.num_images,
                    "annotated_images": table.num_annotated,
                    "annotations": table.num_annotations,
                }
                for split, table in self.tables.items()
            },
            "licences": dict(sorted(licences.items())),
            **tell_context_sets(self.context_sets),
        }

    def audit(self, seen: Seen) -> Mapping[str, Any]:
        """Return what the audit says, as plain data."""
        return audit_coco(self, seen)

    def figures(self, seen: Seen, read: Callable[[int], bytes]) -> Mapping[str, bytes]:
        """Return the figures of the card, by file name."""
        return plot_coco(self, seen, read)

    def small_tables(self) -> Mapping[str, bytes]:
        """Return none: the rows hold everything."""
        return {}

    def export(self) -> Export:
        """Return tables, draws and record of an export."""
        return self.export_as({split: split for split in self.tables})

    def export_as(self, short: Mapping[str, str]) -> Export:
        """Return tables, draws and record of an export.

        Parameters
        ----------
        short : dict of str to str
            What the names of the files call each split.
        """
        files = self.label_files(short)
        named: dict[str, dict[str, str]] = {}
        for split, name in short.items():
            named[split] = {"labels": f"labels_{name}.json"}
            if self.taken is None:
                named[split]["draws"] = f"draws_{name}.json"
                files[f"draws_{name}.json"] = _to_json(self._draws(split))
            if self.objects is not None:
                named[split]["objects"] = f"objects_{name}.json"
                # In one line: with indents Python's json takes four times as long.
                files[f"objects_{name}.json"] = json.dumps(
                    self._objects(split), separators=(",", ":")
                ).encode()
            if any(drawn.split == split for drawn in self.context_sets):
                named[split]["contexts"] = f"contexts_{name}.json"
                files[f"contexts_{name}.json"] = _to_json(self._contexts(split))
        record = {
            "categories": [{"id": c.id, "name": c.name} for c in self.categories],
            "targets": [{"id": t.id, "name": t.name} for t in self.targets],
            "splits": named,
            "images": {
                self.key(split, row): self.describe(split, row, number)
                for split, rows in (*self.union.items(), *self.further.items())
                for row, number in zip(
                    rows.tolist(), self.numbers(split, rows).tolist(), strict=True
                )
            },
        }
        return Export(files, record)

    def label_files(self, short: Mapping[str, str]) -> dict[str, bytes]:
        """Return the notebook's tables, restricted to the union, byte for byte."""
        return {
            f"labels_{name}.json": _to_json(self._labels(split))
            for split, name in short.items()
        }

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

    def _contexts(self, split: str) -> dict[str, Any]:
        """Return the context sets, and the labels of images that only they hold."""
        table = self.tables[split]
        further = self.further.get(split)
        return {
            "sets": {
                str(drawn.target.id): {
                    "context": drawn.context,
                    **{
                        name: [self.key(split, row) for row in rows.tolist()]
                        for name, rows in drawn.splits().items()
                    },
                }
                for drawn in self.context_sets
                if drawn.split == split
            },
            "labels": {
                self.key(split, row): table.categories_of(row)
                for row in ([] if further is None else further.tolist())
            },
        }

    def _objects(self, split: str) -> dict[str, dict[str, list[Any]]]:
        found = self.read_objects[split]
        return {key: found.of(place) for place, key in enumerate(self.keys[split])}


def _to_json(value: Any) -> bytes:
    return json.dumps(value, indent=2).encode()
