"""The rules of a recipe, applied to tables of images and categories. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets.coco.images_table import Images
from builder.datasets.coco.targets import (
    check_feasible,
    feasible_targets,
    find_targets,
)
from builder.datasets.file_recipe import amount_of
from builder.errors import SelectionError
from builder.selection.rules import draw_many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.coco.table import Category, CocoTable
    from builder.datasets.recipe_record import Select
    from builder.selection.recipe import Recipe

BALANCED = (
    "Per split and target: rows of the table (images in order of their first"
    " annotation) with and without the target; numpy.random.RandomState(seed) anew;"
    " half of the samples by choice from each, without replacement where there are"
    " enough. The union over the targets is in table order."
)
_RULES = {
    "balanced": BALANCED,
    "per_label": (
        "Per split and target: rows of the table (images in order of their first"
        " annotation) with the target; numpy.random.RandomState(seed) anew; the samples"
        " by choice without replacement. The union over the targets is in table order."
    ),
    "sample": (
        "Per split: numpy.random.RandomState(seed) anew; the samples by choice without"
        " replacement from the rows of the table (images in order of their first"
        " annotation), in table order."
    ),
    "all": "All rows of the table: images in order of their first annotation.",
}
_UNANNOTATED = " Images without annotations follow, in the order of the file."
_CUT = (
    " The splits are cut before, from the rows of the one table:"
    " numpy.random.RandomState(seed).permutation, and each fraction of it in turn."
)


@dataclass(frozen=True)
class Chosen:
    """What a rule takes of the tables.

    Attributes
    ----------
    targets : list of Category
        Those that rows were drawn for, each with a config of its own.
    draws : dict of str to int64[t, k]
        By split.
    taken : dict of str to int64[n] or None
        By split, where the rule draws for no target.
    left_out : list of str
        Names of targets that are meant by "all", but cannot be drawn.
    """

    targets: list[Category]
    draws: dict[str, NDArray[np.int64]]
    taken: dict[str, NDArray[np.int64]] | None = None
    left_out: Sequence[str] = ()


def rule_of(recipe: Recipe) -> str:
    """Return the rule of a recipe in words."""
    record = recipe.as_dict()
    words = _RULES[record["rule"]]
    if record.get("unannotated"):
        words += _UNANNOTATED
    return words + _CUT if None not in record["splits"].values() else words


def choose(tables: Mapping[str, CocoTable], select: Select, seed: int) -> Chosen:
    """Apply a rule to the tables of all splits, which have the same categories.

    Parameters
    ----------
    tables : dict of str to CocoTable
    select : Select
    seed : int
        Of the legacy NumPy generator.

    Raises
    ------
    SelectionError
        The rule does not fit the tables.
    """
    if select.rule == "balanced":
        return _balanced(tables, select, seed)
    none = dict.fromkeys(tables, np.zeros((0, 0), dtype=np.int64))
    if select.rule == "all":
        rows = {s: np.arange(len(table)) for s, table in tables.items()}
        return Chosen([], none, rows)
    if select.rule == "sample":
        rows = {
            split: _sample(
                np.arange(len(table)),
                amount_of(select.samples, split, len(table), what="split"),
                seed,
                f"split {split}",
            )
            for split, table in tables.items()
        }
        return Chosen([], none, rows)
    return _per_label(tables, select, seed, none)


def _balanced(tables: Mapping[str, CocoTable], select: Select, seed: int) -> Chosen:
    categories = next(iter(tables.values())).categories
    left_out: list[str] = []
    if select.targets == "all":
        targets = feasible_targets(tables)
        meant = {category.id for category in targets}
        left_out = [c.name for c in categories if c.id not in meant]
        if not targets:
            check_feasible(tables, list(categories))
    else:
        targets = find_targets(categories, select.targets)
        check_feasible(tables, targets)
    draws = {}
    for split, table in tables.items():
        samples = amount_of(select.samples, split, len(table), what="split")
        shown = (table.has(target.id) for target in targets)
        draws[split] = draw_many(shown, samples=samples, seeds=[seed])[0]
    return Chosen(targets, draws, left_out=left_out)


def _per_label(
    tables: Mapping[str, CocoTable], select: Select, seed: int, none: Any
) -> Chosen:
    categories = next(iter(tables.values())).categories
    if select.targets == "all":
        shown = tables.values()
        targets = [c for c in categories if any(len(t.rows_of(c.id)) for t in shown)]
    else:
        targets = find_targets(categories, select.targets)
    taken = {}
    for split, table in tables.items():
        parts = []
        for target in targets:
            rows = table.rows_of(target.id)
            if select.targets == "all" and not len(rows):
                continue
            number = amount_of(select.samples, target.name, len(rows), what="label")
            what = f"{target.name} in {split}"
            parts.append(_sample(rows, number, seed, what))
        taken[split] = np.unique(np.concatenate(parts)) if parts else none[split][0:0]
    return Chosen([], none, taken)


def _sample(
    rows: NDArray[np.int64], number: int, seed: int, what: str
) -> NDArray[np.int64]:
    """Return some of the rows by chance, ascending."""
    if number > len(rows):
        msg = (
            f"samples: expected {number:,} images of {what}, found {len(rows):,}:"
            f" ask for {len(rows):,} at most, or for a fraction"
        )
        raise SelectionError(msg)
    chosen = np.random.RandomState(seed).choice(len(rows), number, replace=False)
    return rows[np.sort(chosen)]


def cut_table(
    table: CocoTable, fractions: Mapping[str, float], seed: int
) -> dict[str, CocoTable]:
    """Cut one table into splits by chance.

    Parameters
    ----------
    table : CocoTable
    fractions : dict of str to float
        By split; what is left over belongs to none.
    seed : int

    Raises
    ------
    SelectionError
        A split is left without images.
    """
    order = np.random.RandomState(seed).permutation(len(table))
    stops = np.floor(np.cumsum(list(fractions.values())) * len(table) + 0.5).astype(int)
    found = {}
    start = 0
    for split, stop in zip(fractions, stops.tolist(), strict=True):
        if stop <= start:
            msg = (
                f"splits: {fractions[split]:g} of {len(table)} images leaves"
                f" {split!r} empty: give it more, or leave it out"
            )
            raise SelectionError(msg)
        found[split] = subset(table, np.sort(order[start:stop]))
        start = stop
    return found


def subset(table: CocoTable, rows: NDArray[np.int64]) -> CocoTable:
    """Return a table of some of the rows, in the order given."""
    sizes = np.diff(table.indptr)[rows]
    starts = table.indptr[rows]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    inside = np.arange(indptr[-1]) - np.repeat(indptr[:-1], sizes)
    return replace(
        table,
        images=Images.of(table.images[row] for row in rows.tolist()),
        indptr=indptr,
        category_ids=table.category_ids[np.repeat(starts, sizes) + inside],
        num_images=len(rows),
    )
