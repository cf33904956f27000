"""From tables and a recipe to configs, splits and rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from builder.card.splits import note_of_cut
from builder.datasets.table.audit import audit_table, plot_table, report_cut
from builder.datasets.table.choose import choose
from builder.datasets.table.pool import make_pool
from builder.datasets.table.rows import TableRows
from builder.errors import AnnotationError
from builder.selection.contract import Export, ImageGroup, SettledSelection
from builder.selection.rules import repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.datasets.recipe_record import RecipeFile
    from builder.datasets.table.frame import Frame
    from builder.images.facts import Seen
    from builder.selection.recipe import Recipe
    from builder.sources.image_stores import ImageStore

_CHANCE = "numpy.random.RandomState(seed) anew for each"
_RULES = {
    "all": "All rows, in the order of the table.",
    "sample": f"Rows by choice without replacement, by {_CHANCE} split; in the order of"
    " the table.",
    "per_label": f"Rows of each class by choice without replacement, by {_CHANCE} class"
    " and split; in the order of the table.",
    "slices": "Rows sorted by label with numpy.argsort(labels.astype(object),"
    " kind='quicksort'), as pandas 2 sorts them; then a slice of each class.",
    "balanced": "Per split and class: rows with and without the class in the order of"
    f" the table; {_CHANCE}; half of the samples by choice from each, without"
    " replacement where there are enough. The union is in the order of the table.",
}
_CUT = (
    " Splits are cut by group: groups in the order of SHA-256 of seed and name, each to"
    " where rows and classes fit best, then single moves."
)


@dataclass(frozen=True)
class TableSelection(SettledSelection, TableRows):
    """What was taken from tables: a `builder.selection.contract.Selection`.

    Attributes
    ----------
    recipe : Recipe
    stores : tuple of ImageStore
        Where the images of each table are.
    pairs : sequence of (str, str), optional
        Names of images that the source lists as belonging together.
    """

    recipe: Recipe
    stores: tuple[ImageStore, ...]
    pairs: Sequence[tuple[str, str]] | None = field(default=None)

    @property
    def rule(self) -> str:
        """The rule in words."""
        rule = _RULES[self.file.select.rule]
        return rule + _CUT if self.chosen.cut else rule

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the reading, a line each."""
        left = [f"{n:,} rows {why} left out" for why, n in self.pool.left_out.items()]
        renamed = [
            f"the column {column!r} is called {name!r} in the dataset"
            for column, name in self.own.items()
            if column != name
        ]
        return (*self.pool.notes, *left, *renamed)

    @property
    def notes_of_cut(self) -> tuple[str, ...]:
        """What is to be said of how the splits were cut, a line each."""
        told = report_cut(self)
        if told is None:
            return ()
        if self.chosen.unfair:
            return (f"the splits are as near as was found: {self.chosen.unfair}",)
        note = note_of_cut(told, "splits")
        return (note,) if note else ()

    def images(self) -> Sequence[ImageGroup]:
        """Return the images, of one table after the other, each once."""
        files = self.pool.file_of[self.union]
        groups = []
        for number, store in enumerate(self.stores):
            places = np.flatnonzero(files == number)
            names = self.pool.names.take(self.union[places])
            keys = self.keys.take(places)
            split = self.pool.splits[number] if len(self.stores) > 1 else ""
            role = f"{split} images" if split else "images"
            groups.append(ImageGroup(role, store, keys, names, keys))
        return groups

    def told(self) -> Mapping[str, Any]:
        """Return what was available and taken, the source, the groups, and the rest."""
        pool, cut = self.pool, self.chosen.cut
        counts = np.bincount(pool.labels, minlength=len(pool.classes)).tolist()
        select = self.file.select
        told: dict[str, Any] = {
            "select": {
                "rule": select.rule,
                "samples": select.samples,
                "slices": select.slices,
                "seed": self.recipe.seed,
            },
            "feasibility": self._drawn_of() if self.chosen.draws else self._taken_of(),
            "parent": {
                "rows": len(pool),
                "labels": dict(zip(pool.classes, counts, strict=False)),
            },
            "left_out": dict(pool.left_out),
            "notes": list(self.notes),
        }
        if cut is not None:
            told["groups"] = {
                "columns": pool.roles["group"],
                "pairs": self.pairs is not None,
                "rows": len(cut.split),
                "number": len(cut.chosen),
                "largest": cut.grouped.largest,
                "size_off": round(cut.size_off, 6),
                "share_off": round(cut.share_off, 6),
                "fractions": {
                    name: part
                    for name, part in self.file.splits.items()
                    if isinstance(part, float | int)
                },
            }
        return told

    def _taken_of(self) -> list[dict[str, Any]]:
        """Return, per class, what was available and taken in each split."""
        pool = self.pool
        found = []
        for number in self.chosen.classes if pool.classes else (0,):
            taken = {
                split: int((pool.labels[rows] == number).sum())
                for split, rows in self.chosen.splits.items()
            }
            found.append(
                {
                    "label": pool.classes[number] if pool.classes else "(none)",
                    "available": int((pool.labels == number).sum()),
                    "taken": sum(taken.values()),
                    **{f"in {split}": n for split, n in taken.items()},
                }
            )
        return found

    def _drawn_of(self) -> list[dict[str, Any]]:
        """Return, per split and class, what was available and drawn."""
        found = []
        given = self.chosen.cut is None
        for split, draws in self.chosen.draws.items():
            inside = np.ones(len(self.pool), dtype=bool)
            if given and self.pool.splits:
                inside = self.pool.split_of == self.pool.splits.index(split)
            elif not given:
                assert self.chosen.cut is not None  # noqa: S101
                place = [*self.chosen.draws].index(split)
                inside = self.chosen.cut.split == place
            for number, rows in draws.items():
                positives = int((self.pool.labels[inside] == number).sum())
                again, half = repeats(rows), len(rows) // 2
                found.append(
                    {
                        "split": split,
                        "target": self.pool.classes[number],
                        "quota": half,
                        "positives_available": positives,
                        "negatives_available": int(inside.sum()) - positives,
                        "drawn": len(rows),
                        "distinct": len(rows) - int(again.sum()),
                        "repeated_positives": int(again[:half].sum()),
                        "repeated_negatives": int(again[half:].sum()),
                    }
                )
        return found

    def audit(self, seen: Seen) -> Mapping[str, Any]:
        """Return what the audit says, as plain data."""
        return audit_table(self, seen, self.pairs)

    def figures(self, seen: Seen, read: Callable[[int], bytes]) -> Mapping[str, bytes]:
        """Return the figures of the card, by file name."""
        return plot_table(self, seen, read)

    def export(self) -> Export:
        """Return the rows of ``default`` as a table, and what else a reader needs."""
        parts = []
        for split, rows in self.chosen.splits.items():
            part: dict[str, Any] = {
                "file": [self.pool.keys[row] for row in rows.tolist()],
                "split": [split] * len(rows),
            }
            if self.pool.classes:
                part["class"] = self.labels[self.places(rows)]
            for column, name in self.own.items():
                part.setdefault(name, self.values(column, rows))
            parts.append(pd.DataFrame(part))
        table = pd.concat(parts, ignore_index=True)
        data = table.to_csv(index=False, lineterminator="\n").encode()
        record = {
            "classes": self.classes,
            "columns": {name: self.dtypes[c] for c, name in self.own.items()},
            "splits": {name: len(rows) for name, rows in self.chosen.splits.items()},
        }
        return Export({"labels.csv": data}, record)


def select_table(
    frames: Mapping[str, Frame],
    stores: Mapping[str, ImageStore],
    file: RecipeFile,
    recipe: Recipe,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> TableSelection:
    """Take what a recipe asks for.

    Parameters
    ----------
    frames : dict of str to Frame
        By split; the one of ``[source]`` by the empty name. Read with the columns that
        `builder.datasets.table.pool.columns_as_text` names.
    stores : dict of str to ImageStore
        Likewise.
    file : RecipeFile
        Of the kind ``table``.
    recipe : Recipe
        Whose seed is that of draws and cuts.
    pairs : sequence of (str, str), optional
        Names of images that belong together.

    Raises
    ------
    AnnotationError
        What a table says cannot be right.
    SelectionError
        The recipe does not fit the tables.
    """
    assert file.columns is not None  # noqa: S101 (a recipe of this kind has them)
    pool = make_pool(frames, file.columns)
    if not len(pool):
        why = ", ".join(f"{n:,} {reason}" for reason, n in pool.left_out.items())
        msg = f"{pool.files[0]}: no row is left ({why}): check [columns] of the recipe"
        raise AnnotationError(msg)
    chosen = choose(pool, file, recipe.seed, pairs or ())
    return TableSelection(
        pool=pool,
        chosen=chosen,
        file=file,
        recipe=recipe,
        stores=tuple(stores[name] for name in frames),
        pairs=pairs,
    )
